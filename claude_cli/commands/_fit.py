"""How many tokens a request has, as its provider counts them; and whether they fit the model at all."""

from __future__ import annotations

import time
from contextlib import closing

from ..context import Context
from ..core.errors import ClaudeError, UsageError
from ..core.messages import ChatRequest
from ..core.providers.anthropic import AnthropicProvider
from ..core.providers.base import LLMProvider
from ..core.tokens import reckon
from ..core.wire_response import decode_count

NEAR = 0.8
"""From this share of the window on an estimate is too near to be trusted."""
TIMEOUT_S = 5.0
"""For a count that nobody asked for."""


def count(provider: LLMProvider, request: ChatRequest, timeout_s: float | None = None) -> int:
    """Input tokens of `request`, by a call that costs nothing.

    Args:
        request: as its model takes it.
        timeout_s: for the whole call; None: the transport's own times alone.
    Raises:
        ClaudeError: the count did not come, or the provider does not count.
    """
    if isinstance(provider, AnthropicProvider):
        exchange = provider.count_exchange(request)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with closing(provider.blocking_transport()) as transport:
            for _ in transport.events(exchange, deadline=deadline):
                pass
        return decode_count(exchange.value)
    import asyncio

    async def ask() -> int:
        async with provider:
            return await provider.count_tokens(request)

    return asyncio.run(ask())


def check_fit(context: Context, provider: LLMProvider, request: ChatRequest) -> None:
    """Refuse a prompt that is larger than its model's window, before it is sent.

    Only one that is estimated near the window or over it, or cannot be estimated, is counted. Where that fails it is sent
    anyway: the provider will say, and a prompt that it rejects costs nothing.

    Raises:
        UsageError: it does not fit; says by how much, and what to do.
    """
    model = context.catalogue.find(request.model)
    window = model.context_window if model else None
    if model is None or not window:
        return
    found = reckon(request, model)
    if found.tokens < NEAR * window and not found.missing:
        return
    try:
        tokens = count(provider, request, TIMEOUT_S)
    except ClaudeError:
        return
    if tokens > window:
        raise UsageError(
            f"the prompt has {tokens:,} tokens, but {model.id} takes {window:,}; {advice(context, tokens)}"
        )


def advice(context: Context, tokens: int) -> str:
    """What to do about a prompt of so many tokens that did not fit."""
    models = context.catalogue
    larger = [model for model in models.models if (model.context_window or 0) >= tokens]
    if not larger:
        return "send less: no model known here takes so many"
    named = [model.id for model in larger if models.resolve(model.line) == model.id]
    return f"send less, or ask a model that takes them: {', '.join(named or [model.id for model in larger[:3]])}"
