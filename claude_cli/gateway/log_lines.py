"""Lines of a log, written by a thread of their own: a pipe that nobody reads and a slow disk hold up no answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

from ..core.threads import start_unsignalled

MOST_WAITING = 10_000
"""Lines that wait to be written; further ones are dropped, and counted."""
TOGETHER_S = 0.05
"""How long a line waits for others: each write on its own would wake the thread, and take its time from the answers."""
MOST_BYTES, KEPT = 5_000_000, 3
"""A file that is as large as that is moved aside; so many of these are kept."""
CLOSING_S = 2.0
"""How long the last lines are waited for at the end."""

Write = Callable[[bytes], None]


def to_descriptor(descriptor: int) -> Write:
    """Writes to what is open already: 2 is standard error."""

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(descriptor, data) :]

    return write


def to_file(path: str) -> Write:
    """Appends to a file that is its owner's alone; one that has grown is moved aside, beside the last few of them.

    It is opened for each write, so that another program may move it, too. Raises `OSError`: it cannot be opened.
    """

    def write(data: bytes) -> None:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            to_descriptor(file)(data)
            grown = os.fstat(file).st_size >= MOST_BYTES
        finally:
            os.close(file)
        if grown:
            names = [Path(path), *(Path(f"{path}.{number}") for number in range(1, KEPT + 1))]
            for newer, older in reversed([*pairwise(names)]):
                if newer.exists():
                    newer.replace(older)

    write(b"")
    return write


class Lines:
    """Takes lines, and writes them soon."""

    def __init__(
        self, write: Write, dropped: Callable[[int], str], *, start: Callable[[Thread], bool] = start_unsignalled
    ) -> None:
        """Start the thread.

        Args:
            write: writes bytes, and may take its time; an `OSError` costs those lines.
            dropped: the line that says so many were dropped.
            start: starts a thread; where there is none to be had, lines are written at once.
        """
        self._write, self._dropped = write, dropped
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._closing = Event()
        self._refused = 0  # counted by the event loop's thread alone, the other two by ours: none is ever set back
        self._failed = self._told = 0
        self._thread = Thread(target=self._work, name="log", daemon=True)
        self._threaded = start(self._thread)

    def put(self, line: str) -> None:
        """Have `line`, without its end, written; never waits."""
        if not self._threaded:
            self._put_down([line])
        elif self._queue.qsize() < MOST_WAITING:
            self._queue.put(line)
        else:
            self._refused += 1

    def close(self, seconds: float = CLOSING_S) -> None:
        """Write what waits, for so long at most."""
        self._closing.set()
        if self._threaded:
            self._queue.put(None)
            self._thread.join(seconds)

    def _work(self) -> None:
        """The thread: write all that has come, again and again."""
        lines: list[str | None] = []
        while None not in lines:
            lines = [self._queue.get()]
            self._closing.wait(TOGETHER_S)
            while not self._queue.empty():
                lines.append(self._queue.get())
            self._put_down([line for line in lines if line is not None])

    def _put_down(self, lines: list[str]) -> None:
        """Write `lines`, and how many could not be written before them."""
        lost = self._refused + self._failed - self._told
        if lost:
            lines.append(self._dropped(lost))
        if not lines:
            return
        try:
            self._write("".join(f"{line}\n" for line in lines).encode(errors="replace"))
        except OSError:
            self._failed += len(lines) - bool(lost)
        else:
            self._told += lost
