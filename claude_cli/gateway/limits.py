"""Rate limits: requests, tokens and streams at once, of each key and of all together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..storage.gateway_keys import GatewayKey


class Lease(Protocol):
    """What one request took of the limits."""

    headers: Mapping[str, str]
    """`x-ratelimit-*`, for its response."""

    async def settle(self, tokens: int | None) -> None:
        """The request is over, and used so many tokens; None: it was never sent."""


class Limiter(Protocol):
    """Keeps the limits."""

    async def admit(self, key: GatewayKey, tokens: int) -> Lease:
        """Let a request of `key` in that may use `tokens`, which are set aside. Raises `Refusal`: 429."""

    async def aclose(self) -> None:
        """Let go of the storage."""


class NoLimits:
    """Lets everybody in."""

    headers: Mapping[str, str] = {}

    async def admit(self, key: GatewayKey, tokens: int) -> Lease:
        """See `Limiter`."""
        return self

    async def settle(self, tokens: int | None) -> None:
        """See `Lease`."""

    async def aclose(self) -> None:
        """See `Limiter`."""
