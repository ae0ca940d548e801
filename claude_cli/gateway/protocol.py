"""HTTP connections of uvicorn, with our own patience.

uvicorn waits for ever for a head that does not come, holds heads of any size, keeps what nobody reads, and lets a
handler go on whose client has left.
"""

from __future__ import annotations

import asyncio
import re
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from websockets.http11 import Request
from websockets.server import ServerProtocol

from .config import Config
from .refusal import Refusal

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

STALLED = "claude_cli.stalled"
"""In the scope's state of a request that is cancelled: whether its client did not leave, but was cut off, as it read
nothing."""
MOST_HEAD_BYTES = 64 * 1024
"""The largest head of a request: what nginx takes (large_client_header_buffers 4 8k) twice over."""
MOST_AHEAD = 16
"""Requests that may wait on one connection for the answer to another."""
_HTTP2 = re.compile(rb"(?im)^upgrade:(?=[ \t]*h2c[ \t]*\r$)")
"""The wish for HTTP/2, which Java's own client adds to each request: the parser takes the body behind it for HTTP/2."""
KEPT_S = 75
"""Seconds a connection may lie idle; nginx' keepalive_timeout."""


class Together:
    """A transport that sends in one piece what is written in one turn of the event loop.

    uvicorn writes a head and what follows it apart, and each time costs more than all it takes to work a request out.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Write to `transport`."""
        self._transport, self._loop = transport, loop
        self._unsent: list[bytes] = []

    def write(self, data: bytes) -> None:
        """See `asyncio.Transport`."""
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(data)

    def _send(self) -> None:
        data, self._unsent = b"".join(self._unsent), []
        if data:
            self._transport.write(data)

    def close(self) -> None:
        """See `asyncio.Transport`."""
        self._send()
        self._transport.close()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """See `asyncio.Transport`."""
        self._send()
        self._transport.set_protocol(protocol)

    def __getattr__(self, name: str) -> Any:
        """All that has nothing to do with writing."""
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """One connection. `look` is to be called about once a second."""

    def __init__(self, *given: Any, patience: Config, **named: Any) -> None:
        """See uvicorn; `patience` says how long it has."""
        super().__init__(*given, **named)
        self.patience = patience
        self._awaited_since: float | None = self.loop.time()
        self._awaited_s = self.patience.header_s
        self._head_bytes: int | None = 0  # of the head that is on its way; None: there is none
        self._unread, self._unread_since = 0, 0.0
        self._task: asyncio.Task[None] | None = None
        self._upgrades = self._stalled = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        super().connection_made(cast(asyncio.Transport, Together(cast(asyncio.Transport, transport), self.loop)))
        # asyncio does so only where the listener was made by its own hand; else each answer waits 40 ms for its end.
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # ---------------------------------------------------------------------------------------------- what comes
    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self.transport.is_closing():
            return
        if b"h2c" in data:
            data = _HTTP2.sub(b"x-grade:", data)
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(Refusal(431, "the request's head is larger than 64 KiB", code="headers_too_large"))
        if self.pipeline and len(self.pipeline) <= MOST_AHEAD and len(self.cycle.body) <= HIGH_WATER_LIMIT:
            self.flow.resume_reading()  # uvicorn stops there, and would not see the client leave

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._await(self.patience.header_s)
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._head_bytes = None
        self._await(self.patience.body_s + self.patience.header_s)  # the application has its own, shorter patience
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > MOST_HEAD_BYTES:
            self._refuse(Refusal(431, "the request's head is larger than 64 KiB", code="headers_too_large"))
            return
        wished = self.parser.should_upgrade()
        self._upgrades = wished and self._is_handshake()
        super().on_headers_complete()
        if wished and not self._upgrades:
            self.cycle.keep_alive = False  # the parser takes what follows for another protocol

    def _should_upgrade(self) -> bool:
        return self._upgrades

    def _is_handshake(self) -> bool:
        """Whether a WebSocket begins here: what else wishes for one is a request, and gets an answer like any other.

        uvicorn hands all of it on to a parser that answers in its own words, or waits for ever for what cannot come.
        """
        if any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers):
            return False
        trial = ServerProtocol()
        version = self.parser.get_http_version().encode()
        head = [b"%s: %s\r\n" % pair for pair in self.headers]
        trial.receive_data(b"%s %s HTTP/%s\r\n%s\r\n" % (self.parser.get_method(), self.url, version, b"".join(head)))
        return any(
            isinstance(event, Request) and trial.accept(event).status_code == HTTPStatus.SWITCHING_PROTOCOLS
            for event in trial.events_received()
        )

    def on_message_complete(self) -> None:
        """All of it is there."""
        super().on_message_complete()
        self._awaited_since = None

    def on_response_complete(self) -> None:
        """It has been answered."""
        super().on_response_complete()
        if self._awaited_since is None:
            self._await(KEPT_S)

    def _await(self, seconds: float) -> None:
        self._awaited_since, self._awaited_s = self.loop.time(), seconds

    # ---------------------------------------------------------------------------------------------- who leaves
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._task = self.loop.create_task(cycle.run_asgi(app))
        self._task.add_done_callback(self.tasks.discard)
        self.tasks.add(self._task)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left: nobody works for it any longer."""
        super().connection_lost(exc)
        self.pipeline.clear()
        if self._task and not self.cycle.response_complete:
            self.cycle.scope["state"][STALLED] = self._stalled
            self._task.cancel()

    def last(self) -> None:
        """Close the connection after the answer that is under way."""
        if self.cycle:
            self.cycle.keep_alive = False

    # ---------------------------------------------------------------------------------------------- patience
    def look(self, now: float) -> None:
        """End what takes too long; `now` by the event loop's clock."""
        unread = self.transport.get_write_buffer_size()
        if unread == 0 or unread != self._unread:
            self._unread, self._unread_since = unread, now
        elif now - self._unread_since > self.patience.stalled_s:
            self._stalled = True
            self.transport.abort()
        if self._awaited_since is not None and now - self._awaited_since > self._awaited_s:
            if self.cycle and not self.cycle.response_complete:
                return  # the application waits for the body itself
            if self._head_bytes:
                self._refuse(Refusal(408, "the request came too slowly", code="timeout"))
            else:
                self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self._refuse(Refusal(400, "this is no valid HTTP request"))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer for the application, and close; in the midst of another answer there is no place for that."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = refusal.body()
            head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[refusal.status] + head + body)
        self.transport.close()
