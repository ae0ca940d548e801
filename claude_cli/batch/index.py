"""Which rows an input has and what became of each: a line of a table a row, none of it in memory for long.

The table is a private temporary database of SQLite. It lies in SQLite's page cache until that is full, then on the
temporary disk as well, and is gone however the process ends: all that must survive is in the journal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import IntEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ..core.errors import OutputError, UsageError
from .row import Row, RowId

if TYPE_CHECKING:
    import sqlite3

CACHE_KIB = 4096
"""Memory that the table takes at most; 100,000 rows fill about 10 MB."""
_TABLES = """
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
CREATE TABLE rows (
    number INTEGER PRIMARY KEY, key BLOB UNIQUE, line INTEGER, digest BLOB, nth INTEGER, prefix BLOB,
    state INTEGER DEFAULT 0, start INTEGER, size INTEGER, other INTEGER DEFAULT 0
);
CREATE TABLE repeated (digest BLOB PRIMARY KEY, times INTEGER) WITHOUT ROWID;
CREATE TABLE gone (key BLOB PRIMARY KEY) WITHOUT ROWID;
BEGIN;
"""
_LONGEST_ID = 60
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")  # as many as SQLite's whole numbers can have


class State(IntEnum):
    """What is known of a row. `LEFT_OUT`: it cannot be asked, as another has its id."""

    OPEN = 0
    DONE = 1
    FAILED = 2
    LEFT_OUT = 3


class Place(NamedTuple):
    """A row, and where in the journal its answer is: `start` and `size` in bytes, None where it has none."""

    number: int
    named: bool
    state: int
    start: int
    size: int


class Counts(NamedTuple):
    """Rows by what became of them.

    Attributes:
        changed: open ones of which an answer to something else is kept.
        gone: answers to rows that there are no more.
        pretended: open ones of which only an answer is kept that does not count.
    """

    open: int
    done: int
    failed: int
    changed: int
    gone: int
    pretended: int = 0


class Index:
    """The rows that were added. All methods raise `OutputError` where the temporary disk is full."""

    def __init__(self, *, cache_kib: int = CACHE_KIB) -> None:
        """Begin an empty one, which takes `cache_kib` of memory at most."""
        import sqlite3

        self._failure = sqlite3.Error
        # Python's own transactions are off: all is one, which is never committed.
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.executescript(f"PRAGMA cache_size=-{cache_kib};{_TABLES}")
        self._rows = blake2b(digest_size=16)
        self._by_prefix = False
        self._numbers = self._nameless = False  # whether ids were added that are numbers, and rows without one

    def add(self, row: Row) -> None:
        """Take note of `row`.

        Raises:
            UsageError: another row has its id. It is left out, and not open.
        """
        self._check_number(row)
        if not row.named:
            self._add_nameless(row)
            return
        key = named_key(row.id)
        if not self._insert(row, key, None):
            (line,) = self._one("SELECT line FROM rows WHERE key=?", key) or (0,)
            self._leave_out(row, line)

    def _check_number(self, row: Row) -> None:
        """A row without an id has its number, as text, which none may have as its id. Raises `UsageError`: one has."""
        number = _number(row.id)
        if number is None:
            return
        if row.named:
            self._numbers = True
            query, value = "SELECT line FROM rows WHERE number=? AND nth IS NOT NULL", number - 1
            found = self._one(query, value) if self._nameless else None
        else:
            self._nameless = True
            found = self._one("SELECT line FROM rows WHERE key=?", named_key(row.id)) if self._numbers else None
        if found:
            self._leave_out(row, found[0], ": that of a row without one is its number")

    def _leave_out(self, row: Row, line: int, why: str = "") -> NoReturn:
        self._insert(row, None, None, State.LEFT_OUT)
        raise UsageError(f"lines {line} and {row.line} have the same id, {_shown(row.id)}{why}")

    def _add_nameless(self, row: Row) -> None:
        """Those with one digest are told apart by which of them comes first."""
        if self._insert(row, nameless_key(row.digest, 0), 0):
            return
        self._run("INSERT INTO repeated VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1", row.digest)
        (nth,) = self._one("SELECT times FROM repeated WHERE digest=?", row.digest) or (0,)
        self._insert(row, nameless_key(row.digest, nth), nth)

    def _insert(self, row: Row, key: bytes | None, nth: int | None, state: State = State.OPEN) -> bool:
        done = self._run(
            "INSERT INTO rows (number, key, line, digest, nth, prefix, state) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            *(row.number, key, row.line, row.digest, nth, row.prefix, int(state)),
        )
        if done.rowcount and key is not None:
            self._rows.update(key + row.digest)
        return bool(done.rowcount)

    def is_open(self, row: Row) -> bool:
        """Whether `row` is to be asked.

        Raises:
            UsageError: it is not the row that was added.
        """
        found = self._one("SELECT key, digest, state FROM rows WHERE number=?", row.number)
        if found is not None:
            key, digest, state = found
            same = digest == row.digest and (key is None or not row.named or key == named_key(row.id))
            if same:
                return bool(state == State.OPEN)
        raise UsageError(f"line {row.line} is not what it was a moment ago: the input has changed while it was read")

    def shares(self, row: Row) -> bool:
        """Whether another open row has the prefix of `row`."""
        if row.prefix is None:
            return False
        if not self._by_prefix:  # made when it is first needed: it is much quicker than to keep it while rows are added
            self._run("CREATE INDEX by_prefix ON rows (prefix) WHERE state=0 AND prefix IS NOT NULL")
            self._by_prefix = True
        query = "SELECT 1 FROM rows WHERE prefix=? AND state=0 AND number<>? LIMIT 1"
        return self._one(query, row.prefix, row.number) is not None

    def nth(self, row: Row) -> int | None:
        """Of the rows without an id that have the digest of `row`, the how manyth it is, from 0; None: it has an id."""
        if row.named:
            return None
        (nth,) = self._one("SELECT nth FROM rows WHERE number=?", row.number) or (0,)
        return int(nth)

    def recall(self, key: bytes, digest: bytes, place: Place, *, counts: bool) -> None:
        """An earlier answer is at `place` (whose number is not known); `counts`: it may stand for a new one."""
        found = self._one("SELECT number, digest FROM rows WHERE key=?", key)
        if found is None:
            self._run("INSERT OR IGNORE INTO gone VALUES (?)", key)
        elif counts and found[1] == digest:
            self.answered(found[0], place.state, place.start, place.size)
        else:
            self._run("UPDATE rows SET other=? WHERE number=?", 2 if found[1] == digest else 1, found[0])

    def answered(self, number: int, state: int, start: int, size: int) -> None:
        """The answer to row `number` is in the journal."""
        self._run("UPDATE rows SET state=?, start=?, size=? WHERE number=?", int(state), start, size, number)

    def reopen_failed(self) -> int:
        """All rows that have failed are to be asked again; returns how many they are."""
        return self._run("UPDATE rows SET state=0 WHERE state=2").rowcount

    def counts(self) -> Counts:
        """How many rows there are of each kind."""
        query = (
            "SELECT total(state=0), total(state=1), total(state=2), total(state=0 AND other=1),"
            " (SELECT count(*) FROM gone), total(state=0 AND other=2) FROM rows"
        )
        return Counts._make(map(int, self._one(query)))

    def after(self, number: int, most: int = -1) -> Iterator[Place]:
        """The rows behind `number`, open ones among them, in input order; `most` of them, or all."""
        query = (
            "SELECT number, nth IS NULL, state, start, size FROM rows WHERE number>? AND state<>3"
            " ORDER BY number LIMIT ?"
        )
        return map(Place._make, self._all(query, number, most))

    def as_answered(self) -> Iterator[Place]:
        """The rows with an answer, in the order in which these came."""
        query = "SELECT number, nth IS NULL, state, start, size FROM rows WHERE state IN (1, 2) ORDER BY start"
        return map(Place._make, self._all(query))

    def rows(self) -> str:
        """A digest of all rows, and of their order."""
        return self._rows.hexdigest()

    def close(self) -> None:
        """Give it up."""
        self._connection.close()

    def _run(self, query: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query, values)
        except self._failure as error:
            raise _unusable(error) from error

    def _one(self, query: str, *values: Any) -> Any:
        return self._run(query, *values).fetchone()

    def _all(self, query: str, *values: Any) -> Iterator[Any]:
        try:
            yield from self._connection.execute(query, values)
        except self._failure as error:
            raise _unusable(error) from error


def named_key(row_id: RowId) -> bytes:
    """What stands for an id in the index: 7 and "7" are two."""
    return blake2b(json.dumps(row_id).encode(), digest_size=16).digest()


def nameless_key(digest: bytes, nth: int) -> bytes:
    """What stands there for a row without an id, the `nth` with its digest."""
    return blake2b(f"{digest.hex()}#{nth}".encode(), digest_size=16).digest()


def _number(row_id: RowId) -> int | None:
    """The number, from 1, that `row_id` is as text, written as we write it; None: it is none that a row has."""
    if not isinstance(row_id, str) or not _NUMBER.fullmatch(row_id):
        return None
    return int(row_id)


def _shown(row_id: RowId) -> str:
    shown = json.dumps(row_id)
    return shown if len(shown) <= _LONGEST_ID else f"{shown[:_LONGEST_ID]}…"


def _unusable(error: Exception) -> OutputError:
    return OutputError(
        f"the index of the rows cannot be kept on the temporary disk: {error};"
        " make room there, or name another folder in SQLITE_TMPDIR"
    )
