"""Conversations on disk: each turn is there before it is sent, each answer while it comes. Safe from many processes."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..core.conversation import Conversation, Turn
from ..core.errors import UsageError
from ..core.messages import Notice
from .blobs import FOLDER_NAME, Blobs, Packed, pack
from .database import Database, DatabaseUnavailableError
from .history_rows import TURNS_OF, mend, text, turn_of
from .history_schema import FILE_NAME, SCHEMA
from .history_tables import Tables
from .search import Bounds, Hit, Index
from .search_words import Query

__all__ = ["DatabaseUnavailableError", "Entry", "History", "Hit", "Stored"]

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # in the order of their codes; none looks like another
_COPY = " (fork)"
_NAMED = 5
"""Conversations that an error names at most."""
_ENTRIES = """
SELECT id, title, model, (SELECT count(*) FROM turns WHERE conversation = c.id), created_at, updated_at, simulated
FROM conversations c
WHERE updated_at >= :since AND updated_at < :until AND (:simulated IS NULL OR simulated = :simulated)
    AND (:id IS NULL OR id = :id)
    AND (:model IS NULL OR instr(lower(model), lower(:model))
        OR EXISTS (SELECT 1 FROM turns WHERE conversation = c.id AND instr(lower(model), lower(:model))))
ORDER BY updated_at DESC LIMIT :limit"""
_ANY = {"id": None, "since": 0, "until": 1 << 62, "model": None, "simulated": None, "limit": -1}
_CONVERSATION = "SELECT id, title, model, system, head, first_sent, simulated FROM conversations WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation as lists show it; times in microseconds of Unix time."""

    id: str
    title: str
    model: str
    turns: int
    created_at: int
    updated_at: int
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a turn.

    Attributes:
        turn: as it is kept: its id may be higher than asked for.
        branched: another process has gone on with or from the same turn meanwhile: this one has a branch of its own.
    """

    turn: Turn
    branched: bool = False


class History:
    """All conversations of a user, for any number of threads and processes.

    Nothing is made before something is kept. Every method that keeps or reads raises `DatabaseUnavailableError`, a
    clause that names the file and says why, where that cannot be done now.
    """

    def __init__(
        self, folder: Path, *, notify: Callable[[Notice], None], clock: Callable[[], float] = time.time,
        draw: Callable[[], float] = random.random, fts: bool | None = None,
    ) -> None:  # fmt: skip
        """Keep conversations in `folder`.

        Args:
            notify: is told when a damaged file was set aside, and of attachments that are gone.
            clock: Unix time.
            draw: from 0 to 1 by chance, for ids.
            fts: whether SQLite can index words; None: it is asked.
        """
        self.path = folder / FILE_NAME
        self._database = Database(self.path, SCHEMA, notify=notify, clock=clock)
        self._blobs = Blobs(folder / FOLDER_NAME, notify)
        self._index = Index(self._blobs.read, fts)
        self._tables = Tables(self._blobs, self._index, self.now)
        self._clock, self._draw = clock, draw

    def now(self) -> int:
        """Microseconds of Unix time, as ids of turns are made of."""
        return int(self._clock() * 1e6)

    def new_id(self) -> str:
        """A name for a new conversation: 12 letters and digits, of which later ones sort behind.

        The milliseconds of the time, and a chance of one in half a million that two of the same one are equal.
        """
        number = int(self._clock() * 1000) << 19 | int(self._draw() * (1 << 19))
        return "".join(_LETTERS[number >> shift & 31] for shift in range(55, -1, -5))

    def append(self, conversation: Conversation, turn: Turn) -> Stored:
        """Keep a new `turn` of `conversation`, and before it what is not there (any more) of that."""
        packed = self._packed(turn)
        kept = self._database.write(lambda connection: self._tables.append(connection, conversation, turn, packed))
        return Stored(*kept)

    def update(self, conversation: Conversation, turn: Turn) -> Stored:
        """Keep `turn`, which is there already, as it is now; beside it, where another process has gone on with it."""
        packed = self._packed(turn)
        kept = self._database.write(lambda connection: self._tables.update(connection, conversation, turn, packed))
        return Stored(*kept)

    def note(self, conversation: Conversation, *, rename: bool = True, move: bool = True) -> None:
        """Keep how `conversation` is asked, with `rename` what it is called, with `move` where its user stands."""

        def work(connection: sqlite3.Connection) -> None:
            self._tables.complete(connection, conversation, conversation.head)
            self._tables.note(connection, conversation, head=conversation.head, rename=rename, move=move)

        self._database.write(work)

    def keep_all(self, conversation: Conversation, *, rename: bool = True, move: bool = True) -> dict[int | None, int]:
        """Keep the whole of `conversation`, whatever of it is there already; `rename` and `move` as in `note`.

        A turn whose id another conversation has, or with which another process has gone on, gets a new one, in
        `conversation`, too; returns those.
        """

        def work(connection: sqlite3.Connection) -> dict[int | None, int]:
            ids = self._tables.put_all(connection, conversation)
            self._tables.note(connection, conversation, head=conversation.head, rename=rename, move=move)
            return ids

        return self._database.write(work)

    def adopt(self, conversations: Iterable[Conversation]) -> list[Conversation]:
        """Keep those of `conversations`, from elsewhere, whose ids are free, with the times they have; returns them."""
        return [each for each in conversations if self._database.write(partial(self._tables.adopt, conversation=each))]

    def fork(self, conversation: Conversation) -> Conversation:
        """A copy of the branch in use, as a new conversation that is kept; the old one stays as it is."""
        title = f"{conversation.title.removesuffix(_COPY)}{_COPY}" if conversation.title else ""
        turns = {turn.id: turn for turn in conversation.path}
        copy = replace(conversation, id=self.new_id(), title=title, turns=turns)
        self.keep_all(copy)
        return copy

    def remove(self, ids: Iterable[str]) -> None:
        """Forget these conversations, and attachments that no other one has."""
        for id_ in ids:
            files = self._database.write(partial(self._tables.remove, id_=id_))
            if files:
                # Not before: a file too many after a crash is better than a turn whose file is gone.
                self._database.write(partial(self._tables.sweep, files=files))

    def prune(self, before: int) -> int:
        """Forget the conversations that were last used before that time, in microseconds; returns how many."""
        old = [entry.id for entry in self.entries(until=before)]
        self.remove(old)
        return len(old)

    def load(self, id_: str) -> Conversation:
        """The conversation with the id `id_`. Raises `UsageError`: there is none."""

        def work(connection: sqlite3.Connection) -> tuple[Any, list[Any]]:
            about = connection.execute(_CONVERSATION, (id_,)).fetchone()
            return about, connection.execute(TURNS_OF, (id_,)).fetchall()

        nothing: tuple[Any, list[Any]] = (None, [])
        about, rows = self._database.read(work, nothing)
        if about is None:
            raise UsageError(f"there is no conversation {id_}; history list shows them")
        id_, title, model, system, head, first_sent, simulated = about
        turns = {turn.id: turn for turn in (turn_of(row, self._blobs.unpack) for row in rows)}
        about = (text(title), text(model), text(system))
        conversation = Conversation(id_, *about, turns, head, first_sent, bool(simulated))
        mend(conversation)
        return conversation

    def entries(
        self, limit: int | None = None, *, since: int | None = None, until: int | None = None, model: str | None = None,
        simulated: bool | None = None,
    ) -> list[Entry]:  # fmt: skip
        """The conversations, the last used first.

        Args:
            limit: so many at most; None: all.
            since, until: used last from then on, and before then, in microseconds of Unix time.
            model: a part of the name of one that was asked or answered, such as "sonnet".
            simulated: only those of the simulator, or none of them.
        """
        return self._entries(limit=limit, since=since, until=until, model=model, simulated=simulated)

    def newest(self, *, simulated: bool | None = None) -> Entry | None:
        """The conversation that was used last; None: there is none. `simulated` as in `entries`."""
        return next(iter(self.entries(1, simulated=simulated)), None)

    def find(self, word: str) -> Entry | None:
        """The conversation that `word` names: by id or title, whole or how one of them begins; None: there is none.

        Raises:
            UsageError: several are called so; names them.
        """
        names = list(self.titles().items())
        ids = _meant(word.strip().casefold(), names)
        if len(ids) > 1:
            told = ", ".join(f"{id_} ({title})" if title else id_ for id_, title in names if id_ in ids[:_NAMED])
            more = ", …" if len(ids) > _NAMED else ""
            raise UsageError(f"{len(ids)} conversations are called {word!r}: {told}{more}; say more of the id")
        return next(iter(self._entries(id=ids[0])), None) if ids else None

    def titles(self) -> dict[str, str]:
        """What each conversation is called, by its id, the last used first."""
        query = "SELECT id, title FROM conversations ORDER BY updated_at DESC"
        rows: list[Any] = self._database.read(lambda connection: connection.execute(query).fetchall(), [])
        return {id_: text(title) for id_, title in rows}

    def search(
        self, words: str, *, since: int | None = None, until: int | None = None, model: str | None = None,
        limit: int | None = 20, rank: bool = False,
    ) -> list[Hit]:  # fmt: skip
        """The turns in which all `words` are found, newest first; with `rank` those first that are most about them.

        Args:
            words: `"two words"` side by side, `wor*` by how one begins.
            since, until: said from then on, and before then, in microseconds of Unix time.
            model: a part of the name of the one that answered.
            limit: so many at most; None: all.
        Raises:
            UsageError: there is no word in `words`, or too many.
        """
        query, bounds = Query(words), Bounds(since, until, model)
        with suppress(DatabaseUnavailableError):  # where nothing can be written, what is there can be searched
            while self._database.read(self._index.lacks, False) and self._database.write(self._index.put_missing):
                pass
        return self._database.read(lambda there: self._index.find(there, query, bounds, limit, rank=rank), [])

    def close(self) -> None:
        """Close the database; a process that is about to end need not (it would wait for the disk)."""
        self._database.close()

    def _entries(self, **asked: object) -> list[Entry]:
        values = {**_ANY, **{name: value for name, value in asked.items() if value is not None}}
        rows: list[Any] = self._database.read(lambda connection: connection.execute(_ENTRIES, values).fetchall(), [])
        return [
            Entry(id_, text(title), text(model), turns, created, updated, bool(simulated))
            for id_, title, model, turns, created, updated, simulated in rows
        ]

    def _packed(self, turn: Turn) -> Packed:
        """`turn` for its row, its large data on disk already: others need not wait for that."""
        packed = pack(turn.content)
        try:
            self._blobs.keep(packed.files)
        except OSError as error:
            raise DatabaseUnavailableError(f"{self._blobs.folder} cannot be used ({error.strerror})") from error
        return packed


def _meant(word: str, names: list[tuple[str, str]]) -> list[str]:
    """The ids of those that are called `word`: so, else by their title, else by how id or title begin."""
    folded = [(id_, title.casefold()) for id_, title in names] if word else []
    return (
        [id_ for id_, _ in folded if id_ == word]
        or [id_ for id_, title in folded if title == word]
        or [id_ for id_, title in folded if id_.startswith(word) or title.startswith(word)]
    )
