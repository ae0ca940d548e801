"""The Python of the documentation runs: what a reader copies has to work."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from claude_cli.simulator import BackgroundSimulator

ROOT = Path(__file__).resolve().parent.parent


def blocks(page: str) -> list[str]:
    """The Python blocks of a page, in order."""
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def simulator(monkeypatch):
    """A simulated API, found as the real one is: by the environment."""
    with BackgroundSimulator() as running:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test-key")
        yield running


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_first_example_prints_an_answer(page, simulator, capsys):
    """It is the one everybody copies."""
    exec(compile(blocks(page)[0], page, "exec"), {"__name__": "example"})
    assert "simulated" in capsys.readouterr().out
    assert len(simulator.requests) == 1


def test_the_example_that_streams(simulator, capsys):
    """Nothing but the answer's text is printed."""
    exec(compile(blocks("docs/python.md")[1], "example", "exec"), {"__name__": "example"})
    out = capsys.readouterr().out
    assert out.startswith("This is a **simulated** answer") and "StreamChunk" not in out


def test_the_example_that_asks_many(simulator, capsys):
    """Each of them is answered."""
    exec(compile(blocks("docs/python.md")[2], "example", "exec"), {"__name__": "example"})
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in lines if " done " in line) == ["Graz", "Linz", "Steyr", "Wels"]
    assert len(simulator.requests) == 4


def test_the_example_with_telemetry(simulator, capsys):
    """The events, where they do not get between the words."""
    exec(compile(blocks("docs/python.md")[3], "example", "exec"), {"__name__": "example"})
    out, err = capsys.readouterr()
    assert out == "" and "RequestStop" in err


def test_the_example_of_the_simulator_runs(capsys):
    """It needs no environment: it starts its own."""
    exec(compile(blocks("docs/simulator.md")[0], "example", "exec"), {"__name__": "example"})
    assert capsys.readouterr().out == "Good day\nclaude-haiku-5-5\n"


def test_the_example_plugin_answers():
    """A plugin's author starts from it."""
    names: dict[str, Any] = {}
    exec(compile(blocks("docs/python.md")[4], "plugin", "exec"), names)
    answer = asyncio.run(names["ParrotProvider"]().generate_completion("parrot-1", "Hello there"))
    assert answer["text"] == "Hello there"
    assert answer["stop_reason"] == "end_turn"
