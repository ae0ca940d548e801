"""The ledger: every call with its usage and cost, kept in `usage.db`, and budgets over the calls of all processes.

A call is written down before it is sent, with the most it may cost, and again when it is over. One whose process ended
in between is found by the next that begins: it is lost, and charged at the estimate of its input. A ledger that cannot
be kept never stops a call, unless there is a budget.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..core.budget import Limits, Plan, Record, Ticket, grant
from ..core.errors import BudgetReachedError
from ..core.messages import Notice
from ..core.pricing import money
from .database import Database, DatabaseUnavailableError
from .ledger_schema import KEPT_DAYS, SCHEMA, SPENDING
from .owners import Owners, owners

_FOLDED_AT_ONCE = 100
"""Old rows that the end of a call removes at most: about a millisecond."""
_UNRECORDED = 0
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
        self._told = False

    def begin(self, plan: Plan) -> Ticket:
        """See `Recorder`. Raises `BudgetReachedError`, also where there is a budget and no ledger to keep it by."""
        try:
            begun = self._database.write(lambda calls: self._begin(calls, plan))
        except DatabaseUnavailableError as error:
            return self._unrecorded(Ticket(_UNRECORDED, plan), error)
        if isinstance(begun, BudgetReachedError):
            raise begun
        return begun

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        """See `Recorder`. Raises `BudgetReachedError`, as `begin` does."""
        if ticket.number == _UNRECORDED:
            return Ticket(_UNRECORDED, plan)
        try:
            return self._database.write(lambda calls: self._extend(calls, ticket, plan, spent_pico))
        except DatabaseUnavailableError as error:
            return self._unrecorded(ticket._replace(plan=plan), error)

    def settle(self, ticket: Ticket, record: Record) -> None:
        """See `Recorder`; the answer is there, so nothing is raised."""
        if ticket.number == _UNRECORDED:
            return
        try:
            self._database.write(lambda calls: self._settle(calls, ticket, record))
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

    def _begin(self, calls: sqlite3.Connection, plan: Plan) -> Ticket | BudgetReachedError:
        now = self._clock()
        self._sweep(calls)
        try:
            granted = self._granted(calls, plan, now)
        except BudgetReachedError as error:
            return error  # raised here it would undo what was swept
        return Ticket(self._insert(calls, granted, now), granted)

    def _extend(self, calls: sqlite3.Connection, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        now = self._clock()
        granted = self._granted(calls, plan, now, but=ticket.number, spent_pico=spent_pico)
        number = self._row(calls, ticket, now)
        values = {
            "model": _text(plan.model),
            "reserved": _fit(spent_pico + (granted.worst_pico or 0)),
            "input_pico": None if plan.input_pico is None else _fit(spent_pico + plan.input_pico),
            "tokens": _fit(plan.input_tokens),
            "spent": spent_pico > 0,
            "number": number,
        }
        calls.execute(_EXTEND, values)
        return Ticket(number, granted)

    def _settle(self, calls: sqlite3.Connection, ticket: Ticket, record: Record) -> None:
        if record.cost_pico is None and self._limits:
            # Another model answered than the one that was let through: no price, but no way round the budget either.
            record = record._replace(cost_pico=record.worst_pico, estimated=True)
        now = self._clock()
        number = self._row(calls, ticket, now - (record.duration_ms or 0) / 1000)
        (state,) = calls.execute("SELECT state FROM calls WHERE id = ?", (number,)).fetchone()
        if state != "open":
            calls.execute(_COUNT, {"sign": -1, "number": number})  # it was taken for lost, and charged
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
        calls.execute(_SETTLE, values)
        calls.execute(_COUNT, {"sign": 1, "number": number})
        oldest = self._local_day(now - KEPT_DAYS * 86_400)
        calls.execute(_FOLD, {"oldest": oldest, "most": _FOLDED_AT_ONCE})

    def _granted(
        self, calls: sqlite3.Connection, plan: Plan, now: float, *, but: int = _UNRECORDED, spent_pico: int = 0
    ) -> Plan:
        """`plan` as far as all limits allow it; the call `but` has spent `spent_pico`, whatever is reserved for it."""
        for name, limit, again, spent, set_aside in self._spending(calls, now, but):
            left = limit - spent - set_aside - spent_pico
            words = f"{name} of {money(limit)} (starts again {again})"
            plan = grant(plan, left, limit=words, set_aside_pico=set_aside)
        return plan

    def _left(self, calls: sqlite3.Connection) -> int | None:
        found = [limit - spent - aside for _, limit, _, spent, aside in self._spending(calls, self._clock())]
        return max(0, min(found)) if found else None

    def _spending(
        self, calls: sqlite3.Connection, now: float, but: int = _UNRECORDED
    ) -> Iterator[tuple[str, int, str, int, int]]:
        """Each limit: its name, its amount, when it starts again, what is spent, and set aside for calls but `but`."""
        today = self._local_day(now)
        limits = (
            ("budget.day", self._limits.day_pico, today, "at midnight"),
            ("budget.month", self._limits.month_pico, f"{today[:7]}-01", "on the 1st"),
        )
        for name, limit, first_day, again in limits:
            if limit is not None:
                bounds = {"first_day": first_day, "today": today, "but": but}
                yield name, limit, again, *calls.execute(SPENDING, bounds).fetchone()

    def _sweep(self, calls: sqlite3.Connection) -> None:
        """Charge the calls whose process has ended."""
        known = self._owners()
        for (owner,) in calls.execute("SELECT DISTINCT owner FROM calls WHERE state = 'open'").fetchall():
            if not known.lives(owner):
                lost = calls.execute("SELECT id FROM calls WHERE state = 'open' AND owner = ?", (owner,)).fetchall()
                calls.executemany(_LOSE, lost)
                calls.executemany(_COUNT, [{"sign": 1, "number": number} for (number,) in lost])

    def _row(self, calls: sqlite3.Connection, ticket: Ticket, began: float) -> int:
        """The row of `ticket`; a new one where its file has been set aside since."""
        key = (ticket.number, self._owners().own)
        known = calls.execute("SELECT 1 FROM calls WHERE id = ? AND owner = ?", key).fetchone()
        return ticket.number if known else self._insert(calls, ticket.plan, began)

    def _insert(self, calls: sqlite3.Connection, plan: Plan, began: float) -> int:
        about = self._about
        values = {
            "at": int(began * 1000),
            "day": self._local_day(began),
            "owner": self._owners().own,
            "command": _text(about.command),
            "provider": _text(about.provider),
            "model": _text(plan.model),
            "profile": _text(about.profile),
            "session": _text(about.session),
            "reserved": _fit(plan.worst_pico or 0),
            "tokens": _fit(plan.input_tokens),
            "input_pico": _fit(plan.input_pico),
        }
        return calls.execute(_INSERT, values).lastrowid or _UNRECORDED

    def _owners(self) -> Owners:
        return owners(self._database.path.with_name(f"{self._database.path.name}-lock"))

    def _unrecorded(self, ticket: Ticket, error: DatabaseUnavailableError) -> Ticket:
        """`ticket`, whose call goes on without being counted. Raises `BudgetReachedError` where there is a budget."""
        if self._limits:
            raise BudgetReachedError(
                f"a budget cannot be kept: {error}; put that right, or unset budget.day and budget.month"
            ) from error
        self._say(error)
        return ticket

    def _say(self, error: DatabaseUnavailableError) -> None:
        if not self._told:
            self._told = True
            self._notify(Notice("not_recorded", f"this call is not recorded: {error}"))


def _fit(count: int | None) -> int | None:
    return None if count is None else min(max(count, 0), _MOST)


def _text(text: str | None) -> str | None:
    """`text` without halves of surrogate pairs, which a server may send and no database takes."""
    return None if text is None else text.encode(errors="replace").decode()


# A number is never given out again, not even by the file that takes the place of one that was set aside.
_INSERT = """
INSERT INTO calls (id, at, day, owner, command, provider, model, profile, session, state,
                   reserved_pico, input_estimate, input_pico)
