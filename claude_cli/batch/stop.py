"""Why a batch begins no further rows, and whether those under way may end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from ..core.errors import ClaudeError

Reason = Literal["interrupted", "terminated", "budget", "time", "pace", "failures", "error"]
"""Ctrl-C; SIGTERM; the budget is reached; `--until` or `--for`; the provider answers nobody any more;
`--stop-after-failures`; what concerns all rows alike (the key, a full disk): `Stop.error`."""


class Stop:
    """The end of a batch before its rows are over. The first reason stays; asked a second time, what is under way ends.

    Attributes:
        reason: None while it goes on.
        error: what is to be raised when all is put away, for the reason `error`.
        detail: in words, for the user: "budget.day of $5.00 is reached".
    """

    def __init__(self) -> None:
        """Go on."""
        self.reason: Reason | None = None
        self.error: ClaudeError | None = None
        self.detail = ""
        self.at_once = False
        self._listeners: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        """Whether no further row is to be begun."""
        return self.reason is not None

    def soon(self, reason: Reason, detail: str = "", *, error: ClaudeError | None = None) -> None:
        """Begin no further rows; those under way end."""
        if self.reason is None:
            self.reason, self.detail, self.error = reason, detail, error
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
        for told in self._listeners:
            told()

    async def wait(self) -> None:
        """Return when no further row is to be begun."""
        told = asyncio.Event()
        self.listen(told.set)
        await told.wait()
