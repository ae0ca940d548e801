"""A batch from Python: requests in, results out."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import count

import pytest

from claude_cli import ChatRequest, LLMOptions, Message, Result, run_batch
from claude_cli.batch.from_python import REMEMBERED, _Reading
from claude_cli.batch.leading import AHEAD
from claude_cli.core.errors import AuthenticationError, OverloadedError, RequestRejectedError, StreamInterruptedError
from claude_cli.core.messages import text_block
from claude_cli.core.models import catalogue

from .conftest import Parrot, provider_at, row


def asked(number: int, **more) -> ChatRequest:
    return row(number, **more).request


def ask(provider, requests, **more) -> list[Result]:
    """All results."""

    async def main() -> list[Result]:
        async with provider, aclosing(run_batch(provider, requests, **more)) as results:
            return [result async for result in results]

    return asyncio.run(main())


def test_every_request_has_its_result():
    """Those without an id have their number; a generator will do."""
    results = ask(Parrot(), (asked(number) if number % 2 else (f"q{number}", asked(number)) for number in range(200)))
    assert {result.id: result.text for result in results} == {
        number if number % 2 else f"q{number}": f"Question {number}" for number in range(200)
    }
    assert all(result.cost_pico == 10 * 2_000_000 + 5 * 10_000_000 for result in results)


def test_what_fails_is_a_result_as_well():
    """Also what cannot be sent at all."""

    def plan(words: str, times: int):
        return RequestRejectedError("no", status=400) if words == "Question 1" else None

    wrong = ChatRequest("claude-sonnet-5-5", (Message("user", (text_block("x"),)),), options=LLMOptions(
        max_tokens=1000, thinking={"type": "enabled", "budget_tokens": 0}, effort="none at all",
    ))  # fmt: skip
    results = {result.id: result for result in ask(Parrot(plan), [asked(0), asked(1), wrong])}
    assert results[0].error is None
    assert results[1].error and results[1].error.code == "invalid_request"


def test_what_broke_is_paid_for_as_well():
    """The cost of a broken answer is estimated, and in the result."""
    (result,) = ask(Parrot(lambda words, times: StreamInterruptedError("x") if times == 1 else None), [asked(0)])
    assert result.maybe_billed and result.tries == 2 and result.usage.input_tokens == 20


def test_an_alias_will_do():
    """As everywhere."""
    (result,) = ask(Parrot(), [asked(0, model="haiku")])
    assert result.model.startswith("claude-haiku")


def test_what_concerns_all_is_raised():
    """There are no further results."""
    with pytest.raises(AuthenticationError):
        ask(Parrot(lambda words, times: AuthenticationError("no key", status=401)), map(asked, count()))


def test_a_provider_that_answers_nobody_is_not_asked_for_ever():
    """The results so far have been given; what is missing is never passed over in silence."""
    with pytest.raises(OverloadedError, match="one after the other"):
        ask(Parrot(lambda words, times: OverloadedError("x", status=529)), map(asked, count()), retries=0)


def test_an_error_of_the_caller_s_own_iterator_is_raised():
    """It is not ours."""

    def requests():
        yield asked(0)
        raise LookupError("theirs")

    with pytest.raises(LookupError, match="theirs"):
        ask(Parrot(), requests())


def test_who_leaves_early_leaves_nothing_behind():
    """The requests under way are closed; of an endless list few were read."""
    read = 0

    def requests():
        nonlocal read
        for read in count(1):
            yield asked(read)

    async def main() -> None:
        async with aclosing(run_batch(Parrot(), requests(), concurrency=4)) as results:
            async for _ in results:
                break
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert read < 40


def test_who_leaves_while_results_are_in_doubt_is_not_held_up():
    """Rows that may have met an outage wait to be told apart; nobody takes them any more."""
    few = 5

    async def main() -> None:
        parrot = Parrot(lambda words, times: None if int(words[9:]) < 16 else OverloadedError("x", status=529))
        results = run_batch(parrot, map(asked, range(16 + few)), concurrency=2, retries=0)
        async for _ in results:
            while len(parrot.asked) < 16 + few:
                await asyncio.sleep(0)
            for _ in range(20):
                await asyncio.sleep(0)
            break
        await asyncio.wait_for(results.aclose(), 5.0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_results_that_nobody_takes_hold_the_requests_up():
    """However slowly they are taken: nothing piles up."""
    read = 0

    def requests():
        nonlocal read
        for read in range(1, 301):
            yield asked(read)

    async def main() -> int:
        taken = 0
        async with aclosing(run_batch(Parrot(), requests(), concurrency=2)) as results:
            async for _ in results:
                taken += 1
                for _ in range(20):
                    await asyncio.sleep(0)
                assert read - taken <= AHEAD + 8
        return taken

    assert asyncio.run(main()) == 300


@pytest.mark.parametrize("caching", [True, False])
def test_requests_that_begin_alike_share_the_cache(simulate, caching):
    """Of later requests nothing is known, so the second writes and all after it read."""
    simulator = simulate()
    requests = [asked(number, system="Be terse. " * 250) for number in range(20)]

    async def main() -> list[Result]:
        async with provider_at(simulator.url) as provider:
            return [result async for result in run_batch(provider, requests, caching=caching)]

    usages = [result.usage for result in asyncio.run(main())]
    assert sum(usage.cache_write_tokens > 0 for usage in usages) == caching
    assert sum(usage.cache_read_tokens > 0 for usage in usages) == 18 * caching


def test_beginnings_are_forgotten_in_the_end():
    """Of a million requests that begin each in its own way."""
    reading = _Reading([], catalogue(), "fail", caching=True)
    rows = [row(number, prefix=number.to_bytes(16)) for number in range(REMEMBERED + 1)]
    assert not any(map(reading.shares, rows))
    assert reading.shares(rows[-1]) and not reading.shares(rows[0])
