"""An answer as JSON, and as the events of a stream; no faults, no bytes: those are in `delivery.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .answers import Answer
from .cache import CacheUse
from .request import Call

_Event = dict[str, Any]
JSON_CHARS = 24
"""Characters of tool input in one delta."""
SAID_ONCE = ("cache_creation", "service_tier", "inference_geo", "speed")
"""Members of the usage that only `message_start` has."""


@dataclass(frozen=True, slots=True)
class Reply:
    """All that makes up a message: the answer, for which call, under which id, and how its prompt was cached."""

    call: Call
    answer: Answer
    message_id: str
    cached: CacheUse


def message(reply: Reply, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The message object of an answer that is not streamed; `overrides` are members of its usage."""
    answer = reply.answer
    content = [dict(block) for block in answer.content]
    for block in content:
        if block["type"] == "text" and answer.flood is not None:
            block["text"] = "".join(_flood(answer.flood))
    usage = {**_opening_usage(reply), **_closing_usage(reply), **(overrides or {})}
    return {
        **_envelope(reply),
        "content": content,
        "stop_reason": answer.stop_reason,
        "stop_sequence": answer.stop_sequence,
        "stop_details": answer.stop_details,
        "usage": usage,
    }


def events(reply: Reply, overrides: Mapping[str, Any] | None = None, *, unknown: bool = False) -> Iterator[_Event]:
    """The events of the answer, in order; `type` is the name of each.

    Args:
        overrides: members of the usage, each in the event that has it.
        unknown: whether an event and a delta of kinds that no client knows are mixed in.
    """
    given = overrides or {}
    opening = {**_envelope(reply), "content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
    usage = {**_opening_usage(reply), **{name: given[name] for name in SAID_ONCE if name in given}}
    yield {"type": "message_start", "message": {**opening, "usage": usage}}
    if not reply.answer.content:
        yield {"type": "ping"}
    for index, block in enumerate(reply.answer.content):
        flood = reply.answer.flood if block["type"] == "text" else None
        start, deltas = _parts(block, flood)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        if index == 0:
            yield {"type": "ping"}
            if unknown:
                yield {"type": "nova", "light": "An event that no client knows yet."}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        if unknown and block["type"] == "text":
            yield {"type": "content_block_delta", "index": index, "delta": {"type": "nova_delta", "light": "far"}}
        yield {"type": "content_block_stop", "index": index}
    yield _message_delta(reply, {name: value for name, value in given.items() if name not in SAID_ONCE})
    yield {"type": "message_stop"}


def _message_delta(reply: Reply, overrides: Mapping[str, Any]) -> _Event:
    answer = reply.answer
    delta: _Event = {"stop_reason": answer.stop_reason, "stop_sequence": answer.stop_sequence}
    if answer.stop_details is not None:
        delta["stop_details"] = dict(answer.stop_details)
    return {"type": "message_delta", "delta": delta, "usage": {**_closing_usage(reply), **overrides}}


def _envelope(reply: Reply) -> dict[str, Any]:
    return {
        "id": reply.message_id,
        "type": "message",
        "role": "assistant",
        "model": reply.call.model.id,
        "container": None,
    }


def _opening_usage(reply: Reply) -> dict[str, Any]:
    """The usage when the prompt has been read: the output count is provisional."""
    cached = reply.cached
    usage = {
        **_input_usage(cached),
        "cache_creation": {
            "ephemeral_5m_input_tokens": cached.written_5m,
            "ephemeral_1h_input_tokens": cached.written_1h,
        },
        "output_tokens": min(1, reply.answer.output_tokens),
        "service_tier": "standard",
        "inference_geo": reply.call.body.get("inference_geo") or "global",
    }
    return {**usage, "speed": reply.call.body["speed"]} if reply.call.body.get("speed") else usage


def _closing_usage(reply: Reply) -> dict[str, Any]:
    """The usage at the end: cumulative, and without what `message_start` has said for good."""
    usage = {
        **_input_usage(reply.cached),
        "output_tokens": reply.answer.output_tokens,
        "output_tokens_details": {"thinking_tokens": reply.answer.thinking_tokens},
    }
    searches, fetches = reply.answer.searches, reply.answer.fetches
    if searches or fetches:
        usage["server_tool_use"] = {"web_search_requests": searches, "web_fetch_requests": fetches}
    return usage


def _input_usage(cached: CacheUse) -> dict[str, Any]:
    return {
        "input_tokens": cached.fresh,
        "cache_creation_input_tokens": cached.written_5m + cached.written_1h,
        "cache_read_input_tokens": cached.read,
    }


def _parts(block: Mapping[str, Any], flood: int | None) -> tuple[_Event, Iterator[_Event]]:
    """A block as it starts, and the deltas that complete it; kinds without deltas come whole."""
    match block["type"]:
        case "text":
            texts = _pieces(block["text"]) if flood is None else _flood(flood)
            return {"type": "text", "text": ""}, _text_deltas(texts, block.get("citations") or [])
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}, _thinking_deltas(block)
        case "tool_use" | "server_tool_use":
            return {**block, "input": {}}, _input_deltas(block.get("input") or {})
    return dict(block), iter(())


def _text_deltas(texts: Iterator[str], citations: list[Any]) -> Iterator[_Event]:
    for text in texts:
        yield {"type": "text_delta", "text": text}
    for citation in citations:
        yield {"type": "citations_delta", "citation": citation}


def _thinking_deltas(block: Mapping[str, Any]) -> Iterator[_Event]:
    for text in _pieces(block["thinking"]):
        yield {"type": "thinking_delta", "thinking": text}
    yield {"type": "signature_delta", "signature": block.get("signature", "")}


def _input_deltas(value: Mapping[str, Any]) -> Iterator[_Event]:
    """Tool input as JSON in pieces; the first is empty, as at the service."""
    yield {"type": "input_json_delta", "partial_json": ""}
    text = json.dumps(value, ensure_ascii=False) if value else ""
    for start in range(0, len(text), JSON_CHARS):
        yield {"type": "input_json_delta", "partial_json": text[start : start + JSON_CHARS]}


def _pieces(text: str) -> Iterator[str]:
    """The text word by word, each with the blanks before it; nothing is lost."""
    return (match.group() for match in re.finditer(r"\s*\S{1,24}|\s+", text))


def _flood(number: int) -> Iterator[str]:
    return (f"{index} " for index in range(number))
