"""What may be done in a minute: a sliding window of two counters, in which estimates are set aside and settled.

The last minute is what this calendar minute has, and of the one before the part that is less than 60 seconds ago, as if
that had been spread evenly; what of it is a fraction counts as a whole. So no two bursts at the border of two minutes
are let through: behind one, room comes back evenly. And a limit costs two numbers, not one for each token.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .counters import Counters
from .refusal import Refusal

WINDOW_S = 60
_LIFETIME_S = 3 * WINDOW_S
"""The two minutes in which a number counts, and one for clocks of hosts that differ."""
_TINY = 1e-6
"""Less than that of a token or of a second is an error of the computation."""


class Rule(NamedTuple):
    """A limit.

    Attributes:
        whose: "key ci" or "all keys together".
        what: "requests", "tokens", or "streams".
        most: in a minute; of streams at once.
    """

    whose: str
    what: str
    most: int

    @property
    def counter(self) -> str:
        """The name of what it is counted in."""
        return f"{self.what}/{self.whose}"


class Standing(NamedTuple):
    """How a rule stands: what is left of it, and in how many seconds all of it is there again."""

    rule: Rule
    remaining: int
    reset_s: float

    def headers(self) -> dict[str, str]:
        """It as OpenAI names it."""
        what = self.rule.what
        return {
            f"x-ratelimit-limit-{what}": str(self.rule.most),
            f"x-ratelimit-remaining-{what}": str(self.remaining),
            f"x-ratelimit-reset-{what}": f"{math.ceil(self.reset_s)}s",
        }


Wanted = Sequence[tuple[Rule, int]]
"""Rules, and what a request takes of each: at most all of it."""


class Windows:
    """All limits of a minute."""

    def __init__(self, counters: Counters, wall: Callable[[], float]) -> None:
        """Count in `counters`; `wall` is Unix time in seconds, the same for all hosts."""
        self._counters, self._wall = counters, wall

    async def take(self, wanted: Wanted) -> tuple[int, list[Standing]]:
        """Take what is wanted of all rules, or nothing; returns the minute it was taken in, and how the rules stand.

        It is taken first and given back where that was too much, so no two hosts take the same.

        Raises:
            Refusal: 429, one of them does not allow it; says when it will.
        """
        minute, into = divmod(self._wall(), WINDOW_S)
        now = int(minute)
        this = [(f"{rule.counter}/{now}", amount) for rule, amount in wanted]
        before = [(f"{rule.counter}/{now - 1}", 0) for rule, _ in wanted]
        found = await self._counters.add([*this, *before], _LIFETIME_S)
        windows = [
            _Window(rule, amount, max(0, used), max(0, old), into)
            for (rule, amount), used, old in zip(wanted, found[: len(wanted)], found[len(wanted) :], strict=True)
        ]
        full = [window for window in windows if window.weight > window.rule.most]
        if full:
            await self._counters.add([(name, -amount) for name, amount in this], _LIFETIME_S)
            raise _refused(max(full, key=lambda window: window.wait_s))
        return now, [window.standing() for window in windows]

    async def give_back(self, wanted: Wanted, minute: int) -> None:
        """Undo what was taken in `minute`, as far as it still counts."""
        await self.settle([(rule, -amount) for rule, amount in wanted], minute)

    async def settle(self, differences: Wanted, minute: int) -> None:
        """Correct what was taken in `minute`: too much is given back there, too little is taken now."""
        now = int(self._wall() // WINDOW_S)
        changes = [(f"{rule.counter}/{now if more > 0 else minute}", more) for rule, more in differences if more]
        if now - minute > 1:
            changes = [change for change in changes if change[1] > 0]
        if changes:
            await self._counters.add(changes, _LIFETIME_S)


class _Window(NamedTuple):
    """A rule, what was just taken of it, and what is counted: `used` in this minute with that, `old` in the last."""

    rule: Rule
    amount: int
    used: int
    old: int
    into: float

    @property
    def weight(self) -> int:
        """What counts now."""
        return math.ceil(self.old * (1 - self.into / WINDOW_S) - _TINY) + self.used

    @property
    def wait_s(self) -> float:
        """Seconds until the same would be let through, if nobody else takes anything."""
        room, others = self.rule.most - self.amount, self.used - self.amount
        if others <= room:  # the last minute has to slide out of the window
            return max(0.0, WINDOW_S * (1 - (room - others) / max(1, self.old)) - self.into)
        return WINDOW_S - self.into + WINDOW_S * (1 - room / others)

    def standing(self, given_back: int = 0) -> Standing:
        """How the rule stands."""
        used = self.used - given_back
        reset_s = (2 * WINDOW_S if used else WINDOW_S if self.old else self.into) - self.into
        return Standing(self.rule, max(0, self.rule.most - self.weight + given_back), reset_s)


def _refused(window: _Window) -> Refusal:
    rule, wait_s = window.rule, max(1, math.ceil(window.wait_s - _TINY))
    words = f"the limit of {rule.whose} is {rule.most:,} {rule.what} a minute; try again in {wait_s} s"
    headers = {"retry-after": str(wait_s), **window.standing(window.amount).headers()}
    return Refusal(429, words, type="rate_limit_error", code="rate_limit_exceeded", headers=headers)
