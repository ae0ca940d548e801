"""Who may come in: the key of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..storage.gateway_keys import ANYONE, GatewayKey
from .refusal import Refusal


class KeyRing(Protocol):
    """The keys that were given out."""

    def find(self, key: str) -> GatewayKey | None:
        """What belongs to `key`; None: it is none, or no longer. In a time that says nothing of other keys."""


class Door:
    """Asks everybody for a key."""

    def __init__(self, keys: KeyRing | None) -> None:
        """Let in who has one of `keys`; None: whoever comes."""
        self._keys = keys

    def key_of(self, headers: Mapping[str, str]) -> GatewayKey:
        """Whose request it is, by its headers (names in lower case): `Authorization: Bearer`, or `x-api-key`.

        Raises:
            Refusal: 401, there is no key or a wrong one.
        """
        return self.key(headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key", ""))

    def key(self, key: str) -> GatewayKey:
        """Whose `key` is. Raises `Refusal`: 401."""
        if self._keys is None:
            return ANYONE
        found = self._keys.find(key) if key else None
        if found is None:
            raise Refusal(401, "Invalid API key", code="invalid_api_key")
        return found
