"""The way to the provider for all rows of a batch: who may send a request now, and who waits for their turn.

`pace.py` decides; here is what waits. The head of a response finds its row by a context variable: whoever enters
hears, in the same task, what the provider says to that row (`AnthropicProvider.heard` is to be `Gate.heard`).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar

from ..core.messages import Usage
from ..core.retry import retry_after_seconds
from .pace import Cost, Pace, State, Try

__all__ = ["Cost", "Gate", "Slot", "State"]

SHORTEST_WAIT_S = 0.001
"""Between two looks at a limit; what comes in meanwhile is used in one go."""
LONG_WAIT_S = 60.0
"""A wait of which its user is told when it ends."""


class Slot:
    """One row's leave to have a request under way."""

    __slots__ = ("_cost", "_gate", "_try")

    def __init__(self, gate: Gate, cost: Cost) -> None:
        """Without leave as yet."""
        self._gate, self._cost = gate, cost
        self._try: Try | None = None

    async def rest(self, seconds: float, reason: str) -> None:
        """A try has failed with the error code `reason`: let others go first for `seconds` or more, then come back."""
        await self._gate._rest(self, seconds, reason)

    def leave(self, usage: Usage | None) -> None:
        """The row is over; `usage` is what it took, None where that is not known. Safe to be called twice."""
        self._gate._leave(self, usage)


class Gate:
    """Lets requests through, as many at once and as fast as the provider allows: in turn, and first who comes back.

    Attributes:
        withheld: what keeps rows from coming here at all, in words, for a display; empty: nothing.
    """

    withheld = ""

    def __init__(
        self, most: int, *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        """Let no more than `most` through at once.

        Args:
            clock: seconds, monotonic.
            wall_clock: seconds since 1970, for a `retry-after` that is a date.
            sleep: waits, in seconds, for a row that rests.
        """
        self._clock, self._wall_clock, self._sleep = clock, wall_clock, sleep
        self._pace = Pace(most, clock())
        self._turns: deque[tuple[Slot, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._resting = 0
        self._limited: dict[Slot, float] = {}  # until when they rest, as the rate limit is reached

    async def enter(self, cost: Cost) -> Slot:
        """Wait until a request of this `cost` may be sent; what the provider says in this task is then of it."""
        slot = Slot(self, cost)
        await self._turn(slot)
        _SLOT.set(slot)
        return slot

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """A response's head has come (called in the task of its row): its words on limits hold from now on.

        Args:
            status: of HTTP.
            headers: names in lower case.
        """
        slot = _SLOT.get(None)
        if slot is None or slot._gate is not self or slot._try is None:
            return
        asked = retry_after_seconds(headers, now=self._wall_clock()) if status == 429 else None
        self._pace.heard(slot._try, status, headers, self._clock(), asked)
        self._let()

    def state(self) -> State:
        """What the pace is at the moment, for a display."""
        following = self._turns[0][0]._cost if self._turns else None
        now = self._clock()
        state = self._pace.state(following, len(self._turns), now)
        if self._limited and not (self._turns or state.under_way):
            state = state._replace(held_s=max(0.0, min(self._limited.values()) - now), why="rate limited")
        if state.why and state.held_s > LONG_WAIT_S:
            ends = time.strftime("%H:%M", time.localtime(self._wall_clock() + state.held_s))
            state = state._replace(why=f"{state.why} until {ends}")
        return state._replace(why=state.why or self.withheld, resting=self._resting)

    async def _turn(self, slot: Slot, *, first: bool = False) -> None:
        """Wait for a turn: behind those who wait, or before them."""
        now = self._clock()
        if (first or not self._turns) and self._pace.wait_s(slot._cost, now) <= 0:
            slot._try = self._pace.sent(slot._cost, now)
            return
        turn = (slot, asyncio.get_running_loop().create_future())
        self._turns.appendleft(turn) if first else self._turns.append(turn)
        self._let()
        try:
            await turn[1]
        except asyncio.CancelledError:
            if turn in self._turns:
                self._turns.remove(turn)
            self._leave(slot, None)  # the turn may have come at the same moment
            self._let()  # the next one may want less
            raise

    def _let(self) -> None:
        """Let through who may go; look again when time has to pass."""
        if not self._turns or self._pace.full:
            return
        now, soonest = self._clock(), float("inf")
        blocked: set[str] = set()
        for turn in tuple(self._turns):
            cost = turn[0]._cost
            if cost.model in blocked or turn[1].done():  # done already: it was cancelled, and is about to leave
                continue
            wait = self._pace.wait_s(cost, now)
            if wait <= 0:
                self._turns.remove(turn)
                turn[0]._try = self._pace.sent(cost, now)
                turn[1].set_result(None)
            else:
                blocked.add(cost.model)
                soonest = min(soonest, wait)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if soonest < float("inf"):
            self._timer = asyncio.get_running_loop().call_later(max(soonest, SHORTEST_WAIT_S), self._let)

    async def _rest(self, slot: Slot, seconds: float, reason: str) -> None:
        tried, slot._try = slot._try, None
        if tried is not None:
            self._pace.failed(tried, reason, self._clock())
            self._let()
        self._resting += 1
        if reason == "rate_limit":
            self._limited[slot] = self._clock() + seconds
        try:
            await self._sleep(seconds)
            self._limited.pop(slot, None)
            await self._turn(slot, first=True)
        finally:
            self._resting -= 1
            self._limited.pop(slot, None)

    def _leave(self, slot: Slot, usage: Usage | None) -> None:
        tried, slot._try = slot._try, None
        if tried is not None:
            self._pace.over(tried, usage, self._clock())
            self._let()


_SLOT: ContextVar[Slot] = ContextVar("claude_cli_batch_slot")
"""Of the row whose task it is."""
