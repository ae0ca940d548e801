"""`POST /v1/chat/completions`: the walk of one request."""

from __future__ import annotations

import json
import os
from contextlib import aclosing
from typing import Any

from .answering import answer, fitted
from .asked import Asked, Envelope
from .gateway import Gateway
from .openai_request import decode
from .openai_response import JSON, ChunkEncoder, completion_object
from .refusal import Refusal
from .reply import EVENT_STREAM, Reply
from .visit import Visit


async def chat_completions(gateway: Gateway, visit: Visit, reply: Reply, body: bytes) -> None:
    """Answer `body`. Raises `Refusal`: before anything of the answer was sent."""
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "the body is no JSON") from error
    asked = decode(value, gateway.names, on_unsupported=gateway.config.on_unsupported)
    request = fitted(gateway, visit, asked)
    envelope = Envelope(f"chatcmpl-{os.urandom(12).hex()}", int(gateway.wall()))
    batches = answer(gateway, visit, request, flexible=asked.flexible)
    async with aclosing(batches):
        if asked.stream:
            await _stream(visit, reply, asked, envelope, batches)
            return
        async for _ in batches:
            pass
    assert visit.call  # it has been answered
    found = completion_object(asked, envelope, visit.call.completion())
    await reply.whole(200, {"content-type": "application/json"}, JSON(found).encode(errors="replace"))


async def _stream(visit: Visit, reply: Reply, asked: Asked, envelope: Envelope, batches: Any) -> None:
    encoder = ChunkEncoder(asked, envelope)
    try:
        async for events in batches:
            data = encoder.feed(events)
            if data:
                if not reply.begun:
                    await reply.begin(200, EVENT_STREAM)
                await reply.write(data)
    except Refusal as refusal:
        if not reply.begun:
            raise
        visit.code = refusal.code or refusal.type
        await reply.write(encoder.error(refusal), more=False)
        return
    assert visit.call  # it has been answered
    await reply.write(encoder.end(visit.call.completion().usage), more=False)
