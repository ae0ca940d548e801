"""Who may come in: the key of a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from ..storage.gateway_keys import ANYONE, GatewayKey
from .refusal import Refusal

_CHALLENGE = {"www-authenticate": "Bearer", "x-should-retry": "false"}
"""The second for Claude Code, which otherwise tries for minutes whether a wrong key has become a right one."""


class KeyRing(Protocol):
    """The keys that were given out."""

    def find(self, key: str) -> GatewayKey | None:
        """What belongs to `key`, expired or not; None: it is none. In a time that says nothing of other keys."""


class Door:
    """Asks everybody for a key."""

    def __init__(self, keys: KeyRing | None, wall: Callable[[], float] = time.time) -> None:
        """Let in who has one of `keys`; None: whoever comes. `wall` is Unix time in seconds."""
        self._keys, self._wall = keys, wall

    def key_of(self, headers: Mapping[str, str]) -> GatewayKey:
        """Whose request it is, by its headers (names in lower case): `Authorization: Bearer`, or `x-api-key`.

        Where both are there and differ, one of them has to be ours: clients that know the API's own key send it, too.

        Raises:
            Refusal: 401, there is no key or a wrong one.
        """
        named = headers.get("x-api-key", "").strip()
        scheme, _, bearer = headers.get("authorization", "").strip().partition(" ")
        bearer = bearer.strip() if scheme.lower() == "bearer" else ""
        if named and bearer and self._keys and self._keys.find(named) is None:
            named = bearer
        return self.key(named or bearer)

    def key(self, key: str) -> GatewayKey:
        """Whose `key` is. Raises `Refusal`: 401."""
        if self._keys is None:
            return ANYONE
        if not key:
            words = "no API key was sent; send one of the gateway's as Authorization: Bearer KEY, or as x-api-key: KEY"
            raise _refused(words)
        found = self._keys.find(key)
        if found is None:
            raise _refused("Invalid API key")
        if found.is_expired(self._wall()):
            raise _refused("This API key has expired")
        return found


def _refused(words: str) -> Refusal:
    return Refusal(401, words, code="invalid_api_key", headers=_CHALLENGE)
