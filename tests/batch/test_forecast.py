"""What a batch will take: our estimates, corrected by a count of some rows, and by the answers that have come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from claude_cli.batch.forecast import ENOUGH_ROWS, Forecast, Sample, affords, check_affordable, forecast, sample
from claude_cli.batch.survey import Load
from claude_cli.core.errors import BudgetReachedError
from claude_cli.core.events import Event
from claude_cli.core.messages import ChatRequest
from claude_cli.core.models import catalogue
from claude_cli.core.pricing import PICO
from claude_cli.core.providers.base import LLMProvider, ModelInfo
from claude_cli.core.tokens import estimate

from .conftest import MODEL, provider_at, row

HAIKU = "claude-haiku-4-5-20251001"
LOAD = Load(
    rows=100, input_tokens=50_000, output_tokens=100_000, input_pico=PICO, output_pico=2 * PICO, saved_pico=PICO
)


def counted(url: str, *models: str) -> Sample:
    """A sample of a row for each of `models`, counted by the server at `url`."""

    async def ask() -> Sample:
        async with provider_at(url) as provider:
            return await sample(provider, [row(number, model=model) for number, model in enumerate(models)])

    return asyncio.run(ask())


def test_a_sample_says_how_far_the_estimates_are_off_by_model(simulate):
    """Tokenizers differ, and so does how well we know them."""
    simulator = simulate()
    found = counted(simulator.url, MODEL, MODEL, HAIKU)
    assert (found.rows, found.failure, found.ratios.keys()) == (3, "", {MODEL, HAIKU})
    assert all(0.1 < ratio < 10 for ratio in found.ratios.values())
    assert {request.path for request in simulator.requests} == {"/v1/messages/count_tokens"}


@pytest.mark.parametrize(
    ("models", "rows", "words"),
    [
        pytest.param((MODEL, "no-such-model"), 1, "", id="one fails"),
        pytest.param(("no-such-model", "no-such-model"), 0, "no-such-model", id="all fail"),
    ],
)
def test_what_can_be_counted_counts(simulate, models, rows, words):
    """A count that fails is left out; where all do, the estimates stand and it is said why."""
    found = counted(simulate().url, *models)
    assert (found.rows, len(found.ratios)) == (rows, rows)
    assert words in found.failure and bool(found.failure) == (not rows)


def test_without_a_network_the_estimates_stand():
    """A dry run on a train still says what it can."""
    found = counted("http://127.0.0.1:9", MODEL)
    assert found.rows == 0
    assert "127.0.0.1" in found.failure and "\n" not in found.failure


def test_a_provider_that_does_not_count_is_not_in_the_way():
    """A plugin need not know how."""

    class Parrot(LLMProvider):
        """Repeats."""

        DISPLAY_NAME = "Parrot"

        async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
            """Never asked here."""
            raise NotImplementedError
            yield

        async def get_available_models(self) -> list[ModelInfo]:
            """None."""
            return []

    assert asyncio.run(sample(Parrot(), [row()])) == Sample({}, 0, "Parrot does not count tokens")


def test_nothing_to_count_is_no_failure():
    """Where nothing is open there is no sample."""
    assert counted("http://127.0.0.1:9") == Sample()


def test_the_count_corrects_input_and_its_money_and_no_more():
    """How long answers will be, the prompts do not say; a model of which none was counted keeps its estimate."""
    found = forecast({MODEL: LOAD, HAIKU: LOAD}, Sample({MODEL: 1.2}, 8))
    assert found.loads[MODEL] == Load(100, 60_000, 100_000, PICO * 6 // 5, 2 * PICO, PICO * 6 // 5)
    assert found.loads[HAIKU] == LOAD
    assert (found.rows, found.input_tokens, found.output_tokens) == (200, 110_000, 200_000)
    assert (found.input_pico, found.cost_pico, found.method) == (2.2 * PICO, 6.2 * PICO, "count_tokens")


def test_a_count_of_all_rows_makes_the_forecast_exact(simulate):
    """The ratio is that of sums, not the mean of ratios: what was counted comes out again."""
    simulator, rows = simulate(), [row(0, "Hi."), row(1, "How are you? " * 100)]
    estimated = sum(estimate(each.request, catalogue().find(MODEL)) for each in rows)

    async def ask() -> tuple[Sample, int]:
        async with provider_at(simulator.url) as provider:
            true = sum([await provider.count_tokens(each.request) for each in rows])
            return await sample(provider, rows), true

    found, true = asyncio.run(ask())
    assert forecast({MODEL: Load(2, estimated)}, found).input_tokens == true


@pytest.mark.parametrize(
    ("done", "tokens", "expected"),
    [
        pytest.param(0, 0, 100_000, id="nothing done yet"),
        pytest.param(ENOUGH_ROWS - 1, 19, 100_000, id="too few"),
        pytest.param(ENOUGH_ROWS, ENOUGH_ROWS * 250, 25_000, id="shorter"),
        pytest.param(50, 50 * 3_000, 300_000, id="longer"),
    ],
)
def test_rows_that_are_done_say_how_long_the_others_will_be(done, tokens, expected):
    """The thousand that nobody knew better than gives way to the run's own mean."""
    found = forecast({MODEL: LOAD}).again(done, tokens)
    assert found.output_tokens == expected
    assert found.output_pico == 2 * PICO * expected // 100_000
    assert found.input_pico == PICO


