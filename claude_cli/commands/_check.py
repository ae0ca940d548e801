"""The free call that shows whether a provider can be reached and takes the key."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.providers.anthropic import AnthropicProvider

TIMEOUT_S = 20.0


def list_models(provider: AnthropicProvider, timeout_s: float | None = None) -> tuple[int, int]:
    """Ask for the first page of `GET /v1/models`; returns how many models are on it, and the milliseconds it took.

    Raises:
        ClaudeError: it did not come in `timeout_s` seconds (20 for None), or not at all.
    """
    from ..diagnose.api import first_page

    page = first_page(provider, deadline=time.monotonic() + (timeout_s or TIMEOUT_S))
    if page.error:
        raise page.error
    return len(page.models), page.latency_ms
