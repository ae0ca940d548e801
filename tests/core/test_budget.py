"""What a call may cost at most, and what a limit lets through of it: all, a shorter answer, or nothing."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from claude_cli.core.budget import LEAST_OUTPUT_TOKENS, Plan, Record, RunLimit, grant, plan_of
from claude_cli.core.errors import BudgetReachedError
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, Usage, text_block
from claude_cli.core.models import catalogue
from claude_cli.core.pricing import PICO, cost
from claude_cli.core.tokens import estimate

from .stage import Book

PLAN = Plan("m", input_tokens=1000, max_tokens=10_000, input_pico=2_000, token_pico=10)


@pytest.mark.parametrize(
    ("left", "granted"),
    [
        pytest.param(102_000, 10_000, id="exactly the worst case"),
        pytest.param(101_999, 9_999, id="one token less"),
        pytest.param(2_000 + 10 * LEAST_OUTPUT_TOKENS, LEAST_OUTPUT_TOKENS, id="the shortest answer worth having"),
    ],
)
def test_a_limit_shortens_the_answer_nobody_gave_a_length(left, granted):
    """The rest of the plan stays."""
    assert grant(PLAN, left, limit="the budget").max_tokens == granted


@pytest.mark.parametrize(
    ("plan", "left", "words"),
    [
        pytest.param(
            PLAN, 2_000 + 10 * LEAST_OUTPUT_TOKENS - 1, "too little for an answer", id="too short to be of use"
        ),
        pytest.param(PLAN, -5, "$0.00 of", id="spent already"),
        pytest.param(
            Plan("m", 1, 10_000, flexible=False, input_pico=0, token_pico=10),
            99_999,
            "ask for less than 10,000",
            id="named",
        ),
        pytest.param(Plan("local", 1, 10), 10**12, "has no price", id="unpriced"),
        pytest.param(PLAN._replace(max_tokens=7), 9, "an answer of 7 tokens by", id="short as it is"),
        pytest.param(PLAN._replace(missing="the pages of x.pdf"), 9, "the pages of x.pdf cannot be", id="not reckoned"),
    ],
)
def test_a_limit_refuses(plan, left, words):
    """What does not fit is told before anything is sent."""
    with pytest.raises(BudgetReachedError, match=words.replace("$", r"\$")):
        grant(plan, left, limit="the budget")


def test_a_free_model_fits_every_budget():
    """A local server's model may cost nothing."""
    free = Plan("local", 1, 10, input_pico=0, token_pico=0)
    assert grant(free, 0, limit="the budget") is grant(free, -5, limit="the budget") is free


@pytest.mark.parametrize(
    ("plan", "set_aside", "waits"),
    [
        pytest.param(PLAN, 10**6, True, id="a call under way has it"),
        pytest.param(PLAN._replace(flexible=False), 10**6, True, id="of a named length, too"),
        pytest.param(PLAN, 10_000, False, id="but not enough"),
        pytest.param(PLAN._replace(flexible=False), 50_000, False, id="not for a named length"),
    ],
)
def test_money_that_is_only_set_aside_is_worth_waiting_for(plan, set_aside, waits):
    """A budget that is used up is not."""
    with pytest.raises(BudgetReachedError) as caught:
        grant(plan, 0, limit="the budget", set_aside_pico=set_aside)
    assert caught.value.retryable is waits
    assert ("is set aside for calls under way; try again when they are done" in str(caught.value)) is waits


# ------------------------------------------------------------------------------------------------ the worst case
WORDS = text_block("x" * 1000)
MARK = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
SEARCH = {"type": "web_search_20260318", "name": "web_search"}


def asked(model: str = "claude-sonnet-5-5", *blocks: dict, system=None, **extra: object) -> ChatRequest:
    options = LLMOptions(max_tokens=1000, extra=extra)
    return ChatRequest(model, (Message("user", blocks or (WORDS,)),), system, options)


