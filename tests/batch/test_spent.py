"""What was spent on rows that were given up: it is kept beside the answers, and counted when the row is answered."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from claude_cli.batch.job import Settings
from claude_cli.batch.journal_line import GivenUp, read_line, spent_line
from claude_cli.batch.row import Spent
from claude_cli.batch.store_file import FileStore
from claude_cli.core.errors import ConnectionFailedError, ServerError, StreamInterruptedError

from .conftest import Night, Parrot, WideGate
from .conftest import row as question
from .keeping import Run, result, row, rows

ABC = rows(("a", "1"), ("b", "2"), ("c", "3"))
PAID = Spent(tries=2, cost_pico=5_000_000, maybe_billed=True)


def given_up(folder, asked, *spent, **options):
    """One run that gives up the first row of `asked`, so many times."""
    store = FileStore(str(folder / "out.jsonl"), notify=print, **options)
    for each in asked:
        store.add(each)
    store.match()
    for each in spent:
        store.note_spent(asked[0], each)
    store.close()


def counts(folder):
    """Of each row of OUT: how many tries, what they cost, and whether that is certain."""
    found = [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
    return [(each["tries"], each["cost_usd"], each["maybe_billed"]) for each in found]


@pytest.mark.parametrize("asked", [ABC, rows((None, "1"), (None, "1"))], ids=["with ids", "without ids"])
@pytest.mark.parametrize("runs", [1, 3])
def test_it_is_in_the_row_s_line_when_that_is_answered(tmp_path, asked, runs):
    """Of all runs together; a row beside it has its own cost alone, and a row that is answered anew later, too."""
    for _ in range(runs):
        given_up(tmp_path, asked, PAID)
    Run(tmp_path, asked, fails=[0])
    assert counts(tmp_path) == [(1 + 2 * runs, None, True), *[(1, None, False)] * (len(asked) - 1)]
    Run(tmp_path, asked, retry_failed=True)
    assert counts(tmp_path)[0] == (1, None, False)


@pytest.mark.parametrize(
    ("cost", "then", "sum_usd"),
    [(5_000_000, 7_000_000, 12e-6), (None, 7_000_000, None), (5_000_000, None, None), (0, 0, 0.0)],
    ids=["both are known", "the first has no price", "the answer has no price", "nothing"],
)
def test_the_cost(cost, then, sum_usd):
    """A sum with something unknown in it is unknown."""
    added = Spent(3, cost, maybe_billed=False).added_to(replace(result(ABC[0]), cost_pico=then, tries=2))
    assert (added.tries, added.as_json()["cost_usd"], added.maybe_billed) == (5, sum_usd, False)


def test_what_another_question_cost_does_not_count(tmp_path):
    """The row was changed meanwhile: its line tells of its own tries."""
    given_up(tmp_path, ABC, PAID)
    Run(tmp_path, rows(("a", "other"), ("b", "2"), ("c", "3")))
    assert counts(tmp_path)[0] == (1, None, False)


def test_a_restart_that_has_no_answer_takes_nothing_away(tmp_path):
    """What was spent is no answer: the old run's stay until there is one."""
    Run(tmp_path, ABC, name="1")
    before = (tmp_path / "out.jsonl.journal").read_bytes()
    given_up(tmp_path, ABC, PAID, restart=True)
    assert (tmp_path / "out.jsonl.journal").read_bytes() == before
    assert Run(tmp_path, ABC).resumed.whole


@pytest.mark.parametrize("spent", [PAID, Spent(1, None, maybe_billed=False)])
@pytest.mark.parametrize(
    "asked", [row(0, "a"), row(0, 7), row(0, "\ud800")], ids=["a text", "a number", "half a letter"]
)
def test_a_line_of_the_journal(asked, spent):
    """It can be read again; one that is damaged is told apart."""
    line = spent_line(asked, None, spent)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert read_line(line[:-1]) == GivenUp(asked.digest, None, asked.id, spent)
    for bad in (b"1", b'{"tries":"x"}', b"{}", b"null"):
        assert read_line(b'{"spent":%b}' % bad) is None


@pytest.mark.parametrize("how", ["after words", "before any"])
def test_a_row_that_is_given_up_before_its_second_try(tmp_path, how):
    """Ctrl-C while it waits: the next run's line has both tries, and says that the first may be billed."""
    asked = [question(0)]

    async def interrupt(night):
        await night.gate.resting.wait()
        night.job.stop.soon("interrupted")

    def store():
        return FileStore(str(tmp_path / "out.jsonl"), notify=print)

    def cut(asked, count):
        error = StreamInterruptedError("gone") if how == "after words" else ServerError("gone", status=500)
        error.maybe_billed = True
        error.__cause__ = ConnectionFailedError("gone")
        return error

    Night(asked, store=store(), gate=WideGate(8, patient=True)).run(Parrot(cut), interrupt)
    assert not (tmp_path / "out.jsonl").exists()
    (line,) = (tmp_path / "out.jsonl.journal").read_bytes().splitlines()[1:]
    cost = json.loads(line)["spent"]["cost_pico"]
    night = Night(asked, store=store()).run(Parrot())
    (second,) = night.books.records
    assert counts(tmp_path) == [(2, pytest.approx((cost + second.cost_pico) / 1e12), True)]
    assert cost > 0


def test_rows_that_stay_open_in_an_outage(tmp_path):
    """They have not failed, and what their tries may have cost is kept, too."""

    def down(asked, count):
        error = ServerError("down", status=500)
        error.maybe_billed = True
        return error

    night = Night([question(number) for number in range(8)], Settings(most=8, retry_for_s=0.0)).run(Parrot(down))
    assert night.job.stop.reason == "pace" and not night.store.results
    assert len(night.store.spent) == 8
    assert all(spent.maybe_billed and spent.tries == 1 for spent in night.store.spent.values())


def test_a_row_that_has_cost_nothing_is_not_noted():
    """Nobody was paid for a try that the server turned away, nor for one that was never made."""
    night = Night([question(0)], gate=WideGate(8, patient=True))

    async def interrupt(night):
        await night.gate.resting.wait()
        night.job.stop.soon("interrupted")

    night.run(Parrot(lambda asked, count: ServerError("down", status=500)), interrupt)
    assert night.store.spent == {}
