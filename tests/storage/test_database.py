"""A SQLite database of ours: private, patient, and replaced where its file is no use."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from itertools import count

import pytest

from claude_cli.storage.database import Database, DatabaseUnavailableError, Schema

ONE = Schema(0x1234, (("CREATE TABLE words (word TEXT)", "CREATE INDEX by_word ON words (word)"),))
TWO = Schema(0x1234, (*ONE.migrations, ("ALTER TABLE words ADD COLUMN language TEXT DEFAULT 'en'",)))
NOON = 1_795_345_200.0
ASIDE = f"words.db.{time.strftime('%Y-%m-%dT%H%M%S', time.localtime(NOON))}"


class Opener:
    """Makes databases at one path, and keeps what they told."""

    def __init__(self, path):
        self.path, self.notices, self._made = path, [], []

    def __call__(self, schema=ONE, **more):
        note = self.notices.append
        self._made.append(Database(self.path, schema, notify=note, **{"clock": lambda: NOON, **more}))
        return self._made[-1]

    def close(self):
        for database in self._made:
            database.close()


@pytest.fixture
def opened(tmp_path):
    """An `Opener` for a file in a folder that is not there yet."""
    opener = Opener(tmp_path / "data" / "words.db")
    yield opener
    opener.close()


def add(word):
    """Work that writes a word."""
    return lambda words: words.execute("INSERT INTO words (word) VALUES (?)", (word,))


def words(path):
    """What another program reads in the file."""
    with closing(sqlite3.connect(path)) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY rowid")]


@contextmanager
def umask(mask):
    """The process's mask, for a while."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [pytest.param(0o022, id="usual"), pytest.param(0, id="none")])
def test_everything_is_its_users_alone(opened, mask):
    """Also what SQLite makes: it takes the modes of the log from the database."""
    with umask(mask):
        opened().write(add("one"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in opened.path.parent.iterdir()}
    assert modes == dict.fromkeys(["words.db", "words.db-wal", "words.db-shm"], 0o600)
    assert stat.S_IMODE(opened.path.parent.stat().st_mode) == 0o700


def foreign(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


def other_mark(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id=77")


def torn(path):
    """A database of ours whose tables were overwritten."""
    database = Database(path, ONE, notify=print)
    database.write(lambda connection: connection.executemany("INSERT INTO words VALUES (?)", [("x" * 99,)] * 200))
    database.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)


def scribble(path):
    path.write_bytes(b"these are words, and no database\n" * 100)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(scribble, id="no database"),
        pytest.param(torn, id="damaged"),
        pytest.param(foreign, id="another program's"),
        pytest.param(other_mark, id="another program's, empty"),
    ],
)
def test_a_file_of_no_use_is_kept_under_a_dated_name(opened, spoil):
    """Nothing is thrown away, the user is told once, and the work is done."""
    opened.path.parent.mkdir()
    spoil(opened.path)
    was = opened.path.read_bytes()
    opened().write(add("one"))
    opened().write(add("two"))
    aside = opened.path.with_name(f"{ASIDE}.bak")
    assert words(opened.path) == ["one", "two"]
    assert aside.read_bytes() == was
    (notice,) = opened.notices
    assert notice.code == "database_set_aside" and str(aside) in notice.text


def test_the_log_goes_with_its_file(opened):
    """SQLite would take a log that stayed behind for the new file's. And no name is taken twice."""
    database = opened()
    with ExitStack() as others:
        for word in ("one", "two"):
            database.write(add(word))
            # That another process has the file open keeps the log there; all that was written is in it.
            other = others.enter_context(closing(sqlite3.connect(opened.path)))
            other.execute("PRAGMA application_id=77")
        database.write(add("three"))
        found = [words(opened.path.with_name(name)) for name in (f"{ASIDE}.bak", f"{ASIDE}-2.bak", "words.db")]
        assert found == [["one"], ["two"], ["three"]]


