"""What the ledger says: sums that agree whatever they are by, and a file that is never written to."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime

import pytest

from claude_cli.core.budget import Limits, Plan, Record
from claude_cli.core.errors import UsageError
from claude_cli.core.messages import Usage
from claude_cli.storage.ledger import About, Ledger
from claude_cli.storage.ledger_report import Spending, Sums, read_report

TODAY = date(2026, 11, 22)
PLAN = Plan("m", 100, 4000, input_pico=100, token_pico=5)


class Books:
    """Writes calls by the real ledger, each at a time of its own, in UTC."""

    def __init__(self, folder):
        self.folder, self.path, self.now, self._made = folder, folder / "usage.db", 0.0, []

    def begin(self, when="2026-11-22 12:00", command="complete", profile="", session=None):
        self.now = datetime.fromisoformat(f"{when}+00:00").timestamp()

        def local_day(seconds):
            return datetime.fromtimestamp(seconds, UTC).date().isoformat()

        about, clock = About(command, "anthropic", profile, session), lambda: self.now
        ledger = Ledger(self.path, about, Limits(), notify=lambda notice: None, clock=clock, local_day=local_day)
        self._made.append(ledger)
        return ledger, ledger.begin(PLAN)

    def call(self, when="2026-11-22 12:00", *, model="m", usage=None, cost=7, estimated=False, status="done", **about):
        ledger, ticket = self.begin(when, **about)
        ledger.settle(ticket, Record(model, status, usage or Usage(10, 5), cost, estimated=estimated))

    def report(self, by="day", since=None, until=None, today=TODAY):
        return read_report(self.folder, by, since, until, today)

    def close(self):
        for ledger in self._made:
            ledger.close()
        self._made.clear()


@pytest.fixture
def books(tmp_path):
    """An empty ledger."""
    books = Books(tmp_path)
    yield books
    books.close()


def keys(report):
    """What its rows are called, and how many calls each has."""
    return {key: sums.calls for key, sums in report.rows}


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("day", {"2026-10-31": 1, "2026-11-01": 1, "2026-11-22": 3}),
        ("month", {"2026-10": 1, "2026-11": 4}),
        ("model", {"m": 4, "other": 1}),
        ("command", {"chat": 2, "complete": 3}),
        ("profile", {"default": 4, "work": 1}),
        ("session", {"s1": 2, None: 3}),
    ],
)
def test_sums_agree_whatever_they_are_by(books, by, rows):
    """The same calls, counted six ways; a call without a price adds a count and no money."""
    books.call("2026-10-31 23:59")
    books.call("2026-11-01 00:01", command="chat", session="s1")
    books.call(model="other", cost=None, profile="work")
    books.call(estimated=True, usage=Usage(1, 2, 3, 4, 1), cost=100)
    books.call(command="chat", session="s1")
    report = books.report(by)
    assert keys(report) == rows
    assert report.totals == Sums(5, 1, 1, 41, 22, 3, 4, 1, 121)
    assert report.totals.total_input_tokens == 48
    assert sum(sums.cost_pico for _, sums in report.rows) == 121


def test_days_come_in_order_and_all_else_by_what_it_cost(books):
    """What to look at first stands first; between equals the name decides."""
    for model, cost in (("b", 5), ("a", 5), ("c", 9), ("free", None)):
        books.call(model=model, cost=cost)
    assert list(keys(books.report("model"))) == ["c", "a", "b", "free"]


@pytest.mark.parametrize(
    ("since", "until", "calls"),
    [
        (None, None, 3),
        (date(2026, 11, 1), None, 2),
        (None, date(2026, 11, 1), 2),
        (date(2026, 11, 1), date(2026, 11, 1), 1),
        (date(2027, 1, 1), None, 0),
    ],
)
def test_the_first_and_the_last_day_count(books, since, until, calls):
    """Both bounds are days of the user's calendar, and part of what is asked."""
    for day in ("2026-10-31", "2026-11-01", "2026-11-22"):
        books.call(f"{day} 00:00")
    assert books.report("day", since, until).totals.calls == calls
    assert books.report("session", since, until).totals.calls == calls


def test_sessions_of_calls_that_were_folded_are_those_of_no_session_that_is_known(books):
    """After 90 days only the day's sums are left, and money must not vanish with a name."""
    books.call("2026-08-01 12:00", session="old")
    books.call(session="new")
    with closing(sqlite3.connect(books.path)) as connection:
        assert connection.execute("SELECT session FROM calls").fetchall() == [("new",)]
    assert keys(books.report("session")) == {"new": 1, None: 1}


def test_a_clock_that_was_wrong_by_hours_changes_no_sum(books):
    """It jumps over midnight and over the end of the month and back: each call counts once, on one day."""
    for when in ("2026-11-30 22:00", "2026-12-01 03:00", "2026-11-30 22:30", "2026-11-22 12:00"):
        books.call(when, cost=1)
    days = books.report("day")
    assert keys(days) == {"2026-11-22": 1, "2026-11-30": 2, "2026-12-01": 1}
    months = [
        books.report("day", *bounds).totals.calls for bounds in ((None, date(2026, 11, 30)), (date(2026, 12, 1), None))
    ]
    assert (months, days.totals.cost_pico) == ([3, 1], 4)
    # What a clock put far into the future counts against no budget until then, as in the ledger.
    assert (books.report("day").day.spent_pico, books.report("day", today=date(2026, 11, 29)).day.spent_pico) == (1, 3)


