"""Models in words: the table of all, everything about one, and how old what is known of them is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..core.models import ABILITIES, Catalogue, Model, Source
from ..terminal.age import ago
from ..terminal.columns import wrapped

HEADER = ("model", "$ in/out", "context", "output", "lifecycle", "thinking", "effort", "line", "abilities")
RIGHT = (2, 3)
"""Columns of numbers."""
UNKNOWN = "?"
_FIVE = ("low", "medium", "high", "xhigh", "max")
_OWN_COLUMN = ("thinking", "effort", "long")
_PRICES = (
    ("input", "input"),
    ("output", "output"),
    ("cache_write_5m", "cache write, 5 minutes"),
    ("cache_write_1h", "cache write, 1 hour"),
    ("cache_read", "cache read"),
)
_LIMITS = (
    ("cache_min_tokens", "least to cache", "tokens"),
    ("image_long_edge_px", "longest edge of an image", "pixels"),
    ("image_max_tokens", "most tokens of an image", "tokens"),
    ("images_per_request", "images in a request", ""),
    ("pdf_pages_per_request", "PDF pages in a request", ""),
)
_PUBLIC = (
    "id", "display_name", "line", "aliases", "created", "lifecycle", "deprecated_on", "retires_on",
    "retires_not_before", "retired_on", "replacement", "knowledge_cutoff", "access", "context_window",
    "max_output_tokens", "price_usd_per_mtok", "price_long_prompt", "price_fast_mode", "price_history",
    "batch_multiplier", "us_inference_multiplier", "capabilities", "thinking", "effort", "limits", "tokenizer",
    "confidence", "note",
)  # fmt: skip
"""What `--json` tells of a model, by its name in `models.json`."""
Fact = tuple[str, str, str]
"""A figure's name for people, its value, and its name in the catalogue."""


# ------------------------------------------------------------------------------------------------ the table
def row(model: Model, known: Catalogue, today: str) -> tuple[str, ...]:
    """The line of a model, under `HEADER`: what matters least stands last. `today` is YYYY-MM-DD."""
    able = [word for word in ABILITIES if word not in _OWN_COLUMN and model.able(word, today)]
    return (
        " = ".join(filter(None, [model.id, ", ".join(known.words(model))])),
        _price(model),
        _short(model.context_window),
        _short(model.max_output_tokens),
        _lifecycle(model, today)[0],
        _choices(model.thinking_types),
        "low-max" if model.effort_levels == _FIVE else _choices(model.effort_levels),
        model.line or UNKNOWN,
        " ".join(able),
    )


def _price(model: Model) -> str:
    prices = model.raw.get("price_usd_per_mtok")
    if not prices:
        return "unpriced"
    return f"{prices['input']:.10g}/{prices['output']:.10g}" + "*" * bool(model.raw.get("price_long_prompt"))


def _short(tokens: int | None) -> str:
    if tokens is None:
        return UNKNOWN
    return f"{tokens / 1e6:.3g}M" if tokens >= 999_500 else f"{tokens / 1e3:.3g}k" if tokens >= 1000 else str(tokens)


def _lifecycle(model: Model, today: str) -> tuple[str, str]:
    """What becomes of it, and the figure that says so."""
    state, end = model.raw.get("lifecycle") or UNKNOWN, model.retires_on
    least = model.raw.get("retires_not_before") or ""
    if end:
        figure = "retires_on" if model.raw.get("retires_on") else "retired_on"
        return f"retired {end}" if model.is_retired or end < today else f"retires {end}", figure
    if state == "active" and least > today:
        return f"until at least {least}", "retires_not_before"
    return str(state), "lifecycle"


def _choices(words: Sequence[str] | None) -> str:
    return UNKNOWN if words is None else "/".join(words) or "-"


# ------------------------------------------------------------------------------------------------ one model
def about(model: Model, known: Catalogue, today: str, columns: int | None = None) -> list[str]:
    """Everything about a model, a line each; a number names the source, which is told below.

    Args:
        today: YYYY-MM-DD.
        columns: of the terminal, for whose lines are broken at words; None: they are not.
    """
    facts = [fact for fact in _facts(model, known, today) if fact[1]]
    sources = list(dict.fromkeys(model.source_of(figure) for _, _, figure in facts if figure))
    width = max(len(name) for name, _, _ in facts)
    lines = []
    for name, value, figure in facts:
        mark = f"  [{sources.index(model.source_of(figure)) + 1}]" if figure else ""
        lines += wrapped(f"{name:{width}}  {value}{mark}", columns, indent=width + 2)
    lines.append("")
    for number, source in enumerate(sources, 1):
        lines += wrapped(f"[{number}] {_told(source)}", columns, indent=4)
    return lines


