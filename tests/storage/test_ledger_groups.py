"""The ledger in groups: many calls begun and settled in one transaction are what they would be one after the other."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from claude_cli.core.budget import Limits, Plan, Record, Ticket
from claude_cli.core.errors import BudgetReachedError
from claude_cli.core.messages import Usage
from claude_cli.storage.database import DatabaseUnavailableError
from claude_cli.storage.ledger import About, Ledger

PLAN = Plan("claude-haiku-5-5", input_tokens=100, max_tokens=4000, flexible=False, input_pico=100, token_pico=5)
WORST = 20_100
DONE = Record("claude-haiku-5-5", "done", Usage(100, 50), 350, "req_1")


@pytest.fixture
def make(tmp_path):
    """Makes ledgers of one file; all are closed at the end."""
    made = []

    def ledger(*limits):
        about = About("batch", "anthropic", "")
        made.append(Ledger(tmp_path / "usage.db", about, Limits(*limits), notify=print))
        return made[-1]

    yield ledger
    for each in made:
        each.close()


def rows(tmp_path, columns="state"):
    with closing(sqlite3.connect(tmp_path / "usage.db")) as connection:
        return connection.execute(f"SELECT {columns} FROM calls ORDER BY id").fetchall()


def test_each_sees_what_those_before_it_set_aside(make, tmp_path):
    """In the order in which they came; a cheaper one behind one that was refused still gets its turn."""
    ledger = make(2 * WORST + 5_100)
    small = PLAN._replace(max_tokens=1000)
    found = ledger.keep([PLAN, PLAN, PLAN, small, small])
    assert [type(each) for each in found] == [Ticket, Ticket, BudgetReachedError, Ticket, BudgetReachedError]
    assert [each.retryable for each in found if isinstance(each, BudgetReachedError)] == [True, True]
    assert rows(tmp_path, "reserved_pico") == [(WORST,), (WORST,), (5_100,)]
    assert ledger.left_pico() == 0


def test_the_tighter_limit_decides(make):
    """Of the day and of the month, for each call of the group."""
    first, second = make(10 * WORST, WORST).keep([PLAN, PLAN])
    assert isinstance(first, Ticket)
    assert "budget.month" in str(second)


def test_what_is_over_is_given_back_before_others_begin(make, tmp_path):
    """In the same transaction: a budget that is nearly used up goes to the next without a detour."""
    ledger = make(WORST + 350)
    (first,) = ledger.keep([PLAN])
    (second,) = ledger.keep([PLAN], [(first, DONE)])
    assert isinstance(second, Ticket)
    assert rows(tmp_path, "state, cost_pico, reserved_pico") == [("done", 350, 0), ("open", None, WORST)]


def test_a_call_that_was_never_made_leaves_no_row(make, tmp_path):
    """And only its own row goes: one that is settled stays, whoever asks."""
    ledger = make(2 * WORST)
    first, second = ledger.keep([PLAN, PLAN])
    ledger.settle(second, DONE)
    assert ledger.keep([], [(first, None), (second, None)]) == []
    assert rows(tmp_path) == [("done",)]
    assert make(WORST).keep([], [(first, None)]) == []


def test_what_cannot_be_written_is_not_written_in_part(make, tmp_path):
    """The caller is told, and keeps what was to be settled."""
    ledger = make()
    (first,) = ledger.keep([PLAN])
    with closing(sqlite3.connect(tmp_path / "usage.db")) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON calls BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    with pytest.raises(DatabaseUnavailableError, match="disk full"):
        ledger.keep([PLAN], [(first, DONE)])
    assert rows(tmp_path) == [("open",)]
    assert isinstance(ledger.unrecorded(PLAN, DatabaseUnavailableError("x")), Ticket)
    assert isinstance(make(WORST).unrecorded(PLAN, DatabaseUnavailableError("x")), BudgetReachedError)
