"""Limits that are enforced: who is refused, for how long, and what is counted."""

from __future__ import annotations

import pytest

from claude_cli.simulator import Simulator

MARK = {"type": "ephemeral"}
LONG = "x" * 25_000  # 10,000 tokens on the newer models


def asks(text, **block):
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": text, **block}]}]}


@pytest.fixture
def now():
    """The time of the simulator, in a list: seconds since 1970."""
    return [1_000_000.0]


@pytest.fixture
def limited(start, now):
    """Starts a simulator with limits whose clock stands still."""
    return lambda limits, **more: start(clock=lambda: now[0], limits=limits, **more)


def left(response, name):
    return response.headers[f"anthropic-ratelimit-{name}-remaining"]


def test_without_limits_nothing_is_refused(start):
    """The heads tell of the first tier's limits, as if each request were the first: nobody has to wait for them."""
    caller = start(clock=lambda: 0.0)
    answers = [caller.post(asks(LONG)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [left(answer, "requests") for answer in answers] == ["999", "999", "999"]
    assert [left(answer, "input-tokens") for answer in answers] == ["1990000", "1990000", "1990000"]


def test_too_many_requests_are_refused_until_there_are_some_again(limited, now):
    """A true 429: the limit and the model by name, whole seconds to wait, and heads that say what is missing."""
    caller = limited({"requests": 20}, burst_s=6.0)
    first, second, refused = caller.post(), caller.post(), caller.post()

    assert (first.status_code, second.status_code, refused.status_code) == (200, 200, 429)
    assert refused.json()["error"] == {
        "type": "rate_limit_error",
        "message": "This request would exceed your organization's rate limit of 20 requests per minute "
        "(model: claude-sonnet-5-5).",
    }
    assert (refused.headers["retry-after"], left(refused, "requests")) == ("3", "0")
    assert refused.headers["anthropic-ratelimit-requests-limit"] == "20"
    assert refused.headers["anthropic-ratelimit-requests-reset"] == "1970-01-12T13:46:46Z"
    now[0] += 2.9
    assert caller.post().headers["retry-after"] == "1"
    now[0] += 0.1
    assert caller.post().status_code == 200


def test_input_is_refused_where_it_does_not_fit(limited, now):
    """What was refused has taken nothing: a smaller request goes through, the same one a little later."""
    caller = limited({"input-tokens": 15_000})

    assert [caller.post(asks(text)).status_code for text in (LONG, LONG, "Hello")] == [200, 429, 200]
    now[0] += 21
    assert caller.post(asks(LONG)).status_code == 200


def test_a_prompt_larger_than_the_bucket_waits_until_it_is_full(limited, now):
    """It could never be asked otherwise; the debt is paid off first."""
    caller = limited({"input-tokens": 6_000}, burst_s=6.0)

    assert [caller.post(asks(LONG)).status_code for _ in range(2)] == [200, 429]
    assert caller.post(asks(LONG)).headers["retry-after"] == "101"
    now[0] += 101
    assert caller.post(asks(LONG)).status_code == 200


def test_what_is_read_from_the_cache_is_free(limited):
    """And what was refused is not in the cache: it has not been read."""
    caller = limited({"input-tokens": 21_000})
    cached = asks(LONG, cache_control=MARK)

    assert [caller.post(cached).status_code for _ in range(5)] == [200] * 5
    assert [caller.post(asks(f"{n}{LONG}", cache_control=MARK)).status_code for n in (1, 2, 2)] == [200, 429, 429]


@pytest.mark.parametrize("stream", [False, True], ids=["JSON", "stream"])
def test_output_counts_when_it_is_produced(limited, now, stream):
    """The answer that empties the bucket is given; the next request is refused."""
    caller = limited({"output-tokens": 60})
    first = caller.post({"stream": stream})
    assert first.status_code == 200
    assert "simulated" in first.text
    refused = caller.post()
    assert refused.status_code == 429
    assert "60 output tokens per minute" in refused.text
    now[0] += int(refused.headers["retry-after"])
    assert caller.post().status_code == 200


def test_counting_and_listing_are_not_limited_by_them(limited):
    """They have limits of their own in the real service."""
    caller = limited({"requests": 1})
    caller.post()

    assert caller.post().status_code == 429
    assert caller.post({"max_tokens": ...}, path="/v1/messages/count_tokens").status_code == 200
    assert caller.get("/v1/models").status_code == 200


@pytest.mark.parametrize(
    ("limits", "burst_s", "said"),
    [
        pytest.param({"tokens": 5}, 60.0, "no rate limit: tokens 5", id="unknown"),
        pytest.param({"requests": 0}, 60.0, "no rate limit: requests 0", id="none"),
        pytest.param({"requests": 5}, 0.0, "no burst: 0.0 s", id="no burst"),
        pytest.param({"requests": 5}, 61.0, "no burst: 61.0 s", id="more than a minute's"),
    ],
)
def test_limits_that_are_none(limits, burst_s, said):
    """Named at once."""
    with pytest.raises(ValueError, match=said):
        Simulator(limits=limits, burst_s=burst_s)
