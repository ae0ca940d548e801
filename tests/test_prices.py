"""`make prices`: the shipped prices beside those of another table; a difference is found, told and fails the run."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, PriceVariant, Provider, Tier, TieredPrices

from benchmarks.prices import EXPLAINED, our_prices, report, their_prices
from claude_cli.core.models import catalogue


def invented(**prices):
    """A price table with one model of ours and one that we have not."""
    haiku = ModelInfo(
        "claude-haiku-5-5",
        ClauseEquals("claude-haiku-5-5"),
        prices=ModelPrice(**prices),
        price_variants=[PriceVariant({"processing": "batch"}, ModelPrice(input_mtok=Decimal("0.05")))],
    )
    other = ModelInfo("claude-other", ClauseEquals("claude-other"), prices=ModelPrice(input_mtok=Decimal(1)))
    provider = Provider("anthropic", "Anthropic", "", models=[haiku, other])
    return their_prices(provider, [model.id for model in catalogue().models], datetime(2026, 11, 22, tzinfo=UTC))


def test_a_difference_is_found_and_fails_the_run():
    """Also one of a long prompt, and one that only one side has; what agrees is not told."""
    theirs = invented(
        input_mtok=TieredPrices(Decimal("0.1"), [Tier(100_000, Decimal("0.6"))]), output_mtok=Decimal("0.50")
    )
    lines, status = report(our_prices(catalogue()), theirs)
    assert status == 1
    assert "DIFFERS: claude-haiku-5-5, input above 100000: ours $0.5, theirs $0.6" in lines
    assert "DIFFERS: claude-haiku-5-5, output above 100000: ours $2.5, theirs none" in lines
    assert "DIFFERS: claude-haiku-5-5, cache_read: ours $0.01, theirs none" in lines
    assert not any(", input: " in line or ", output: " in line or "batch input: " in line for line in lines)
    assert "only theirs: claude-other" in lines and "only ours: claude-opus-5-5" in lines
    assert lines[-1] == "1 models compared: prices differ"


def test_what_is_explained_does_not_fail_it_until_it_changes():
    """The reason was given for a price; another one needs another look."""
    ours, explained = {"m": {"input": Decimal(1)}}, {("m", "input"): ("2", "seen on their page")}
    lines, status = report(ours, {"m": {"input": Decimal("2.0")}}, explained)
    assert (status, lines[0]) == (0, "explained: m, input: ours $1, theirs $2.0; seen on their page")
    assert report(ours, {"m": {"input": Decimal(3)}}, explained)[1] == 1
    assert report(ours, {"m": {}}, explained)[1] == 1


def test_what_is_explained_is_of_models_that_we_have():
    """A reason that nobody needs any more is taken out."""
    assert {model for model, _ in EXPLAINED} <= {model.id for model in catalogue().models}
