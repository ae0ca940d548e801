"""The ledger: every call has its row, the totals are their sum, and a budget is kept by all processes together."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from claude_cli.core.budget import Limits, Plan, Record, Ticket
from claude_cli.core.errors import BudgetReachedError
from claude_cli.core.messages import Usage
from claude_cli.storage.ledger import About, Ledger, local_day

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
HOUR, DAY = 3600.0, 86_400.0
ABOUT = About("complete", "anthropic", "", "s1")
PLAN = Plan("claude-haiku-5-5", input_tokens=100, max_tokens=4000, input_pico=100, token_pico=5)
"""20,100 at worst, 100 if it is lost."""
DONE = Record(
    "claude-haiku-5-5-20261001", "done", Usage(100, 50, 7, 3, 20), 350, "req_1", duration_ms=1200, ttft_ms=300
)  # fmt: skip
SUMS = (
    "calls", "unpriced_calls", "estimated_calls", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "thinking_tokens", "cost_pico",
)  # fmt: skip


class Books:
    """Ledgers of one file, what they told, and what is in the file. The clock stands until `now` is set."""

    def __init__(self, path):
        self.path, self.now, self.notices, self._made = path, NOON, [], []

    def ledger(self, day=None, month=None, about=ABOUT, **more):
        def calendar(seconds):
            return datetime.fromtimestamp(seconds, UTC).date().isoformat()

        how = {"clock": lambda: self.now, "local_day": calendar, "notify": self.notices.append, **more}
        self._made.append(Ledger(self.path, about, Limits(day, month), **how))
        return self._made[-1]

    def rows(self, columns="*", table="calls"):
        with closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()
        return [dict(row) for row in found]

    def summed(self):
        """The sums of all rows that are over, by their key; what `days` has to be."""
        sums = {}
        for row in self.rows():
            if row["state"] != "open":
                of_row = {**row, "calls": 1, "unpriced_calls": row["cost_pico"] is None}
                of_row |= {"estimated_calls": row["estimated"], "cost_pico": row["cost_pico"] or 0}
                key = tuple(row[name] for name in ("day", "model", "command", "profile"))
                sums[key] = [had + of_row[name] for had, name in zip(sums.get(key, [0] * 9), SUMS, strict=True)]
        return sums

    def totals(self):
        """What `days` is; keys whose calls were all taken back again count as none."""
        days = self.rows(table="days")
        found = {
            (row["day"], row["model"], row["command"], row["profile"]): [row[name] for name in SUMS] for row in days
        }
        return {key: sums for key, sums in found.items() if any(sums)}

    def close(self):
        for ledger in self._made:
            ledger.close()


@pytest.fixture
def books(tmp_path):
    """An empty ledger."""
    books = Books(tmp_path / "usage.db")
    yield books
    books.close()


def test_a_call_has_a_row_before_and_after(books):
    """All that is ever kept of it: no content, and nothing that names who asked."""
    ledger = books.ledger()
    ticket = ledger.begin(PLAN)
    (row,) = books.rows()
    del row["owner"]
    begun = {
        "id": int(NOON * 1000), "at": int(NOON * 1000), "day": "2026-11-22", "command": "complete",
        "provider": "anthropic", "model": "claude-haiku-5-5", "profile": "", "session": "s1", "request_id": None,
        "state": "open", "status": None, "input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0,
        "cache_write_tokens": 0, "thinking_tokens": 0, "cost_pico": None, "reserved_pico": 20_100,
        "input_estimate": 100, "input_pico": 100, "duration_ms": None, "ttft_ms": None, "estimated": 0,
        "maybe_billed": 0,
    }  # fmt: skip
    assert row == begun and books.totals() == {}
    ledger.settle(ticket, DONE)
    (row,) = books.rows()
    del row["owner"]
    assert row == {
        **begun, "model": "claude-haiku-5-5-20261001", "request_id": "req_1", "state": "done", "status": "done",
        "input_tokens": 100, "output_tokens": 50, "cache_read_tokens": 7, "cache_write_tokens": 3,
        "thinking_tokens": 20, "cost_pico": 350, "reserved_pico": 0, "duration_ms": 1200, "ttft_ms": 300,
    }  # fmt: skip
    key = ("2026-11-22", "claude-haiku-5-5-20261001", "complete", "")
    assert books.totals() == {key: [1, 0, 0, 100, 50, 7, 3, 20, 350]}


def test_the_totals_are_the_sums_of_the_rows(books):
    """Of every day, model, command and profile; what has no price adds nothing but itself."""
    records = (
        DONE,
        Record("claude-new", "overloaded", Usage(9, 1), estimated=True),
        Record("m", "aborted", cost_pico=0),
    )
    for number, about in enumerate((ABOUT, About("chat", "anthropic", "work"), About("batch", "anthropic", "work"))):
        books.now = NOON + number * DAY
        for record in records * 2:
            ledger = books.ledger(about=about)
            ledger.settle(ledger.begin(PLAN), record)
    assert len(books.totals()) == 9 and books.totals() == books.summed()
    assert books.totals()["2026-11-24", "claude-new", "batch", "work"] == [2, 2, 2, 18, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("limits", "spent", "allowed"),
    [
        pytest.param({}, [(0, 10**15)], 4000, id="no limit"),
        pytest.param({"day": 20_100}, [], 4000, id="just enough for the worst"),
        pytest.param({"day": 20_099}, [], 3999, id="lowered"),
        pytest.param({"day": 20_100}, [(0, 5000)], 3000, id="less what was spent today"),
        pytest.param({"day": 20_100}, [(-DAY, 5000)], 4000, id="yesterday is another day"),
        pytest.param({"month": 20_100}, [(-DAY, 5000)], 3000, id="but of the same month"),
        pytest.param({"month": 20_100}, [(-22 * DAY, 5000)], 4000, id="last month is another"),
        pytest.param({"day": 15_100, "month": 10_100}, [], 2000, id="the lower of two"),
        pytest.param({"day": 20_100}, [(9 * HOUR, 5000)], 3000, id="later today, by a clock that was wrong"),
        pytest.param({"day": 20_100}, [(2 * DAY, 5000)], 3000, id="a day to come"),
        pytest.param({"day": 20_100, "month": 20_100}, [(3 * DAY, 5000)], 4000, id="but none by a clock wrong by more"),
        pytest.param({"day": 5220 + 999}, [(0, 999)], 1024, id="the least"),
    ],
)
def test_a_budget_counts_what_was_spent(books, limits, spent, allowed):
    """Of this day and this month, and of days to come: a clock that was wrong gives nothing away."""
    for when, cost in spent:
        books.now = NOON + when
        ledger = books.ledger(about=About("chat", "anthropic", "other"))
        ledger.settle(ledger.begin(PLAN), Record("m", "done", cost_pico=cost))
    books.now = NOON
    ticket = books.ledger(**limits).begin(PLAN)
    assert ticket.plan.max_tokens == allowed
    assert sum(row["reserved_pico"] for row in books.rows()) == ticket.plan.worst_pico


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        pytest.param(
            {"day": 5119}, r"of budget\.day of \$0\.0000000051 \(starts again at midnight\) is left", id="day"
        ),
        pytest.param(
            {"day": 10**9, "month": 0}, r"budget\.month of \$0\.00 \(starts again on the 1st\) is left", id="month"
        ),
    ],
)
def test_a_call_that_a_budget_has_no_room_for_is_not_begun(books, limits, message):
    """And leaves no row."""
    with pytest.raises(BudgetReachedError, match=message):
        books.ledger(**limits).begin(PLAN)
    assert books.rows() == []


def test_calls_under_way_count_at_their_worst(books):
    """In whichever process; what they do not use is given back when they are over."""
    one, two = books.ledger(day=30_000), books.ledger(day=30_000)
    ticket = one.begin(PLAN)
    assert two.begin(PLAN).plan.max_tokens == (30_000 - 20_100 - 100) // 5
    with pytest.raises(BudgetReachedError):
        two.begin(PLAN)
    with pytest.raises(BudgetReachedError, match="set aside for calls under way; try again when") as caught:
        two.begin(PLAN._replace(flexible=False))
    assert caught.value.retryable
    one.settle(ticket, DONE)
    assert one.begin(PLAN).plan.worst_pico == 20_100 - 350


def test_a_call_that_goes_on_reserves_what_it_spent_and_the_next_worst(books):
    """Its own first reservation does not stand in its way."""
    ledger = books.ledger(day=30_100)
    ticket = ledger.begin(PLAN)
    following = Plan("claude-opus-5-5", 200, 4000, input_pico=200, token_pico=7)
    further = ledger.extend(ticket, following, 350)
    assert further == Ticket(ticket.number, following)
    row = {"model": "claude-opus-5-5", "reserved_pico": 350 + 28_200, "input_estimate": 300, "input_pico": 550}
    assert books.rows(", ".join(row)) == [row]
    ledger.extend(ticket, following, 0)
    assert books.rows("input_estimate") == [{"input_estimate": 200}]  # another model's tries, which cost nothing
    assert ledger.extend(ticket, following, 12_000).plan.max_tokens == (30_100 - 12_000 - 200) // 7
    with pytest.raises(BudgetReachedError):
        ledger.extend(further, following, 30_000)
    ledger.settle(further, DONE)
    assert [row["cost_pico"] for row in books.rows()] == [350] and books.totals() == books.summed()


LOSES = """
import os, pathlib, sys
from claude_cli.core.budget import Limits, Plan
from claude_cli.storage.ledger import About, Ledger
ledger = Ledger(pathlib.Path(sys.argv[1]), About("chat", "anthropic", ""), Limits(), notify=print,
                local_day=lambda seconds: "2026-11-22")
