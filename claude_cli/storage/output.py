"""Where the file of `-o` lies, and the files beside it that are written until it is whole."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

from ..core.errors import UsageError

# Why a file beside the target is not opened, beyond what the system says.
_REASONS = {
    errno.EAGAIN: "another claude-cli is writing it",
    errno.EMLINK: "it has a second name (a hard link)",
    errno.ENXIO: "it is no regular file",
}


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


def is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one that `path` names now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False
