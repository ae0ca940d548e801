"""The provider's health, as last seen: asked by the list of its models, which costs nothing, and never often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ..core.providers.base import Health, LLMProvider
from ..core.redact import redact

STALE_S = 60.0
"""Older results are made anew behind the back of whoever asks for them."""
APART_S = 5.0
"""Even on demand the provider is not asked more often."""
PATIENCE_S = 10.0
"""How long the provider may take to answer."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check has shown; `at` is Unix time in seconds."""

    health: Health
    at: float


class Checks:
    """The checks of one provider; all who ask at once share one."""

    def __init__(self, provider: LLMProvider, *, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        """Prepare; nothing is asked yet. `clock` is monotonic, `wall` Unix time, both in seconds."""
        self._provider, self._clock, self._wall = provider, clock, wall
        self._begun_at = float("-inf")
        self._running: asyncio.Task[None] | None = None
        self.last: Checked | None = None

    def refresh(self) -> None:
        """Have a stale result, or none, replaced soon."""
        if self._clock() >= self._begun_at + STALE_S:
            self._begin()

    async def fresh(self) -> None:
        """Wait for a result that is at most `APART_S` old."""
        if self._clock() >= self._begun_at + APART_S:
            self._begin()
        if self._running:
            await asyncio.shield(self._running)

    async def aclose(self) -> None:
        """End a check that is under way."""
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running])

    def _begin(self) -> None:
        if self._running is None:
            self._begun_at = self._clock()
            self._running = asyncio.create_task(self._check())

    async def _check(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                health = await self._provider.health_check()
        except TimeoutError:
            health = Health("timeout", round(PATIENCE_S * 1000), "no answer in time")
        finally:
            self._running = None
        self.last = Checked(Health(health.status, health.latency_ms, redact(health.detail)), self._wall())
