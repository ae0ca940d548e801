"""From a `ChatRequest` to the bytes of POST /v1/messages and its count. Pure; what comes back is `wire_response.py`'s.

Written for API version 2026-10-21; a request that carries sampling parameters goes out as 2023-06-01, the only
version that still takes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from .errors import UsageError
from .messages import Block, ChatRequest, LLMOptions, Message, Role, text_block

API_VERSION = "2026-10-21"
SAMPLING_VERSION = "2023-06-01"
SAMPLING_FIELDS = ("temperature", "top_p", "top_k")
OAUTH_BETA = "oauth-2025-04-20"
DEFAULT_MAX_TOKENS = 64_000
MAX_UNSTREAMED_TOKENS = 21_333
"""Above this an answer may take longer than ten minutes, and is streamed (the official SDK's rule)."""
COUNTED_FIELDS = (
    "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control", "speed",
)  # fmt: skip
"""All that POST /v1/messages/count_tokens takes."""


def request_object(request: ChatRequest) -> dict[str, Any]:
    """The request as the JSON object that is sent, short fields first, messages last."""
    options = request.options
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": DEFAULT_MAX_TOKENS if options.max_tokens is None else options.max_tokens,
    }
    if request.stream:
        body["stream"] = True
    if request.system:
        body["system"] = request.system if isinstance(request.system, str) else list(request.system)
    body.update(_parameters(options))
    body = _merged(body, options.extra)
    body["messages"] = [_message(message) for message in merge_turns(request.messages)]
    return body


def count_object(request: ChatRequest) -> dict[str, Any]:
    """What of the request counts as input, as the JSON object that count_tokens takes."""
    body = request_object(request)
    return {name: body[name] for name in COUNTED_FIELDS if name in body}


def encode(body: Mapping[str, Any]) -> bytes:
    """`body` as compact UTF-8 JSON. Lone surrogates, which UTF-8 cannot carry, become U+FFFD.

    Raises:
        UsageError: it holds what JSON cannot say, such as a number that is none.
    """
    try:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"the request cannot be written as JSON: {error}") from error
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def api_version(body: Mapping[str, Any], default: str = API_VERSION) -> str:
    """The `anthropic-version` this body needs."""
    return SAMPLING_VERSION if any(name in body for name in SAMPLING_FIELDS) else default


def merge_turns(messages: Iterable[Message]) -> list[Message]:
    """`messages` with neighbours of one role joined: the API's sources disagree on whether it does so itself.

    Raises:
        UsageError: there is none, or the first one is not the user's.
    """
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role == message.role and message.role != "system":
            merged[-1] = Message(message.role, merged[-1].content + message.content)
        else:
            merged.append(message)
    if not merged:
        raise UsageError("there is nothing to ask: the conversation is empty")
    if merged[0].role != "user":
        raise UsageError(f"a conversation starts with the user's turn, this one with the {merged[0].role}'s")
    return merged


def messages_from(raw: Iterable[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Messages out of the API's own form, `{"role": …, "content": text or blocks}`.

    Raises:
        UsageError: a role or a content is not of that form; names which.
    """
    found = []
    for number, item in enumerate(raw):
        if not isinstance(item, Mapping):
            raise UsageError(f"messages[{number}] is no object with a role and a content")
        role, content = item.get("role"), item.get("content")
        if role not in ("user", "assistant", "system"):
            raise UsageError(f"messages[{number}].role is {role!r}; it is user, assistant or system")
        found.append(Message(cast("Role", role), _blocks(content, number)))
    return tuple(found)


def _blocks(content: object, number: int) -> tuple[Block, ...]:
    if isinstance(content, str):
        return (text_block(content),)
    if isinstance(content, list | tuple) and all(isinstance(part, Mapping) and "type" in part for part in content):
        return tuple(dict(part) for part in content)
    raise UsageError(f"messages[{number}].content is a text or a list of content blocks, each with a type")


def _parameters(options: LLMOptions) -> dict[str, Any]:
    """The optional fields that are set; None means that the API's own default holds."""
    effort = {"effort": options.effort} if options.effort is not None else None
    fields = {
        "stop_sequences": list(options.stop_sequences) or None,
        "temperature": options.temperature,
        "top_p": options.top_p,
        "top_k": options.top_k,
        "thinking": options.thinking,
        "output_config": effort,
        "service_tier": options.service_tier,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _merged(base: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `extra` laid over it, objects merged: `-O output_config.task_budget=…` must not lose the effort."""
    both = dict(base)
    for key, value in extra.items():
        old = both.get(key)
        both[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def _message(message: Message) -> dict[str, Any]:
    """The short form where it says the same: one plain text block is a string."""
    blocks = message.content
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"} and blocks[0]["type"] == "text":
        return {"role": message.role, "content": blocks[0]["text"]}
    return {"role": message.role, "content": list(blocks)}
