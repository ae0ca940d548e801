"""Whether there is a key for a provider, and the free call that shows whether it can be reached and takes it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..core.errors import AuthenticationError

if TYPE_CHECKING:
    from ..core.providers.anthropic import AnthropicProvider
    from ..core.providers.base import LLMProvider

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


def check_key(provider: LLMProvider) -> None:
    """Look whether there is a key where one is wanted, before anything else is begun. Raises `AuthenticationError`."""
    from ..core.connection import DEFAULT_BASE_URL
    from ..core.providers.anthropic import AnthropicProvider

    if not isinstance(provider, AnthropicProvider) or provider.config.key is not None:
        return
    if provider.endpoint.origin == DEFAULT_BASE_URL:
        raise AuthenticationError(provider.config.no_key, code="no_key")
