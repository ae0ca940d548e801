"""One conversation on a WebSocket: a `chat:stream`, its deltas, and the `chat:done` or `chat:error` that ends it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from ..core.messages import Usage
from ..core.pricing import PICO
from ..storage.gateway_keys import GatewayKey
from .answering import answer, fitted
from .asked import Asked, Envelope
from .body import too_deep
from .gateway import Gateway
from .metrics import LEFT
from .openai_chunks import ChunkEncoder
from .openai_request import decode
from .openai_response import finish_reason, usage_object
from .refusal import Refusal, internal, leaving
from .socket_messages import Ref, error_payload, message, prefix
from .visit import Visit

Say = Callable[[str], Awaitable[None]]
_log = logging.getLogger("claude_cli.gateway")


class Gone(Exception):
    """The client has left: nothing can be said to it any more."""


class SocketChat:
    """A conversation.

    Attributes:
        cancelled: its client no longer wants the answer; to be set before its task is cancelled.
    """

    def __init__(self, gateway: Gateway, visit: Visit, ref: Ref, say: Say) -> None:
        """Prepare to answer as `visit`; `say` sends a message, waits for a slow reader, and raises `Gone`."""
        self._gateway, self._visit, self._ref, self._say_text = gateway, visit, ref, say
        self.cancelled = False

    async def run(self, payload: Any, whose: Callable[[], GatewayKey]) -> None:
        """Answer `payload`, to the last message; cancelled without `cancelled`, the client has left.

        Args:
            whose: the key by which the conversation is held; raises `Refusal` where it is no longer one.
        """
        try:
            try:
                self._visit.key = whose()
                await self._answer(payload)
            except Refusal as refusal:
                await self._refuse(refusal)
            except RecursionError:
                await self._refuse(too_deep())
        except asyncio.CancelledError:
            self._visit.code, self._visit.status = "cancelled", self._visit.status or LEFT
            if not self.cancelled:
                raise
            await self._say("chat:done", self._done("cancelled"))
        except Gone:
            self._visit.code, self._visit.status = self._visit.code or "cancelled", self._visit.status or LEFT
        except Exception as error:  # the border: whatever it is, the client gets an answer, and nobody a stack
            _log.error("%s failed: %s", self._visit.id, type(error).__name__, exc_info=error)
            await self._refuse(internal())

    async def _answer(self, payload: Any) -> None:
        gateway, visit = self._gateway, self._visit
        if gateway.draining:
            raise leaving()
        if not isinstance(payload, Mapping):
            raise Refusal(400, "payload has to be the body of a chat completion, a JSON object", param="payload")
        asked = decode({**payload, "stream": True}, gateway.names, on_unsupported=gateway.config.on_unsupported)
        question = fitted(gateway, visit, asked)
        envelope = Envelope(f"chatcmpl-{os.urandom(12).hex()}", int(gateway.wall()))
        encoder, head, calls = ChunkEncoder(asked, envelope), prefix("chat:delta", self._ref), False
        async with aclosing(answer(gateway, visit, question)) as batches:
            async for events in batches:
                if visit.first_at is None:
                    await self._begin(asked, envelope)
                for event in events:
                    for delta in encoder.deltas(event):
                        calls = calls or "tool_calls" in delta
                        await self._say_text(message(head, delta))
        assert visit.call  # it has been answered
        reason = finish_reason(visit.call.completion().stop_reason, calls=calls)
        await self._say("chat:done", self._done(reason))

    async def _refuse(self, refusal: Refusal) -> None:
        self._visit.status, self._visit.code = refusal.status, refusal.code or refusal.type
        await self._say("chat:error", error_payload(refusal, self._visit.headers))

    async def _begin(self, asked: Asked, envelope: Envelope) -> None:
        """Say that the answer begins; the headers are those of the response that HTTP would have."""
        visit = self._visit
        visit.status, visit.first_at = 200, self._gateway.around.clock()
        start = {"id": envelope.id, "created": envelope.created, "model": asked.model, "headers": visit.headers}
        await self._say("chat:start", start)

    def _done(self, reason: str) -> dict[str, Any]:
        """How it ended and what it took, `estimated` where the provider never said; no price: `cost_usd` is null."""
        record, cost = self._visit.settled, self._visit.cost_pico
        return {
            "finish_reason": reason,
            "usage": usage_object(record.usage if record else Usage()),
            "cost_usd": None if cost is None else cost / PICO,
            "estimated": record.estimated if record else False,
        }

    async def _say(self, event: str, payload: Mapping[str, Any]) -> None:
        await self._say_text(message(prefix(event, self._ref), payload))
