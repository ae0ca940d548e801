"""What a call cost: exact integers over the usage its response reports, never an estimate and never a float.

Prices are the catalogue's, in US dollars per million tokens; money is counted in pico-dollars (1e-12 dollars), in which
every list price of one token is a whole number. A model or a tier without a list price is unpriced, which is not free.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .messages import Completion, Usage
from .models import Catalogue, Model

PICO = 10**12
"""Pico-dollars in a dollar."""
WEB_SEARCH_PICO = PICO // 100
"""One web search: 10 dollars per 1,000 (price list of November 2026). Discounts of tokens do not apply to it."""
_PRICED_TIERS = ("standard", "batch")


def cost(usage: Usage, model: Model | None, *, on: date | None = None) -> int | None:
    """Pico-dollars that `usage` costs; None where there is no list price.

    Args:
        usage: of the response; its `raw` object tells cache durations, tier, region, speed and searches.
        model: the response's own model, which need not be the one asked for; None: one we do not know.
        on: the day of the call, for models whose price has changed; None: the price in force now.
    """
    raw = usage.raw
    tier = raw.get("service_tier") or "standard"
    prices = model and _prices(model, usage, on)
    if not model or not prices or tier not in _PRICED_TIERS:
        return None
    written = raw.get("cache_creation") or {}
    for_an_hour = int(written.get("ephemeral_1h_input_tokens") or 0)
    tokens = (
        usage.input_tokens * prices["input"]
        + usage.output_tokens * prices["output"]
        + usage.cache_read_tokens * prices["cache_read"]
        + (usage.cache_write_tokens - for_an_hour) * prices["cache_write_5m"]
        + for_an_hour * prices["cache_write_1h"]
    )
    if tier == "batch":
        tokens *= _exact(model.raw["batch_multiplier"])
    if raw.get("inference_geo") == "us":
        tokens *= _exact(model.raw["us_inference_multiplier"])
    searches = int((raw.get("server_tool_use") or {}).get("web_search_requests") or 0)
    return round(tokens) + searches * WEB_SEARCH_PICO


def cost_of(done: Completion, models: Catalogue) -> int | None:
    """Pico-dollars of an answer; None where it has no list price, or its end and so its whole usage is missing."""
    if done.stop_reason is None:
        return None
    model, total = models.find(done.model), 0
    for usage in done.legs or (done.usage,):
        # By itself: the length of each prompt decides its price, not the sum of them.
        spent = cost(usage, model)
        if spent is None:
            return None
        total += spent
    return total


def _prices(model: Model, usage: Usage, on: date | None) -> dict[str, Fraction] | None:
    """Pico-dollars a token of each kind, for this call; None where its speed has no price."""
    entry = model.raw
    listed: dict[str, Any] = dict(entry["price_usd_per_mtok"])
    for former in entry.get("price_history", ()):
        if on and on <= date.fromisoformat(former["until"]):
            listed.update(former)
            break
    tier = entry.get("price_long_prompt")
    if tier and usage.total_input_tokens > tier["above_prompt_tokens"]:
        listed.update(tier)
    kinds = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
    prices = {kind: _exact(listed[kind]) * (PICO // 10**6) for kind in kinds}
    if usage.raw.get("speed") != "fast":
        return prices
    fast = entry.get("price_fast_mode")
    return _fast(prices, fast) if fast else None


def _fast(prices: Mapping[str, Fraction], fast: Mapping[str, Any]) -> dict[str, Fraction]:
    """The prices of fast mode: what the cache costs keeps its relation to the price of input."""
    dearer = _exact(fast["input"]) * (PICO // 10**6) / prices["input"]
    return {**{kind: price * dearer for kind, price in prices.items()}, "output": _exact(fast["output"]) * 10**6}


def _exact(number: float) -> Fraction:
    """A number of the catalogue as it is written there, not as its nearest binary fraction."""
    return Fraction(Decimal(str(number)))


def dollars(pico: int) -> str:
    """All digits of an amount: "0.0525005"; at least cents."""
    whole, rest = divmod(pico, PICO)
    digits = f"{rest:012d}".rstrip("0")
    return f"{whole}.{digits:0<2}"


def money(pico: int) -> str:
    """An amount for people: cents from a dollar on, below it two digits that count: "$1.24", "$0.0041"."""
    if pico >= PICO or not pico:
        return f"${_rounded(pico, 2)}"
    leading = 12 - len(str(pico))
    return f"${_rounded(pico, min(12, max(2, leading + 2)))}"


def _rounded(pico: int, places: int) -> str:
    step = 10 ** (12 - places)
    return f"{dollars((pico + step // 2) // step * step)}"