def test_calls_under_way_and_calls_that_were_lost_are_told(books):
    """One is in no sum yet, but what it may cost is set aside; the other is counted as we estimate it."""
    books.begin()
    script = (
        "import sys; from pathlib import Path;"
        "from claude_cli.core.budget import *; from claude_cli.storage.ledger import *;"
        "Ledger(Path(sys.argv[1]), About('complete', 'p', ''), Limits(), notify=print,"
        f" clock=lambda: {books.now}, local_day=lambda at: '2026-11-22').begin(Plan('m', 100, 4000, True, 100, 5))"
    )
    subprocess.run([sys.executable, "-c", script, str(books.path)], check=True)
    books.call()  # finds that the other process has gone
    report = books.report()
    assert (report.open_calls, report.lost_calls, report.totals.calls, report.totals.estimated_calls) == (1, 1, 2, 1)
    assert report.day == report.month == Spending(spent_pico=107, reserved_pico=20_100)
    assert books.report("day", until=date(2026, 11, 21)).open_calls == 0


def test_a_budget_of_the_month_counts_from_its_first_day(books):
    """And that of the day from midnight."""
    for day in ("2026-10-31", "2026-11-01", "2026-11-21", "2026-11-22"):
        books.call(f"{day} 12:00", cost=1)
    report = books.report("day", until=date(2026, 1, 1))
    assert (report.day.spent_pico, report.month.spent_pico, report.rows) == (1, 3, ())


def test_it_is_read_while_another_process_writes(books):
    """A transaction that is not over is not seen, and not waited for."""
    books.call()
    with closing(sqlite3.connect(books.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM days")
        assert books.report().totals.calls == 1
        writer.execute("ROLLBACK")


def test_nothing_is_made_where_there_is_none(tmp_path):
    """Not even the folder: asking what was used is no use."""
    assert read_report(tmp_path / "absent", "day", None, None, TODAY) is None
    assert not list(tmp_path.iterdir())


def test_the_file_is_not_changed(books):
    """Byte by byte, and also its time."""
    books.call(session="s")
    books.close()
    before = books.path.read_bytes(), books.path.stat().st_mtime_ns
    for by in ("day", "session"):
        assert books.report(by).totals.calls == 1
    assert (books.path.read_bytes(), books.path.stat().st_mtime_ns) == before


def test_a_folder_that_takes_no_files_can_be_read(books):
    """SQLite wants files of its own beside the database; where it cannot have them, nobody writes either."""
    books.call()
    books.close()
    for kind in ("-wal", "-shm"):
        path = books.path.with_name(f"usage.db{kind}")
        path.unlink(missing_ok=True)
        path.mkdir()
    assert books.report().totals.calls == 1


def test_a_newer_version_is_read_as_far_as_it_is_the_same(books):
    """What it added does not hinder; what it renamed does."""
    books.call(session="s")
    books.close()
    with closing(sqlite3.connect(books.path)) as newer:
        newer.execute("PRAGMA user_version = 99")
        newer.execute("ALTER TABLE days ADD COLUMN images INTEGER")
    assert books.report("session").totals.calls == 1
    with closing(sqlite3.connect(books.path)) as newer:
        newer.execute("ALTER TABLE days RENAME COLUMN cost_pico TO cost_femto")
    with pytest.raises(UsageError, match=r"usage\.db is kept otherwise by .*cost_pico.*; update claude-cli"):
        books.report()


def foreign(path):
    """A database of somebody else."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE calls (x)")


def broken_inside(path):
    """A database of ours whose second page and all that follow are not."""
    books = Books(path.parent)
    books.call(session="s")
    books.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(
            lambda path: path.write_bytes(b"no database " * 500), "is damaged .*begins a new one", id="damaged"
        ),
        pytest.param(broken_inside, "is damaged .*begins a new one", id="damaged inside"),
        pytest.param(foreign, "is not a database of claude-cli; the next call keeps it", id="somebody else's"),
        pytest.param(lambda path: path.mkdir(), "is not a file; move it away", id="a folder"),
    ],
)
def test_what_is_no_ledger_is_named_and_left_alone(tmp_path, make, said):
    """With what to do about it; only a call, which needs a ledger, sets it aside."""
    path = tmp_path / "usage.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(UsageError, match=rf"usage\.db {said}"):
        read_report(tmp_path, "session", None, None, TODAY)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_path_that_leads_nowhere_is_named(tmp_path):
    """A link in a circle, and a file where the folder should be: no call can ever be kept there."""
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    for name in ("loop", "file"):
        with pytest.raises(UsageError, match=r"usage\.db cannot be read: "):
            read_report(tmp_path / name, "day", None, None, TODAY)


def test_calls_that_brought_nothing_are_counted(books):
    """Whatever they were charged; filling the cache brings no text either, and is none of them."""
    for status, out in (
        ("done", 5),
        ("max_tokens", 0),
        ("max_tokens", 9),
        ("not_found", 0),
        ("aborted", 0),
        ("aborted", 3),
    ):
        books.call(status=status, usage=Usage(10, out))
    assert (books.report().failed_calls, books.report().totals.calls) == (2, 6)
    assert books.report("day", until=date(2026, 11, 21)).failed_calls == 0


def test_an_empty_file_is_no_ledger_yet(tmp_path):
    """As a process leaves it that was killed while making one."""
    (tmp_path / "usage.db").touch()
    assert read_report(tmp_path, "day", None, None, TODAY) is None


def test_amounts_add_up_beyond_what_floats_hold(books):
    """A thousand dollars and a pico-dollar."""
    for cost in (10**15, 1):
        books.call(cost=cost)
    assert books.report("model").totals.cost_pico == 10**15 + 1
