"""Hostile and endless answers: bounded memory, a clear end."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading

import pytest

from claude_cli.simulator import BackgroundSimulator

from .conftest import environment, frame

pytestmark = pytest.mark.proof

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


LAUNCHER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


def run(arguments: list[str], env: dict[str, str]) -> tuple[int, float, bytes]:
    """Exit status, peak memory in MB, standard error.

    A process inherits its parent's peak, and this one's is large: a small one starts the program.
    """
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, sys.executable, "-m", "claude_cli", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, timeout=100, check=True)
    status, peak = done.stdout.split()
    return int(status), int(peak) / 1024, done.stderr


def test_a_line_of_100_megabytes_is_refused_in_little_memory(tmp_path):
    """Whoever answers on a port must not be able to fill the machine."""
    with BackgroundSimulator(script=[{"long_line_mb": 100}]) as simulator:
        status, peak, said = run(["complete", "hi"], environment(tmp_path, simulator.url))
    assert status in (6, 7), said
    assert peak < 100, said


def test_a_hundred_thousand_deltas_stay_under_45_megabytes(tmp_path):
    """The issue's bound for a one-shot, with the longest answer a model gives."""
    with BackgroundSimulator(script=[{"flood": 100_000}]) as simulator:
        status, peak, said = run(["complete", "hi"], environment(tmp_path, simulator.url))
    assert (status, said) == (0, b"")
    assert peak < 45


def test_pings_for_ever_end_by_the_clock_in_little_memory(tmp_path):
    """A server that only pings is alive, but does not answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        connection.recv(65_536)
        connection.sendall(HEAD)
        pings = frame("ping") * 20
        try:
            while True:
                connection.sendall(pings)
        except OSError:
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    env = environment(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}")
    env["CLAUDE_CLI_PINGS_TIMEOUT_S"] = "1"
    status, peak, said = run(["complete", "hi", "--retries", "0"], env)
    listener.close()
    assert status == 6, said
    assert b"nothing but pings" in said
    assert peak < 45
