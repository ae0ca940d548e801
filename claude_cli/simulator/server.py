"""The simulated service on a port of this machine. The connections themselves are in `connection.py`."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from .connection import Connection, Sleep
from .journal import MAX_RECORDED, Journal, RecordedRequest
from .limits import MINUTE_S
from .service import Service

BACKLOG = 1024


class Simulator:
    """A Messages API on a port of this machine; needs an event loop that watches sockets, as all but Windows' own do.

    Args:
        script: steps of faults, as in `faults.py`. Raises `ValueError` for one that cannot be read.
        pace_s: seconds between the deltas of a stream.
        keys: the accepted keys and tokens; None accepts all that do not hold "invalid".
        bare_models: whether models are listed with four fields only.
        port: 0 for any that is free.
        sleep: waits, in seconds; for tests that do not want to.
        today: YYYY-MM-DD; models that retire by then are gone. None leaves them as the catalogue has them.
        clock: seconds since 1970, for the rate-limit headers and the age of what is cached.
        extra_models: models besides the catalogue's, as in `catalogue.with_models`.
        recorded: requests that are remembered; the oldest are forgotten first.
        limits, burst_s: rate limits that are enforced, as in `limits.RateLimits`; else requests are only counted.
    """

    def __init__(
        self,
        *,
        script: Sequence[Mapping[str, Any]] = (),
        pace_s: float = 0.0,
        keys: Collection[str] | None = None,
        bare_models: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        sleep: Sleep = asyncio.sleep,
        today: str | None = None,
        clock: Callable[[], float] = time.time,
        extra_models: Sequence[Mapping[str, Any]] = (),
        recorded: int = MAX_RECORDED,
        limits: Mapping[str, int] | None = None,
        burst_s: float = MINUTE_S,
    ) -> None:
        self._service = Service(script, keys, pace_s, bare_models, today, clock, extra_models, limits, burst_s)
        self._journal = Journal(recorded)
        self._sleep = sleep
        self._host, self._port = host, port
        self._listener: socket.socket | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._stopped = asyncio.Event()

    @property
    def url(self) -> str:
        """The base URL, once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests so far, as many of the latest as are remembered."""
        return self._journal.requests

    async def start(self) -> None:
        """Open the port. Raises `OSError` when that is not possible."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        listener.setblocking(False)
        self._port = listener.getsockname()[1]
        self._stopped.clear()
        # Not `asyncio.start_server`: in Python 3.11 a connection that comes while it closes is neither served nor shut.
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)
        self._listener = listener

    async def stop(self) -> None:
        """Close the port and every connection, at once."""
        if self._listener is None:
            return
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        self._listener = None
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await asyncio.sleep(0)  # The transports let go of their sockets one round later.
        self._stopped.set()

    async def serve_forever(self) -> None:
        """Start, if that has not been done, and serve until stopped or cancelled."""
        if self._listener is None:
            await self.start()
        try:
            await self._stopped.wait()
        finally:
            await self.stop()

    async def settled(self) -> None:
        """Wait until no request is being answered, so that `aborted` of all of them is final."""
        await self._journal.settled()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return  # Gone again, or no file descriptor is left: what still waits is offered again.
        client.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._serve(client))
        self._connections.add(task)
        task.add_done_callback(partial(self._forget, client))

    async def _serve(self, client: socket.socket) -> None:
        try:
            reader, writer = await asyncio.open_connection(sock=client)
        except OSError:
            return  # Gone before it was looked at.
        await Connection(self._service, self._journal, self._sleep, reader, writer).run()

    def _forget(self, client: socket.socket, task: asyncio.Task[None]) -> None:
        """Also of a task that was cancelled before its first step, which could not close anything itself."""
        self._connections.discard(task)
        client.close()
