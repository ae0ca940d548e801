"""Places for calls: who gets one, who waits, and that none is ever lost."""

from __future__ import annotations

import asyncio

import pytest

from claude_cli.gateway.refusal import Refusal
from claude_cli.gateway.room import Room


async def _inside(room: Room, leave: asyncio.Event) -> None:
    async with room.place():
        await leave.wait()


async def _turns() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_the_first_to_wait_is_the_first_to_get_a_place():
    """Else somebody may wait for ever."""

    async def run() -> list[int]:
        room, order = Room(1, 10, 60.0), []

        async def come(number: int) -> None:
            async with room.place():
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*(come(number) for number in range(8)))
        assert (room.inside, room.waiting) == (0, 0)
        return order

    assert asyncio.run(run()) == list(range(8))


@pytest.mark.parametrize("after", ["waiting", "chosen"])
def test_whoever_is_cancelled_while_waiting_takes_no_place_along(after):
    """A client that leaves may do so in the very moment in which its place has come free."""

    async def run() -> None:
        room, leave = Room(1, 10, 60.0), asyncio.Event()
        first = asyncio.create_task(_inside(room, leave))
        await _turns()
        second, third = (asyncio.create_task(_inside(room, leave)) for _ in range(2))
        await _turns()
        assert (room.inside, room.waiting) == (1, 2)
        if after == "chosen":
            leave.set()
            await first  # its place is now the second's, who has not run yet
        second.cancel()
        leave.set()
        await asyncio.gather(first, second, third, return_exceptions=True)
        assert (room.inside, room.waiting) == (0, 0)
        async with asyncio.timeout(5), room.place():
            pass

    asyncio.run(run())


def test_a_full_queue_refuses_at_once():
    """Somebody who cannot be served soon is better told so."""

    async def run() -> None:
        room, leave = Room(1, 1, 60.0), asyncio.Event()
        tasks = [asyncio.create_task(_inside(room, leave)) for _ in range(2)]
        await _turns()
        with pytest.raises(Refusal) as refused:
            async with room.place():
                pass
        assert refused.value.status == 503 and "retry-after" in refused.value.headers
        leave.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())


def test_patience_ends():
    """Clients have their own, and try again: what they no longer wait for must not be done."""

    async def run() -> None:
        room, leave = Room(1, 1, 0.0), asyncio.Event()
        task = asyncio.create_task(_inside(room, leave))
        await _turns()
        with pytest.raises(Refusal) as refused:
            async with room.place():
                pass
        assert refused.value.code == "overloaded" and room.waiting == 0
        leave.set()
        await task
        assert room.inside == 0

    asyncio.run(run())


def test_a_call_that_fails_gives_its_place_back():
    """However it ends."""

    async def run() -> None:
        room = Room(1, 0, 60.0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with room.place():
                    raise ZeroDivisionError
        assert room.inside == 0

    asyncio.run(run())
