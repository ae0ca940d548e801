"""The client: chooses the model, retries, breaks, falls back, tells. Every provider gains it, also a plugin's.

The decisions are `call.py`'s; this is their asynchronous driver. One-shot commands use `blocking.py`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import aclosing

from .call import Call
from .connection import deadline_error
from .errors import ClaudeError
from .events import Event
from .messages import ChatRequest, Completion
from .providers.base import LLMProvider
from .surroundings import CallPolicy, Surroundings


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
                        while (events := await self._next(batches, call)) is not None:
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
        if call.deadline is None:
            return await anext(batches, None)
        left = max(call.deadline - self.around.clock(), 0.001)
        try:
            async with asyncio.timeout(left) as limit:
                return await anext(batches, None)
        except TimeoutError as error:
            if not limit.expired():
                raise  # the provider's own, which has nothing to do with ours
            raise deadline_error() from error


def stepwise(provider: LLMProvider, call: Call, around: Surroundings) -> Generator[Sequence[Event], None, None]:
    """Drive `call` with a provider that only knows asyncio, one step of its loop at a time; both are closed then."""
    try:
        with asyncio.Runner() as runner:
            batches = Client(provider, around).run(call)
            try:
                while batch := runner.run(anext(batches, None)):
                    yield batch
            finally:
                # A signal may have come before a step that was over had stopped its loop: that is done now, or it would
                # stop the next one.
                loop = runner.get_loop()
                loop.call_soon(loop.stop)
                loop.run_forever()
                runner.run(_leave(batches, provider))
    except asyncio.CancelledError as stop:
        raise KeyboardInterrupt from stop  # nothing else cancels here; it may come where the runner does not see why


async def _leave(batches: AsyncGenerator[Sequence[Event], None], provider: LLMProvider) -> None:
    """Close both; SIGTERM, unlike Ctrl-C, leaves a step of the loop under way, which has to end first."""
    unfinished = asyncio.all_tasks() - {asyncio.current_task()}
    for task in unfinished:
        task.cancel()
    await asyncio.gather(*unfinished, return_exceptions=True)
    await batches.aclose()
    await provider.aclose()
