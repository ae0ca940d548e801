"""Accounts in the ledger: calls of one process under the names of those who made them, and a budget for each."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime

import pytest

from claude_cli.core.budget import Account, Limits, Plan, Record, Ticket
from claude_cli.core.errors import BudgetReachedError
from claude_cli.core.messages import Usage
from claude_cli.storage.books import RunBooks
from claude_cli.storage.database import DatabaseUnavailableError
from claude_cli.storage.ledger import About, Ledger
from claude_cli.storage.ledger_grouped import GroupedLedger
from claude_cli.storage.ledger_report import read_report

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
PLAN = Plan("claude-haiku-5-5", input_tokens=100, max_tokens=4000, flexible=False, input_pico=100, token_pico=5)
FLEXIBLE = PLAN._replace(flexible=True)
WORST = 20_100
DONE = Record("claude-haiku-5-5", "done", Usage(100, 50), 350, "req_1")


def key(name, day=None, month=None):
    """The account of a key."""
    return Account(f"serve/{name}", Limits(day, month), f"key {name}")


class Books:
    """Ledgers of one file, at a time that stands still unless it is moved."""

    def __init__(self, path):
        self.path, self.now, self.made = path, NOON, []

    def ledger(self, *limits, notify=print):
        def calendar(seconds):
            return datetime.fromtimestamp(seconds, UTC).date().isoformat()

        about = About("serve", "anthropic", "")
        self.made.append(
            Ledger(self.path, about, Limits(*limits), notify=notify, clock=lambda: self.now, local_day=calendar)
        )
        return self.made[-1]

    def rows(self, columns="command, state, reserved_pico"):
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(f"SELECT {columns} FROM calls ORDER BY id").fetchall()


@pytest.fixture
def books(tmp_path):
    """An empty ledger."""
    made = Books(tmp_path / "usage.db")
    yield made
    for ledger in made.made:
        ledger.close()


def test_a_call_is_recorded_under_the_name_of_its_key(books, tmp_path):
    """And `usage --by command` shows it there; the process's own stays under its own."""
    ledger = books.ledger()
    tickets = ledger.keep([PLAN, PLAN, PLAN], accounts=[key("ci"), None, key("ci")])
    assert books.rows("command") == [("serve/ci",), ("serve",), ("serve/ci",)]
    ledger.keep([], [(ticket, DONE) for ticket in tickets])
    report = read_report(tmp_path, "command", None, None, date(2026, 11, 22))
    assert [(command, sums.calls, sums.cost_pico) for command, sums in report.rows] == [
        ("serve/ci", 2, 700), ("serve", 1, 350),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "account", "words"),
    [
        pytest.param((), key("ci", WORST - 1), "$0.00000002 of key ci's day budget of $0.00000002 (starts again at"
                     " midnight) is left, and this call may cost", id="its day"),
        pytest.param((), key("ci", None, WORST - 1), "of key ci's month budget of $0.00000002 (starts again on the"
                     " 1st) is left", id="its month"),
        pytest.param((WORST - 1,), key("ci", WORST), "of budget.day of ", id="the day of all"),
        pytest.param((None, WORST - 1), key("ci"), "of budget.month of ", id="the month of all, and it has none"),
        pytest.param((WORST, WORST), key("ci", WORST, WORST), "", id="room for it"),
    ],
)  # fmt: skip
def test_a_key_s_budget_counts_besides_that_of_all(books, limits, account, words):
    """The message says whose it is."""
    (found,) = books.ledger(*limits).keep([PLAN], accounts=[account])
    assert isinstance(found, BudgetReachedError if words else Ticket)
    assert words in str(found)
    assert getattr(found, "whose", "") == ("key ci" if "key ci" in words else "")


def test_only_its_own_calls_count_against_a_key_s_budget(books):
    """What others spend and set aside does not; what it sets aside does, also in the same group."""
    ci, web = key("ci", WORST + 1_000), key("web", WORST)
    ledger = books.ledger()
    found = ledger.keep([PLAN] * 5, accounts=[ci, ci, web, web, None])
    assert [type(each) for each in found] == [Ticket, BudgetReachedError, Ticket, BudgetReachedError, Ticket]
    assert [found[at].retryable for at in (1, 3)] == [True, True] and "is set aside for calls under way" in str(
        found[1]
    )
    ledger.keep([], [(found[0], DONE), (found[2], None)])
    again = books.ledger().keep([PLAN, PLAN], accounts=[ci, web])
    assert [type(each) for each in again] == [Ticket, Ticket]
    assert "$0.00000000055 of key ci's day" in str(ledger.keep([PLAN], [(again[0], DONE)], [key("ci", 1_250)])[0])


def test_a_key_s_day_starts_again_and_its_month_does_not(books):
    """By the local calendar, as the budgets of all."""
    ci = key("ci", WORST, WORST + 400)
    ledger = books.ledger()
    (ticket,) = ledger.keep([PLAN], accounts=[ci])
    ledger.settle(ticket, DONE)
    assert "day budget" in str(ledger.keep([PLAN], accounts=[ci])[0])
    books.now += 86_400
    (ticket,) = ledger.keep([PLAN], accounts=[ci])
    ledger.settle(ticket, DONE)
    books.now += 86_400
    assert "month budget" in str(ledger.keep([PLAN], accounts=[ci])[0])
    books.now += 10 * 86_400
    assert isinstance(ledger.keep([PLAN], accounts=[ci])[0], Ticket)


