"""The ledger: every call with its usage and cost, kept in `usage.db`, and budgets over the calls of all processes.

A call is written down before it is sent, with the most it may cost, and again when it is over. One whose process ended
in between is found by the next that begins: it is lost, and charged at the estimate of its input. A ledger that cannot
be kept never stops a call, unless there is a budget.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..core.budget import Account, Limits, Plan, Record, Ticket, UnkeptError, grant
from ..core.errors import BudgetReachedError
from ..core.messages import Notice
from ..core.pricing import money
from .database import Database, DatabaseUnavailableError
from .ledger_rows import COUNT, EXTEND, FOLD, FORGET, INSERT, LOSE, SETTLE
from .ledger_schema import KEPT_DAYS, SCHEMA, SPENDING, SPENDING_OF_COMMAND
from .owners import Owners, owners

_FOLDED_AT_ONCE = 100
"""Old rows that the end of a call removes at most: about a millisecond."""
UNRECORDED = 0
"""The number of a ticket that no row belongs to."""
_MOST = 10**15
"""No count and no amount that is kept is higher (a thousand dollars): their sums must stay within SQLite's 63 bits."""


class About:
    """What all calls of one process have in common. (No dataclass, as `Schema` is none.)

    Attributes:
        command, provider, session: as in the table; the session may change between two calls.
        profile: "" where none is named.
    """

    __slots__ = ("command", "profile", "provider", "session")

    def __init__(self, command: str, provider: str, profile: str, session: str | None = None) -> None:
        """Take all four as they are."""
        self.command, self.provider, self.profile, self.session = command, provider, profile, session


def local_day(seconds: float) -> str:
    """The local date of a Unix time: "2026-11-22"."""
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