def test_what_is_to_come_is_the_share_of_open_rows():
    """For a progress line: half of the rows are open, and answers are half as long as expected."""
    assert forecast({MODEL: LOAD}).to_come_pico(50, 50, 50 * 500) == PICO
    assert forecast({MODEL: LOAD}).to_come_pico(0, 100, 100) == 0
    assert Forecast().to_come_pico(0, 0, 0) is None


def test_where_nothing_is_open_nothing_is_to_be_paid():
    """A dry run of a batch that is done."""
    assert (Forecast().cost_pico, Forecast().input_pico) == (0, None)
    assert Forecast().lines()[-1].startswith("expected cost: $0.00")


@pytest.mark.parametrize(
    ("left", "row", "counted", "said"),
    [
        pytest.param(3 * PICO, 0, 8, "", id="all of it"),
        pytest.param(PICO // 2, 0, 8, "does not afford the input: the run would not begin", id="not the input"),
        pytest.param(PICO // 2, 0, 0, "affords about 16 of 100 rows", id="by an estimate, which may be wrong"),
        pytest.param(3 * PICO // 2, 2 * PICO, 8, "a row may cost, $2.00: a smaller --max-tokens", id="not one row"),
        pytest.param(3 * PICO // 2, 0, 8, "the $1.50 that the budget leaves affords about 50 of 100", id="a part"),
    ],
)
def test_how_far_a_budget_goes(left, row, counted, said):
    """Before anything is paid; nothing is said where it is enough."""
    load = Load(100, 1_000, 1_000, PICO, 2 * PICO)
    found = affords(forecast({MODEL: load}, Sample({}, counted)), left, row)
    assert said in found and (bool(said) or found == "")


def test_models_without_a_price_are_named_and_the_others_counted():
    """A sum that leaves something out says what."""
    found = forecast({MODEL: LOAD, "llama-3": Load(5, 100, 5_000, None, None)})
    assert (found.cost_pico, found.unpriced) == (3 * PICO, ("llama-3",))
    assert found.lines()[-1] == "llama-3: 5 rows, unpriced"
    assert found.as_json()["models"]["llama-3"]["cost_usd"] is None
    assert forecast({"llama-3": Load(5, 100, 5_000, None, None)}).cost_pico is None


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        pytest.param(
            forecast({MODEL: LOAD}, Sample({MODEL: 1.0}, 8)),
            [
                "~50,000 input tokens (counted on 8 rows), 100,000 output tokens expected",
                "expected cost: $3.00, $1.00 of it for the input ($1.00 saved by the prompt cache)",
            ],
            id="counted",
        ),
        pytest.param(
            forecast({MODEL: Load(1, 10, 20, PICO, PICO)}, Sample(failure="no key")),
            [
                "~10 input tokens (estimate), 20 output tokens expected",
                "not counted: no key",
                "expected cost: $2.00, $1.00 of it for the input",
            ],
            id="not counted",
        ),
        pytest.param(
            forecast({"llama-3": Load(1, 10, 20, None, None)}),
            [
                "~10 input tokens (estimate), 20 output tokens expected",
                "expected cost: unpriced",
                "llama-3: 1 row, unpriced",
            ],
            id="unpriced",
        ),
    ],
)
def test_a_forecast_in_words(found, lines):
    """What it says, and where it is only an estimate."""
    assert found.lines() == lines


@pytest.mark.parametrize(
    ("sampled", "left", "refused"),
    [
        pytest.param(Sample({MODEL: 1.0}, 8), PICO - 1, True, id="the input alone passes it"),
        pytest.param(Sample({MODEL: 1.0}, 8), PICO, False, id="the input fits, its answers do not"),
        pytest.param(Sample({MODEL: 1.0}, 8), None, False, id="no budget"),
        pytest.param(Sample({MODEL: 0.5}, 8), PICO * 3 // 4, False, id="counted, it is less than estimated"),
        pytest.param(Sample(), 0, False, id="an estimate refuses nothing"),
    ],
)
def test_a_batch_is_refused_before_it_starts_only_when_its_input_passes_the_budget(sampled, left, refused):
    """For any other reason it would be wrong: the answers may be short, and the budget stops it in time."""
    found = forecast({MODEL: LOAD}, sampled)
    if not refused:
        check_affordable(found, left)
        return
    with pytest.raises(BudgetReachedError, match=r"\$1\.00.*\$1\.00 of the budget is left"):
        check_affordable(found, left)


def test_a_batch_without_prices_is_not_refused_here():
    """A budget that cannot be kept says so itself, with the model's name."""
    check_affordable(forecast({"llama-3": Load(1, 1, 1, None, None)}, Sample({"llama-3": 1.0}, 1)), 0)
