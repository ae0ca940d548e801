"""What is set aside for the calls of a batch."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..core.budget import Plan, Recorder
from ..core.errors import BudgetReachedError

if TYPE_CHECKING:
    from ..storage.books import Books
    from .gate import Gate


class Purse:
    """What is set aside for calls. Where that has to wait for others to end, one row tries after the other."""

    def __init__(self, books: Books, gate: Gate) -> None:
        """Take from `books`; `gate` is told which limit keeps rows waiting, for a display."""
        self._books, self._gate = books, gate
        self._taken = self._ended = self._waiting = 0
        self._change, self._turn = asyncio.Event(), asyncio.Lock()

    async def take(self, plan: Plan) -> Recorder:
        """Set aside what a call may cost; what is taken is put back.

        Raises:
            BudgetReachedError: that cannot be had, and no other call of this batch is under way that may leave enough.
        """
        try:
            return await self.take_now(plan)
        except BudgetReachedError as error:
            if not error.retryable:
                raise
            self._gate.withheld = f"limit: {error.budget}"
        self._waiting += 1
        try:
            async with self._turn:
                return await self._wait(plan)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._gate.withheld = ""

    async def take_now(self, plan: Plan) -> Recorder:
        """As `take`, without waiting for anybody."""
        self._taken += 1  # at once: while the books write it down, others must not think that nobody has any
        try:
            return await self._books.reserve(plan)
        except BaseException:
            self._taken -= 1
            self._change.set()
            raise

    async def _wait(self, plan: Plan) -> Recorder:
        while True:
            ended = self._ended
            try:
                return await self.take_now(plan)
            except BudgetReachedError as error:
                if not error.retryable or (ended == self._ended and not self._taken):
                    raise
            if ended == self._ended:
                self._change.clear()
                await self._change.wait()

    def put_back(self) -> None:
        """The call is over."""
        self._taken -= 1
        self._ended += 1
        self._change.set()
