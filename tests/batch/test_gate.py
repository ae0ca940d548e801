"""The gate: who waits, who is let through in which order, and that nobody who leaves early keeps a place."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from claude_cli.batch.gate import _SLOT, Cost, Gate, Slot
from claude_cli.core.call import Call
from claude_cli.core.client import Client
from claude_cli.core.messages import ChatRequest, Message, Usage, text_block
from claude_cli.core.surroundings import CallPolicy
from claude_cli.simulator import BackgroundSimulator

from .conftest import MODEL, around, provider_at

COST = Cost(500, 200)
WORK = Usage(input_tokens=500, output_tokens=200)


class _Jump(selectors.DefaultSelector):
    """Waits for no time to pass: it makes it pass."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which hours pass in milliseconds."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def in_virtual_time(main: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())


def gate_of(most: int) -> Gate:
    return Gate(most, clock=asyncio.get_running_loop().time)


def told(limit: int, remaining: int) -> dict[str, str]:
    stem = "anthropic-ratelimit-requests"
    return {f"{stem}-limit": str(limit), f"{stem}-remaining": str(remaining)}


async def opened(most: int, headers: dict[str, str] | None = None) -> Gate:
    """A gate behind which somebody has been answered."""
    gate = gate_of(most)
    slot = await gate.enter(COST)
    gate.heard(200, headers or {})
    slot.leave(WORK)
    return gate


def test_no_more_than_are_allowed_are_let_through():
    """In the order in which they came, one for each that leaves."""

    async def main() -> None:
        gate, through = await opened(2), []

        async def row(number: int) -> None:
            slot = await gate.enter(COST)
            through.append(number)
            await asyncio.sleep(1.0)
            slot.leave(WORK)

        rows = [asyncio.create_task(row(number)) for number in range(5)]
        for expected in ([0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4]):
            await asyncio.sleep(0.9)
            assert through == expected
            await asyncio.sleep(0.1)
        await asyncio.gather(*rows)
        assert gate.state().under_way == 0

    in_virtual_time(main)


def test_rows_that_wait_for_another_try_are_counted_apart():
    """They are not under way, until their time and their turn have come."""

    async def main() -> None:
        gate = await opened(1)
        first = await gate.enter(COST)
        rests = asyncio.create_task(first.rest(1.0, "overloaded"))
        await asyncio.sleep(0.5)
        assert gate.state()[1:3] == (0, 0) and gate.state().resting == 1
        second = await gate.enter(COST)
        await asyncio.sleep(1.0)
        assert gate.state()[1:3] == (1, 1) and gate.state().resting == 1
        second.leave(WORK)
        await rests
        assert gate.state()[1:3] == (1, 0) and gate.state().resting == 0

    in_virtual_time(main)


def test_a_limit_lets_one_through_after_the_other():
    """60 a minute, and none left: one a second, though all could be under way at once."""

    async def main() -> None:
        gate, times, clock = await opened(64, told(60, 0)), [], asyncio.get_running_loop().time

        async def row() -> None:
            slot = await gate.enter(COST)
            times.append(clock())
            slot.leave(WORK)

        await asyncio.gather(*(row() for _ in range(5)))
        assert times == pytest.approx([1.5, 2.5, 3.5, 4.5, 5.5], abs=0.01)

    in_virtual_time(main)


def test_another_model_goes_past_those_who_wait_for_a_limit():
    """Each model has limits of its own, and one that is exhausted is no reason to stop the others."""

    async def main() -> None:
        gate = await opened(64, told(60, 0))
        waiting = asyncio.create_task(gate.enter(COST))
        await asyncio.sleep(0)
        slot = await asyncio.wait_for(gate.enter(COST._replace(model="other")), 0.1)
        assert not waiting.done()
        slot.leave(WORK)
        (await waiting).leave(WORK)

    in_virtual_time(main)


def test_who_rests_lets_others_go_and_comes_back_first():
    """The place is free at once; after the rest it is the next that is free."""

    async def main() -> None:
        gate, order = await opened(1), []

        async def rests() -> None:
            slot = await gate.enter(COST)
            order.append("tried")
            await slot.rest(1.5, "server_error")
            order.append("tried again")
            slot.leave(WORK)

        async def row(number: int) -> None:
            slot = await gate.enter(COST)
            order.append(f"row {number}")
            await asyncio.sleep(1.0)
            slot.leave(WORK)

        await asyncio.gather(rests(), *(row(number) for number in range(3)))
        assert order == ["tried", "row 0", "row 1", "tried again", "row 2"]

    in_virtual_time(main)


