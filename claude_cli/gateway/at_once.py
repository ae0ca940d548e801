"""How many answers are under way at once: on this host, or on all that share a storage.

There each host publishes how many it has for this interval and the next, and corrects that whenever one begins or ends.
What a host that died has published is forgotten with its intervals: nothing has to be cleaned up.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from .counters import Counters
from .refusal import Refusal
from .windows import Rule

INTERVAL_S = 20
"""Answers of a host that died are forgotten after two of these."""


class AtOnce:
    """All limits of answers at once."""

    def __init__(self, counters: Counters, wall: Callable[[], float]) -> None:
        """Count in `counters` where they are shared; `wall` is Unix time in seconds, the same for all hosts."""
        self._counters, self._wall = counters, wall
        self._here: Counter[str] = Counter()
        self._published: dict[tuple[str, int], int] = {}
        self._beating: asyncio.Task[None] | None = None

    async def enter(self, rules: Sequence[Rule]) -> None:
        """One more is under way. Raises `Refusal`: 429, that is one too many."""
        names = [rule.counter for rule in rules]
        self._here.update(names)
        try:
            counts = await self._publish(names) if self._counters.is_shared else [self._here[name] for name in names]
            for rule, count in zip(rules, counts, strict=True):
                if count > rule.most:
                    raise _refused(rule)
        except BaseException:  # also where the client left meanwhile
            await self.leave(rules)
            raise
        if self._counters.is_shared and (self._beating is None or self._beating.done()):
            self._beating = asyncio.create_task(self._beat())

    async def leave(self, rules: Sequence[Rule]) -> None:
        """One is over."""
        names = [rule.counter for rule in rules]
        self._here.subtract(names)
        for name in names:
            if not self._here[name]:
                del self._here[name]
        if self._counters.is_shared:
            await self._publish(names)

    async def publish(self) -> None:
        """Publish again what is under way here."""
        await self._publish(list(self._here))

    async def aclose(self) -> None:
        """Stop publishing."""
        if self._beating:
            self._beating.cancel()
            await asyncio.wait([self._beating])

    async def _publish(self, names: Sequence[str]) -> list[int]:
        """Correct what other hosts see of `names`; returns how many there are of each on all of them."""
        now = int(self._wall() // INTERVAL_S)
        self._published = {place: count for place, count in self._published.items() if place[1] >= now}
        changes = []
        for place in [(name, interval) for interval in (now, now + 1) for name in names]:
            count = self._here[place[0]]
            changes.append((f"{place[0]}/{place[1]}", count - self._published.get(place, 0)))
            self._published[place] = count
        return (await self._counters.add(changes, 3 * INTERVAL_S))[: len(names)]

    async def _beat(self) -> None:
        while self._here:
            await asyncio.sleep(INTERVAL_S / 2)
            await self.publish()


def _refused(rule: Rule) -> Refusal:
    words = f"the limit of {rule.whose} is {rule.most:,} answers at once; try again when one of them is over"
    return Refusal(429, words, type="rate_limit_error", code="rate_limit_exceeded", headers={"retry-after": "1"})
