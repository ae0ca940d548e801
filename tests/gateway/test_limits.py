"""Rate limits: what is let through in a minute and at once, what is said of it, and what becomes of estimates."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess

import pytest

from claude_cli.core.budget import Plan
from claude_cli.core.errors import UsageError
from claude_cli.gateway.at_once import INTERVAL_S, AtOnce
from claude_cli.gateway.config import Config
from claude_cli.gateway.counters import PAUSE_S, Counters
from claude_cli.gateway.limits import ANSWER_TOKENS, NoLimits, RateLimits, make_limiter
from claude_cli.gateway.refusal import Refusal
from claude_cli.gateway.windows import Rule
from claude_cli.storage.gateway_keys import ANYONE, GatewayKey

SMALL = Plan("claude-haiku-4-5", input_tokens=10, max_tokens=90, flexible=False)
MINUTE = 1_800_000_000.0 // 60 * 60


class Bench:
    """Limits at a time that stands still unless it is moved."""

    def __init__(self, url="memory://", **config):
        self.now, self.notices = MINUTE, []
        config = Config(limits_url=url, **config)
        self.limits = RateLimits(
            config, lambda notice: self.notices.append(notice.code), wall=lambda: self.now, clock=lambda: self.now
        )

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.limits.aclose()

    async def admit(self, key, plan=SMALL, *, at=None):
        """A lease, or the refusal."""
        self.now = self.now if at is None else MINUTE + at
        try:
            return await self.limits.admit(key, plan)
        except Refusal as refusal:
            return refusal

    async def count(self, key, tries, plan=SMALL, *, at=None):
        """How many of so many requests are let in."""
        return sum([not isinstance(await self.admit(key, plan, at=at), Refusal) for _ in range(tries)])


def run(steps, **bench):
    """`steps(bench)` in an event loop."""

    async def main():
        async with Bench(**bench) as made:
            return await steps(made)

    return asyncio.run(main())


def test_requests_of_a_minute_slide_out_of_it():
    """No burst of twice the limit where one minute becomes the next; and half a minute later half of it is there."""

    async def steps(bench):
        key = GatewayKey("ci", requests_per_minute=10)
        return [await bench.count(key, 12, at=at) for at in (59, 60, 66, 90, 119, 240)]

    # At 66 s a tenth of the ten has slid out, at 90 s the half, of which one is used; at 119 s nine of them.
    assert run(steps) == [10, 0, 1, 4, 4, 10]


def test_a_refusal_says_what_when_and_how_to_go_on():
    """In OpenAI's form; what it says is true: a second earlier there is no room."""

    async def steps(bench):
        key = GatewayKey("ci", requests_per_minute=10)
        await bench.count(key, 10, at=30)
        refusal = await bench.admit(key)
        later = 30 + int(refusal.headers["retry-after"])
        return refusal, [await bench.count(key, 1, at=at) for at in (later - 1, later)]

    refusal, counts = run(steps)
    words = "the limit of key ci is 10 requests a minute; try again in 36 s"
    error = {"message": words, "type": "rate_limit_error", "param": None, "code": "rate_limit_exceeded"}
    assert (refusal.status, refusal.object()) == (429, {"error": error})
    assert refusal.headers == {
        "retry-after": "36", "x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "90s",
    }  # fmt: skip
    assert counts == [0, 1]


def test_the_wait_for_the_last_minute_to_slide_out_is_told():
    """Where this minute alone would leave room."""

    async def steps(bench):
        key = GatewayKey("ci", requests_per_minute=10)
        await bench.count(key, 10, at=0)
        refusal = await bench.admit(key, at=60)
        later = 60 + int(refusal.headers["retry-after"])
        return [await bench.count(key, 1, at=at) for at in (later - 1, later)]

    assert run(steps) == [0, 1]


def test_all_keys_together_and_the_tighter_limit_in_the_headers():
    """Each of what it counts: requests are nearer their limit with all together, tokens with the key's own."""

    async def steps(bench):
        one, two = GatewayKey("one", requests_per_minute=5, tokens_per_minute=350), GatewayKey("two")
        lease = await bench.admit(one)
        await bench.admit(two)
        return lease.headers, (await bench.admit(one)).headers, await bench.admit(two)

    first, second, refusal = run(steps, requests_per_minute=3, tokens_per_minute=10_000)
    assert first == {
        "x-ratelimit-limit-requests": "3", "x-ratelimit-remaining-requests": "2", "x-ratelimit-reset-requests": "120s",
        "x-ratelimit-limit-tokens": "350", "x-ratelimit-remaining-tokens": "250", "x-ratelimit-reset-tokens": "120s",
    }  # fmt: skip
    assert second["x-ratelimit-remaining-requests"] == "0" and second["x-ratelimit-remaining-tokens"] == "150"
    assert str(refusal).startswith("the limit of all keys together is 3 requests a minute")


