"""The gateway's own keys: what is kept of each (never the key), and where."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..core.budget import Limits


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A key that the gateway gave out, and what it allows.

    Attributes:
        name: what it is called, in `serve keys list` and in the ledger.
        digest: SHA-256 of the key, in hexadecimal digits.
        models: names of models it may ask; empty: all.
        requests_per_minute, tokens_per_minute, streams_at_once: 0: no limit of its own.
        budget: what its calls may cost in a day and in a month.
        expires_at: seconds of Unix time; None: never.
        admin: it may see metrics and providers.
        created_at: seconds of Unix time.
    """

    name: str
    digest: str = ""
    models: tuple[str, ...] = ()
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    streams_at_once: int = 0
    budget: Limits = field(default_factory=Limits)
    expires_at: float | None = None
    admin: bool = False
    created_at: float = 0.0


ANYONE = GatewayKey("", admin=True)
"""Who asks where no keys are asked for."""
