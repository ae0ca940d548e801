"""Rows that begin alike: the first fills the prompt cache, the others wait for it and read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain

import pytest

from claude_cli.batch.job import Settings
from claude_cli.batch.leading import KEPT_PREFIXES, LIFE_S, Line
from claude_cli.batch.row import Row
from claude_cli.batch.stop import Stop
from claude_cli.core.models import catalogue

from .conftest import Clock, Night, row

SYSTEM = "Be terse. " * 250


def line(rows: Iterable[Row | None], *, clock: Callable[[], float] | None = None, **more) -> Line:
    """A line in which all rows with a prefix share it."""
    known = {"shares": lambda row: True, "models": catalogue(), "clock": clock or Clock(), "most_parked": 4}
    return Line(iter(rows), more.pop("stop", Stop()), **{**known, **more})


def alike(number: int, group: int = 0) -> Row:
    return row(number, system=f"{group} {SYSTEM}")


async def given(line: Line, count: int) -> list[int]:
    """The numbers of the rows that go now, `count` at most; who would have to wait has not asked in vain."""
    asking = [asyncio.create_task(line.next()) for _ in range(count)]
    for _ in range(5):
        await asyncio.sleep(0)
    rows = [task.result() for task in asking if task.done()]
    for task in asking:
        task.cancel()
    return [row.number for row in rows if row]


def test_rows_with_nothing_in_common_just_go():
    """In the order of the input, unmarked."""
    assert asyncio.run(given(line([row(n) for n in range(3)]), 5)) == [0, 1, 2]


def test_only_the_answer_of_one_that_leads_is_streamed():
    """So that those who wait for its beginning need not wait for its end."""
    quiet = [replace(each, request=replace(each.request, stream=False)) for each in (alike(0), row(1), alike(2))]

    async def main() -> None:
        queue = line(quiet)
        first, other = await queue.next(), await queue.next()
        queue.begun(first)
        behind = await queue.next()
        assert [each.request.stream for each in (first, other, behind)] == [True, False, False]

    asyncio.run(main())


def test_the_others_wait_until_the_answer_of_the_first_begins():
    """Rows of another prefix, and those without one, do not."""

    async def main() -> None:
        rows = [alike(0), alike(1), alike(2, group=1), row(3), alike(4)]
        queue = line(rows)
        assert await given(queue, 5) == [0, 2, 3]
        queue.begun(rows[0])
        assert await given(queue, 5) == [1, 4]
        assert queue.drained

    asyncio.run(main())


def test_a_leader_that_fails_is_followed_by_another():
    """One at a time: the cache is still empty."""

    async def main() -> None:
        rows = [alike(n) for n in range(4)]
        queue = line(rows)
        assert await given(queue, 4) == [0]
        queue.over(rows[0])
        assert await given(queue, 4) == [1]
        queue.begun(rows[1])
        queue.over(rows[1])
        assert await given(queue, 4) == [2, 3]

    asyncio.run(main())


def test_an_entry_that_nobody_used_for_long_needs_a_new_leader():
    """It is gone by then; as long as rows use it, it stays."""

    async def main() -> None:
        clock, rows = Clock(), [alike(n) for n in range(6)]
        queue = line(rows, clock=clock)
        assert await given(queue, 1) == [0]
        queue.begun(rows[0])
        clock.now += LIFE_S - 1
        assert await given(queue, 1) == [1]
        queue.begun(rows[1])
        clock.now += LIFE_S - 1
        assert await given(queue, 2) == [2, 3]
        clock.now += 2
        assert await given(queue, 2) == [4]
        queue.begun(rows[4])
        assert await given(queue, 1) == [5]

    asyncio.run(main())


def test_reading_waits_where_too_many_are_parked():
    """Memory is not the place for a group of 100,000 rows."""

    async def main() -> None:
        read: list[int] = []

        def rows():
            for number in range(100):
                read.append(number)
                yield alike(number)

        queue = line(rows(), most_parked=3)
        assert await given(queue, 8) == [0]
        assert read == [0, 1, 2, 3]
        queue.begun(alike(0))
        assert await given(queue, 8) == list(range(1, 9))

    asyncio.run(main())


def test_many_rows_that_are_passed_over_hold_nobody_up():
    """A resumed batch of 100,000 answered rows: the loop runs on meanwhile."""

    async def main() -> int:
        queue, turns = line(chain([None] * 1000, [row(1)])), 0
        task = asyncio.create_task(queue.next())
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        assert (await task) is not None
        return turns

    assert asyncio.run(main()) > 10


def test_after_the_end_nobody_waits():
    """A worker that waits for a parked row is let go."""

    async def main() -> Row | None:
        stop = Stop()
        queue = line([alike(0), alike(1)], stop=stop)
        assert await given(queue, 1) == [0]
        waiting = asyncio.create_task(queue.next())
        await asyncio.sleep(0)
        stop.soon("interrupted")
        assert not queue.drained
        return await waiting

    assert asyncio.run(main()) is None


def test_prefixes_are_forgotten_in_the_end():
    """A million rows may have half a million of them."""

    async def main() -> None:
        rows = [alike(n, group=n) for n in range(KEPT_PREFIXES + 1)]
        queue = line([*rows, replace(rows[0], number=9_999_999), replace(rows[-1], number=9_999_998)])
        for each in rows:
            assert await queue.next()
            queue.begun(each)
        assert await given(queue, 2) == [9_999_999, 9_999_998]
        assert len(queue._prefixes) == KEPT_PREFIXES

    asyncio.run(main())


def test_a_prefix_that_rows_wait_for_is_not_forgotten():
    """However many others come meanwhile."""

    async def main() -> None:
        first, waiting = alike(0), alike(1)
        queue = line([first, waiting, *(alike(n, group=n) for n in range(2, KEPT_PREFIXES + 3))])
        assert len(await given(queue, KEPT_PREFIXES + 2)) == KEPT_PREFIXES + 2
        queue.begun(first)
        assert await given(queue, 1) == [1]
        assert len(queue._prefixes) <= KEPT_PREFIXES + 2

    asyncio.run(main())


def test_one_that_leads_does_not_keep_those_behind_it():
    """The oldest of those that nobody waits for is forgotten in its place."""

    async def main() -> None:
        rows = [alike(n, group=n) for n in range(KEPT_PREFIXES + 50)]
        queue = line(rows)
        assert await queue.next()
        for each in rows[1:]:
            assert await queue.next()
            queue.begun(each)
        assert len(queue._prefixes) == KEPT_PREFIXES and rows[0].prefix in queue._prefixes

    asyncio.run(main())


@pytest.mark.parametrize(
    "case",
    [
        row(0, system="short"),
        row(0, system=SYSTEM, prefix=None),
        row(0, system=SYSTEM, model="claude-unknown-1"),
    ],
    ids=["too short to be cached", "without a prefix", "of a model nobody knows"],
)
def test_what_is_marked(case):
    """Only what can be cached, and is shared, pays for being written; what is unknown may be of any length."""
    marked = asyncio.run(line([case]).next())
    assert marked is not None
    is_marked = "cache_control" in repr(marked.request)
    assert is_marked == (marked.prefix is not None) == (case.request.model == "claude-unknown-1")


def test_a_row_that_shares_its_beginning_with_none_is_not_marked():
    """Writing costs more than not caching."""
    marked = asyncio.run(line([alike(0)], shares=lambda row: False).next())
    assert marked is not None and marked.prefix is None and "cache_control" not in repr(marked.request)


@pytest.mark.parametrize("order", ["interleaved", "contiguous"])
def test_each_beginning_is_written_once_and_read_by_all_others(simulate, order):
    """Three groups of forty, at the simulator's cache, 16 at a time."""
    groups = [number % 3 if order == "interleaved" else number // 40 for number in range(120)]
    simulator = simulate()
    night = Night([alike(number, group) for number, group in enumerate(groups)], Settings(most=16)).run(simulator.url)
    usages = [result.usage for result in night.store.results.values()]
    assert len(usages) == 120 and night.store.finished
    assert sum(usage.cache_write_tokens > 0 for usage in usages) == 3
    assert sum(usage.cache_read_tokens > 0 for usage in usages) == 117
    assert sum(result.saved_pico for result in night.store.results.values()) > 0


def test_another_leads_where_the_first_is_refused_for_good(simulate):
    """One row fails, none is lost, and the beginning is written once."""
    simulator = simulate({"status": 400})
    night = Night([alike(number) for number in range(20)]).run(simulator.url)
    assert night.store.failed == {"row-0": "invalid_request"}
    assert sum(result.usage.cache_write_tokens > 0 for result in night.store.results.values()) == 1
