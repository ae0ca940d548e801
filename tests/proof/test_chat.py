"""A chat at a terminal, stopped at many moments: what came is kept, and the next message is answered."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from claude_cli.simulator import BackgroundSimulator

from ..commands.chats import Talk, turns
from ..commands.conftest import claude, forks, set_size, simulate, until
from ..forks import control
from ..prompting import hosted
from .conftest import environment

pytestmark = pytest.mark.proof
__all__ = ["claude", "forks", "simulate", "until"]

PIECES = ("#", " Blue", "\n\nOne", " two", " three.", "\n\n-", " four", "\n-", " five", "\n\n```python", "\nprint(6)",
          "\n```", "\n\nSeven", " eight.")  # fmt: skip
"""The answer, as the simulator cuts it; the first comes as event 7, behind the start and a sealed thinking block."""
FIRST = 7
MOMENTS = {
    "before the first byte": 0,
    "after the start": 1,
    "in the thinking": 4,
    "between thinking and text": 6,
    "after the first piece": 7,
    "in the heading": 8,
    "between blocks": 11,
    "in the list": 13,
    "in the code": 17,
    "behind the code": 18,
    "at the last word": 20,
    "before the end": 21,
}


@pytest.mark.parametrize("size", [(80, 24), (40, 24)], ids=["80", "40"])
@pytest.mark.parametrize("after", MOMENTS.values(), ids=MOMENTS)
def test_ctrl_c(claude, simulate, until, after, size):
    """What came is a turn of its own where there are words in it, else the message is in the prompt again."""
    simulator = simulate({"say": "".join(PIECES), "stall_after": after}, {"say": "Well then."})
    talk, log = Talk(claude, "--log-file", "log", size=size), claude.folder / "log"
    talk.ready()
    talk.say("Count")
    until(lambda: bool(simulator.requests) and seen(log.read_text()) >= after)
    talk.press("\x03")
    words = "".join(PIECES[: max(after - FIRST + 1, 0)])
    talk.ready("" if words else "Count")
    kept = [turn for turn in turns(claude.home) if turn[2]]
    assert kept == [("user", "whole", "Count"), *([("assistant", "interrupted", words)] if words else [])]
    assert ("/continue goes on" in "\n".join(talk.lines)) == bool(words)
    talk.press(("Go on" if words else "") + "\r")
    talk.shows("Well then.")
    talk.leave()
    assert [turn[:2] for turn in turns(claude.home) if turn[2]][-2:] == [("user", "whole"), ("assistant", "whole")]


def seen(log: str) -> int:
    """How many events of the answer the program has had."""
    return sum(map(int, re.findall(r'"events": ?(\d+)', log)))


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
@pytest.mark.parametrize("answering", [False, True], ids=["at the prompt", "in an answer"])
def test_a_terminal_that_vanishes(tmp_path, until, term, answering):
    """Its window is closed: what came is kept, and the program is gone at once."""
    with BackgroundSimulator(script=[{"say": "".join(PIECES), "stall_after": 11}]) as simulator:
        outside, terminal = pty.openpty()
        set_size(terminal, 80, 24)
        environ = {**environment(tmp_path, simulator.url), "TERM": term}
        process = subprocess.Popen(
            [sys.executable, "-m", "claude_cli", "chat", "--log-file", "log", *(["Count"] if answering else [])],
            stdin=terminal, stdout=terminal, stderr=terminal, env=environ, cwd=tmp_path, preexec_fn=lambda: control(1),
        )  # fmt: skip
        os.close(terminal)
        if answering:
            until(lambda: bool(simulator.requests) and seen((tmp_path / "log").read_text()) >= 11)
        else:
            shown = b""
            while b"Ctrl-D" not in shown:
                shown += os.read(outside, 65_536)
        os.close(outside)
        assert process.wait(20) == 129
        if answering:
            assert turns(tmp_path) == [("user", "whole", "Count"), ("assistant", "interrupted", "".join(PIECES[:5]))]


def test_nothing_is_done_while_nobody_types(tmp_path):
    """No clock wakes the prompt: it has used no more time after a while than before."""
    with hosted(tmp_path) as prompt:
        prompt.type("x")
        prompt.shows("> x")
        status = Path(f"/proc/{prompt.pid}/status")
        if not status.exists():
            pytest.skip("needs /proc")

        def switches() -> list[str]:
            return re.findall(r"ctxt_switches:\s+(\d+)", status.read_text())

        assert prompt.is_silent(0.5)
        before = switches()
        assert prompt.is_silent(0.7)
        assert switches() == before
