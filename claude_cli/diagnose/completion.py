"""The one check that costs money, made only where it is asked for: a tiny completion, through all that real ones go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.budget import plan_of
from ..core.call import Call
from ..core.driving import drive
from ..core.errors import ClaudeError, UsageError
from ..core.messages import ChatRequest, LLMOptions, Message, text_block
from ..core.models import Catalogue
from ..core.prepare import prepare
from ..core.pricing import cost_of, money
from ..core.retry import RetryPolicy
from ..core.surroundings import CallPolicy, Surroundings
from .check import Check, failed, milliseconds

if TYPE_CHECKING:
    from ..core.providers.base import LLMProvider

TIMEOUT_S = 60.0
"""Seconds for the whole call, unless the user says otherwise."""
MAX_TOKENS = 16
PROMPT = "Say: ok"


def live_request(name: str | None, models: Catalogue) -> ChatRequest:
    """The request, of the model called `name`; None: of the cheapest that is in service. Raises `UsageError`."""
    request = ChatRequest(
        name or _cheapest(models),
        (Message("user", (text_block(PROMPT),)),),
        options=LLMOptions(max_tokens=MAX_TOKENS),
    )
    return prepare(request, models=models)[0]


def price(request: ChatRequest, models: Catalogue) -> str:
    """What `request` may cost at most, in words."""
    worst = plan_of(request, models).worst_pico
    return "something unknown: the model has no price" if worst is None else f"{money(worst)} at most"


def live_check(
    request: ChatRequest, provider: LLMProvider, around: Surroundings, *, timeout_s: float, free: bool
) -> Check:
    """Ask once, and say when the first byte of the answer came and what it cost.

    Args:
        timeout_s: for the whole call.
        free: nothing is paid: the simulator answers.
    """
    call = Call(request, CallPolicy(RetryPolicy(retries=0, timeout_s=timeout_s)), around)
    first: list[float] = []
    try:
        for _ in drive(call, provider, around):
            first.append(around.clock())
    except ClaudeError as error:
        return failed("live", error, data={"model": request.model, "breakers": around.board.states()})
    done, total = call.completion(), milliseconds(around.clock() - call.started_at)
    began = milliseconds(first[0] - call.started_at) if first else total
    pico = None if free else cost_of(done, around.models)
    paid = "free" if free else "unpriced" if pico is None else money(pico)
    tokens = f"{done.usage.total_input_tokens} tokens in, {done.usage.output_tokens} out"
    data = {
        "model": done.model or request.model,
        "first_ms": began,
        "duration_ms": total,
        "usage": done.usage.as_json(),
        "cost_usd": None if pico is None else pico / 1e12,
        "stop_reason": done.stop_reason,
        "request_id": done.request_id,
        "breakers": around.board.states(),
    }
    detail = f"{data['model']} answered after {began:,} ms, whole after {total:,} ms; {tokens}, {paid}"
    return Check("live", "ok", detail, data=data)


def _cheapest(models: Catalogue) -> str:
    """The id of the model on offer whose answers cost least. Raises `UsageError`."""
    priced = [
        (float(prices["output"]), model.id)
        for model in models.offered
        if (prices := model.raw.get("price_usd_per_mtok"))
        and "output" in prices
        and model.raw.get("lifecycle") not in ("deprecated", "retired")
    ]
    if not priced:
        raise UsageError("no model that is offered here has a price; name one with -m")
    return min(priced)[1]
