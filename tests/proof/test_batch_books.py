"""The books of batches: one budget over many batches at once, and a row for every call of one that is killed."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from ..loopback import WAIT_S, Loopback, Peer
from .test_budget import PLAN, WORST, answer, outcome, play, spent

pytestmark = pytest.mark.proof

PROCESSES, CALLS, FIT = 16, 300, 2000
WORKER = """
import asyncio, sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from claude_cli.storage.books import RunBooks
from claude_cli.storage.ledger_grouped import GroupedLedger
from claude_cli.core.budget import Limits, plan_of
from claude_cli.core.call import Call
from claude_cli.core.client import Client
from claude_cli.core.errors import BudgetReachedError
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, text_block
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.surroundings import CallPolicy
from claude_cli.storage.ledger import About, Ledger

url, path, calls, budget, wait = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]
turn = Message("user", (text_block("hi"),))
request = ChatRequest("claude-sonnet-5-5", (turn,), options=LLMOptions(max_tokens=100))

def ledger(tell):
    # One day for all: midnight must not give half of them a new budget.
    return Ledger(path, About("batch", "anthropic", ""), Limits(day_pico=budget), notify=tell,
                  local_day=lambda seconds: "2026-11-22")

async def main():
    provider = AnthropicProvider.configured(ProviderConfig(None, url, environ={}))
    around, books = surroundings("anthropic"), RunBooks(None, GroupedLedger(ledger, print))
    plan, left, done, refused = plan_of(request, around.models, flexible=False), iter(range(calls)), 0, 0

    async def reserve():
        while True:
            try:
                return await books.reserve(plan)
            except BudgetReachedError as error:
                if not (wait and error.retryable):
                    raise
                await asyncio.sleep(0.01)

    async def work():
        nonlocal done, refused
        for _ in left:
            try:
                around_one = replace(around, recorder=await reserve())
            except BudgetReachedError:
                refused += 1
                continue
            call = Call(request, CallPolicy(), around_one, plan=plan)
            async with aclosing(Client(provider, around_one).run(call)) as batches:
                async for _ in batches:
                    pass
            done += 1

    await asyncio.gather(*(work() for _ in range(32)))
    await books.aclose()
    await provider.aclose()
    print(done, refused)

asyncio.run(main())
"""


def start(server: Loopback, folder: Path, calls: int, budget: int, *words: str) -> subprocess.Popen[str]:
    """A process that makes `calls` calls, 32 at a time; with the word "wait" it waits for money that is set aside."""
    command = [sys.executable, "-c", WORKER, server.url, str(folder / "usage.db"), str(calls), str(budget), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_exactly_as_many_calls_as_fit_are_sent(tmp_path):
    """Every call costs its worst case: 2,000 of 4,800 reach the server, and nothing of the budget is left."""
    with Loopback(play(answer(100))) as server:
        processes = [start(server, tmp_path, CALLS, FIT * WORST) for _ in range(PROCESSES)]
        ends = [outcome(process) for process in processes]
        assert len(server.requests) == FIT
    assert sum(done for done, _ in ends) == FIT
    assert sum(refused for _, refused in ends) == PROCESSES * CALLS - FIT
    assert spent(tmp_path) == FIT * WORST


def test_batches_that_wait_use_the_budget_up_and_never_pass_it(tmp_path):
    """Real answers are shorter: what they leave is used by whoever waits, until not one worst case is left."""
    budget, real = 600 * WORST, WORST - 60 * (PLAN.token_pico or 0)
    with Loopback(play(answer(40))) as server:
        processes = [start(server, tmp_path, CALLS, budget, "wait") for _ in range(PROCESSES)]
        done = sum(outcome(process)[0] for process in processes)
        assert len(server.requests) == done
    assert spent(tmp_path) == done * real
    assert budget - WORST < spent(tmp_path) <= budget


def test_a_batch_that_is_killed_has_a_row_for_every_call(tmp_path):
    """At twenty random moments: rows are never fewer than calls, and the next one to come finds all that were lost."""
    chance, due = random.Random(20261122), threading.Event()
    target = 0

    def slow(peer: Peer) -> None:
        while peer.request() is not None:
            if len(server.requests) >= target:
                due.set()
            peer.pause(0.01)
            peer.send(answer(100))

    with Loopback(slow) as server:
        for _ in range(20):
            target = len(server.requests) + chance.randrange(1, 300)
            due.clear()
            victim = start(server, tmp_path, 10_000, 10**15)
            assert due.wait(10 * WAIT_S)
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
        assert outcome(start(server, tmp_path, 1, 10**15)) == (1, 0)
        calls = len(server.requests)
    with closing(sqlite3.connect(tmp_path / "usage.db")) as ledger:
        states = dict(ledger.execute("SELECT state, count(*) FROM calls GROUP BY state").fetchall())
    assert states.keys() == {"done", "lost"}
    assert calls <= sum(states.values()) <= calls + 20 * 32
