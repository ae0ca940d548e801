"""Money: exact to the last digit, from the usage of the response."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from claude_cli.core.events import usage_from
from claude_cli.core.messages import Completion
from claude_cli.core.models import Model, catalogue
from claude_cli.core.pricing import cost, cost_of, dollars, money, saved, saved_of


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
        pytest.param(
            "claude-opus-5-5",
            {**CACHED, "speed": "fast", "cache_creation": {"ephemeral_1h_input_tokens": 500}},
            "0.055",
            id="the cache in fast mode",
        ),
        pytest.param(
            "claude-fable-5-2",
            {**CACHED, "speed": "fast", "inference_geo": "us", "service_tier": "batch"},
            "0.055",
            id="fast, in the US and in a batch",
        ),
        pytest.param(
            "claude-haiku-5-5",
            {"input_tokens": 100_001, "output_tokens": 1000, "service_tier": "batch"},
            "0.02625025",
            id="a long prompt in a batch",
        ),
        pytest.param("claude-sonnet-5-5", {"service_tier": "priority"}, None, id="a tier without a list price"),
        pytest.param(
            "claude-sonnet-5-5",
            {"cache_creation_input_tokens": 10, "cache_creation": {"ephemeral_1h_input_tokens": 30}},
            "0.00012",
            id="a split larger than its sum",
        ),
        pytest.param(
            "claude-sonnet-5-5",
            {"cache_creation": "x", "server_tool_use": [], "inference_geo": "eu", "input_tokens": 5},
            "0.00001",
            id="parts that are no objects",
        ),
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


def made(**entry: Any) -> Model:
    """A model with exactly the prices and factors given, as a user's file may have it."""
    known = catalogue().find("claude-sonnet-5-5")
    assert known
    return replace(known, raw=entry)


IN_AND_OUT = {"input": 1, "output": 2}
PLAIN = {"price_usd_per_mtok": IN_AND_OUT}


@pytest.mark.parametrize(
    ("entry", "raw", "wanted"),
    [
        pytest.param(PLAIN, {"input_tokens": 3, "output_tokens": 4}, "0.000011", id="priced"),
        pytest.param(PLAIN, {"cache_read_input_tokens": 1}, None, id="a kind without a price"),
        pytest.param({"price_usd_per_mtok": {"output": None}}, {"output_tokens": 1}, None, id="null is no price"),
        pytest.param({"price_usd_per_mtok": {"input": 0, "output": 0}}, {"input_tokens": 9}, "0.00", id="0 is a price"),
        pytest.param({"price_usd_per_mtok": {"input": 1e-7}}, {"input_tokens": 10**7}, "0.000001", id="a fine price"),
        pytest.param({}, {"input_tokens": 1}, None, id="no prices"),
        pytest.param({}, {}, None, id="no prices, nothing used"),
        pytest.param({"price_usd_per_mtok": None}, {"input_tokens": 1}, None, id="prices that are null"),
        pytest.param(PLAIN, {"input_tokens": 1, "service_tier": "batch"}, None, id="no factor for batches"),
        pytest.param(PLAIN, {"input_tokens": 1, "inference_geo": "us"}, None, id="no factor for the US"),
        pytest.param(
            {"price_usd_per_mtok": {"input": 0, "output": 0, "cache_read": 1}, "price_fast_mode": IN_AND_OUT},
            {"cache_read_input_tokens": 1, "speed": "fast"},
            None,
            id="fast, and the cache has no relation to a free input",
        ),
    ],
)  # fmt: skip
def test_prices_that_are_not_all_there(entry, raw, wanted):
    """A call that uses what has no price is unpriced, which is never 0; what it does not use may be missing."""
    found = cost(usage_from({"input_tokens": 0, "output_tokens": 0, **raw}), made(**entry))
    assert (None if found is None else dollars(found)) == wanted


@pytest.mark.parametrize(
    ("model", "raw", "pico"),
    [
        pytest.param("claude-sonnet-5-5", {"cache_read_input_tokens": 10_000}, 19 * 10**9, id="read"),
        pytest.param("claude-sonnet-5-5", {"cache_creation_input_tokens": 2000}, -(10**9), id="written"),
        pytest.param("claude-sonnet-5-5", CACHED, 18 * 10**9, id="both"),
        pytest.param(
            "claude-sonnet-5-5",
            {"cache_creation_input_tokens": 2000, "cache_creation": {"ephemeral_1h_input_tokens": 1500}},
            -3_250_000_000,
            id="part of it for an hour",
        ),
        pytest.param("claude-sonnet-5-5", {**CACHED, "service_tier": "batch"}, 9 * 10**9, id="half in a batch"),
        pytest.param("claude-sonnet-5-5", {**CACHED, "inference_geo": "us"}, 19_800_000_000, id="in the US"),
        pytest.param("claude-opus-5-5", {**CACHED, "speed": "fast"}, 72 * 10**9, id="fast"),
        pytest.param("claude-haiku-5-5", {"cache_read_input_tokens": 200_000}, 90 * 10**9, id="of a long prompt"),
        pytest.param("claude-sonnet-5-5", {"input_tokens": 1000, "output_tokens": 1000}, 0, id="no part in it"),
        pytest.param("claude-unheard-of", {"input_tokens": 1000}, 0, id="no part in it, whatever the model"),
        pytest.param("claude-unheard-of", {"cache_read_input_tokens": 1}, None, id="a model without prices"),
        pytest.param("claude-sonnet-5-5", {**CACHED, "service_tier": "priority"}, None, id="a tier without prices"),
    ],
)
def test_what_the_cache_saves(model, raw, pico):
    """What the prompt would have cost without it, less what it did cost."""
    assert saved(usage_from({"input_tokens": 0, "output_tokens": 0, **raw}), catalogue().find(model)) == pico


def test_a_cache_without_the_price_of_input_saves_nobody_knows_what():
    """Free reads of a model with no other price are no saving that could be told."""
    assert saved(usage_from({"cache_read_input_tokens": 5}), made(price_usd_per_mtok={"cache_read": 0})) is None


@pytest.mark.parametrize(
    ("day", "wanted"), [(date(2026, 11, 30), "0.05"), (date(2026, 12, 1), None), (None, "0.05")], ids=str
)
def test_fast_mode_ends(day, wanted):
    """After the last day of its price there is none."""
    assert priced("claude-opus-4-8", output_tokens=1000, speed="fast", on=day) == wanted


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


def test_savings_are_summed_by_leg():
    """A continued answer writes the cache once and reads it again."""
    legs = ({"cache_creation_input_tokens": 2000}, {"cache_read_input_tokens": 10_000})
    assert saved_of(answer("claude-sonnet-5-5", *legs), catalogue()) == 18 * 10**9
    assert saved_of(answer("claude-unheard-of", *legs), catalogue()) is None
    assert saved_of(replace(answer("claude-sonnet-5-5", *legs), stop_reason=None), catalogue()) is None


def test_the_model_asked_counts_where_the_answer_names_none():
    """Some compatible servers leave it out; a name that they do give is never passed over."""
    assert cost_of(answer("", {"output_tokens": 1}), catalogue(), "sonnet") == 10**7
    assert cost_of(answer("llama", {"output_tokens": 1}), catalogue(), "sonnet") is None


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
