"""One call on behalf of a client: rate limits, a place, the budget, then the core's client with its retries.

What HTTP and WebSocket have in common; neither knows the other.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from ..core.budget import plan_of
from ..core.call import Call
from ..core.client import Client
from ..core.errors import ClaudeError
from ..core.events import Event
from ..core.messages import ChatRequest
from ..core.prepare import prepare
from .asked import Asked
from .gateway import Gateway
from .refusal import refusal_of
from .visit import Visit


def fitted(gateway: Gateway, visit: Visit, asked: Asked) -> ChatRequest:
    """What is sent for `asked`; what had to be dropped or changed is named in a header of the response.

    Raises:
        Refusal: 400, its model does not take it.
    """
    try:
        strict = gateway.config.on_unsupported == "reject"
        request, notices = prepare(asked.request, strict=strict, models=gateway.names.models)
    except ClaudeError as error:
        raise refusal_of(error) from error
    visit.model, visit.stream = request.model, asked.stream
    return request


async def answer(
    gateway: Gateway, visit: Visit, request: ChatRequest, *, flexible: bool
) -> AsyncGenerator[Sequence[Event], None]:
    """Ask, and yield the events of the answer as they come; nothing before its first content. Then `visit.call` is over.

    Raises:
        Refusal: there will be no answer, or no more of it.
    """
    try:
        plan = plan_of(request, gateway.names.models, flexible=flexible)
        lease = await gateway.limiter.admit(visit.key, plan.input_tokens + plan.max_tokens)
        visit.headers.update(lease.headers)
        used: int | None = None
        try:
            async with gateway.room.place():
                recorder = await gateway.books.reserve(plan, gateway.account(visit.key))
                around = replace(gateway.around, recorder=recorder)
                policy = replace(gateway.policy, flexible=flexible)
                visit.call = call = Call(request, policy, around, name=visit.id, plan=plan)
                try:
                    async with aclosing(Client(gateway.provider, around).run(call)) as batches:
                        async for events in batches:
                            yield events
                finally:
                    usage = call.completion().usage
                    used = usage.total_input_tokens + usage.output_tokens
        finally:
            await lease.settle(used)
    except ClaudeError as error:
        raise refusal_of(error) from error
