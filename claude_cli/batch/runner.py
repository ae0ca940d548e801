"""Many rows at once: a fixed number of workers, each of which takes the next row, has it answered and hands it on.

How a row is answered is an argument. Nothing is kept of a row that is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from ..core.errors import BudgetReachedError, ClaudeError, ProtocolError, StreamInterruptedError, TransientError
from .leading import Line
from .row import Result, Row
from .stop import Stop

Answer = Callable[[Row, Callable[[], None]], Awaitable[Result | None]]
"""What becomes of a row; None: it is given up, and stays open. The second argument is called when its answer begins.

Raises:
    BudgetReachedError: it must not be sent, nor anything else.
    ClaudeError: what concerns all rows alike.
"""


LEAST_OUTAGE = 8
"""Rows that have to fail in a row, at least, for the provider to be taken to answer nobody any more."""


class Runner:
    """One run over the rows of a line."""

    def __init__(
        self, line: Line, answer: Answer, stop: Stop, *,
        over: Callable[[Row, Result | None], Awaitable[None]], under_way: Callable[[], int] = lambda: 1,
    ) -> None:  # fmt: skip
        """Have the rows of `line` answered by `answer`, until `stop` says so.

        Args:
            over: is told of each row that was taken, and what became of it; None: it stays open.
            under_way: how many rows are being answered at the moment. Where so many (and `LEAST_OUTAGE` at least) fail
                one after the other as the provider answers nobody, the batch ends, and they stay open.
        """
        self._line, self._answer, self._stop = line, answer, stop
        self._over, self._under_way = over, under_way
        self._workers: list[asyncio.Task[None]] = []
        self._doubtful: list[tuple[Row, Result]] = []

    async def run(self, workers: int) -> None:
        """Run with so many workers, until no row is left, or none is to be begun and those under way have ended.

        Raises:
            ClaudeError: the rows cannot be read any further; those under way have ended.
        """
        self._workers = [asyncio.create_task(self._work()) for _ in range(workers)]
        self._stop.listen(self._told)
        try:
            done, _ = await asyncio.wait(self._workers, return_when=asyncio.FIRST_EXCEPTION)
            for failed in (worker.exception() for worker in done if not worker.cancelled()):
                if failed is not None:  # no row's failure: what has been sent may still come to its end
                    self._stop.soon("error", error=failed if isinstance(failed, ClaudeError) else None)
            await asyncio.wait(self._workers)
        finally:
            for worker in self._workers:
                worker.cancel()
            ended = await asyncio.gather(*self._workers, return_exceptions=True)
            await self._decide(failed=not self._stop)
        for error in ended:
            if error is not None and not isinstance(error, asyncio.CancelledError):
                raise error

    def _told(self) -> None:
        if self._stop.at_once:
            for worker in self._workers:
                worker.cancel()

    async def _work(self) -> None:
        while (row := await self._line.next()) is not None:
            result = None
            try:
                result = await self._answer(row, partial(self._line.begun, row))
            except BudgetReachedError as error:
                self._stop.soon("budget", str(error))
            except ClaudeError as error:
                self._stop.soon("error", error=error)  # what has been accepted is paid for, and kept
            finally:
                self._line.over(row)
                await self._ended(row, result)

    async def _ended(self, row: Row, result: Result | None) -> None:
        """A row has ended; where that may have been an outage, it is not yet told to have failed."""
        error = result.error if result else None
        if result is not None and error is not None and _is_outage(error):
            self._doubtful.append((row, result))
            if len(self._doubtful) >= max(LEAST_OUTAGE, self._under_way()):
                self._stop.soon("pace", f"{len(self._doubtful)} rows in a row were not answered: {error}")
            return
        if result is not None:
            await self._decide(failed=True)
        await self._over(row, result)

    async def _decide(self, *, failed: bool) -> None:
        """The rows in doubt have failed, or stay open."""
        doubtful, self._doubtful = self._doubtful, []
        for row, result in doubtful:
            await self._over(row, result if failed else None)


def _is_outage(error: ClaudeError) -> bool:
    """Whether `error`, for good, may speak of a provider that answers nobody rather than of its row."""
    passing = isinstance(error, TransientError) and not isinstance(error, StreamInterruptedError)
    return (passing and error.retryable) or isinstance(error, ProtocolError)
