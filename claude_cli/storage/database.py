"""A SQLite database of ours: opened late, shared by threads and processes, and replaced where its file is no use.

A file that is damaged or somebody else's is kept under a dated name and a new one begun. One that a newer version has
written is left alone. Whatever else is wrong (a full disk, a folder that cannot be written) is one error with its
reason. Nothing is looked at when a process starts but two numbers in the file's header.
"""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from ..core.messages import Notice
from .files import locked

WAIT_S = 2.0
"""How long another process may keep us waiting."""
_POLL_S = 0.003
"""Between two tries at most; SQLite's own sleeps grow to 100 ms, and who came first waits longest."""
_WAL_PAGES = 128
"""When the write-ahead log goes into the database. The next process to come reads it whole: 0.3 ms at this length, 2.5
at SQLite's own 1,000 pages (measured November 2026)."""

_WRITING, _READING = "BEGIN IMMEDIATE", "BEGIN"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_INDEX_DAMAGED = (sqlite3.SQLITE_CORRUPT_VTAB, sqlite3.SQLITE_CONSTRAINT)
"""Extended codes: what FTS5 says of its own tables. Constraints of tables have codes of their own."""

Result = TypeVar("Result")
_File = tuple[int, int, int]
"""Device, inode, and our process: a connection must not be used after a fork."""


class Schema:
    """What a database of ours is. (No dataclass: every call would wait most of a millisecond while it is made.)

    Attributes:
        application_id: marks the file as this database of ours (`PRAGMA application_id`).
        migrations: each the statements of one step; `PRAGMA user_version` says how many have been made.
        unindex: the statements that take away a full-text index that was damaged, to be made anew from the tables.
    """

    __slots__ = ("application_id", "migrations", "unindex")

    def __init__(
        self, application_id: int, migrations: tuple[tuple[str, ...], ...], unindex: tuple[str, ...] = ()
    ) -> None:
        """Take all three as they are."""
        self.application_id, self.migrations, self.unindex = application_id, migrations, unindex


class DatabaseUnavailableError(Exception):
    """A database cannot be used now; the text is a clause that names the file and says why."""

    @property
    def is_locked(self) -> bool:
        """Whether only another process is in the way, which will be done some time."""
        return isinstance(self.__cause__, sqlite3.Error) and result_code(self.__cause__) == sqlite3.SQLITE_BUSY


class _ForeignError(Exception):
    """The file is a database, but not the one it should be."""


