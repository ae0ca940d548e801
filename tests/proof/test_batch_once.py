"""A batch that is killed at any moment, and run again: each row is answered once, and paid for twice only in flight."""

from __future__ import annotations

import random
import signal

import pytest

from .batches import Server, check_whole, kill, run, start, write_rows

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

ROWS, KILLS, JOBS = 400, 50, 16


def journeys(tmp_path, chance):
    """Folders with one input each, as many as are asked for."""
    number = 0
    while True:
        folder = tmp_path / f"batch-{number}"
        folder.mkdir()
        write_rows(folder / "in.jsonl", ROWS)
        yield folder
        number += 1


def twice(server: Server) -> int:
    """Requests that were worked on beyond one for each row."""
    return sum(count - 1 for count in server.asked.values())


def checked(folder, server: Server) -> None:
    """The batch is whole, and to run it again asks nothing."""
    check_whole(folder / "out.jsonl", ROWS)
    before = server.count
    assert run(folder, server.url)[0] == 0
    assert server.count == before
    assert sorted(path.name for path in folder.glob("out*")) == ["out.jsonl", "out.jsonl.journal"]


def test_killed_at_fifty_moments_no_row_is_lost_or_answered_twice(tmp_path, capsys):
    """The moments are chosen by how many requests have come, and some milliseconds after; one is as good as any."""
    chance, kills, batches, paid_twice, in_flight = random.Random(2026), 0, 0, 0, 0
    for folder in journeys(tmp_path, chance):
        with Server(delay=lambda: chance.uniform(0.005, 0.03)) as server:
            while True:
                process = start(folder, server.url, "-j", str(JOBS))
                server.wait_for(server.count + chance.randrange(ROWS // 3), process)
                server.pause(chance.uniform(0.0, 0.06))
                status, said = kill(process)
                assert status in (0, -signal.SIGKILL), said
                if status == 0:
                    break
                kills += 1
                server.settle()
                flying, server.unseen = server.unseen, 0
                assert flying <= JOBS
                in_flight += flying
                if kills == KILLS:
                    status, said = run(folder, server.url)
                    assert status == 0, said
                    break
            checked(folder, server)
            batches, paid_twice = batches + 1, paid_twice + twice(server)
            assert paid_twice <= in_flight
        if kills == KILLS:
            break
    with capsys.disabled():
        print(f"\n{KILLS} kills in {batches} batches of {ROWS}: lost 0, twice in OUT 0,"
              f" paid twice {paid_twice}, in flight {in_flight}")  # fmt: skip


@pytest.mark.parametrize(
    ("signals", "status"),
    [
        pytest.param([signal.SIGINT], 130, id="Ctrl-C"),
        pytest.param([signal.SIGINT, signal.SIGINT], 130, id="Ctrl-C twice"),
        pytest.param([signal.SIGTERM], 143, id="SIGTERM"),
        pytest.param([signal.SIGTERM, signal.SIGTERM], 143, id="SIGTERM twice"),
    ],
)
def test_interrupted_at_many_moments_it_goes_on_where_it_was(tmp_path, capsys, signals, status):
    """Once lets rows under way end: then nothing is paid twice at all. Twice gives them up."""
    chance, stops, gave_up, paid_twice = random.Random(7), 0, 0, 0
    folder = next(journeys(tmp_path, chance))
    with Server(delay=lambda: chance.uniform(0.02, 0.06)) as server:
        while True:
            process = start(folder, server.url, "-j", str(JOBS))
            server.wait_for(server.count + chance.randrange(1, 60), process)
            for number in signals[:-1]:
                process.send_signal(number)
                server.pause(chance.uniform(0.0, 0.01))
            ended, said = kill(process, signals[-1])
            assert "Traceback" not in said, said
            server.settle()
            if ended == 0:
                break
            assert ended == status, (ended, said)
            stops += 1
            gave_up += server.unseen
            server.unseen = 0
        checked(folder, server)
        paid_twice = twice(server)
    with capsys.disabled():
        print(f"\n{stops} times: paid twice {paid_twice}, given up {gave_up}")
    assert stops >= 3
    assert paid_twice <= (gave_up if len(signals) > 1 else 0)
