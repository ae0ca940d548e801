"""What the gateway costs: added time, requests a second, 500 streams at once, memory; peers beside it where named.

    python -m benchmarks.serving --ours PLAIN/bin/claude-cli [--peer 'NAME=COMMAND with {port} and {upstream}' …]

`PLAIN` has `claude-cli[serve]`. The upstreams and the load are processes of their own; everybody gets the same ones. A
peer's command starts a server whose POST /v1/chat/completions takes the model and the key of `openai_clients.py`, and
which is ready when it answers.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from . import table
from .figures import Figure, log
from .process import environment
from .stamped import Stamped
from .waiting import Waiting

APART, TOGETHER, CLIENTS = 400, 4_000, 16
WORDS = 20
"""Of an answer, all sent at once: what comes to the client first waits for the others to be read."""
STREAMS, DELTAS, PERIOD_US = 500, 400, 50_000
START_S = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway under way: where, with which key, and how long it took to begin."""

    url: str
    key: str
    process: int
    start_s: float

    def memory_mb(self, what: str = "VmRSS") -> float:
        """Resident memory in units of 1,000,000 bytes; "VmHWM": the most it ever was. All processes of its group."""
        kilobytes = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            with suppress(OSError):
                lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
                if os.getpgid(int(lines["Pid"])) == self.process and what in lines:
                    kilobytes += int(lines[what].split()[0])
        return kilobytes * 1024 / 1e6


@contextmanager
def ours(program: str, upstream: str) -> Iterator[Running]:
    """`claude-cli serve` in front of `upstream`, with a key of its own, the ledger, metrics and its log."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as errors:
        environ = environment(upstream, Path(folder))
        create = [program, "serve", "keys", "create", "bench"]
        key = subprocess.run(create, env=environ, capture_output=True, text=True, check=True).stdout.strip()
        start = time.perf_counter()
        process = subprocess.Popen(
            [program, "serve", "--port", "0"], env=environ, stdout=subprocess.PIPE, stderr=errors, text=True,
            process_group=0,
        )  # fmt: skip
        assert process.stdout
        url = process.stdout.readline().strip()
        yield from _until_over(process, f"{url}/v1/chat/completions", key, start)


@contextmanager
def peer(command: str, upstream: str) -> Iterator[Running]:
    """Another gateway in front of `upstream`."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    words = [word.format(port=port, upstream=upstream) for word in shlex.split(command)]
    start = time.perf_counter()
    environ = {**os.environ, "UPSTREAM": upstream, "PORT": str(port)}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(words, env=environ, stdout=quiet, stderr=quiet, process_group=0)
    yield from _until_over(process, f"http://127.0.0.1:{port}/v1/chat/completions", "bench", start)


def _until_over(process: subprocess.Popen[Any], url: str, key: str, start: float) -> Iterator[Running]:
    try:
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0]))):
                break
            if process.poll() is not None or time.perf_counter() > start + START_S:
                raise SystemExit(f"the gateway at {url} does not begin")
            time.sleep(0.01)
        yield Running(url, key, process.pid, time.perf_counter() - start)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def load(*words: object) -> dict[str, Any]:
    """What `openai_clients` measured, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.openai_clients", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()[-600:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def added(server: Running, upstream: str) -> tuple[float, float]:
    """Milliseconds that a gateway adds to a whole answer, and to the first byte of a streamed one; of medians."""
    direct, through = (load("apart", url, server.key, APART) for url in (f"{upstream}/v1/messages", server.url))
    whole, first = (median(through[name]) - median(direct[name]) for name in ("whole_ms", "first_ms"))
    return whole, first


def gateways(program: str, peers: dict[str, str], rounds: int) -> Iterator[Figure]:
    """All figures: ours first, each peer's behind it."""
    everybody = {"claude-cli": None, **peers}
    for name, command in everybody.items():
        log(f"{name}: added time, throughput, {rounds} rounds")
        whole, first, rate, start, rest = [], [], [], [], []
        for _ in range(rounds):
            with Waiting(0, WORDS) as upstream:
                opened = ours(program, upstream.url) if command is None else peer(command, upstream.url)
                with opened as server:
                    start.append(server.start_s)
                    rest.append(server.memory_mb())
                    load("apart", server.url, server.key, 50)
                    more, sooner = added(server, upstream.url)
                    whole.append(more)
                    first.append(sooner)
                    rate.append(load("together", server.url, server.key, TOGETHER, CLIENTS)["per_s"])
        yield Figure(f"{name}: added time of a request, sequential, p50", "ms", 2.5, whole)
        yield Figure(f"{name}: added time to the first streamed byte, p50", "ms", 2.5, first)
        note, times = f"{median(rate):.0f} requests a second", [1000 / each for each in rate]
        yield Figure(f"{name}: time of a request at {CLIENTS} clients", "ms", 1000 / 600, times, note=note)
        yield Figure(f"{name}: start to ready", "s", 1.5, start)
        yield Figure(f"{name}: resident memory at rest", "MB", 65, rest)
        yield from _streams(name, command, program)


def _streams(name: str, command: str | None, program: str) -> Iterator[Figure]:
    log(f"{name}: {STREAMS} streams")
    with ExitStack() as stack:
        upstream = stack.enter_context(Stamped(DELTAS, PERIOD_US))
        opened = ours(program, upstream.url) if command is None else peer(command, upstream.url)
        server = stack.enter_context(opened)
        found = load("streams", server.url, server.key, STREAMS, DELTAS)
        most = server.memory_mb("VmHWM")
    seconds = DELTAS * PERIOD_US / 1e6
    what = f"{name}: {STREAMS} streams of {1e6 / PERIOD_US:.0f} deltas/s for {seconds:.0f} s"
    note = f"whole and in order: {found['whole']}; p50 {found['late_p50_ms']:.0f} ms"
    yield Figure(f"{what}, p99 behind the upstream's schedule", "ms", 250, [found["late_p99_ms"]], note=note)
    yield Figure(f"{what}, most memory", "MB", 150, [most])


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.serving", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ours", default=str(Path(sys.executable).parent / "claude-cli"))
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    peers = dict(each.split("=", 1) for each in chosen.peer)
    print(table.markdown(list(gateways(chosen.ours, peers, chosen.rounds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
