"""`claude-cli health`: whether key, address and network are right, by one call that costs nothing."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..context import Context, Overrides
from ..core.errors import ClaudeError
from . import _options as options

if TYPE_CHECKING:
    from ..core.providers.anthropic import AnthropicProvider
    from ..core.providers.base import LLMProvider


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
    context = Context(overrides=Overrides(provider, base_url, offline, timeout, quiet, verbose))
    context.console.check()
    facts: dict[str, Any] = {"version": 1, "provider": context.provider_name}
    failed: ClaudeError | None = None
    try:
        with context.provider() as chosen:
            facts.update(_about(chosen))
            failed = _ask(chosen, facts, context.overrides.timeout_s or 20.0)
    except ClaudeError as error:
        failed = error
    facts["status"] = failed.code if failed else "ok"
    facts["advice"] = str(failed) if failed else ""
    if as_json:
        context.console.answer(json.dumps(facts, ensure_ascii=False) + "\n")
    else:
        context.console.answer(
            "".join(f"{name:12} {_shown(value)}\n" for name, value in facts.items() if name != "version")
        )
    return failed.exit_code if failed else 0


def _about(provider: LLMProvider) -> dict[str, Any]:
    from ..core.providers.anthropic import AnthropicProvider

    if not isinstance(provider, AnthropicProvider):
        return {}
    key = provider.config.key
    target = provider.endpoint
    return {
        "key": f"from {key.source}" if key else "none",
        "base_url": target.origin + target.prefix,
        "tls": "certificate checked" if target.scheme == "https" else "none (plain http to this machine)",
        "api_version": provider.config.api_version,
    }


def _ask(provider: LLMProvider, facts: dict[str, Any], timeout_s: float) -> ClaudeError | None:
    """Fetch the first page of models; puts its latency and count into `facts`."""
    from ..core.providers.anthropic import AnthropicProvider

    start = time.monotonic()
    if isinstance(provider, AnthropicProvider):
        try:
            facts["models"] = _count(provider, start + timeout_s)
        except ClaudeError as error:
            return error
        finally:
            facts["latency_ms"] = round((time.monotonic() - start) * 1000)
        return None
    import asyncio

    found = asyncio.run(provider.health_check())
    facts["latency_ms"], facts["detail"] = found.latency_ms, found.detail
    return found.error


def _count(provider: AnthropicProvider, deadline: float) -> int:
    from ..core.providers.anthropic import models_of

    exchange = provider.models_exchange()
    with closing(provider.blocking_transport()) as transport:
        for _ in transport.events(exchange, deadline=deadline):
            pass
    return len(models_of(exchange.value))


def _shown(value: object) -> str:
    return str(value).replace("\n", "\n" + " " * 13) if value != "" else "-"