def test_a_newer_version_s_file_is_not_written_to(opened):
    """Its tables may mean something else; also where it became newer while we ran."""
    old, new = opened(ONE), opened(TWO)
    old.write(add("one"))
    new.write(add("two"))
    before = words(opened.path)
    with pytest.raises(DatabaseUnavailableError, match=r"words\.db was written by a newer version of claude-cli"):
        old.write(add("three"))
    assert words(opened.path) == before == ["one", "two"] and not opened.notices


def test_a_migration_is_made_whole_or_not_at_all(opened):
    """And what is there stays."""
    opened(ONE).write(add("one"))
    broken = Schema(ONE.application_id, (*TWO.migrations, ("CREATE TABLE more (x)", "CREATE TABLE words (x)")))
    with pytest.raises(DatabaseUnavailableError, match="words already exists"):
        opened(broken).write(add("two"))
    opened(ONE).write(add("three"))  # so it is still the first version
    rows = opened(TWO).write(lambda words: words.execute("SELECT word, language FROM words").fetchall())
    assert rows == [("one", "en"), ("three", "en")]


def every_word(connection):
    return connection.execute("SELECT word FROM words").fetchall()


def test_reading_makes_nothing_and_waits_for_nobody(opened):
    """Neither a file where there is none, nor for the process that writes."""
    database = opened()
    assert database.read(every_word, "none") == "none" and not opened.path.parent.exists()
    database.write(add("one"))
    with closing(sqlite3.connect(opened.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        add("two")(other)
        assert opened().read(every_word, []) == [("one",)]


def test_reading_an_older_version_s_file_makes_it_today_s(opened):
    """What is asked for may be in a column that it has not."""
    opened(ONE).write(add("one"))
    assert opened(TWO).read(lambda words: words.execute("SELECT language FROM words").fetchone(), None) == ("en",)


def test_reading_sees_one_state(opened):
    """Also where another process writes between two questions."""
    opened().write(add("one"))

    def twice(connection):
        before = connection.execute("SELECT count(*) FROM words").fetchone()
        opened().write(add("two"))
        return before, connection.execute("SELECT count(*) FROM words").fetchone()

    assert opened().read(twice, None) == ((1,), (1,))


@pytest.mark.parametrize("spoil", [pytest.param(torn, id="damaged"), pytest.param(foreign, id="another's")])
def test_reading_sets_aside_what_is_of_no_use(opened, spoil):
    """As writing does; what has to be asked again is done on the new file."""
    opened.path.parent.mkdir()
    spoil(opened.path)
    assert opened().read(every_word, None) == []
    (notice,) = opened.notices
    assert notice.code == "database_set_aside"


def folder_in_place(path):
    path.mkdir(parents=True)


def file_above(path):
    path.parent.write_text("not a folder")


def pipe_in_place(path):
    path.parent.mkdir()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(folder_in_place, "it is not a file", id="a folder"),
        pytest.param(pipe_in_place, "it is not a file", id="a pipe"),
        pytest.param(file_above, "Not a directory", id="no folder"),
    ],
)
def test_what_cannot_be_used_says_why(opened, spoil, reason):
    """One error for all of it, and nothing of it is moved away."""
    spoil(opened.path)
    with pytest.raises(DatabaseUnavailableError, match=rf"words\.db cannot be used \({reason}\)"):
        opened().write(add("one"))
    assert not opened.notices


