"""The prompt cache: how long an entry lives, from where it is found, and which marks are refused.

That an entry is written and read at all, and what makes it another one, stands with the other figures in
`test_tokens.py`; where marks may stand, in `test_rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
LONG = "x" * 2_500  # 1,000 tokens on the newer models


def text(words: str = LONG, **members: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **members}


def says(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def usage_of(caller, changes: dict[str, Any]) -> tuple[int, int, int, int]:
    """Tokens that were fresh, read, written for five minutes and for an hour."""
    response = caller.post(changes)
    assert response.status_code == 200, response.text
    usage = response.json()["usage"]
    split = usage["cache_creation"]
    return (
        usage["input_tokens"],
        usage["cache_read_input_tokens"],
        split["ephemeral_5m_input_tokens"],
        split["ephemeral_1h_input_tokens"],
    )


@pytest.fixture
def clocked(start) -> Callable[..., Any]:
    """A simulator whose clock the test sets: `clocked.now[0]` in seconds."""
    now = [1_000_000.0]
    caller = start(clock=lambda: now[0])
    caller.now = now
    return caller


WRITTEN = {"5m": (0, 0, 1004, 0), "1h": (0, 0, 0, 1004)}
READ = (0, 1004, 0, 0)


@pytest.mark.parametrize(("ttl", "lifetime_s"), [("5m", 300), ("1h", 3600)])
def test_an_entry_lives_as_long_as_it_was_asked_to(clocked, ttl, lifetime_s):
    """To the second; after that it is written, and paid for, again."""
    body = says(text(cache_control=MARK | {"ttl": ttl}))
    usage_of(clocked, body)
    clocked.now[0] += lifetime_s
    assert usage_of(clocked, body) == WRITTEN[ttl]
    clocked.now[0] += lifetime_s - 1
    assert usage_of(clocked, body) == READ


@pytest.mark.parametrize(("ttl", "lifetime_s"), [("5m", 300), ("1h", 3600)])
def test_a_read_keeps_an_entry_for_as_long_again(clocked, ttl, lifetime_s):
    """A chat that goes on never loses what it began with."""
    body = says(text(cache_control=MARK | {"ttl": ttl}))
    usage_of(clocked, body)
    for _ in range(5):
        clocked.now[0] += lifetime_s - 1
        assert usage_of(clocked, body) == READ


def test_an_entry_of_an_hour_stays_one_when_it_is_read_for_five_minutes(clocked):
    """What was paid for is kept; and nothing is made to last longer for nothing."""
    usage_of(clocked, says(text(cache_control=HOUR)))
    assert usage_of(clocked, says(text(cache_control=MARK))) == READ
    clocked.now[0] += 3599
    assert usage_of(clocked, says(text(cache_control=MARK))) == READ


def test_an_entry_of_five_minutes_becomes_one_of_an_hour_when_it_is_marked_so(clocked):
    """What was read is then kept for as long as the mark says."""
    usage_of(clocked, says(text(cache_control=MARK)))
    assert usage_of(clocked, says(text(cache_control=HOUR))) == READ
    clocked.now[0] += 3599
    assert usage_of(clocked, says(text(cache_control=MARK))) == READ


def test_a_prompt_kept_for_both_times_is_split(caller):
    """Each part at the price of its own mark."""
    body = says(text(cache_control=HOUR), text(cache_control=MARK), text("x" * 25))
    assert usage_of(caller, body) == (10, 0, 1000, 1004)
    assert usage_of(caller, body) == (10, 2004, 0, 0)


@pytest.mark.parametrize(("added", "found"), [(19, True), (20, False)])
def test_how_far_back_an_entry_is_found(caller, added, found):
    """20 blocks, the marked one being the first of them."""
    usage_of(caller, says(text(cache_control=MARK)))
    more = [text("x" * 25) for _ in range(added - 1)]
    fresh, read, *_ = usage_of(caller, says(text(), *more, text("x" * 25, cache_control=MARK)))
    assert (fresh, read) == (0, 1004 if found else 0)


def test_a_second_mark_looks_back_for_itself(caller):
    """How a long turn is bridged: a mark where the last request had its own."""
    usage_of(caller, says(text(cache_control=MARK)))
    more = [text("x" * 25) for _ in range(30)]
    body = says(text(cache_control=MARK), *more, text("x" * 25, cache_control=MARK))
    assert usage_of(caller, body) == (0, 1004, 310, 0)


def test_an_entry_is_only_written_at_a_mark(caller):
    """What merely came before it is found by nobody."""
    usage_of(caller, says(text(), text("x" * 25, cache_control=MARK)))
    assert usage_of(caller, says(text(cache_control=MARK))) == WRITTEN["5m"]


THOUGHT = {"type": "thinking", "thinking": "", "signature": "x"}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}


def test_the_mark_of_the_whole_request_falls_on_what_can_be_marked(caller):
    """Thinking cannot: the block before it is taken, in silence."""
    paused = {"role": "assistant", "content": [SEARCH, THOUGHT]}
    body = {**says(text()), "model": "claude-opus-5", "cache_control": MARK}
    body["messages"] = [*body["messages"], paused]
    until = body | {"messages": [body["messages"][0], {"role": "assistant", "content": [SEARCH]}]}
    usage_of(caller, body)
    assert usage_of(caller, until)[1] > 1004


@pytest.mark.parametrize("ttl", ["5m", "1h"])
def test_the_mark_of_the_whole_request_may_coincide_with_a_block_s(caller, ttl):
    """It changes nothing then."""
    control = MARK | {"ttl": ttl}
    assert usage_of(caller, says(text(cache_control=control)) | {"cache_control": control}) == WRITTEN[ttl]


@pytest.mark.parametrize("own", [MARK, HOUR], ids=["5m", "1h"])
def test_two_lifetimes_at_one_place_are_refused(caller, own):
    """Which one would it be?"""
    other = HOUR if own == MARK else MARK
    response = caller.post(says(text(cache_control=own)) | {"cache_control": other})
    assert response.status_code == 400
    assert "another ttl" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("claude-sonnet-5-5", 512),
        ("claude-sonnet-5", 1024),
        ("claude-opus-4-7", 2048),
        ("claude-haiku-4-5-20251001", 4096),
    ],
)
def test_the_least_a_model_caches(caller, model, least):
    """One token below it nothing is kept, and nothing said."""
    chars = 3.4 if model.startswith("claude-haiku-4") else 2.5
    for tokens, kept in ((least - 1, False), (least, True)):
        words = "x" * int((tokens - 4) * chars)
        found = usage_of(caller, says(text(words, cache_control=MARK)) | {"model": model})
        assert found == ((0, 0, tokens, 0) if kept else (tokens, 0, 0, 0))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, {"inference_geo": "global", "service_tier": "standard"}),
        ({"inference_geo": "us"}, {"inference_geo": "us"}),
        ({"model": "claude-opus-5-5", "speed": "fast"}, {"speed": "fast"}),
    ],
    ids=["plain", "in the US", "fast"],
)
def test_the_usage_says_at_which_terms(caller, stream, asked, said):
    """Region, speed and tier decide what the tokens cost."""
    usage = caller.events(asked)[0]["message"]["usage"] if stream else caller.post(asked).json()["usage"]
    assert usage.items() >= said.items()


def test_a_script_s_usage_stands_where_the_service_has_it(start):
    """The tier and the cache's split come once, at the start of a stream; counts are repeated at its end."""
    split = {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2}
    given = {"service_tier": "batch", "cache_creation": split, "input_tokens": 7}
    caller = start(script=[{"usage": given, "times": 2}])
    events = caller.events()
    first, last = events[0]["message"]["usage"], events[-2]["usage"]
    assert (first["service_tier"], first["cache_creation"], last["input_tokens"]) == ("batch", split, 7)
    assert not last.keys() & {"service_tier", "cache_creation"}
    assert caller.post().json()["usage"].items() >= given.items()
