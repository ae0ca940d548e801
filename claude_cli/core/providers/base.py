"""What a provider is: the interface a plugin fills in.

A plugin writes `stream` and `get_available_models`; the rest follows from them. A provider makes one try and names
its failure exactly (`RateLimitError(retry_after_s=…)`); retries, breaker and fallback are the client's.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..errors import ClaudeError, UsageError
from ..events import Event, Fold
from ..messages import ChatRequest, Completion, LLMOptions, text_block
from ..wire_request import messages_from

if TYPE_CHECKING:
    from ..models import Catalogue


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model a provider offers. Everything but the id may be unknown: older gateways give four fields.

    `context_window` and `max_output_tokens` are tokens; `raw` is the provider's whole object.
    """

    id: str
    display_name: str = ""
    created_at: str | None = None
    lifecycle: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """How a provider is: `status` is "ok" or the error's code, `latency_ms` of the check, `detail` one line."""

    status: str
    latency_ms: int
    detail: str = ""
    error: ClaudeError | None = None


class LLMProvider(ABC):
    """A source of completions."""

    PROVIDER_NAME: ClassVar[str]
    DISPLAY_NAME: ClassVar[str]
    API_KEY_NAME: ClassVar[str]
    """The environment variable its key is found in; a provider is registered when it is."""
    price_list: Catalogue | None = None
    """What its answers are priced by; None: the shipped catalogue."""

    def __init__(self, api_key: str | None = None, api_base_url: str | None = None) -> None:
        """Take a key and an address; None: from the environment, and the provider's own."""
        self.api_key, self.api_base_url = api_key, api_base_url

    @classmethod
    def has_key(cls, environ: Mapping[str, str]) -> bool:
        """Whether its key is found in `environ`."""
        name = getattr(cls, "API_KEY_NAME", "")
        return bool(name and environ.get(name))

    @abstractmethod
    def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        """Yield events as they arrive; the last is `MessageDone`. Raises `ProviderError`."""

    @abstractmethod
    async def get_available_models(self) -> list[ModelInfo]:
        """The models on offer, newest first. Raises `ProviderError`."""

    async def stream_batches(self, request: ChatRequest) -> AsyncGenerator[Sequence[Event], None]:
        """The events of `stream`, as many at a time as came together. One by one, unless a provider knows better."""
        async with aclosing(_generator(self.stream(request))) as events:
            async for event in events:
                yield (event,)

    async def generate_completion(
        self, model_id: str, prompt: str, system_prompt: str | None = None, params: LLMOptions | None = None
    ) -> dict[str, Any]:
        """The answer to one prompt; see `generate_chat_completion`."""
        return await self.generate_chat_completion(
            model_id, [{"role": "user", "content": [text_block(prompt)]}], system_prompt, params
        )

    async def generate_chat_completion(
        self,
        model_id: str,
        messages: list[dict[str, Any]],
        system_prompt: str | None = None,
        params: LLMOptions | None = None,
    ) -> dict[str, Any]:
        """The whole answer to a conversation, as `completion_dict` gives it: the stream, folded.

        Args:
            model_id: an id or an alias.
            messages: `{"role": …, "content": text or content blocks}`, oldest first.
            system_prompt: None for none.
            params: None for the API's own defaults.
        Raises:
            ProviderError: among them `StreamInterruptedError` where the end is missing: never a short answer.
        """
        request = ChatRequest(model_id, messages_from(messages), system_prompt, params or LLMOptions())
        total = Fold()
        async with aclosing(_generator(self.stream(request))) as events:
            async for event in events:
                total.add(event)
        total.check()
        return completion_dict(total.completion(), self.price_list)

    @property
    def lacks_key(self) -> bool:
        """Whether each call would fail, as there is no key and the server wants one. Nobody is asked."""
        return False

    async def count_tokens(self, request: ChatRequest) -> int:
        """Input tokens of `request`, by a call that costs nothing.

        Raises:
            UsageError: this provider does not count.
        """
        name = getattr(self, "DISPLAY_NAME", type(self).__name__)
        raise UsageError(f"{name} does not count tokens; with --estimate they are reckoned here")

    async def health_check(self) -> Health:
        """Whether the provider answers, by a call that costs nothing: the list of its models."""
        start = time.monotonic()
        try:
            found = await self.get_available_models()
        except ClaudeError as error:
            return Health(error.code, _ms(start), str(error), error)
        return Health("ok", _ms(start), f"{len(found)} models")

    async def aclose(self) -> None:
        """Let go of connections; a provider that keeps none need not write this."""
        return None

    async def __aenter__(self) -> Self:
        """The provider itself; leaving the block closes it."""
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close it."""
        await self.aclose()


def _ms(start: float) -> int:
    return round((time.monotonic() - start) * 1000)


async def _generator(events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    """`events` with an `aclose`: the interface promises an iterator, and closing one must reach what is inside."""
    try:
        async for event in events:
            yield event
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()


def completion_dict(done: Completion, models: Catalogue | None = None) -> dict[str, Any]:
    """An answer in the form all providers share.

    Args:
        models: has the prices; None: those that are shipped.
    Returns:
        `id`, `model`, `text` (all text blocks joined), `content` (the blocks as they came), `stop_reason`,
        `usage` (input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, thinking_tokens),
        `cost_usd` (None: not priced), `request_id`.
    """
    from ..models import catalogue
    from ..pricing import cost_of

    pico = cost_of(done, models or catalogue())
    return {
        "id": done.id,
        "model": done.model,
        "text": done.text,
        "content": list(done.content),
        "stop_reason": done.stop_reason,
        "usage": done.usage.as_json(),
        "cost_usd": None if pico is None else pico / 1e12,
        "request_id": done.request_id,
    }