def test_a_full_disk_loses_nothing(opened):
    """What did not fit is undone, and what comes when there is room is kept. Here files may not grow."""
    database = opened()
    database.write(add("one"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (opened.path.with_name("words.db-wal").stat().st_size, hard))
    try:
        with pytest.raises(DatabaseUnavailableError, match=r"disk I/O error|disk is full"):
            database.write(add("two" * 9999))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    database.write(add("three"))
    assert words(opened.path) == ["one", "three"]


@pytest.mark.parametrize("gone", ["removed", "replaced"])
def test_a_file_that_lost_its_name_is_left(opened, gone):
    """A process that lives for hours must not write on into what somebody has removed or set aside."""
    database = opened()
    database.write(add("one"))
    for suffix in ("", "-wal", "-shm"):
        opened.path.with_name(f"words.db{suffix}").rename(opened.path.with_name(f"old{suffix}"))
    if gone == "replaced":
        opened().write(add("from another"))
    database.write(add("two"))
    database.write(add("three"))
    assert words(opened.path) == [*(["from another"] if gone == "replaced" else []), "two", "three"]
    assert words(opened.path.with_name("old")) == ["one"]


@pytest.mark.parametrize("spoil", [torn, foreign])
def test_a_file_that_loses_its_name_while_we_wait_for_it_is_not_written_to(opened, spoil):
    """By then its connection takes the new file's log for its own. Nor is it set aside twice."""
    opened.path.parent.mkdir()
    spoil(opened.path)
    other = sqlite3.connect(opened.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    old = opened.path.with_name("old")

    def another_sets_it_aside(seconds):
        if not old.exists():
            opened.path.rename(old)
            opened().write(add("from another"))
            other.execute("COMMIT")

    was = opened.path.read_bytes()
    opened(sleep=another_sets_it_aside).write(add("one"))
    assert words(opened.path) == ["from another", "one"] and not opened.notices
    assert old.read_bytes() == was
    other.close()


def test_waiting_ends_as_soon_as_the_other_is_done(opened):
    """It asks every few milliseconds."""
    opened().write(add("one"))
    other = sqlite3.connect(opened.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            other.execute("COMMIT")

    opened(sleep=sleep, draw=lambda: 0.5).write(add("two"))
    other.close()
    assert waits == [0.0015] * 3 and words(opened.path) == ["one", "two"]


def test_waiting_ends_after_two_seconds(opened):
    """Whoever holds the file so long may hold it for hours."""
    opened().write(add("one"))
    ticks = count(step=0.5)
    with closing(sqlite3.connect(opened.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database = opened(sleep=lambda seconds: None, monotonic=lambda: next(ticks))
        with pytest.raises(DatabaseUnavailableError, match="database is locked"):
            database.write(add("two"))
    assert next(ticks) < 5
    database.write(add("three"))
    assert words(opened.path) == ["one", "three"]


def test_what_raises_is_undone(opened):
    """Also Ctrl-C: the next transaction begins as if nothing had been."""
    database = opened()

    def interrupted(connection):
        add("one")(connection)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.write(interrupted)
    database.write(add("two"))
    assert words(opened.path) == ["two"]


def test_the_log_does_not_grow_without_end(opened):
    """Though no process waits for the disk when it ends, and the next has to read it whole."""
    database = opened()
    for number in range(300):
        database.write(add(f"{number}" * 100))
    assert opened.path.with_name("words.db-wal").stat().st_size < 1 << 20


def test_threads_take_turns(opened):
    """One connection serves them all."""
    database = opened()
    threads = [
        threading.Thread(target=lambda: [database.write(add("one")) for _ in range(20)]) for _ in range(8)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(words(opened.path)) == 160


FORKS = """
import os, pathlib, sys
from claude_cli.storage.database import Database, Schema
database = Database(pathlib.Path(sys.argv[1]), Schema(1, (("CREATE TABLE words (word TEXT)",),)), notify=print)
def add(word):
    database.write(lambda words: words.execute("INSERT INTO words VALUES (?)", (word,)))
add("before")
child = os.fork()
add("child" if child == 0 else "parent")
if child:
    os.waitpid(child, 0)
    add("after")
os._exit(0)
"""


def test_a_fork_gets_a_connection_of_its_own(tmp_path):
    """SQLite's may not be carried across one."""
    path = tmp_path / "words.db"
    subprocess.run([sys.executable, "-c", FORKS, path], check=True, timeout=60)
    assert sorted(words(path)) == ["after", "before", "child", "parent"]
