"""Money: exact to the last digit, from the usage of the response."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from claude_cli.core.events import usage_from
from claude_cli.core.messages import Completion
from claude_cli.core.models import catalogue
from claude_cli.core.pricing import cost, cost_of, dollars, money


def priced(model: str, *, on: date | None = None, **raw: Any) -> str | None:
    """The dollars of a usage object as the API sends it."""
    found = cost(usage_from({"input_tokens": 0, "output_tokens": 0, **raw}), catalogue().find(model), on=on)
    return None if found is None else dollars(found)


CACHED = {
    "input_tokens": 1000,
    "cache_creation_input_tokens": 2000,
    "cache_read_input_tokens": 10_000,
    "output_tokens": 500,
}


@pytest.mark.parametrize(
    ("model", "raw", "wanted"),
    [
        pytest.param("claude-sonnet-5-5", CACHED, "0.013", id="cache written and read"),
        pytest.param("claude-sonnet-5-5", {**CACHED, "service_tier": "batch"}, "0.0065", id="half in a batch"),
        pytest.param("claude-sonnet-5-5", {**CACHED, "inference_geo": "us"}, "0.0143", id="inference in the US"),
        pytest.param(
            "claude-sonnet-5-5",
            {**CACHED, "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1500}},
            "0.01525",
            id="part of it kept for an hour",
        ),
        pytest.param(
            "claude-haiku-5-5", {"input_tokens": 100_000, "output_tokens": 1000}, "0.0105", id="the last short prompt"
        ),
        pytest.param(
            "claude-haiku-5-5", {"input_tokens": 100_001, "output_tokens": 1000}, "0.0525005", id="the first long one"
        ),
        pytest.param(
            "claude-haiku-5-5",
            {"input_tokens": 1, "cache_read_input_tokens": 100_000, "output_tokens": 0},
            "0.0050005",
            id="what the cache gave counts for the length",
        ),
        pytest.param(
            "claude-opus-5-5",
            {"input_tokens": 1000, "output_tokens": 1000, "server_tool_use": {"web_search_requests": 2}},
            "0.044",
            id="web searches",
        ),
        pytest.param(
            "claude-opus-5-5",
            {"input_tokens": 1000, "service_tier": "batch", "server_tool_use": {"web_search_requests": 2}},
            "0.022",
            id="searches are not halved",
        ),
        pytest.param(
            "claude-opus-5-5", {"input_tokens": 1000, "output_tokens": 1000, "speed": "fast"}, "0.048", id="fast mode"
        ),
        pytest.param("claude-sonnet-5-5", {"input_tokens": 1, "speed": "fast"}, None, id="fast where it has no price"),
        pytest.param("claude-sonnet-5-5", {"service_tier": "priority"}, None, id="a tier without a list price"),
        pytest.param("claude-unheard-of", {"input_tokens": 5}, None, id="a model we do not know is not free"),
        pytest.param("claude-sonnet-5-5", {}, "0.00", id="nothing used"),
        pytest.param(
            "claude-sonnet-5-5",
            {"cache_creation_input_tokens": None, "cache_creation": None, "server_tool_use": None, "output_tokens": 1},
            "0.00001",
            id="nulls",
        ),
    ],
)  # fmt: skip
def test_cost(model, raw, wanted):
    """The first seven figures are worked examples of the price list."""
    assert priced(model, **raw) == wanted


def answer(model: str, *raws: dict[str, Any]) -> Completion:
    """A whole answer of one leg for each usage object."""
    legs = tuple(map(usage_from, raws))
    return Completion("msg_1", model, (), "end_turn", legs[0], legs=legs if len(legs) > 1 else ())


@pytest.mark.parametrize(
    ("day", "wanted"), [(date(2026, 10, 6), "0.20"), (date(2026, 10, 7), "0.10"), (None, "0.10")], ids=str
)
def test_a_price_that_has_changed(day, wanted):
    """The day of the call decides, so that old records stay right."""
    assert priced("claude-sonnet-5-5", cache_read_input_tokens=10**6, on=day) == wanted


@pytest.mark.parametrize("model", [model.id for model in catalogue().models])
def test_every_model_is_priced_in_whole_pico_dollars(model):
    """A fraction would be rounded away, and sums of many calls would drift."""
    for kind in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
        one = cost(usage_from({kind: 1, "service_tier": "batch", "inference_geo": "us"}), catalogue().find(model))
        thousand = cost(
            usage_from({kind: 1000, "service_tier": "batch", "inference_geo": "us"}), catalogue().find(model)
        )
        assert one and thousand == 1000 * one


def test_the_name_in_the_response_decides():
    """An alias is priced as its model."""
    assert cost_of(answer("claude-haiku-4-5", {"output_tokens": 1000}), catalogue()) == 5 * 10**9


def test_each_leg_of_an_answer_has_its_own_price():
    """Two prompts of 60,000 tokens are two short prompts, not a long one."""
    assert cost_of(answer("claude-haiku-5-5", *[{"input_tokens": 60_000}] * 2), catalogue()) == 12 * 10**9


def test_an_answer_without_its_end_is_unpriced():
    """What the provider counted in the end is not known, and a guess would be too low."""
    cut = replace(answer("claude-haiku-5-5", {"output_tokens": 3}), stop_reason=None)
    assert cost_of(cut, catalogue()) is None


@pytest.mark.parametrize(
    ("pico", "exact", "short"),
    [
        (0, "0.00", "$0.00"),
        (1, "0.000000000001", "$0.000000000001"),
        (10**12, "1.00", "$1.00"),
        (4_123_456_789, "0.004123456789", "$0.0041"),
        (1_239_000_000_000, "1.239", "$1.24"),
        (999_999_999_999, "0.999999999999", "$1.00"),
        (52_500_500_000, "0.0525005", "$0.053"),
        (123_456_000_000_000, "123.456", "$123.46"),
    ],
)
def test_amounts_in_words(pico, exact, short):
    """Exact for machines, two digits that count for people."""
    assert (dollars(pico), money(pico)) == (exact, short)
