"""What is done in the tables of `history.db` to keep, to mend and to forget, each within one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace

from ..core.conversation import Conversation, Turn
from ..core.messages import text_of
from .blobs import Blobs, Packed, pack
from .history_rows import PUT, UNREADABLE, plain, row_of, words_of
from .search import Index

_BEGIN = """
INSERT INTO conversations (id, title, model, system, head, first_sent, simulated, created_at, updated_at)
VALUES (:id, :title, :model, :system, :head, :first_sent, :simulated, :created_at, :updated_at)"""
_NOTE = """
UPDATE conversations SET title = iif(title = '' OR :rename, :title, title), model = :model, system = :system,
    head = iif(:move, :head, head), first_sent = :first_sent, simulated = :simulated, updated_at = :updated_at
WHERE id = :id"""


class Tables:
    """The tables; each method works in the transaction of the connection that it is given. No two turns have one id."""

    def __init__(self, blobs: Blobs, index: Index, now: Callable[[], int]) -> None:
        """Keep large data in `blobs` and words in `index`; `now` is microseconds of Unix time."""
        self._blobs, self._index, self._now = blobs, index, now

    def append(
        self, connection: sqlite3.Connection, conversation: Conversation, turn: Turn, packed: Packed
    ) -> tuple[Turn, bool]:
        """Add `turn`, and go there.

        Returns it with the id it got, and whether another process has gone on from the same turn.
        """
        ids = self.complete(connection, conversation, turn.parent)
        parent = ids.get(turn.parent, turn.parent)
        known = set(conversation.turns)
        query = "SELECT id FROM turns WHERE conversation = ? AND parent IS ?"
        branched = any(number not in known for (number,) in connection.execute(query, (conversation.id, parent)))
        query = "SELECT ifnull(max(id), 0) FROM turns WHERE conversation = ?"
        (last,) = connection.execute(query, (conversation.id,)).fetchone()
        number = max(turn.id, last + 1)
        while _owner(connection, number) is not None:
            number += 1
        kept = replace(turn, id=number, parent=parent)
        self._put(connection, conversation.id, kept, packed)
        self.note(connection, conversation, head=number)
        return kept, branched

    def update(
        self, connection: sqlite3.Connection, conversation: Conversation, turn: Turn, packed: Packed
    ) -> tuple[Turn, bool]:
        """Put `turn` in the place of what is there of it; as another one where that is not ours alone any more.

        Returns as `append`.
        """
        ids = self.complete(connection, conversation, turn.parent)
        kept = replace(turn, id=ids.get(turn.id, turn.id), parent=ids.get(turn.parent, turn.parent))
        if _is_anothers(connection, conversation, kept.id, packed):
            return self.append(connection, conversation, kept, packed)[0], True
        self._put(connection, conversation.id, kept, packed)
        return kept, False

    def note(
        self, connection: sqlite3.Connection, conversation: Conversation, *, head: int | None, rename: bool = False,
        move: bool = True,
    ) -> None:  # fmt: skip
        """Keep how `conversation` is asked; what it is called with `rename`, or where it had no name; `head` with
        `move`.
        """
        how = {"head": head, "rename": rename, "move": move, "updated_at": self._now()}
        connection.execute(_NOTE, {**_about(conversation), **how})

    def complete(
        self, connection: sqlite3.Connection, conversation: Conversation, turn: int | None
    ) -> dict[int | None, int]:
        """See to it that `conversation` is there up to `turn`: after failures, or in a file that was begun meanwhile.

        Returns the new ids of turns that had to get one.
        """
        if (_is_there(connection, conversation) and turn is None) or _owner(connection, turn) == conversation.id:
            return {}
        return self.put_all(connection, conversation)

    def put_all(self, connection: sqlite3.Connection, conversation: Conversation) -> dict[int | None, int]:
        """Put the whole of `conversation` there, but over nothing that another process has said.

        Returns the new ids, which are in `conversation` then, too.
        """
        ids: dict[int | None, int] = {}
        kept: dict[int, Turn] = {}
        number = 0
        for turn in sorted(conversation.turns.values(), key=lambda turn: turn.id):
            packed = pack(turn.content)
            taken = _is_anothers(connection, conversation, turn.id, packed)
            number = _place(connection, conversation, turn.id, after=number, taken=taken)
            if number != turn.id:
                ids[turn.id] = number
            kept[number] = replace(turn, id=number, parent=ids.get(turn.parent, turn.parent))
            if turn.content != UNREADABLE or _owner(connection, number) is None:
                self._put(connection, conversation.id, kept[number], packed)
        if ids:
            conversation.turns = kept
            conversation.head = ids.get(conversation.head, conversation.head)
            conversation.first_sent = ids.get(conversation.first_sent, conversation.first_sent)
        if not _is_there(connection, conversation):
            self._begin(connection, conversation)
        elif ids:
            self.note(connection, conversation, head=conversation.head)
        return ids

    def adopt(self, connection: sqlite3.Connection, conversation: Conversation) -> bool:
        """Put `conversation` there, last used when it was, if its id is free; returns whether it was."""
        if _is_there(connection, conversation):
            return False
        self.put_all(connection, conversation)
        return True

    def remove(self, connection: sqlite3.Connection, id_: str) -> list[str]:
        """Forget a conversation; returns the names of its attachments."""
        turns = [number for (number,) in connection.execute("SELECT id FROM turns WHERE conversation = ?", (id_,))]
        query = "SELECT DISTINCT hash FROM attachments JOIN turns ON turns.id = turn WHERE conversation = ?"
        files = [name for (name,) in connection.execute(query, (id_,))]
        self._index.remove(connection, turns)
        connection.executemany("DELETE FROM attachments WHERE turn = ?", ((number,) for number in turns))
        connection.execute("DELETE FROM turns WHERE conversation = ?", (id_,))
        connection.execute("DELETE FROM conversations WHERE id = ?", (id_,))
        return files

    def sweep(self, connection: sqlite3.Connection, files: Iterable[str]) -> None:
        """Delete those attachments that no turn has; that nobody else writes meanwhile keeps a new one's safe."""
        used = "SELECT 1 FROM attachments WHERE hash = ?"
        self._blobs.remove(name for name in files if not connection.execute(used, (name,)).fetchone())

    def _begin(self, connection: sqlite3.Connection, conversation: Conversation) -> None:
        now = self._now()
        times = {"created_at": min(conversation.turns, default=now), "updated_at": max(conversation.turns, default=now)}
        connection.execute(_BEGIN, {**_about(conversation), **times})

    def _put(self, connection: sqlite3.Connection, id_: str, turn: Turn, packed: Packed) -> None:
        self._blobs.keep(packed.files)  # before the row; another process may have removed what was there
        indexed = turn.state != "open" and self._index.put(connection, turn.id, packed.content)
        row = row_of(turn, packed.json)
        connection.execute(PUT, {**row, "conversation": id_, "indexed": indexed})
        connection.execute("DELETE FROM attachments WHERE turn = ?", (turn.id,))
        connection.executemany("INSERT INTO attachments VALUES (?, ?)", ((name, turn.id) for name in packed.files))