first = ledger.begin(Plan("claude-haiku-5-5", 100, 4000, input_pico=100, token_pico=5))
ledger.extend(first, Plan("claude-haiku-5-5", 70, 4000, input_pico=70, token_pico=5), 1000)
ledger.begin(Plan("claude-unknown", 30, 4000))
print("begun", flush=True)
sys.stdin.read()
os._exit(0)
"""


def test_a_call_whose_process_has_ended_is_charged_its_input(books):
    """By the next that begins, at what had been spent and the estimate of the prompt: marked, and never twice."""
    mine = books.ledger().begin(PLAN)
    ledger, hard = books.ledger(day=20_100 + 1070 + 20_095), PLAN._replace(flexible=False)
    command = [sys.executable, "-c", LOSES, books.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"begun\n"
        with pytest.raises(BudgetReachedError):
            ledger.begin(hard)
        assert [row["state"] for row in books.rows()] == ["open"] * 3
        process.kill()
    with pytest.raises(BudgetReachedError):
        ledger.begin(hard)
    assert sorted(row["state"] for row in books.rows()) == ["lost", "lost", "open"]
    assert ledger.begin(PLAN).plan.max_tokens == 3999
    lost = [
        row for row in books.rows("model, id, state, input_tokens, cost_pico, estimated") if row.pop("state") == "lost"
    ]
    assert [tuple(row.values())[2:] for row in lost] == [(170, 1070, 1), (30, None, 1)]
    assert mine.number not in [row["id"] for row in lost] and books.totals() == books.summed()


def test_a_call_taken_for_lost_is_counted_once(books):
    """As where somebody removed the file of locks: what it did cost takes the place of what was charged."""
    ledger = books.ledger()
    ticket = ledger.begin(PLAN)
    ledger.close()
    (lock,) = books.path.parent.glob("*-lock")
    lock.unlink()
    subprocess.run([sys.executable, "-c", LOSES, books.path], check=True, timeout=60, stdin=subprocess.DEVNULL)
    assert {row["id"]: row["state"] for row in books.rows()}[ticket.number] == "lost"
    ledger.settle(ticket, DONE)
    assert {row["id"]: row["cost_pico"] for row in books.rows()}[ticket.number] == 350
    assert books.totals() == books.summed()


@pytest.mark.parametrize("hours", [-30, -2, 2, 30])
def test_a_clock_that_jumps_loses_and_doubles_nothing(books, hours):
    """Between two calls, and within one: it belongs to the day on which it began."""
    ledger = books.ledger()
    for _ in range(2):
        ticket = ledger.begin(PLAN)
        books.now += hours * HOUR
        ledger.settle(ticket, DONE)
        ledger.settle(ledger.begin(PLAN), DONE)
    assert len({row["id"] for row in books.rows()}) == 4 and books.totals() == books.summed()
    assert sum(sums[0] for sums in books.totals().values()) == 4
    assert books.rows("id, day")[0]["day"] == "2026-11-22"


def test_old_calls_go_and_their_sums_stay(books):
    """A hundred at a time, so that no call waits for it; those of the last 90 days have rows of their own."""
    ledger = books.ledger()
    for age in (*[120] * 101, *[90] * 3):
        books.now = NOON - age * DAY
        ledger.settle(ledger.begin(PLAN), DONE)
    before = books.totals()
    books.now = NOON
    for left in (1 + 3, 3, 3):
        ticket = ledger.begin(PLAN)
        ledger.settle(ticket, DONE)
        old = [row for row in books.rows() if row["day"] < "2026-11-22"]
        assert len(old) == left
    after = books.totals()
    today = ("2026-11-22", "claude-haiku-5-5-20261001", "complete", "")
    assert after.pop(today)[0] == 3 and after == before


def test_without_a_ledger_the_answer_still_comes(books):
    """It is said once, and why."""
    books.path.mkdir()
    ledger = books.ledger()
    for _ in range(2):
        ticket = ledger.begin(PLAN)
        ledger.settle(ledger.extend(ticket, PLAN, 350), DONE)
        assert ticket.plan == PLAN
    (notice,) = books.notices
    assert notice.code == "not_recorded"
    assert notice.text == f"this call is not recorded: {books.path} cannot be used (it is not a file)"


@pytest.mark.parametrize("limits", [{"day": 10**12}, {"month": 10**12}])
def test_without_a_ledger_a_budget_allows_nothing(books, limits):
    """It could not be kept."""
    books.path.mkdir()
    with pytest.raises(BudgetReachedError, match=r"a budget cannot be kept: .*not a file.*; .* unset budget\.day"):
        books.ledger(**limits).begin(PLAN)


@pytest.mark.parametrize("limits", [{}, {"day": 10**12}])
def test_a_ledger_that_goes_away_meanwhile(books, limits):
    """What has been sent is answered, and settled when that can be done; with a budget nothing further is sent."""
    ledger = books.ledger(**limits)
    ticket, kept = ledger.begin(PLAN), books.path.with_name("kept")
    books.path.rename(kept)
    books.path.mkdir()
    if limits:
        with pytest.raises(BudgetReachedError):
            ledger.extend(ticket, PLAN, 350)
    else:
        ticket = ledger.extend(ticket, PLAN, 350)
    ledger.settle(ticket, DONE)
    assert [notice.code for notice in books.notices] == ["not_recorded"]
    books.path.rmdir()
    kept.rename(books.path)
    ledger.settle(ticket, DONE)
    assert [row["status"] for row in books.rows()] == ["done"]


def test_a_call_goes_into_the_new_file_where_the_old_was_set_aside(books):
    """Whole, though it began in the old one; and its number is nobody else's there."""
    ledger = books.ledger()
    first, second = ledger.begin(PLAN), ledger.begin(PLAN)
    for suffix in ("", "-wal", "-shm"):
        books.path.with_name(f"usage.db{suffix}").rename(books.path.with_name(f"old{suffix}"))
    books.now += 10
    third = ledger.begin(PLAN)
    second = ledger.extend(second, PLAN, 350)
    for ticket in (first, second, third):
        ledger.settle(ticket, DONE)
    rows = books.rows()
    assert [row["status"] for row in rows] == ["done"] * 3 and books.totals() == books.summed()
    assert rows[0]["id"] == third.number and len({row["id"] for row in rows}) == 3


