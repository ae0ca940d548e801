"""Without key and network: the built-in simulator answers, says so, and never learns a real key."""

from __future__ import annotations

import json

import pytest

LINE = "claude-cli: offline: the built-in simulator answers, no model is asked"


@pytest.mark.parametrize(
    ("words", "env"), [(["--offline"], {}), ([], {"CLAUDE_CLI_OFFLINE": "1"})], ids=["flag", "variable"]
)
def test_offline_needs_neither_key_nor_network(claude, words, env):
    """The first line a newcomer tries, in an environment that has nothing; and it says what it is."""
    for key in (None, "sk-ant-api03-CANARY", "a key with blanks"):
        done = claude("complete", "Explain TLS", *words, ANTHROPIC_API_KEY=key, ANTHROPIC_BASE_URL=None, **env)
        assert (done.status, done.lines) == (0, [LINE])
        assert "**simulated**" in done.out and "> Explain TLS" in done.out


def test_a_real_key_is_never_sent_offline(claude, simulator):
    """Not to the simulator, and not to the address of the environment."""
    done = claude("complete", "hi", "--offline", "-n")
    shown = json.loads(done.out)
    assert shown["headers"]["x-api-key"] == "***" and not shown["url"].startswith(simulator.url)
    done = claude("complete", "hi", "--offline", "--provider", "anthropic")
    assert done.status == 0 and simulator.requests == []


def test_the_simulator_is_shown_a_made_up_key(claude, capfd, monkeypatch):
    """What it records of the call is not the environment's key."""
    from claude_cli import simulator as package
    from claude_cli.cli import main
    from claude_cli.simulator import BackgroundSimulator

    started = []

    class Remembered(BackgroundSimulator):
        def __enter__(self):
            started.append(self)
            return super().__enter__()

    monkeypatch.setattr(package, "BackgroundSimulator", Remembered)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-CANARY")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "CANARY-token")
    monkeypatch.setenv("CLAUDE_CLI_HOME", str(claude.home))
    assert main(["complete", "hi", "--offline", "--no-stdin", "--log-file", str(claude.folder / "log")]) == 0
    capfd.readouterr()
    (request,) = started[0].requests
    assert request.headers["x-api-key"] == "sk-sim-made-up-key" and "CANARY" not in str(request.headers)
    assert '"provider": "simulator"' in (claude.folder / "log").read_text()


def test_offline_fetches_nothing(claude):
    """A URL as a file is a network, too."""
    done = claude("complete", "hi", "-f", "http://127.0.0.1:9/x", "--offline")
    assert done.status == 2 and "--offline" in done.err


def test_offline_on_a_terminal_is_paced_and_ends(claude):
    """Somebody watches: the pieces come one by one, and the line stays whole."""
    done = claude("complete", "hi", "--offline", "-q", out="terminal", err="terminal")
    assert (done.status, done.err) == (0, "") and done.out.endswith("\n")
