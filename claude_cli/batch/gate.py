"""How many rows are under way at once, and how fast they follow: one gate for all, which heeds the server's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..core.messages import Usage


class Cost(NamedTuple):
    """Tokens that a request is expected to take of the provider's limits."""

    input_tokens: int
    output_tokens: int


class Slot:
    """One row's leave to have a request under way."""

    async def rest(self, seconds: float, reason: str) -> None:
        """A try has failed with the error code `reason`: let others go first for `seconds` or more, then come back."""
        raise NotImplementedError

    def leave(self, usage: Usage | None) -> None:
        """The row is over; `usage` is what it took, None where that is not known. Safe to be called twice."""
        raise NotImplementedError


class Gate:
    """Lets requests through, as many at once and as fast as the provider allows."""

    async def enter(self, cost: Cost) -> Slot:
        """Wait until a request of this `cost` may be sent."""
        raise NotImplementedError

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """A response's head has come (called in the task of its row): its words on limits hold from now on."""
        raise NotImplementedError
