"""The ledger of a batch: many calls begun and settled in one transaction, by a thread that does nothing else.

A row is written before its call is sent, which one at a time takes milliseconds of the event loop's time. Here all that
wait are one group, on its way to the thread or back. Whatever is not the thread's own work belongs to the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from ..core.budget import Plan, Record, Ticket
from ..core.errors import BudgetReachedError
from ..core.messages import Notice
from ..core.threads import start_unsignalled
from ..storage.database import DatabaseUnavailableError
from ..storage.ledger import UNRECORDED, Ledger

APART_S = 0.03
"""From the start of one group to that of the next, at least: a transaction costs what ten of its calls do."""
SETTLED_S = 0.05
"""How long a call that is over waits for calls that begin, to be written with them."""
MOST_UNWRITTEN = 10_000
"""Calls that are over and kept while they cannot be written. Older ones stay as if their process had been killed."""

_Over = tuple[Ticket, Record | None]


class _Group(NamedTuple):
    """What is written in one transaction: calls that are over, and calls that begin, with who waits for that."""

    over: list[_Over]
    begin: list[tuple[Plan, asyncio.Future[Ticket]]]


class _Written(NamedTuple):
    """What became of a group: an answer to each call that begins, and why nothing could be written, if so."""

    answers: list[Ticket | BudgetReachedError]
    error: DatabaseUnavailableError | None = None


class GroupedLedger:
    """A ledger for one event loop, which never waits for it but in `extend`."""

    def __init__(
        self, ledger: Callable[[Callable[[Notice], None]], Ledger], notify: Callable[[Notice], None],
        *, start: Callable[[Thread], bool] = start_unsignalled,
    ) -> None:  # fmt: skip
        """Prepare; nothing is opened and no thread started before the first call.

        Args:
            ledger: makes the ledger, given whom it has to notify.
            notify: is told, in the loop's thread, what hinders it.
            start: starts the thread; where there is none to be had, the loop's thread does the work.
        """
        self._ledger, self._notify, self._start = ledger(self._tell), notify, start
        self._queue: SimpleQueue[_Group | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next = _Group([], [])
        self._writing = False
        self._timer: asyncio.TimerHandle | None = None
        self._begun_at = float("-inf")
        self._error: DatabaseUnavailableError | None = None
        self._back = asyncio.Event()

    async def begin(self, plan: Plan) -> Ticket:
        """Wait until there is a row for the call.

        Raises:
            BudgetReachedError: it must not be sent.
        """
        self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Ticket] = self._loop.create_future()
        self._next.begin.append((plan, answer))
        self._write_in(0.0)
        return await answer

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        """As `Ledger.extend`; waits for the disk, and for the group that is being written."""
        return self._ledger.extend(ticket, plan, spent_pico)

    def settle(self, ticket: Ticket, record: Record | None) -> None:
        """The call is over, or (None) was never made. Written soon."""
        if ticket.number != UNRECORDED:
            self._next.over.append((ticket, record))
            self._write_in(SETTLED_S)

    async def aclose(self) -> None:
        """Write what waits, and close."""
        while self._writing or self._next.over or self._next.begin:
            if not self._writing:
                self._write()
            while self._writing:
                self._back.clear()
                await self._back.wait()
            if self._error and not self._next.begin:
                self._notify(Notice("not_recorded", f"how the last calls ended is not recorded: {self._error}"))
                break
        if self._thread:
            self._back.clear()
            self._queue.put(None)
            await self._back.wait()
            self._thread.join()
        else:
            self._ledger.close()

    def _write_in(self, seconds: float) -> None:
        """Write what waits in so many seconds, or sooner; a group that is under way comes back before."""
        if self._writing or self._loop is None:
            return
        at = max(self._loop.time() + seconds, self._begun_at + APART_S)
        if self._timer and self._timer.when() <= at:
            return
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._write)

    def _write(self) -> None:
        assert self._loop is not None  # there is nothing to be written before `begin`
        if self._timer:
            self._timer.cancel()
        group, self._next = self._next, _Group([], [])
        self._timer, self._writing, self._begun_at = None, True, self._loop.time()
        if self._thread is None:
            thread = Thread(target=self._work, name="ledger", daemon=True)
            if not self._start(thread):
                self._returned(group, self._written(group))
                return
            self._thread = thread
        self._queue.put(group)

    def _work(self) -> None:
        """The thread: write one group after the other."""
        while (group := self._queue.get()) is not None:
            self._call(self._returned, group, self._written(group))
        self._ledger.close()
        self._call(self._back.set)

    def _written(self, group: _Group) -> _Written:
        plans = [plan for plan, _ in group.begin]
        try:
            return _Written(self._ledger.keep(plans, group.over))
        except DatabaseUnavailableError as error:
            return _Written([self._ledger.unrecorded(plan, error) for plan in plans], error)

    def _returned(self, group: _Group, written: _Written) -> None:
        """The thread has done with `group`."""
        self._writing, self._error = False, written.error
        over = self._next.over
        if written.error:
            over[:0] = group.over
            del over[:-MOST_UNWRITTEN]
        for (_, waiting), answer in zip(group.begin, written.answers, strict=True):
            if waiting.cancelled():
                over += [(answer, None)] if isinstance(answer, Ticket) else []
            elif isinstance(answer, Ticket):
                waiting.set_result(answer)
            else:
                waiting.set_exception(answer)
        if over or self._next.begin:
            self._write_in(0.0 if self._next.begin else SETTLED_S)
        self._back.set()

    def _tell(self, notice: Notice) -> None:
        """The ledger has something to say, in whatever thread it is used."""
        self._call(self._notify, notice)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """Have `function` called in the loop's thread."""
        assert self._loop is not None  # as in `_write`
        with suppress(RuntimeError):  # the loop is gone, and who waited with it
            self._loop.call_soon_threadsafe(function, *arguments)
