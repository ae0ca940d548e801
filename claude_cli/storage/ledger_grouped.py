"""The ledger of many calls at once: begun and settled in one transaction, by a thread that does nothing else.

A row is written before its call is sent, which one at a time takes milliseconds of the event loop's time. Here all that
wait are one group, on its way to the thread or back. Whatever is not the thread's own work belongs to the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from ..core.budget import Account, Plan, Record, Ticket
from ..core.messages import Notice
from ..core.threads import start_unsignalled
from .database import DatabaseUnavailableError
from .ledger import UNRECORDED, Ledger

APART_S = 0.03
"""From the start of one group to that of the next, at most: where many wait, fewer transactions are cheaper."""
APART_PER_CALL_S = 0.0005
"""How much of that each call of a group is worth: a call that is alone is not kept waiting for others to come."""
SETTLED_S = 0.05
"""How long a call that is over waits for calls that begin, to be written with them."""
MOST_UNWRITTEN = 10_000
"""Calls that are over and kept while they cannot be written. Older ones stay as if their process had been killed."""
PATIENCE_S = 180.0
"""How long a ledger that another process has locked is waited for, before calls are begun without it or refused."""
CLOSING_S = 60.0
"""How long it is waited for at the end, when nothing but what was spent is to be written."""
USABLE_S = 1.0
"""How long it may take to see whether it can be written."""

_Over = tuple[Ticket, Record | None]


class _Group(NamedTuple):
    """What is written in one transaction: calls that are over, and calls that begin, with who waits for that."""

    over: list[_Over]
    begin: list[tuple[Plan, Account | None, asyncio.Future[Ticket]]]


class _Written(NamedTuple):
    """What became of a group: an answer to each call that begins, and why nothing could be written, if so."""

    answers: Sequence[Ticket | Exception]
    error: Exception | None = None

    @property
    def is_locked(self) -> bool:
        """Whether it could be written later, as only another process was in the way."""
        return isinstance(self.error, DatabaseUnavailableError) and self.error.is_locked


class GroupedLedger:
    """A ledger for one event loop, which never waits for it but in `extend`."""

    def __init__(
        self, ledger: Callable[[Callable[[Notice], None]], Ledger], notify: Callable[[Notice], None],
        *, start: Callable[[Thread], bool] = start_unsignalled,
        patience_s: float = PATIENCE_S, closing_s: float = CLOSING_S,
    ) -> None:  # fmt: skip
        """Prepare; nothing is opened and no thread started before the first call.

        Args:
            ledger: makes the ledger, given whom it has to notify.
            notify: is told, in the loop's thread, what hinders it.
            start: starts the thread; where there is none to be had, the loop's thread does the work.
            patience_s, closing_s: how long the thread waits for a ledger that is locked: before and at the end.
        """
        self._ledger, self._notify, self._start = ledger(self._tell), notify, start
        self._queue: SimpleQueue[_Group | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next = _Group([], [])
        self._writing = False
        self._timer: asyncio.TimerHandle | None = None
        self._begun_at, self._apart_s = float("-inf"), 0.0
        self._patience_s, self._closing_s = patience_s, closing_s
        self._locked_at: float | None = None
        self._last = _Written(())
        self._unrecorded = 0
        self._why: Exception | None = None
        self._back = asyncio.Event()

    async def begin(self, plan: Plan, account: Account | None = None) -> Ticket:
        """Wait until there is a row for the call.

        Args:
            account: whose call it is, with limits of its own; None: the process's own.
        Raises:
            BudgetReachedError: it must not be sent.
        """
        self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Ticket] = self._loop.create_future()
        self._next.begin.append((plan, account, answer))
        self._write_in(0.0)
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and not answer.exception():
                self.settle(answer.result(), None)  # it was on its way: nobody else knows of it
            raise

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        """As `Ledger.extend`; waits for the disk, and for the group that is being written."""
        return self._ledger.extend(ticket, plan, spent_pico)

    def settle(self, ticket: Ticket, record: Record | None) -> None:
        """The call is over, or (None) was never made. Written soon."""
        if ticket.number != UNRECORDED:
            self._next.over.append((ticket, record))
            self._write_in(SETTLED_S)

    async def is_usable(self, patience_s: float = USABLE_S) -> bool:
        """Whether calls are let through: there is no budget, or they can be recorded.

        The last group tells; where that failed, or there was none, one without calls is written, to see.
        """
        if not self._ledger.is_limited or (self._begun_at > float("-inf") and not self._last.error):
            return True
        self._loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                if not self._writing:
                    self._write()
                while self._writing:
                    self._back.clear()
                    await self._back.wait()
                return self._last.error is None
        return False

    async def aclose(self) -> None:
        """Write what waits, and close; then say how many calls could not be recorded."""
        began = self._loop.time() if self._loop else 0.0
        while self._writing or self._next.over or self._next.begin:
            if not self._writing:
                self._write()
            while self._writing:
                self._back.clear()
                await self._back.wait()
            if self._last.error and not self._next.begin and not self._is_worth_waiting(began, self._closing_s):
                break
        if count := self._unrecorded + len(self._next.over):
            words = "1 call is not recorded, or not as it"
            if count > 1:
                words = f"{count:,} calls are not recorded, or not as they"
            self._notify(Notice("not_recorded", f"{words} ended: {self._why}"))
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
        at = max(self._loop.time() + seconds, self._begun_at + self._apart_s)
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
        self._apart_s = min(APART_S, APART_PER_CALL_S * (len(group.over) + len(group.begin)))
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
        plans, accounts = [plan for plan, _, _ in group.begin], [account for _, account, _ in group.begin]
        try:
            return _Written(self._ledger.keep(plans, group.over, accounts))
        except DatabaseUnavailableError as error:
            pairs = zip(plans, accounts, strict=True)
            return _Written([self._ledger.unrecorded(plan, error, account) for plan, account in pairs], error)
        except BaseException as error:  # the border: a bug in a thread is raised where somebody waits for it
            bug = RuntimeError(f"the ledger failed: {error!r}")
            bug.__cause__ = error
            return _Written([bug] * len(plans), bug)

    def _returned(self, group: _Group, written: _Written) -> None:
        """The thread has done with `group`."""
        self._writing, self._last = False, written
        if written.error:
            self._put_back(group, written)
        else:
            self._locked_at = None
            self._answer(group, written)
        if self._next.over or self._next.begin:
            self._write_in(0.0 if self._next.begin else SETTLED_S)
        self._back.set()

    def _put_back(self, group: _Group, written: _Written) -> None:
        """Nothing of `group` was written: it is tried again, or its calls begin unrecorded or not at all."""
        assert self._loop is not None  # as in `_write`
        self._why = written.error
        over = self._next.over
        over[:0] = group.over
        self._unrecorded += len(over[:-MOST_UNWRITTEN])
        del over[:-MOST_UNWRITTEN]
        if written.is_locked and self._locked_at is None:
            self._locked_at = self._loop.time()
            self._notify(Notice("ledger_locked", f"calls wait for the ledger: {written.error}"))
        if self._is_worth_waiting(self._locked_at, self._patience_s):
            self._next.begin[:0] = [each for each in group.begin if not each[-1].cancelled()]
        else:
            self._answer(group, written)

    def _answer(self, group: _Group, written: _Written) -> None:
        """Tell those who wait for a group."""
        for (_, _, waiting), answer in zip(group.begin, written.answers, strict=True):
            if waiting.cancelled():
                if isinstance(answer, Ticket):
                    self.settle(answer, None)
            elif isinstance(answer, Ticket):
                waiting.set_result(answer)
                self._note_unrecorded(answer)
            else:
                waiting.set_exception(answer)

    def _note_unrecorded(self, ticket: Ticket) -> None:
        if ticket.number == UNRECORDED:
            if not self._unrecorded:
                self._notify(Notice("not_recorded", f"calls are not recorded: {self._why}"))
            self._unrecorded += 1

    def _is_worth_waiting(self, since: float | None, seconds: float) -> bool:
        """Whether a ledger is to be tried again that is locked, if only the thread waits for it."""
        if self._thread is None or self._loop is None or since is None or not self._last.is_locked:
            return False
        return self._loop.time() < since + seconds

    def _tell(self, notice: Notice) -> None:
        """The ledger has something to say, in whatever thread it is used."""
        self._call(self._notify, notice)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """Have `function` called in the loop's thread."""
        assert self._loop is not None  # as in `_write`
        with suppress(RuntimeError):  # the loop is gone, and who waited with it
            self._loop.call_soon_threadsafe(function, *arguments)
