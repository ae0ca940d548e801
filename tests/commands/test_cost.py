"""What a call cost, from the bytes of the answer to `cost_usd` and `-u`: worked by hand from the price list.

Prices in dollars per million tokens, November 2026: Sonnet 5.5 input 2, output 10, cache written 2.50 (5 minutes) or
4 (an hour), read 0.10; Opus 5.5 input 4, output 20, fast 8 and 40; Haiku 5.5 input 0.10, output 0.50, and 0.50 and
2.50 above 100,000 tokens of prompt. In the US times 1.1, in a batch half; a web search is a cent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ..loopback import EVENTS, Loopback, frames, response

THOUSAND = {"input_tokens": 1000, "output_tokens": 1000}
CACHED = {
    "input_tokens": 1000,
    "cache_creation_input_tokens": 2000,
    "cache_read_input_tokens": 10_000,
    "output_tokens": 500,
}


def split(five_minutes: int, hour: int) -> dict[str, Any]:
    """The cache's part of a usage object."""
    return {"cache_creation": {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": hour}}


@pytest.mark.parametrize(
    ("model", "words", "usage", "dollars", "said"),
    [
        # 0.002 + 0.005 + 0.001 + 0.005
        pytest.param("sonnet", [], CACHED | split(2000, 0), "0.013", "$0.013", id="cache written and read"),
        pytest.param("sonnet", [], CACHED | {"cache_creation": None}, "0.013", "$0.013", id="its time not said"),
        # 0.002 + 0.00125 + 0.006 + 0.001 + 0.005
        pytest.param("sonnet", [], CACHED | split(500, 1500), "0.01525", "$0.015", id="written for both times"),
        pytest.param(
            "sonnet", ["-O", "inference_geo=us"], CACHED | split(2000, 0), "0.0143", "$0.014", id="inference in the US"
        ),
        pytest.param(
            "sonnet", [], CACHED | split(2000, 0) | {"service_tier": "batch"}, "0.0065", "$0.0065", id="in a batch"
        ),
        # 0.01 + 0.0005
        pytest.param(
            "haiku", [], {"input_tokens": 100_000, "output_tokens": 1000}, "0.0105", "$0.011", id="a prompt just short"
        ),
        # 0.0500005 + 0.0025: one token more, and every token is dearer
        pytest.param(
            "haiku", [], {"input_tokens": 100_001, "output_tokens": 1000}, "0.0525005", "$0.053", id="one token longer"
        ),
        # 0.004 + 0.02 + 0.02
        pytest.param(
            "opus", [], THOUSAND | {"server_tool_use": {"web_search_requests": 2}}, "0.044", "$0.044", id="two searches"
        ),
        pytest.param("opus", ["-O", "speed=fast"], THOUSAND, "0.048", "$0.048", id="fast mode"),
        # (0.008 + 0.04) x 1.1
        pytest.param(
            "opus", ["-O", "speed=fast", "-O", "inference_geo=us"], THOUSAND, "0.0528", "$0.053", id="fast, in the US"
        ),
        pytest.param("opus", [], THOUSAND | {"service_tier": "priority"}, "null", "unpriced", id="a tier by contract"),
    ],
)  # fmt: skip
def test_what_a_call_cost(claude, simulate, model, words, usage, dollars, said):
    """To the last digit for machines, and in two that count for people."""
    simulate({"say": "Yes.", "usage": usage})
    done = claude("complete", "--json", "-u", "-m", model, *words, "hi")
    assert done.status == 0, done.err
    assert f'"cost_usd": {dollars},' in done.out
    assert f" out (16 thinking), {said}, " in done.err


def test_an_answer_that_comes_as_a_whole_costs_the_same(claude, simulate):
    """One object has what a stream spreads over its first and its last event."""
    simulator = simulate({"say": "Yes.", "usage": CACHED | split(500, 1500), "as_json": True})
    done = claude("complete", "--json", "--no-stream", "-O", "inference_geo=us", "hi")
    assert '"cost_usd": 0.016775,' in done.out  # 0.01525 x 1.1
    assert len(simulator.requests) == 1


def test_a_search_costs_a_cent(claude, simulator):
    """As the service reports it, with the tokens of what was found."""
    done = claude("complete", "--json", "-m", "opus", "--web-search", "hi")
    usage = done.json["usage"]
    tokens = usage["input_tokens"] * 4 + usage["output_tokens"] * 20
    assert f'"cost_usd": {(tokens + 10_000) / 1e6!r},' in done.out


@pytest.fixture
def answering(claude) -> Iterator[Callable[[str], None]]:
    """Starts a server whose answers name a model as theirs, with a thousand tokens in and out."""
    with ExitStack() as stack:

        def start(model: str) -> None:
            first, *middle, delta, last = EVENTS
            opening = {**first["message"], "model": model, "usage": THOUSAND}
            events = [{**first, "message": opening}, *middle, {**delta, "usage": {"output_tokens": 1000}}, last]
            data = response(frames(events))
            claude.url = stack.enter_context(Loopback(lambda peer: peer.answer(data))).url

        yield start


@pytest.mark.parametrize(
    ("asked", "answered", "dollars", "said"),
    [
        # 0.004 + 0.02, not the 0.012 of Sonnet
        pytest.param("sonnet", "claude-opus-5-5", "0.024", "$0.024", id="another than asked"),
        pytest.param("our-alias", "claude-opus-5-5", "0.024", "$0.024", id="asked by a name nobody knows"),
        # 0.001 + 0.005
        pytest.param("haiku", "claude-haiku-4-5", "0.006", "$0.006", id="by an alias"),
        pytest.param("sonnet", "claude-nova-9", "null", "unpriced", id="one nobody knows"),
        pytest.param("our-alias", "our-alias", "null", "unpriced", id="neither is known"),
    ],
)
def test_the_model_that_answers_decides_the_price(claude, answering, asked, answered, dollars, said):
    """And one without a price is unpriced, which is not free."""
    answering(answered)
    done = claude("complete", "--json", "-u", "-m", asked, "hi")
    assert done.status == 0, done.err
    assert done.json["model"] == answered
    assert f'"cost_usd": {dollars},' in done.out
    assert f" out, {said}, " in done.err
