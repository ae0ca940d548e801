"""Every call of the program is in the ledger, however it ended; what sends nothing is not."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import pytest

from claude_cli.core.pricing import money

STALLED = {"say": "first words, and the rest", "stall_after": 8, "times": "always"}
PLUGIN = """
import asyncio
from claude_cli import LLMProvider
from claude_cli.core.events import BlockStart, MessageDelta, MessageDone, MessageStart, TextDelta

class Slow(LLMProvider):
    PROVIDER_NAME, DISPLAY_NAME, API_KEY_NAME = "slow", "Slow", "SLOW_KEY"
    async def stream(self, request):
        yield MessageStart("msg_1", request.model, {"input_tokens": 7})
        yield BlockStart(0, {"type": "text", "text": ""})
        yield TextDelta(0, "first words ")
        if "stall" in request.messages[-1].text:
            await asyncio.sleep(60)
        yield MessageDelta("end_turn", usage={"output_tokens": 2})
        yield MessageDone()
    async def get_available_models(self):
        return []
"""


@pytest.fixture
def rows(claude):
    """The calls in the ledger, the columns that are named."""

    def read(*columns: str) -> list[tuple]:
        with closing(sqlite3.connect(claude.home / "usage.db")) as ledger:
            return ledger.execute(f"SELECT {', '.join(columns)} FROM calls ORDER BY id").fetchall()

    return read


@pytest.fixture
def plugin(claude):
    """Where a provider is installed that stalls when the prompt says so."""
    info = claude.folder / "plugins" / "slow-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[claude_cli.providers.v1]\nslow = slow_provider:Slow\n")
    (info.parent / "slow_provider.py").write_text(PLUGIN)
    return str(info.parent)


def test_a_call_is_a_row(claude, simulate, rows):
    """With everything but the content."""
    (claude.home / "config.toml").write_text("[profiles.work]\nmodel = 'opus'\n")
    simulate({"say": "SECRET answer", "usage": {"input_tokens": 5, "output_tokens": 3}})
    told = claude("complete", "SECRET question", "--profile", "work", "--json").json
    names = ("command", "provider", "profile", "model", "status", "request_id", "cost_pico", "duration_ms")
    (row,) = rows(*names, "input_tokens", "output_tokens", "estimated")
    assert row[:6] == ("complete", "anthropic", "work", "claude-opus-5-5", "done", told["request_id"])
    assert row[6] == 5 * 4_000_000 + 3 * 20_000_000 == round(told["cost_usd"] * 10**12)
    assert row[8:] == (5, 3, 0) and 0 <= row[7] <= told["duration_ms"]
    assert not any(b"SECRET" in file.read_bytes() for file in claude.home.glob("usage.db*"))


@pytest.mark.parametrize(
    ("step", "words", "status", "kept"),
    [
        pytest.param({"status": 400}, [], 4, ("invalid_request", 0, 0), id="rejected"),
        pytest.param({"stop_reason": "max_tokens", "say": "Half"}, [], 7, ("max_tokens", None, 0), id="cut"),
        pytest.param({"stop_reason": "refusal"}, [], 8, ("refusal", 0, 0), id="refused"),
        pytest.param({"cut_after": 8, "say": "one two three"}, [], 7, ("stream_interrupted", None, 1), id="broken off"),
        pytest.param(
            {"say": "no JSON"}, ["--schema", "name"], 10, ("done", None, 0), id="whole, but of the wrong form"
        ),
        pytest.param({"drop": True}, ["--retries", "0"], 6, ("connection", 0, 0), id="no answer"),
    ],
)
def test_a_failed_call_is_a_row(claude, simulate, rows, step, words, status, kept):
    """What it cost, if anything came; its estimate is marked."""
    simulate(step)
    assert claude("complete", "hi", *words).status == status
    ((word, cost, estimated),) = rows("status", "cost_pico", "estimated")
    assert (word, estimated) == (kept[0], kept[2])
    assert cost == 0 if kept[1] == 0 else cost > 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("provider", ["anthropic", "slow"])
def test_a_stopped_call_is_a_row(claude, simulate, plugin, rows, number, status, provider):
    """What came was paid for; by our own provider and by a plugin's."""
    simulator = simulate(STALLED)
    running = claude.start("complete", "stall", "-u", "-m", "haiku", "--provider", provider, PYTHONPATH=plugin)
    running.out.wait_for(b"first words")
    running.signal(number)
    done = running.wait()
    ((provider_, word, cost, estimated),) = rows("provider", "status", "cost_pico", "estimated")
    assert done.status == status
    assert len(done.lines) == 1 and done.err.startswith("about ") and f" out, about {money(cost)}, " in done.err
    assert (provider_, word, cost > 0, estimated) == (provider, "aborted", True, 1)
    if provider == "anthropic":
        simulator.settled()
        assert simulator.requests[0].aborted


def test_a_closed_pipe_is_a_row(claude, simulate, rows):
    """Its reader has read enough; upstream ends, and what came is charged."""
    simulator = simulate({"flood": 1_000_000})
    done = claude("complete", "hi", shell='{ "$@"; echo "status $?" >&2; } | head -c 9')
    assert done.err == "status 141\n"
    simulator.settled()
    assert simulator.requests[0].aborted
    assert rows("status", "estimated") == [("aborted", 1)]


def test_a_plugin_s_call_is_a_row(claude, plugin, rows):
    """With the usage that it tells, and the price of the model that it names."""
    done = claude("complete", "hi", "-m", "haiku", "--provider", "slow", PYTHONPATH=plugin)
    assert done.out == "first words \n"
    assert rows("provider", "model", "status", "cost_pico") == [
        ("slow", "claude-haiku-5-5", "done", 7 * 100_000 + 2 * 500_000)
    ]


def test_what_sends_nothing_is_not_recorded(claude, simulator):
    """No answer of the simulator's own, no dry run, nothing that is wrong beforehand."""
    for words in (["hi", "--offline"], ["hi", "--dry-run"], ["hi", "--top-p", "7"]):
        claude("complete", *words)
    claude("models")
    assert not (claude.home / "usage.db").exists()


def test_tries_are_one_row(claude, simulate, rows):
    """A call is what was asked for, not how often it had to be sent."""
    simulate({"status": 529, "retry_after_ms": 1}, {"say": "Hello"})
    assert claude("complete", "hi").status == 0
    assert rows("status") == [("done",)]
