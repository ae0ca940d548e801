"""What all requests share, made once by whoever starts the gateway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..core.budget import Account, Limits
from ..core.providers.base import LLMProvider
from ..core.surroundings import CallPolicy, Surroundings
from ..storage.books import Books
from ..storage.gateway_keys import GatewayKey
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
        policy: what is done when things go wrong.
        books: who keeps count of money.
        log: is told of each visit that is over.
        draining: it ends as soon as the answers under way are whole.
        wall: Unix time in seconds.
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
    draining: bool = False
    visits: set[int] = field(default_factory=set)
    """The visits under way, by identity."""

    def account(self, key: GatewayKey) -> Account:
        """Whose calls those of `key` are, for the ledger."""
        return Account(f"serve/{key.name}" if key.name else "serve", key.budget if key.name else Limits())
