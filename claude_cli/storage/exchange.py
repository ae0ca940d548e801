"""Conversations as JSON that this program reads again: branches, states, raw blocks and attachments. Pure.

What is read has been written by anybody: all of it is checked before any of it counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from ..core.conversation import Conversation, Kind, State, Turn
from ..core.errors import UsageError
from ..core.events import usage_from
from ..core.harmless import one_line
from ..core.messages import Block, blocks_within
from .blobs import reference
from .history_rows import usage_object

VERSION = 1
MAX_BYTES = 256_000_000
"""Of a file to be imported: as objects in memory it takes several times that."""
MAX_DEPTH = 100
TITLE_LENGTH = 200
ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
"""What a conversation may be called in the store."""
_NAME_LENGTH = 200
_DAY = 86_400_000_000
_ROLES = ("user", "assistant")
_DIGITS = 18
"""Of an amount of money in pico-dollars: the database has numbers of 64 bits."""


class _Wrong(Exception):
    """What is wrong with a file, as a clause."""


def exported(conversations: Iterable[Conversation], *, redacted: bool = False) -> Iterator[str]:
    """One JSON object, in pieces: each conversation is a line.

    Args:
        redacted: whether they have been redacted, which is only told here.
    """
    yield f'{{"version": {VERSION}, "redacted": {json.dumps(redacted)}, "conversations": ['
    for number, conversation in enumerate(conversations):
        text = json.dumps(_object(conversation), ensure_ascii=False)
        # Half a character, which UTF-8 has not, stays what it is only as an escape.
        yield (",\n" if number else "\n") + (text if _is_unicode(text) else json.dumps(_object(conversation)))
    yield "\n]}\n"


def imported(data: bytes, *, now: int) -> list[Conversation]:
    """The conversations of an export.

    Args:
        now: microseconds of Unix time; nothing can have been said after tomorrow.
    Raises:
        UsageError: a clause that says where it is wrong, and how.
    """
    try:
        if len(data) > MAX_BYTES:
            raise _Wrong(f"it is larger than {MAX_BYTES // 1_000_000} MB; export fewer conversations at a time")
        return _conversations(_parsed(data), now + _DAY)
    except RecursionError:
        raise UsageError("it is nested too deep") from None
    except _Wrong as wrong:
        raise UsageError(str(wrong)) from wrong


def time_of(microseconds: int) -> str:
    """A time of the store as text for programs: UTC, ISO 8601."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _object(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "model": conversation.model,
        "system": conversation.system,
        "head": conversation.head,
        "first_sent": conversation.first_sent,
        "simulated": conversation.simulated,
        "turns": [_turn_object(turn) for turn in conversation.turns.values()],
    }


def _turn_object(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "parent": turn.parent,
        "at": time_of(turn.id),
        "role": turn.role,
        "kind": turn.kind,
        "state": turn.state,
        "model": turn.model,
        "content": turn.content,
        "usage": None if turn.usage is None else usage_object(turn.usage),
        "cost_pico": turn.cost_pico,
        "estimated": turn.estimated,
        "stop_reason": turn.stop_reason,
        "request_id": turn.request_id,
        "bound": turn.bound,
    }


