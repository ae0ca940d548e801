"""What a conversation about a file costs with the marks of the prompt cache, beside the same without any.

The simulator's cache and its rule of thumb for tokens stand in for the provider's; the prices are the list's. Money
does not depend on the machine, so one round says all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from claude_cli.core.caching import Ttl, mark
from claude_cli.core.events import fold
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, document_block, text_block
from claude_cli.core.models import catalogue
from claude_cli.core.pricing import PICO, cost_of
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.simulator import BackgroundSimulator

from .figures import Figure

MODEL = "claude-sonnet-5-5"
TURNS = 50
FILE, QUESTION, ANSWER = "word " * 4_000, "And then? " * 40, "word " * 400
"""8,000 tokens, 160 and 800, by the simulator's count."""


def conversations() -> Iterator[Figure]:
    """The cost of 50 turns, in cents."""
    without = cents(None)
    times: dict[str, Ttl] = {"5 minutes": "5m", "an hour": "1h"}
    for name, ttl in times.items():
        what = f"{TURNS} turns about a file, cached for {name}, against uncached"
        yield Figure(what, "cents", 0.25, [cents(ttl)], [without], note=f"{MODEL}, answers included")


def cents(ttl: Ttl | None) -> float:
    """What the conversation costs; `ttl`: how long what is marked is kept, None: nothing is marked."""
    key = credential("made-up-key", source="the benchmark")
    request = ChatRequest(MODEL, (), options=LLMOptions(max_tokens=1000))
    spent = 0
    with BackgroundSimulator(script=[{"say": ANSWER, "times": "always"}]) as simulator:
        provider = AnthropicProvider.configured(ProviderConfig(key, simulator.url, environ={}))
        with closing(provider.blocking_transport()) as transport:
            for turn in range(TURNS):
                asked = (text_block(QUESTION),) if turn else (document_block(FILE), text_block(QUESTION))
                request = replace(request, messages=(*request.messages, Message("user", asked)))
                sent = mark(request, catalogue().find(MODEL), ttl) if ttl else request
                done = fold(event for batch in transport.events(provider.exchange(sent)) for event in batch)
                request = replace(request, messages=(*request.messages, Message("assistant", done.content)))
                spent += cost_of(done, catalogue()) or 0
    return spent / PICO * 100
