"""A database of ours, looked at without changing it: is it whole, is it ours, and of a version we know?"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .check import EXIT_DATA, LIMIT_S, Check, milliseconds
from .places import try_to_write

if TYPE_CHECKING:
    import sqlite3

    from ..storage.database import Schema

_STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""


def database_check(
    path: Path,
    schema: Schema,
    counts: Mapping[str, str],
    *,
    clock: Callable[[], float] = time.monotonic,
    wait_s: float = 1.0,
) -> Check:
    """The database at `path`, which need not be there.

    Args:
        schema: what it should be.
        counts: statements that count its rows, by what they count.
        wait_s: how long to wait for somebody who wants it alone.
    """
    import sqlite3

    start = clock()

    def look(how: str) -> Check:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=wait_s)) as database:
            database.set_progress_handler(lambda: clock() > start + LIMIT_S - 1, _STEPS)
            return _judged(path, database, schema, counts, lambda: milliseconds(clock() - start))

    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return _failed(path, f"{path} is no file", "move it away; until then nothing is kept in it")
        if not found.st_size:
            return _none(path)
        try:
            return look("mode=ro")
        except sqlite3.OperationalError as error:
            if _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or _has_log(path):
                raise
            # SQLite wants to put files of its own beside it, and may not: then nobody else can be writing either.
            return look("mode=ro&immutable=1")
    except (FileNotFoundError, NotADirectoryError):
        return _none(path)
    except (sqlite3.DatabaseError, OSError) as error:
        return _unreadable(path, error)


def _none(path: Path) -> Check:
    """The check of one that is not there yet, and of whether it ever can be."""
    there = next(each for each in path.absolute().parents if os.path.lexists(each))
    try:
        try_to_write(there)
    except OSError as error:
        return Check(path.name, "skipped", f"none, and none can be made in {there}: {error.strerror}")
    return Check(path.name, "ok", "none yet: it is made when something is first kept in it")


def _has_log(path: Path) -> bool:
    """Whether changes lie beside it that are not in it yet."""
    return os.path.lexists(f"{path}-wal")


def _code(error: Exception) -> int:
    """SQLite's primary result code; 0 for an error of the system."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _judged(
    path: Path, database: sqlite3.Connection, schema: Schema, counts: Mapping[str, str], took: Callable[[], int]
) -> Check:
    def value(statement: str) -> Any:
        return database.execute(statement).fetchone()[0]

    version, newest = value("PRAGMA user_version"), len(schema.migrations)
    data: dict[str, Any] = {"path": str(path), "bytes": path.stat().st_size, "schema_version": version}
    if value("PRAGMA application_id") != schema.application_id:
        return _bad(path, f"{path} is a database of another program", data)
    if version > newest:
        detail = f"{path} was made by a newer version (schema {version}, known is {newest}); it is not written to"
        return Check(path.name, "warn", detail, "update claude-cli", data=data)
    found = value("PRAGMA quick_check(1)")
    if found != "ok":
        return _bad(path, f"{path} is damaged: {found}", data)
    data["rows"] = {name: value(statement) for name, statement in counts.items()}
    rows = ", ".join(f"{name}: {count:,}" for name, count in data["rows"].items())
    detail = f"whole, schema {version}, {_size(data['bytes'])}, {rows}"
    return Check(path.name, "ok", detail, latency_ms=took(), data=data)


def _unreadable(path: Path, error: Exception) -> Check:
    import sqlite3

    code = _code(error)
    if code == sqlite3.SQLITE_INTERRUPT:
        detail = f"{path} is too large to be checked in {LIMIT_S - 1:g} s"
        return Check(path.name, "warn", detail, "sqlite3 can do it: PRAGMA quick_check")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Check(path.name, "warn", f"{path} is locked by another process", "try again later")
    if code == sqlite3.SQLITE_NOTADB:
        return _bad(path, f"{path} is no database", {})
    if code == sqlite3.SQLITE_CORRUPT:
        return _bad(path, f"{path} is damaged: {error}", {})
    if code == sqlite3.SQLITE_ERROR:  # a table or a column is missing
        return _failed(path, f"{path} is kept otherwise by the version that wrote it: {error}", "update claude-cli")
    advice = "make the folder and the file readable and writable for yourself"
    return _failed(path, f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", advice)


def _bad(path: Path, detail: str, data: dict[str, Any]) -> Check:
    advice = "the next use puts it aside under a dated name and begins anew; put a good copy there if you have one"
    return _failed(path, detail, advice, data)


def _failed(path: Path, detail: str, advice: str, data: Mapping[str, Any] | None = None) -> Check:
    return Check(path.name, "fail", detail, advice, data=data or {}, exit_code=EXIT_DATA)


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.0f} kB"
