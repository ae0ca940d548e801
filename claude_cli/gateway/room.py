"""How much is done at once: so many calls, and a queue of bounded length and patience before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .refusal import Refusal


class Room:
    """Places for calls; whoever has waited longest gets the next.

    Attributes:
        inside: calls that have a place.
        streams: those of them whose answers are streamed.
        waiting: requests that want one.
    """

    def __init__(self, places: int, queue: int, wait_s: float) -> None:
        """Have so many places, let so many wait, and none of them longer than `wait_s` seconds."""
        self._places, self._queue, self._wait_s = asyncio.Semaphore(places), queue, wait_s
        self.inside = self.streams = self.waiting = 0

    @asynccontextmanager
    async def place(self, *, stream: bool = False) -> AsyncIterator[None]:
        """A place for one call; `stream`: its answer is streamed. Raises `Refusal`: 503, there is none."""
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        self.inside += 1
        self.streams += stream
        try:
            yield
        finally:
            self.inside -= 1
            self.streams -= stream
            self._places.release()

    async def _wait(self) -> None:
        if self.waiting >= self._queue:
            raise _full()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._places.acquire()
        except TimeoutError as error:
            raise _full() from error
        finally:
            self.waiting -= 1


def _full() -> Refusal:
    words = "the gateway is busy with other requests; try again"
    return Refusal(503, words, type="server_error", code="overloaded", headers={"retry-after": "1"})
