"""One client's connection: HTTP/1.1 by h11, answers carried out piece by piece, and a client that leaves noticed.

What is answered is decided in `service.py`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress

import h11

from .delivery import Action, Cut, Send, Stall, Wait
from .journal import Journal, RecordedRequest
from .service import Response, Service

READ_BYTES = 65_536
MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_DISCARDED_BYTES = 256 * 1024 * 1024
"""Bytes of a body that is too large read before the answer: a client that is still writing would not see it."""

Sleep = Callable[[float], Awaitable[object]]


class Connection:
    """A connection, from its first request to its end."""

    def __init__(
        self,
        service: Service,
        journal: Journal,
        sleep: Sleep,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._service, self._journal, self._sleep = service, journal, sleep
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=READ_BYTES)
        self._unread = 0

    async def run(self) -> None:
        """Answer requests until one side has had enough."""
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
        request = self._journal.record(head.method, head.target, list(head.headers), body)
        try:
            response = self._service.answer(request, too_large=too_large)
            request.aborted = not await self._deliver(request, response)
        except asyncio.CancelledError:
            request.aborted = True
            raise
        finally:
            self._journal.finish()
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
            await self._sleep(response.delay_s)
        if response.drop:
            self._writer.close()
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
                await self._sleep(seconds)
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
            await self._sleep(every_s)
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
        # A linger time of zero makes the kernel send a reset.
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
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
            self._writer.close()
            await self._writer.wait_closed()
