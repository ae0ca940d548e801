"""`/socket`: conversations over one WebSocket. The protocol is told in `docs/websocket.md`.

One task reads what the client says, and one more answers each conversation. A client that does not read what it is told
halts them, and with them the reading from upstream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from ..storage.gateway_keys import GatewayKey
from .gateway import Gateway
from .refusal import Refusal
from .reply import Send
from .socket_chat import Gone, SocketChat
from .socket_messages import ClientMessage, Ref, error_payload, message, parse, prefix
from .socket_protocol import LEAVING, TRUST, TRY_LATER, Stalled
from .visit import Scope, Visit, new_id

Receive = Callable[[], Awaitable[Any]]

NORMAL, NO_TEXT, NO_KEY = 1000, 1003, 4401
"""Close codes: RFC 6455's and its registry's, and one of our own, after HTTP's 401."""
_GOODBYE_S = 1.0
_NO_KEY, _STOPPED = "no valid key was shown", "the gateway is being stopped"
_EVENTS = "auth, chat:stream, chat:cancel and ping"


async def serve_socket(
    gateway: Gateway, visit: Visit, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send
) -> None:
    """Serve one connection to its end; Host and Origin of its handshake, `visit`, have been checked.

    Raises:
        Refusal: the handshake has not been answered yet: it has a wrong key, or one with too many connections.
    """
    await receive()  # "websocket.connect"
    await Connection(gateway, visit, scope["state"][TRUST], receive, send).run(headers)


