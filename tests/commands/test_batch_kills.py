"""A batch that is killed, interrupted or out of disk in the middle: the same command goes on, and asks nothing twice.

The long proofs of the same (`tests/proof/test_batch_once.py` and beside it) take hundreds of rows and fifty moments.
"""

from __future__ import annotations

import signal

import pytest

from ..proof.batches import FAULTS, Server, check_whole, read_rows, write_rows

ROWS, JOBS = 24, 4


@pytest.fixture
def server(claude):
    """A server that counts what each row is asked; it takes a moment for each."""
    write_rows(claude.folder / "in.jsonl", ROWS)
    with Server(delay=lambda: 0.01) as server:
        claude.url = server.url
        yield server


def batch(claude):
    """The batch under way."""
    return claude.start("batch", "run", "in.jsonl", "-o", "out.jsonl", "-j", str(JOBS))


def checked(claude, server: Server) -> None:
    """Run to the end, the output is whole; and once more, for which nothing is asked."""
    assert batch(claude).wait().status == 0
    check_whole(claude.folder / "out.jsonl", ROWS)
    before = server.count
    assert batch(claude).wait().status == 0
    assert server.count == before


def test_killed_three_times_each_row_is_answered_once(claude, server):
    """What was in flight when it was killed may have to be paid for again, and nothing else."""
    for count in (1, 8, 18):
        running = batch(claude)
        server.wait_for(count, running.process)
        running.signal(signal.SIGKILL)
        running.wait()
        server.settle()
    in_flight = server.unseen
    checked(claude, server)
    assert server.count - ROWS <= in_flight <= 3 * JOBS


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_once_it_finishes_what_is_in_flight(claude, server, number, status):
    """So nothing is paid for twice at all."""
    running = batch(claude)
    server.wait_for(5, running.process)
    running.signal(number)
    assert running.wait().status == status
    checked(claude, server)
    assert server.count == ROWS


def test_faults_on_the_way_are_over_in_the_end(claude, server):
    """Overload, rate limits, cut answers and refused connections: every row has its own answer."""
    coming = iter(["", *FAULTS])
    server.fault = lambda: next(coming, "")
    assert batch(claude).wait().status == 0
    check_whole(claude.folder / "out.jsonl", ROWS)
    assert server.faults == dict.fromkeys(FAULTS, 1)
    marked = {row["id"] for row in read_rows(claude.folder / "out.jsonl") if row["maybe_billed"]}
    assert {name for name, count in server.asked.items() if count > 1} == marked
