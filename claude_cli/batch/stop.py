"""Why a batch begins no further rows, whether those under way may end, and the exit status that follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from ..core.errors import ClaudeError

Reason = Literal["interrupted", "terminated", "budget", "time", "pace", "failures", "error"]
"""Ctrl-C; SIGTERM; the budget is reached; `--until` or `--for`; the provider answers nobody any more;
`--stop-after-failures`; what concerns all rows alike (the key, a full disk): `Stop.error`."""

_WEIGHTS = {"failures": 0, "time": 1, "pace": 1, "budget": 2, "interrupted": 3, "terminated": 3, "error": 4}
"""Which reason goes before which; of two alike the first stays."""
_STATUSES = {"error": 1, "interrupted": 130, "terminated": 143, "budget": 9, "time": 5, "pace": 5}
_FAILED_ROWS = 11


class StoppedError(Exception):
    """A wait was given up: no further row is to be begun."""


class Stop:
    """The end of a batch before its rows are over. Of several reasons the weightiest stays: an error, then a signal,
    the budget, time and pace, failed rows; asked a second time, what is under way ends.

    Attributes:
        reason: None while it goes on.
        error: what is to be raised when all is put away, for the reason `error`.
        detail: in words, for the user: "budget.day of $5.00 is reached".
        at_once: what is under way is to be given up.
    """

    def __init__(self) -> None:
        """Go on."""
        self.reason: Reason | None = None
        self.error: ClaudeError | None = None
        self.detail = ""
        self.at_once = False
        self._listeners: list[Callable[[], None]] = []
        self._waits: set[asyncio.Timeout] = set()

    def __bool__(self) -> bool:
        """Whether no further row is to be begun."""
        return self.reason is not None

    def soon(self, reason: Reason, detail: str = "", *, error: ClaudeError | None = None) -> None:
        """Begin no further rows; those under way end, unless they only wait for another try."""
        before = self.reason
        if before is None or _WEIGHTS[reason] > _WEIGHTS[before]:
            self.reason, self.detail, self.error = reason, detail, error
        if before is None:
            self._tell()

    def now(self, reason: Reason, detail: str = "", *, error: ClaudeError | None = None) -> None:
        """Give up what is under way as well."""
        self.soon(reason, detail, error=error)
        self.at_once = True
        self._tell()

    def listen(self, told: Callable[[], None]) -> None:
        """Call `told` at each of the two, in the loop that runs; at once where it has been said already."""
        self._listeners.append(told)
        if self.reason is not None:
            told()

    def _tell(self) -> None:
        waits, self._waits = self._waits, set()
        for wait in waits:
            wait.reschedule(0.0)
        for told in self._listeners:
            told()

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Within it nothing is waited for any longer than until no further row is to be begun.

        Raises:
            StoppedError: that is so.
        """
        if self:
            raise StoppedError
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._waits.add(limit)
                yield
        except TimeoutError:
            if limit.expired():
                raise StoppedError from None
            raise
        finally:
            self._waits.discard(limit)


def exit_status(stop: Stop, failed_rows: int) -> int:
    """What the program leaves with when a batch is over, of which so many rows have failed, in this run or before."""
    if stop.error is not None:
        return stop.error.exit_code
    return _STATUSES.get(stop.reason or "", _FAILED_ROWS if failed_rows else 0)