def _facts(model: Model, known: Catalogue, today: str) -> Iterator[Fact]:
    raw = model.raw
    yield "id", model.id, "id"
    yield "name", model.display_name, "display_name"
    yield "also called", ", ".join([*known.words(model), *model.aliases]), ""
    yield "line", model.line, "line"
    yield "lifecycle", *_lifecycle(model, today)
    yield "deprecated", raw.get("deprecated_on") or "", "deprecated_on"
    yield "successor", known.successor(model.id, model.retires_on or "") or "", ""
    yield "released", raw.get("created") or "", "created"
    yield "knowledge until", raw.get("knowledge_cutoff") or "", "knowledge_cutoff"
    yield "access", (raw.get("access") or "").replace("_", " "), "access"
    yield "context window", _number(model.context_window, "tokens"), "context_window"
    yield "most output", _number(model.max_output_tokens, "tokens"), "max_output_tokens"
    yield from _prices(raw)
    for name in ("thinking", "effort"):
        words = model.thinking_types if name == "thinking" else model.effort_levels
        choices = UNKNOWN if words is None else ", ".join(words) or "none"
        yield name, choices, f"{name}.{'types' if name == 'thinking' else 'levels'}"
        yield f"{name} unless asked", str(raw.get(name, {}).get("default") or ""), f"{name}.default"
    for figure, name, unit in _LIMITS:
        if raw.get("limits", {}).get(figure) is not None:
            yield name, _number(raw["limits"][figure], unit), f"limits.{figure}"
    for word in ABILITIES:
        able = model.able(word, today)
        if word not in _OWN_COLUMN and able is not None:
            yield word, "yes" if able else "no", _figure(word)
    yield "tokenizer", raw.get("tokenizer") or "", "tokenizer"
    yield "confidence", raw.get("confidence") or "", "confidence"
    yield "note", raw.get("note") or "", "note"


def _figure(word: str) -> str:
    from ..core.models import CAPABILITIES

    return f"capabilities.{CAPABILITIES[word]}" if word in CAPABILITIES else "price_fast_mode"


def _prices(raw: dict[str, Any]) -> Iterator[Fact]:
    prices, long, fast = (raw.get(f"price_{name}") for name in ("usd_per_mtok", "long_prompt", "fast_mode"))
    if not prices:
        yield "price", "unpriced; models.toml may give it one", ""
        return
    for kind, name in _PRICES:
        yield f"price of {name}", _dollars(prices.get(kind)), f"price_usd_per_mtok.{kind}"
    if long:
        for kind, name in _PRICES:
            above = f"{_dollars(long.get(kind))}, where the prompt is over {long['above_prompt_tokens']:,} tokens"
            yield f"… {name}", above, "price_long_prompt"
    if fast:
        until = f", until {fast['until']}" if fast.get("until") else ""
        yield (
            "price in fast mode",
            f"{_dollars(fast['input'])} in, {_dollars(fast['output'])} out{until}",
            "price_fast_mode",
        )
    for figure, name in (("batch_multiplier", "in a batch"), ("us_inference_multiplier", "inference in the US")):
        if raw.get(figure) is not None:
            yield name, f"{raw[figure]:g} times the price", figure
    for former in raw.get("price_history", ()):
        told = [(kind, name) for kind, name in _PRICES if kind in former]
        for kind, name in told:
            yield f"former price of {name}", f"{_dollars(former[kind])}, until {former['until']}", "price_history"


def _dollars(price: float | None) -> str:
    return "unpriced" if price is None else f"${price:.10g} per million tokens"


def _number(value: int | None, unit: str) -> str:
    return UNKNOWN if value is None else f"{value:,} {unit}".rstrip()


# ------------------------------------------------------------------------------------------------ where it is from
def _told(source: Source) -> str:
    if source.kind == "shipped":
        return f"the catalogue of {source.date}"
    return f"the list of {source.where}, fetched {source.date}" if source.kind == "live" else source.where


def age(known: Catalogue, now: datetime) -> str:
    """How old what is known is, in one line."""
    if known.live is None or known.live.date is None:
        return f"catalogue of {known.as_of}; live list never fetched, --refresh asks the API"
    seconds = (now - datetime.fromisoformat(known.live.date).astimezone(UTC)).total_seconds()
    return f"catalogue of {known.as_of}; live list of {known.live.where} fetched {ago(seconds)}"


def as_json(model: Model, known: Catalogue) -> dict[str, Any]:
    """A model with everything that is known of it, always under the same names; None where a figure is not known."""
    return {
        **{name: model.raw.get(name) for name in _PUBLIC},
        "display_name": model.display_name,
        "aliases": list(model.aliases),
        "words": known.words(model),
        "listed": model.listed,
        "source": asdict(model.source),
        "sources": {figure: asdict(source) for figure, source in model.sources.items()},
    }
