"""The provider's own list of models, asked for and kept."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..context import Context
from ..core.errors import ProtocolError, RequestRejectedError, TimedOutError
from ..core.model_merge import LISTED_FIELDS, LiveList, changes, figures_of
from ..core.models import Catalogue
from ..storage.model_list import MAX_LIST_BYTES, keep_list, known_models, place_name
from ._check import TIMEOUT_S

if TYPE_CHECKING:
    from ..core.providers.anthropic import AnthropicProvider
    from ..core.providers.base import LLMProvider, ModelInfo

_MAX_PAGES = 100  # a server that always promises more is not followed for ever
_MAX_LINES = 20


def refresh(context: Context) -> Catalogue:
    """Ask for the list of the address in force, keep it, say what it changed; returns the catalogue with it.

    Raises:
        ClaudeError: it did not come; what was kept before still is.
    """
    before = context.catalogue
    with context.provider() as provider:
        entries = entries_of(provider, time.monotonic() + (context.overrides.timeout_s or TIMEOUT_S))
        kept = tuple(_kept(entries))
    if not kept:
        raise ProtocolError(f"{context.list_place} lists no models; what was known of it before still counts")
    if len(json.dumps(kept)) > MAX_LIST_BYTES:
        raise ProtocolError(f"the list of {context.list_place} is larger than {MAX_LIST_BYTES:,} bytes; it is not kept")
    found = LiveList(place_name(context.list_place), int(time.time()), kept)
    nothing = "nothing has changed" if before.live else f"{len(kept):,} model{'s' * (len(kept) != 1)} listed"
    try:
        keep_list(context.environ, found)
    except OSError as error:
        context.console.line(f"the list could not be kept: {error.strerror}")
        nothing = ""
    after = known_models(context.environ, context.list_place, context.settings.profile, live=found)
    if not context.console.quiet:
        told = changes(before, after) or [*filter(None, [nothing])]
        more = len(told) - _MAX_LINES
        for line in [*told[:_MAX_LINES], *([f"{more:,} more changes"] if more > 0 else [])]:
            context.console.line(line)
    return after


def entries_of(provider: LLMProvider, deadline: float) -> Iterator[Any]:
    """What `provider` lists, as the Models API has it, unchecked.

    Args:
        deadline: on the monotonic clock, in seconds.
    Raises:
        ClaudeError: it did not come, or not in time.
    """
    from ..core.providers.anthropic import AnthropicProvider

    if isinstance(provider, AnthropicProvider):
        return _pages(provider, deadline)
    import asyncio

    from ..core.providers.manager import plugin_code

    async def ask() -> list[dict[str, Any]]:
        async with asyncio.timeout(deadline - time.monotonic()):
            with plugin_code(type(provider).__name__):
                async with provider:
                    return [_as_listed(model) for model in await provider.get_available_models()]

    try:
        return iter(asyncio.run(ask()))
    except TimeoutError as error:
        raise TimedOutError("the list of models did not come in time; --timeout gives it more") from error


def _kept(entries: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """What we read of each model, once, as the server has it."""
    seen = set()
    for entry in entries:
        if figures_of(entry) and entry["id"] not in seen:
            seen.add(entry["id"])
            yield {name: entry[name] for name in LISTED_FIELDS if name in entry}


def _as_listed(model: ModelInfo) -> dict[str, Any]:
    """What a plugin says of a model, as the Models API would."""
    said = {"display_name": model.display_name, "created_at": model.created_at, "lifecycle": model.lifecycle,
            "max_input_tokens": model.context_window, "max_tokens": model.max_output_tokens}  # fmt: skip
    return {"id": model.id, **{name: value for name, value in said.items() if value is not None}}


def _pages(provider: AnthropicProvider, deadline: float) -> Iterator[Any]:
    """The objects of all pages. An old gateway that does not know the filter by lifecycle is asked without it.

    Raises:
        ProtocolError: there is no list, or no end of it.
    """
    from ..core.providers.anthropic import models_of

    after, retired, seen = "", True, {""}
    with closing(provider.blocking_transport()) as transport:
        for _ in range(_MAX_PAGES):
            exchange = provider.models_exchange(after, retired=retired)
            try:
                for _ in transport.events(exchange, deadline=deadline):
                    pass
            except RequestRejectedError as error:
                if after or not retired or error.status not in (400, 404, 422):
                    raise
                retired = False
                continue
            page = exchange.value
            yield from (model.raw for model in models_of(page))
            if not page.get("has_more"):
                return
            after = str(page.get("last_id") or "")
            if after in seen:
                break
            seen.add(after)
    raise ProtocolError("the server's list of models does not end; what was known of it before still counts")
