"""The bytes of an input: a file, or what came by a pipe, kept in a temporary file, as it is read more than once."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from ..core.errors import UsageError
from ..core.sources import is_stdin, plain, unreadable

STDIN = "standard input"
HEAD_BYTES = 1 << 16
_PIECE_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 18


class Input:
    """An input that is open until `close`.

    Attributes:
        name: what messages call it.
        folder: where it lies; None for what came by a pipe.
    """

    def __init__(self, name: str, file: BinaryIO, *, start: int = 0, folder: Path | None = None) -> None:
        """Read `file`, which can be read at any place, from `start` on."""
        self.name, self.folder = name, folder
        self._file, self._start = file, start

    def reader(self) -> BinaryIO:
        """All of it from the first byte. Readers do not disturb each other."""
        return io.BufferedReader(_Reader(self._file, self._start, self.name), _BUFFER_BYTES)

    def head(self) -> bytes:
        """Its first bytes, `HEAD_BYTES` of them at most."""
        with self.reader() as reader:
            return reader.read(HEAD_BYTES)

    def close(self) -> None:
        """Nothing more is read."""
        self._file.close()


def open_input(source: str, *, stdin: int = 0) -> Input:
    """The input that `source` names, a path or `-`; a pipe is read to its end first.

    Args:
        stdin: the descriptor of standard input; what somebody has read of it already is left out.
    Raises:
        UsageError: it is missing, unreadable, no file, or there is no room to keep what a pipe gives.
    """
    if not source:
        raise UsageError("the name of the input is empty; name a file, or - for standard input")
    name = STDIN if is_stdin(source) else plain(source)
    try:
        if name is STDIN:
            return _opened(name, os.fdopen(os.dup(stdin), "rb", buffering=0), None)
        path = Path(source)
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UsageError(f"{name} is a folder: name a file in it")
        if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
            raise UsageError(f"{name} is a device or a socket: name a file")
        return _opened(name, path.open("rb", buffering=0), Path(os.path.realpath(path.absolute().parent)))
    except (OSError, ValueError) as error:
        if name is STDIN:
            raise UsageError(f"{STDIN} is closed or a folder, so `-` has nothing to read") from error
        raise unreadable(name, error) from error


def _opened(name: str, file: BinaryIO, folder: Path | None) -> Input:
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return Input(name, file, start=file.tell(), folder=folder)
    with file:
        return Input(name, _kept(file, name))


def _kept(pipe: BinaryIO, name: str) -> BinaryIO:
    """All of `pipe` in a file that has no name and is gone when it is closed."""
    with ExitStack() as closing:
        try:
            spool: BinaryIO = closing.enter_context(tempfile.TemporaryFile(buffering=0))
            while piece := memoryview(pipe.read(_PIECE_BYTES)):
                while piece:
                    piece = piece[spool.write(piece) :]
        except OSError as error:
            why = error.strerror
            raise UsageError(
                f"{name} cannot be kept on the temporary disk ({why}): make room there, or name another in TMPDIR"
            ) from error
        closing.pop_all()
    return spool


class _Reader(io.RawIOBase):
    """A file from some place on, with a place of its own."""

    def __init__(self, file: BinaryIO, start: int, name: str) -> None:
        self._file, self._at, self._name = file, start, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            data = os.pread(self._file.fileno(), len(buffer), self._at)
        except (OSError, ValueError) as error:  # the latter: it is closed
            raise unreadable(self._name, error) from error
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