class Ledger:
    """A `Recorder` on disk, safe from any number of threads and processes."""

    def __init__(
        self, path: Path, about: About, limits: Limits, *, notify: Callable[[Notice], None],
        clock: Callable[[], float] = time.time, local_day: Callable[[float], str] = local_day,
        monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        """Prepare; nothing is opened before the first call.

        Args:
            path: `usage.db`.
            about: whose calls they are.
            limits: what all processes together may spend.
            notify: is told when a call could not be recorded (once), and when a file was set aside.
            clock, local_day: what time it is, and which day of the user's calendar that is.
            monotonic, sleep: for waiting until another process has written.
        """
        self._about, self._limits, self._notify = about, limits, notify
        self._clock, self._local_day = clock, local_day
        self._database = Database(path, SCHEMA, notify=notify, clock=clock, monotonic=monotonic, sleep=sleep)
        self._lock = self._database.path.with_name(f"{self._database.path.name}-lock")
        self._told = False

    def begin(self, plan: Plan) -> Ticket:
        """See `Recorder`. Raises `BudgetReachedError`, also where there is a budget and no ledger to keep it by."""
        try:
            (begun,) = self.keep((plan,))
        except DatabaseUnavailableError as error:
            return self._unrecorded(Ticket(UNRECORDED, plan), error)
        if isinstance(begun, BudgetReachedError):
            raise begun
        return begun

    def keep(
        self, plans: Sequence[Plan], over: Sequence[tuple[Ticket, Record | None]] = (),
        accounts: Sequence[Account | None] = (),
    ) -> list[Ticket | BudgetReachedError]:  # fmt: skip
        """Many steps in one transaction: `over` are settled, then `plans` begun one after the other.

        Args:
            over: calls that have ended, and how; None: one that was never made, of which nothing stays.
            accounts: whose each plan is; its limits count besides those of all. None, or none given: the process's own.
        Returns: what became of each plan.
        Raises:
            DatabaseUnavailableError: nothing of it was written.
        """
        whose = accounts or (None,) * len(plans)
        return self._database.write(lambda calls: self._keep(calls, plans, over, whose))

    @property
    def is_limited(self) -> bool:
        """Whether there is a budget, without which calls go on that cannot be recorded."""
        return bool(self._limits)

    def unrecorded(
        self, plan: Plan, error: DatabaseUnavailableError, account: Account | None = None
    ) -> Ticket | BudgetReachedError:
        """What becomes of a plan that `keep` could not write; nobody is told."""
        if not self._is_limited(account):
            return Ticket(UNRECORDED, plan, account)
        way = "put that right, or unset budget.day and budget.month"
        if not self._limits:
            way = "put that right"
        return UnkeptError(f"a budget cannot be kept: {error}; {way}")

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        """See `Recorder`. Raises `BudgetReachedError`, as `begin` does."""
        if ticket.number == UNRECORDED:
            return ticket._replace(plan=plan)
        try:
            return self._database.write(lambda calls: self._extend(calls, ticket, plan, spent_pico))
        except DatabaseUnavailableError as error:
            return self._unrecorded(ticket._replace(plan=plan), error)

    def settle(self, ticket: Ticket, record: Record) -> None:
        """See `Recorder`; the answer is there, so nothing is raised."""
        if ticket.number == UNRECORDED:
            return
        try:
            self.keep((), [(ticket, record)])
        except DatabaseUnavailableError as error:
            self._say(error)

    def left_pico(self) -> int | None:
        """See `Recorder`."""
        try:
            return self._database.write(self._left)
        except DatabaseUnavailableError:
            return None

    def close(self) -> None:
        """Close the database; a process that is about to end need not (it would wait for the disk)."""
        self._database.close()

    def _keep(
        self, calls: sqlite3.Connection, plans: Sequence[Plan], over: Sequence[tuple[Ticket, Record | None]],
        accounts: Sequence[Account | None],
    ) -> list[Ticket | BudgetReachedError]:  # fmt: skip
        for ticket, record in over:
            if record is None:
                calls.execute(FORGET, (ticket.number, self._owners().own))
            else:
                self._settle(calls, ticket, record)
        if over:
            self._fold(calls)
        if plans:
            self._sweep(calls)
        return self._begin(calls, plans, accounts) if plans else []

    def _begin(
        self, calls: sqlite3.Connection, plans: Sequence[Plan], accounts: Sequence[Account | None]
    ) -> list[Ticket | BudgetReachedError]:
        now, begun = self._clock(), list[Ticket | BudgetReachedError]()
        spending: dict[Account | None, list[_Spending]] = {}  # of all (None), and of each account
        for plan, account in zip(plans, accounts, strict=True):
            concerned = (None, account) if account and account.limits else (None,)
            for whose in concerned:
                if whose not in spending:
                    spending[whose] = list(self._spending(calls, now, whose))
            try:
                granted = _granted(plan, [each for whose in concerned for each in spending[whose]])
            except BudgetReachedError as error:
                begun.append(error)  # raised here it would undo all that has been written
                continue
            begun.append(Ticket(self._insert(calls, granted, now, account), granted, account))
            aside = granted.worst_pico or 0
            for whose in concerned:
                spending[whose] = [each._replace(aside_pico=each.aside_pico + aside) for each in spending[whose]]
        return begun

    def _extend(self, calls: sqlite3.Connection, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        now = self._clock()
        whose = (None, ticket.account) if ticket.account and ticket.account.limits else (None,)
        spending = [each for one in whose for each in self._spending(calls, now, one, ticket.number)]
        granted = _granted(plan, spending, spent_pico)
        number, _ = self._row(calls, ticket, now)
        values = {
            "model": _text(plan.model),
            "reserved": _fit(spent_pico + (granted.worst_pico or 0)),
            "input_pico": None if plan.input_pico is None else _fit(spent_pico + plan.input_pico),
            "tokens": _fit(plan.input_tokens),
            "spent": spent_pico > 0,
            "number": number,
        }
        calls.execute(EXTEND, values)
        return ticket._replace(number=number, plan=granted)

    def _settle(self, calls: sqlite3.Connection, ticket: Ticket, record: Record) -> None:
        if record.cost_pico is None and self._is_limited(ticket.account):
            # Another model answered than the one that was let through: no price, but no way round the budget either.
            record = record._replace(cost_pico=record.worst_pico, estimated=True)
        now = self._clock()
        number, state = self._row(calls, ticket, now - (record.duration_ms or 0) / 1000)
        if state != "open":
            calls.execute(COUNT, {"sign": -1, "number": number})  # it was taken for lost, and charged
        usage = record.usage
        values = {
            "number": number,
            "model": _text(record.model),
            "status": _text(record.status),
            "request_id": _text(record.request_id),
            "cost": _fit(record.cost_pico),
            **{name: _fit(count) for name, count in usage.as_json().items()},
            "duration": record.duration_ms,
            "ttft": record.ttft_ms,
            "estimated": record.estimated,
            "maybe_billed": record.maybe_billed,
        }
        calls.execute(SETTLE, values)
        calls.execute(COUNT, {"sign": 1, "number": number})

    def _fold(self, calls: sqlite3.Connection) -> None:
        """Remove rows that are older than they are kept for."""
        oldest = self._local_day(self._clock() - KEPT_DAYS * 86_400)
        calls.execute(FOLD, {"oldest": oldest, "most": _FOLDED_AT_ONCE})

    def _left(self, calls: sqlite3.Connection) -> int | None:
        found = [each.left_pico for each in self._spending(calls, self._clock())]
        return max(0, min(found)) if found else None

    def _spending(
        self, calls: sqlite3.Connection, now: float, account: Account | None = None, but: int = UNRECORDED
    ) -> Iterator[_Spending]:
        """Each limit of `account` (None: those of all calls), and what counts against it without the call `but`."""
        today = self._local_day(now)
        limits, query = (account.limits, SPENDING_OF_COMMAND) if account else (self._limits, SPENDING)
        for unit, limit, first_day, again in (
            ("day", limits.day_pico, today, "at midnight"),
            ("month", limits.month_pico, f"{today[:7]}-01", "on the 1st"),
        ):
            if limit is not None:
                name = f"{account.who}'s {unit} budget" if account else f"budget.{unit}"
                bounds = {"first_day": first_day, "today": today, "but": but}
                if account:
                    bounds["command"] = _text(account.command)
                spent, aside = calls.execute(query, bounds).fetchone()
                yield _Spending(name, limit, again, spent, aside, account.who if account else "")

    def _is_limited(self, account: Account | None) -> bool:
        return bool(self._limits or (account and account.limits))

    def _sweep(self, calls: sqlite3.Connection) -> None:
        """Charge the calls whose process has ended."""
        known = self._owners()
        for (owner,) in calls.execute("SELECT DISTINCT owner FROM calls WHERE state = 'open'").fetchall():
            if not known.lives(owner):
                lost = calls.execute("SELECT id FROM calls WHERE state = 'open' AND owner = ?", (owner,)).fetchall()
                calls.executemany(LOSE, lost)
                calls.executemany(COUNT, [{"sign": 1, "number": number} for (number,) in lost])

    def _row(self, calls: sqlite3.Connection, ticket: Ticket, began: float) -> tuple[int, str]:
        """The row of `ticket` and its state; a new one where its file has been set aside since."""
        key = (ticket.number, self._owners().own)
        known = calls.execute("SELECT id, state FROM calls WHERE id = ? AND owner = ?", key).fetchone()
        return known or (self._insert(calls, ticket.plan, began, ticket.account), "open")

    def _insert(self, calls: sqlite3.Connection, plan: Plan, began: float, account: Account | None) -> int:
        about = self._about
        values = {
            "at": int(began * 1000),
            "day": self._local_day(began),
            "owner": self._owners().own,
            "command": _text(account.command if account else about.command),
            "provider": _text(about.provider),
            "model": _text(plan.model),
            "profile": _text(about.profile),
            "session": _text(about.session),
            "reserved": _fit(plan.worst_pico or 0),
            "tokens": _fit(plan.input_tokens),
            "input_pico": _fit(plan.input_pico),
        }
        return calls.execute(INSERT, values).lastrowid or UNRECORDED

    def _owners(self) -> Owners:
        return owners(self._lock)

    def _unrecorded(self, ticket: Ticket, error: DatabaseUnavailableError) -> Ticket:
        """`ticket`, whose call goes on without being counted. Raises `BudgetReachedError` where there is a budget."""
        found = self.unrecorded(ticket.plan, error, ticket.account)
        if isinstance(found, BudgetReachedError):
            raise found from error
        self._say(error)
        return ticket

    def _say(self, error: DatabaseUnavailableError) -> None:
        if not self._told:
            self._told = True
            self._notify(Notice("not_recorded", f"this call is not recorded: {error}"))


class _Spending(NamedTuple):
    """A limit: its name, when it `starts_again`, and in pico-dollars its amount, what is spent, and set aside.

    Attributes:
        whose: who alone it holds for; "": all.
    """

    name: str
    limit_pico: int
    starts_again: str
    spent_pico: int
    aside_pico: int
    whose: str = ""

    @property
    def left_pico(self) -> int:
        """What is neither spent nor set aside; below 0 where it is more than the limit."""
        return self.limit_pico - self.spent_pico - self.aside_pico


def _granted(plan: Plan, spending: Iterable[_Spending], spent_pico: int = 0) -> Plan:
    """`plan` as far as all limits allow it, where its call has spent `spent_pico` that they do not know of."""
    for each in spending:
        words = f"{each.name} of {money(each.limit_pico)} (starts again {each.starts_again})"
        try:
            plan = grant(plan, each.left_pico - spent_pico, limit=words, set_aside_pico=each.aside_pico)
        except BudgetReachedError as error:
            error.whose = each.whose
            raise
    return plan


def _fit(count: int | None) -> int | None:
    return None if count is None else min(max(count, 0), _MOST)


def _text(text: str | None) -> str | None:
    """`text` without halves of surrogate pairs, which a server may send and no database takes."""
    return None if text is None else text.encode(errors="replace").decode()
