"""What the simulated model answers: its blocks, why it stops, and what that cost.

The words of the plain answer are in `descriptions.py`, how it goes over the wire in `streams.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .bindings import sign
from .descriptions import describe
from .faults import Fault
from .request import Call, blocks_of
from .server_tools import cited_text, search_result, uses
from .structured import example
from .tokens import block_tokens, text_tokens
from .tools import is_forced

THINKING_TOKENS = 16
THOUGHT = "The request is to be described, not answered: no model is here. "
CUT_SHORT = ("max_tokens", "model_context_window_exceeded", "stop_sequence")

_Blocks = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer.

    Attributes:
        content: its blocks, as in a message that is not streamed.
        output_tokens: all it cost; `thinking_tokens` is part of it.
        searches, fetches: web searches and fetches made by the server.
        flood: that many small text deltas are to come in place of the text.
    """

    content: tuple[Mapping[str, Any], ...]
    stop_reason: str
    output_tokens: int
    thinking_tokens: int = 0
    stop_sequence: str | None = None
    stop_details: Mapping[str, Any] | None = None
    searches: int = 0
    fetches: int = 0
    flood: int | None = None


@dataclass(frozen=True, slots=True)
class _Ending:
    """Text as far as it comes, and why it ends there."""

    text: str
    reason: str = "end_turn"
    sequence: str | None = None


def compose(call: Call, fault: Fault, *, number: int, room: int) -> Answer:
    """The answer to a request.

    Args:
        number: of the request at this server, for the ids of tool calls.
        room: tokens left in the context window.
    """
    if call.max_tokens == 0:
        return Answer((), "max_tokens", 0)
    if fault.stop_reason == "refusal" and not fault.output:
        return Answer((), "refusal", 0, stop_details=_stop_details(fault))
    if fault.content is not None:
        tokens = sum(_tokens_of(block, call) for block in fault.content)
        return _finished(call, fault, [dict(block) for block in fault.content], _Ending(""), 0, tokens)
    thinking, thinking_tokens = _thinking(call, fault)
    if _uses_tool(call, fault):
        said = [_text(fault.say)] if fault.say else []
        blocks = [*thinking, *said, _tool_use(call, fault, number)]
        return _finished(call, fault, blocks, _Ending("", "tool_use"), thinking_tokens)
    if fault.stop_reason == "pause_turn":
        blocks = [*thinking, _text(fault.say or "I will search for that."), _server_tool_use(number)]
        return _finished(call, fault, blocks, _Ending("", "pause_turn"), thinking_tokens)
    ending = _ending(call, fault, min(call.max_tokens, room) - thinking_tokens)
    if ending.reason == "max_tokens" and room < call.max_tokens:
        ending = _Ending(ending.text, "model_context_window_exceeded")
    # What a script says is all that is said.
    used = uses(call, number) if fault.say is None and fault.flood is None and not call.continues else []
    blocks = [*thinking, *_search_results(call), *used]
    if ending.text or fault.flood is not None:
        blocks.append(_text(ending.text))
    if fault.say is None and ending.reason == "end_turn" and not call.output_format:
        blocks += cited_text(call, used)
    return _finished(call, fault, blocks, ending, thinking_tokens)


def _finished(
    call: Call, fault: Fault, blocks: _Blocks, ending: _Ending, thinking_tokens: int, tokens: int | None = None
) -> Answer:
    visible = [block for block in blocks if block["type"] not in ("thinking", "redacted_thinking")]
    if tokens is None:
        tokens = thinking_tokens + (fault.flood or sum(_tokens_of(block, call) for block in visible))
    if fault.unknown:
        blocks = [*blocks, {"type": "nova", "light": "A kind of block that no client knows yet."}]
    reason = fault.stop_reason or ending.reason
    sequence = fault.stop_sequence or ending.sequence
    return Answer(
        content=tuple(blocks),
        stop_reason=reason,
        output_tokens=max(1, tokens),
        thinking_tokens=thinking_tokens,
        stop_sequence=sequence if reason == "stop_sequence" else None,
        stop_details=_stop_details(fault) if reason == "refusal" else None,
        searches=sum(block["type"] == "web_search_tool_result" for block in blocks),
        fetches=sum(block["type"] == "web_fetch_tool_result" for block in blocks),
        flood=fault.flood,
    )


