"""From an OpenAI chat completion request to a `ChatRequest`. Pure; the way back is `openai_response.py`'s.

What cannot be said to the API is refused with the place where it stands; hints that do not change what is answered may
be dropped, and are reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..core.messages import Block, ChatRequest, LLMOptions, Message, text_block
from .asked import Asked, OnUnsupported
from .names import Names
from .openai_messages import decode_messages
from .openai_parameters import (
    check_the_rest,
    has_budget,
    read_max_tokens,
    read_metadata,
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
    _check_prefill(thinking, form, decoding)
    thinks = has_budget(thinking, decoding)
    extra = _tools(body, tools, form, messages, decoding, thinks=thinks)
    extra.update(_fields(body, form, decoding))
    include_usage = _include_usage(body, decoding)
    check_the_rest(body, decoding)
    stream = flag(body.get("stream"), "stream")
    messages = _with_last_hints(messages, extra, decoding)
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
        include_usage=include_usage,
        reasoning=thinking is not None and thinking["type"] in ("adaptive", "enabled"),
        flexible=max_tokens is None,
        dropped=tuple(decoding.dropped),
        tool_names={sent: own for own, sent in decoding.tool_names.items() if sent != own},
        json_tool=form.tool["name"] if form.tool else "",
        json_text=form.json,
        functions=tools.functions,
        metadata=read_metadata(body.get("metadata")),
    )


def _check_prefill(thinking: Mapping[str, Any] | None, form: Form, decoding: Decoding) -> None:
    """Refuse an answer that was begun beside what does not go with it: the core does, too, but knows no place."""
    thinks = thinking is not None and thinking["type"] in ("adaptive", "enabled")
    if decoding.prefill and decoding.able("prefill") and (thinks or form.format):
        words = f"{decoding.id} continues an answer that was begun only without thinking and without a schema"
        raise Refusal(400, words, param=decoding.prefill)


def _tools(
    body: Mapping[str, Any],
    given: Tools,
    form: Form,
    messages: tuple[Message, ...],
    decoding: Decoding,
    *,
    thinks: bool,
) -> dict[str, Any]:
    """The API's `tools` and `tool_choice`, none of them where there is nothing to choose from."""
    tools, choice = decode_choice(body, given, decoding, thinks=thinks)
    if body.get("web_search_options") is not None:
        tools = [*tools, search_tool(body["web_search_options"], decoding)]
    if form.tool:
        tools, choice = [*tools, form.tool], _form_choice(tools, form.tool["name"], decoding, thinks=thinks)
    stubs = [] if given.tools else stubs_of(messages)
    if not tools:
        return {"tools": stubs, "tool_choice": {"type": "none"}} if stubs else {}
    tools = [*stubs, *tools]
    return {"tools": tools, "tool_choice": choice} if choice else {"tools": tools}


def _form_choice(others: list[dict[str, Any]], name: str, decoding: Decoding, *, thinks: bool) -> Choice | None:
    """The choice of the tool that takes the answer, beside others that may be used before."""
    if thinks:
        decoding.hints.append(f"Give your answer by calling the tool {name}, not in words.")
        return None
    return {"type": "any"} if others else {"type": "tool", "name": name}


def _fields(body: Mapping[str, Any], form: Form, decoding: Decoding) -> dict[str, Any]:
    """The further fields of the API's request."""
    found: dict[str, Any] = {}
    if form.format:
        found["output_config"] = {"format": form.format}
    user = read_user(body)
    if user:
        found["metadata"] = {"user_id": user}
    if body.get("cache_control") is not None:
        found["cache_control"] = cache_control(body["cache_control"], "cache_control", decoding)
    return found


def _with_last_hints(messages: tuple[Message, ...], extra: dict[str, Any], decoding: Decoding) -> tuple[Message, ...]:
    """`messages` with what is said for this answer alone behind them, so that what is cached before holds for the next;
    a mark for the whole request is put where they end. In the system prompt, where the model has no such turns.
    """
    if not (decoding.last_hints and decoding.able("system") and messages[-1].role != "assistant"):
        decoding.hints += decoding.last_hints
        return messages
    last = messages[-1]
    if "cache_control" in extra:
        mark = extra.pop("cache_control")
        if "cache_control" not in last.content[-1]:
            last.content[-1]["cache_control"] = mark
            decoding.marked.append(last.content[-1])
    said = tuple(text_block(hint) for hint in decoding.last_hints)
    if last.role == "system":
        return (*messages[:-1], replace(last, content=(*last.content, *said)))
    return (*messages, Message("system", said))


def _include_usage(body: Mapping[str, Any], decoding: Decoding) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    param = "stream_options"
    given = mapping(options, param)
    decoding.drop_strangers(given, ("include_usage", "include_obfuscation"), param)
    return flag(given.get("include_usage"), f"{param}.include_usage")


def _keep_latest_marks(decoding: Decoding, automatic: bool) -> None:
    """Take off the marks that are too many, the earliest first: what is behind them is marked, too."""
    marked: list[Block] = decoding.marked
    for block in marked[: max(0, len(marked) - MOST_MARKS + automatic)]:
        del block["cache_control"]