def test_a_flexible_answer_is_shortened_to_what_the_key_has_left(books):
    """As for the limits of all, whichever leaves less."""
    found = books.ledger(100 + 5 * 3000).keep([FLEXIBLE, FLEXIBLE], accounts=[key("ci", 100 + 5 * 2000), None])
    assert [each.plan.max_tokens if isinstance(each, Ticket) else str(each)[:6] for each in found] == [2000, "$0.000"]
    assert books.rows("reserved_pico") == [(10_100,)]


def test_an_answer_that_goes_on_stays_its_key_s(books):
    """Its next request is let through by the key's budget; and so is its row where the file was set aside meanwhile."""
    ledger = books.ledger()
    (ticket,) = ledger.keep([PLAN], accounts=[key("ci", 2 * WORST)])
    ticket = ledger.extend(ticket, PLAN, 5_000)
    assert (ticket.account, books.rows()) == (key("ci", 2 * WORST), [("serve/ci", "open", 25_100)])
    with pytest.raises(BudgetReachedError, match="key ci's day budget"):
        ledger.extend(ticket, PLAN, WORST + 1)
    ledger.close()
    for path in books.path.parent.iterdir():
        path.unlink()
    books.ledger().settle(ticket, DONE)
    assert books.rows("command, cost_pico") == [("serve/ci", 350)]


@pytest.mark.parametrize(("account", "cost"), [(key("ci", WORST), 9_000), (key("ci"), None), (None, None)])
def test_an_answer_without_a_price_counts_at_its_worst_where_there_is_a_budget(books, account, cost):
    """Or another model that answers would be a way round it."""
    ledger = books.ledger()
    (ticket,) = ledger.keep([PLAN], accounts=[account])
    ledger.settle(ticket, DONE._replace(cost_pico=None, worst_pico=9_000))
    assert books.rows("cost_pico") == [(cost,)]


def test_without_a_ledger_a_key_with_a_budget_may_spend_nothing(books):
    """Others may, as before."""
    error = DatabaseUnavailableError("disk full")
    ledger = books.ledger()
    assert isinstance(ledger.unrecorded(PLAN, error, key("ci")), Ticket)
    refused = ledger.unrecorded(PLAN, error, key("ci", WORST))
    assert str(refused) == "a budget cannot be kept: disk full; put that right"
    assert "unset budget.day" in str(books.ledger(WORST).unrecorded(PLAN, error, key("ci")))


def run(steps, books, *limits):
    """`steps(RunBooks)` in an event loop; closed at its end."""

    async def main():
        async def call(plan, account=None):
            reserved = await made.reserve(plan, account)
            return reserved

        made = RunBooks(None, GroupedLedger(lambda tell: books.ledger(*limits, notify=tell), print))
        try:
            return await steps(call)
        finally:
            await made.aclose()

    return asyncio.run(main())


def test_many_at_once_spend_no_more_than_their_keys_may(books):
    """Reserved in groups, each settled or never sent."""

    async def steps(call):
        accounts = [key("a", 3 * WORST), key("b", 5 * WORST), key("c")] * 10
        found = await asyncio.gather(*(call(PLAN, account) for account in accounts), return_exceptions=True)
        let_in = [
            (account, each) for account, each in zip(accounts, found, strict=True) if not isinstance(each, Exception)
        ]
        for number, (_, reserved) in enumerate(let_in):
            if number % 2:
                reserved.release()
            else:
                reserved.settle(reserved.begin(PLAN), DONE)
                reserved.release()  # says nothing any more
        return [account.who for account, _ in let_in]

    let_in = run(steps, books)
    assert {who: let_in.count(who) for who in set(let_in)} == {"key a": 3, "key b": 5, "key c": 10}
    assert set(books.rows("state, cost_pico")) == {("done", 350)} and len(books.rows()) == 9


def test_a_call_that_was_lowered_begins_without_waiting_for_the_disk(books):
    """What was let through is what begins; another plan has to be asked for."""

    async def steps(call):
        reserved = await call(FLEXIBLE, key("ci", 100 + 5 * 2000))
        begun = reserved.begin(FLEXIBLE)
        assert begun is reserved.ticket and begun.plan.max_tokens == 2000
        reserved.settle(begun, DONE)

    run(steps, books)
    assert books.rows("command, state, cost_pico") == [("serve/ci", "done", 350)]


def test_processes_share_a_key_s_budget(tmp_path):
    """Two gateways on one ledger let no more through than one would."""
    program = (
        "import sys; from pathlib import Path\n"
        "from claude_cli.core.budget import Account, Limits, Plan, Ticket\n"
        "from claude_cli.storage.ledger import About, Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]), About('serve', 'anthropic', ''), Limits(), notify=print)\n"
        "plan, account = Plan('m', 100, 4000, False, 100, 5), Account('serve/ci', Limits(25 * 20_100), 'key ci')\n"
        "print(sum(isinstance(ledger.keep([plan], accounts=[account])[0], Ticket) for _ in range(20)))\n"
        "sys.stdout.flush(); sys.stdin.read()"  # it lives on: what it set aside is not taken for lost
    )
    command = [sys.executable, "-c", program, str(tmp_path / "usage.db")]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [int(process.stdout.readline()) for process in running]
    for process in running:
        process.communicate(timeout=60)
    assert sum(counts) == 25
