"""`claude-cli health`: whether key, address and network are right, by one call that costs nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..context import Context, Overrides
from ..core.errors import ClaudeError
from ..core.redact import redact
from ..storage.settings import DEFAULT_PROFILE
from . import _options as options
from ._check import TIMEOUT_S, list_models

if TYPE_CHECKING:
    from ..core.providers.base import Health, LLMProvider


def command(
    base_url: options.BaseUrl = None,
    provider: options.Provider = None,
    profile: options.Profile = None,
    offline: options.Offline = False,
    timeout: options.Timeout = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Check key, base URL, TLS and the latency of `GET /v1/models`."""
    options.in_range(timeout, 0.001, 1e9, "--timeout")
    context = Context(overrides=Overrides(provider, base_url, offline, timeout, quiet, verbose, profile=profile))
    chosen_profile = context.settings.profile or DEFAULT_PROFILE  # wrong settings are told before any fact
    options.check_provider(provider, offline=context.offline)
    facts: dict[str, Any] = {"version": 1, "provider": context.provider_name, "status": "ok"}
    failed: ClaudeError | None = None
    try:
        with context.provider() as chosen:
            facts.update(_about(chosen, chosen_profile))
            facts.update(_asked(chosen, context.overrides.timeout_s or TIMEOUT_S))
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
        if failed.code == "authentication":
            failed.advice = "check the key"  # where it comes from stands above
        raise failed
    return 0


def _about(provider: LLMProvider, profile: str) -> dict[str, Any]:
    from ..core.providers.anthropic import AnthropicProvider

    if not isinstance(provider, AnthropicProvider):
        return {}
    key = provider.config.key
    target = provider.endpoint
    return {
        "key": f"from {key.source}" if key else "none",
        "profile": profile,
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

    if isinstance(provider, AnthropicProvider):
        found, latency_ms = list_models(provider, timeout_s)
        return {"models": found, "latency_ms": latency_ms}
    import asyncio

    async def check() -> Health:
        async with provider:
            return await provider.health_check()

    health = asyncio.run(check())
    if health.error:
        raise health.error
    return {"detail": health.detail, "latency_ms": health.latency_ms}
