"""What a model refuses, decided before anything is sent: dropped or adjusted with a notice, or an error.

The rules are the catalogue's (`models.json`); a model it does not know is let through unchecked, and so is an ability
that it does not know of. Those about parameters are here, those about content in `capability_rules.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .capability_rules import check_content, check_schema, check_tools, fit_place_and_speed, fit_prefill
from .errors import UsageError
from .messages import ChatRequest, LLMOptions, Notice
from .models import Model
from .wire_request import DEFAULT_MAX_TOKENS, SAMPLING_FIELDS

MIN_THINKING_BUDGET = 1024
_HIGHEST_EFFORTS = ("xhigh", "max")  # the levels that some models lack
_THINKING_MEMBERS = {"budget_tokens": ("enabled",), "display": ("enabled", "adaptive")}


def fit(request: ChatRequest, model: Model | None, *, strict: bool = False) -> tuple[ChatRequest, list[Notice]]:
    """`request` as `model` takes it, and what had to change for that.

    Args:
        request: what the user asked for; its `model` is the resolved id.
        model: the catalogue's entry, None where it has none: then only the default max_tokens is filled in.
        strict: refuse where something would have to change.
    Raises:
        UsageError: `strict`, or the request cannot be adjusted (a prefill, a forced tool, a bad value).
    """
    notices: list[Notice] = []
    if request.options.extra:
        from .raw_options import lifted  # few requests have any

        request = replace(request, options=lifted(request.options, judged=model is not None))
    if model is not None:
        request = _fitted(request, model, notices)
    elif request.options.max_tokens is None:
        request = replace(request, options=replace(request.options, max_tokens=DEFAULT_MAX_TOKENS))
    if strict and notices:
        raise UsageError(f"{notices[0].text} (refused because of --strict)")
    return request, notices


def _fitted(request: ChatRequest, model: Model, notices: list[Notice]) -> ChatRequest:
    options = request.options
    # In this order: max_tokens bounds a thinking budget, and thinking as it is sent forbids some sampling.
    for rule in (_max_tokens, _thinking, _sampling, _effort):
        options = rule(options, model, notices)
    request = replace(request, options=options)
    for check in (check_content, check_tools, check_schema):
        check(request, model)
    for fitting in (fit_prefill, fit_place_and_speed):
        request = fitting(request, model, notices)
    return request


def _max_tokens(options: LLMOptions, model: Model, notices: list[Notice]) -> LLMOptions:
    cap = model.max_output_tokens
    if options.max_tokens is None:
        return replace(options, max_tokens=min(DEFAULT_MAX_TOKENS, cap or DEFAULT_MAX_TOKENS))
    if cap is None or options.max_tokens <= cap:
        return options
    notices.append(
        Notice(
            "lowered_max_tokens",
            f"max_tokens lowered from {options.max_tokens:,} to {cap:,}, the most {model.id} gives",
            parameters=("max_tokens",),
        )
    )
    return replace(options, max_tokens=cap)


def _sampling(options: LLMOptions, model: Model, notices: list[Notice]) -> LLMOptions:
    asked = {name: getattr(options, name) for name in SAMPLING_FIELDS if getattr(options, name) is not None}
    if not asked:
        return options
    taken = model.can("sampling_params")
    if taken is None:
        return options
    if not taken:
        words = f"{_and(list(asked))} not sent: {model.id} no longer takes sampling parameters"
        notices.append(Notice("dropped_parameter", words, parameters=tuple(asked)))
        return replace(options, temperature=None, top_p=None, top_k=None)
    if "temperature" in asked and "top_p" in asked:
        words = f"top_p not sent: {model.id} takes temperature or top_p, not both"
        notices.append(Notice("dropped_parameter", words, parameters=("top_p",)))
        options = replace(options, top_p=None)
    return _sampling_beside_thinking(options, model, notices)


def _sampling_beside_thinking(options: LLMOptions, model: Model, notices: list[Notice]) -> LLMOptions:
    """While it thinks, a model takes no temperature but 1, no top_k, and a top_p of at least 0.95."""
    if (options.thinking or {}).get("type") in (None, "disabled"):
        return options
    kept = replace(
        options,
        temperature=options.temperature if options.temperature == 1 else None,
        top_p=options.top_p if options.top_p is not None and 0.95 <= options.top_p <= 1 else None,
        top_k=None,
    )
    refused = [name for name in SAMPLING_FIELDS if getattr(kept, name) != getattr(options, name)]
    if refused:
        words = f"{_and(refused)} not sent: {model.id} refuses that while it is thinking"
        notices.append(Notice("dropped_parameter", words, parameters=tuple(refused)))
    return kept


def _thinking(options: LLMOptions, model: Model, notices: list[Notice]) -> LLMOptions:
    thinking = options.thinking
    if thinking is None:
        return options
    kind, taken = thinking.get("type"), model.thinking_types
    if taken is None:
        return options
    if kind not in taken:
        thinking = _nearest_thinking(thinking, taken)
        was = f"thinking {kind} is not something {model.id} takes"
        if thinking is None:
            notices.append(Notice("dropped_parameter", f"{was}; it decides by itself", parameters=("thinking",)))
            return replace(options, thinking=None)
        words = f"{was}; sent as {thinking['type']}"
        notices.append(Notice("adjusted_parameter", words, parameters=("thinking",)))
    if thinking["type"] == "enabled":
        most = DEFAULT_MAX_TOKENS if options.max_tokens is None else options.max_tokens
        thinking = _budgeted(thinking, most, notices)
    thinking = _without_strangers(thinking, notices)
    limit = model.raw.get("thinking", {}).get("disable_max_effort")
    if thinking["type"] in ("disabled", "between_tools") and limit and options.effort in _HIGHEST_EFFORTS:
        notices.append(
            Notice(
                "adjusted_parameter",
                f"{model.id} does not take effort {options.effort} with thinking {thinking['type']}; sent as {limit}",
                parameters=("effort",),
            )
        )
        options = replace(options, effort=limit)
    return replace(options, thinking=thinking)


def _nearest_thinking(thinking: dict[str, Any], taken: tuple[str, ...]) -> dict[str, Any] | None:
    """What comes closest to the wish: on stays on in the way the model knows, off is the model's own choice."""
    if thinking.get("type") == "disabled":
        return None
    kept = {name: value for name, value in thinking.items() if name == "display"}
    if "adaptive" in taken:
        return {"type": "adaptive", **kept}
    return {**thinking, "type": "enabled"} if "enabled" in taken else None