def test_whatever_a_server_says_is_kept(books):
    """Half a surrogate pair and absurd counts are no reason to lose a row, or to lose count."""
    ledger = books.ledger()
    absurd = Record("m\ud800", "done", Usage(10**30, -5), 10**40, "\udfff")
    ledger.settle(ledger.begin(Plan("\ud800", 10**30, 10**30, True, 10**30, 10**30)), absurd)
    (row,) = books.rows()
    assert (row["model"], row["request_id"]) == ("m?", "?")
    assert (row["input_tokens"], row["output_tokens"], row["cost_pico"]) == (10**15, 0, 10**15)
    with pytest.raises(BudgetReachedError):
        books.ledger(day=10**14).begin(PLAN)


@pytest.mark.parametrize(("limits", "cost"), [({}, None), ({"day": 10**9}, 20_100)], ids=["no budget", "a budget"])
def test_an_answer_by_a_model_without_a_price(books, limits, cost):
    """It is unpriced; but a budget must not be got round that way, and counts the most it could be."""
    ledger = books.ledger(**limits)
    ledger.settle(ledger.begin(PLAN), Record("claude-new", "done", Usage(9, 1), worst_pico=20_100))
    (row,) = books.rows("cost_pico, estimated")
    assert row == {"cost_pico": cost, "estimated": int(bool(limits))} and books.totals() == books.summed()


def test_threads_share_a_budget(books):
    """None is sent that does not fit, and none is refused that does."""
    sent = []
    hard = Plan("claude-haiku-5-5", 1, 100, flexible=False, input_pico=0, token_pico=1)

    def ask():
        ledger = books.ledger(day=3000)
        for _ in range(20):
            try:
                ticket = ledger.begin(hard)
            except BudgetReachedError:
                continue
            sent.append(ticket)
            ledger.settle(ticket, Record("m", "done", cost_pico=100))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 30 and not books.notices
    assert [sums[-1] for sums in books.totals().values()] == [3000]


def test_the_day_is_the_local_one():
    """As the user's calendar has it, whatever day that is in Greenwich."""
    days = {local_day(NOON + hours * HOUR) for hours in (0, 24)}
    here = datetime.fromtimestamp(NOON).date()
    assert days == {here.isoformat(), (here + timedelta(days=1)).isoformat()}
