"""A budget over many processes: exactly what fits is sent, to the pico-dollar, also where one of them is killed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from claude_cli.core.budget import Plan, plan_of
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, text_block
from claude_cli.core.models import catalogue

from ..loopback import EVENTS, WAIT_S, Loopback, Peer, frames, response

pytestmark = pytest.mark.proof

PROCESSES, CALLS, FIT = 16, 500, 3000
REQUEST = ChatRequest("claude-sonnet-5-5", (Message("user", (text_block("hi"),)),), options=LLMOptions(max_tokens=100))
PLAN: Plan = plan_of(REQUEST, catalogue())
WORST = PLAN.worst_pico or 0
WORKER = """
import sys
from pathlib import Path
from claude_cli.core.blocking import run
from claude_cli.core.budget import Limits
from claude_cli.core.call import Call
from claude_cli.core.surroundings import CallPolicy
from claude_cli.core.errors import BudgetReachedError
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, text_block
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.storage.ledger import About, Ledger

url, path, calls, budget = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
turn = Message("user", (text_block("hi"),))
request = ChatRequest("claude-sonnet-5-5", (turn,), options=LLMOptions(max_tokens=100))
provider = AnthropicProvider.configured(ProviderConfig(None, url, environ={}))
# One day for all: midnight must not give half of them a new budget.
ledger = Ledger(path, About("proof", "anthropic", ""), Limits(day_pico=budget), notify=print,
                local_day=lambda seconds: "2026-11-22")
around, transport = surroundings("anthropic", recorder=ledger), provider.blocking_transport()
done = refused = 0
for _ in range(calls):
    try:
        for _ in run(Call(request, CallPolicy(), around), transport, provider.exchange):
            pass
        done += 1
    except BudgetReachedError:
        refused += 1
print(done, refused)
"""


def answer(output_tokens: int) -> bytes:
    """A whole answer whose prompt counts what we estimate."""
    start = {"id": "msg_1", "model": REQUEST.model, "usage": {"input_tokens": PLAN.input_tokens}}
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": output_tokens}}
    return response(frames([{"type": "message_start", "message": start}, *EVENTS[1:-2], last, EVENTS[-1]]))


def start(server: Loopback, folder: Path, calls: int, budget: int) -> subprocess.Popen[str]:
    """A process that makes `calls` calls under a day's budget of so many pico-dollars."""
    words = [sys.executable, "-c", WORKER, server.url, str(folder / "usage.db"), str(calls), str(budget)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def outcome(process: subprocess.Popen[str]) -> tuple[int, int]:
    """Calls that were answered, and calls that were refused."""
    out, _ = process.communicate(timeout=100)
    done, refused = out.split()
    return int(done), int(refused)


def spent(folder: Path) -> int:
    """Pico-dollars, by the ledger; nothing is set aside any more."""
    with closing(sqlite3.connect(folder / "usage.db")) as ledger:
        (reserved,) = ledger.execute("SELECT sum(reserved_pico) FROM calls").fetchone()
        assert reserved == 0
        (total,) = ledger.execute("SELECT sum(cost_pico) FROM days").fetchone()
    return int(total)


def play(data: bytes):
    """Answers every request with `data`."""

    def serve(peer: Peer) -> None:
        while peer.answer(data):
            pass

    return serve


def test_exactly_as_many_calls_as_fit_are_sent(tmp_path):
    """Every call costs its worst case: 3,000 of 8,000 reach the server, and nothing of the budget is left."""
    with Loopback(play(answer(100))) as server:
        processes = [start(server, tmp_path, CALLS, FIT * WORST) for _ in range(PROCESSES)]
        ends = [outcome(process) for process in processes]
        assert len(server.requests) == FIT
    assert sum(done for done, _ in ends) == FIT
    assert sum(refused for _, refused in ends) == PROCESSES * CALLS - FIT
    assert spent(tmp_path) == FIT * WORST


def test_what_is_set_aside_and_not_used_is_given_back(tmp_path):
    """Real answers are shorter: never over the budget, and at the end not even one worst case is left of it."""
    budget, real = 1000 * WORST, WORST - 60 * (PLAN.token_pico or 0)
    with Loopback(play(answer(40))) as server:
        processes = [start(server, tmp_path, CALLS, budget) for _ in range(PROCESSES)]
        done = sum(outcome(process)[0] for process in processes)
        assert len(server.requests) == done
    assert spent(tmp_path) == done * real
    assert budget - WORST < spent(tmp_path) <= budget


def test_a_call_whose_process_was_killed_is_charged_its_prompt(tmp_path):
    """Until then its worst case counts; then nobody will ever say what it cost, and the row says that."""
    arrived = threading.Event()

    def stall_once(peer: Peer) -> None:
        if peer.number > 1:
            play(answer(100))(peer)
        elif peer.request():
            arrived.set()
            peer.wait()

    budget = WORST + (PLAN.input_pico or 0)
    with Loopback(stall_once) as server:
        victim = start(server, tmp_path, 1, budget)
        assert arrived.wait(WAIT_S)
        assert outcome(start(server, tmp_path, 1, budget)) == (0, 1)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        assert outcome(start(server, tmp_path, 2, budget)) == (1, 1)
    assert spent(tmp_path) == budget
    with closing(sqlite3.connect(tmp_path / "usage.db")) as ledger:
        rows = ledger.execute("SELECT status, cost_pico, input_tokens, estimated FROM calls ORDER BY id").fetchall()
    assert rows == [("lost", PLAN.input_pico, PLAN.input_tokens, 1), ("done", WORST, PLAN.input_tokens, 0)]
