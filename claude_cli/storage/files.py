"""Files of our own on disk: replaced whole, readable by their user alone, written by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import UsageError
from .paths import make_private


def write_private(path: Path, data: bytes) -> None:
    """Put `data` in the place of `path` at once: mode 0600, the folder made with 0700; a link stays a link.

    Raises:
        OSError: it cannot be written; what was there still is.
    """
    import tempfile

    target = Path(os.path.realpath(path))
    make_private(target.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except BaseException:  # also Ctrl-C: no half file is left behind
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the folder of `path` against other processes of ours; it is made where there is none.

    Raises:
        OSError: there is no such folder and it cannot be made.
    """
    import fcntl

    folder = Path(os.path.realpath(path)).parent
    make_private(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # which gives the lock back


@contextmanager
def alone(path: Path, failed: str) -> Iterator[None]:
    """`locked`, for keys: without it one of two that are stored at once would be lost.

    Raises:
        UsageError: `failed`, with the path and the system's reason.
    """
    try:
        with locked(path):
            yield
    except OSError as error:
        raise UsageError(f"{failed} {path}: {error.strerror}") from error
