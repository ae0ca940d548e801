"""The sliding window: what of the minute before still counts, and when a request is said to get in."""

from __future__ import annotations

import asyncio

import pytest

from claude_cli.gateway.counters import MEMORY, Counters
from claude_cli.gateway.refusal import Refusal
from claude_cli.gateway.windows import Rule, Windows

MINUTE = 1_800_000_000.0 // 60 * 60


class Clock:
    """Requests of one rule, at seconds after `MINUTE`."""

    def __init__(self, most):
        self.now = MINUTE
        self.wanted = [(Rule("key ci", "requests", most), 1)]
        self.windows = Windows(Counters(MEMORY, lambda notice: None, clock=lambda: self.now), lambda: self.now)

    async def ask(self, at):
        """0, or in how many seconds to ask again."""
        self.now = MINUTE + at
        try:
            await self.windows.take(self.wanted)
        except Refusal as refusal:
            return int(refusal.headers["retry-after"])
        return 0


@pytest.mark.parametrize("most", [1, 2, 3, 7])
@pytest.mark.parametrize("at", [60, 63, 76, 119])
def test_a_part_of_a_request_counts_as_a_whole_one(most, at):
    """Of a small limit one request too many is half as much again."""

    async def steps():
        clock = Clock(most)
        before = await clock.ask(44)
        return before, [await clock.ask(at) for _ in range(most)]

    before, (*others, last) = asyncio.run(steps())
    assert (before, others) == (0, [0] * (most - 1)) and last > 0


@pytest.mark.parametrize("most", [1, 2, 3, 7])
@pytest.mark.parametrize("used", [0, 59, 59.5], ids=str)
@pytest.mark.parametrize("at", [59.5, 60, 63.25, 119])
def test_who_is_told_to_wait_gets_in_then_and_not_before(most, used, at):
    """The wait is the shortest in whole seconds, so nobody is sent round twice, or made to wait for nothing."""

    async def steps():
        clock = Clock(most)
        for _ in range(most):
            await clock.ask(used)
        wait_s = await clock.ask(at)
        return wait_s, await clock.ask(at + wait_s - 1) if wait_s else 1, await clock.ask(at + wait_s)

    wait_s, early, late = asyncio.run(steps())
    assert (early > 0 and late == 0) or not wait_s
