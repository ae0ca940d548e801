"""What all requests share, made once by whoever starts the gateway."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from ..core.budget import Account
from ..core.providers.base import LLMProvider
from ..core.surroundings import CallPolicy, Surroundings
from ..storage.books import Books
from ..storage.gateway_keys import GatewayKey
from .body import Load
from .checks import Checks
from .config import Config
from .door import Door
from .limits import Limiter
from .metrics import Metrics
from .names import Names
from .room import Room
from .visit import Visit


@dataclass(slots=True)
class Gateway:
    """The gateway's parts.

    Attributes:
        config: what it was told.
        provider, around: who answers, and what calls stand on; `around` has no recorder.
        policy: what is done when things go wrong; an open breaker is told at once, as clients can wait themselves.
        books: who keeps count of money.
        log: is told of each visit that is over.
        draining: it ends as soon as the answers under way are whole.
        wall: Unix time in seconds.
        sleep: waits, in seconds, between the tries of a call.
    """

    config: Config
    provider: LLMProvider
    around: Surroundings
    policy: CallPolicy
    books: Books
    door: Door
    names: Names
    limiter: Limiter
    room: Room
    metrics: Metrics
    log: Callable[[Visit], None]
    wall: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    draining: bool = False
    sockets: Counter[str] = field(default_factory=Counter)
    """Open WebSocket connections, by the name of their key."""
    checks: Checks = field(init=False)
    """How the provider is."""
    load: Load = field(init=False)
    """What bodies and unfinished messages weigh."""

    def __post_init__(self) -> None:
        """Let no call wait for its breaker."""
        self.checks = Checks(self.provider, clock=self.around.clock, wall=self.wall)
        self.load = Load(self.config.held_bytes)
        self.policy = replace(self.policy, retry=replace(self.policy.retry, awaits_breaker=False))

    async def aclose(self) -> None:
        """Close the connections to the provider and to the limits' storage, and write what was spent."""
        await self.checks.aclose()
        await self.provider.aclose()
        await self.limiter.aclose()
        await self.books.aclose()

    def over(self, visit: Visit) -> None:
        """Count and log a visit that is over."""
        self.metrics.over(visit)
        self.log(visit)

    def account(self, key: GatewayKey) -> Account:
        """Whose calls those of `key` are, for the ledger."""
        return Account(f"serve/{key.name}", key.budget, f"key {key.name}") if key.name else Account("serve")