@pytest.mark.parametrize(
    ("request_", "input_usd", "output_usd", "searches"),
    [
        pytest.param(asked(), 2, 10, 0, id="list prices"),
        pytest.param(asked("sonnet"), 2, 10, 0, id="by the line's name"),
        pytest.param(asked("claude-sonnet-5-5", {**WORDS, **MARK}), 2.5, 10, 0, id="a mark for the cache"),
        pytest.param(asked("claude-sonnet-5-5", {**WORDS, **MARK}, {**WORDS, **HOUR}), 4, 10, 0, id="for an hour"),
        pytest.param(asked(system=({**WORDS, **HOUR},)), 4, 10, 0, id="in the system prompt"),
        pytest.param(asked(**HOUR), 4, 10, 0, id="left to the provider"),
        pytest.param(asked(tools=[{"name": "own", **HOUR}]), 4, 10, 0, id="on a tool"),
        pytest.param(
            asked("claude-sonnet-5-5", {"type": "tool_result", "content": [{**WORDS, **HOUR}]}), 4, 10, 0, id="inside"
        ),
        pytest.param(
            asked(
                "claude-sonnet-5-5", {"type": "document", "source": {"type": "content", "content": [{**WORDS, **HOUR}]}}
            ),
            4,
            10,
            0,
            id="inside a document",
        ),
        pytest.param(asked(inference_geo="us"), 2.2, 11, 0, id="US inference"),
        pytest.param(asked("claude-opus-5-5", speed="fast"), 8, 40, 0, id="fast mode"),
        pytest.param(asked("claude-opus-5-5", speed="fast", **MARK), 10, 40, 0, id="fast mode and a mark"),
        pytest.param(asked(tools=[SEARCH]), 2, 10, 10, id="searches without a limit"),
        pytest.param(asked(tools=[{**SEARCH, "max_uses": 3}]), 2, 10, 3, id="searches with one"),
        pytest.param(asked("claude-haiku-5-5"), 0.1, 0.5, 0, id="short"),
        pytest.param(asked("claude-haiku-5-5", text_block("x" * 2_490 * 80)), 0.1, 0.5, 0, id="far from long"),
        pytest.param(asked("claude-haiku-5-5", text_block("x" * 2_510 * 80)), 0.5, 2.5, 0, id="nearly long"),
        pytest.param(asked("claude-haiku-5-5", text_block("x" * 2_500 * 200)), 0.5, 2.5, 0, id="long"),
    ],
)
def test_the_dearest_prices_that_can_apply(request_, input_usd, output_usd, searches):
    """To the pico-dollar: what comes back can only be cheaper."""
    plan = plan_of(request_, catalogue())
    tokens = estimate(request_, catalogue().find(request_.model))
    assert (plan.input_tokens, plan.max_tokens, plan.flexible) == (tokens, 1000, True)
    assert plan.input_pico == tokens * round(input_usd * 10**6) + searches * PICO // 100
    assert plan.token_pico == output_usd * 10**6


@pytest.mark.parametrize(
    "request_",
    [asked("my-own"), asked(speed="fast"), asked(speed="fast", tools="nonsense")],
    ids=["an unknown model", "a speed without a price", "nonsense, which is the API's to refuse"],
)
def test_what_has_no_price_has_no_worst_case(request_):
    """It is let through where there is no budget, and refused where there is one."""
    plan = plan_of(request_, catalogue())
    assert (plan.worst_pico, plan.max_tokens) == (None, 1000)
    with pytest.raises(BudgetReachedError):
        RunLimit(PICO).begin(plan)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"tools": 5}, {"tools": [5, None, {"type": 5}]}, {"tools": [{**SEARCH, "max_uses": -7}]}, {"system": 5},
        {"system": [5]}, {"cache_control": 5}, {"cache_control": {"ttl": []}}, {"max_tokens": "many"},
        {"max_tokens": -1}, {"inference_geo": {}}, {"speed": []}, {"output_config": 5},
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_is_the_provider_s_to_refuse(nonsense):
    """It is reckoned with as if it were not there, and never makes a call cheaper."""
    assert (plan_of(asked(**nonsense), catalogue()).worst_pico or 0) >= plan_of(asked(), catalogue()).worst_pico


def test_what_cannot_be_estimated_may_be_all_that_the_model_takes():
    """An image that is fetched by the provider, a PDF without its pages: a budget does not take them for nothing."""
    far = {"type": "image", "source": {"type": "url", "url": "https://example.com/x.png"}}
    plan = plan_of(asked("claude-haiku-4-5", far), catalogue())
    assert (plan.input_tokens, plan.input_pico) == (200_000, 200_000 * 10**6)
    assert plan.missing == "an image that is not in the request itself"


