"""The requests that came in, kept for tests to look at, and whether any is still being answered."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

MAX_RECORDED = 10_000
"""Requests remembered; the oldest are forgotten first."""
MAX_RECORDED_BYTES = 256 * 1024 * 1024


@dataclass(slots=True)
class RecordedRequest:
    """A request as it came in.

    Attributes:
        number: from 1, the number in its request id.
        path: without the query, which is in `query`.
        headers: names in lower case; a header sent twice is joined with ", ".
        body: its bytes; `json` is what they say, None when they are no JSON.
        aborted: whether the client left before the answer was complete.
    """

    number: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    json: Any = None
    aborted: bool = False


class Journal:
    """The requests of one simulator."""

    def __init__(self, most: int = MAX_RECORDED) -> None:
        """Remember so many requests at most."""
        self._most = most
        self.requests: list[RecordedRequest] = []
        self._count = 0
        self._bytes = 0
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def record(self, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> RecordedRequest:
        """Remember a request that has been read; it counts as running until `finish`."""
        self._count += 1
        path, _, query = target.decode("ascii", "replace").partition("?")
        named: dict[str, str] = {}
        for raw_name, raw_value in headers:
            name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
            named[name] = f"{named[name]}, {value}" if name in named else value
        request = RecordedRequest(self._count, method.decode("ascii"), path, query, named, body, _parse(body))
        self.requests.append(request)
        self._bytes += len(body)
        while len(self.requests) > self._most or (self._bytes > MAX_RECORDED_BYTES and len(self.requests) > 1):
            self._bytes -= len(self.requests.pop(0).body)
        self._running += 1
        self._idle.clear()
        return request

    def finish(self) -> None:
        """Say that a recorded request has had its answer, or never will."""
        self._running -= 1
        if self._running == 0:
            self._idle.set()

    async def settled(self) -> None:
        """Wait until no request is running."""
        await self._idle.wait()


def _parse(body: bytes) -> Any:
    """What a body says, or None when it is no JSON; NaN and the like are none."""
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(name: str) -> None:
    raise ValueError(name)