class Database:
    """One database. Nothing is opened, and no folder made, before it is first used."""

    def __init__(
        self, path: Path, schema: Schema, *, notify: Callable[[Notice], None],
        clock: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep, draw: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        """Prepare.

        Args:
            path: its file; -wal and -shm lie beside it.
            schema: what it is and how to make it.
            notify: is told when a file was set aside.
            clock: Unix time, for the name of a file that is set aside.
            monotonic, sleep, draw: for waiting until another process has written.
        """
        self.path = Path(os.path.realpath(path))  # SQLite, too, puts the -wal beside what a link points to
        self._schema, self._notify = schema, notify
        self._clock, self._monotonic, self._sleep, self._draw = clock, monotonic, sleep, draw
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: _File | None = None
        self._abandoned: list[sqlite3.Connection] = []

    def write(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do `work` in a transaction in which nobody else writes; returns what it returns. What raises is undone.

        Raises:
            DatabaseUnavailableError: it was not done.
        """
        with self._turn, self._errors():
            return self._settled(work, _WRITING)

    def read(self, work: Callable[[sqlite3.Connection], Result], missing: Result) -> Result:
        """Do `work`, which only reads, on the one state that the database has now, while others may write.

        Returns what it returns; `missing` where there is no database, which makes none.

        Raises:
            DatabaseUnavailableError: it was not done.
        """
        with self._turn, self._errors():
            return self._settled(work, _READING) if self.path.exists() else missing

    def close(self) -> None:
        """Close it. A process that is about to end need not: the last one to close waits for the disk."""
        with self._turn:
            if self._connection is not None:
                with suppress(OSError), locked(self.path):
                    self._disconnect()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say what went wrong with the one error that callers know."""
        try:
            yield
        except (sqlite3.Error, _ForeignError, OSError) as error:
            raise DatabaseUnavailableError(f"{self.path} cannot be used ({_reason(error)})") from error

    def _settled(self, work: Callable[[sqlite3.Connection], Result], begin: str) -> Result:
        """What `work` returns, done on a new file if the one in place is of no use."""
        try:
            return self._transaction(work, begin)
        except (sqlite3.DatabaseError, _ForeignError) as error:
            if self._schema.unindex and getattr(error, "sqlite_errorcode", None) in _INDEX_DAMAGED:
                self._transaction(self._unindex, _WRITING)
                return self._transaction(work, begin)
            of_no_use = isinstance(error, _ForeignError) or result_code(error) in _DAMAGED
            if not of_no_use and self._is_in_place():
                raise
            self._set_aside()
            return self._transaction(work, begin)

    def _transaction(self, work: Callable[[sqlite3.Connection], Result], begin: str) -> Result:
        try:
            connection = self._entered(begin)
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:  # also Ctrl-C: the next transaction must be able to begin
            if self._connection is not None and self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            raise
        return result

    def _entered(self, begin: str) -> sqlite3.Connection:
        """A connection to the file that has the name, its tables ready, in a transaction that began with `begin`."""
        while True:
            connection = self._connect()
            version = self._enter(connection, begin)
            if self._is_in_place():
                missing = version < len(self._schema.migrations)
                if missing and begin == _WRITING:
                    self._make(connection, version)
                if not missing or begin == _WRITING:
                    return connection
                begin = _WRITING
            # A file that has just lost its name takes the log of the new one for its own: nothing may be written.
            connection.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        """A connection to the file that has the name now; another process may have put a new one there."""
        try:
            file = self._identity()
        except FileNotFoundError:
            self._create()
            file = self._identity()
        if self._connection is None or file != self._file:
            self._disconnect()
            connection = _open(self.path)
            self._connection, self._file = connection, file
            connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
            # In WAL mode a killed process loses nothing by it; a power cut may lose the last calls.
            self._patiently(lambda: connection.execute("PRAGMA synchronous=NORMAL"))
        return self._connection

    def _identity(self) -> _File:
        found = self.path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is not a file")
        return found.st_dev, found.st_ino, os.getpid()

    def _create(self) -> None:
        """Put a new database in place, whole: that it had another name meanwhile keeps all others off its journal."""
        with locked(self.path):
            if self.path.exists():
                return
            new = self.path.with_name(f"{self.path.name}.new")
            # SQLite would take an old log for the new file's.
            for left in (*_with_logs(new), *_with_logs(self.path)[:-1]):
                left.unlink(missing_ok=True)
            os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # -wal and -shm get their modes from it
            with closing(_open(new)) as connection:
                connection.execute("BEGIN")
                self._make(connection, 0)
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode=WAL")
            new.rename(self.path)

    def _enter(self, connection: sqlite3.Connection, begin: str) -> int:
        """Begin a transaction as soon as others let us; returns how many migrations have been made.

        Raises:
            DatabaseUnavailableError: a newer version has written the file.
            _ForeignError: it is not ours.
        """
        self._patiently(lambda: connection.execute(begin))
        (mark,) = self._patiently(lambda: connection.execute("PRAGMA application_id").fetchone())
        if mark != self._schema.application_id:
            raise _ForeignError
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(self._schema.migrations):
            raise DatabaseUnavailableError(f"{self.path} was written by a newer version of claude-cli")
        return int(version)

    def _patiently(self, action: Callable[[], Result]) -> Result:
        """Do `action` again and again while another process is in the way, for `WAIT_S` at most."""
        give_up = self._monotonic() + WAIT_S
        while True:
            try:
                return action()
            except sqlite3.OperationalError as error:
                if result_code(error) != sqlite3.SQLITE_BUSY or self._monotonic() >= give_up:
                    raise
            self._sleep(self._draw() * _POLL_S)

    def _make(self, connection: sqlite3.Connection, done: int) -> None:
        """Make the migrations from the one after `done` on."""
        for step in self._schema.migrations[done:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={self._schema.application_id}")
        connection.execute(f"PRAGMA user_version={len(self._schema.migrations)}")

    def _unindex(self, connection: sqlite3.Connection) -> None:
        for statement in self._schema.unindex:
            connection.execute(statement)

    def _set_aside(self) -> None:
        """Give the file another name, unless another process has done so."""
        with locked(self.path):
            used = self._is_in_place()
            self._disconnect()
            if not used:
                return
            aside = self._free_name()
            # The file itself comes last: SQLite would take a log that stayed behind for the new file's.
            for old, new in zip(_with_logs(self.path), _with_logs(aside), strict=True):
                with suppress(FileNotFoundError):
                    old.rename(new)
        words = f"{self.path.name} was damaged or not ours: it is kept as {aside}, and a new one has been begun"
        self._notify(Notice("database_set_aside", words))

    def _free_name(self) -> Path:
        now = time.strftime("%Y-%m-%dT%H%M%S", time.localtime(self._clock()))
        names = (self.path.with_name(f"{self.path.name}.{now}{more}.bak") for more in ("", *range(-2, -1000, -1)))
        return next(name for name in names if not name.exists())

    def _is_in_place(self) -> bool:
        """Whether the file we use still has its name."""
        with suppress(OSError):
            return self._file == self._identity()
        return False

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if not self._is_in_place():
            # The last connection to a file deletes, by name, the log beside it, which is the new file's by now.
            if sys.version_info < (3, 12):
                self._abandoned.append(connection)
                return
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        with suppress(sqlite3.Error):
            connection.close()


def _open(path: Path) -> sqlite3.Connection:
    # mode=rw: SQLite would make a file that others may read.
    uri = f"{path.as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
    connection.text_factory = _text
    return connection


def _with_logs(path: Path) -> list[Path]:
    """All files of a database, itself last."""
    return [path.with_name(f"{path.name}{suffix}") for suffix in ("-journal", "-wal", "-shm", "")]


def _text(kept: bytes) -> str:
    """A text out of the file; what is damaged of it must not hide the rest."""
    return kept.decode(errors="replace")


def result_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