def _without_strangers(thinking: dict[str, Any], notices: list[Notice]) -> dict[str, Any]:
    """`thinking` without the members that belong to another type of it."""
    kind = thinking["type"]
    strange = [name for name, kinds in _THINKING_MEMBERS.items() if name in thinking and kind not in kinds]
    if strange:
        words = f"thinking.{_and(strange)} not sent: that does not go with thinking {kind}"
        notices.append(Notice("dropped_parameter", words, parameters=("thinking",)))
    return {name: value for name, value in thinking.items() if name not in strange}


def _budgeted(thinking: dict[str, Any], max_tokens: int, notices: list[Notice]) -> dict[str, Any]:
    """`thinking` with a budget that fits; one that was not named is half of max_tokens, 16,000 at most."""
    budget = thinking.get("budget_tokens")
    if budget is None:
        budget = max(MIN_THINKING_BUDGET, min(16_000, max_tokens // 2))
        thinking = {**thinking, "budget_tokens": budget}
    if type(budget) is not int:
        raise UsageError(f"thinking.budget_tokens is {budget!r}; it is a whole number from {MIN_THINKING_BUDGET:,}")
    fitted = max(MIN_THINKING_BUDGET, min(budget, max_tokens - 1))
    if fitted >= max_tokens:
        raise UsageError(
            f"thinking needs max_tokens over {MIN_THINKING_BUDGET:,}; raise --max-tokens (now {max_tokens:,})"
        )
    if fitted == budget:
        return thinking
    words = f"thinking budget set from {budget:,} to {fitted:,}: it is 1,024 to max_tokens - 1"
    notices.append(Notice("adjusted_parameter", words, parameters=("thinking",)))
    return {**thinking, "budget_tokens": fitted}


def _effort(options: LLMOptions, model: Model, notices: list[Notice]) -> LLMOptions:
    levels = model.effort_levels
    if options.effort is None or levels is None or options.effort in levels:
        return options
    if not levels:
        words = f"effort not sent: {model.id} takes none"
        notices.append(Notice("dropped_parameter", words, parameters=("effort",)))
        return replace(options, effort=None)
    if options.effort not in _HIGHEST_EFFORTS:
        raise UsageError(f"effort {options.effort!r} is none; {model.id} takes {_and(list(levels))}")
    below = [level for level in levels if level not in _HIGHEST_EFFORTS[_HIGHEST_EFFORTS.index(options.effort) :]]
    nearest = below[-1] if below else levels[0]
    words = f"effort {options.effort} is not something {model.id} takes; sent as {nearest}"
    notices.append(Notice("adjusted_parameter", words, parameters=("effort",)))
    return replace(options, effort=nearest)


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
