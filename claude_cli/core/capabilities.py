"""What a model refuses, decided before anything is sent: dropped or adjusted with a notice, or an error.

The rules are the catalogue's (`models.json`); a model it does not know is let through unchecked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .errors import UsageError
from .messages import ChatRequest, LLMOptions, Notice
from .models import Model
from .wire_request import DEFAULT_MAX_TOKENS, SAMPLING_FIELDS

MIN_THINKING_BUDGET = 1024


def fit(request: ChatRequest, model: Model | None, *, strict: bool = False) -> tuple[ChatRequest, list[Notice]]:
    """`request` as `model` takes it, and what had to change for that.

    Args:
        request: what the user asked for; its `model` is the resolved id.
        model: the catalogue's entry, None where it has none: then only the default max_tokens is filled in.
        strict: refuse where something would have to change.
    Raises:
        UsageError: `strict`, or the request cannot be adjusted (an assistant prefill, a bad value).
    """
    options = request.options
    notices: list[Notice] = []
    if model is not None:
        for rule in (_max_tokens, _sampling, _thinking, _effort):
            options = rule(options, model, notices)
        _prefill(request, model)
    elif options.max_tokens is None:
        options = replace(options, max_tokens=DEFAULT_MAX_TOKENS)
    if strict and notices:
        raise UsageError(f"{notices[0].text} (refused because of --strict)")
    return replace(request, options=options), notices


def _max_tokens(options: LLMOptions, model: Model, notices: list[Notice]) -> LLMOptions:
    cap = model.max_output_tokens
    if options.max_tokens is None:
        return replace(options, max_tokens=min(DEFAULT_MAX_TOKENS, cap))
    if options.max_tokens <= cap:
        return options
    notices.append(
        Notice(
            "lowered_max_tokens",
            f"max_tokens lowered from {options.max_tokens:,} to {cap:,}, the most {model.id} gives",
        )
    )
    return replace(options, max_tokens=cap)


def _sampling(options: LLMOptions, model: Model, notices: list[Notice]) -> LLMOptions:
    asked = {name: getattr(options, name) for name in SAMPLING_FIELDS if getattr(options, name) is not None}
    if not asked:
        return options
    if not model.can("sampling_params"):
        notices.append(
            Notice("dropped_parameter", f"{_and(list(asked))} not sent: {model.id} no longer takes sampling parameters")
        )
        return replace(options, temperature=None, top_p=None, top_k=None)
    if "temperature" in asked and "top_p" in asked:
        notices.append(Notice("dropped_parameter", f"top_p not sent: {model.id} takes temperature or top_p, not both"))
        return replace(options, top_p=None)
    return options


def _thinking(options: LLMOptions, model: Model, notices: list[Notice]) -> LLMOptions:
    thinking = options.thinking
    if thinking is None:
        return options
    kind = thinking.get("type")
    if kind not in model.thinking_types:
        adjusted = _nearest_thinking(thinking, model, options.max_tokens or DEFAULT_MAX_TOKENS)
        was = f"thinking {kind} is not something {model.id} takes"
        if adjusted is None:
            notices.append(Notice("dropped_parameter", f"{was}; it decides by itself"))
        else:
            notices.append(Notice("adjusted_parameter", f"{was}; sent as {adjusted['type']}"))
        return replace(options, thinking=adjusted)
    limit = model.raw["thinking"].get("disable_max_effort")
    if kind == "disabled" and limit and options.effort in ("xhigh", "max"):
        notices.append(
            Notice("adjusted_parameter", f"effort {options.effort} needs thinking on {model.id}; sent as {limit}")
        )
        return replace(options, effort=limit)
    if kind == "enabled":
        return replace(options, thinking=_budgeted(thinking, options.max_tokens or DEFAULT_MAX_TOKENS, notices))
    return options


def _nearest_thinking(thinking: dict[str, Any], model: Model, max_tokens: int) -> dict[str, Any] | None:
    """What comes closest to the wish: on stays on in the way the model knows, off is the model's own choice."""
    display = {"display": thinking["display"]} if "display" in thinking else {}
    if thinking.get("type") == "disabled":
        return None
    if "adaptive" in model.thinking_types:
        return {"type": "adaptive", **display}
    if "enabled" in model.thinking_types:
        budget = thinking.get("budget_tokens") or max(MIN_THINKING_BUDGET, min(16_000, max_tokens // 2))
        return {"type": "enabled", "budget_tokens": budget, **display}
    return None


def _budgeted(thinking: dict[str, Any], max_tokens: int, notices: list[Notice]) -> dict[str, Any]:
    budget = thinking.get("budget_tokens", 0)
    fitted = max(MIN_THINKING_BUDGET, min(budget, max_tokens - 1))
    if fitted >= max_tokens:
        raise UsageError(
            f"thinking needs max_tokens over {MIN_THINKING_BUDGET:,}; raise --max-tokens (now {max_tokens:,})"
        )
    if fitted == budget:
        return thinking
    notices.append(
        Notice(
            "adjusted_parameter", f"thinking budget set from {budget:,} to {fitted:,}: it is 1,024 to max_tokens - 1"
        )
    )
    return {**thinking, "budget_tokens": fitted}


def _effort(options: LLMOptions, model: Model, notices: list[Notice]) -> LLMOptions:
    levels = model.effort_levels
    if options.effort is None or options.effort in levels:
        return options
    if not levels:
        notices.append(Notice("dropped_parameter", f"effort not sent: {model.id} takes none"))
        return replace(options, effort=None)
    nearest = "max" if "max" in levels and options.effort == "xhigh" else levels[-1]
    notices.append(
        Notice("adjusted_parameter", f"effort {options.effort} is not something {model.id} takes; sent as {nearest}")
    )
    return replace(options, effort=nearest)


def _prefill(request: ChatRequest, model: Model) -> None:
    """An assistant turn at the end is a prefill, unless it continues a paused server tool."""
    last = request.messages[-1] if request.messages else None
    if last is None or last.role != "assistant" or model.can("assistant_prefill"):
        return
    if not any(block.get("type") == "server_tool_use" for block in last.content):
        raise UsageError(f"{model.id} does not continue an assistant turn; the conversation must end with the user's")


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
