"""A disk that is full in the middle of a batch: it stops, says so, and goes on when there is room again."""

from __future__ import annotations

import resource
import signal

import pytest

from .batches import Server, check_whole, run, write_rows
from .conftest import environment

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]

ROWS = 3_000


@pytest.mark.parametrize("kib", [1, 40, 200, 700])
def test_a_full_disk_stops_a_batch_and_loses_nothing(tmp_path, capsys, kib):
    """No file may grow beyond so many KiB, as on a disk that is full from there on."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (kib << 10, kib << 10))

    write_rows(tmp_path / "in.jsonl", ROWS)
    with Server(delay=lambda: 0.002) as server:
        # Python itself would leave compiled modules half written beside ours.
        env = {**environment(tmp_path, server.url), "PYTHONDONTWRITEBYTECODE": "1"}
        status, said = run(tmp_path, server.url, "-j", "32", preexec_fn=limited, env=env)
        first = server.count
        assert status == 1, (status, said)
        assert "cannot be written" in said and "Traceback" not in said, said
        assert not (tmp_path / "out.jsonl").exists()
        status, said = run(tmp_path, server.url, "-j", "32")
        assert status == 0, said
        check_whole(tmp_path / "out.jsonl", ROWS)
        twice = server.count - ROWS
    with capsys.disabled():
        print(f"\nfull at {kib} KiB: stopped after {first} requests, {twice} asked again")
    assert twice <= 2 * 32
