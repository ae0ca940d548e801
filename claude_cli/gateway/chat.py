"""`POST /v1/chat/completions`: the walk of one request."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from ..core.events import Event
from ..core.pricing import dollars
from .answering import answer, fitted
from .asked import Asked, Envelope
from .body import parse_json
from .compact import encode
from .gateway import Gateway
from .openai_chunks import ChunkEncoder
from .openai_request import decode
from .openai_response import completion_object
from .refusal import Refusal
from .reply import EVENT_STREAM, Reply
from .visit import Scope, Visit

COST = "x-claude-cli-cost-usd"


async def chat_completions(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """Answer `body`. Raises `Refusal`: before anything of the answer was sent."""
    asked = decode(parse_json(body), gateway.names, on_unsupported=gateway.config.on_unsupported)
    del body  # it may be large, and the answer long
    question = fitted(gateway, visit, asked)
    envelope = Envelope(f"chatcmpl-{os.urandom(12).hex()}", int(gateway.wall()))
    async with aclosing(answer(gateway, visit, question)) as batches:
        if asked.stream:
            with reply.kept_alive(gateway.config.ping_s):
                await _stream(visit, reply, ChunkEncoder(asked, envelope), batches)
            return
        async for _ in batches:
            pass
    await _whole(visit, reply, asked, envelope)


async def _whole(visit: Visit, reply: Reply, asked: Asked, envelope: Envelope) -> None:
    assert visit.call  # it has been answered
    if visit.cost_pico is not None:
        visit.headers[COST] = dollars(visit.cost_pico)
    found = completion_object(asked, envelope, visit.call.completion())
    await reply.whole(200, {"content-type": "application/json"}, encode(found))


async def _stream(
    visit: Visit, reply: Reply, encoder: ChunkEncoder, batches: AsyncGenerator[Sequence[Event], None]
) -> None:
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
    if not reply.begun:
        await reply.begin(200, EVENT_STREAM)
    await reply.write(encoder.end(visit.call.completion().usage), more=False)
