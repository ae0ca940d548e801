"""When what was written gets onto the disk: in groups, by a thread of its own, so that nobody waits for the disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..core.threads import start_unsignalled

GROUP_S = 0.05
GROUP_ROWS = 64
"""Seconds and rows after which a group is closed, whichever comes first."""


class Syncer:
    """Calls `sync` soon after something was written.

    Attributes:
        error: the first that `sync` raised; the system may have thrown away what it could not put on the disk, so
            nothing that comes later can be relied on.
    """

    def __init__(
        self,
        sync: Callable[[], None],
        *,
        rows: int = GROUP_ROWS,
        interval_s: float = GROUP_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take groups of `rows`, or of `interval_s` seconds by `clock`. The thread starts with the first row."""
        self._sync, self._rows, self._interval_s, self._clock = sync, rows, interval_s, clock
        self._told = threading.Condition()
        self._waiting, self._since, self._closed = 0, 0.0, False
        self._thread: threading.Thread | None = None
        self.error: OSError | None = None

    def written(self) -> None:
        """A row has been written. Without a thread (a container may limit them) it is put on the disk at once."""
        with self._told:
            self._waiting += 1
            if self._waiting == 1:
                self._since = self._clock()
            if self._waiting in (1, self._rows):
                self._told.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="claude-journal", daemon=True)
            if not start_unsignalled(self._thread):
                self._thread = None
                self._put()

    def close(self) -> None:
        """Return when everything is on the disk, or `error` says why not."""
        with self._told:
            self._closed = True
            self._told.notify()
        if self._thread is not None:
            self._thread.join()
        self._put()

    def _run(self) -> None:
        while not self._closed:
            with self._told:
                self._told.wait_for(lambda: self._waiting or self._closed)
                left = self._since + self._interval_s - self._clock()
                self._told.wait_for(lambda: self._waiting >= self._rows or self._closed, max(left, 0.0))
            self._put()

    def _put(self) -> None:
        with self._told:
            waiting, self._waiting = self._waiting, 0
        if not waiting or self.error:
            return
        try:
            self._sync()
        except OSError as error:
            self.error = error