VALUES (max(:at, 1 + ifnull((SELECT max(id) FROM calls), 0)), :at, :day, :owner, :command, :provider, :model, :profile,
        :session, 'open', :reserved, :tokens, :input_pico)"""

_EXTEND = """
UPDATE calls SET model = :model, reserved_pico = :reserved, input_pico = :input_pico,
                 input_estimate = CASE WHEN :spent THEN input_estimate ELSE 0 END + :tokens
WHERE id = :number"""

_SETTLE = """
UPDATE calls SET state = 'done', status = :status, model = :model, request_id = :request_id, reserved_pico = 0,
                 input_tokens = :input_tokens, output_tokens = :output_tokens, cache_read_tokens = :cache_read_tokens,
                 cache_write_tokens = :cache_write_tokens, thinking_tokens = :thinking_tokens, cost_pico = :cost,
                 duration_ms = :duration, ttft_ms = :ttft, estimated = :estimated, maybe_billed = :maybe_billed
WHERE id = :number"""

_LOSE = """
UPDATE calls SET state = 'lost', status = 'lost', reserved_pico = 0, input_tokens = input_estimate,
                 cost_pico = input_pico, estimated = 1
WHERE id = ?"""

_COUNT = """
INSERT INTO days
SELECT day, model, command, profile, :sign, :sign * (cost_pico IS NULL), :sign * estimated, :sign * input_tokens,
       :sign * output_tokens, :sign * cache_read_tokens, :sign * cache_write_tokens, :sign * thinking_tokens,
       :sign * ifnull(cost_pico, 0)
FROM calls WHERE id = :number
ON CONFLICT (day, model, command, profile) DO UPDATE SET
    calls = calls + excluded.calls,
    unpriced_calls = unpriced_calls + excluded.unpriced_calls,
    estimated_calls = estimated_calls + excluded.estimated_calls,
    input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
    cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
    thinking_tokens = thinking_tokens + excluded.thinking_tokens,
    cost_pico = cost_pico + excluded.cost_pico"""

_FOLD = """
DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE day < :oldest AND state <> 'open' LIMIT :most)"""
