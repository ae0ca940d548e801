"""What the ledger says: sums by day, model, command, profile or session, read without ever writing to it.

Sums of all time are in `days`, a few rows a day. Only sessions are asked of the calls themselves, which are kept for
90 days: what is older, or belongs to no session, is the rest of the sums of `days`, so that both always agree.
"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter
from pathlib import Path

from ..core.errors import UsageError
from .database import result_code
from .ledger_schema import FILE_NAME, SCHEMA, SPENDING
from .settings import DEFAULT_PROFILE

_BY_DAYS = """
SELECT CASE :by WHEN 'day' THEN day WHEN 'model' THEN model WHEN 'command' THEN command
    WHEN 'profile' THEN ifnull(nullif(profile, ''), :default) WHEN 'month' THEN substr(day, 1, 7) END,
    sum(calls), sum(unpriced_calls), sum(estimated_calls), sum(input_tokens), sum(output_tokens),
    sum(cache_read_tokens), sum(cache_write_tokens), sum(thinking_tokens), sum(cost_pico)
FROM days WHERE day BETWEEN :since AND :until GROUP BY 1 HAVING sum(calls) > 0 ORDER BY 1"""
_BY_SESSION = """
SELECT session, count(*), sum(cost_pico IS NULL), sum(estimated), sum(input_tokens), sum(output_tokens),
    sum(cache_read_tokens), sum(cache_write_tokens), sum(thinking_tokens), ifnull(sum(cost_pico), 0)
FROM calls WHERE session IS NOT NULL AND state <> 'open' AND day BETWEEN :since AND :until GROUP BY session"""
_OPEN = "SELECT count(*) FROM calls WHERE state = 'open' AND day BETWEEN :since AND :until"
# In the order of the file: twice as fast over a million calls as by their day.
_LOST = "SELECT count(*) FROM calls NOT INDEXED WHERE state = 'lost' AND day BETWEEN :since AND :until"
# Filling the cache (max_tokens 0) brings no text, and is no failure.
_FAILED = """
SELECT count(*) FROM calls NOT INDEXED WHERE state = 'done' AND output_tokens = 0
    AND status NOT IN ('done', 'max_tokens') AND day BETWEEN :since AND :until"""
_SET_ASIDE = "the next call keeps it under another name and begins a new one"


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over calls that are over. Tokens as the API counts them: those of the cache are besides `input_tokens`.

    Attributes:
        unpriced_calls: those without a price; they add nothing to `cost_pico`, which is in pico-dollars.
        estimated_calls: those whose tokens and cost are our estimate.
    """

    calls: int = 0
    unpriced_calls: int = 0
    estimated_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    thinking_tokens: int = 0
    cost_pico: int = 0

    @property
    def known_pico(self) -> int | None:
        """What those with a price cost; None where none has one: calls that failed cost nothing, and say nothing."""
        return None if self.unpriced_calls and not self.cost_pico else self.cost_pico

    @property
    def total_input_tokens(self) -> int:
        """The whole prompts: fresh, read from the cache and written to it."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    def plus(self, other: Sums, sign: int = 1) -> Sums:
        """Both together; with -1 for `sign` what is left of this one."""
        return Sums(*(mine + sign * its for mine, its in zip(_values(self), _values(other), strict=True)))


_values = attrgetter(*(item.name for item in fields(Sums)))


@dataclass(frozen=True, slots=True)
class Spending:
    """Pico-dollars that count against a budget: what has been spent, and what calls under way may come to."""

    spent_pico: int = 0
    reserved_pico: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What the ledger says of some days.

    Attributes:
        rows: by key, sorted by it for days, else the dearest first; None: the calls of no session that is known.
        totals: of all rows.
        open_calls: those not over, in no row yet.
        lost_calls: those whose process ended before they did; they are in the rows, estimated.
        failed_calls: those that brought nothing; they are in the rows, too. Both are of the last 90 days.
        day, month: spending of today and of this month so far.
    """

    rows: tuple[tuple[str | None, Sums], ...] = ()
    totals: Sums = Sums()
    open_calls: int = 0
    lost_calls: int = 0
    failed_calls: int = 0
    day: Spending = Spending()
    month: Spending = Spending()


