"""What a call needs before it starts: surroundings with defaults, and a request its model takes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from .breaker import BreakerBoard, BreakerLimits, State
from .capabilities import fit
from .messages import ChatRequest, Notice
from .models import Catalogue, catalogue
from .surroundings import Surroundings

if TYPE_CHECKING:
    from .budget import Recorder
    from .caching import Ttl
    from .telemetry import Emitter


def surroundings(
    provider: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    draw: Callable[[], float] = random.random,
    emitter: Emitter | None = None,
    notify: Callable[[Notice], None] = lambda notice: None,
    limits: BreakerLimits | None = None,
    models: Catalogue | None = None,
    recorder: Recorder | None = None,
    unbroken: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Surroundings:
    """What the calls of one process share; every part but the provider's name has a default."""

    def changed(name: str, old: State, new: State) -> None:
        if emitter:
            from .telemetry import BreakerChanged

            model = name.partition("/")[2]
            emitter.emit(BreakerChanged(provider=provider, model=model, call="", request_id=None, old=old, new=new))

    board = BreakerBoard(clock=clock, limits=limits, changed=changed)
    return Surroundings(provider, clock, draw, board, emitter, notify, models or catalogue(), recorder, unbroken)


def prepare(
    request: ChatRequest, *, strict: bool = False, models: Catalogue | None = None, cache: Ttl | None = None
) -> tuple[ChatRequest, list[Notice]]:
    """`request` with its model's name resolved and its parameters as that model takes them; and what changed.

    Args:
        cache: mark it for the prompt cache, to be kept so long; None: leave that alone.
    Raises:
        UsageError: `strict` and something would have to change, or nothing would help.
    """
    models = models or catalogue()
    resolved, model = replace(request, model=models.resolve(request.model)), models.find(request.model)
    fitted, notices = fit(resolved, model, strict=strict)
    if cache is None:
        return fitted, notices
    from .caching import cached

    marked, more = cached(fitted, model, cache, strict=strict)
    return marked, [*notices, *more]


def continues_turns(model: str, models: Catalogue | None = None) -> bool:
    """Whether `model` goes on with an assistant turn by itself."""
    known = (models or catalogue()).find(model)
    return bool(known and known.can("assistant_prefill"))
