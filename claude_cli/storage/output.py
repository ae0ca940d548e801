"""Where the file of `-o` lies, and the files beside it that are written until it is whole."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..core.errors import UsageError

# Why a file beside the target is not opened, beyond what the system says.
_REASONS = {
    errno.EAGAIN: "another claude-cli is writing it",
    errno.EMLINK: "it has a second name (a hard link)",
    errno.ENXIO: "it is no regular file",
}


Write = Callable[[int, memoryview], int]
"""`os.write`, or what stands in for it."""


def output_target(name: str) -> Path:
    """Where the output `name` goes in the end: the file itself, behind all links.

    Raises:
        UsageError: it can be no file, or its folder is not there.
    """
    try:
        path = Path(name).expanduser()
        if path.is_dir() or name.endswith("/"):
            raise UsageError(f"-o {name} is a folder; name a file in it")
        # The kernel's own links, as a shell's >(command) has them, lead to no name.
        target = path if path.is_fifo() or path.is_char_device() else path.resolve()
        if not target.parent.is_dir():
            raise UsageError(f"-o {name}: there is no folder {target.parent}; make it first")
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"-o {name} cannot be written: {reason}") from error
    return target


def output_mode(target: Path, name: str) -> int | None:
    """The type and mode of an existing file that may be written; None where there is none.

    Raises:
        UsageError: it may not be written; the message calls it `name`.
    """
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"-o {name} cannot be written: {error.strerror}") from error
    if not os.access(target, os.W_OK):
        raise UsageError(f"-o {name} cannot be written: it is read-only for you")
    return mode


def open_held(path: Path, mode: int, *, flags: int = os.O_WRONLY) -> int:
    """Open `path`, made with `mode` where it is missing, and keep other processes of ours out of it until it is closed.

    A link, and what is no regular file or has a second name, is never taken: it may be somebody else's.

    Raises:
        OSError: it cannot be had; `why_not_held` says why.
    """
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, mode)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_at(descriptor, path):
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
            if found.st_nlink > 1:
                raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    # Another run put it in its place, or took it away, between our opening and our locking.
    os.close(descriptor)
    return open_held(path, mode, flags=flags)


def why_not_held(error: OSError) -> str:
    """Why a file was not opened by `open_held`, in words."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


class Tail:
    """An open file that grows at its end alone (`O_APPEND`), by all that is to be written at a time, or nothing of it.

    Attributes:
        size: bytes of it that are whole.
        torn: whether there may be more in the file, which is cut off before anything is written.
    """

    __slots__ = ("_descriptor", "_write", "size", "torn")

    def __init__(self, descriptor: int, size: int = 0, *, write: Write = os.write) -> None:
        """Append to `descriptor` behind the first `size` bytes."""
        self._descriptor, self._write = descriptor, write
        self.size, self.torn = size, False

    def append(self, data: bytes) -> None:
        """Write `data`. Raises `OSError`; what was written before is whole."""
        self.cut()
        self.torn = True
        view = memoryview(data)
        try:
            while view:
                view = view[self._write(self._descriptor, view) :]
        except OSError:
            with suppress(OSError):  # else before the next
                self.cut()
            raise
        self.torn = False
        self.size += len(data)

    def clear(self) -> None:
        """Take away all that is in it. Raises `OSError`."""
        self.size, self.torn = 0, True
        self.cut()

    def cut(self) -> None:
        """Cut off what is not whole. Raises `OSError`."""
        if self.torn:
            os.ftruncate(self._descriptor, self.size)
            self.torn = False


def is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one that `path` names now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False
