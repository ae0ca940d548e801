"""kill -9 at any moment: the question is on disk, and the answer but for its last second. And a long chat's memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claude_cli.core.conversation import Conversation
from claude_cli.simulator import BackgroundSimulator
from claude_cli.storage.conversations import History

from .conftest import environment

pytestmark = pytest.mark.proof

PACE_S = 0.02
MOST_LOST_S = 1.0
WORDS = " ".join(f"word{number}" for number in range(200))


def kept_of(folder: Path) -> Conversation:
    """The one conversation there is."""
    history = History(folder, notify=print)
    (entry,) = history.entries()
    return history.load(entry.id)


@pytest.mark.parametrize("moment", range(20))
def test_a_kill_loses_at_most_the_last_second(tmp_path, moment):
    """Killed as soon as the request is there, or when so many words have come; then it is gone on with."""
    with BackgroundSimulator(script=[{"say": WORDS, "pace_s": PACE_S}, {"say": "AND ON"}]) as simulator:
        env = environment(tmp_path, simulator.url)
        command = [sys.executable, "-m", "claude_cli", "chat", "--no-input", "-S", "kill"]
        process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin and process.stdout
        process.stdin.write(b"question\n")
        process.stdin.flush()
        came: list[tuple[float, int]] = []  # when how much had been shown
        shown = b""
        while moment and shown.count(b"word") < moment * 9:
            shown += os.read(process.stdout.fileno(), 65_536)
            came.append((time.monotonic(), len(shown)))
        while not simulator.requests:
            time.sleep(0.001)
        process.kill()
        killed = time.monotonic()
        process.wait()
        process.stdin.close()
        process.stdout.close()
        kept = kept_of(tmp_path)
        (prompt,) = kept.prompts
        answer = kept.answers[0].text if kept.answers else ""
        due = max((length for when, length in came if when < killed - MOST_LOST_S), default=0)
        assert prompt.text == "question" and len(answer) >= due and WORDS.startswith(answer)
        if not answer:
            assert kept.unanswered
            return
        assert kept.answers[0].state == "open"
        subprocess.run(command, env=env, input=b"/continue\n", capture_output=True, check=True, timeout=60)
    (whole,) = kept_of(tmp_path).answers
    assert (whole.text, whole.state) == (f"{answer}AND ON", "whole")


LAUNCHER = """
import os, subprocess, sys
lines = sys.stdin.buffer.read()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
process.stdin.write(lines)
process.stdin.close()
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


def test_500_turns_take_little_more_memory_than_their_text(tmp_path):
    """At most 10 MB beyond that; a process inherits its parent's peak, so a small one starts the program."""

    def peak_mb(turns: int) -> tuple[float, int]:
        """Of a chat of so many turns, and the bytes of its text."""
        folder = tmp_path / str(turns)
        folder.mkdir()
        env = environment(folder, simulator.url)
        lines = "".join(f"{number} {'question ' * 40}\n" for number in range(turns)).encode()
        command = [sys.executable, "-I", "-S", "-c", LAUNCHER, sys.executable, "-m", "claude_cli"]
        done = subprocess.run([*command, "chat", "--no-input", "-S", "long"], env=env, input=lines,
                              capture_output=True, check=True, timeout=300)  # fmt: skip
        status, peak = done.stdout.split()
        assert status == b"0", done.stderr
        kept = kept_of(folder)
        assert len(kept.answers) == turns
        return int(peak) / 1024, sum(len(turn.text) for turn in kept.path)

    with BackgroundSimulator(script=[{"say": "answer " * 60, "times": "always"}], recorded=0) as simulator:
        small, few = peak_mb(5)
        large, many = peak_mb(500)
    grown = large - small - (many - few) / 2**20
    print(f"{grown:.1f} MB beyond the text")
    assert grown <= 10