def test_what_is_refused_for_one_limit_takes_nothing_of_the_others():
    """Or a client that comes too often would use up everybody's tokens."""

    async def steps(bench):
        many, one = GatewayKey("many", requests_per_minute=1), GatewayKey("one")
        return await bench.count(many, 50), (await bench.admit(one)).headers["x-ratelimit-remaining-tokens"]

    assert run(steps, tokens_per_minute=1_000) == (1, "800")


@pytest.mark.parametrize(
    ("used", "at", "left"),
    [
        pytest.param(100, 0, 900, id="as estimated"),
        pytest.param(30, 0, 970, id="less: given back"),
        pytest.param(250, 0, 750, id="more: charged"),
        pytest.param(None, 0, 1_000, id="never sent"),
        pytest.param(30, 90, 985, id="given back where it was taken, half a minute ago"),
        pytest.param(30, 130, 1_000, id="too late to count"),
        pytest.param(250, 130, 850, id="more, after two minutes: charged when it was used"),
    ],
)
def test_an_estimate_is_settled(used, at, left):
    """What was set aside for the answer is not what it took."""

    async def steps(bench):
        key = GatewayKey("ci", tokens_per_minute=1_000)
        lease = await bench.admit(key)
        assert lease.headers["x-ratelimit-remaining-tokens"] == "900"
        bench.now += at
        await lease.settle(used)
        last = await bench.admit(key, SMALL._replace(input_tokens=0, max_tokens=0))
        return int(last.headers["x-ratelimit-remaining-tokens"])

    assert run(steps) == left


def test_a_long_answer_gets_in_when_there_is_nothing_else():
    """Most clients ask for more than they need: it pays afterwards, and the next waits for that."""

    async def steps(bench):
        key = GatewayKey("ci", tokens_per_minute=2_000)
        long = SMALL._replace(max_tokens=64_000)
        first, second = await bench.admit(key, long), await bench.admit(key, long)
        await first.settle(1_500)
        third, fourth = await bench.admit(key, SMALL), await bench.admit(key, long)
        return first, second, third, fourth

    first, second, third, fourth = run(steps)
    assert first.headers["x-ratelimit-remaining-tokens"] == "0" and second.status == 429
    assert third.headers["x-ratelimit-remaining-tokens"] == "400" and fourth.status == 429


def test_of_an_answer_whose_length_nobody_named_a_part_is_set_aside():
    """The model's own limit would keep everybody else out for a minute."""

    async def steps(bench):
        open_end = SMALL._replace(max_tokens=64_000, flexible=True)
        return (await bench.admit(GatewayKey("ci", tokens_per_minute=10_000), open_end)).headers

    assert run(steps)["x-ratelimit-remaining-tokens"] == str(10_000 - 10 - ANSWER_TOKENS)


def test_a_prompt_that_never_fits_is_told_so():
    """Trying again cannot help."""
    refusal = run(lambda bench: bench.admit(GatewayKey("ci", tokens_per_minute=9), SMALL))
    assert str(refusal) == "this prompt has about 10 tokens, and the limit of key ci is 9 a minute; send less"
    assert (refusal.status, refusal.headers) == (429, {"x-should-retry": "false"})


def test_answers_at_once():
    """Of a key and of all; whoever ends makes room, and who is refused for another limit takes none."""

    async def steps(bench):
        one, two = GatewayKey("one", streams_at_once=2), GatewayKey("two", tokens_per_minute=1)
        leases = [await bench.admit(one), await bench.admit(one)]
        refused = await bench.admit(one)
        others = [await bench.admit(two) for _ in range(5)]
        third = await bench.admit(GatewayKey("three"))
        full = await bench.admit(GatewayKey("three"))
        for lease in (*leases, third):
            await lease.settle(1)
        return refused, [each.status for each in others], full, await bench.count(one, 3)

    refused, others, full, again = run(steps, streams_at_once=3)
    assert str(refused) == "the limit of key one is 2 answers at once; try again when one of them is over"
    assert (refused.status, refused.headers) == (429, {"retry-after": "1"})
    assert others == [429] * 5 and "all keys together is 3 answers" in str(full) and again == 2


def test_what_is_not_limited_costs_nothing_and_loads_nothing():
    """Most keys have no limits; and what needs no tokens takes none."""

    async def steps(bench):
        free = await bench.admit(GatewayKey("ci"))
        counted = await bench.admit(GatewayKey("ci", requests_per_minute=2, tokens_per_minute=1), None)
        return free, counted.headers

    free, headers = run(steps)
    assert isinstance(free, NoLimits) and headers["x-ratelimit-remaining-requests"] == "1" and len(headers) == 3
    assert isinstance(make_limiter(Config(authenticate=False)), NoLimits)
    assert isinstance(make_limiter(Config(authenticate=False, streams_at_once=1)), RateLimits)
    assert isinstance(make_limiter(Config()), RateLimits)
    assert run(lambda bench: bench.count(ANYONE, 3), requests_per_minute=2) == 2


