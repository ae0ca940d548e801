"""The free call that shows whether a provider can be reached and takes the key."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.providers.anthropic import AnthropicProvider

TIMEOUT_S = 20.0


def list_models(provider: AnthropicProvider, timeout_s: float | None = None) -> tuple[int, int]:
    """Ask for the first page of `GET /v1/models`; returns how many models are on it, and the milliseconds it took.

    Raises:
        ClaudeError: it did not come in `timeout_s` seconds (20 for None), or not at all.
    """
    from ..core.providers.anthropic import models_of

    start = time.monotonic()
    exchange = provider.models_exchange()
    with closing(provider.blocking_transport()) as transport:
        for _ in transport.events(exchange, deadline=start + (timeout_s or TIMEOUT_S)):
            pass
    return len(models_of(exchange.value)), round((time.monotonic() - start) * 1000)
