"""From an OpenAI chat completion request to a `ChatRequest`. Pure; the way back is `openai_response.py`'s.

What cannot be said to the API is refused with the place where it stands; hints that do not change what is answered may
be dropped, and are reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.messages import Block, ChatRequest, LLMOptions, text_block
from .asked import Asked, OnUnsupported
from .names import Names
from .openai_messages import decode_messages
from .openai_parameters import (
    check_the_rest,
    counts,
    read_max_tokens,
    read_sampling,
    read_service_tier,
    read_stop,
    read_thinking,
    read_user,
)
from .openai_parts import cache_control
from .openai_schema import Form, decode_form
from .openai_tools import Choice, Tools, decode_choice, decode_tools, search_tool, stubs_of
from .openai_values import Decoding, flag, mapping, text
from .refusal import Refusal

MOST_MARKS = 4
"""Of the prompt cache, in one request to the API."""


def decode(body: Any, names: Names, *, on_unsupported: OnUnsupported = "warn") -> Asked:
    """What the JSON value `body` asks for.

    Args:
        names: the models that may be named.
        on_unsupported: what is done with hints that cannot be honoured.
    Raises:
        Refusal: 400 with `param`, or 404 for the model.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "the body is no JSON object")
    name = text(body.get("model"), "model")
    model = names.resolve(name)
    decoding = Decoding(model, names.models.find(model), on_unsupported)
    tools = decode_tools(body, decoding)
    system, messages = decode_messages(body.get("messages"), decoding)
    max_tokens = read_max_tokens(body, decoding)
    thinking, effort = read_thinking(body, max_tokens, messages, decoding)
    form = decode_form(body.get("response_format"), decoding)
    thinks = counts(thinking, decoding)
    extra = _tools(body, tools, form, decoding, thinks=thinks)
    if not extra and len(messages) > 1 and (stubs := stubs_of(messages)):
        extra = {"tools": stubs, "tool_choice": {"type": "none"}}
    extra.update(_fields(body, form))
    check_the_rest(body, decoding)
    stream = flag(body.get("stream"), "stream")
    system += [text_block(hint) for hint in decoding.hints]
    _keep_latest_marks(decoding, "cache_control" in extra)
    options = LLMOptions(
        max_tokens=max_tokens,
        stop_sequences=read_stop(body.get("stop"), decoding),
        thinking=thinking,
        effort=effort,
        service_tier=read_service_tier(body.get("service_tier"), decoding),
        extra=extra,
        **read_sampling(body, decoding),
    )
    return Asked(
        name,
        ChatRequest(model, messages, tuple(system) or None, options, stream),
        stream,
        include_usage=_include_usage(body),
        reasoning=thinking is not None and thinking["type"] in ("adaptive", "enabled"),
        flexible=max_tokens is None,
        dropped=tuple(decoding.dropped),
        tool_names={sent: own for own, sent in decoding.tool_names.items() if sent != own},
        json_tool=form.tool["name"] if form.tool else "",
        json_text=form.json,
        functions=tools.functions,
    )


def _tools(body: Mapping[str, Any], given: Tools, form: Form, decoding: Decoding, *, thinks: bool) -> dict[str, Any]:
    """The API's `tools` and `tool_choice`, none of them where there is nothing to choose from."""
    tools, choice = decode_choice(body, given, decoding, thinks=thinks)
    if body.get("web_search_options") is not None:
        tools = [*tools, search_tool(body["web_search_options"], decoding)]
    if form.tool:
        tools, choice = [*tools, form.tool], _form_choice(tools, form.tool["name"], decoding, thinks=thinks)
    if not tools:
        return {}
    return {"tools": tools, "tool_choice": choice} if choice else {"tools": tools}


def _form_choice(others: list[dict[str, Any]], name: str, decoding: Decoding, *, thinks: bool) -> Choice | None:
    """The choice of the tool that takes the answer, beside others that may be used before."""
    if thinks:
        decoding.hints.append(f"Give your answer by calling the tool {name}, not in words.")
        return None
    return {"type": "any"} if others else {"type": "tool", "name": name}


def _fields(body: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """The further fields of the API's request."""
    found: dict[str, Any] = {}
    if form.format:
        found["output_config"] = {"format": form.format}
    user = read_user(body)
    if user:
        found["metadata"] = {"user_id": user}
    if body.get("cache_control") is not None:
        found["cache_control"] = cache_control(body["cache_control"], "cache_control")
    return found


def _include_usage(body: Mapping[str, Any]) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    param = "stream_options"
    return flag(mapping(options, param).get("include_usage"), f"{param}.include_usage")


def _keep_latest_marks(decoding: Decoding, automatic: bool) -> None:
    """Take off the marks that are too many, the earliest first: what is behind them is marked, too."""
    marked: list[Block] = decoding.marked
    for block in marked[: max(0, len(marked) - MOST_MARKS + automatic)]:
        del block["cache_control"]
