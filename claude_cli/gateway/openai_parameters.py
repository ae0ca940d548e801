"""OpenAI's parameters as the API's: lengths, sampling, thinking, who asks. What cannot be honoured is reported.

What a model refuses of them is decided later, by `core/capabilities.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..core.capabilities import MIN_THINKING_BUDGET
from ..core.conversation import THINKING
from ..core.messages import Message, Notice
from ..core.wire_request import DEFAULT_MAX_TOKENS
from .openai_parts import is_blank
from .openai_values import Decoding, flag, listed, mapping, number, one_of, plain, shown, text, whole
from .refusal import Refusal

MOST_STOPS = 4
"""Stop sequences that OpenAI's API takes."""
_LONGEST_USER = 256
_MOST_NOTES, _LONGEST_NOTE_NAME, _LONGEST_NOTE = 16, 64, 512
"""Of `metadata`: members, and characters of their names and texts, as at OpenAI's API."""
_PERSONAL = re.compile(r".*@.*|\+?[\d\s().-]{7,24}", re.S)
"""An e-mail address or a telephone number: the API wants nothing personal."""

THINKING_BUDGETS: Mapping[str, int] = {
    "minimal": 1024, "low": 2048, "medium": 4096, "high": 8192, "xhigh": 16_384, "max": 32_768,
}  # fmt: skip
"""Tokens of thinking for an effort, on models that are told a number; LiteLLM 1.109 doubles in the same way."""
EFFORTS = ("none", *THINKING_BUDGETS)

_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
_OTHER_TIERS = ("flex", "scale", "priority", "fast")
_OURS = {"effort": "reasoning_effort"}
"""Parameters that have another name at the API, by that."""


def changed(notices: Iterable[Notice]) -> tuple[str, ...]:
    """The client's names of the parameters that `notices` are about."""
    return tuple(_OURS.get(name, name) for notice in notices for name in notice.parameters)


def read_max_tokens(body: Mapping[str, Any], decoding: Decoding) -> int | None:
    """The most tokens the answer may have; None: none are named.

    Raises:
        Refusal: 400, it is no number, or more than the model gives.
    """
    found = None
    for name in ("max_tokens", "max_completion_tokens"):  # the second is the newer, and wins
        if body.get(name) is not None:
            found = whole(body[name], name, 1)
            cap = decoding.model.max_output_tokens if decoding.model else None
            if cap is not None and found > cap:
                raise Refusal(400, f"{name} is {shown(found)}; {decoding.id} gives {cap:,} at most", param=name)
    return found


def read_sampling(body: Mapping[str, Any], decoding: Decoding) -> dict[str, Any]:
    """Temperature, top_p and top_k; 1 is what holds anyway, and is not brought to a model that takes none."""
    found: dict[str, float] = {}
    if body.get("temperature") is not None:
        found["temperature"] = number(body["temperature"], "temperature", 0, 2)
        if found["temperature"] > 1:
            decoding.drop("temperature", "is over 1, the most a Claude model takes")
            found["temperature"] = 1
    if body.get("top_p") is not None:
        found["top_p"] = number(body["top_p"], "top_p", 0, 1)
    if decoding.able("sampling") is False:
        found = {name: value for name, value in found.items() if value != 1}
    if body.get("top_k") is not None:
        found["top_k"] = whole(body["top_k"], "top_k", 0)
    return found


def read_stop(value: object, decoding: Decoding) -> tuple[str, ...]:
    """The sequences at which the answer ends; blank ones, which the API refuses, are left out."""
    given = [value] if isinstance(value, str) else listed(value, "stop")
    if len(given) > MOST_STOPS:
        raise Refusal(400, f"stop has {len(given)} sequences; {MOST_STOPS} is the most", param="stop")
    words = [text(each, f"stop[{place}]") for place, each in enumerate(given)]
    found = tuple(each for each in words if not is_blank(each))
    if len(found) < len([each for each in words if each]):
        decoding.drop("stop", "has a blank sequence, which a Claude model does not stop at")
    return found


