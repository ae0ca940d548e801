"""OUT itself: it is there when it is whole, and not before; until then its lines are in OUT.partial."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from ..core.errors import OutputError, UsageError
from ..storage.output import Tail, Write, is_at, open_held, output_mode, output_target, why_not_held
from .journal import sync_folder, unwritten

_PIECE = 1 << 20


class Print(NamedTuple):
    """What a file is told by: its size in bytes, and its blake2b digest."""

    size: int
    digest: str


class OutFile:
    """The file that `-o` names, and the one beside it.

    Attributes:
        target: the file itself, behind all links; `partial`, `journal`: those beside it.
    """

    def __init__(self, name: str, *, write: Write = os.write) -> None:
        """See whether it can be written, by `write`; nothing is made.

        Raises:
            UsageError: it cannot, and why.
        """
        self.target = output_target(name)
        if not Path(name).is_symlink():  # then all messages name it as the user did
            self.target = Path(name).expanduser()
        mode = output_mode(self.target, name)
        if mode is not None and not stat.S_ISREG(mode):
            raise UsageError(f"-o {name} is no regular file: a batch needs one to go on from; without -o it prints")
        if not os.access(self.target.parent, os.W_OK | os.X_OK):
            raise UsageError(f"-o {name}: the folder {self.target.parent} is read-only for you")
        self.partial = self.target.with_name(f"{self.target.name}.partial")
        self.journal = self.target.with_name(f"{self.target.name}.journal")
        self._mode = mode
        self._descriptor, self._write = -1, write
        self._seen = self._identity()
        self._tail = Tail(self._descriptor)
        self._digest = blake2b(digest_size=16)

    def print(self) -> Print | None:
        """What OUT is told by now; None: it is not there. Raises `UsageError`."""
        self._seen = self._identity()
        if self._seen is None:
            return None
        digest = blake2b(digest_size=16)
        size = 0
        try:
            with self.target.open("rb") as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
        except OSError as error:
            raise UsageError(f"{self.target} cannot be read: {error.strerror}") from error
        return Print(size, digest.hexdigest())

    def _identity(self) -> tuple[int, ...] | None:
        with suppress(OSError):
            found = self.target.stat()
            return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
        return None

    def open(self) -> None:
        """Open the partial file as it is, and hold it. Raises `UsageError`."""
        try:
            self._descriptor = open_held(self.partial, 0o666, flags=os.O_WRONLY | os.O_APPEND)
            self._tail = Tail(self._descriptor, write=self._write)
            if self._mode is not None:
                os.fchmod(self._descriptor, stat.S_IMODE(self._mode))
        except OSError as error:
            raise UsageError(f"{self.partial} cannot be written: {why_not_held(error)}") from error

    def clear(self) -> None:
        """Begin the partial file anew. Raises `OutputError`."""
        self._digest = blake2b(digest_size=16)
        try:
            self._tail.clear()
        except OSError as error:
            raise unwritten(self.partial, error) from error

    def write(self, line: bytes) -> None:
        """Append `line` to it, which others see at once.

        Raises:
            OutputError: it cannot be written; the lines before it are whole.
        """
        try:
            self._tail.append(line)
        except OSError as error:
            raise unwritten(self.partial, error) from error
        self._digest.update(line)

    def place(self, note: Callable[[Print], None]) -> None:
        """Make OUT of the partial file, which is whole; `note` is told what it will be told by, right before.

        Raises:
            OutputError: it cannot be done, or somebody else has written OUT meanwhile.
        """
        try:
            self._tail.cut()
            os.fsync(self._descriptor)
            if self._identity() != self._seen:
                raise OutputError(
                    f"{self.target} was written by somebody else meanwhile, and is left alone;"
                    f" the whole output is {self.partial}"
                )
            note(Print(self._tail.size, self._digest.hexdigest()))
            self.partial.replace(self.target)
        except OSError as error:
            raise unwritten(self.target, error) from error
        sync_folder(self.target.parent)

    def close(self) -> None:
        """Let others have the partial file; one with nothing in it is taken away."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        with suppress(OSError):
            if not os.fstat(descriptor).st_size and is_at(descriptor, self.partial):
                self.partial.unlink()
        os.close(descriptor)
