"""Many tasks against a server that enforces limits: they use what these allow, and are turned away next to never."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from claude_cli.batch.gate import Cost, Gate
from claude_cli.core.budget import plan_of
from claude_cli.core.call import Call
from claude_cli.core.client import Client
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, Usage, text_block
from claude_cli.core.models import catalogue
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.surroundings import CallPolicy

from .conftest import environment, start

pytestmark = pytest.mark.proof

LASTS_S = 20.0
MODEL = "claude-haiku-5-5"


@dataclass
class Night:
    """Rows without an end, for `LASTS_S`: what the server answered, and what it took for that."""

    gate: Gate
    provider: AnthropicProvider
    prompt: str
    heads: Counter[int] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    number: int = 0

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Count, and pass it on."""
        self.heads[status] += 1
        self.gate.heard(status, headers)

    async def work(self, ends_at: float) -> None:
        """One row after the other."""
        while time.monotonic() < ends_at:
            self.number += 1
            usage = await self.ask(f"{self.number} {self.prompt}")
            self.used["requests"] += 1
            self.used["input-tokens"] += usage.input_tokens
            self.used["output-tokens"] += usage.output_tokens

    async def ask(self, prompt: str) -> Usage:
        """One row, as a batch asks it."""
        request = ChatRequest(MODEL, (Message("user", (text_block(prompt),)),), options=LLMOptions(max_tokens=16_000))
        around = surroundings("anthropic")
        slot = await self.gate.enter(Cost(plan_of(request, catalogue()).input_tokens, 1000))
        usage = None
        try:

            async def rest(seconds: float) -> None:
                await slot.rest(seconds, "rate_limit")

            call = Call(request, CallPolicy(), around)
            async for _ in Client(self.provider, around, sleep=rest).run(call):
                pass
            usage = call.completion().usage
        finally:
            slot.leave(usage)
        return usage


@pytest.mark.parametrize("burst_s", [6.0, 2.0], ids=["a tenth at once", "two seconds' worth at once"])
@pytest.mark.parametrize(
    ("bound", "limit", "words"),
    [
        pytest.param("requests", 3_000, 5, id="requests"),
        pytest.param("input-tokens", 3_000_000, 600, id="input tokens"),
        pytest.param("output-tokens", 400_000, 20, id="output tokens"),
    ],
)
def test_the_limits_are_used_and_kept(tmp_path, bound, limit, words, burst_s):
    """At least 90 % of what is allowed, under 2 % of the requests answered 429."""

    async def run(url: str) -> Night:
        provider = AnthropicProvider("sk-ant-test-key", url)
        night = Night(Gate(64), provider, "word " * words)
        provider.heard = night.heard
        ends_at = time.monotonic() + LASTS_S
        await asyncio.gather(*(night.work(ends_at) for _ in range(68)))
        await provider.aclose()
        return night

    (tmp_path / "script.json").write_text('[{"delay_s": 0.2, "times": "always"}]')
    limits = {"requests": 100_000, "input-tokens": 10**9, "output-tokens": 10**9, bound: limit}
    flags = [word for name, most in limits.items() for word in (f"--{name}-per-minute", str(most))]
    flags += ["--burst", str(burst_s), "--script", str(tmp_path / "script.json")]
    with start(["simulate", *flags], environment(tmp_path, "")) as simulator:
        assert simulator.stdout is not None
        url = simulator.stdout.readline().decode().strip()
        began = time.monotonic()
        night = asyncio.run(run(url))
        took = time.monotonic() - began
        simulator.terminate()
    allowed = limit / 60 * (took + burst_s)
    share, refused = night.used[bound] / allowed, night.heads[429] / night.heads.total()
    print(f"{bound}: {share:.1%} of what is allowed, {refused:.2%} answered 429, {night.heads.total()} requests")
    assert share >= 0.9
    assert refused < 0.02
