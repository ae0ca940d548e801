"""An answer of the API as it goes by: its bytes to the client, what they say to the books.

A stream goes on from the moment its head is there, piece by piece, as fast as the client takes it. Every other answer
goes on once it is whole: half of it would be of no use to anybody.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from ..core.breaker import Permit
from ..core.call import Call
from ..core.errors import (
    AuthenticationError,
    BillingError,
    ClaudeError,
    PermissionDeniedError,
    ProtocolError,
    ProviderError,
)
from ..core.events import Event
from ..core.providers.anthropic import AnthropicProvider, RawExchange
from ..core.redact import MASK
from .anthropic_errors import error_event
from .refusal import Refusal, refusal_of
from .reply import EVENT_STREAM, Reply
from .visit import Visit

_HANDED_ON = frozenset((
    "content-type", "content-encoding", "request-id", "retry-after", "retry-after-ms", "x-should-retry",
))  # fmt: skip
_LIMITS = ("anthropic-ratelimit-", "anthropic-priority-", "anthropic-fast-")
"""Of an answer's headers those go on that its client can use. Not who runs the gateway, its connection or cookies."""
_OURS = (AuthenticationError, PermissionDeniedError, BillingError)
"""What is wrong with the gateway's key or account is told as that: its client would take it for its own."""

_Reads = AsyncGenerator[tuple[bytes, Sequence[Event]], None]


class Passing:
    """One try of one request, and its answer on the way through."""

    def __init__(self, visit: Visit, reply: Reply, provider: AnthropicProvider, exchange: RawExchange) -> None:
        """Run `exchange` with `provider`, and answer `visit` through `reply`."""
        self._visit, self._reply, self._provider, self._exchange = visit, reply, provider, exchange

    async def answer(self, call: Call) -> None:
        """Hand on the answer to the question of `call`, which is told of it and closed.

        Raises:
            ClaudeError: there is none that can be handed on; nothing has been.
        """
        try:
            try:
                call.begin()
                async with aclosing(self._provider.raw_reads(self._exchange, call.deadline)) as reads:
                    await anext(reads)
                    if self._exchange.streams:
                        await self._stream(call, reads)
                        return
                    await self._collect(reads)
            except ClaudeError as error:
                raise _final(call, error) from error
            await self._whole(self._judged(call))
        finally:
            call.close()

    async def count(self, permit: Permit) -> None:
        """Hand on a count, which `permit` let through and which tells it. Raises `ClaudeError`, as `answer` does."""
        try:
            async with aclosing(self._provider.raw_reads(self._exchange)) as reads:
                await self._collect(reads)
            failed = self._failure()
            if failed:
                permit.failed(failed)
            else:
                permit.succeeded()
        except ProviderError as error:
            permit.failed(error)
            raise
        finally:
            permit.release()
        await self._whole(failed)

    async def _stream(self, call: Call, reads: _Reads) -> None:
        """Hand a stream on. What the client is told at its end, unless the API has said how it ended, is an error."""
        await self._reply.begin(self._exchange.status, {**EVENT_STREAM, **self._headers()})
        over, failed = False, None
        try:
            async for data, events in reads:
                if events:
                    call.receive(events)
                if self._exchange.done and not over:
                    over, failed = True, self._judged(call)
                await self._reply.write(data)
            if not over:
                failed = self._judged(call)
        except ClaudeError as error:
            if not over:
                failed = _final(call, error)
        last = b""
        if failed:
            refusal = self._note(failed)
            last = b"" if over else error_event(refusal, self._visit.id)
        await self._reply.write(last, more=False)

    async def _collect(self, reads: _Reads) -> None:
        """Have the exchange take the whole body, or enough of an error's."""
        async for _ in reads:
            if self._exchange.done:
                return

    async def _whole(self, failed: ClaudeError | None) -> None:
        """Hand on what has been collected. Raises `failed`, what is wrong with it, where that is not the client's."""
        exchange = self._exchange
        if failed:
            unusable = isinstance(failed, ProtocolError) or 300 <= exchange.status < 400
            if unusable or isinstance(failed, _OURS):
                raise failed
            self._note(failed)
        body = exchange.body
        for secret in exchange.request.secrets:
            body = body.replace(secret.reveal().encode(), MASK.encode())
        await self._reply.whole(exchange.status, self._headers(), body)

    def _judged(self, call: Call) -> ClaudeError | None:
        """Tell `call` how the answer ended; returns what is wrong with that."""
        try:
            last = self._exchange.end()
            if last:
                call.receive(last)
            call.ended()
        except ClaudeError as error:
            return _final(call, error)
        return None

    def _failure(self) -> ProviderError | None:
        """What is wrong with the answer that has been collected."""
        try:
            self._exchange.end()
        except ProviderError as error:
            return error
        return None

    def _headers(self) -> dict[str, str]:
        """The headers of the answer that go on."""
        found = self._exchange.headers.items()
        return {name: text for name, text in found if name in _HANDED_ON or name.startswith(_LIMITS)}

    def _note(self, failed: ClaudeError) -> Refusal:
        """Note for the log what is handed on, in the words of all other errors."""
        refusal = refusal_of(failed)
        self._visit.code = refusal.code or refusal.type
        return refusal


def _final(call: Call, error: ClaudeError) -> ClaudeError:
    """Tell `call` that its one try failed; returns what that means to its client."""
    try:
        call.failed(error)
    except ClaudeError as final:
        error = final
    return error