def _parsed(data: bytes) -> Any:
    def refuse(word: str) -> None:
        raise _Wrong(f"{word} is no number of JSON")

    try:
        return json.loads(data, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise _Wrong(f"it is no JSON: {error.msg}, line {error.lineno}, column {error.colno}") from error
    except ValueError as error:  # no Unicode, or a number without end
        raise _Wrong("it is no JSON") from error


def _conversations(value: Any, latest: int) -> list[Conversation]:
    if not isinstance(value, dict) or not isinstance(value.get("conversations"), list):
        raise _Wrong("it is no export of conversations, and no logs.db of llm")
    if value.get("version") != VERSION or value["version"] is True:
        raise _Wrong(f"its version is not {VERSION}; a newer claude-cli may have written it")
    found: dict[str, Conversation] = {}
    taken: set[int] = set()
    for number, each in enumerate(value["conversations"], 1):
        try:
            conversation = _conversation(each, taken, latest)
            if conversation.id in found:
                raise _Wrong(f"the id {conversation.id} is there twice")
        except _Wrong as wrong:
            raise _Wrong(f"conversation {number}: {wrong}") from wrong
        found[conversation.id] = conversation
    return list(found.values())


def _conversation(value: Any, taken: set[int], latest: int) -> Conversation:
    fields = _fields(value)
    id_ = _text(fields, "id")
    if not ID.fullmatch(id_):
        raise _Wrong("its id is not of small letters and digits")
    found = Conversation(
        id_,
        one_line(_text(fields, "title"), TITLE_LENGTH),
        _name(fields, "model"),
        _text(fields, "system"),
        simulated=_flag(fields, "simulated"),
    )
    turns = _list(fields, "turns")
    for number, each in enumerate(turns, 1):
        try:
            turn = _turn(each, found.turns, taken, latest)
        except _Wrong as wrong:
            raise _Wrong(f"turn {number}: {wrong}") from wrong
        found.turns[turn.id] = turn
        taken.add(turn.id)
    found.head = _one_of_turns(fields, "head", found.turns)
    found.first_sent = _one_of_turns(fields, "first_sent", found.turns)
    return found


def _turn(value: Any, before: dict[int, Turn], taken: set[int], latest: int) -> Turn:
    fields = _fields(value)
    id_ = _number(fields, "id", latest)
    if not id_:
        raise _Wrong("its id is no time, in microseconds since 1970")
    if id_ in taken:
        raise _Wrong(f"the id {id_} is there twice")
    if before and id_ < next(reversed(before)):
        raise _Wrong("it is older than the one before it")
    usage = fields.get("usage")
    if usage is not None and not isinstance(usage, dict):
        raise _Wrong("usage is no object")
    _check(usage)
    return Turn(
        id_,
        _one_of_turns(fields, "parent", before),
        role=_word(fields, "role", _ROLES),
        content=tuple(_block(each) for each in _list(fields, "content")),
        state=_word(fields, "state", get_args(State), "whole"),
        kind=_word(fields, "kind", get_args(Kind), "turn"),
        model=_name(fields, "model"),
        usage=None if usage is None else usage_from(usage),
        cost_pico=_number(fields, "cost_pico", 10**_DIGITS),
        estimated=_flag(fields, "estimated"),
        stop_reason=_name(fields, "stop_reason") or None,
        request_id=_name(fields, "request_id") or None,
        bound=_name(fields, "bound"),
    )


def _block(value: Any) -> Block:
    fields = _fields(value)
    kind = fields.get("type")
    if not isinstance(kind, str) or not kind:
        raise _Wrong("a block has no type")
    if kind == "text" and not isinstance(fields.get("text"), str):
        raise _Wrong("a text block has no text")
    _check(fields)
    for block in blocks_within(fields):
        _check_shape(block)
    return dict(_unmarked(fields))


def _check_shape(block: Block) -> None:
    """Raise `_Wrong` where what is known of a block is not of its kind."""
    kind, source = block.get("type"), block.get("source")
    if kind in ("text", "document") and not isinstance(block.get("citations") or [], list | dict):
        raise _Wrong(f"citations are neither a list nor an object in a block of type {kind}")
    if kind not in ("image", "document"):
        return
    if not isinstance(source, dict):
        raise _Wrong(f"source is no object in a block of type {kind}")
    if source.get("type") in ("base64", "text") and not isinstance(source.get("data"), str):
        raise _Wrong(f"data is no text in a block of type {kind}")


def _unmarked(value: Any) -> Any:
    """A block, or a list of them, without marks of the prompt cache: a request may have four, and gets its own."""
    if isinstance(value, list):
        return [_unmarked(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: each for name, each in value.items() if name != "cache_control"}
    return {**found, **{name: _unmarked(found[name]) for name in ("content", "source") if name in found}}


def _check(value: Any, depth: int = 0) -> None:
    """Raise `_Wrong` where `value`, out of JSON, cannot be kept."""
    if depth > MAX_DEPTH:
        raise _Wrong("it is nested too deep")
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise _Wrong("a number has no end")
    elif isinstance(value, list):
        for each in value:
            _check(each, depth + 1)
    elif isinstance(value, dict):
        if reference(value) is not None:
            raise _Wrong("an attachment is not in the file")
        for each in value.values():
            _check(each, depth + 1)


def _is_unicode(text: str) -> bool:
    """Whether `text` has no half of a character (a surrogate)."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong("it is no object")
    return value


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    if not isinstance(value, list):
        raise _Wrong(f"{name} is no list")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    """The text called `name`; "" where there is none."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Wrong(f"{name} is no text")
    if not _is_unicode(value):
        raise _Wrong(f"{name} holds half a character (a surrogate)")
    return value


def _name(fields: Mapping[str, Any], name: str) -> str:
    """A text on one line that may be shown as it is."""
    text = _text(fields, name)
    if len(text) > _NAME_LENGTH or one_line(text, _NAME_LENGTH) != text:
        raise _Wrong(f"{name} is too long, or holds what cannot be seen")
    return text


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise _Wrong(f"{name} is neither true nor false")
    return value


def _number(fields: Mapping[str, Any], name: str, most: int) -> int | None:
    value = fields.get(name)
    if value is not None and (type(value) is not int or not 0 <= value <= most):
        raise _Wrong(f"{name} is no number from 0 to {most}")
    return value


def _word(fields: Mapping[str, Any], name: str, choices: Collection[str], default: str | None = None) -> Any:
    value = fields.get(name, default)
    if value not in choices:
        shown = one_line(str(value), 40)
        raise _Wrong(f"{name} {shown} is not known; it is one of {', '.join(choices)}")
    return value


def _one_of_turns(fields: Mapping[str, Any], name: str, turns: Mapping[int, Turn]) -> int | None:
    value = fields.get(name)
    # That a turn stands before those that follow it leaves no room for a circle.
    if value is not None and (type(value) is not int or value not in turns):
        raise _Wrong(f"{name} is none of the turns before it" if name == "parent" else f"{name} is none of its turns")
    return value
