"""`claude-cli health`: whether key, address and network are right, by one call that costs nothing."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..context import Context, Overrides
from ..core.errors import ClaudeError
from ..core.redact import redact
from . import _options as options

if TYPE_CHECKING:
    from ..core.providers.anthropic import AnthropicProvider
    from ..core.providers.base import Health, LLMProvider


def command(
    base_url: options.BaseUrl = None,
    provider: options.Provider = None,
    offline: options.Offline = False,
    timeout: options.Timeout = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Check key, base URL, TLS and the latency of `GET /v1/models`."""
    options.in_range(timeout, 0.001, 1e9, "--timeout")
    context = Context(overrides=Overrides(provider, base_url, offline, timeout, quiet, verbose))
    facts: dict[str, Any] = {"version": 1, "provider": context.provider_name, "status": "ok"}
    failed: ClaudeError | None = None
    try:
        with context.provider() as chosen:
            facts.update(_about(chosen))
            facts.update(_asked(chosen, context.overrides.timeout_s or 20.0))
    except ClaudeError as error:
        failed = error
        facts["status"] = error.code
    if as_json:
        told = {**facts, "simulated": context.offline, "error": failed.as_json() if failed else None}
        context.console.answer(redact(json.dumps(told, ensure_ascii=False)) + "\n")
    else:
        shown = {name: value for name, value in facts.items() if name != "version"}
        context.console.answer("".join(f"{name:12} {value}\n" for name, value in shown.items()))
    if failed:
        failed.shown = True
        raise failed
    return 0


def _about(provider: LLMProvider) -> dict[str, Any]:
    from ..core.providers.anthropic import AnthropicProvider

    if not isinstance(provider, AnthropicProvider):
        return {}
    key = provider.config.key
    target = provider.endpoint
    return {
        "key": f"from {key.source}" if key else "none",
        "base_url": target.origin + target.prefix,
        "tls": "required, with a trusted certificate" if target.scheme == "https" else "none (plain http)",
        "api_version": provider.config.api_version,
    }


def _asked(provider: LLMProvider, timeout_s: float) -> dict[str, Any]:
    """What the first page of models tells.

    Raises:
        ClaudeError: it did not come.
    """
    from ..core.providers.anthropic import AnthropicProvider

    start = time.monotonic()
    if isinstance(provider, AnthropicProvider):
        found = _count(provider, start + timeout_s)
        return {"models": found, "latency_ms": round((time.monotonic() - start) * 1000)}
    import asyncio

    async def check() -> Health:
        async with provider:
            return await provider.health_check()

    health = asyncio.run(check())
    if health.error:
        raise health.error
    return {"detail": health.detail, "latency_ms": health.latency_ms}


def _count(provider: AnthropicProvider, deadline: float) -> int:
    from ..core.providers.anthropic import models_of

    exchange = provider.models_exchange()
    with closing(provider.blocking_transport()) as transport:
        for _ in transport.events(exchange, deadline=deadline):
            pass
    return len(models_of(exchange.value))
