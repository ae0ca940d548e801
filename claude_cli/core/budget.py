"""Budgets: what a call may cost at worst, and how much of that a limit lets through.

Nothing is kept here. A `Recorder` (the ledger on disk, or a limit for one run) is told of each call before it is sent
and when it is over; money is counted in pico-dollars, as in `pricing.py`. Values are named tuples here: every call
waits for this module, and a dataclass takes five times as long to make (0.5 ms).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from .errors import BudgetReachedError
from .messages import ChatRequest, Usage
from .models import Catalogue
from .pricing import WEB_SEARCH_PICO, money, rates
from .tokens import estimate
from .wire_request import DEFAULT_MAX_TOKENS

LEAST_OUTPUT_TOKENS = 1024
"""A limit that allows less output than this is as good as reached: no useful answer would fit."""
SEARCHES = 10
"""Web searches a request is taken to make at most where it does not say (`max_uses`)."""


class Limits(NamedTuple):
    """What may be spent: on a day and in a month of the local calendar, in pico-dollars; None: as much as wanted."""

    day_pico: int | None = None
    month_pico: int | None = None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.day_pico is not None or self.month_pico is not None


class Plan(NamedTuple):
    """A request that is about to be sent: a call's first, or the one that continues its answer.

    Attributes:
        model: the id that is asked.
        input_tokens: of the prompt, estimated.
        max_tokens: output tokens at most.
        flexible: nobody named `max_tokens`, so it may be lowered to what a budget leaves.
        input_pico: what everything but the output costs at most; None: the model has no price.
        token_pico: what an output token costs; None: the model has no price.
    """

    model: str
    input_tokens: int
    max_tokens: int
    flexible: bool = True
    input_pico: int | None = None
    token_pico: int | None = None

    @property
    def worst_pico(self) -> int | None:
        """The most it can cost; None without a price."""
        if self.input_pico is None or self.token_pico is None:
            return None
        return self.input_pico + self.max_tokens * self.token_pico


class Ticket(NamedTuple):
    """A call that a recorder knows of; `plan` is what it let through, with `max_tokens` lowered where it had to be."""

    number: int
    plan: Plan


class Record(NamedTuple):
    """How a call ended: everything that is ever kept of it. No content.

    Attributes:
        model: the one that answered, else the one that was asked.
        status: "done", the stop reason of a cut or refused answer, an error's code, or "aborted".
        usage: what the provider counted, or our estimate of it.
        cost_pico: what it cost; None: it has no price.
        estimated: usage and cost are our estimate: the provider never said.
        maybe_billed: a try that timed out may have been paid for besides.
        duration_ms, ttft_ms: from its start to its end and to the first text; None where there was none.
    """

    model: str
    status: str
    usage: Usage = Usage()
    cost_pico: int | None = None
    request_id: str | None = None
    estimated: bool = False
    maybe_billed: bool = False
    duration_ms: int | None = None
    ttft_ms: int | None = None


class Recorder(Protocol):
    """Who is told of each call, before and after."""

    def begin(self, plan: Plan) -> Ticket:
        """Take note that a call is about to be sent, and set aside its worst cost.

        Raises:
            BudgetReachedError: it must not be sent.
        """

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int | None) -> Ticket:
        """The call of `ticket` goes on with another request, `plan`; so far it has cost `spent_pico`.

        Raises:
            BudgetReachedError: that request must not be sent; the ticket still stands, to be settled.
        """

    def settle(self, ticket: Ticket, record: Record) -> None:
        """The call is over: keep how, and give back what was set aside for it."""


def plan_of(request: ChatRequest, models: Catalogue, *, flexible: bool = True) -> Plan:
    """What `request` may cost at most, by our estimate of its input and the dearest prices that can apply to it.

    What server tools bring into the prompt is not known before, and not in it; their searches are.

    Args:
        request: as it is sent.
        models: has the prices.
        flexible: nobody named its `max_tokens`.
    """
    extra, model = request.options.extra, models.find(request.model)
    tokens = estimate(request, model)
    limit = extra.get("max_tokens", request.options.max_tokens)
    most = limit if isinstance(limit, int) and limit >= 0 else DEFAULT_MAX_TOKENS
    plan = Plan(request.model, tokens, most, flexible)
    # An estimate near the length from which a prompt costs more may be beyond it in truth.
    longest = Usage(tokens + tokens // 4, raw={key: extra[key] for key in ("speed", "inference_geo") if key in extra})
    prices = rates(longest, model, None)
    if not {"input", "output"} <= prices.keys():
        return plan
    turns = [message.content for message in request.messages]
    places = (extra, extra.get("tools"), extra.get("system"), request.system, turns)
    writes = {"cache_write_1h" if mark.get("ttl") == "1h" else "cache_write_5m" for mark in _marks(places)}
    dearest = max(prices.get(kind, 0) for kind in ("input", *writes))
    return plan._replace(
        input_pico=math.ceil(tokens * dearest) + _searches(extra.get("tools")) * WEB_SEARCH_PICO,
        token_pico=math.ceil(prices["output"]),
    )


def _marks(value: object) -> Iterator[Mapping[str, Any]]:
    """What asks for the prompt cache in parts of a request: blocks, blocks in these, tools."""
    if isinstance(value, Mapping):
        if isinstance(mark := value.get("cache_control"), Mapping):
            yield mark
        value = value.get("content")
    if isinstance(value, list | tuple):
        for each in value:
            yield from _marks(each)


def _searches(tools: object) -> int:
    """Web searches that the tools of a request may make."""
    count = 0
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, Mapping) and str(tool.get("type")).startswith("web_search"):
            uses = tool.get("max_uses")
            count += uses if isinstance(uses, int) and uses >= 0 else SEARCHES
    return count


def grant(plan: Plan, left_pico: int, *, limit: str) -> Plan:
    """`plan` as far as `left_pico` allows it: with a lower `max_tokens` where that may be lowered.

    Args:
        limit: which budget it is and what it amounts to, for the message: "budget.day of $5.00".
    Raises:
        BudgetReachedError: not even a short answer fits, or the model has no price to hold against the budget.
    """
    worst = plan.worst_pico
    if worst is None or plan.input_pico is None or plan.token_pico is None:
        raise BudgetReachedError(
            f"{plan.model} has no price, so {limit} cannot be kept; give it one in models.toml, or ask without a budget"
        )
    if worst <= left_pico:
        return plan
    left = f"{money(max(left_pico, 0))} of {limit} is left"
    if not plan.flexible:
        raise BudgetReachedError(
            f"{left}, and this call may cost {money(worst)};"
            f" lower --max-tokens ({plan.max_tokens:,}), or raise the budget"
        )
    affordable = (left_pico - plan.input_pico) // plan.token_pico if plan.token_pico else -1
    if affordable < min(LEAST_OUTPUT_TOKENS, plan.max_tokens):
        raise BudgetReachedError(
            f"{left}, too little for an answer of {LEAST_OUTPUT_TOKENS:,} tokens by {plan.model}; raise the budget, or"
            " choose a cheaper model"
        )
    return plan._replace(max_tokens=affordable)


class RunLimit:
    """The limit of `--max-cost`: all calls of one process together. In memory, and for one thread."""

    def __init__(self, limit_pico: int, inner: Recorder | None = None) -> None:
        """Let through what `limit_pico` allows, and `inner`, who is told of it besides."""
        self._limit_pico, self._inner = limit_pico, inner
        self._spent_pico = 0
        self._count = 0
        self._open: dict[int, tuple[Ticket, int]] = {}  # what `inner` gave out, and what is set aside here

    def begin(self, plan: Plan) -> Ticket:
        """As in `Recorder`."""
        plan = self._grant(plan, self._left_pico)
        theirs = self._inner.begin(plan) if self._inner else Ticket(0, plan)
        self._count += 1
        return self._let_through(self._count, theirs, 0)

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int | None) -> Ticket:
        """As in `Recorder`."""
        theirs, set_aside = self._open[ticket.number]
        spent = _charge(spent_pico, theirs.plan)
        plan = self._grant(plan, self._left_pico + set_aside - spent)
        theirs = self._inner.extend(theirs, plan, spent_pico) if self._inner else Ticket(0, plan)
        return self._let_through(ticket.number, theirs, spent)

    def settle(self, ticket: Ticket, record: Record) -> None:
        """As in `Recorder`."""
        theirs, _ = self._open.pop(ticket.number)
        self._spent_pico += _charge(record.cost_pico, theirs.plan)
        if self._inner:
            self._inner.settle(theirs, record)

    @property
    def _left_pico(self) -> int:
        return self._limit_pico - self._spent_pico - sum(set_aside for _, set_aside in self._open.values())

    def _grant(self, plan: Plan, left_pico: int) -> Plan:
        return grant(plan, left_pico, limit=f"--max-cost of {money(self._limit_pico)}")

    def _let_through(self, number: int, theirs: Ticket, spent_pico: int) -> Ticket:
        self._open[number] = theirs, spent_pico + (theirs.plan.worst_pico or 0)
        return Ticket(number, theirs.plan)


def _charge(cost_pico: int | None, plan: Plan) -> int:
    """What a limit counts for `cost_pico`: where the answer turns out to have no price, all that was planned."""
    return (plan.worst_pico or 0) if cost_pico is None else cost_pico