def _tokens_of(block: Mapping[str, Any], call: Call) -> int:
    known = block["type"] in ("text", "thinking", "tool_use", "server_tool_use")
    return block_tokens(block, call.model) if known else 0


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _thinking(call: Call, fault: Fault) -> tuple[_Blocks, int]:
    """The thinking block and its tokens, where the model thinks; half of a very small `max_tokens` is left for text."""
    tokens = min(THINKING_TOKENS, call.max_tokens // 2)
    between = any(block["type"] == "tool_result" for block in blocks_of(call.messages[-1]))
    if call.thinking == "disabled" or tokens == 0 or (call.thinking == "between_tools" and not between):
        return [], 0
    summary = (fault.think or THOUGHT) if call.shows_thinking else ""
    return [{"type": "thinking", "thinking": summary, "signature": sign(call)}], tokens


def _ending(call: Call, fault: Fault, room: int) -> _Ending:
    """The text, cut at a stop sequence or where the tokens end, whichever comes first."""
    if fault.flood is not None:
        return _Ending("")
    text = _words(call, fault)
    if fault.stop_reason in CUT_SHORT and fault.say is None:
        sequences = call.body.get("stop_sequences") or ["\n"]
        return _Ending(text[: len(text) // 2], fault.stop_reason, sequences[0])
    ending = _Ending(text)
    found = [(text.find(sequence), sequence) for sequence in call.body.get("stop_sequences") or ()]
    first = min((hit for hit in found if hit[0] >= 0), default=None)
    if first:
        ending = _Ending(text[: first[0]], "stop_sequence", first[1])
    if text_tokens(ending.text, call.model) > room:
        ending = _Ending(text[: max(0, int(room * call.model.chars_per_token))], "max_tokens")
    return ending


def _words(call: Call, fault: Fault) -> str:
    if fault.say is not None:
        return fault.say
    if call.output_format:
        return json.dumps(example(call.output_format["schema"]), ensure_ascii=False)
    return describe(call)


def _uses_tool(call: Call, fault: Fault) -> bool:
    """A tool is called where the script or the choice of the request wants it."""
    if fault.stop_reason is not None or fault.say is not None:
        return fault.stop_reason == "tool_use"
    return is_forced(call.body)


def _tool_use(call: Call, fault: Fault, number: int) -> dict[str, Any]:
    tools = {tool.get("name"): tool for tool in call.body.get("tools") or ()}
    wanted = fault.tool or (call.body.get("tool_choice") or {}).get("name") or next(iter(tools), "simulated_tool")
    schema = tools.get(wanted, {}).get("input_schema", {"type": "object"})
    value = example(schema) if fault.tool_input is None else dict(fault.tool_input)
    return {"type": "tool_use", "id": f"toolu_sim_{number}", "name": wanted, "input": value}


def _server_tool_use(number: int) -> dict[str, Any]:
    query = {"query": "simulated search"}
    return {"type": "server_tool_use", "id": f"srvtoolu_sim_{number}", "name": "web_search", "input": query}


def _search_results(call: Call) -> _Blocks:
    """The results a paused answer was waiting for: of every search in it that has none yet."""
    if not call.continues:
        return []
    blocks = blocks_of(call.messages[-1])
    done = [block.get("tool_use_id") for block in blocks]
    return [
        {"type": f"{block['name']}_tool_result", "tool_use_id": block["id"], "content": [search_result()]}
        for block in blocks
        if block["type"] == "server_tool_use" and block["id"] not in done and block["name"] == "web_search"
    ]


def _stop_details(fault: Fault) -> dict[str, Any]:
    """The details of a refusal; those of the script come last."""
    plain = {"type": "refusal", "category": None, "explanation": "The simulator was asked to refuse."}
    return {**plain, **(fault.stop_details or {})}
