"""A turn as a row of `history.db`, and back; what has gone wrong with it is put right."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..core.conversation import Conversation, Kind, State, Turn
from ..core.events import usage_from
from ..core.messages import Block, Usage, text_block, text_of
from .blobs import parsed

TURNS_OF = """
SELECT id, parent, role, state, kind, model, usage, cost_pico, estimated, stop_reason, request_id, bound, content
FROM turns WHERE conversation = ? ORDER BY id"""
PUT = """
INSERT INTO turns (id, conversation, parent, role, state, kind, model, usage, cost_pico, estimated, stop_reason,
    request_id, bound, content, indexed)
VALUES (:id, :conversation, :parent, :role, :state, :kind, :model, :usage, :cost_pico, :estimated, :stop_reason,
    :request_id, :bound, :content, :indexed)
ON CONFLICT (id) DO UPDATE SET
    parent = :parent, role = :role, state = :state, kind = :kind, model = :model, usage = :usage,
    cost_pico = :cost_pico, estimated = :estimated, stop_reason = :stop_reason, request_id = :request_id,
    bound = :bound, content = :content, indexed = :indexed
WHERE conversation = :conversation"""
"""Adds a turn, or puts it in its own place; never in the place of another conversation's."""
UNREADABLE = (text_block("[this turn was damaged on disk and cannot be read]"),)
_MOST = 2**63 - 1
"""The highest number that SQLite keeps."""


def row_of(turn: Turn, content: str) -> dict[str, Any]:
    """What `PUT` says of `turn`, whose packed content is `content`."""
    return {
        "id": turn.id,
        "parent": turn.parent,
        "role": turn.role,
        "state": turn.state,
        "kind": turn.kind,
        "model": plain(turn.model),
        "usage": None if turn.usage is None else json.dumps(usage_object(turn.usage)),
        "cost_pico": None if turn.cost_pico is None else min(turn.cost_pico, _MOST),
        "estimated": turn.estimated,
        "stop_reason": plain(turn.stop_reason),
        "request_id": plain(turn.request_id),
        "bound": turn.bound,
        "content": content,
    }


def turn_of(row: tuple[Any, ...], unpack: Callable[[str], tuple[Block, ...]]) -> Turn:
    """The turn that is kept as `row`, one of `TURNS_OF`; `unpack` raises `ValueError` for what it cannot read."""
    id_, parent, role, state, kind, model, usage, cost, estimated, stop_reason, request_id, bound, packed = row
    try:
        content = unpack(packed)
    except ValueError:
        content = UNREADABLE
    standing: State = text(state, "interrupted")
    what: Kind = text(kind, "turn")
    return Turn(
        id_, parent, "assistant" if role == "assistant" else "user", content, standing, what, text(model),
        _usage(usage), cost if isinstance(cost, int) else None, bool(estimated), text(stop_reason) or None,
        text(request_id) or None, text(bound),
    )  # fmt: skip


def text(value: Any, default: str = "") -> Any:
    """`value`, which should be a text; `default` where it was damaged, or is not there."""
    return value if isinstance(value, str) else default


def words_of(packed: str) -> str | None:
    """What a turn says whose content is kept as `packed`; None: that was damaged."""
    try:
        return text_of(parsed(packed))
    except ValueError:
        return None


def _usage(kept: Any) -> Usage | None:
    """The usage that is kept as JSON; None: there is none, or it was damaged."""
    try:
        raw = json.loads(kept or "null")
    except ValueError:
        return None
    return usage_from(raw) if isinstance(raw, dict) else None


def mend(conversation: Conversation) -> None:
    """Put right what would lead astray: a turn whose parent is not there, or a head that is none."""
    turns = conversation.turns
    for turn in turns.values():
        if turn.parent is not None and (turn.parent not in turns or turn.parent >= turn.id):
            turns[turn.id] = replace(turn, parent=None)
    if conversation.head is not None and conversation.head not in turns:
        conversation.head = max(turns, default=None)


def plain(text: str | None) -> str | None:
    """`text` without halves of surrogate pairs, which a server may send and no database takes."""
    return None if text is None else text.encode(errors="replace").decode()


def usage_object(usage: Usage) -> dict[str, Any]:
    """The API's object, in which the counts are those of `usage`: of an answer in several legs they are sums."""
    details = usage.raw.get("output_tokens_details")
    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "output_tokens_details": {
            **(details if isinstance(details, dict) else {}),
            "thinking_tokens": usage.thinking_tokens,
        },
    }
    return {**usage.raw, **counts}