class Connection:
    """A client that has come, and its conversations."""

    def __init__(self, gateway: Gateway, visit: Visit, trust: Callable[[], None], receive: Receive, send: Send) -> None:
        """Prepare; `trust` is called once the client has shown a key."""
        self._gateway, self._visit, self._trust = gateway, visit, trust
        self._receive, self._send = receive, send
        self._whose: Callable[[], GatewayKey] | None = None
        self._chats: dict[Ref, tuple[SocketChat, asyncio.Task[None]]] = {}
        self._counted: str | None = None
        self._leaving = self._closed = self._stalled = False
        self._active_at = gateway.around.clock()

    async def run(self, headers: Mapping[str, str]) -> None:
        """See `serve_socket`."""
        try:
            self._enter(partial(self._gateway.door.key_of, headers))
        except Refusal:
            if "authorization" in headers or "x-api-key" in headers:
                raise
            # No browser can set a header here: the key is in the first message then.
        try:
            await self._tell({"type": "websocket.accept"})
            self._visit.status = 101
            while await self._heed(await self._next()):
                pass  # nothing here keeps the last message, which may be large, while the next is waited for
        except Gone:
            pass
        except asyncio.CancelledError:  # the server goes, and waits no longer
            with suppress(Gone, TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._close(LEAVING, _STOPPED)
        finally:
            await self._leave()

    def _enter(self, whose: Callable[[], GatewayKey]) -> None:
        """Let the client in by the key that `whose` finds now and for each conversation. Raises `Refusal`."""
        key, sockets = whose(), self._gateway.sockets
        if key.name != self._counted:
            if sockets[key.name] >= self._gateway.config.sockets_per_key:
                words = "this key has too many WebSocket connections open; close one"
                raise Refusal(429, words, type="rate_limit_error", code="too_many_connections")
            self._uncount()
            sockets[key.name] += 1
            self._counted = key.name
        self._whose, self._visit.key = whose, key
        self._trust()

    def _uncount(self) -> None:
        if self._counted is not None:
            self._gateway.sockets[self._counted] -= 1
            self._counted = None

    async def _leave(self) -> None:
        """The connection is over, and so is what is still being answered."""
        self._closed = True
        self._uncount()
        tasks = [task for _, task in self._chats.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _heed(self, received: Any) -> bool:
        """Do what `received` is about; whether something more may come."""
        if received is None:
            late = self._whose is None
            await self._close(NO_KEY if late else NORMAL, _NO_KEY if late else "idle")
        elif received["type"] == "websocket.disconnect":
            if self._leaving or not self._gateway.draining or received["code"] != LEAVING:
                return False
            self._leaving = True
            if not self._chats:
                await self._close(LEAVING, _STOPPED)
        elif received.get("text") is None:
            await self._close(NO_TEXT, "messages have to be text")
        else:
            await self._take(received["text"])
        return True

    async def _next(self) -> Any:
        """What comes next from the server; None: nothing, for too long."""
        config, clock = self._gateway.config, self._gateway.around.clock
        while True:
            allowed = config.socket_auth_s if self._whose is None else config.socket_idle_s
            left = self._active_at + allowed - clock()
            if left <= 0 and not self._chats:
                return None
            with suppress(TimeoutError):
                async with asyncio.timeout(left if left > 0 else allowed):
                    return await self._receive()

    async def _take(self, text: str) -> None:
        """Do what `text` says, or say why not; until a key has been shown, an error is the end."""
        ref: Ref = None
        try:
            said = parse(text, self._gateway.config)
            ref = said.ref
            await self._act(said)
        except Refusal as refusal:
            await self._say("chat:error", ref, error_payload(refusal, {}))
            if self._whose is None:
                crowded = refusal.status == 429
                await self._close(TRY_LATER if crowded else NO_KEY, "too many connections" if crowded else _NO_KEY)
        if self._whose:
            self._active_at = self._gateway.around.clock()

    async def _act(self, said: ClientMessage) -> None:
        if said.event == "auth":
            self._authenticate(said.payload)
            await self._say("auth:done", said.ref, {})
        elif self._whose is None:
            words = 'no key was sent; send {"event": "auth", "payload": {"key": "…"}} first'
            raise Refusal(401, words, code="invalid_api_key")
        elif said.event == "chat:stream":
            self._begin(self._whose, said)
            await asyncio.sleep(0)  # a task that has not begun would be cancelled without a word
        elif said.event == "chat:cancel":
            self._cancel(said.ref)
        elif said.event == "ping":
            await self._say("pong", said.ref, {})
        else:
            raise Refusal(400, f"there is no such event; there are {_EVENTS}", param="event", code="unknown_event")

    def _cancel(self, ref: Ref) -> None:
        """End a conversation; one that has just ended by itself needs no word."""
        if ref in self._chats:
            chat, task = self._chats[ref]
            if not chat.cancelled:
                chat.cancelled = True
                task.cancel()

    def _authenticate(self, payload: Any) -> None:
        key = payload.get("key") if isinstance(payload, Mapping) else None
        if not isinstance(key, str):
            raise Refusal(401, 'payload has to be {"key": "…"}', param="payload", code="invalid_api_key")
        self._enter(partial(self._gateway.door.key, key))

    def _begin(self, whose: Callable[[], GatewayKey], said: ClientMessage) -> None:
        """Begin a conversation."""
        gateway, ref = self._gateway, said.ref
        if ref in self._chats:
            words = "a conversation with this ref is under way; give each its own, or cancel that one first"
            raise Refusal(409, words, param="ref", code="ref_in_use")
        if len(self._chats) >= gateway.config.socket_chats:
            words = f"there are {len(self._chats)} conversations on this connection; wait until one has ended"
            raise Refusal(429, words, type="rate_limit_error", code="too_many_conversations")
        visit = Visit(new_id(), "WS", self._visit.path, gateway.around.clock())
        visit.route, visit.client = self._visit.route, self._visit.client
        visit.headers["x-request-id"] = visit.id
        chat = SocketChat(gateway, visit, ref, self._say_text)
        self._chats[ref] = chat, asyncio.create_task(self._converse(chat, visit, whose, said))

    async def _converse(
        self, chat: SocketChat, visit: Visit, whose: Callable[[], GatewayKey], said: ClientMessage
    ) -> None:
        gateway = self._gateway
        try:
            with suppress(Gone):
                await chat.run(said.payload, whose)
        finally:
            del self._chats[said.ref]
            self._active_at = gateway.around.clock()
            if self._stalled and visit.code == "cancelled":
                visit.code = "stalled"
            gateway.over(visit)
        if self._leaving and not self._chats:
            with suppress(Gone):
                await self._close(LEAVING, _STOPPED)

    async def _say(self, event: str, ref: Ref, payload: Mapping[str, Any]) -> None:
        await self._say_text(message(prefix(event, ref), payload))

    async def _say_text(self, text: str) -> None:
        if self._closed:
            raise Gone
        await self._tell({"type": "websocket.send", "text": text})

    async def _close(self, code: int, reason: str) -> None:
        """Say goodbye; the server answers with a disconnect."""
        if self._closed:
            raise Gone
        self._closed = True
        await self._tell({"type": "websocket.close", "code": code, "reason": reason})

    async def _tell(self, event: dict[str, Any]) -> None:
        """Send `event`, as soon as the client takes it. Raises `Gone`."""
        try:
            await self._send(event)
        except OSError as error:
            self._stalled = self._stalled or isinstance(error, Stalled)
            raise Gone from error
