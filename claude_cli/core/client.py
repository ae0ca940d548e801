"""The client: chooses the model, retries, breaks, falls back, tells. Every provider gains it, also a plugin's.

The decisions are `call.py`'s; this is their asynchronous driver. One-shot commands use `blocking.py`'s.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from . import telemetry
from .breaker import BreakerBoard, BreakerLimits, State
from .call import Call, CallPolicy, Surroundings
from .capabilities import fit
from .connection import deadline_error
from .errors import ClaudeError
from .events import Event
from .messages import ChatRequest, Completion, Notice
from .models import Catalogue, catalogue
from .providers.base import LLMProvider


def surroundings(
    provider: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    draw: Callable[[], float] = random.random,
    emitter: telemetry.Emitter | None = None,
    notify: Callable[[Notice], None] = lambda notice: None,
    limits: BreakerLimits | None = None,
) -> Surroundings:
    """What the calls of one process share; every part but the provider's name has a default."""
    emitter = emitter if emitter is not None else telemetry.Emitter()

    def changed(name: str, old: State, new: State) -> None:
        if emitter:
            model = name.partition("/")[2]
            emitter.emit(telemetry.BreakerChanged(provider=provider, model=model, call="", old=old, new=new))

    board = BreakerBoard(clock=clock, limits=limits, changed=changed)
    return Surroundings(provider, clock, draw, board, emitter, notify)


def prepare(
    request: ChatRequest, *, strict: bool = False, models: Catalogue | None = None
) -> tuple[ChatRequest, list[Notice]]:
    """`request` with its model's name resolved and its parameters as that model takes them; and what changed.

    Raises:
        UsageError: `strict` and something would have to change, or nothing would help.
    """
    models = models or catalogue()
    return fit(replace(request, model=models.resolve(request.model)), models.find(request.model), strict=strict)


def continues_turns(model: str) -> bool:
    """Whether `model` goes on with an assistant turn by itself."""
    known = catalogue().find(model)
    return bool(known and known.can("assistant_prefill"))


class Client:
    """Calls of one provider, with everything around them that a single try lacks."""

    def __init__(
        self,
        provider: LLMProvider,
        around: Surroundings,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Call `provider`; `around` is shared by all clients of a process, `sleep` waits between tries."""
        self.provider, self.around, self._sleep = provider, around, sleep

    async def stream(self, request: ChatRequest, policy: CallPolicy | None = None) -> AsyncGenerator[Event, None]:
        """The events of the answer to a prepared `request`; the last is `MessageDone`.

        Raises:
            ClaudeError: for good; after events have come it is a `StreamInterruptedError`.
        """
        async with aclosing(self.run(Call(request, policy or CallPolicy(), self.around))) as batches:
            async for events in batches:
                for event in events:
                    yield event

    async def complete(self, request: ChatRequest, policy: CallPolicy | None = None) -> Completion:
        """The whole answer at once: the stream, folded."""
        call = Call(request, policy or CallPolicy(), self.around)
        async with aclosing(self.run(call)) as batches:
            async for _ in batches:
                pass
        return call.completion()

    async def run(self, call: Call) -> AsyncGenerator[Sequence[Event], None]:
        """Drive `call` to its end; yields what may go on to the user, as it comes."""
        try:
            while call.going_on:
                try:
                    call.begin()
                    async with aclosing(self.provider.stream_batches(call.request)) as batches:
                        while events := await self._next(batches, call):
                            shown = call.receive(events)
                            if shown:
                                yield shown
                    last = call.ended()
                except ClaudeError as error:
                    await self._sleep(call.failed(error))
                    continue
                if last:
                    yield last
        finally:
            call.close()

    async def _next(self, batches: AsyncGenerator[Sequence[Event], None], call: Call) -> Sequence[Event] | None:
        """The next batch, None at the end; waits no longer than the call may take."""
        left = None if call.deadline is None else max(call.deadline - self.around.clock(), 0.001)
        try:
            async with asyncio.timeout(left):
                return await anext(batches, None)
        except TimeoutError as error:
            raise deadline_error() from error
