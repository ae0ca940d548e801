"""Databases, whole and not: looked at, and never changed."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing

import pytest

from claude_cli.diagnose.database import database_check
from claude_cli.storage.ledger_schema import SCHEMA

COUNTS = {"calls": "SELECT count(*) FROM calls"}


@pytest.fixture
def path(tmp_path):
    """An empty ledger of the newest schema, in WAL mode as ours are."""
    path = tmp_path / "usage #1?.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        for statements in SCHEMA.migrations:
            for statement in statements:
                database.execute(statement)
        database.execute(f"PRAGMA application_id={SCHEMA.application_id}")
        database.execute(f"PRAGMA user_version={len(SCHEMA.migrations)}")
        database.commit()
    return path


def change(path, statement):
    """Do `statement` in the database at `path`."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()


def test_none_yet(tmp_path):
    """Which is right before the first call; an empty file is as good as none."""
    check = database_check(tmp_path / "usage.db", SCHEMA, COUNTS)
    assert check.status == "ok" and "none yet" in check.detail and list(tmp_path.iterdir()) == []
    (tmp_path / "usage.db").touch()
    assert "none yet" in database_check(tmp_path / "usage.db", SCHEMA, COUNTS).detail


def test_a_whole_one(path):
    """Version, size and rows; and not a byte of it is changed."""
    before = path.read_bytes()
    check = database_check(path, SCHEMA, COUNTS)
    assert check.status == "ok" and "calls: 0" in check.detail and f"schema {len(SCHEMA.migrations)}" in check.detail
    assert check.data["rows"] == {"calls": 0} and check.data["bytes"] == len(before)
    assert path.read_bytes() == before


def test_one_that_is_written_to_meanwhile(path):
    """A process of ours in the middle of a transaction is no trouble."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert database_check(path, SCHEMA, COUNTS).status == "ok"


def test_one_that_is_locked(path):
    """As by a backup that wants it alone: nothing is wrong with it."""
    change(path, "PRAGMA journal_mode=DELETE")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        check = database_check(path, SCHEMA, COUNTS, wait_s=0.01)
    assert check.status == "warn" and "locked by another process" in check.detail


def test_a_damaged_one(path):
    """A page overwritten with rubbish, as a failing disk has it."""
    data = bytearray(path.read_bytes())
    data[4096:4608] = b"rubbish!" * 64
    path.write_bytes(data)
    check = database_check(path, SCHEMA, COUNTS)
    assert (check.status, check.exit_code) == ("fail", 2) and str(path) in check.detail and "aside" in check.advice


def test_what_is_no_database(path):
    """A file that somebody else put there, or the first page of which is gone."""
    path.write_text("a letter, not a ledger\n" * 400)
    check = database_check(path, SCHEMA, COUNTS)
    assert (check.status, check.exit_code, check.detail) == ("fail", 2, f"{path} is no database")
    path.unlink()
    path.mkdir()
    found = database_check(path, SCHEMA, COUNTS)
    assert (found.status, found.detail) == ("fail", f"{path} is no file") and "move it away" in found.advice


def test_one_that_cannot_be_read(path):
    """It may be whole: nothing is said of its being kept aside. A log that is no file keeps SQLite from opening it."""
    path.with_name(path.name + "-wal").mkdir()
    found = database_check(path, SCHEMA, COUNTS)
    assert (found.status, found.exit_code) == ("fail", 2) and "cannot be read" in found.detail
    assert found.advice == "make the folder and the file readable and writable for yourself"


def test_where_none_can_be_made(tmp_path):
    """The check of the folder says what to do; this one promises nothing."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        found = database_check(folder / "usage.db", SCHEMA, COUNTS)
        assert found.status == "skipped" and "none can be made" in found.detail


def test_another_programs(path):
    """It is whole, and not ours."""
    change(path, "PRAGMA application_id=7")
    check = database_check(path, SCHEMA, COUNTS)
    assert (check.status, check.exit_code) == ("fail", 2) and "another program" in check.detail


def test_a_newer_versions(path):
    """Left alone, and said: nothing is counted until this program is updated."""
    change(path, f"PRAGMA user_version={len(SCHEMA.migrations) + 1}")
    check = database_check(path, SCHEMA, COUNTS)
    assert (check.status, check.advice) == ("warn", "update claude-cli") and "not written to" in check.detail


def test_one_that_is_too_large(path):
    """It is given up in time rather than read for minutes: here a clock that runs a second at each look."""
    change(path, "INSERT INTO calls (id, at, day, owner, command, provider, model, profile, state) WITH RECURSIVE "
                 "n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
                 "SELECT i, 0, '2026-11-22', 1, '', '', '', '', 'done' FROM n")  # fmt: skip
    ticks = itertools.count()
    check = database_check(path, SCHEMA, COUNTS, clock=lambda: float(next(ticks)))
    assert check.status == "warn" and "too large" in check.detail
