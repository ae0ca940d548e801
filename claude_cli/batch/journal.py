"""OUT.journal: every answer of a batch, written when it came, so that none is ever asked for twice.

It grows at its end alone, one process writes it at a time, and it is for its owner's eyes. What its lines say is
`journal_line.py`'s, when they get onto the disk `journal_sync.py`'s.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..core.errors import OutputError, UsageError
from ..storage.output import Tail, Write, is_at, open_held, why_not_held
from .journal_line import HEADER, GivenUp, Kept, Made, made_line, read_line, version_of
from .journal_sync import Syncer

_LONGEST = 1 << 26
"""Bytes of a line at most, when it is read: a damaged file may have no line ends."""


class Journal:
    """An open journal, held against other processes."""

    def __init__(
        self,
        path: Path,
        *,
        looking: bool = False,
        fsync: Callable[[int], None] = os.fsync,
        write: Write = os.write,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open that at `path`, or make it.

        Args:
            looking: it is neither written nor held; it has to be there.
            fsync, write: put an open file on the disk, and bytes at its end.
            clock: seconds, monotonic.
        Raises:
            UsageError: another process writes it, it is no journal of ours, or it cannot be written.
            OutputError: the disk is full.
        """
        self.path, self._looking, self._fsync = path, looking, fsync
        self._descriptor = self._open()
        self._tail = Tail(self._descriptor, write=write)
        self._syncer = Syncer(lambda: fsync(self._descriptor), clock=clock)
        try:
            self._check()
        except BaseException:
            os.close(self._descriptor)
            raise

    def _open(self) -> int:
        try:
            if self._looking:
                return os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            return open_held(self.path, 0o600, flags=os.O_RDWR | os.O_APPEND)
        except BlockingIOError as error:
            raise UsageError(
                f"{self.path} is being written by another process{_holder(self.path)}:"
                " wait for the end of that batch, or name another file with -o"
            ) from error
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written: {why_not_held(error)}") from error

    def _check(self) -> None:
        """See whether it is one of ours, and begin one that is empty."""
        try:
            beginning = os.pread(self._descriptor, 4096, 0)
            self._tail.size = os.fstat(self._descriptor).st_size
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}") from error
        version = version_of(beginning)
        if version is None:
            raise UsageError(f"{self.path} is no journal of a batch: move it away, or name another file with -o")
        if version > 1:
            raise UsageError(f"{self.path} was written by a newer version of claude-cli")
        if self._looking:
            return
        with suppress(OSError):  # some file systems have no modes
            os.fchmod(self._descriptor, 0o600)
        if self._tail.size < len(HEADER):
            self.restart(None)

    def restart(self, made: Made | None) -> None:
        """Forget all that is in it; an OUT as `made` says may be replaced. Raises `OutputError`."""
        with self._writing():
            self._tail.clear()
            self._tail.append(HEADER + (made_line(made) if made else b""))
        self.sync()
        sync_folder(self.path.parent)

    def read(self) -> Iterator[tuple[int, Kept | Made | GivenUp | None]]:
        """All lines behind the first, each with the byte it begins at; None for one that is damaged.

        A last line without its end, as a kill or a power cut leaves it, is none of them: it will be cut off.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            with os.fdopen(os.dup(self._descriptor), "rb", buffering=1 << 18) as file:
                file.seek(0)
                start = whole = len(file.readline(_LONGEST))
                while line := file.readline(_LONGEST):
                    ended = line.endswith(b"\n")
                    if ended or len(line) == _LONGEST:
                        yield start, read_line(line[:-1]) if ended else None
                    start += len(line)
                    whole = start if ended else whole
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}") from error
        self._tail.size, self._tail.torn = whole, not self._looking

    def append(self, line: bytes) -> int:
        """Write `line`, which survives the end of this process from then on; returns the byte it begins at.

        Raises:
            OutputError: it cannot be written; what was written before is whole.
        """
        start = self._tail.size
        with self._writing():
            if self._syncer.error:
                raise self._syncer.error
            self._tail.append(line)
        self._syncer.written()
        return start

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unwritten(self.path, error) from error

    def bytes_at(self, start: int, size: int) -> bytes:
        """So many bytes of it. Raises `OutputError`: they cannot be read."""
        try:
            data = os.pread(self._descriptor, size, start)
        except OSError as error:
            raise OutputError(f"{self.path} cannot be read: {error.strerror}") from error
        if len(data) < size:
            raise OutputError(f"{self.path} was cut by somebody else")
        return data

    def sync(self) -> None:
        """Return when all of it is on the disk. Raises `OutputError`."""
        with self._writing():
            if self._syncer.error:
                raise self._syncer.error
            self._fsync(self._descriptor)

    def close(self) -> None:
        """Put what is in it on the disk, and let others have it; one with no answer in it is taken away.

        Raises:
            OutputError: the disk did not take all of it.
        """
        if self._descriptor < 0:
            return
        self._syncer.close()
        try:
            with suppress(OSError):
                self._tail.cut()
                if self._tail.size <= len(HEADER) and not self._looking and is_at(self._descriptor, self.path):
                    self.path.unlink()
        finally:
            # Last: it gives up the lock.
            os.close(self._descriptor)
            self._descriptor = -1
        if self._syncer.error:
            raise unwritten(self.path, self._syncer.error) from self._syncer.error


def unwritten(path: Path, error: OSError) -> OutputError:
    """What is said where `path` cannot be written in the middle of a batch."""
    return OutputError(
        f"{path} cannot be written: {error.strerror}; make room there: the same command again goes on from here"
    )


def sync_folder(folder: Path) -> None:
    """Put the names in `folder` on the disk, where the file system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _holder(path: Path) -> str:
    """` (4711)`, its number, where the system tells who holds a file, as Linux does; else nothing."""
    with suppress(OSError):
        found = path.stat()
        place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if words[1:2] == ["FLOCK"] and place in words[5:6] and words[4].isdigit():
                return f" ({words[4]})"
    return ""
