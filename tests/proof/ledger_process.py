"""A process that keeps the ledger, started by the proof beside it: makes calls until it is killed, or as it is told.

`ledger_process.py calls LEDGER URL TIMES NAME` asks the server again and again, each time as a program started anew
would. `ledger_process.py each` records a call in the ledger of each path that comes on standard input.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from itertools import count
from pathlib import Path

from claude_cli.core.blocking import run
from claude_cli.core.budget import Limits, Plan, Record, Ticket
from claude_cli.core.call import Call
from claude_cli.core.messages import ChatRequest, Message, Usage, text_block
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.surroundings import CallPolicy
from claude_cli.storage.ledger import About, Ledger


class Timed:
    """A ledger that writes down, in a file and as it happens, what each of its steps took.

    A line has two numbers of milliseconds: the whole step, and how much of it another process was in its way. What a
    sleep took longer than it should is not the database's: twelve processes share two processors here.
    """

    def __init__(self, path: Path, session: str, times: int) -> None:
        about = About("complete", "anthropic", "", session)
        self._ledger = Ledger(path, about, Limits(10**15), notify=notify, sleep=self._sleep)
        self._times, self._waited_s = times, 0.0

    def begin(self, plan: Plan) -> Ticket:
        return self._timed(self._ledger.begin, plan)

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int | None) -> Ticket:
        return self._timed(self._ledger.extend, ticket, plan, spent_pico)

    def settle(self, ticket: Ticket, record: Record) -> None:
        self._timed(self._ledger.settle, ticket, record)

    def _timed(self, step, *arguments):
        started, self._waited_s = time.monotonic(), 0.0
        try:
            return step(*arguments)
        finally:
            took = time.monotonic() - started
            os.write(self._times, b"%.1f %.1f\n" % (took * 1000, self._waited_s * 1000))

    def _sleep(self, seconds: float) -> None:
        self._waited_s += seconds
        time.sleep(seconds)


def notify(notice) -> None:
    """A call that went unrecorded is what the proof is about."""
    print(notice.code, notice.text, flush=True)


def calls(ledger: str, url: str, times: str, name: str) -> None:
    """Ask `url` without end; the session of each call is the question it asks."""
    provider = AnthropicProvider("sk-ant-test-key", url)
    log = os.open(times, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number in count():
        words = f"{name}-{number}"
        around = surroundings("anthropic", recorder=Timed(Path(ledger), words, log))
        request = ChatRequest("claude-haiku-5-5", (Message("user", (text_block(words),)),))
        with closing(provider.blocking_transport()) as transport:
            for _ in run(Call(request, CallPolicy(), around), transport, provider.exchange):
                pass


def each() -> None:
    """Record a call in each ledger that is named."""
    kept: dict[str, Ledger] = {}  # as long as the process lives, as a program keeps its own
    for line in sys.stdin:
        ledger = kept.get(line) or Ledger(
            Path(line.strip()), About("complete", "anthropic", ""), Limits(), notify=notify
        )
        kept[line] = ledger
        ticket = ledger.begin(Plan("claude-haiku-5-5", 10, 1000, input_pico=10, token_pico=1))
        ledger.settle(ticket, Record("claude-haiku-5-5", "done", Usage(10, 5), 15))
        print("done", flush=True)


if __name__ == "__main__":
    {"calls": calls, "each": each}[sys.argv[1]](*sys.argv[2:])
