"""Which process still lives: each holds a lock on a byte of its own in a file that all of them know.

The kernel gives the lock back when the process ends, however it ends, and no number is ever used twice as process ids
are. The lock is on a byte range (POSIX) and so the process's, not the descriptor's: there is one `Owners` for a file
in each process, and its descriptor stays open.
"""

from __future__ import annotations

import fcntl
import os
from functools import cache
from pathlib import Path


def owners(path: Path) -> Owners:
    """The owners that share the file `path`, of which this process is one from now on. Raises `OSError`."""
    return _owners(path, os.getpid())  # after a fork the child is another owner


class Owners:
    """The processes that hold a byte of a file.

    Attributes:
        own: the number of this one.
    """

    def __init__(self, path: Path) -> None:
        """Take a number of our own. Raises `OSError`."""
        self.own = int.from_bytes(os.urandom(6), "big")
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self.own)

    def lives(self, number: int) -> bool:
        """Whether the owner with this number has not ended."""
        if number == self.own:
            return True  # our own lock would not keep us out
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:
            return True
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, number)
        return False


@cache
def _owners(path: Path, process: int) -> Owners:
    return Owners(path)
