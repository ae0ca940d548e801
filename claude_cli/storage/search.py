"""The index of all words that were said, in `history.db` beside the turns, and the search in it.

A turn is put into it when it is whole. An answer that is still coming, or whose process was killed, is put there by the
next search. Where SQLite has no FTS5 there is no index: the turns are read one by one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..core.messages import Block, blocks_within
from .blobs import reference
from .search_words import Query, Snippet, columns

LONGEST_DOCUMENT = 20_000
"""Characters of an attached text whose words are found: the rest is data rather than what was said."""
MOST_RANKED = 25_000
"""Turns of which the best are sought, the newest that have the words: 4 µs each (measured November 2026)."""
MOST_AT_ONCE = 500
"""Turns that are put into the index in one transaction: others must be able to write meanwhile."""
_TABLE = "CREATE VIRTUAL TABLE IF NOT EXISTS said USING fts5 (words, characters, tokenize = 'ascii')"
_HITS = """
SELECT t.conversation, c.title, t.id, t.role, iif(t.model = '', c.model, t.model) AS answerer, t.content
FROM {0} CROSS JOIN conversations c ON c.id = t.conversation
WHERE {1} >= :since AND {1} < :until AND (:model IS NULL OR instr(lower(answerer), lower(:model)))"""
_FOUND = _HITS.format("said CROSS JOIN turns t ON t.id = said.rowid", "said.rowid") + " AND said MATCH :match"
_NEWEST = f"{_FOUND} ORDER BY said.rowid DESC"
_BEST = f"{_FOUND} ORDER BY said.rank"
_OLDEST_RANKED = """
SELECT rowid FROM said WHERE rowid >= :since AND rowid < :until AND said MATCH :match
ORDER BY rowid DESC LIMIT 1 OFFSET :ranked"""
_ALL = f"{_HITS.format('turns t', 't.id')} ORDER BY t.id DESC"


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn in which all that was asked for is found.

    Attributes:
        conversation, title: where it stands.
        turn: its id, and when it was said, in microseconds of Unix time.
        role: who said it.
        model: that answered; of what the user said, the one that was last asked.
        snippet: what shows it.
    """

    conversation: str
    title: str
    turn: int
    role: str
    model: str
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which turns are searched: from a time on and before another, in microseconds; a part of the model's name."""

    since: int | None = None
    until: int | None = None
    model: str | None = None


class Index:
    """The words of all turns; its methods work in the transaction of the connection that they are given."""

    def __init__(
        self, read: Callable[[str], bytes | None], fts: bool | None = None, most_ranked: int = MOST_RANKED
    ) -> None:
        """Prepare.

        Args:
            read: returns the content of an attachment by its hash, None if it is gone.
            fts: whether SQLite has FTS5; None: it is asked.
            most_ranked: turns of which the best are sought.
        """
        self._read, self._fts, self._most_ranked = read, fts, most_ranked

    def put(self, connection: sqlite3.Connection, turn: int, content: Iterable[Block]) -> bool:
        """Have the words of a turn in the place of what was there of it; returns whether there is an index."""
        if not self._usable(connection):
            return False
        connection.execute(_TABLE)
        row = (turn, *columns(self._text(content)))
        connection.execute("INSERT OR REPLACE INTO said (rowid, words, characters) VALUES (?, ?, ?)", row)
        return True

    def put_missing(self, connection: sqlite3.Connection) -> bool:
        """Have the words of turns that are not there yet; returns whether more of them are left."""
        query = "SELECT id, content FROM turns WHERE NOT indexed LIMIT ?"
        for turn, content in (rows := connection.execute(query, (MOST_AT_ONCE,)).fetchall()):
            self.put(connection, turn, _blocks(content))
            connection.execute("UPDATE turns SET indexed = 1 WHERE id = ?", (turn,))
        return len(rows) == MOST_AT_ONCE

    def lacks(self, connection: sqlite3.Connection) -> bool:
        """Whether the words of a turn are not there yet, and can be put there."""
        return self._usable(connection) and bool(connection.execute("SELECT 1 FROM turns WHERE NOT indexed").fetchone())

    def remove(self, connection: sqlite3.Connection, turns: Iterable[int]) -> None:
        """Forget the words of these turns."""
        if self._there(connection):
            connection.executemany("DELETE FROM said WHERE rowid = ?", ((turn,) for turn in turns))

    def find(
        self, connection: sqlite3.Connection, query: Query, bounds: Bounds, limit: int | None, *, rank: bool
    ) -> list[Hit]:
        """The turns that `query` is about, newest first, or by relevance where there is an index."""
        values: dict[str, Any] = {
            "match": query.match,
            "since": 0 if bounds.since is None else bounds.since,
            "until": 1 << 62 if bounds.until is None else bounds.until,
            "model": bounds.model,
        }
        indexed = self._there(connection)
        if indexed and rank:
            oldest = connection.execute(_OLDEST_RANKED, {**values, "ranked": self._most_ranked}).fetchone()
            values["since"] = oldest[0] if oldest else values["since"]
        rows = connection.execute((_BEST if rank else _NEWEST) if indexed else _ALL, values)
        texts = ((row, self._text(_blocks(row[-1]))) for row in rows)
        found = (hit for hit in texts if indexed or query.fits(hit[1]))
        return [_hit(row, query.snippet(text)) for row, text in islice(found, limit)]

    def _there(self, connection: sqlite3.Connection) -> bool:
        table = "SELECT 1 FROM sqlite_schema WHERE name = 'said'"
        return self._usable(connection) and bool(connection.execute(table).fetchone())

    def _usable(self, connection: sqlite3.Connection) -> bool:
        if self._fts is None:
            try:
                connection.execute("SELECT fts5_source_id()")
                self._fts = True
            except sqlite3.OperationalError:
                self._fts = False
        return self._fts

    def _text(self, content: Iterable[Block]) -> str:
        """What can be found of a turn: its texts, and the names and texts of its documents."""
        return "\n".join(self._texts(list(content)))

    def _texts(self, content: list[Block]) -> Iterator[str]:
        for block in blocks_within(content):
            if isinstance(text := block.get("text"), str) and block.get("type") == "text":
                yield text
            elif block.get("type") == "document":
                yield from (
                    part for part in (block.get("title"), self._document(block.get("source"))) if isinstance(part, str)
                )

    def _document(self, source: object) -> object:
        """The text of a document, or its beginning; None: it has none that can be read."""
        if not isinstance(source, dict) or source.get("type") != "text":
            return None
        if (name := reference(source)) is None:
            return source.get("data")
        data = self._read(name)
        return None if data is None else data[: 4 * LONGEST_DOCUMENT].decode(errors="ignore")[:LONGEST_DOCUMENT]


def _hit(row: tuple[Any, ...], snippet: Snippet) -> Hit:
    conversation, title, turn, role, model, _ = row
    return Hit(conversation, title, turn, role, model, snippet)


def _blocks(content: str) -> list[Block]:
    """The blocks of a turn as they are kept; none where that cannot be read."""
    try:
        blocks = json.loads(content)
    except (ValueError, RecursionError):
        return []
    return blocks if isinstance(blocks, list) else []
