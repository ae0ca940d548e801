"""Turns as text for people: who said what, and a line for what is no text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..core.conversation import THINKING, Conversation, Turn
from ..core.harmless import one_line
from ..core.messages import Block, text_of
from ..core.sizes import readable_size

_STATES = {
    "open": "not finished: it is still coming, or its program was ended",
    "interrupted": "interrupted",
    "cut": "cut short by the provider",
    "refused": "refused; it is not sent again",
}
_QUOTED = 120
"""Characters that are shown of what a tool was given, or gave."""


def markdown(conversation: Conversation) -> str:
    """The branch in use as a document: title, system prompt, and a section for each turn."""
    title = one_line(conversation.title) or conversation.id
    parts = [f"# {title}"]
    if conversation.system:
        parts.append(f"## System prompt\n\n{conversation.system.strip()}")
    for turn in conversation.path:
        parts.append(f"## {speaker(turn)} · {local_time(turn.id)}\n\n{said(turn)}".rstrip())
        if turn.state in _STATES:
            parts.append(f"*({_STATES[turn.state]})*")
    return "\n\n".join(parts) + "\n"


def speaker(turn: Turn) -> str:
    """Who says `turn`, on one line."""
    if turn.kind == "summary":
        return "Summary of what was said before"
    return "You" if turn.role == "user" else one_line(turn.model) or "Answer"


def standing(turn: Turn) -> str:
    """What is to be known of how `turn` ended; "": nothing."""
    return _STATES.get(turn.state, "")


def said(turn: Turn) -> str:
    """What `turn` says: its text, thinking left out, and a line for each block of another kind."""
    parts: list[str] = []
    texts: list[Block] = []
    for block in (*turn.content, {}):
        if block.get("type") == "text":
            texts.append(block)
            continue
        # An answer comes in pieces where it cites; what a user sends is one thing after another.
        pieces = [texts] if turn.role == "assistant" else [[each] for each in texts]
        parts += filter(None, (text_of(piece).strip() for piece in pieces))
        texts = []
        if block and block.get("type") not in THINKING:
            parts.append(f"[{_described(block)}]")
    return "\n\n".join(parts)


def local_time(microseconds: int) -> str:
    """A time of the store by the clock of this machine: `2026-11-22 14:03`."""
    return datetime.fromtimestamp(microseconds / 1e6).strftime("%Y-%m-%d %H:%M")


def _described(block: Mapping[str, Any]) -> str:
    """A block that is no text, on one line."""
    kind = one_line(str(block.get("type")), _QUOTED)
    if kind in ("image", "document"):
        return _attachment(kind, block)
    if kind.endswith("tool_use"):
        return f"{one_line(str(block.get('name')), _QUOTED)} {_json(block.get('input'))}"
    if kind.endswith("tool_result"):
        return f"{kind} {_json(block.get('content'))}"
    return kind


def _attachment(kind: str, block: Mapping[str, Any]) -> str:
    source = block.get("source")
    source = source if isinstance(source, Mapping) else {}
    parts = [kind, block.get("title"), source.get("media_type"), source.get("url")]
    data = source.get("data")
    if isinstance(data, str):
        encoded = source.get("type") == "base64"
        parts.append(readable_size(len(data.rstrip("=")) * 3 // 4 if encoded else len(data.encode("utf-8", "replace"))))
    return " · ".join(one_line(str(part), _QUOTED) for part in parts if part)


def _json(value: object) -> str:
    if isinstance(value, str):
        return one_line(value, _QUOTED)
    return one_line(json.dumps(value, ensure_ascii=False), _QUOTED)


def branches(conversation: Conversation) -> Iterator[tuple[Turn, list[Turn]]]:
    """Each branch, the oldest first: its last turn, and its turns that are not part of one before."""
    seen: set[int] = set()
    for leaf in conversation.leaves:
        path = [turn for turn in conversation.path_to(leaf.id) if turn.id not in seen]
        seen.update(turn.id for turn in path)
        yield leaf, path
