"""HTTP connections of uvicorn, with our own patience.

uvicorn waits for ever for a head that does not come, holds heads of any size, keeps what nobody reads, and lets a
handler go on whose client has left.
"""

from __future__ import annotations

import asyncio
import re
import socket
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from .config import Config
from .refusal import Refusal

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

MOST_HEAD_BYTES = 64 * 1024
"""The largest head of a request: what nginx takes (large_client_header_buffers 4 8k) twice over."""
MOST_AHEAD = 16
"""Requests that may wait on one connection for the answer to another."""
_HTTP2 = re.compile(rb"(?im)^upgrade:(?=[ \t]*h2c[ \t]*\r$)")
"""The wish for HTTP/2, which Java's own client adds to each request: the parser takes the body behind it for HTTP/2."""
KEPT_S = 75
"""Seconds a connection may lie idle; nginx' keepalive_timeout."""


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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        super().connection_made(cast(asyncio.Transport, transport))
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
        super().on_headers_complete()

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
