"""Many streams at once through one client, and the official SDK at length, against the simulator."""

from __future__ import annotations

import asyncio
import random

import anthropic
import pytest

from claude_cli.core.client import Client
from claude_cli.core.messages import ChatRequest, Message, text_block
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.simulator import BackgroundSimulator, Simulator

pytestmark = pytest.mark.proof


def test_five_hundred_streams_at_once_are_each_whole():
    """Answers must not mix, and none may be lost in the pool."""

    async def ask() -> None:
        async with Simulator(script=[{"chunk": 17, "times": "always"}]) as simulator:
            provider = AnthropicProvider("sk-ant-test-key", simulator.url)
            client = Client(provider, surroundings("anthropic"))

            async def one(number: int) -> None:
                words = f"question {number} of many"
                request = ChatRequest("claude-haiku-5-5", (Message("user", (text_block(words),)),))
                done = await client.complete(request)
                assert words in done.text
                assert done.stop_reason == "end_turn"

            await asyncio.gather(*(one(number) for number in range(500)))
            await provider.aclose()
            assert len(simulator.requests) == 500

    asyncio.run(ask())


def test_the_official_sdk_reads_five_hundred_answers():
    """A simulator that only we can read would prove nothing about us."""
    chance = random.Random(20261122)
    script = [
        {"chunk": chance.choice([1, 7, 64, 4096]), "line_end": chance.choice(["lf", "crlf"]), "comment": True}
        for _ in range(500)
    ]
    with BackgroundSimulator(script=script) as simulator:
        client = anthropic.Anthropic(api_key="sk-ant-test-key", base_url=simulator.url, max_retries=0)
        for number in range(500):
            model = chance.choice(["claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-4-6"])
            turn = {"role": "user", "content": f"question {number}"}
            with client.messages.stream(model=model, max_tokens=1000, messages=[turn]) as stream:
                text = "".join(stream.text_stream)
                final = stream.get_final_message()
            assert f"question {number}" in text
            assert final.stop_reason == "end_turn"
        client.close()