def test_max_tokens_as_it_is_sent():
    """A further field of the request goes before the option, and without either the default is sent."""
    assert plan_of(asked(max_tokens=7), catalogue()).max_tokens == 7
    assert plan_of(replace(asked(), options=LLMOptions()), catalogue()).max_tokens == 64_000


def test_no_answer_costs_more_than_its_worst_case():
    """Whatever the model, and wherever the tokens of the prompt are counted: fresh, written or read."""
    chance = Random(20261122)
    for model in catalogue().models:
        for extra in ({}, MARK, HOUR, {"inference_geo": "us"}):
            request = asked(model.id, text_block("x" * chance.randrange(1, 600_000)), **extra)
            plan = plan_of(request, catalogue())
            read = chance.randrange(plan.input_tokens)
            left = plan.input_tokens - read
            raw = {"inference_geo": extra.get("inference_geo")}
            written = {"cache_creation": {"ephemeral_1h_input_tokens": left}} if extra is HOUR else {}
            used = Usage(left, 1000, read, raw=raw)
            if extra in (MARK, HOUR):
                used = Usage(0, 1000, read, left, raw={**raw, **written})
            assert cost(used, model) <= plan.worst_pico, (model.id, extra)


# ------------------------------------------------------------------------------------------------ the limit of a run
def answered(pico: int | None) -> Record:
    return Record("m", "done", cost_pico=pico)


def test_a_run_s_limit_holds_for_all_its_calls():
    """Money spent and money in flight; what a call did not use is given back."""
    limit = RunLimit(200_000)
    first = limit.begin(PLAN)
    assert first.plan == PLAN and limit.left_pico() == 200_000 - (PLAN.worst_pico or 0)
    second = limit.begin(PLAN)
    assert second.plan.max_tokens == 9_600 and limit.left_pico() == 0
    with pytest.raises(BudgetReachedError, match=r"\$0.00 of --max-cost"):
        limit.begin(PLAN)
    limit.settle(first, answered(5_000))
    limit.settle(second, answered(0))
    assert limit.begin(PLAN._replace(max_tokens=20_000)).plan.max_tokens == 19_300


def test_what_goes_on_is_held_against_what_is_left_of_it():
    """What the call has spent counts, what was set aside for it before no longer does."""
    limit = RunLimit(110_000)
    ticket = limit.begin(PLAN)
    ticket = limit.extend(ticket, PLAN, 50_000)
    assert ticket.plan.max_tokens == 5_800
    with pytest.raises(BudgetReachedError):
        limit.extend(ticket, PLAN, 105_000)
    limit.settle(ticket, answered(80_000))
    assert limit.begin(PLAN).plan.max_tokens == 2_800


def test_an_answer_that_turns_out_to_have_no_price_is_charged_in_full():
    """A gateway may let another model answer: a limit that counted nothing for it would be none."""
    limit = RunLimit(150_000)
    limit.settle(limit.begin(PLAN), Record("m", "done", worst_pico=102_000))
    assert limit.begin(PLAN).plan.max_tokens == 4_600


def test_a_limit_of_nothing_lets_free_models_through():
    """And nothing that has a price."""
    limit = RunLimit(0)
    limit.settle(limit.begin(Plan("local", 1, 10, input_pico=0, token_pico=0)), answered(0))
    with pytest.raises(BudgetReachedError):
        limit.begin(PLAN)


def test_the_ledger_is_told_what_the_run_allows():
    """And the tighter of the two counts; what the ledger refuses is not set aside."""
    book = Book([5_000, 0, 3_000])
    limit = RunLimit(110_000, book)
    assert limit.begin(PLAN._replace(max_tokens=20_000)).plan.max_tokens == 5_000
    assert book.told == [PLAN._replace(max_tokens=10_800)]
    with pytest.raises(BudgetReachedError, match="purse"):
        limit.begin(PLAN._replace(max_tokens=2_000))
    second = limit.begin(PLAN._replace(max_tokens=5_500))
    assert second.plan.max_tokens == 3_000
    limit.settle(limit.extend(second, PLAN, 10_000), answered(20_000))
    assert book.told[-1] == (PLAN._replace(max_tokens=4_600), 10_000)
    assert book.records == [answered(20_000)]