def read_report(folder: Path, by: str, since: date | None, until: date | None, today: date) -> Report | None:
    """What the ledger in `folder` says; None where there is none.

    Args:
        by: "day", "month", "model", "command", "session" or "profile".
        since, until: the first and the last day; None: no bound.
        today: the local date.
    Raises:
        UsageError: it cannot be read: damaged, not ours, of a newer version that keeps it otherwise, or no access.
    """
    path = folder / FILE_NAME
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is not a file; move it away")

    bounds = {"since": (since or date.min).isoformat(), "until": (until or date.max).isoformat()}

    def read(connection: sqlite3.Connection) -> Report | None:
        return _report(connection, by, bounds, today) if _is_ours(connection, path) else None

    return _reading(path, read)


def _report(connection: sqlite3.Connection, by: str, bounds: dict[str, str], today: date) -> Report:
    values = {"by": by, "default": DEFAULT_PROFILE, **bounds}
    found = [(key, Sums(*numbers)) for key, *numbers in connection.execute(_BY_DAYS, values)]
    totals = sum_of([sums for _, sums in found])
    rows: list[tuple[str | None, Sums]] = found
    if by == "session":
        rows = [(key, Sums(*numbers)) for key, *numbers in connection.execute(_BY_SESSION, bounds)]
        rest = totals.plus(sum_of([sums for _, sums in rows]), -1)
        rows += [(None, rest)] if rest.calls else []
    if by not in ("day", "month"):
        rows.sort(key=lambda row: (-row[1].cost_pico, -row[1].total_input_tokens, row[0] or ""))
    return Report(
        tuple(rows),
        totals,
        open_calls=_number(connection, _OPEN, bounds),
        lost_calls=_number(connection, _LOST, bounds),
        failed_calls=_number(connection, _FAILED, bounds),
        day=_spending(connection, today, today),
        month=_spending(connection, today.replace(day=1), today),
    )


def sum_of(parts: list[Sums]) -> Sums:
    """All of `parts` together."""
    return Sums(*map(sum, zip(*map(_values, parts), strict=True)))


def _spending(connection: sqlite3.Connection, first_day: date, today: date) -> Spending:
    """What counts against a budget that began on `first_day`, as the ledger counts it."""
    bounds = {"first_day": first_day.isoformat(), "today": today.isoformat(), "but": 0}
    return Spending(*connection.execute(SPENDING, bounds).fetchone())


def _number(connection: sqlite3.Connection, query: str, bounds: dict[str, str]) -> int:
    (found,) = connection.execute(query, bounds).fetchone()
    return int(found)


def _is_ours(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether there is anything in it. Raises `UsageError`: something that is not ours."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark == SCHEMA.application_id:
        return True
    if mark or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise UsageError(f"{path} is not a database of claude-cli; {_SET_ASIDE}")
    return False


def _reading(path: Path, read: Callable[[sqlite3.Connection], Report | None]) -> Report | None:
    """What `read` makes of the one state that the database has now."""
    try:
        try:
            return _attempt(path, read, "mode=ro")
        except sqlite3.OperationalError as error:
            if result_code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            # SQLite wants to put files of its own beside it, and may not: then nobody writes to it either.
            return _attempt(path, read, "mode=ro&immutable=1")
    except sqlite3.Error as error:
        raise UsageError(f"{path} {_trouble(error)}") from error


def _attempt(path: Path, read: Callable[[sqlite3.Connection], Report | None], how: str) -> Report | None:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
    try:
        connection.execute("BEGIN")  # a call that ends meanwhile is in all the sums, or in none
        return read(connection)
    finally:
        connection.close()


def _trouble(error: sqlite3.Error) -> str:
    """What is wrong with a database, and what to do."""
    code = result_code(error)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"is damaged ({error}); {_SET_ASIDE}"
    if code == sqlite3.SQLITE_ERROR:  # a table or a column is missing
        return f"is kept otherwise by the version that wrote it ({error}); update claude-cli"
    return f"cannot be read: {error}"
