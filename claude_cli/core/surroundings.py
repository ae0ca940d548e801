"""What a call is made with: what its caller wants done when things go wrong, and what it stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .breaker import BreakerBoard
from .messages import ChatRequest, Notice
from .models import Catalogue, catalogue
from .retry import RetryPolicy

if TYPE_CHECKING:
    from .budget import Recorder
    from .keeping import Keeping
    from .telemetry import Emitter

OnTruncate = Literal["fail", "continue", "ok"]


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """What a caller wants done when things go wrong.

    Attributes:
        retry: how long and how often to try.
        fallbacks: requests for other models, each ready to send, in order; opt-in.
        fallback_notices: by model, what had to change in its request; told when it is switched to.
        on_truncate: "fail" and "ok" hand the cut answer on (the caller judges); "continue" asks for the rest.
        prefill: tells whether a model continues an assistant turn; others are asked to go on.
        flexible: nobody named `max_tokens`, so a budget may lower it.
        resume: an answer that a server tool paused is gone on with; else it is handed on as it is.
    """

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    fallbacks: tuple[ChatRequest, ...] = ()
    fallback_notices: Mapping[str, Sequence[Notice]] = field(default_factory=dict)
    on_truncate: OnTruncate = "fail"
    prefill: Callable[[str], bool] = lambda model: False
    flexible: bool = False
    resume: bool = True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a call stands on, shared by many calls; each part can be handed in by a test.

    Attributes:
        unbroken: within it nothing stops the process: a call is put down whole, or not yet.
    """

    provider: str
    clock: Callable[[], float]
    draw: Callable[[], float]
    board: BreakerBoard
    emitter: Emitter | None = None
    notify: Callable[[Notice], None] = lambda notice: None
    models: Catalogue = field(default_factory=catalogue)
    recorder: Recorder | None = None
    unbroken: Callable[[], AbstractContextManager[None]] = nullcontext


def books(policy: CallPolicy, around: Surroundings) -> Keeping | None:
    """The books of a call; None, and nothing of them is loaded, where nobody keeps count."""
    if around.recorder is None:
        return None
    from .keeping import Keeping

    return Keeping(around.recorder, around.models, flexible=policy.flexible, notify=around.notify)
