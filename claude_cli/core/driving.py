"""A call run to its end by the driver that suits its provider: the fast one for the built-in, asyncio's for plugins."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

from .call import Call
from .events import Event
from .providers.anthropic import AnthropicProvider
from .providers.base import LLMProvider
from .surroundings import Surroundings

if TYPE_CHECKING:
    from .blocking import BlockingTransport


def drive(
    call: Call, provider: LLMProvider, around: Surroundings, *,
    ready: Callable[[], None] = lambda: None, transport: BlockingTransport | None = None,
) -> Generator[Sequence[Event], None, None]:  # fmt: skip
    """Drive `call`; yields what may go on to the user as it comes.

    Args:
        ready: called when the driver is loaded, just before the first request.
        transport: a connection of the built-in provider that is kept for further calls; None: one of this call's own.
    Raises:
        ClaudeError: the call failed for good.
    """
    if isinstance(provider, AnthropicProvider):
        from .blocking import run

        with nullcontext(transport) if transport else closing(provider.blocking_transport()) as connection:
            ready()
            yield from run(call, connection, provider.exchange)
    else:
        from .client import stepwise

        ready()
        yield from stepwise(provider, call, around)