def read_thinking(
    body: Mapping[str, Any], max_tokens: int | None, messages: Sequence[Message], decoding: Decoding
) -> tuple[dict[str, Any] | None, str | None]:
    """The API's `thinking` and its effort, by `reasoning_effort` and by our extension `thinking`, which is the API's
    own object.
    """
    effort, given = body.get("reasoning_effort"), body.get("thinking")
    if effort is not None:
        effort = one_of(effort, "reasoning_effort", EFFORTS)
    types = decoding.model.thinking_types if decoding.model else None
    if given is not None:
        thinking = _as_given(given)
        if has_budget(thinking, decoding) and max_tokens is not None and max_tokens <= MIN_THINKING_BUDGET:
            raise Refusal(400, f"thinking: max_tokens has to be over {MIN_THINKING_BUDGET} for it", param="thinking")
        sent = None if effort in (None, "none") else _level(effort)
        return _without_budget_in_a_loop(thinking, "thinking", messages, decoding), sent
    if effort is None:
        return None, None
    if effort == "none":
        return _no_thinking(types or (), decoding)
    if types is None or "adaptive" in types:
        return {"type": "adaptive", "display": "summarized"}, _level(effort)
    room = max_tokens or DEFAULT_MAX_TOKENS
    if "enabled" not in types or room <= MIN_THINKING_BUDGET:
        decoding.drop(
            "reasoning_effort", f"needs {decoding.id} to think, and more than {MIN_THINKING_BUDGET} max_tokens"
        )
        return None, None
    budget = max(MIN_THINKING_BUDGET, min(THINKING_BUDGETS[effort], room // 2))
    thinking = {"type": "enabled", "budget_tokens": budget, "display": "summarized"}
    return _without_budget_in_a_loop(thinking, "reasoning_effort", messages, decoding), None


def has_budget(thinking: Mapping[str, Any] | None, decoding: Decoding) -> bool:
    """Whether the model is told how many tokens to think; some take such an object as leave to think at all."""
    types = decoding.model.thinking_types if decoding.model else None
    return thinking is not None and thinking["type"] == "enabled" and (types is None or "enabled" in types)


def read_user(body: Mapping[str, Any]) -> str | None:
    """Who asks, as an id that says nothing of the person; None where nobody is named."""
    found = None
    for name in ("user", "safety_identifier"):  # the second is the newer, and wins
        if body.get(name) is not None:
            found = text(body[name], name) or found
    if found and (len(found) > _LONGEST_USER or _PERSONAL.fullmatch(found)):
        return f"user_{hashlib.sha256(found.encode(errors='surrogatepass')).hexdigest()[:32]}"
    return found


def read_metadata(value: object) -> dict[str, str]:
    """What the client notes about its request, for our log alone. Raises `Refusal`: 400, OpenAI takes no such notes."""
    given = {} if value is None else mapping(value, "metadata")
    if len(given) > _MOST_NOTES:
        raise Refusal(400, f"metadata has {len(given)} members; {_MOST_NOTES} is the most", param="metadata")
    for name, note in given.items():
        if len(name) > _LONGEST_NOTE_NAME or len(text(note, "metadata")) > _LONGEST_NOTE:
            words = f"metadata has names of {_LONGEST_NOTE_NAME} characters and texts of {_LONGEST_NOTE} at most"
            raise Refusal(400, words, param="metadata")
    return dict(given)


def read_service_tier(value: object, decoding: Decoding) -> str | None:
    """The API's `service_tier`."""
    if value is None:
        return None
    tier = one_of(value, "service_tier", (*_TIERS, *_OTHER_TIERS))
    if tier in _OTHER_TIERS:
        decoding.drop("service_tier", f"{tier} is not there; auto and default are")
    return _TIERS.get(tier, "auto")


def check_the_rest(body: Mapping[str, Any], decoding: Decoding) -> None:
    """Look at the parameters that lead to nothing: what they ask for is refused, dropped, or there anyway."""
    if body.get("n") is not None and whole(body["n"], "n", 1) != 1:
        raise Refusal(
            400, "n: there is one answer to a request; ask several times", param="n", code="unsupported_value"
        )
    _refuse_audio(body)
    for name, value in body.items():
        if name in _HINTS and _says_something(name, value):
            decoding.drop(name, "is nothing a Claude model can do")
        if name not in _KNOWN and value is not None:
            decoding.drop(name, "is not known here")


def _refuse_audio(body: Mapping[str, Any]) -> None:
    for place, each in enumerate(listed(body.get("modalities"), "modalities")):
        one_of(each, f"modalities[{place}]", ("text",))
    if body.get("audio") is not None:
        raise Refusal(400, "audio: no Claude model speaks; leave it out", param="audio")


def _says_something(name: str, value: Any) -> bool:
    """Whether the hint `name` asks for anything but what is done anyway."""
    if value is None:
        return False
    match name:
        case "logprobs" | "store":
            return flag(value, name)
        case "top_logprobs":
            return whole(value, name, 0) > 0
        case "frequency_penalty" | "presence_penalty":
            return number(value, name, -2, 2) != 0
        case "logit_bias":
            return bool(mapping(value, name))
        case "seed":
            whole(value, name)
            return True
        case "verbosity":
            return one_of(value, name, ("low", "medium", "high")) != "medium"
        case "prompt_cache_retention":
            return bool(text(value, name))
    return bool(mapping(value, name))


def _as_given(value: object) -> dict[str, Any]:
    given = dict(mapping(plain(value, "thinking"), "thinking"))
    kind = one_of(given.get("type"), "thinking.type", ("adaptive", "enabled", "disabled", "between_tools"))
    if given.get("display") is not None:
        one_of(given["display"], "thinking.display", ("summarized", "omitted"))
    if given.get("budget_tokens") is not None:
        whole(given["budget_tokens"], "thinking.budget_tokens", MIN_THINKING_BUDGET)
    return {"display": "summarized", **given} if kind in ("adaptive", "enabled") else given


def _level(effort: str) -> str:
    return "low" if effort == "minimal" else effort


def _no_thinking(types: Sequence[str], decoding: Decoding) -> tuple[dict[str, Any] | None, str | None]:
    for kind in ("disabled", "between_tools"):  # the second thinks at least not before it begins
        if kind in types:
            return {"type": kind}, None
    decoding.drop("reasoning_effort", f"cannot be none with {decoding.id}")
    return None, "low" if decoding.model else None


def _without_budget_in_a_loop(
    thinking: dict[str, Any], param: str, messages: Sequence[Message], decoding: Decoding
) -> dict[str, Any] | None:
    """`thinking`, unless the client did not send back the thinking that led to the calls whose results it sends:
    where the tokens of thinking are told, the API refuses that.
    """
    if not has_budget(thinking, decoding) or len(messages) < 2:
        return thinking
    before, last = messages[-2:]
    if not any(block["type"] == "tool_result" for block in last.content) or before.content[0]["type"] in THINKING:
        return thinking
    decoding.drop(param, "needs the thinking_blocks of the answer that called the tools")
    return None


_HINTS = {
    "frequency_penalty", "logit_bias", "logprobs", "moderation", "prediction", "presence_penalty",
    "prompt_cache_options", "prompt_cache_retention", "seed", "store", "top_logprobs", "verbosity",
}  # fmt: skip
_KNOWN = _HINTS | {
    "audio", "cache_control", "function_call", "functions", "max_completion_tokens", "max_tokens", "messages",
    "metadata", "modalities", "model", "n", "parallel_tool_calls", "prompt_cache_key", "reasoning_effort",
    "response_format", "safety_identifier", "service_tier", "stop", "stream", "stream_options", "temperature",
    "thinking", "tool_choice", "tools", "top_k", "top_p", "user", "web_search_options",
}  # fmt: skip
"""All that is looked at. `prompt_cache_key` is among them, though nothing is done: it never changes an answer."""
