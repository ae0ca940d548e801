"""The books of a batch: the run's own limit before that of all processes, many calls in one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from claude_cli.core.budget import Limits, Plan, Record
from claude_cli.core.errors import BudgetReachedError
from claude_cli.core.messages import Usage
from claude_cli.core.threads import start_unsignalled as start
from claude_cli.storage.books import RunBooks
from claude_cli.storage.ledger import About, Ledger
from claude_cli.storage.ledger_grouped import GroupedLedger

PLAN = Plan("claude-haiku-5-5", input_tokens=100, max_tokens=4000, flexible=False, input_pico=100, token_pico=5)
WORST = 20_100
REAL = 350
DONE = Record("claude-haiku-5-5", "done", Usage(100, 50), REAL, "req_1", duration_ms=1200, ttft_ms=300)


class Counted(Ledger):
    """A ledger that counts its transactions, and in which threads they are made; `before` is called before each."""

    transactions = 0
    threads: frozenset[str] = frozenset()
    before = staticmethod(lambda: None)

    def keep(self, plans, over=(), accounts=()):
        self.transactions += 1
        self.threads |= {threading.current_thread().name}
        self.before()
        return super().keep(plans, over, accounts)


class Bench:
    """Books on a ledger of their own, what they told, and what is in the file."""

    def __init__(self, path):
        self.path, self.notices, self.told = path, [], lambda notice: None

    def books(self, *, day=None, run=None, monotonic=time.monotonic, **more):
        """New books; `day` and `run` are limits in pico-dollars."""

        def make(tell):
            how = {"local_day": lambda seconds: "2026-11-22", "monotonic": monotonic, "notify": tell}
            self.ledger = Counted(self.path, About("batch", "anthropic", ""), Limits(day), **how)
            return self.ledger

        return RunBooks(run, GroupedLedger(make, self.tell, **more))

    def tell(self, notice):
        self.notices.append(notice)
        self.told(notice)

    def rows(self, columns="state"):
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(f"SELECT {columns} FROM calls ORDER BY id").fetchall()

    def totals(self):
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute("SELECT calls, cost_pico FROM days").fetchall()


@pytest.fixture
def bench(tmp_path):
    """An empty ledger."""
    return Bench(tmp_path / "usage.db")


async def outcomes(books, count, plan=PLAN):
    """What became of so many calls that are begun at the same time."""
    return await asyncio.gather(*(books.reserve(plan) for _ in range(count)), return_exceptions=True)


# ------------------------------------------------------------------------------------------------ groups
def test_calls_that_begin_at_once_are_one_transaction(bench):
    """Each has its row before it may be sent; one transaction for each would be 64 times the work."""

    async def main():
        books = bench.books(day=10**12)
        for recorder in await outcomes(books, 64):
            ticket = recorder.begin(PLAN)
            assert ticket.plan == PLAN
            recorder.settle(ticket, DONE)
        begun = bench.rows("state, reserved_pico"), bench.ledger.transactions
        await books.aclose()
        return begun

    (rows, transactions) = asyncio.run(main())
    assert (rows, transactions) == ([("open", WORST)] * 64, 1)
    assert bench.rows("state, status, cost_pico, reserved_pico") == [("done", "done", REAL, 0)] * 64
    assert bench.totals() == [(64, 64 * REAL)]
    assert bench.ledger.transactions == 2


@pytest.mark.parametrize("threads", [True, False], ids=["a thread", "no thread to be had"])
def test_the_loop_s_thread_does_not_write(bench, threads):
    """A disk that is slow must not hold up 64 answers; a container without threads does it all the same."""

    async def main():
        books = bench.books() if threads else bench.books(start=lambda thread: False)
        for _ in range(3):
            (recorder,) = await outcomes(books, 1)
            recorder.settle(recorder.begin(PLAN), DONE)
        await books.aclose()

    asyncio.run(main())
    assert bench.totals() == [(3, 3 * REAL)]
    assert bench.ledger.threads == {"ledger" if threads else "MainThread"}
    assert not [thread for thread in threading.enumerate() if thread.name == "ledger"]


# ------------------------------------------------------------------------------------------------ limits
def test_calls_of_one_group_see_each_other(bench):
    """All fit alone; together they would pass the budget. Who has to wait for those under way is told so."""

    async def main():
        books = bench.books(day=3 * WORST)
        found = await outcomes(books, 5)
        for recorder in found[:3]:
            recorder.settle(recorder.begin(PLAN), DONE)
        later = await outcomes(books, 2)
        await books.aclose()
        return found, later

    found, later = asyncio.run(main())
    refused = [error for error in found if isinstance(error, BudgetReachedError)]
    assert [error.retryable for error in refused] == [True, True]
    assert "budget.day" in str(refused[0]) and "under way" in str(refused[0])
    assert found[3:] == refused
    assert not any(isinstance(recorder, Exception) for recorder in later), "what they left is there for others"


@pytest.mark.parametrize("limit", ["day", "run"])
def test_what_can_never_fit_is_told_so(bench, limit):
    """A batch stops then, instead of waiting for something that does not come; max_tokens is never lowered."""

    async def main():
        books = bench.books(**{limit: WORST - 1})
        (error,) = await outcomes(books, 1)
        await books.aclose()
        return error

    error = asyncio.run(main())
    assert isinstance(error, BudgetReachedError)
    assert (error.exit_code, error.retryable) == (9, False)
    assert ("--max-cost" if limit == "run" else "budget.day") in str(error)


def test_the_run_s_limit_comes_first_and_writes_nothing(bench):
    """It is in memory: what it refuses never reaches the ledger."""

    async def main():
        books = bench.books(run=2 * WORST)
        found = await outcomes(books, 3)
        await books.aclose()
        return found

    found = asyncio.run(main())
    assert isinstance(found[2], BudgetReachedError) and found[2].retryable
    assert "--max-cost" in str(found[2])


def test_what_the_ledger_refuses_is_not_counted_by_the_run(bench):
    """Else a batch that waits for a budget would use up its own limit by waiting."""

    async def main():
        books = bench.books(day=WORST, run=2 * WORST)
        (recorder,) = await outcomes(books, 1)
        refused = await outcomes(books, 3)
        left = recorder.left_pico()
        recorder.settle(recorder.begin(PLAN), DONE)
        await books.aclose()
        return refused, left, recorder.left_pico()

    refused, left, after = asyncio.run(main())
    assert [type(error) for error in refused] == [BudgetReachedError] * 3
    assert all("budget.day" in str(error) for error in refused[:1])
    assert (left, after) == (WORST, 2 * WORST - REAL)


# ------------------------------------------------------------------------------------------------ one call
def test_a_call_that_asks_something_else_than_was_set_aside(bench):
    """A mark for the cache makes the prompt dearer: it is set aside in place of the first plan, and not besides."""

    async def main():
        books = bench.books(day=10 * WORST, run=10 * WORST)
        (recorder,) = await outcomes(books, 1)
        dearer = PLAN._replace(input_pico=125)
        ticket = recorder.begin(dearer)
        rows, left = bench.rows("reserved_pico, input_pico"), recorder.left_pico()
        recorder.settle(ticket, DONE)
        await books.aclose()
        return ticket.plan == dearer, rows, left

    assert asyncio.run(main()) == (True, [(WORST + 25, 125)], 9 * WORST - 25)
    assert bench.totals() == [(1, REAL)]


@pytest.mark.parametrize("day", [10 * WORST, WORST + 500], ids=["within the budget", "past it"])
def test_a_call_that_goes_on(bench, day):
    """An answer that was cut is asked for the rest: what it has cost counts, and past the budget it is over."""

    async def main():
        books = bench.books(day=day)
        (recorder,) = await outcomes(books, 1)
        ticket = recorder.begin(PLAN)
        try:
            ticket = recorder.extend(ticket, PLAN, 1000)
            return bench.rows("reserved_pico")
        except BudgetReachedError as error:
            return error.exit_code
        finally:
            recorder.settle(ticket, DONE)
            await books.aclose()

    assert asyncio.run(main()) == ([(WORST + 1000,)] if day > 2 * WORST else 9)
    assert bench.totals() == [(1, REAL)]


@pytest.mark.parametrize("when", ["before it is written", "in the same moment", "afterwards"])
def test_a_call_that_is_not_made_leaves_nothing(bench, when):
    """Ctrl-C while a row waits for its turn: no row that would be charged as lost, no money that stays set aside."""

    async def main():
        books = bench.books(day=WORST, run=WORST, start=lambda thread: when != "in the same moment" and start(thread))
        if when == "afterwards":
            (recorder,) = await outcomes(books, 1)
        elif when == "in the same moment":
            loop, task = asyncio.get_running_loop(), asyncio.create_task(books.reserve(PLAN))
            # It is cancelled after the ledger has written its row, and before it is told so.
            bench.ledger.before = lambda: loop.call_soon(task.cancel)
            (cancelled,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(cancelled, asyncio.CancelledError)
            bench.ledger.before = lambda: None
        else:
            task = asyncio.create_task(books.reserve(PLAN))
            await asyncio.sleep(0)
            task.cancel()
            (cancelled,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(cancelled, asyncio.CancelledError)
            while isinstance(recorder := (await outcomes(books, 1))[0], BudgetReachedError):
                assert recorder.retryable
        await books.aclose()

    asyncio.run(main())
    assert bench.rows() == []
    assert bench.totals() == []


# ------------------------------------------------------------------------------------------------ what goes wrong
def test_without_a_budget_a_ledger_that_cannot_be_kept_stops_nothing(bench):
    """It is said at once, and at the end of how many calls."""

    async def main():
        books = bench.books()
        for recorder in await outcomes(books, 5):
            recorder.settle(recorder.begin(PLAN), DONE)
        (recorder,) = await outcomes(books, 1)
        ticket = recorder.begin(PLAN)
        assert recorder.extend(ticket, PLAN, 5).plan == PLAN
        recorder.settle(ticket, DONE)
        await books.aclose()

    bench.path.parent.joinpath("usage.db").mkdir()
    asyncio.run(main())
    first, last = (notice.text for notice in bench.notices)
    assert first.startswith("calls are not recorded: ") and last.startswith("6 calls are not recorded, or not as")


def test_with_a_budget_it_stops_all(bench):
    """A budget that nobody keeps is none: status 9, and no waiting."""

    async def main():
        books = bench.books(day=10**12)
        (error,) = await outcomes(books, 1)
        await books.aclose()
        return error

    bench.path.parent.joinpath("usage.db").mkdir()
    error = asyncio.run(main())
    assert isinstance(error, BudgetReachedError) and not error.retryable
    assert "a budget cannot be kept" in str(error)


@pytest.mark.parametrize("day", [None, 10**12], ids=["no budget", "a budget"])
@pytest.mark.parametrize("when", ["a call begins", "the end"])
def test_a_ledger_that_is_locked_is_waited_for(bench, when, day):
    """Another program has it open for a while: no night ends by that, and every call has its row when it has done."""
    clock = iter(range(10**6))

    async def main():
        books = bench.books(day=day, monotonic=lambda: float(next(clock)))
        first, second = await outcomes(books, 2)
        with closing(sqlite3.connect(bench.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            bench.told = lambda notice: other.execute("ROLLBACK")  # it has done when we begin to wait for it
            first.settle(first.begin(PLAN), DONE)
            second.settle(second.begin(PLAN), DONE)
            if when == "a call begins":
                (third,) = await outcomes(books, 1)
                third.settle(third.begin(PLAN), DONE)
            await books.aclose()

    asyncio.run(main())
    assert bench.rows() == [("done",)] * (3 if when == "a call begins" else 2)
    assert [notice.code for notice in bench.notices] == ["ledger_locked"]


@pytest.mark.parametrize("day", [None, 10**12], ids=["no budget", "a budget"])
def test_a_ledger_that_stays_locked(bench, day):
    """It is not waited for for ever: what is not recorded is counted; where there is a budget nothing is sent."""
    clock = iter(range(10**6))

    async def main():
        books = bench.books(day=day, monotonic=lambda: float(next(clock)), patience_s=0.0, closing_s=0.0)
        first, second = await outcomes(books, 2)
        with closing(sqlite3.connect(bench.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            first.settle(first.begin(PLAN), DONE)
            (third,) = await outcomes(books, 1)
            if day:
                assert isinstance(third, BudgetReachedError) and "a budget cannot be kept" in str(third)
            else:
                third.settle(third.begin(PLAN), DONE)
            second.settle(second.begin(PLAN), DONE)
            await books.aclose()

    asyncio.run(main())
    assert bench.rows() == [("open",), ("open",)]
    assert [notice.code for notice in bench.notices][:2] == ["ledger_locked", "not_recorded"]
    count = "2 calls" if day else "3 calls"
    assert bench.notices[-1].text.startswith(f"{count} are not recorded, or not as they ended: ")


@pytest.mark.parametrize("threads", [True, False], ids=["a thread", "no thread to be had"])
def test_a_bug_in_the_ledger_stops_the_batch_and_does_not_hang_it(bench, threads):
    """Who waits for the thread is told what it met, all of them; and the end comes."""

    async def main():
        books = bench.books(start=lambda thread: threads and start(thread), closing_s=0.0)
        (recorder,) = await outcomes(books, 1)
        bench.ledger.before = iter(()).__next__  # StopIteration, which no future takes
        recorder.settle(recorder.begin(PLAN), DONE)
        found = await outcomes(books, 3)
        await books.aclose()
        return found

    found = asyncio.run(asyncio.wait_for(main(), 20))
    assert [type(error) for error in found] == [RuntimeError] * 3
    assert [type(error.__cause__) for error in found] == [StopIteration] * 3
    assert bench.notices[-1].text.startswith("1 call is not recorded, or not as it ended: ")
    assert not [thread for thread in threading.enumerate() if thread.name == "ledger"]


# ------------------------------------------------------------------------------------------------ no ledger
def test_a_rehearsal_keeps_the_run_s_limit_and_nothing_else(bench):
    """Offline nothing is spent: no file, no thread; `--max-cost` stops it all the same."""

    async def main(limit):
        books = RunBooks(limit)
        found = await outcomes(books, 2)
        recorder = found[0]
        ticket = recorder.extend(recorder.begin(PLAN), PLAN._replace(max_tokens=10), 50)
        recorder.settle(ticket, DONE)
        found += await outcomes(books, 1)
        await books.aclose()
        return [isinstance(each, BudgetReachedError) for each in found], recorder.left_pico()

    assert asyncio.run(main(None)) == ([False, False, False], None)
    assert asyncio.run(main(WORST + REAL)) == ([False, True, False], 0)
    assert not bench.path.exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "ledger"]
