"""OUT.journal: whose it is, what a kill, a power cut and a full disk leave of it, and when it is on the disk."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import threading
from itertools import chain, repeat
from pathlib import Path

import pytest

from claude_cli.batch.journal import Journal
from claude_cli.batch.journal_line import (
    HEADER,
    Kept,
    Made,
    answer_line,
    encode_row,
    made_line,
    read_line,
    renumbered,
)
from claude_cli.batch.journal_sync import Syncer
from claude_cli.batch.row import Result
from claude_cli.core.errors import OutputError, UsageError

from .keeping import PROGRAM, kill_again_and_again, row

LINE = b'{"digest":"%s","nth":null,"row":{"id":"a","status":"done","simulated":false}}\n' % (b"0" * 32)


@pytest.fixture
def path(tmp_path):
    """Where a journal is to be."""
    return tmp_path / "out.jsonl.journal"


def read(path):
    """What a new reader finds, and what the file is then."""
    journal = Journal(path, fsync=lambda descriptor: None)
    found = [line for _, line in journal.read()]
    journal.append(made_line(Made(1, "d", "r", False)))  # what was torn is cut off before anything is written
    journal.close()
    return found


@pytest.mark.parametrize(
    ("row_id", "shown"),
    [
        pytest.param("a", b'"a"', id="a text"),
        pytest.param(7, b"7", id="a number"),
        pytest.param('é"\n\u2028', '"é\\"\\n\\u2028"'.encode(), id="a line end of Unicode's"),
        pytest.param("\ud800", b'"\\ud800"', id="half a character"),
        pytest.param('","status":"x', b'"\\",\\"status\\":\\"x"', id="one like our own members"),
    ],
)
def test_a_line_of_out(row_id, shown):
    """One line for whoever reads it; the id is the input's, and can be read out of the journal's line again."""
    asked = row(0, row_id)
    data = encode_row(Result(row_id, "m", "Grüß\x85\u2028\u2029\ud800!"))
    assert data.startswith(b'{"id":%b,"status":"done","text":"' % shown)
    assert len(data.decode().splitlines()) == 1 and "Grüß\\u0085\\u2028\\u2029\ufffd!" in data.decode()
    line, start = answer_line(asked.digest, None, data)
    assert line[start:-2] == data
    assert read_line(line[:-1]) == Kept(asked.digest, None, row_id, False, False, start, len(data))


def test_a_row_without_an_id_gets_its_new_number():
    """Where lines were put before it, its answer stands under the number that it has now."""
    data = encode_row(Result("9", "m", 'say "9"'))
    assert renumbered(data, 1233) == data.replace(b'{"id":"9"', b'{"id":"1234"')


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0" * 60, id="NUL bytes"),
        pytest.param(b"[1]", id="a list"),
        pytest.param(b'{"out":{"size":1}}', id="half an end"),
        pytest.param(b'{"out":7}', id="no end"),
        pytest.param(LINE[9:-1], id="no beginning"),
        pytest.param(LINE[:-2], id="no end of it"),
        pytest.param(LINE[:-1] + b"}", id="too much end"),
        pytest.param(LINE[:-1] + LINE[:-1], id="two in one"),
        pytest.param(LINE[:-1].replace(b"done", b"dono"), id="another status"),
        pytest.param(LINE[:-1].replace(b'"a"', b"[]"), id="an id that is none"),
        pytest.param(LINE[:-1].replace(b'"a"', b"true"), id="an id that is no number"),
        pytest.param(LINE[:-1].replace(b'"a"', b'"\xff"'), id="no UTF-8"),
        pytest.param(LINE[:-1].replace(b'"a"', b"[" * 100_000), id="very deep"),
        pytest.param(LINE[:-1].replace(b"null", b"-1"), id="no place"),
    ],
)
def test_a_damaged_line(path, line):
    """It is told apart, and those around it are read."""
    assert read_line(line) is None
    path.write_bytes(HEADER + LINE + line + b"\n" + LINE)
    kept = read_line(LINE[:-1])
    assert read(path) == [kept, None, kept]


def test_a_journal_torn_anywhere(path):
    """By a power cut, say. What is whole is read, the rest is cut off before anything is written behind it."""
    whole = HEADER + LINE * 2
    kept = read_line(LINE[:-1])
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        lines = max(size - len(HEADER), 0) // len(LINE)
        assert read(path) == [kept] * lines
        assert path.read_bytes() == HEADER + LINE * lines + made_line(Made(1, "d", "r", False))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"a,b\n1,2\n", "is no journal of a batch", id="a table"),
        pytest.param(b'{"id":"a"}\n', "is no journal of a batch", id="JSON lines"),
        pytest.param(b"x", "is no journal of a batch", id="a letter"),
        pytest.param(b"\0" * 9000, "is no journal of a batch", id="NUL bytes"),
        pytest.param(b'{"claude_cli_batch":2}\n{"answer":1}\n', "was written by a newer version", id="a newer one's"),
    ],
)
def test_another_file_is_left_alone(path, content, said):
    """Also its mode."""
    path.write_bytes(content)
    path.chmod(0o644)
    with pytest.raises(UsageError, match=said):
        Journal(path)
    assert path.read_bytes() == content and stat.S_IMODE(path.stat().st_mode) == 0o644


def make_link(path):
    path.with_name("other").write_bytes(HEADER)
    path.symlink_to("other")


def make_hard_link(path):
    path.with_name("other").write_bytes(HEADER)
    path.hardlink_to(path.with_name("other"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(make_link, "cannot be written", id="a link"),
        pytest.param(make_hard_link, "it has a second name", id="a second name"),
        pytest.param(os.mkfifo, "it is no regular file", id="a named pipe"),
        pytest.param(Path.mkdir, "cannot be written", id="a folder"),
    ],
)
def test_what_is_planted_is_not_written(path, make, said):
    """Somebody who may write in the folder must not lead the answers elsewhere."""
    make(path)
    with pytest.raises(UsageError, match=said):
        Journal(path)


def test_it_is_its_owner_s_alone(path):
    """Whatever the umask; one that others could read no longer can be."""
    before = os.umask(0)
    try:
        for _ in range(2):
            journal = Journal(path)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            journal.append(LINE)
            journal.close()
            path.chmod(0o666)
    finally:
        os.umask(before)


def test_a_journal_without_an_answer_is_taken_away(path):
    """A run that ends before its first answer leaves nothing behind; one with answers stays."""
    Journal(path).close()
    assert not path.exists()
    journal = Journal(path)
    journal.append(LINE)
    journal.close()
    assert path.read_bytes() == HEADER + LINE


def test_a_second_process_is_refused(path):
    """And told whom it has to wait for; the first goes on undisturbed."""
    out = path.with_suffix("")
    command = [sys.executable, PROGRAM, out, "3", "first", "hold"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout.readline() == b"open 3\n"
        with pytest.raises(UsageError) as caught:
            Journal(path)
        second = subprocess.run([sys.executable, PROGRAM, out, "3", "second"], capture_output=True, check=False)
        assert b"UsageError" in second.stderr and second.stdout == b""
        looked = Journal(path, looking=True)  # as a dry run does
        assert [*looked.read()] == []
        looked.close()
        first.communicate(b"\n")
    assert str(path) in str(caught.value) and "is being written by another process" in str(caught.value)
    assert not Path("/proc/locks").exists() or f"another process ({first.pid})" in str(caught.value)
    assert out.read_bytes().count(b'"text":"first"') == 3
    Journal(path).close()


def test_killed_at_any_moment(tmp_path):
    """No row is lost, none is asked twice, and OUT is as if nothing had happened."""
    kill_again_and_again(tmp_path, kills=8, rows=900, chance=random.Random())


class Disk:
    """What a `Syncer` calls: counts, and lets a test wait for a count."""

    def __init__(self, error: OSError | None = None) -> None:
        self.count, self._error = 0, error
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()
        if self._error:
            raise self._error

    def wait_for(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, 10)


def test_a_full_group_goes_to_the_disk_at_once():
    """64 rows; one less waits for its time, here an hour, or for the end."""
    disk = Disk()
    syncer = Syncer(disk, interval_s=3600)
    for _ in range(63):
        syncer.written()
    assert disk.count == 0
    syncer.written()
    assert disk.wait_for(1)
    syncer.written()
    syncer.close()
    assert disk.count == 2
    syncer.close()
    assert disk.count == 2


def test_a_group_s_time():
    """It begins with its first row: what a slow disk took counts."""
    disk, now = Disk(), [0.0]
    syncer = Syncer(disk, rows=1000, interval_s=3600, clock=lambda: now[0])
    syncer.written()
    now[0] = 3600.0
    syncer.written()
    assert disk.count == 0
    syncer.close()
    disk, late = Disk(), chain([0.0], repeat(3600.0))
    syncer = Syncer(disk, rows=1000, interval_s=3600, clock=late.__next__)
    syncer.written()
    assert disk.wait_for(1)
    syncer.close()


def test_no_thread_can_be_had():
    """A container may limit them: then each row is on the disk when it has been written."""
    disk = Disk()
    size = threading.stack_size(1 << 47)
    try:
        syncer = Syncer(disk, interval_s=3600)
        for count in (1, 2):
            syncer.written()
            assert disk.count == count
    finally:
        threading.stack_size(size)
    syncer.close()
    assert disk.count == 2


def test_a_disk_that_fails_is_not_trusted_again(path):
    """The system may have forgotten what it could not write: no later success is to be believed."""
    calls = []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) > 1:  # the first is of the header
            raise OSError(5, "Input/output error")

    size = threading.stack_size(1 << 47)  # no thread can be had, so that it is known when the disk is told
    try:
        journal = Journal(path, fsync=fsync)
        journal.append(LINE)
    finally:
        threading.stack_size(size)
    for step in (journal.sync, lambda: journal.append(LINE), journal.close):
        with pytest.raises(OutputError, match="Input/output error"):
            step()
    journal.close()
    assert len(calls) == 2 and path.read_bytes() == HEADER + LINE


def test_a_journal_that_somebody_cuts(path):
    """What is no longer there is not made up."""
    journal = Journal(path)
    start = journal.append(LINE)
    assert journal.bytes_at(start, len(LINE)) == LINE
    os.truncate(path, start + 10)
    with pytest.raises(OutputError, match="was cut by somebody else"):
        journal.bytes_at(start, len(LINE))
    journal.close()


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_a_look_at_what_is_no_file(path, make):
    """It is refused, as it would be if it were to be written."""
    make(path)
    with pytest.raises(UsageError, match="cannot be read"):
        Journal(path, looking=True)
