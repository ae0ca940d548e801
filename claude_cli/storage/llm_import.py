"""Conversations out of `logs.db`, the database of the command-line tool `llm`, as its versions 0.5 to 0.36 write it.

The older tables have a row for each response. The newer ones have a tree of messages that threads share. A database may
have both; what a thread tells is the whole of a conversation. Nothing of the file is trusted, and it is not written to.
"""

from __future__ import annotations

import json
import re
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..core.conversation import Conversation, Turn
from ..core.errors import UsageError
from ..core.events import usage_from
from ..core.harmless import one_line
from ..core.messages import Block, document_block, image_block, pdf_block, text_block
from ..core.sizes import readable_size
from .exchange import ID, TITLE_LENGTH

HEADER = b"SQLite format 3\0"
MAX_VALUE_BYTES = 64_000_000
"""Of one text or one attachment."""
_IMAGES = ("image/gif", "image/jpeg", "image/png", "image/webp")

_TABLES = re.compile(r"(?:FROM|JOIN) (\w+)")
_PARTS = "SELECT * FROM parts WHERE message_hash = ? ORDER BY position"
_ATTACHMENTS = """SELECT a.* FROM prompt_attachments p JOIN attachments a ON a.id = p.attachment_id
    WHERE p.response_id = ? ORDER BY p."order\""""
_PROMPT_FRAGMENTS = """SELECT f.* FROM prompt_fragments p JOIN fragments f ON f.id = p.fragment_id
    WHERE p.response_id = ? ORDER BY p."order\""""
_SYSTEM_FRAGMENTS = """SELECT f.* FROM system_fragments p JOIN fragments f ON f.id = p.fragment_id
    WHERE p.response_id = ? ORDER BY p."order\""""

_Row = dict[str, Any]


