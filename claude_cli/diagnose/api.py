"""One free call of the API, the list of its models: whether it answers, what it allows, and what time it has."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..core.connection import Timeouts
from ..core.errors import ClaudeError, ConnectionFailedError, ProtocolError, ProviderError
from ..storage.keys import VARIABLES
from .check import EXIT_DATA, EXIT_NETWORK, LIMIT_S, MAKE_ONE, Check, Step, failed, milliseconds, skipped

if TYPE_CHECKING:
    from ..core.providers.anthropic import AnthropicProvider
    from ..core.providers.base import LLMProvider, ModelInfo

NAMES = ("api", "clock", "limits")
STEPS = tuple(Step(name, exit_code=EXIT_NETWORK) for name in NAMES)
SKEW_WARN_S, SKEW_FAIL_S = 60, 300
"""Seconds by which this machine's clock may differ from the server's."""
_LIMIT = re.compile(r"anthropic-ratelimit-([a-z-]+)-(limit|remaining|reset)")


@dataclass(frozen=True, slots=True)
class Page:
    """What came of asking for the first page of `GET /v1/models`.

    Attributes:
        error: why there are no `models`; None where they came.
        headers: of the response, names in lower case; empty where none came.
        asked_at, came_at: seconds since the epoch, by this machine's clock.
    """

    models: tuple[ModelInfo, ...] = ()
    error: ClaudeError | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    latency_ms: int = 0
    asked_at: float = 0.0
    came_at: float = 0.0


def first_page(
    provider: AnthropicProvider, *, deadline: float | None = None, wall_clock: Callable[[], float] = time.time
) -> Page:
    """Ask for the models once, without another try; `deadline` is by `time.monotonic`."""
    from ..core.providers.anthropic import models_of

    start, asked_at, error = time.monotonic(), wall_clock(), None
    headers: Mapping[str, str] = {}
    models: tuple[ModelInfo, ...] = ()
    try:
        exchange = provider.models_exchange()
        with closing(provider.blocking_transport()) as transport:
            try:
                for _ in transport.events(exchange, deadline=deadline):
                    pass
            finally:
                headers = exchange.headers
        models = tuple(models_of(exchange.value))
    except ClaudeError as failure:
        error = failure
    return Page(models, error, headers, milliseconds(time.monotonic() - start), asked_at, wall_clock())


def checks(
    provider: LLMProvider, *, deadline: float, dates_matter: bool, wall_clock: Callable[[], float] = time.time
) -> Iterator[Check]:
    """The checks of `STEPS`.

    Args:
        deadline: when everything is to be over, by `time.monotonic`.
        dates_matter: a wrong clock is a failure.
    """
    from ..core.providers.anthropic import AnthropicProvider

    if not isinstance(provider, AnthropicProvider):
        yield _of_plugin(provider)
        yield from skipped(NAMES[1:], "not told by this provider")
        return
    hasty = Timeouts(connect=LIMIT_S, first_byte=LIMIT_S, idle=LIMIT_S, pings_only=LIMIT_S)
    quick = type(provider).configured(replace(provider.config, timeouts=hasty))
    page = first_page(quick, deadline=None if deadline == float("inf") else deadline, wall_clock=wall_clock)
    source = provider.config.key.source if provider.config.key else ""
    yield listed(page, source=source, plain=provider.endpoint.scheme == "http")
    yield clock(page, dates_matter=dates_matter)
    yield limits(page.headers)


def listed(page: Page, *, source: str, plain: bool = False) -> Check:
    """Whether the models came.

    Args:
        source: where the key is from; "" without one.
        plain: they were asked for by http.
    """
    error = page.error
    if error is None:
        detail = f"GET /v1/models answered with {len(page.models)} model{'s' * (len(page.models) != 1)}"
        data = {"models": len(page.models), "request_id": page.headers.get("request-id")}
        return Check("api", "ok", detail, latency_ms=page.latency_ms, data=data)
    if error.code == "authentication" and source:
        error.args = (f"the key from {source} is refused: {error}",)
    data = {"http_status": error.status if isinstance(error, ProviderError) else None}
    return failed("api", error, latency_ms=page.latency_ms, advice=_advice(error, source, plain), data=data)


def _advice(error: ClaudeError, source: str, plain: bool) -> str:
    """What to do where more is known than the error says; "" elsewhere."""
    if error.code == "authentication" and source in VARIABLES:
        return f"correct or unset {source} (keys are made at {MAKE_ONE})"
    if error.code == "authentication" and source == "key_command":
        return f"correct key_command of the settings, or what it reads (keys are made at {MAKE_ONE})"
    if isinstance(error, ProtocolError) and "html" in str(error):
        return "sign in to this network with a browser (a captive portal?), or check the base URL and the proxy"
    if plain and (isinstance(error, ConnectionFailedError) or "does not speak HTTP" in str(error)):
        return "does the server want https? check the base URL, and whether it is running"
    if error.code == "not_found":
        return "check the base URL; a gateway without a list of models can be tried with --live"
    return ""


def clock(page: Page, *, dates_matter: bool) -> Check:
    """By how much this machine's clock differs from the server's; a Date header tells whole seconds."""
    if not page.headers.get("date"):
        return next(
            skipped(("clock",), "no answer of a server with the time" if page.error else "the server names no time")
        )
    from email.utils import parsedate_to_datetime

    try:
        theirs = parsedate_to_datetime(page.headers["date"]).timestamp()
    except (ValueError, TypeError, OverflowError):
        return next(skipped(("clock",), "the server's time cannot be read"))
    # It was some time between asking and the answer, and up to a second more than its Date says.
    early, late = page.asked_at - (theirs + 1), page.came_at - theirs
    skew = round(early if early > 0 else late if late < 0 else 0)
    data = {"skew_s": skew}
    if abs(skew) < SKEW_WARN_S:
        return Check("clock", "ok", "right" if abs(skew) < 2 else f"{abs(skew)} s {_way(skew)}", data=data)
    detail = f"this machine's clock is {_duration(abs(skew))} {_way(skew)}"
    advice = "set it (timedatectl set-ntp true): certificates, budgets of a day and waits go by it"
    if dates_matter and abs(skew) >= SKEW_FAIL_S:
        return Check("clock", "fail", detail, advice, data=data, exit_code=EXIT_DATA)
    return Check("clock", "warn", detail, advice, data=data)


def limits(headers: Mapping[str, str]) -> Check:
    """What the server says is left of the rate limits; only some do, and only with some answers."""
    found: dict[str, dict[str, str | int]] = {}
    for name, value in headers.items():
        if match := _LIMIT.fullmatch(name):
            if re.fullmatch(r"[0-9]{1,18}", value):
                found.setdefault(match[1], {})[match[2]] = int(value)
            elif re.fullmatch(r"[0-9TZ:.+-]{1,40}", value):  # when it begins anew
                found.setdefault(match[1], {})[match[2]] = value
    told = {name: (one.get("remaining"), one.get("limit")) for name, one in sorted(found.items())}
    left = {
        name: (some, most) for name, (some, most) in told.items() if isinstance(some, int) and isinstance(most, int)
    }
    if not left:
        return next(skipped(("limits",), "not told with this answer"))
    detail = ", ".join(f"{name} {some:,} of {most:,}" for name, (some, most) in left.items())
    data = {"limits": found}
    if any(most and not some for some, most in left.values()):
        return Check("limits", "warn", f"used up: {detail}", "wait for a minute, or ask for higher limits", data=data)
    return Check("limits", "ok", f"left: {detail}", data=data)


def _of_plugin(provider: LLMProvider) -> Check:
    """Whether a provider answers that only knows asyncio."""
    import asyncio

    from ..core.providers.manager import plugin_code

    async def ask() -> Check:
        async with provider:
            health = await provider.health_check()
        if health.error:
            return failed("api", health.error, latency_ms=health.latency_ms)
        return Check("api", "ok", health.detail or "it answers", latency_ms=health.latency_ms)

    try:
        with plugin_code(type(provider).__name__):
            return asyncio.run(ask())
    except ClaudeError as error:
        return failed("api", error)


def _way(skew: float) -> str:
    return "fast" if skew > 0 else "slow"


def _duration(seconds: int) -> str:
    """A minute or more, in words."""
    name, unit = ("day", 86_400) if seconds >= 86_400 else ("hour", 3_600) if seconds >= 3_600 else ("minute", 60)
    count = seconds // unit
    return f"{count:,} {name}{'s' * (count != 1)}"
