"""The simulated service on a loopback port: HTTP/1.1 by h11 over asyncio.

What it answers is decided in `service.py`. Here requests are read, answers carried out, and clients that leave noticed.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import h11

from .delivery import Action, Cut, Send, Stall, Wait
from .service import RecordedRequest, Response, Service, parse_json

READ_BYTES = 65_536
MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_DISCARDED_BYTES = 256 * 1024 * 1024
"""Bytes of a body that is too large read before the answer: a client that is still writing would not see it."""
MAX_RECORDED = 10_000
"""Requests remembered; the oldest are forgotten first."""
MAX_RECORDED_BYTES = 256 * 1024 * 1024

Sleep = Callable[[float], Awaitable[object]]


class Simulator:
    """A Messages API on a port of this machine.

    Args:
        script: steps of faults, as in `faults.py`. Raises `ValueError` for one that cannot be read.
        pace_s: seconds between the deltas of a stream.
        keys: the accepted keys and tokens; None accepts all that do not hold "invalid".
        bare_models: whether models are listed with four fields only.
        port: 0 for any that is free.
        sleep: waits, in seconds; for tests that do not want to.
        today: YYYY-MM-DD; models that retire by then are gone. None leaves them as the catalogue has them.
        clock: seconds since 1970, for the rate-limit headers.
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
    ) -> None:
        self.requests: list[RecordedRequest] = []
        self._service = Service(script, keys, pace_s, bare_models, today, clock)
        self._host, self._port = host, port
        self._sleep = sleep
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self._recorded_bytes = 0
        self._running = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self._stopped = asyncio.Event()

    @property
    def url(self) -> str:
        """The base URL, once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Open the port. Raises `OSError` when that is not possible."""
        self._server = await asyncio.start_server(self._accept, self._host, self._port, backlog=1024)
        self._port = self._server.sockets[0].getsockname()[1]
        self._stopped.clear()

    async def stop(self) -> None:
        """Close the port and every connection, at once."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()
        self._stopped.set()

    async def serve_forever(self) -> None:
        """Start, if that has not been done, and serve until stopped or cancelled."""
        if self._server is None:
            await self.start()
        try:
            await self._stopped.wait()
        finally:
            await self.stop()

    async def settled(self) -> None:
        """Wait until no request is being answered, so that `aborted` of all of them is final."""
        await self._settled.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(_Connection(self, reader, writer).run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def record(self, head: h11.Request, body: bytes) -> RecordedRequest:
        """Remember a request that has been read; it counts as running until `finish`."""
        self._count += 1
        path, _, query = head.target.decode("ascii", "replace").partition("?")
        headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        method = head.method.decode("ascii")
        request = RecordedRequest(self._count, method, path, query, headers, body, parse_json(body))
        self.requests.append(request)
        self._recorded_bytes += len(body)
        while len(self.requests) > MAX_RECORDED or (
            self._recorded_bytes > MAX_RECORDED_BYTES and len(self.requests) > 1
        ):
            self._recorded_bytes -= len(self.requests.pop(0).body)
        self._running += 1
        self._settled.clear()
        return request

    def finish(self) -> None:
        """Say that a recorded request has had its answer, or never will."""
        self._running -= 1
        if self._running == 0:
            self._settled.set()

    def answer(self, request: RecordedRequest, *, too_large: bool) -> Response:
        """The response to a recorded request."""
        return self._service.answer(request, too_large=too_large)

    async def wait(self, seconds: float) -> None:
        """Wait as the injected `sleep` does."""
        await self._sleep(seconds)


class _Connection:
    """One client's connection, from its first request to its end."""

    def __init__(self, simulator: Simulator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._simulator = simulator
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=READ_BYTES)
        self._unread = 0

    async def run(self) -> None:
        try:
            while await self._exchange():
                pass
            self._writer.close()
            await self._writer.wait_closed()
        except h11.RemoteProtocolError as error:
            await self._refuse(error)
        except (OSError, h11.LocalProtocolError):
            pass  # The client is gone, or a script's own headers do not allow for its body: nobody to tell.
        finally:
            self._writer.transport.abort()

    async def _exchange(self) -> bool:
        """Answer one request; whether another may follow on this connection."""
        head = await self._event()
        if not isinstance(head, h11.Request):
            return False
        body, too_large = await self._body()
        request = self._simulator.record(head, body)
        try:
            response = self._simulator.answer(request, too_large=too_large)
            request.aborted = not await self._deliver(request, response)
        except asyncio.CancelledError:
            request.aborted = True
            raise
        finally:
            self._simulator.finish()
        if request.aborted or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def _event(self) -> object:
        """The next thing the client says."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(READ_BYTES))
        return event

    async def _body(self) -> tuple[bytes, bool]:
        """The body, and whether it was too large to be kept."""
        parts: list[bytes] = []
        size = 0
        while isinstance(event := await self._event(), h11.Data):
            size += len(event.data)
            if size <= MAX_BODY_BYTES:
                parts.append(bytes(event.data))
            elif size > MAX_DISCARDED_BYTES:
                break
            else:
                parts.clear()
        return b"".join(parts), size > MAX_BODY_BYTES

    async def _deliver(self, request: RecordedRequest, response: Response) -> bool:
        """Send the response while watching the client; whether all that was to be sent was."""
        sender = asyncio.ensure_future(self._send(request, response))
        watcher = asyncio.ensure_future(self._departure())
        try:
            await asyncio.wait({sender, watcher}, return_when=asyncio.FIRST_COMPLETED)
            if sender.done():
                sender.result()
                return True
        except OSError:
            pass
        finally:
            sender.cancel()
            watcher.cancel()
            await asyncio.gather(sender, watcher, return_exceptions=True)
        return False

    async def _departure(self) -> None:
        """Return when the client has closed its side. Requests it sends meanwhile are kept, up to a limit."""
        with suppress(OSError):
            while data := await self._reader.read(READ_BYTES):
                self._unread += len(data)
                if self._unread > MAX_BODY_BYTES:
                    return
                self._http.receive_data(data)

    async def _send(self, request: RecordedRequest, response: Response) -> None:
        if response.delay_s:
            await self._simulator.wait(response.delay_s)
        if response.drop:
            self._close(reset=False)
            return
        self._write(h11.Response(status_code=response.status, headers=response.headers))
        if request.method != "HEAD":
            for number, action in enumerate(response.actions, start=1):
                if not await self._act(action):
                    return
                if number % 64 == 0:
                    await asyncio.sleep(0)  # A flood must not keep the watcher from its work.
        self._write(h11.EndOfMessage())
        if response.raw_after_end:
            self._writer.write(response.raw_after_end)
        await self._writer.drain()

    async def _act(self, action: Action) -> bool:
        """Carry one action out; whether there is a connection left for the next."""
        match action:
            case Send(data):
                self._write(h11.Data(data=data))
                await self._writer.drain()
            case Wait(seconds):
                await self._simulator.wait(seconds)
            case Stall(ping, every_s):
                await self._stall(ping, every_s)
            case Cut(reset):
                await self._writer.drain()
                self._close(reset=reset)
                return False
        return True

    async def _stall(self, ping: bytes, every_s: float) -> None:
        if not ping:
            await asyncio.Event().wait()
        while True:
            await self._simulator.wait(every_s)
            await asyncio.sleep(0)  # The injected wait may be none at all.
            self._write(h11.Data(data=ping))
            await self._writer.drain()

    def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)

    def _close(self, *, reset: bool) -> None:
        """End the connection: politely after what was written, or by a reset."""
        if not reset:
            self._writer.close()
            return
        connection = self._writer.get_extra_info("socket")
        # A linger time of zero makes the kernel send a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        """Answer what is no HTTP with a short error, where the state of the connection allows one."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        text = str(error).encode("ascii", "replace")
        headers = [("content-length", str(len(text))), ("connection", "close")]
        with suppress(OSError):
            self._write(h11.Response(status_code=error.error_status_hint, headers=headers))
            self._write(h11.Data(data=text))
            await self._writer.drain()
