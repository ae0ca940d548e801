"""What a call cost: exact integers over the usage its response reports, never an estimate and never a float.

Prices are the catalogue's, in US dollars per million tokens; money is counted in pico-dollars (1e-12 dollars), in which
every list price of one token is a whole number. A model or a tier without a list price is unpriced, which is not free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .messages import Completion, Usage, count_in
from .models import Catalogue, Model

if TYPE_CHECKING:
    from datetime import date
    from fractions import Fraction

    Rate = int | Fraction

PICO = 10**12
"""Pico-dollars in a dollar."""
WEB_SEARCH_PICO = PICO // 100
"""One web search: 10 dollars per 1,000 (price list of November 2026). Discounts of tokens do not apply to it."""
_PRICED_TIERS = ("standard", "batch")
_CACHED = ("cache_read", "cache_write_5m", "cache_write_1h")
_KINDS = ("input", "output", *_CACHED)
"""Tokens that may differ in price, by their names in the catalogue."""


def cost(usage: Usage, model: Model | None, *, on: date | None = None) -> int | None:
    """Pico-dollars that `usage` costs; None where a kind of token it counts has no list price.

    Args:
        usage: of the response; its `raw` object tells cache durations, tier, region, speed and searches.
        model: the response's own model, which need not be the one asked for; None: one we do not know.
        on: the day of the call, for models whose price has changed; None: the price in force now.
    """
    counts = _counts(usage)
    prices = rates(usage, model, on)
    if not prices or not counts.keys() <= prices.keys():
        return None
    searches = count_in(usage.raw.get("server_tool_use"), "web_search_requests")
    return round(sum(count * prices[kind] for kind, count in counts.items())) + searches * WEB_SEARCH_PICO


def saved(usage: Usage, model: Model | None, *, on: date | None = None) -> int | None:
    """Pico-dollars by which the prompt of `usage` would cost more without the cache; None without list prices.

    Negative where writing cost more than reading spared, 0 where the cache had no part in it.
    """
    cached = {kind: count for kind, count in _counts(usage).items() if kind in _CACHED}
    if not cached:
        return 0
    prices = rates(usage, model, on)
    if not prices or not {"input", *cached} <= prices.keys():
        return None
    return round(sum(count * (prices["input"] - prices[kind]) for kind, count in cached.items()))


def cost_of(done: Completion, models: Catalogue, asked: str = "") -> int | None:
    """Pico-dollars of an answer; None where it has no list price, or its end and so its whole usage is missing.

    Args:
        asked: the model that was asked: it counts where the answer names none.
    """
    return None if done.stop_reason is None else _sum_of_legs(cost, done, models, asked)


def saved_of(done: Completion, models: Catalogue, asked: str = "") -> int | None:
    """Pico-dollars that the cache saved on an answer, as `saved` has it; None as in `cost_of`."""
    return None if done.stop_reason is None else _sum_of_legs(saved, done, models, asked)


def _sum_of_legs(
    amount: Callable[[Usage, Model | None], int | None], done: Completion, models: Catalogue, asked: str
) -> int | None:
    if done.unbilled:
        return 0
    model, total = models.find(done.model or asked), 0
    for usage in done.legs or (done.usage,):
        # By itself: the length of each prompt decides its price, not the sum of them.
        part = amount(usage, model)
        if part is None:
            return None
        total += part
    return total


def _counts(usage: Usage) -> dict[str, int]:
    """Tokens of each kind that was used at all. What the cache took is kept for 5 minutes where nothing is said."""
    for_an_hour = count_in(usage.raw.get("cache_creation"), "ephemeral_1h_input_tokens")
    counts = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        max(0, usage.cache_write_tokens - for_an_hour),
        for_an_hour,
    )
    return {kind: count for kind, count in zip(_KINDS, counts, strict=True) if count}


def rates(usage: Usage, model: Model | None, on: date | None) -> dict[str, Rate]:
    """Pico-dollars a token of each kind that has a price, for this call; none where its tier or region has none."""
    raw = usage.raw
    tier = raw.get("service_tier") or "standard"
    if not model or tier not in _PRICED_TIERS:
        return {}
    prices = _listed(usage, model, on)
    factors = {"batch_multiplier": tier == "batch", "us_inference_multiplier": raw.get("inference_geo") == "us"}
    for name in (name for name, applies in factors.items() if applies):
        factor = model.raw.get(name)
        if factor is None:
            return {}
        prices = {kind: price * _exact(factor) for kind, price in prices.items()}
    return prices


def _listed(usage: Usage, model: Model, on: date | None) -> dict[str, Rate]:
    """The list prices for a prompt of this length at this speed, before factors: pico-dollars a token."""
    entry = model.raw
    listed: dict[str, Any] = dict(entry.get("price_usd_per_mtok") or {})
    for former in entry.get("price_history", ()):
        if on and on.isoformat() <= former["until"]:
            listed.update(former)
            break
    tier = entry.get("price_long_prompt")
    if tier and usage.total_input_tokens > tier["above_prompt_tokens"]:
        listed.update(tier)
    prices = {kind: _of_a_token(listed[kind]) for kind in _KINDS if listed.get(kind) is not None}
    return _fast(prices, entry.get("price_fast_mode"), on) if usage.raw.get("speed") == "fast" else prices


def _fast(prices: Mapping[str, Rate], fast: Mapping[str, Any] | None, on: date | None) -> dict[str, Rate]:
    """The prices of fast mode: the cache's keep their relation to that of input. None where it has none, or no more."""
    if not fast or (on and fast.get("until") and on.isoformat() > fast["until"]):
        return {}
    dear = {kind: _exact(fast[kind]) * 10**6 for kind in ("input", "output")}
    usual = prices.get("input")
    cached = {kind: price * dear["input"] / usual for kind, price in prices.items() if kind in _CACHED} if usual else {}
    return {**dear, **cached}


def _of_a_token(price: float) -> Rate:
    """Pico-dollars of a token that is listed at `price` dollars a million.

    A whole number, as nearly every list price is, is found without fractions: every call needs it before it is sent,
    and they take 2 ms to load.
    """
    whole, _, part = str(price).partition(".")
    if len(part) <= 6 and f"{whole}{part}".isdecimal():
        return int(whole) * 10**6 + int(part.ljust(6, "0"))
    return _exact(price) * 10**6


def _exact(number: float) -> Fraction:
    """A number of the catalogue as it is written there, not as its nearest binary fraction."""
    from decimal import Decimal
    from fractions import Fraction

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