@pytest.mark.parametrize("after_s", [0.0, 0.5, 1.0], ids=["at once", "while it waits", "as its turn comes"])
@pytest.mark.parametrize("resting", [False, True], ids=["entering", "resting"])
def test_who_gives_up_keeps_no_place(resting, after_s):
    """Ctrl-C, in any moment: the next in line gets what was meant for it, and all places are there again."""

    async def main() -> None:
        gate = await opened(1)
        gives_up: asyncio.Task[None]

        async def holds() -> None:
            slot = await gate.enter(COST)
            await asyncio.sleep(1.0)
            slot.leave(WORK)
            if after_s == 1.0:
                gives_up.cancel()  # its turn has come, but it does not know yet

        async def quitter() -> None:
            slot = await gate.enter(COST)
            try:
                if resting:
                    holder.append(asyncio.create_task(holds()))
                    await slot.rest(0.25, "overloaded")
            finally:
                slot.leave(None)

        holder = [] if resting else [asyncio.create_task(holds())]
        await asyncio.sleep(0)
        gives_up = asyncio.create_task(quitter())
        await asyncio.sleep(0)
        following = asyncio.create_task(gate.enter(COST))
        await asyncio.sleep(after_s)
        gives_up.cancel()
        await asyncio.gather(gives_up, *holder, return_exceptions=True)
        assert gives_up.cancelled()
        slot = await asyncio.wait_for(following, 5.0)
        assert gate.state()[1:3] == (1, 0)
        slot.leave(None)
        slot.leave(WORK)
        assert gate.state().under_way == gate.state().resting == 0

    in_virtual_time(main)


def test_a_head_that_belongs_to_no_row_is_no_matter():
    """A count of tokens before the batch, a row that has left, the row of another gate."""

    async def main() -> None:
        gate, other = gate_of(64), gate_of(64)
        gate.heard(429, {"retry-after": "60"})
        slot = await other.enter(COST)
        gate.heard(429, {"retry-after": "60"})
        slot.leave(None)
        other.heard(429, {"retry-after": "60"})
        assert gate.state().allowed == other.state().allowed == 8

    in_virtual_time(main)


def test_a_date_to_come_back_is_understood():
    """`retry-after` may be an HTTP date, by the clock on the wall."""

    async def main() -> None:
        gate = Gate(8, clock=asyncio.get_running_loop().time, wall_clock=lambda: 784111777.0)
        for _ in range(3):
            slot = await gate.enter(COST)
            gate.heard(429, {"retry-after": "Sun, 06 Nov 1994 08:50:37 GMT"})
            slot.leave(None)
        waiting = asyncio.create_task(gate.enter(COST))
        await asyncio.sleep(0)
        state = gate.state()
        assert (state.held_s, state.why, state.waiting) == (60.0, "rate limited", 1)
        (await waiting).leave(None)
        assert asyncio.get_running_loop().time() == pytest.approx(60.0, abs=0.01)

    in_virtual_time(main)


@pytest.mark.parametrize(("others", "seconds", "words"), [
    (True, 900.0, "rate limited until 08:04"),
    (False, 900.0, "rate limited until 08:04"),
    (False, 30.0, "rate limited"),
], ids=["others wait", "all rest", "not for long"])  # fmt: skip
def test_a_long_wait_says_when_it_ends(others, seconds, words):
    """Who looks in at night knows when to look again."""

    async def main() -> None:
        gate = Gate(8, clock=asyncio.get_running_loop().time, wall_clock=lambda: morning)
        slots = [await gate.enter(COST) for _ in range(3)]
        for slot in slots:
            _SLOT.set(slot)
            gate.heard(429, {"retry-after": str(seconds)})
        rests = [asyncio.create_task(slot.rest(seconds, "rate_limit")) for slot in slots]
        more = [asyncio.create_task(gate.enter(COST)) for _ in range(others)]
        await asyncio.sleep(0)
        assert (gate.state().why, gate.state().held_s) == (words, seconds)
        await asyncio.gather(*rests)
        for slot in (*slots, *[await each for each in more]):
            slot.leave(WORK)
        assert gate.state().why == ""

    morning = time.mktime((2026, 11, 22, 7, 49, 0, 0, 0, -1))
    in_virtual_time(main)


def test_the_heads_of_real_answers_find_their_rows():
    """Through the client's own path, many rows at a time: the gate hears what the server told each of them."""

    async def ask(gate: Gate, client: Callable[[Slot], Client], number: int) -> None:
        request = ChatRequest(MODEL, (Message("user", (text_block(f"Question {number}"),)),))
        slot = await gate.enter(Cost(100, 100))
        call = Call(request, CallPolicy(), around())
        async with aclosing(client(slot).run(call)) as batches:
            async for _ in batches:
                pass
        slot.leave(call.completion().usage)

    async def main() -> None:
        gate = Gate(16)
        async with provider_at(simulator.url) as provider:
            provider.heard = gate.heard

            def client(slot: Slot) -> Client:
                return Client(provider, around(), sleep=lambda seconds: slot.rest(0.0, "rate_limit"))

            await asyncio.gather(*(ask(gate, client, number) for number in range(24)))
        limits = gate._pace._limits[""]
        assert limits.buckets["requests"].limit == 777
        assert limits.buckets["output-tokens"].limit == 400_000
        assert (gate.state().allowed, gate.state().under_way) == (16, 0)

    script = [{"status": 429, "retry_after": "0.01"}]
    with BackgroundSimulator(script=script, limits={"requests": 777}) as simulator:
        asyncio.run(main())
    assert len(simulator.requests) == 25
