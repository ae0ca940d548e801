"""The gateway as an ASGI application: guards, routes, errors; each request is a visit that is counted and logged."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from .body import Receive, read_body, too_deep
from .gateway import Gateway
from .guard import Guard, preflight
from .metrics import LEFT
from .protocol import STALLED
from .refusal import Refusal, internal, leaving
from .reply import Reply, Send
from .routes import SOCKET, Page, Routes, handler_of, no_handshake, not_found, unknown_error
from .visit import Scope, Visit, new_id
from .websocket import serve_socket

_log = logging.getLogger("claude_cli.gateway")
_WITH_PORT = re.compile(r"\[([^]%]*)\](?::\d+)?|([\d.]+):\d+", re.ASCII)
"""An address with its port, or in brackets, as some proxies write it."""


class App:
    """Serves `gateway`."""

    def __init__(self, gateway: Gateway) -> None:
        """Prepare."""
        self._gateway = gateway
        self._guard, self._routes = Guard(gateway.config), Routes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. Cancelled, the client has left, or the server does not wait for it any longer."""
        headers, gateway = headers_of(scope), self._gateway
        visit = Visit(new_id(), scope.get("method", "WS"), scope["path"], gateway.around.clock())
        visit.client = _client(scope, headers, behind_proxy=gateway.config.behind_proxy)
        visit.client_id = headers.get("x-client-request-id") or headers.get("x-request-id", "")
        visit.headers["x-request-id"] = visit.id
        if scope["type"] == "websocket":
            await self._socket(scope, headers, visit, receive, send)
            return
        reply = Reply(visit, send, clock=gateway.around.clock)
        try:
            await self._answer(scope, headers, visit, receive, reply)
        finally:
            gateway.over(visit)

    async def _answer(
        self, scope: Scope, headers: Mapping[str, str], visit: Visit, receive: Receive, reply: Reply
    ) -> None:
        gateway, page = self._gateway, self._routes.find(scope)
        visit.route = page.route if page else SOCKET if visit.path == SOCKET else ""
        try:
            try:
                visit.headers.update(self._guard.check(headers))
                if visit.method == "OPTIONS" and "access-control-request-method" in headers and "origin" in headers:
                    await reply.whole(204, preflight(headers), b"")
                    return
                if page is None:
                    raise no_handshake(headers) if visit.path == SOCKET else not_found(visit.path)
                await self._handle(page, scope, headers, visit, receive, reply)
            except RecursionError as error:
                raise too_deep() from error
        except Refusal as refusal:
            await self._refuse(refusal, page, scope, visit, reply)
        except asyncio.CancelledError:
            if gateway.draining and not reply.begun:
                await self._refuse(leaving(), page, scope, visit, reply)
            visit.code = visit.code or ("stalled" if scope["state"].get(STALLED) else "cancelled")
            visit.status = visit.status or LEFT
            raise
        except Exception as error:  # the border: whatever it is, the client gets an answer, and nobody a stack
            _log.error("%s failed: %s", visit.id, type(error).__name__, exc_info=error)
            await self._refuse(internal(), page, scope, visit, reply)

    async def _handle(
        self, page: Page, scope: Scope, headers: Mapping[str, str], visit: Visit, receive: Receive, reply: Reply
    ) -> None:
        gateway = self._gateway
        handler = handler_of(page, visit.method)
        if gateway.draining:
            visit.headers["connection"] = "close"
            if not page.while_draining:
                raise leaving()
        if not page.keyless(gateway.config):
            visit.key = gateway.door.key_of(headers)
        if visit.method != "POST":
            await handler(gateway, visit, reply, scope, b"")
            return
        with gateway.load.part() as take:  # the body has no name here: the handler alone knows how long it is needed
            await handler(gateway, visit, reply, scope, await read_body(headers, receive, gateway.config, take))

    async def _refuse(self, refusal: Refusal, page: Page | None, scope: Scope, visit: Visit, reply: Reply) -> None:
        """Answer with `refusal`; where an answer has begun, its connection is closed in place of its end."""
        visit.code = refusal.code or refusal.type
        if reply.begun:
            return
        body = (page.error if page else unknown_error)(refusal, visit.id, scope)
        # the API's own clients look for an error's id under the API's own name
        own = {"content-type": "application/json", "request-id": visit.id}
        visit.headers.update(refusal.headers)  # the upstream's word on its limits goes before ours on our own
        await reply.whole(refusal.status, own, body)

    async def _socket(
        self, scope: Scope, headers: Mapping[str, str], visit: Visit, receive: Receive, send: Send
    ) -> None:
        try:
            self._guard.check(headers)
            if self._gateway.draining:
                raise leaving()
            if scope["path"] != SOCKET:
                raise Refusal(404, f"the WebSocket is at {SOCKET}", code="unknown_url")
            visit.route = SOCKET
            await serve_socket(self._gateway, visit, scope, headers, receive, send)
        except Refusal as refusal:
            visit.status, visit.code = refusal.status, refusal.code or refusal.type
            await _deny(refusal, visit, send)
            self._gateway.over(visit)
        except Exception as error:  # the border, as above
            _log.error("%s failed: %s", visit.id, type(error).__name__, exc_info=error)
            if not visit.status:
                await _deny(internal(), visit, send)


async def _deny(refusal: Refusal, visit: Visit, send: Send) -> None:
    """Answer a handshake with an error."""
    body = refusal.body()
    both = {
        "content-type": "application/json", "content-length": str(len(body)), "connection": "close",
        **visit.headers, **refusal.headers,
    }  # fmt: skip
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in both.items()]
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": pairs})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, names in lower case; those of one name are joined with ", "."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _client(scope: Scope, headers: Mapping[str, str], *, behind_proxy: bool) -> str:
    """The address that a request came from: behind a proxy the last that it has added, as only that is its own word.

    What is no address there is nobody's: it could be anything, and goes into the log.
    """
    peer: Any = scope.get("client")
    own = str(peer[0]) if peer else ""
    if not behind_proxy:
        return own
    text = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    found = _WITH_PORT.fullmatch(text)
    try:
        return own if "%" in text else str(ip_address(found[1] or found[2] if found else text))
    except ValueError:
        return own
