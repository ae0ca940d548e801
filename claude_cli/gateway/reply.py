"""A response as it is written: its head when its first byte is there, `: ping` while nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from .visit import Visit

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
EVENT_STREAM = {"content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no"}
PING = b": ping\n\n"
"""A comment of server-sent events: it keeps proxies and clients patient, and no parser shows it."""


class Reply:
    """The response to one visit; everything it sends goes through here.

    Attributes:
        begun: its head has left.
        ended: all of it has.
    """

    def __init__(self, visit: Visit, send: Send, *, clock: Callable[[], float]) -> None:
        """Answer `visit` through ASGI's `send`."""
        self._visit, self._send, self._clock = visit, send, clock
        self.begun = self.ended = False
        self._writing = False
        self._written_at = 0.0

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the head: `headers`, and the visit's own."""
        self.begun = True
        self._visit.status = status
        both = {**headers, **self._visit.headers}
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in both.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def write(self, data: bytes, *, more: bool = True) -> None:
        """Send a part of the body; returns once the client has taken enough of what came before."""
        if self._visit.first_at is None:
            self._visit.first_at = self._clock()
        self._writing, self.ended = True, not more
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        self._writing, self._written_at = False, self._clock()

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send all of it."""
        await self.begin(status, {**headers, "content-length": str(len(body))})
        await self.write(body, more=False)

    @contextmanager
    def kept_alive(self, every_s: float) -> Iterator[None]:
        """Within it `: ping` is sent whenever nothing was for `every_s` seconds; the head, too, if it has not left."""
        loop = asyncio.get_running_loop()
        pings: set[asyncio.Task[None]] = set()
        self._written_at = self._clock()
        timer: asyncio.TimerHandle

        def look() -> None:
            nonlocal timer
            silent_s = self._clock() - self._written_at
            if silent_s >= every_s:
                silent_s = 0.0
                if not (self._writing or pings):  # else the client reads too slowly to be told of silence
                    ping = loop.create_task(self._ping())
                    pings.add(ping)
                    ping.add_done_callback(pings.discard)
            timer = loop.call_later(every_s - silent_s, look)

        timer = loop.call_later(every_s, look)
        try:
            yield
        finally:
            timer.cancel()
            for ping in pings:
                ping.cancel()

    async def _ping(self) -> None:
        if self._writing or self.ended:
            return
        if not self.begun:
            await self.begin(200, EVENT_STREAM)
        await self._send({"type": "http.response.body", "body": PING, "more_body": True})
        self._written_at = self._clock()