def _about(conversation: Conversation) -> dict[str, object]:
    return {
        "id": conversation.id,
        "title": plain(conversation.title),
        "model": plain(conversation.model),
        "system": plain(conversation.system),
        "head": conversation.head,
        "first_sent": conversation.first_sent,
        "simulated": conversation.simulated,
    }


def _is_there(connection: sqlite3.Connection, conversation: Conversation) -> bool:
    found = connection.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation.id,))
    return found.fetchone() is not None


def _owner(connection: sqlite3.Connection, turn: int | None) -> str | None:
    """The conversation that a turn belongs to."""
    row = connection.execute("SELECT conversation FROM turns WHERE id = ?", (turn,)).fetchone()
    return row and str(row[0])


def _is_anothers(connection: sqlite3.Connection, conversation: Conversation, turn: int, packed: Packed) -> bool:
    """Whether another process has gone on with a turn, or from it: there are words that the new ones do not begin with,
    or something that is not known here follows other words than the new ones.
    """
    query = "SELECT content FROM turns WHERE id = ? AND conversation = ?"
    row = connection.execute(query, (turn, conversation.id)).fetchone()
    there, here = row and words_of(row[0]), text_of(packed.content)
    if there is None or there == here:
        return False
    query = "SELECT id FROM turns WHERE conversation = ? AND parent = ?"
    after = connection.execute(query, (conversation.id, turn))
    # Blanks at its end may have been left out where the answer went on.
    return not here.startswith(there.rstrip()) or any(number not in conversation.turns for (number,) in after)


def _place(
    connection: sqlite3.Connection, conversation: Conversation, turn: int, *, after: int, taken: bool = False
) -> int:
    """The id under which a turn can be kept: its own if that is not `taken`, or the next that is free and higher than
    that of its parent.
    """
    if turn > after and not taken and _owner(connection, turn) in (None, conversation.id):
        return turn
    number = max(turn, after) + 1
    while number in conversation.turns or _owner(connection, number) is not None:
        number += 1
    return number
