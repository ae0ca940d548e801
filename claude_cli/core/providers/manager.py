"""How providers are found: entry points of the group `claude_cli.providers.v1`, the built-in one like any other.

The group's version stands for `LLMProvider` as it is now. A plugin that fails to load warns and is skipped: it must
not take the others with it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ..errors import ClaudeError, UsageError
from ..events import Event
from ..messages import ChatRequest, LLMOptions
from ..models import catalogue
from ..redact import redact
from ..wire_request import messages_from
from .base import LLMProvider

GROUP = "claude_cli.providers.v1"
_OPTION_NAMES = ("max_tokens", "temperature", "top_p", "top_k", "thinking", "service_tier")
_OWN_NAMES = (*_OPTION_NAMES, "model", "messages", "system", "stop_sequences", "stream")


@contextmanager
def plugin_code(name: str, trouble: str = "cannot be asked") -> Iterator[None]:
    """The border to the code of the plugin `name`, which may fail in any way: it does so as a `UsageError`."""
    try:
        yield
    except ClaudeError:
        raise
    except Exception as error:
        words = redact(f"{error} ({type(error).__name__})".strip())
        raise UsageError(f"provider {name!r} {trouble}: {words}; repair or remove its package") from error


class PluginManager:
    """The providers that are installed."""

    def __init__(self, points: Iterable[EntryPoint] | None = None, environ: Mapping[str, str] | None = None) -> None:
        """Look at the installed entry points and the process's environment, unless others are given."""
        self._points = {point.name: point for point in (entry_points(group=GROUP) if points is None else points)}
        self._environ = os.environ if environ is None else environ

    def names(self) -> list[str]:
        """The names of all installed providers, loaded or not."""
        return sorted(self._points)

    def provider_class(self, name: str) -> type[LLMProvider]:
        """The class registered as `name`.

        Raises:
            UsageError: there is none of that name, or it cannot be loaded.
        """
        point = self._points.get(name)
        if point is None:
            raise UsageError(f"no provider is called {name!r}; installed: {', '.join(self.names()) or 'none'}")
        with plugin_code(name, f"({point.value}) cannot be loaded"):
            found = point.load()
        if not (isinstance(found, type) and issubclass(found, LLMProvider)):
            raise UsageError(f"provider {name!r} ({point.value}) is no LLMProvider")
        missing = getattr(found, "__abstractmethods__", None)
        if missing:
            raise UsageError(f"provider {name!r} ({point.value}) lacks {', '.join(sorted(missing))}")
        return found

    def has_key(self, name: str) -> bool:
        """Whether the provider registered as `name` finds its key in the environment. Raises `UsageError`."""
        found = self.provider_class(name)
        with plugin_code(name):
            return found.has_key(self._environ)

    def list_providers(self) -> list[dict[str, Any]]:
        """The registered providers: those whose key is found in the environment.

        Returns:
            For each `{"name": "anthropic-default", "module": …, "status": "ready", "models": [ids]}`. The models are
            the catalogue's for the built-in provider and empty for others: nothing is asked over the network.
        """
        registered = []
        for name in self.names():
            try:
                found, has_key = self.provider_class(name), self.has_key(name)
            except UsageError as error:
                warnings.warn(f"{error}; skipped", stacklevel=2)
                continue
            if has_key:
                registered.append(
                    {
                        "name": f"{name}-default",
                        "module": found.__module__,
                        "status": "ready",
                        "models": [model.id for model in catalogue().models] if name == "anthropic" else [],
                    }
                )
        return registered

    def create(self, name: str, *, api_key: str | None = None, api_base_url: str | None = None) -> LLMProvider:
        """A provider by name: `anthropic`, or `anthropic-default` as `list_providers` has it.

        Raises:
            UsageError: see `provider_class`; or it cannot be made.
            ProviderError: it does not take the key.
        """
        name = name.removesuffix("-default")
        found = self.provider_class(name)
        with plugin_code(name, "cannot be used"):
            return found(api_key, api_base_url)


def list_providers() -> list[dict[str, Any]]:
    """See `PluginManager.list_providers`."""
    return PluginManager().list_providers()


class ProviderPool:
    """Streams requests of the API's own form to whichever provider they name."""

    def __init__(self, manager: PluginManager | None = None) -> None:
        """Use `manager`, or the installed providers."""
        self._manager = manager or PluginManager()

    async def stream_request(
        self, provider_config: Mapping[str, Any], request: Mapping[str, Any]
    ) -> AsyncGenerator[Event, None]:
        """The events of the answer to `request`; the last is `MessageDone`.

        Args:
            provider_config: `provider` (a name), `api_key` and `api_base_url` (both may be left out).
            request: `model`, `messages`, and any other field of the Messages API.
        Raises:
            UsageError: a name or a form is wrong.
            ProviderError: the call failed.
        """
        provider = self._manager.create(
            str(provider_config.get("provider", "anthropic")),
            api_key=provider_config.get("api_key"),
            api_base_url=provider_config.get("api_base_url"),
        )
        try:
            async with aclosing(_closable(provider, chat_request(request))) as events:
                async for event in events:
                    yield event
        finally:
            await provider.aclose()


async def _closable(provider: LLMProvider, request: ChatRequest) -> AsyncGenerator[Event, None]:
    async with aclosing(provider.stream_batches(request)) as batches:
        async for events in batches:
            for event in events:
                yield event


def chat_request(raw: Mapping[str, Any]) -> ChatRequest:
    """A `ChatRequest` out of a request object of the API's own form.

    Raises:
        UsageError: `model` or `messages` is missing or wrong.
    """
    if not isinstance(raw.get("model"), str) or not raw["model"]:
        raise UsageError("a request names a model")
    messages, stop = raw.get("messages"), raw.get("stop_sequences") or ()
    if not isinstance(messages, list | tuple) or not all(isinstance(message, Mapping) for message in messages):
        raise UsageError("a request's messages are a list of objects, each with a role and a content")
    if not isinstance(stop, list | tuple):
        raise UsageError("a request's stop_sequences are a list of texts")
    options = LLMOptions(
        **{name: raw[name] for name in _OPTION_NAMES if name in raw},
        stop_sequences=tuple(stop),
        extra={name: value for name, value in raw.items() if name not in _OWN_NAMES},
    )
    system = raw.get("system")
    return ChatRequest(
        raw["model"],
        messages_from(messages),
        tuple(system) if isinstance(system, list) else system,
        options,
    )
