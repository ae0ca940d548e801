"""The ledger under processes that are killed at any moment, and under files that are no use."""

from __future__ import annotations

import random
import re
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from claude_cli.core.budget import Limits, Plan, Record
from claude_cli.storage.ledger import About, Ledger

from ..loopback import EVENTS, Loopback, frames, head

pytestmark = pytest.mark.proof

PROGRAM = Path(__file__).with_name("ledger_process.py")
PROCESSES = 10
CALLS = 600
LONGEST_MS = 250.0
SUMS = "count(*), sum(cost_pico IS NULL), sum(estimated), sum(input_tokens), sum(output_tokens), sum(cost_pico)"
TOTALS = "sum(calls), sum(unpriced_calls), sum(estimated_calls), sum(input_tokens), sum(output_tokens), sum(cost_pico)"
KEY = "day, model, command, profile"


class Server:
    """Answers each question, and knows which came and what each answer's request id was."""

    def __init__(self):
        self.answered: dict[str, str] = {}
        self.asked: list[str] = []
        self._count = threading.Condition()

    def play(self, peer):
        request = peer.request()
        if request is None:
            return
        (words,) = re.findall("life-[0-9]+-[0-9]+", request.decode())
        with self._count:
            self.asked.append(words)
            self.answered[words] = f"req_{len(self.asked)}"
            self._count.notify_all()
        peer.send(head(200, "connection: close").replace(b"req_loopback_1", self.answered[words].encode()))
        for event in EVENTS:
            peer.send(frames([event]))

    def wait_for(self, calls):
        with self._count:
            assert self._count.wait_for(lambda: len(self.asked) >= calls, 60)


def rows(path, query):
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def assert_sound(path):
    """The file is whole, and the totals are the sums of the rows."""
    assert rows(path, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    summed = rows(path, f"SELECT {KEY}, {SUMS} FROM calls WHERE state <> 'open' GROUP BY {KEY} ORDER BY {KEY}")
    totals = rows(path, f"SELECT {KEY}, {TOTALS} FROM days GROUP BY {KEY} ORDER BY {KEY}")
    assert [[*row.values()] for row in summed] == [[*row.values()] for row in totals]


def test_every_call_that_reached_the_server_is_in_the_ledger(tmp_path):
    """Ten processes, killed at random: a call is there before it is sent, once, and none is made up."""
    chance = random.Random(20261122)
    ledger, times, server = tmp_path / "usage.db", tmp_path / "times", Server()
    processes, lives, output = [], 0, tmp_path / "output"

    def start(url):
        nonlocal lives
        lives += 1
        command = [sys.executable, PROGRAM, "calls", ledger, url, times, f"life-{lives}"]
        with output.open("ab") as stream:
            return subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)

    with Loopback(server.play) as loopback:
        processes.extend(start(loopback.url) for _ in range(PROCESSES))
        try:
            while len(server.asked) < CALLS:
                server.wait_for(len(server.asked) + chance.randrange(1, 20))
                time.sleep(chance.random() / 100)  # so that a kill falls on any moment of a call
                place = chance.randrange(PROCESSES)
                processes[place].kill()
                processes[place].wait()
                processes[place] = start(loopback.url)
        finally:
            for process in processes:
                process.kill()
                process.wait()
    last = Ledger(ledger, About("complete", "anthropic", "", "last"), Limits(), notify=print)
    last.settle(last.begin(Plan("m", 1, 1)), Record("m", "done", cost_pico=0))
    last.close()

    assert output.read_bytes() == b""
    found = {row["session"]: row for row in rows(ledger, "SELECT * FROM calls WHERE session <> 'last'")}
    assert len(found) == len(rows(ledger, "SELECT id FROM calls")) - 1, "a call was recorded twice"
    assert len(server.asked) == len(server.answered) >= CALLS
    assert not server.answered.keys() - found.keys(), "a call reached the server and has no row"
    lost = [row for row in found.values() if row["state"] == "lost"]
    unsent = found.keys() - server.answered.keys()
    assert all(found[session]["state"] == "lost" for session in unsent)
    assert lost and len(lost) <= lives and all(row["estimated"] and row["cost_pico"] for row in lost)
    done = [row for row in found.values() if row["state"] == "done"]
    assert len(done) + len(lost) == len(found)
    assert all(row["request_id"] == server.answered[row["session"]] and row["status"] == "done" for row in done)
    assert_sound(ledger)
    steps, waits = (
        sorted(map(float, column)) for column in zip(*map(str.split, times.read_text().splitlines()), strict=True)
    )
    print(
        f"\n{len(server.asked)} calls, {lives - PROCESSES} kills, {len(lost)} lost, {len(unsent)} never sent;"
        f" a step: median {steps[len(steps) // 2]} ms, longest {steps[-1]} ms;"
        f" waiting: {sum(map(bool, waits))} times, longest {waits[-1]} ms"
    )
    assert waits[-1] < LONGEST_MS


def scribble(path):
    path.write_bytes(b"no database at all\n" * 1000)


def foreign(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


def torn(path):
    """A ledger whose tables were overwritten."""
    ledger = Ledger(path, About("complete", "anthropic", ""), Limits(), notify=print)
    ledger.begin(Plan("m", 1, 1))
    ledger.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_960)


@contextmanager
def ten_processes():
    """Ten that record a call each, at once, in the ledger that is named; returns what they say meanwhile."""
    command = [sys.executable, PROGRAM, "each"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]

    def record(path):
        for process in processes:
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
        said = []
        for process in processes:
            while (line := process.stdout.readline()) != "done\n":
                assert line, "a process ended"
                said.append(line)
        return said

    try:
        yield record
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("spoil", [scribble, foreign, torn])
def test_ten_processes_that_find_a_file_of_no_use(tmp_path, spoil):
    """One sets it aside, and what all of them record is in the new one."""
    with ten_processes() as record:
        for number in range(30):
            path = tmp_path / str(number) / "usage.db"
            path.parent.mkdir()
            spoil(path)
            was = path.read_bytes()
            said = record(path)
            (aside,) = path.parent.glob("usage.db.*.bak")
            assert aside.read_bytes() == was and [line.split()[0] for line in said] == ["database_set_aside"], said
            assert rows(path, "SELECT status FROM calls") == [{"status": "done"}] * PROCESSES
            assert_sound(path)


def test_ten_processes_whose_file_becomes_another_program_s(tmp_path):
    """They have it open, and all that was recorded is still in its log: neither log may get into the other file."""
    with ten_processes() as record:
        for number in range(30):
            path = tmp_path / str(number) / "usage.db"
            assert record(path) == []
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA application_id=77")
            said = record(path)
            aside = next(path.parent.glob("usage.db.*.bak"))
            assert [line.split()[0] for line in said] == ["database_set_aside"], said
            for file in (path, aside):
                assert rows(file, "SELECT status FROM calls") == [{"status": "done"}] * PROCESSES
                assert_sound(file)