def conversations_of_llm(path: Path, *, now: int) -> list[Conversation]:
    """All conversations that `llm` has logged, the first one begun first.

    Args:
        path: its `logs.db`.
        now: microseconds of Unix time, where the log has no time.
    Raises:
        UsageError: a clause that says why it cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            # What is no text is no reason to stop.
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
            connection.execute("BEGIN")
            log = _Log(connection, now)
            return sorted(log.conversations(), key=lambda each: next(iter(each.turns)))
    except sqlite3.Error as error:
        raise UsageError(f"it cannot be read: {error}") from error
    except KeyError as error:  # of a row: a database that somebody else has made
        raise UsageError(f"it cannot be read: no such column: {error.args[0]}") from error


class _Log:
    """A database of `llm`; tables and columns that it has not are empty."""

    def __init__(self, connection: sqlite3.Connection, now: int) -> None:
        self._connection, self._now = connection, now
        # A view could be made to have no end.
        self._tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self._taken: set[int] = set()
        if not {"responses", "threads"} & self._tables:
            raise UsageError("it is a database, but not llm's logs.db")

    def conversations(self) -> Iterator[Conversation]:
        """Those that have turns."""
        done = set()
        for found in (*self._threads(), *self._logged()):
            if found.turns and found.id not in done:
                done.add(found.id)
                yield found

    # -------------------------------------------------------------------------------------------- the older tables
    def _logged(self) -> Iterator[Conversation]:
        about = {row["id"]: row for row in self._rows("SELECT * FROM conversations")}
        grouped: dict[str, list[_Row]] = {}
        for row in self._rows("SELECT * FROM responses ORDER BY datetime_utc, id"):
            grouped.setdefault(_text(row, "conversation_id") or _text(row, "id"), []).append(row)
        calls = _by_response(self._rows("SELECT * FROM tool_calls ORDER BY id"), _called)
        results = _by_response(self._rows("SELECT * FROM tool_results ORDER BY id"), _returned)
        for id_, rows in grouped.items():
            found = _conversation(id_, about.get(id_, {}))
            for row in rows:
                self._add_response(found, row, results.get(row["id"], []), calls.get(row["id"], []))
            yield found

    def _add_response(self, found: Conversation, row: _Row, results: list[Block], calls: list[Block]) -> None:
        id_, at = row["id"], self._time(row)
        pieces = [_text(each, "content") for each in self._rows(_SYSTEM_FRAGMENTS, id_)]
        found.model = _model(row)
        found.system = "\n\n".join(filter(None, [*pieces, _text(row, "system")])) or found.system
        fragments = [
            document_block(text, _text(each, "source") or None)
            for each in self._rows(_PROMPT_FRAGMENTS, id_)
            if (text := _text(each, "content"))
        ]
        attachments = [_attachment(each) for each in self._rows(_ATTACHMENTS, id_)]
        self._add(found, "user", [*fragments, *attachments, *results, *_texts(_text(row, "prompt"))], at)
        self._add(found, "assistant", [*_texts(_text(row, "response")), *calls], at, row)

    # -------------------------------------------------------------------------------------------- the newer tables
    def _threads(self) -> Iterator[Conversation]:
        if not {"threads", "messages", "parts", "turns"} <= self._tables:
            return
        messages: dict[object, _Row] = {row["hash"]: row for row in self._rows("SELECT * FROM messages")}
        calls = {row["tip_message_hash"]: row for row in self._rows("SELECT * FROM turns ORDER BY id")}
        for thread in self._rows("SELECT * FROM threads"):
            found = _conversation(_text(thread, "id"), thread)
            chain = _chain(messages, thread["tip_message_hash"])
            answers = [each["hash"] for each in chain if each["role"] == "assistant"]
            # A fork's first answers are another thread's; and what was sent again may have another hash by now.
            own = self._rows("SELECT * FROM turns WHERE thread_id = ? ORDER BY id DESC", thread["id"])
            by_answer = {**calls, **dict(zip(reversed(answers), own, strict=False))}
            # A message has no time of its own: it has that of the call it was part of, which its answer tells.
            at = self._time(thread)
            times: dict[object, int] = {}
            for message in reversed(chain):
                call = by_answer.get(message["hash"])
                at = times[message["hash"]] = self._time(call) if call else at
            for message in chain:
                self._add_message(found, message, by_answer.get(message["hash"], {}), times[message["hash"]])
            yield found

    def _add_message(self, found: Conversation, message: _Row, call: _Row, at: int) -> None:
        blocks = [block for part in self._rows(_PARTS, message["hash"]) for block in self._blocks(part)]
        role = message.get("role")
        if role == "system":
            found.system = "\n\n".join(filter(None, [found.system, *(str(each.get("text", "")) for each in blocks)]))
        elif role == "assistant":
            found.model = _model(call) or found.model
            self._add(found, "assistant", blocks, at, call)
        else:
            self._add(found, "user", blocks, at)

    def _blocks(self, part: _Row) -> Iterable[Block]:
        """A part as blocks; reasoning is left out, as its signature is another account's."""
        more = _json(part.get("payload"))
        match part.get("type"):
            case "text":
                return _texts(_text(part, "text") or self._referred(more.get("text_ref")))
            case "attachment":
                return [_attachment(each) for each in self._named(more.get("attachment"))]
            case "tool_call":
                return [_called({**more, "arguments": json.dumps(more.get("arguments"), ensure_ascii=False)})]
            case "tool_result":
                attached = more.get("attachments")
                rows = [row for each in (attached if isinstance(attached, list) else []) for row in self._named(each)]
                return [_returned(more), *map(_attachment, rows)]
        return []

    def _referred(self, pieces: object) -> str:
        """A text that borrows from fragments."""
        texts = []
        for piece in pieces if isinstance(pieces, list) else []:
            if isinstance(piece, dict):
                id_ = piece.get("fragment")
                rows = self._rows("SELECT content FROM fragments WHERE id = ?", id_) if isinstance(id_, int) else []
                texts += [_text(piece, "literal"), *(_text(row, "content") for row in rows)]
        return "".join(texts)

    def _named(self, reference: object) -> list[_Row]:
        id_ = reference.get("id") if isinstance(reference, dict) else None
        return self._rows("SELECT * FROM attachments WHERE id = ?", id_) if isinstance(id_, str) else []

    # -------------------------------------------------------------------------------------------- both
    def _add(self, found: Conversation, role: Any, blocks: list[Block], at: int, answer: _Row | None = None) -> None:
        """Put a turn behind the last one; one that says nothing is left out."""
        if not blocks:
            return
        at = max(at, (found.head or 0) + 1)
        while at in self._taken:
            at += 1
        self._taken.add(at)
        usage = None
        if answer and type(answer.get("input_tokens")) is int:
            usage = usage_from({name: answer.get(name) for name in ("input_tokens", "output_tokens")})
        found.add(Turn(at, found.head, role, tuple(blocks), model=_model(answer or {}), usage=usage))

    def _time(self, row: _Row) -> int:
        try:
            at = datetime.fromisoformat(_text(row, "datetime_utc"))
            microseconds = int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1e6)
        except (ValueError, OverflowError):
            return self._now
        return min(max(microseconds, 1), self._now)

    def _rows(self, query: str, *values: object) -> list[_Row]:
        """What `query` finds; nothing where a table of it is not there."""
        if not self._tables.issuperset(_TABLES.findall(query)):
            return []
        cursor = self._connection.execute(query, values)
        names = [each[0] for each in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _by_response(rows: list[_Row], block: Callable[[_Row], Block]) -> dict[object, list[Block]]:
    found: dict[object, list[Block]] = {}
    for row in rows:
        found.setdefault(row["response_id"], []).append(block(row))
    return found


def _conversation(id_: str, row: _Row) -> Conversation:
    if not ID.fullmatch(id_.lower()):
        raise UsageError(f"{one_line(id_, 40)!r} is no id of a conversation")
    return Conversation(id_.lower(), one_line(_text(row, "name"), TITLE_LENGTH), _model(row))


def _chain(messages: dict[object, _Row], tip: object) -> list[_Row]:
    """The messages from the first one to `tip`; what leads back to itself ends there."""
    found: dict[object, _Row] = {}
    while tip in messages and tip not in found:
        found[tip] = messages[tip]
        tip = found[tip]["parent_hash"]
    return list(found.values())[::-1]


def _text(row: _Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _texts(text: str) -> list[Block]:
    return [text_block(text)] if text.strip() else []


def _model(row: _Row) -> str:
    return one_line(_text(row, "model"), TITLE_LENGTH).removeprefix("anthropic/")


def _called(row: _Row) -> Block:
    """A call of a tool, as text: the API takes calls only together with the tools they call."""
    return text_block(f"[called {_text(row, 'name')} {_text(row, 'arguments')}]")


def _returned(row: _Row) -> Block:
    return text_block(f"[{_text(row, 'name')} returned]\n{_text(row, 'output')}")


def _attachment(row: _Row) -> Block:
    """An attachment as a block that can be sent, else a line that says what it was."""
    kind, url, data = _text(row, "type"), _text(row, "url"), _data(row)
    if data is None and url and (kind in _IMAGES or kind == "application/pdf"):
        return {"type": "image" if kind in _IMAGES else "document", "source": {"type": "url", "url": url}}
    if data is not None and kind in _IMAGES:
        return image_block(kind, b64encode(data).decode())
    if data is not None and kind == "application/pdf":
        return pdf_block(b64encode(data).decode())
    if data is not None and kind.startswith("text/"):
        return document_block(data.decode("utf-8", "replace"))
    size = readable_size(len(data)) if data is not None else ""
    told = filter(None, ["attachment", kind, _text(row, "path") or url, size])
    return text_block(f"[{' · '.join(told)}]")


def _data(row: _Row) -> bytes | None:
    """The bytes of an attachment: out of the database, else of the file it was, as long as that is the same file.

    Its id is the SHA-256 of its bytes: a database cannot have a file read that its writer does not know.
    """
    if isinstance(row.get("content"), bytes):
        return bytes(row["content"])
    path = Path(_text(row, "path"))
    try:
        if not path.is_absolute() or not path.is_file() or path.stat().st_size > MAX_VALUE_BYTES:
            return None
        data = path.read_bytes()
    except (OSError, ValueError):
        return None
    return data if sha256(data).hexdigest() == row.get("id") else None


def _json(text: object) -> dict[str, Any]:
    try:
        value = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
