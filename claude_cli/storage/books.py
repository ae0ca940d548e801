"""What many calls at once may spend: one run's limit, in memory, and behind it the ledger of all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..core.budget import Account, Plan, Record, Recorder, RunLimit, Ticket

if TYPE_CHECKING:
    from .ledger_grouped import GroupedLedger


class Reservation(Recorder, Protocol):
    """The recorder of one call, for which what it may cost has been set aside."""

    def release(self) -> None:
        """Give that back, unless the call has begun; one that is never made has to say so."""


class Books(Protocol):
    """Who is asked before each call. Nothing of it waits for a disk in the event loop's thread."""

    async def reserve(self, plan: Plan, account: Account | None = None) -> Reservation:
        """Set aside what a call may cost at most; returns the recorder for that one call, which does not wait.

        Args:
            account: whose call it is, and what they may spend; None: the process's own.

        Raises:
            BudgetReachedError: it must not be sent; `retryable` where calls under way may leave enough.
        """

    async def is_usable(self) -> bool:
        """Whether calls are let through at all: not where there is a budget, and a ledger that cannot be written."""

    async def aclose(self) -> None:
        """Everything is written; what was set aside for calls that were never made is given back."""


class RunBooks:
    """The books of one run."""

    def __init__(self, limit_pico: int | None = None, ledger: GroupedLedger | None = None) -> None:
        """Let calls through.

        Args:
            limit_pico: what all of them together may cost, in pico-dollars; None: as much as they want.
            ledger: has the last word, and a row for each of them; None: nothing is recorded.
        """
        self._limit = None if limit_pico is None else RunLimit(limit_pico)
        self._ledger = ledger
        self._unused: set[_Reserved] = set()

    async def reserve(self, plan: Plan, account: Account | None = None) -> Reservation:
        """See `Books`."""
        mine = self._limit.begin(plan) if self._limit else None
        ticket = mine or Ticket(0, plan)
        if self._ledger:
            try:
                ticket = await self._ledger.begin(ticket.plan, account)
            except BaseException:
                if self._limit and mine:
                    self._limit.withdraw(mine)
                raise
        reserved = _Reserved(self._limit, mine, self._ledger, plan, ticket, self._unused)
        self._unused.add(reserved)
        return reserved

    async def is_usable(self) -> bool:
        """See `Books`."""
        return self._ledger is None or await self._ledger.is_usable()

    async def aclose(self) -> None:
        """See `Books`."""
        if self._ledger:
            for reserved in self._unused:
                self._ledger.settle(reserved.ticket, None)
            await self._ledger.aclose()


class _Reserved:
    """The recorder of one call, for which everything has been set aside.

    Attributes:
        ticket: the ledger's, else the run's own.
    """

    __slots__ = ("_asked", "_ledger", "_limit", "_mine", "_unused", "ticket")

    def __init__(
        self, limit: RunLimit | None, mine: Ticket | None, ledger: GroupedLedger | None, asked: Plan, ticket: Ticket,
        unused: set[_Reserved],
    ) -> None:  # fmt: skip
        self._limit, self._mine, self._ledger, self.ticket = limit, mine, ledger, ticket
        self._asked, self._unused = asked, unused

    def begin(self, plan: Plan) -> Ticket:
        """See `Recorder`; a plan that is not the one of before is set aside in its place."""
        self._unused.discard(self)
        return self.ticket if plan == self._asked else self.extend(self.ticket, plan, 0)

    def release(self) -> None:
        """See `Reservation`."""
        if self not in self._unused:
            return
        self._unused.discard(self)
        if self._limit and self._mine:
            self._limit.withdraw(self._mine)
        if self._ledger:
            self._ledger.settle(self.ticket, None)

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        """See `Recorder`; it waits for the disk, as few calls go on with another request."""
        if self._limit and self._mine:
            self._mine = self._limit.extend(self._mine, plan, spent_pico)
        if self._ledger:
            self.ticket = self._ledger.extend(self.ticket, plan, spent_pico)
        else:
            self.ticket = self.ticket._replace(plan=plan)
        return self.ticket

    def settle(self, ticket: Ticket, record: Record) -> None:
        """See `Recorder`; it is written soon."""
        if self._limit and self._mine:
            self._limit.settle(self._mine, record)
        if self._ledger:
            self._ledger.settle(self.ticket, record)

    def left_pico(self) -> int | None:
        """See `Recorder`; of the run's own limit."""
        return self._limit.left_pico() if self._limit else None
