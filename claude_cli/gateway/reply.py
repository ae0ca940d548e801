"""A response as it is written: its head when its first byte is there, `: ping` while nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from .visit import Visit

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
EVENT_STREAM = {"content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no"}


class Reply:
    """The response to one visit; everything it sends goes through here.

    Attributes:
        begun: its head has left.
    """

    def __init__(self, visit: Visit, send: Send, *, clock: Callable[[], float]) -> None:
        """Answer `visit` through ASGI's `send`."""
        self._visit, self._send, self._clock = visit, send, clock
        self.begun = False

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the head."""
        self.begun = True
        self._visit.status = status
        both = {**headers, **self._visit.headers}
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in both.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def write(self, data: bytes, *, more: bool = True) -> None:
        """Send a part of the body, as soon as the client takes it."""
        if self._visit.first_at is None:
            self._visit.first_at = self._clock()
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send all of it."""
        await self.begin(status, {**headers, "content-length": str(len(body))})
        await self.write(body, more=False)


async def until_gone(receive: Callable[[], Awaitable[MutableMapping[str, Any]]], task: asyncio.Task[None]) -> None:
    """Cancel `task` when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
    task.cancel()
