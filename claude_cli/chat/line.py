"""The way to the model that all calls of a chat share: one provider, one connection, one simulator, the same books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ..context import Context

if TYPE_CHECKING:
    from ..core.blocking import BlockingTransport
    from ..core.budget import Plan, Record, Ticket
    from ..core.providers.base import LLMProvider
    from ..core.surroundings import Surroundings


class Line:
    """Opened with the first call; a plugin's provider, which every call closes, is made anew for each."""

    def __init__(self, context: Context) -> None:
        """Prepare; nothing is looked up or opened yet."""
        self._context = context
        self._held = ExitStack()
        self._provider: LLMProvider | None = None
        self._transport: BlockingTransport | None = None
        self._around: Surroundings | None = None
        self._session: str | None = None

    @contextmanager
    def open(self) -> Iterator[tuple[LLMProvider, BlockingTransport | None]]:
        """Who is asked, and over which connection; None: one of its own.

        Raises:
            UsageError, AuthenticationError: there is no such provider, or a source of keys fails.
        """
        from ..core.providers.anthropic import AnthropicProvider

        if not isinstance(self._provider, AnthropicProvider):
            with ExitStack() as held:
                provider = held.enter_context(self._context.provider())
                if not isinstance(provider, AnthropicProvider):
                    yield provider, None
                    return
                self._provider, self._held = provider, held.pop_all()
        self._transport = self._transport or self._provider.blocking_transport()
        yield self._provider, self._transport

    @property
    def around(self) -> Surroundings:
        """What calls stand on. There are always books: also a simulated answer that was stopped has its tokens."""
        if self._around is None or self._session != self._context.session:
            around = self._context.surroundings()
            board = self._around.board if self._around else around.board
            self._around = replace(around, board=board, recorder=around.recorder or _NoBooks())
            self._session = self._context.session
        return self._around

    def hang_up(self) -> None:
        """Close the connection: after a failure nobody knows what is still to come on it."""
        transport, self._transport = self._transport, None
        if transport:
            transport.close()

    def close(self) -> None:
        """Close everything; what is called next looks up the key again."""
        self.hang_up()
        self._provider = None
        self._held.close()


class _NoBooks:
    """A recorder that keeps nothing and lets everything through."""

    def begin(self, plan: Plan) -> Ticket:
        from ..core.budget import Ticket

        return Ticket(0, plan)

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        return ticket._replace(plan=plan)

    def settle(self, ticket: Ticket, record: Record) -> None:
        pass

    def left_pico(self) -> None:
        return None
