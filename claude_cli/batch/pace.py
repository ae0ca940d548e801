"""How many requests may be under way, and when the next one may go. Pure: the clock's seconds are arguments.

Three things hold a request back, each by the provider's own words:
- the buckets of `buckets.py`, where the answers tell of rate limits: they pace, and nothing else does;
- how many are under way: few until the first answer, then as many as are wanted; each answer "overloaded" (and each 429
  that no bucket explains) takes one away, each good one gives a fifth back, or a whole one while nothing goes wrong.
  So a provider that turns one in ten away at random is asked at full speed, and one that turns all away, by one;
- after several such 429 in a row: nothing before the time that the last of them named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..core.messages import Usage
from .buckets import Charge, Limits

FIRST = 8
"""Requests under way until the first answer has begun."""
GROWTH = 0.2
"""What a good answer adds when there were bad ones lately: the balance is at one bad in six."""
REFUSALS, REFUSALS_SHARE = 3, 0.25
"""429 in a row that no limit explains, after which nothing is sent for a while: so many, and such a share of what may
be under way; fewer may be chance, as refusals come sooner than answers."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
"""Such a while, where the provider names none: doubled each time."""


class Cost(NamedTuple):
    """Tokens that a request is expected to take of the provider's limits, which each `model` has for itself."""

    input_tokens: int
    output_tokens: int
    model: str = ""


class State(NamedTuple):
    """What the pace is, for a display.

    Attributes:
        allowed, under_way: requests at once at most, and now.
        waiting: rows that would be sent otherwise.
        held_s: seconds until the next one may go; 0: nothing but the number under way holds it back.
        why: what holds the rows back, in words; empty: nothing.
        quiet_s: seconds since the last good answer, or since the start.
        failing: tries that have failed since then.
        resting: rows of which a try has failed, and that wait for the next one.
    """

    allowed: int
    under_way: int
    waiting: int
    held_s: float
    why: str
    quiet_s: float
    failing: int
    resting: int = 0


class Try:
    """A request that is under way."""

    __slots__ = ("charge", "cost", "status")

    def __init__(self, cost: Cost, charge: Charge) -> None:
        """Sent, and not answered."""
        self.cost, self.charge, self.status = cost, charge, 0


class Pace:
    """The one controller of a batch."""

    def __init__(self, most: int, now: float) -> None:
        """Allow `most` requests at once, at most."""
        self.under_way = 0
        self._most = float(most)
        self._allowed = min(float(FIRST), self._most)
        self._answered_once = False
        self._good_in_a_row = 0
        self._refused_in_a_row = 0
        self._pause_s = FIRST_PAUSE_S
        self._held_until = 0.0
        self._last_good = now
        self._failing = 0
        self._overloaded = False
        self._limits: dict[str, Limits] = {}

    def wait_s(self, cost: Cost, now: float) -> float:
        """Seconds until a request may be sent; 0: at once; infinite: not before another one is over."""
        if self.full:
            return float("inf")
        held = max(0.0, self._held_until - now)
        return max(held, self._of(cost).wait_s(cost.input_tokens, cost.output_tokens, now)[0])

    @property
    def full(self) -> bool:
        """Whether as many are under way as may be."""
        return self.under_way >= int(self._allowed)

    def _of(self, cost: Cost) -> Limits:
        limits = self._limits.get(cost.model)
        if limits is None:
            limits = self._limits[cost.model] = Limits()
        return limits

    def sent(self, cost: Cost, now: float) -> Try:
        """A request is sent: `wait_s` has said 0."""
        self.under_way += 1
        return Try(cost, self._of(cost).take(cost.input_tokens, cost.output_tokens, now))

    def heard(
        self, tried: Try, status: int, headers: Mapping[str, str], now: float, retry_after_s: float | None = None
    ) -> None:
        """The head of an answer has come; `retry_after_s` is what it asks for."""
        tried.status = status
        limits = self._of(tried.cost)
        if status == 429:
            if not limits.refused(tried.charge, headers, retry_after_s or 0.0, now):
                self._refused(retry_after_s, now)
            return
        limits.heard(tried.charge, headers, now)
        if status in (503, 529):
            limits.unused(tried.charge, now)
            self._cut()
        elif status < 500:
            self._good(now)

    def _good(self, now: float) -> None:
        """An answer that is none of overload: more may be sent."""
        self._good_in_a_row += 1
        self._refused_in_a_row, self._failing, self._last_good = 0, 0, now
        self._pause_s = FIRST_PAUSE_S
        if not self._answered_once:
            self._answered_once = True
            self._allowed = self._allowed if self._overloaded else self._most
        calm = self._good_in_a_row > self._allowed
        self._overloaded = self._overloaded and not calm
        self._allowed = min(self._most, self._allowed + (1.0 if calm else GROWTH))

    def _cut(self) -> None:
        """One was too many."""
        self._overloaded, self._good_in_a_row = True, 0
        self._allowed = max(1.0, self._allowed - 1.0)

    def _refused(self, asked: float | None, now: float) -> None:
        """A 429 that no limit explains."""
        self._cut()
        self._refused_in_a_row += 1
        if self._refused_in_a_row < max(REFUSALS, REFUSALS_SHARE * self._allowed):
            return
        if asked is None:
            if now < self._held_until:
                return
            asked, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._held_until = max(self._held_until, now + asked)

    def failed(self, tried: Try, reason: str, now: float) -> None:
        """A try has failed, with the error code `reason`, and is no longer under way."""
        self.under_way -= 1
        self._failing += 1
        limits = self._of(tried.cost)
        if tried.status not in (429, 503, 529):
            if reason == "overloaded":  # in the midst of a stream
                self._cut()
            elif reason == "rate_limit":  # of a provider whose heads are not heard
                self._refused(None, now)
            elif reason == "breaker_open":
                limits.unused(tried.charge, now)
        limits.over(tried.charge, None, tried.cost.input_tokens, now)

    def over(self, tried: Try, usage: Usage | None, now: float) -> None:
        """A row is over; `usage` is what it took, None where that is not known."""
        self.under_way -= 1
        if usage is not None and not tried.status:
            self._good(now)
        self._of(tried.cost).over(tried.charge, usage, tried.cost.input_tokens, now)

    def state(self, following: Cost | None, waiting: int, now: float) -> State:
        """What the pace is, for a display; `following` is the cost of the first of those `waiting`."""
        held, why = 0.0, ""
        if following is not None:
            held, which = self._of(following).wait_s(following.input_tokens, following.output_tokens, now)
            if self._held_until - now > held:
                held, why = self._held_until - now, "rate limited"
            elif which:
                bucket = self._of(following).buckets[which]
                why = f"limit: {which.replace('-', ' ')} {bucket.limit:,}/min"
            elif self.full and self._overloaded:
                why = "overloaded"
        return State(int(self._allowed), self.under_way, waiting, held, why, now - self._last_good, self._failing)
