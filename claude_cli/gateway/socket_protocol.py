"""WebSockets of uvicorn, with our own patience: for clients that do not read, and for answers under way when we go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .refusal import Refusal

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

FIRST_BYTES = 256 * 1024
"""The largest message before its sender has shown a key."""
LEAVING = 1012
"""The close code of a server that goes, "service restart"; the application gets it with "websocket.disconnect"."""
LOAD = "claude_cli.load"
"""In the application's state: the `Load` that messages are a part of until they are whole."""
TRY_LATER = 1013
"""The close code of a server that has no room at the moment."""
HEADER_S = "claude_cli.header_s"
"""In the application's state: how many seconds a handshake may take."""
TRUST = "claude_cli.trust"
"""In the scope's state: to be called once the client has shown a key, so that it may send messages of full size."""


class Stalled(ClientDisconnected):
    """The client did not leave, but was cut off, as it read nothing."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection. A client that reads nothing for as long as `ws_ping_timeout` while there is more is cut off."""

    def __init__(self, *given: Any, **named: Any) -> None:
        """See uvicorn."""
        super().__init__(*given, **named)
        self._largest, self.conn.max_message_size = self.conn.max_message_size, FIRST_BYTES
        self._unfinished = ExitStack()  # gives back what the message that is on its way weighs
        self._take: Callable[[int], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        super().connection_made(transport)
        self._opening = self.loop.call_later(self.app_state[HEADER_S], self._opened)

    def _opened(self) -> None:
        if not self.handshake_complete:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """See asyncio; what has come of a message that is not whole yet counts among the bodies of all requests."""
        super().data_received(data)
        if not (self.frames or self.conn.reader.buffer):
            self._unfinished.close()
            self._take = None
            return
        if self._take is None:
            self._take = self._unfinished.enter_context(self.app_state[LOAD].part())
        try:
            self._take(len(data))
        except Refusal as refusal:
            self.conn.send_close(TRY_LATER, str(refusal))
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._unfinished.close()
        self._opening.cancel()
        super().connection_lost(exc)

    async def run_asgi(self) -> None:
        """See uvicorn."""
        self.scope["state"][TRUST] = self._trust
        await super().run_asgi()

    def _trust(self) -> None:
        self.conn.max_message_size = self._largest

    async def send(self, message: ASGISendEvent) -> None:
        """See ASGI; returns once the client has taken enough of what came before."""
        while not self.writable.is_set():
            unread = self.transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(self.ping_timeout):
                    await self.writable.wait()
            except TimeoutError:
                if self.transport.get_write_buffer_size() >= unread:
                    self.transport.abort()
                    raise Stalled from None
        if self.close_sent:  # by uvicorn itself, because of what came
            raise ClientDisconnected
        await super().send(message)
        if self.close_timer:  # uvicorn would close in order: never, where nobody reads
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """A ping was not answered. It may lie behind an answer that is read slowly; `send` knows when to stop."""
        self.pong_timer = None
        self.schedule_ping()

    def shutdown(self) -> None:
        """The server goes: the application may still end its answers, and closes the connection then."""
        if self.handshake_complete and not self.close_sent:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": LEAVING})
        else:
            super().shutdown()
