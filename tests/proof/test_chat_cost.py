"""What a long chat costs with the prompt cache, by the usage of its answers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from claude_cli.core.messages import Usage
from claude_cli.core.models import catalogue
from claude_cli.core.pricing import cost
from claude_cli.simulator import BackgroundSimulator
from claude_cli.storage.conversations import History

from .conftest import environment

pytestmark = pytest.mark.proof

MODEL, TURNS, TOKENS = "claude-sonnet-5-5", 50, 400
CHARS = int((TOKENS - 4) * 2.5)  # as the simulator counts tokens: so many characters each, and 4 a message


def test_fifty_turns_cost_under_15_percent_of_sending_all_at_full_price(tmp_path):
    """Each request sends all that was said, and pays in full for little more than what is new."""
    lines = "".join(f"{f'{number:03} ' + 'question ' * 200:.{CHARS}}\n" for number in range(TURNS))
    with BackgroundSimulator(script=[{"say": "answer " * 141, "times": "always"}]) as simulator:
        command = [sys.executable, "-m", "claude_cli", "chat", "--no-input", "-m", MODEL, "-S", "cost"]
        env = environment(tmp_path, simulator.url)
        subprocess.run(command, env=env, input=lines.encode(), capture_output=True, check=True, timeout=100)
    history = History(tmp_path, notify=print)
    (entry,) = history.entries()
    used = [turn.usage for turn in history.load(entry.id).answers]
    assert len(used) == TURNS
    model = catalogue().find(MODEL)
    paid = full = 0
    for usage in used:
        assert usage
        prompt = {name: count for name, count in usage.raw.items() if name != "output_tokens"}
        paid += cost(Usage(usage.input_tokens, 0, usage.cache_read_tokens, usage.cache_write_tokens, raw=prompt), model)
        full += cost(Usage(usage.total_input_tokens), model)
    share = paid / full
    print(f"{share:.1%} of the full price")
    assert share < 0.15
