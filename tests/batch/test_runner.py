"""Many rows at once: each is answered once, whatever goes wrong, and the batch ends as it should."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref

import pytest

from claude_cli.batch.job import Settings
from claude_cli.batch.leading import AHEAD, Line
from claude_cli.batch.row import Result, Row
from claude_cli.batch.runner import Runner
from claude_cli.batch.stop import Stop
from claude_cli.core.errors import (
    ClaudeError,
    ConnectionFailedError,
    OverloadedError,
    RateLimitError,
    StreamInterruptedError,
    UsageError,
)
from claude_cli.core.models import catalogue

from .conftest import Clock, Night, Parrot, WideGate, around, row


def runner(rows, answer, over, stop: Stop | None = None) -> Runner:
    stop = stop or Stop()
    line = Line(
        iter(rows), stop, shares=lambda row: True, models=catalogue(), clock=Clock(), most_parked=8
    )  # fmt: skip
    return Runner(line, answer, stop, over=over)


@pytest.mark.parametrize("seed", range(2))
def test_every_row_ends_right_among_faults(seed):
    """5 % overloaded, 5 % rate limited, 1 % cut, 0.5 % refused connections, in any order."""
    chance = random.Random(seed)

    def plan(asked: str, count: int) -> ClaudeError | None:
        draw = chance.random()
        if draw < 0.05:
            return OverloadedError("Overloaded", status=529)
        if draw < 0.10:
            return RateLimitError("too fast", status=429, retry_after_s=1.0)
        if draw < 0.11:
            return StreamInterruptedError("closed")
        return ConnectionFailedError("refused", kind="refused") if draw < 0.115 else None

    rows = [row(number, system="Be terse. " * 500 if number % 2 else None) for number in range(1000)]
    night = Night(rows, Settings(most=32), gate=WideGate(32)).run(Parrot(plan))
    assert not night.store.failed and night.store.finished
    assert {key: result.text for key, result in night.store.results.items()} == {
        f"row-{number}": f"Question {number}" for number in range(1000)
    }
    assert night.job.tally.done == 1000 and night.job.tally.under_way == 0


def test_no_more_are_under_way_than_are_wanted():
    """And a few more have all but the gate's leave; the rest of the input has not been read."""
    seen: list[tuple[int, int]] = []

    def plan(asked: str, count: int) -> None:
        seen.append((night.job.tally.under_way, night.source.read - 40))

    night = Night([row(number) for number in range(40)], Settings(most=4), gate=WideGate(4))
    night.run(Parrot(plan))
    assert max(under_way for under_way, _ in seen) == 4
    assert max(read - number for number, (_, read) in enumerate(seen)) <= 4 + AHEAD


def test_nothing_of_a_row_that_is_over_stays():
    """Memory is flat, however many there are."""
    alive: weakref.WeakSet[Payload] = weakref.WeakSet()
    most = 0

    class Payload(str):
        """A prompt that can be found again."""

        __slots__ = ("__weakref__",)

    def rows():
        for number in range(500):
            text = Payload(f"Question {number}")
            alive.add(text)
            yield row(number, text, digest=b"")

    async def answer(row: Row, begun) -> Result:
        nonlocal most
        await asyncio.sleep(0)
        begun()
        most = max(most, len(alive))
        return Result(row.id, "m")

    async def over(row: Row, result: Result | None) -> None:
        pass

    asyncio.run(runner(rows(), answer, over).run(8))
    gc.collect()
    assert most <= 9 and not alive


def test_a_bug_is_not_swallowed():
    """What is under way ends and is kept; then it is raised as it is."""
    kept: list[int] = []

    async def answer(row: Row, begun) -> Result:
        await asyncio.sleep(0)
        if row.number == 2:
            raise ZeroDivisionError("a bug")
        await asyncio.sleep(0)
        return Result(row.id, "m")

    async def over(row: Row, result: Result | None) -> None:
        kept.append(row.number if result else -row.number)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(runner(map(row, range(100)), answer, over).run(4))
    assert {-2, 0, 1, 3} <= set(kept) and len(kept) < 20


def test_rows_that_cannot_be_read_any_further_end_the_batch():
    """What has been sent comes to its end first."""
    kept: list[int] = []

    def rows():
        yield row(0)
        yield row(1)
        raise UsageError("line 3 is not what it was")

    async def answer(row: Row, begun) -> Result:
        for _ in range(5):
            await asyncio.sleep(0)
        return Result(row.id, "m")

    async def over(row: Row, result: Result | None) -> None:
        kept.append(row.number)

    with pytest.raises(UsageError, match="line 3"):
        asyncio.run(runner(rows(), answer, over).run(4))
    assert kept == [0, 1]


def test_who_is_cancelled_leaves_nothing_behind():
    """The calls are closed, and told to the books as aborted."""
    night = Night([row(number) for number in range(20)], gate=WideGate(8, patient=True))
    night.job.check()

    async def main() -> None:
        parrot = Parrot(lambda asked, count: OverloadedError("Overloaded", status=529))
        running = asyncio.create_task(night.job.run(parrot, around(), night.gate, night.books))
        await night.gate.resting.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert night.store.closed and not night.store.results and night.job.tally.under_way == 0
    assert {record.status for record in night.books.records} == {"aborted"}
