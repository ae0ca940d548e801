"""What is counted of a request against its key's limits once it is over: as much as the ledger has, and no more."""

from __future__ import annotations

import json
import time

import pytest

from claude_cli.core.breaker import BreakerLimits
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.gateway.limits import RateLimits
from claude_cli.gateway.room import Room
from claude_cli.storage.books import RunBooks
from claude_cli.storage.gateway_keys import GatewayKey
from tests.gateway.conftest import CHAT, eventually

KEY = "sk-gw-anna"
ANNA = GatewayKey("anna", requests_per_minute=100, tokens_per_minute=100_000)
QUESTION = [{"role": "user", "content": "word " * 500}]
MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
ASK = {"model": "claude-haiku-4-5", "max_tokens": 300, "messages": QUESTION}
CALLS = {MESSAGES: ASK, CHAT: ASK, COUNT: {name: ASK[name] for name in ("model", "messages")}}


def limited(*changes):
    """Keeps limits, at a time that stands still: nothing slides out of a minute."""
    now = time.time()

    def change(made):
        made.limiter = RateLimits(made.config, lambda notice: None, wall=lambda: now)
        for each in changes:
            each(made)

    return change


def left(running):
    """What the key has left of requests and of tokens, before this very look at it."""
    taken = running.ask("POST", CHAT, {**ASK, "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]},
                        x_api_key=KEY)  # fmt: skip
    return int(taken.headers["x-ratelimit-remaining-requests"]) + 1, int(taken.headers["x-ratelimit-remaining-tokens"])


@pytest.mark.parametrize("path", [MESSAGES, CHAT], ids=["messages", "chat"])
@pytest.mark.parametrize("after", [0, 200], ids=["before it begins", "in the middle"])
def test_who_leaves_early_pays_as_the_ledger_has_it(gateway, path, after):
    """The provider is paid for a prompt that was answered to nobody: a limit that forgets it is none."""
    running = gateway([{"say": "word " * 2000, "stall_after": after}], keys={KEY: ANNA}, change=limited())
    connection = running.connect()
    connection.request("POST", path, json.dumps({**ASK, "stream": True}), {"x-api-key": KEY})
    assert eventually(lambda: running.upstream.requests)
    if after:
        response, data = connection.getresponse(), b""
        while data.count(b"data: ") < after - 50:
            data += response.read1()
    connection.close()
    (visit,) = running.wait_visits(1)
    usage = visit.settled.usage
    used = usage.total_input_tokens + usage.output_tokens

    assert used > 500
    assert left(running)[1] <= 100_000 - used


def test_tries_that_may_be_billed_count(gateway):
    """They are in the ledger as well."""
    policy = CallPolicy(RetryPolicy(retries=1))
    running = gateway([{"cut_after": 1}, {"say": "hello"}], keys={KEY: ANNA}, policy=policy, change=limited())
    answer = running.chat(KEY, messages=QUESTION)
    (visit,) = running.wait_visits(1)
    usage = visit.settled.usage

    assert (answer.text, visit.retries, visit.settled.maybe_billed) == ("hello", 1, True)
    assert left(running)[1] <= 100_000 - usage.total_input_tokens - usage.output_tokens < 100_000 - 1000


def full(made):
    made.room = Room(0, 0, 0.0)


def poor(made):
    made.books = RunBooks(1000)


@pytest.mark.parametrize("path", [MESSAGES, CHAT, COUNT], ids=["messages", "chat", "count"])
@pytest.mark.parametrize("change", [full, poor], ids=["no room", "no money"])
def test_what_was_never_sent_counts_for_nothing(gateway, change, path):
    """Or whoever waits for room, and tries again as told, has used up a minute's requests when there is some."""
    if (change, path) == (poor, COUNT):
        path = CHAT  # counting costs nothing
    running = gateway(keys={KEY: ANNA}, change=limited(change))
    refused = [running.ask("POST", path, CALLS[path], x_api_key=KEY) for _ in range(3)]
    running.wait_visits(3)
    standing = refused[-1].headers["x-ratelimit-remaining-requests"]

    assert {answer.status for answer in refused} <= {429, 503}
    assert standing == "99"  # each stood as the first did
    assert running.upstream.requests == []


def test_an_open_breaker_lets_nothing_be_counted(gateway):
    """Neither of a count of tokens."""
    running = gateway(
        [{"status": 500}], keys={KEY: ANNA}, breaker=BreakerLimits(consecutive=1), change=limited(),
        policy=CallPolicy(RetryPolicy(retries=0)),
    )  # fmt: skip
    paths = [CHAT, CHAT, COUNT, COUNT, MESSAGES, CHAT]
    found = [running.ask("POST", path, CALLS[path], x_api_key=KEY) for path in paths]

    assert {answer.status for answer in found} <= {500, 503} and len(running.upstream.requests) == 1
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in found] == ["99"] + ["98"] * 5
