"""The gateway as an ASGI application: guards, routes, errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from .chat import chat_completions
from .gateway import Gateway
from .refusal import Refusal
from .reply import Reply, Send, until_gone
from .visit import Scope, Visit, new_id

Receive = Callable[[], Awaitable[dict[str, Any]]]


class App:
    """Serves `gateway`."""

    def __init__(self, gateway: Gateway) -> None:
        """Prepare."""
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return
        gateway = self._gateway
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        visit = Visit(new_id(), scope["method"], scope["path"], gateway.around.clock())
        visit.headers["x-request-id"] = visit.id
        reply = Reply(visit, send, clock=gateway.around.clock)
        try:
            visit.key = gateway.door.key_of(headers)
            body = b""
            more = True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
            task = asyncio.current_task()
            assert task  # this is one
            watching = asyncio.create_task(until_gone(receive, task))
            try:
                await chat_completions(gateway, visit, reply, body)
            finally:
                watching.cancel()
        except Refusal as refusal:
            visit.code = refusal.code or refusal.type
            head = {"content-type": "application/json", **refusal.headers}
            await reply.whole(refusal.status, head, refusal.body())
        finally:
            gateway.metrics.over(visit)
            gateway.log(visit)
