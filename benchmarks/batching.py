"""What a batch costs: its time against the ideal, its CPU against plain httpx, its memory over many rows."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .figures import PEERS, Bench, Figure, Programs
from .process import ProgramFailed, Run, environment, run
from .waiting import Waiting

ROWS = 2_000
MANY = 100_000
AT_ONCE = 64
DELAY_MS = 200


def batching(bench: Bench, programs: Programs, rounds: int, *, many: int = MANY) -> Iterator[Figure]:
    """All figures of `batch run`; `many` are the rows whose memory is compared with that of `ROWS`."""
    python = programs.empty.command[0]
    with tempfile.TemporaryDirectory() as folder, Waiting(DELAY_MS) as server:
        home = Path(folder)

        def ours(rows: int) -> Run:
            return _ours(programs.ours.command[0], server.url, home, rows)

        def theirs(clients: int) -> float:
            numbers = (str(number) for number in (ROWS, AT_ONCE, clients))
            command = [python, str(PEERS / "httpx_batch.py"), server.url, *numbers, str(home / "theirs.jsonl")]
            return run(command, environment(server.url, home)).cpu_s

        runs: dict[str, list[Run]] = {"ours": [], "one": []}
        steps = {
            "ours": lambda: _kept(runs["ours"], ours(ROWS)).cpu_s,
            "one": lambda: _kept(runs["one"], ours(1)).cpu_s,
            "one client": lambda: theirs(1),
            "eight clients": lambda: theirs(8),
        }
        got = bench.rounds(rounds, steps)
    ideal_s = ROWS / AT_ONCE * DELAY_MS / 1000
    pairs = zip(runs["ours"][1:], runs["one"][1:], strict=True)
    wall = [(whole.wall_s - one.wall_s + DELAY_MS / 1000) / ideal_s for whole, one in pairs]
    what = f"{ROWS:,} rows, {AT_ONCE} at a time, {DELAY_MS} ms each: time by the ideal {ideal_s:.2f} s, start-up off"
    yield Figure(what, "x", 1.08, wall, note="aim: 1.04 x")
    what = f"CPU of that, against {AT_ONCE} workers on one httpx.AsyncClient"
    yield Figure(what, "s", 0.9, got["ours"], got["one client"])
    what = "the same, against eight httpx.AsyncClients of eight connections"
    yield Figure(what, "s", 1.8, got["ours"], got["eight clients"])
    yield _memory(programs, many)


def _kept(runs: list[Run], result: Run) -> Run:
    runs.append(result)
    return result


def _memory(programs: Programs, many: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder, Waiting(0) as server:
        few, lot = (_ours(programs.ours.command[0], server.url, Path(folder), rows) for rows in (ROWS, many))
    return Figure(f"memory of {many:,} rows, less that of {ROWS:,}", "MB", 15, [lot.rss_mb - few.rss_mb])


def _ours(program: str, url: str, home: Path, rows: int) -> Run:
    """`batch run` of so many rows. Raises `ProgramFailed`: not all of them have their answer."""
    source, out = home / f"in{rows}.jsonl", home / f"out{rows}.jsonl"
    with source.open("w") as file:
        for number in range(rows):
            file.write(json.dumps({"id": str(number), "prompt": f"Prompt number {number}: say hello."}) + "\n")
    for name in (out, Path(f"{out}.journal")):
        name.unlink(missing_ok=True)
    command = [program, "batch", "run", str(source), "-o", str(out), "-j", str(AT_ONCE)]
    result = run(command, environment(url, home))
    with out.open() as file:
        done = sum('"status":"done"' in line.replace(" ", "") for line in file)
    if done != rows:
        raise ProgramFailed(f"batch run: {done} of {rows} rows are done")
    return result
