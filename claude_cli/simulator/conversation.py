"""How messages must follow each other: who begins, tool calls and their results, empty text, cache marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from .blocks import SERVER_RESULTS
from .errors import reject
from .request import Block, Call, blocks_of, last_markable, prefix_blocks

MAX_BREAKPOINTS = 4


def check_conversation(call: Call) -> None:
    """Raise `ApiError` 400 for messages that cannot stand in this order."""
    if not call.messages:
        reject("messages", "at least one message is required")
    if call.messages[0]["role"] != "user":
        reject("messages", 'first message must use the "user" role')
    _check_filled(call)
    _check_system_places(call)
    _check_tool_pairs(call)
    _check_breakpoints(call)


def _check_filled(call: Call) -> None:
    """No empty text; consecutive messages of one role are merged, so only the content counts."""
    last = len(call.messages) - 1
    for index, message in enumerate(call.messages):
        optional = index == last and message["role"] == "assistant"
        if not message["content"] and not optional:
            text = "all messages must have non-empty content except for the optional final assistant message"
            reject(f"messages.{index}", text)
        _check_texts("messages", blocks_of(message) if message["content"] else ())
    if not isinstance(call.body.get("system"), str):
        _check_texts("system", call.body.get("system") or ())


def _check_texts(part: str, blocks: Iterable[Block]) -> None:
    for block in blocks:
        if block["type"] == "text" and not block["text"]:
            reject(part, "text content blocks must be non-empty")
        if block["type"] == "text" and not block["text"].strip():
            reject(part, "text content blocks must contain non-whitespace text")


def _check_system_places(call: Call) -> None:
    """A system message follows a user message or a server tool's result, and only an assistant may follow it."""
    for index, (before, message) in enumerate(pairwise(call.messages), start=1):
        if message["role"] == "system":
            ended_by = blocks_of(before)[-1]["type"] if before["content"] else ""
            if before["role"] != "user" and ended_by not in SERVER_RESULTS:
                reject(f"messages.{index}", "`system` messages must follow a `user` message")
        if before["role"] == "system" and message["role"] != "assistant":
            reject(f"messages.{index}", "`system` messages must be last or be followed by an `assistant` message")


def _check_tool_pairs(call: Call) -> None:
    """Every `tool_use` is answered at the start of the next message, and nothing is answered that was not asked."""
    asked: list[str] = []
    for index, message in enumerate(call.messages):
        if message["role"] == "system":
            continue
        blocks = blocks_of(message)
        answered = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        leading = [block["tool_use_id"] for block in _leading_results(blocks)]
        _refuse_unasked(index, blocks, asked)
        unanswered = [tool_id for tool_id in asked if tool_id not in leading]
        if unanswered:
            _refuse_unanswered(index - 1, unanswered)
        if len(set(answered)) < len(answered):
            reject(f"messages.{index}.content", "each tool_use must have a single result")
        asked = [block["id"] for block in blocks if block["type"] == "tool_use"]
    if asked and not call.continues:
        _refuse_unanswered(len(call.messages) - 1, asked)


def _leading_results(blocks: list[Block]) -> list[Block]:
    found = []
    for block in blocks:
        if block["type"] != "tool_result":
            break
        found.append(block)
    return found


def _refuse_unasked(index: int, blocks: list[Block], asked: list[str]) -> None:
    for place, block in enumerate(blocks):
        if block["type"] == "tool_result" and block["tool_use_id"] not in asked:
            reject(
                f"messages.{index}.content.{place}",
                f"unexpected `tool_use_id` found in `tool_result` blocks: {block['tool_use_id']}. Each `tool_result` "
                "block must have a corresponding `tool_use` block in the previous message.",
            )


def _refuse_unanswered(index: int, tool_ids: list[str]) -> None:
    reject(
        f"messages.{index}",
        f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(tool_ids)}. Each "
        "`tool_use` block must have a corresponding `tool_result` block in the next message.",
    )


def _check_breakpoints(call: Call) -> None:
    """At most four cache marks, those of an hour before those of five minutes, and one lifetime where two coincide."""
    blocks = [block for _, _, block in prefix_blocks(call)]
    marks = [block["cache_control"] for block in blocks if block.get("cache_control")]
    if call.body.get("cache_control"):
        marks.append(call.body["cache_control"])
        _check_coincidence(blocks, call.body["cache_control"])
    if len(marks) > MAX_BREAKPOINTS:
        reject("", f"A maximum of {MAX_BREAKPOINTS} blocks with cache_control may be provided. Found {len(marks)}.")
    lifetimes = [_lifetime(mark) for mark in marks]
    if lifetimes != sorted(lifetimes):
        reject("", "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")


def _check_coincidence(blocks: list[Block], automatic: Mapping[str, Any]) -> None:
    last = last_markable(blocks)
    marked = blocks[last].get("cache_control") if last is not None else None
    if marked and _lifetime(marked) != _lifetime(automatic):
        reject("cache_control", "the last block already has a cache_control with another ttl")


def _lifetime(mark: Mapping[str, Any]) -> str:
    return str(mark.get("ttl", "5m"))
