"""Measures the figures of the project and prints them beside their targets: `python -m benchmarks.run [--quick]`.

Everything runs on this machine, offline, against the mock of this folder; nothing is asserted. Ratios within one
run are what counts: wall times move with whatever else the machine does.

httpx loads click and rich where they are installed (the SDK brings click), so the program and its httpx yardstick
should stand in an environment without development tools, and the SDK in its own:

    python -m benchmarks.run --ours PLAIN/bin/claude-cli --base-python PLAIN/bin/python --peer-python DEV/bin/python
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import table
from .batching import MANY, batching
from .caching import conversations
from .chatting import chatting
from .figures import (
    Bench,
    Figure,
    Programs,
    log,
    on_a_terminal,
    one_shot,
    photograph,
    start_up,
    streaming,
    with_a_stored_key,
)
from .knowing import CALLS, knowing
from .markdown import drawing
from .mock import Mock
from .process import ProgramFailed


def options(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    beside = Path(sys.executable).parent
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ours", default=str(beside / "claude-cli"), help="the program (default: %(default)s)")
    parser.add_argument("--base-python", help="for `pass` and httpx (default: the python beside --ours)")
    parser.add_argument("--peer-python", default=sys.executable, help="has `anthropic` (default: %(default)s)")
    parser.add_argument("--rounds", type=int, help="default: 15 for start-up, 3 for streams")
    parser.add_argument("--quick", action="store_true", help="5 rounds, one of the streams, a tenth of the deltas")
    chosen = parser.parse_args(arguments)
    if not chosen.base_python:
        chosen.base_python = str(Path(chosen.ours).parent / "python")
    return chosen


def can_import(python: str, module: str) -> bool:
    """Whether `python` has `module`."""
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def compile_ours(python: str) -> None:
    """Write the bytecode of the program first, or the first run would pay for it."""
    find = "import claude_cli; print(claude_cli.__path__[0])"
    folder = subprocess.run([python, "-c", find], capture_output=True, text=True).stdout.strip()
    if folder:
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run([python, "-m", "compileall", "-q", folder], env=clean)


def measure(bench: Bench, programs: Programs, chosen: argparse.Namespace) -> Iterator[Figure]:
    """All figures, in the order of the table."""
    short, long = (5, 1) if chosen.quick else (15, 3)
    short, long = chosen.rounds or short, chosen.rounds or long
    deltas = 10_000 if chosen.quick else 100_000
    log(f"start-up, {short} rounds")
    yield from start_up(bench, programs, short)
    log(f"one-shot, {short} rounds")
    yield from one_shot(bench, programs, short)
    log(f"one-shot on a terminal, {short} rounds")
    yield from on_a_terminal(bench, programs, short)
    log(f"one-shot with the key in a keyring, {short} rounds")
    yield from with_a_stored_key(bench, programs, short)
    if can_import(chosen.base_python, "PIL") and can_import(sys.executable, "PIL"):
        log(f"a photograph of 24 megapixels, {short} rounds")
        yield from photograph(bench, programs, short)
    else:
        log("a photograph of 24 megapixels: left out, as the extra `media` is not installed")
    calls = CALLS // 10 if chosen.quick else CALLS
    log(f"lists, the ledger, usage over {calls:,} calls, health: {short} rounds")
    yield from knowing(bench, programs, short, calls=calls)
    log(f"the chat, {short} rounds")
    yield from chatting(bench, programs, short, scale=0.1 if chosen.quick else 1)
    many = MANY // 10 if chosen.quick else MANY
    log(f"a batch, {long} rounds, and one of {many:,} rows")
    yield from batching(bench, programs, long, many=many)
    log(f"Markdown as it comes, {long} rounds")
    yield from drawing(long)
    log("a conversation with and without the prompt cache")
    yield from conversations()
    log(f"{deltas:,} deltas at once, {long} rounds")
    yield from streaming(bench, programs, long, deltas)
    log(f"{deltas:,} deltas, one every 200 µs, {long} rounds of {deltas * 200 / 1e6:.0f} s for each program")
    yield from streaming(bench, programs, long, deltas, period_us=200)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 only when a program could not be run."""
    chosen = options(arguments)
    with_sdk = can_import(chosen.peer_python, "anthropic")
    if not with_sdk:
        log(f"{chosen.peer_python} has no `anthropic`: the SDK's column is left out (see --peer-python)")
    programs = Programs.of(chosen.ours, chosen.base_python, chosen.peer_python, with_sdk=with_sdk)
    compile_ours(chosen.base_python)
    figures: list[Figure] = []
    failed = ""
    with tempfile.TemporaryDirectory() as home, Mock() as mock:
        try:
            figures.extend(measure(Bench(mock, Path(home)), programs, chosen))
        except (ProgramFailed, OSError) as error:
            failed = str(error)
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    print(f"Python {platform.python_version()}, {machine}\n")
    print(table.markdown(figures))
    if failed:
        log(f"stopped: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
