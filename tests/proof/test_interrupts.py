"""Ctrl-C and SIGTERM at many moments of one answer: what was printed stays, and nothing upstream goes on."""

from __future__ import annotations

import signal

import pytest

from claude_cli.simulator import BackgroundSimulator

from .conftest import environment, start

pytestmark = pytest.mark.proof

TEXT = "".join(f"word{number} " for number in range(400))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("after", range(0, 500, 10))
def test_a_signal_keeps_the_partial_and_closes_the_connection(tmp_path, number, status, after):
    """`after` is how many bytes of the answer are read before the signal: 50 moments from first to late."""
    with BackgroundSimulator(script=[{"say": TEXT, "pace_s": 0.002}]) as simulator:
        process = start(["complete", "hi"], environment(tmp_path, simulator.url))
        assert process.stdout and process.stderr
        seen = b""
        while len(seen) <= after:
            seen += process.stdout.read(after + 1 - len(seen))
        process.send_signal(number)
        rest, said = process.communicate(timeout=20)
        out = (seen + rest).decode()
        assert process.returncode == status
        assert out.endswith("\n")
        assert TEXT.startswith(out.rstrip("\n"))
        assert b"Traceback" not in said
        simulator.settled()
        assert simulator.requests[0].aborted