@pytest.mark.parametrize("url", ["", "redis", "memcached://h", "mongodb://u:CANARY@h", "file:///x", "redis://h:port"])
def test_a_storage_that_there_is_not(url):
    """Said at the start, with status 2; never with a password."""
    with pytest.raises(UsageError, match=r"serve\.limits_url is ") as caught:
        make_limiter(Config(limits_url=url))
    assert "CANARY" not in str(caught.value)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    """The URL of a redis-server of our own; skipped where none is installed."""
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("redis-server is not installed")
    place = str(tmp_path_factory.mktemp("redis") / "socket")
    words = ["--port", "0", "--unixsocket", place, "--save", "", "--daemonize", "no"]
    with subprocess.Popen([program, *words], stdout=subprocess.PIPE, text=True) as server:
        assert any("ready to accept" in line for line in server.stdout or ())
        yield f"redis+unix://{place}"
        server.terminate()


def test_hosts_share_what_is_counted_in_redis(redis):
    """Two gateways are one as to limits: requests, tokens, answers at once."""

    async def main():
        async with Bench(redis) as one, Bench(redis) as two:
            key = GatewayKey("shared", requests_per_minute=10, tokens_per_minute=350)
            leases = [await bench.admit(key) for bench in (one, two, one)]
            refused = await two.admit(key)
            await leases[0].settle(10)
            counts = await asyncio.gather(
                *(bench.count(key, 20, SMALL._replace(input_tokens=1, max_tokens=0)) for bench in (one, two))
            )
            streams = GatewayKey("streams", streams_at_once=3)
            entered = [await bench.admit(streams) for bench in (one, two, one)]
            full = [await bench.admit(streams) for bench in (one, two)]
            await entered[1].settle(None)
            after = [await two.count(streams, 2), one.notices, two.notices]
            return leases[2].headers, refused, sum(counts), full, after

    headers, refused, count, full, after = asyncio.run(main())
    assert headers["x-ratelimit-remaining-tokens"] == "50" and "350 tokens a minute" in str(refused)
    assert count == 7 and [each.status for each in full] == [429, 429] and after == [1, [], []]


def test_what_a_host_that_died_had_under_way_is_forgotten(redis):
    """It cannot say that its answers are over; one that lives goes on saying that its are not."""

    async def main():
        now = 0.0
        made = [Counters(redis, lambda notice: None, clock=lambda: 0.0) for _ in range(3)]
        dead, living, third = (AtOnce(counters, lambda: MINUTE + now) for counters in made)
        rule = [Rule("key dying", "streams", 2)]
        await dead.enter(rule)
        await living.enter(rule)
        found = []
        for step in range(5):
            now = step * INTERVAL_S
            await living.publish()
            try:
                await third.enter(rule)
                found.append(True)
                await third.leave(rule)
            except Refusal:
                found.append(False)
        for each in (dead, living, third):
            await each.aclose()
        for counters in made:
            await counters.aclose()
        return found

    assert asyncio.run(main()) == [False, False, True, True, True]


def test_without_its_storage_a_host_counts_alone():
    """Nobody is kept out, the limits hold for each host by itself, and two notices frame it. Nothing hangs."""
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never answers
        url = f"redis://user:CANARY@127.0.0.1:{silent.getsockname()[1]}/0"

        async def main():
            notices, now = [], 0.0
            counters = Counters(url, notices.append, clock=lambda: now, timeout_s=0.05)
            first = [await counters.add([("n", 2), ("m", 1)], 60), await counters.add([("n", 1)], 60)]
            now = PAUSE_S
            again = await counters.add([("n", 1)], 60)
            await counters.aclose()
            return first, again, counters.is_alone, notices

        first, again, alone, notices = asyncio.run(main())
    assert (first, again, alone) == ([[2, 1], [3]], [4], True)
    assert [notice.code for notice in notices] == ["limits_alone"] and "CANARY" not in notices[0].text


def test_a_storage_that_is_back_is_used_again(redis):
    """After a pause, in which not every request waits for it."""
    place = redis.removeprefix("redis+unix://")

    async def main():
        notices, now = [], 0.0
        counters = Counters(f"{redis}-gone", lambda notice: notices.append(notice.code), clock=lambda: now)
        await counters.add([("x", 1)], 60)
        os.link(place, f"{place}-gone")
        before = await counters.add([("x", 1)], 60)
        now = PAUSE_S
        after = await counters.add([("x", 1)], 60)
        await counters.aclose()
        return before, after, notices, counters.is_alone

    assert asyncio.run(main()) == ([2], [1], ["limits_alone", "limits_shared"], False)
