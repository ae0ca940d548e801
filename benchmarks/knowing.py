"""What it costs to know: the ledger beside each call, `usage` over a million of them, lists, and `health`."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from claude_cli.core.models import catalogue
from claude_cli.simulator import BackgroundSimulator
from claude_cli.storage.database import Database
from claude_cli.storage.ledger_schema import FILE_NAME, KEPT_DAYS, SCHEMA

from .figures import PEERS, PROMPT, Bench, Figure, Program, Programs

CALLS = 1_000_000
IN_A_SESSION = 100
"""Calls; every other one belongs to none."""

_INSERT = """
INSERT INTO calls (at, day, owner, command, provider, model, profile, session, request_id, state, status,
    input_tokens, output_tokens, cache_read_tokens, cost_pico, duration_ms, ttft_ms)
VALUES (?, ?, 0, ?, 'anthropic', ?, '', ?, ?, 'done', 'done', ?, ?, ?, ?, 2000, 500)"""
_SUM_UP = """
INSERT INTO days SELECT day, model, command, profile, count(*), sum(cost_pico IS NULL), sum(estimated),
    sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(thinking_tokens),
    sum(ifnull(cost_pico, 0))
FROM calls GROUP BY day, model, command, profile"""


def fill(path: Path, number: int = CALLS) -> None:
    """Make a ledger of so many calls in the last 90 days, by its real tables: none is old enough to be folded."""
    database = Database(path, SCHEMA, notify=lambda notice: None)

    def work(connection: sqlite3.Connection) -> None:
        connection.executemany(_INSERT, _calls(number))
        connection.execute(_SUM_UP)

    database.write(work)
    database.close()


def _calls(number: int) -> Iterator[tuple[object, ...]]:
    draw, models = random.Random(1), [model.id for model in catalogue().models]
    first = date.today() - timedelta(days=KEPT_DAYS - 1)
    days = [(first + timedelta(days=each)).isoformat() for each in range(KEPT_DAYS)]
    for each in range(number):
        chats = each % 2
        session = f"{each // (2 * IN_A_SESSION):08x}-of-a-conversation" if chats else None
        model, read = models[draw.randrange(8)], 5000 * chats
        price = None if each % 50 == 0 else draw.randrange(10**10)
        yield (
            each, days[each * KEPT_DAYS // number], "chat" if chats else "complete", model, session, f"req_{each:020d}",
            draw.randrange(3000), draw.randrange(900), read, price,
        )  # fmt: skip


def knowing(bench: Bench, programs: Programs, rounds: int, *, calls: int = CALLS) -> Iterator[Figure]:
    """All figures of this file."""
    yield from _lists(bench, programs, rounds)
    yield from _recording(bench, programs, rounds)
    yield from _usage(bench, programs, rounds, calls)
    yield from _health(bench, programs, rounds)


def _lists(bench: Bench, programs: Programs, rounds: int) -> Iterator[Figure]:
    """What a person types to look something up, beside an interpreter that does nothing."""
    for words in (["models"], ["config", "show"]):
        program = Program(" ".join(words), [programs.ours.command[0], *words])
        got = bench.rounds(rounds, {"ours": _wall_ms(bench, program), "yardstick": _wall_ms(bench, programs.empty)})
        yield Figure(f"`{program.name}` against `python -c pass`", "ms", 12, got["ours"], got["yardstick"])


def _recording(bench: Bench, programs: Programs, rounds: int) -> Iterator[Figure]:
    """What the ledger adds to a whole one-shot: to load, to write the call down, and to write down how it ended."""
    script = [programs.empty.command[0], str(PEERS / "one_shot.py")]

    steps = {
        how: _wall_ms(bench, Program(f"a one-shot {how} its ledger", [*script, how, "complete", PROMPT]))
        for how in ("with", "without")
    }
    got = bench.rounds(rounds, steps)
    more = [kept - not_kept for kept, not_kept in zip(got["with"], got["without"], strict=True)]
    yield Figure("a one-shot from start to end, less the same without the ledger", "ms", 5, more)


def _usage(bench: Bench, programs: Programs, rounds: int, calls: int) -> Iterator[Figure]:
    """The whole process, over calls of which none is folded."""
    with tempfile.TemporaryDirectory() as home:
        fill(Path(home) / FILE_NAME, calls)
        environ = {"CLAUDE_CLI_HOME": home}
        for by in ("day", "session"):
            program = Program("usage", [programs.ours.command[0], "usage", "--since", "all", "--by", by])
            got = bench.rounds(rounds, {by: _wall_ms(bench, program, environ)})
            yield Figure(f"`usage --by {by}` over {calls:,} calls", "ms", 1500, got[by])


def _health(bench: Bench, programs: Programs, rounds: int) -> Iterator[Figure]:
    """Every check, with a server that answers at once."""
    program = Program("health", [programs.ours.command[0], "health"])
    with BackgroundSimulator() as simulator:
        environ = {"ANTHROPIC_BASE_URL": simulator.url}
        got = bench.rounds(rounds, {"health": _wall_ms(bench, program, environ)})
    yield Figure("`health` with the simulator", "ms", 1000, got["health"])


def _wall_ms(bench: Bench, program: Program, environ: Mapping[str, str] | None = None) -> Callable[[], float]:
    """A step: one run of `program`, in milliseconds."""
    return lambda: bench.one(program, environ=environ).wall_s * 1e3
