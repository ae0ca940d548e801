"""Many rows at once: a fixed number of workers, each of which takes the next row, has it answered and hands it on.

How a row is answered is an argument. Nothing is kept of a row that is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from ..core.errors import (
    BudgetReachedError,
    ClaudeError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    StreamInterruptedError,
    TransientError,
)
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
"""Rows that have to fail in a row, at least, for the provider to be taken to answer nobody any more; and rows of one
model that have to be refused before any is answered, for the model to be taken to be closed to all."""


class Runner:
    """One run over the rows of a line."""

    def __init__(
        self, line: Line, answer: Answer, stop: Stop, *,
        over: Callable[[Row, Result | None], Awaitable[None]], under_way: Callable[[], int] = lambda: 1,
        hopeful: bool = False,
    ) -> None:  # fmt: skip
        """Have the rows of `line` answered by `answer`, until `stop` says so.

        Args:
            over: is told of each row that was taken, and what became of it; None: it stays open.
            under_way: how many rows are being answered at the moment. Where so many (and `LEAST_OUTAGE` at least) fail
                one after the other as the provider answers nobody, the batch ends, and they stay open; so it does where
                a model is not found, or not allowed, for the first `LEAST_OUTAGE` of its rows, or for all there are.
            hopeful: rows were answered in an earlier run, so that a few which are not now are no sign for all.
        """
        self._line, self._answer, self._stop = line, answer, stop
        self._over, self._under_way = over, under_way
        self._workers: list[asyncio.Task[None]] = []
        self._doubtful: dict[str | None, list[tuple[Row, Result]]] = {}  # by model; None: of any, in an outage
        self._answered: set[str] = set()
        self._decided = hopeful  # whether any row is over, so that not all are in doubt

    async def run(self, workers: int) -> None:
        """Run with so many workers, until no row is left, or none is to be begun and those under way have ended.

        Raises:
            ClaudeError: the rows cannot be read any further; those under way have ended.
        """
        self._workers = [asyncio.create_task(self._work()) for _ in range(workers)]
        for worker in self._workers:
            worker.add_done_callback(self._gone)
        self._stop.listen(self._told)
        failed = False
        try:
            ended = await asyncio.gather(*self._workers, return_exceptions=True)  # cancelled, it cancels them first
            self._check_closed()
            failed = not self._stop
        finally:
            for kind in tuple(self._doubtful):
                await self._decide(kind, failed=failed)
        for error in ended:
            if error is not None and not isinstance(error, asyncio.CancelledError):
                raise error

    def _gone(self, worker: asyncio.Task[None]) -> None:
        """A worker is over; where no row's failure ended it, what has been sent may still come to its end."""
        error = None if worker.cancelled() else worker.exception()
        if error is not None:
            self._stop.soon("error", error=error if isinstance(error, ClaudeError) else None)

    def _check_closed(self) -> None:
        """All rows have been asked; where there were but a few, and none had an answer, that ends the batch as well."""
        for kind, doubtful in self._doubtful.items():
            if kind is not None and not self._decided and not self._stop:
                self._stop.soon("error", error=doubtful[0][1].error)

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
        """A row has ended; where that may not have been its own fault, it is not yet told to have failed."""
        if result is None:
            await self._over(row, None)
        elif result.error is not None and _is_outage(result.error):
            count = await self._doubt(None, row, result)
            if count >= max(LEAST_OUTAGE, self._under_way()):
                self._stop.soon(
                    "pace", f"the provider answers nobody ({count} rows one after the other: {result.error})"
                )
        elif self._is_closed(row.request.model, result.error):
            if await self._doubt(row.request.model, row, result) >= LEAST_OUTAGE:
                self._stop.soon("error", error=result.error)
        else:
            await self._decide(None, failed=True)
            if result.error is None or result.stop_reason:
                self._answered.add(row.request.model)
                await self._decide(row.request.model, failed=True)
            await self._over(row, result)

    def _is_closed(self, model: str, error: ClaudeError | None) -> bool:
        """Whether `error` may speak of `model` rather than of one of its rows."""
        return isinstance(error, NotFoundError | PermissionDeniedError) and model not in self._answered

    async def _doubt(self, kind: str | None, row: Row, result: Result) -> int:
        """Hold a row back among those in the same doubt; returns how many they are."""
        doubtful = self._doubtful.setdefault(kind, [])
        doubtful.append((row, result))
        if len(self._doubtful) > LEAST_OUTAGE:  # no two rows ask the same model: there is nothing to be learnt
            await self._decide(next(iter(self._doubtful)), failed=True)
        return len(doubtful)

    async def _decide(self, kind: str | None, *, failed: bool) -> None:
        """The rows in this doubt have failed, or stay open."""
        self._decided = self._decided or failed
        for row, result in self._doubtful.pop(kind, ()):
            await self._over(row, result if failed else None)


def _is_outage(error: ClaudeError) -> bool:
    """Whether `error`, for good, may speak of a provider that answers nobody rather than of its row."""
    passing = isinstance(error, TransientError) and not isinstance(error, StreamInterruptedError)
    return (passing and error.retryable) or isinstance(error, ProtocolError)
