"""Compares the shipped prices with the package genai-prices: `make prices`, or `python -m benchmarks.prices`.

Says for each model and kind of token where the two differ, and what only one of them has. Neither is the price list
itself: a difference is a reason to look there, and no more. Status 1 if there is one that is not explained below.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from claude_cli.core.messages import Usage
from claude_cli.core.models import Catalogue, Model, catalogue
from claude_cli.core.pricing import rates

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

KINDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
"""Our words for what a million tokens are of, and theirs."""
MODES: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "": ({}, {}),
    "batch ": ({"service_tier": "batch"}, {"processing": "batch"}),
    "fast ": ({"speed": "fast"}, {"speed": "fast"}),
}
"""How a call may be made: what our usage object says of it, and what their context does."""

Prices = Mapping[str, Decimal]
"""US dollars for a million tokens by kind: "input", "batch output", "input above 100000" (tokens of the prompt)."""
Explained = Mapping[tuple[str, str], tuple[str, str]]

_SONNET_45 = "claude-sonnet-4-5-20250929"
_LONG = "that was a beta of a longer window; ours ends at 200,000 tokens, and a longer prompt is refused"
_MYTHOS = "our sources have fast mode for Fable 5.2 alone; unpriced is better than guessed"
EXPLAINED: Explained = {
    (_SONNET_45, "input above 200000"): ("6", _LONG),
    (_SONNET_45, "output above 200000"): ("22.5", _LONG),
    (_SONNET_45, "cache_read above 200000"): ("0.6", _LONG),
    (_SONNET_45, "cache_write_5m above 200000"): ("7.5", _LONG),
    (_SONNET_45, "cache_write_1h above 200000"): ("12", _LONG),
    (_SONNET_45, "batch input above 200000"): ("3", _LONG),
    (_SONNET_45, "batch output above 200000"): ("11.25", _LONG),
    (_SONNET_45, "batch cache_read above 200000"): ("0.3", _LONG),
    (_SONNET_45, "batch cache_write_5m above 200000"): ("3.75", _LONG),
    (_SONNET_45, "batch cache_write_1h above 200000"): ("6", _LONG),
    ("claude-mythos-5-2", "fast input"): ("16", _MYTHOS),
    ("claude-mythos-5-2", "fast output"): ("80", _MYTHOS),
    ("claude-mythos-5-2", "fast cache_read"): ("0.4", _MYTHOS),
    ("claude-mythos-5-2", "fast cache_write_5m"): ("20", _MYTHOS),
    ("claude-mythos-5-2", "fast cache_write_1h"): ("32", _MYTHOS),
}
"""What is known to differ, by model and kind: their price, and why ours is another. A new price of theirs is told."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One price that the two have differently; None: that side has none."""

    model: str
    kind: str
    ours: Decimal | None
    theirs: Decimal | None

    def reason(self, explained: Explained) -> str:
        """Why it is as it should be; "" where nobody has said."""
        theirs, reason = explained.get((self.model, self.kind), ("", ""))
        return reason if reason and self.theirs == Decimal(theirs) else ""

    def line(self) -> str:
        """It in words."""
        ours, theirs = ("none" if price is None else f"${price:f}" for price in (self.ours, self.theirs))
        return f"{self.model}, {self.kind}: ours {ours}, theirs {theirs}"


def our_prices(models: Catalogue) -> dict[str, Prices]:
    """What a call is charged by `core/pricing.py`, by the models' ids."""
    return {model.id: dict(_ours(model)) for model in models.models}


def _ours(model: Model) -> Iterator[tuple[str, Decimal]]:
    above = (model.raw.get("price_long_prompt") or {}).get("above_prompt_tokens")
    for mode, (raw, _) in MODES.items():
        for length in filter(None, (1, above and above + 1)):
            tier = f" above {above}" if length > 1 else ""
            for kind, price in rates(Usage(length, raw=dict(raw)), model, None).items():
                per_million = Fraction(price) / 10**6  # of pico-dollars a token
                yield f"{mode}{kind}{tier}", Decimal(per_million.numerator) / Decimal(per_million.denominator)


def their_prices(provider: Provider, ids: Iterable[str], now: datetime) -> dict[str, Prices]:
    """The prices in force at `now`: by our id where one of `ids` is meant, else by theirs."""
    meant = ((provider.find_model(name), name) for name in ids)
    names = {found.id: name for found, name in meant if found}
    return {names.get(model.id, model.id): dict(_theirs(model, now)) for model in provider.models}


def _theirs(model: ModelInfo, now: datetime) -> Iterator[tuple[str, Decimal]]:
    for mode, (_, context) in MODES.items():
        if context and not any(variant.when == context for variant in model.price_variants or ()):
            continue
        listed = vars(model.get_prices(now, dict(context)))
        for kind, name in KINDS.items():
            price = listed.get(name)
            if price is not None:
                yield f"{mode}{kind}", getattr(price, "base", price)
                yield from ((f"{mode}{kind} above {tier.start}", tier.price) for tier in getattr(price, "tiers", ()))


def differences(ours: Mapping[str, Prices], theirs: Mapping[str, Prices]) -> list[Difference]:
    """Each price that is not the same for a model that both have."""
    found = []
    for model in ours.keys() & theirs.keys():
        for kind in ours[model].keys() | theirs[model].keys():
            pair = ours[model].get(kind), theirs[model].get(kind)
            if pair[0] != pair[1]:
                found.append(Difference(model, kind, *pair))
    return sorted(found, key=lambda each: (each.model, each.kind))


def report(
    ours: Mapping[str, Prices], theirs: Mapping[str, Prices], explained: Explained = EXPLAINED
) -> tuple[list[str], int]:
    """What to say, a line each, and the exit status: 1 where prices differ and nobody has said why."""
    lines, status = [], 0
    for each in differences(ours, theirs):
        reason = each.reason(explained)
        status = status if reason else 1
        lines.append(f"explained: {each.line()}; {reason}" if reason else f"DIFFERS: {each.line()}")
    lines += [f"only ours: {model}" for model in sorted(ours.keys() - theirs.keys())]
    lines += [f"only theirs: {model}" for model in sorted(theirs.keys() - ours.keys())]
    both = len(ours.keys() & theirs.keys())
    lines.append(f"{both} models compared: {'prices differ' if status else 'no difference that is not explained'}")
    return lines, status


def main() -> int:
    """Compare and print."""
    from genai_prices import __version__
    from genai_prices.data import providers

    models = catalogue()
    provider = next(each for each in providers if each.id == "anthropic")
    gone = [name for model in models.retired for name in (model.id, *model.aliases)]
    ours = our_prices(models)
    theirs = their_prices(provider, ours, datetime.now(UTC))
    for name in gone:
        if (found := provider.find_model(name)) is not None:
            theirs.pop(found.id, None)  # out of service, and so not missed
    lines, status = report(ours, theirs)
    print(f"models.json of {models.as_of} beside genai-prices {__version__}")
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
