"""Budgets: what a call may cost at worst, and how much of that a limit lets through.

Nothing is kept here. A `Recorder` (the ledger on disk, or a limit for one run) is told of each call before it is sent
and when it is over; money is counted in pico-dollars, as in `pricing.py`. Values are named tuples here: every call
waits for this module, and a dataclass takes five times as long to make (0.5 ms).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from .errors import BudgetReachedError
from .messages import ChatRequest, Usage, blocks_within
from .models import Catalogue
from .pricing import WEB_SEARCH_PICO, money, rates
from .tokens import reckon
from .wire_request import DEFAULT_MAX_TOKENS

LEAST_OUTPUT_TOKENS = 1024
"""A limit that allows less output than this is as good as reached: no useful answer would fit."""
SEARCHES = 10
"""Web searches a request is taken to make at most where it does not say (`max_uses`)."""


class NoPriceError(BudgetReachedError):
    """A budget cannot be kept, as the model has no price; `budget` is its name."""

    def __init__(self, model: str, limit: str) -> None:
        """Say so of `model`."""
        self.budget = limit.partition(" of ")[0]
        way = "give it one in models.toml, or ask without a budget"
        super().__init__(f"{model} has no price, so {limit} cannot be kept; {way}")


class UnkeptError(BudgetReachedError):
    """A budget cannot be kept, as the ledger that counts for it cannot be written."""


class Limits(NamedTuple):
    """What may be spent: on a day and in a month of the local calendar, in pico-dollars; None: as much as wanted."""

    day_pico: int | None = None
    month_pico: int | None = None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.day_pico is not None or self.month_pico is not None


class Account(NamedTuple):
    """Who makes a call, where one process makes those of many.

    Attributes:
        command: what the ledger calls them.
        limits: what they may spend, besides the limits of all.
        who: what a message calls them: "key ci".
    """

    command: str
    limits: Limits = Limits()
    who: str = ""


class Plan(NamedTuple):
    """A request that is about to be sent: a call's first, or the one that continues its answer.

    Attributes:
        model: the id that is asked.
        input_tokens: of the prompt, estimated; all that the model takes where that cannot be done.
        max_tokens: output tokens at most.
        flexible: nobody named `max_tokens`, so it may be lowered to what a budget leaves.
        input_pico: what everything but the output costs at most; None: the model has no price.
        token_pico: what an output token costs; None: the model has no price.
        missing: why the prompt could not be estimated: "the pages of report.pdf".
    """

    model: str
    input_tokens: int
    max_tokens: int
    flexible: bool = True
    input_pico: int | None = None
    token_pico: int | None = None
    missing: str = ""

    @property
    def worst_pico(self) -> int | None:
        """The most it can cost; None without a price."""
        if self.input_pico is None or self.token_pico is None:
            return None
        return self.input_pico + self.max_tokens * self.token_pico


class Ticket(NamedTuple):
    """A call that a recorder knows of; `plan` is what it let through, with `max_tokens` lowered where it had to be.

    Attributes:
        account: whose call it is; None: the process's own.
    """

    number: int
    plan: Plan
    account: Account | None = None


class Record(NamedTuple):
    """How a call ended: everything that is ever kept of it. No content.

    Attributes:
        model: the one that answered, else the one that was asked.
        status: "done", the stop reason of a cut or refused answer, an error's code, or "aborted".
        usage: what the provider counted, or our estimate of it.
        cost_pico: what it cost; None: it has no price.
        estimated: usage and cost are our estimate: the provider never said.
        maybe_billed: of tries that failed it is not known whether they are billed; the estimate of them is in the cost.
        duration_ms, ttft_ms: from its start to its end and to the first text; None where there was none.
        worst_pico: what a budget counts where there is no `cost_pico`: the most it can be.
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
    worst_pico: int = 0


class Recorder(Protocol):
    """Who is told of each call, before and after."""

    def begin(self, plan: Plan) -> Ticket:
        """Take note that a call is about to be sent, and set aside its worst cost.

        Raises:
            BudgetReachedError: it must not be sent.
        """

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        """The call of `ticket` goes on with another request, `plan`; so far it has cost `spent_pico` at most.

        Raises:
            BudgetReachedError: that request must not be sent; the ticket still stands, to be settled.
        """

    def settle(self, ticket: Ticket, record: Record) -> None:
        """The call is over: keep how, and give back what was set aside for it."""

    def left_pico(self) -> int | None:
        """What the tightest limit leaves for the next call; None: there is none, or it is not known."""


def plan_of(request: ChatRequest, models: Catalogue, *, flexible: bool = True) -> Plan:
    """What `request` may cost at most, by our estimate of its input and the dearest prices that can apply to it.

    What server tools bring into the prompt is not known before, and not in it; their searches are.

    Args:
        request: as it is sent.
        models: has the prices.
        flexible: nobody named its `max_tokens`.
    """
    extra, model = request.options.extra, models.find(request.model)
    tokens, _, missing = reckon(request, model)
    if missing:
        tokens = max(tokens, (model.context_window if model else None) or 0)
    limit = extra.get("max_tokens", request.options.max_tokens)
    most = limit if isinstance(limit, int) and limit >= 0 else DEFAULT_MAX_TOKENS
    plan = Plan(request.model, tokens, most, flexible, missing=missing[0] if missing else "")
    # An estimate near the length from which a prompt costs more may be beyond it in truth.
    prices = rates(Usage(tokens + tokens // 4, raw=as_asked(request)), model, None)
    if not {"input", "output"} <= prices.keys():
        return plan
    turns = [message.content for message in request.messages]
    parts = blocks_within([extra, extra.get("tools"), extra.get("system"), request.system, turns])
    marks = [mark for part in parts if isinstance(mark := part.get("cache_control"), Mapping)]
    writes = {"cache_write_1h" if mark.get("ttl") == "1h" else "cache_write_5m" for mark in marks}
    dearest = max(prices.get(kind, 0) for kind in ("input", *writes))
    return plan._replace(
        input_pico=math.ceil(tokens * dearest) + _searches(extra.get("tools")) * WEB_SEARCH_PICO,
        token_pico=math.ceil(prices["output"]),
    )


def as_asked(request: ChatRequest) -> dict[str, Any]:
    """What `request` asks for that its price depends on, as the API's usage object repeats it."""
    extra = request.options.extra
    return {key: extra[key] for key in ("speed", "inference_geo") if key in extra}


def _searches(tools: object) -> int:
    """Web searches that the tools of a request may make."""
    count = 0
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, Mapping) and str(tool.get("type")).startswith("web_search"):
            uses = tool.get("max_uses")
            count += uses if isinstance(uses, int) and uses >= 0 else SEARCHES
    return count


def grant(plan: Plan, left_pico: int, *, limit: str, set_aside_pico: int = 0) -> Plan:
    """`plan` as far as `left_pico` allows it: with a lower `max_tokens` where that may be lowered.

    Args:
        limit: which budget it is and what it amounts to, for the message: "budget.day of $5.00".
        set_aside_pico: what would be left besides if it were not set aside for calls under way.
    Raises:
        BudgetReachedError: not even a short answer fits, or (`NoPriceError`) the model has no price.
    """
    worst = plan.worst_pico
    if worst is None:
        raise NoPriceError(plan.model, limit)
    if worst <= max(left_pico, 0):
        return plan
    most = _affordable(plan, left_pico)
    if most is not None:
        return plan._replace(max_tokens=most)
    left = f"{money(max(left_pico, 0))} of {limit} is left"
    later = left_pico + set_aside_pico
    if set_aside_pico and (worst <= later or _affordable(plan, later) is not None):
        waiting = f"{left}, and {money(set_aside_pico)} is set aside for calls under way; try again when they are done"
        reached = _reached(waiting, retryable=True)
        reached.budget = limit.partition(" of ")[0]
        raise reached
    if plan.missing:
        left += f", {plan.missing} cannot be reckoned and may be all that the model takes"
    if not plan.flexible:
        raise _reached(
            f"{left}, and this call may cost {money(worst)}; raise the budget, or ask for less than"
            f" {plan.max_tokens:,} tokens"
        )
    least = min(LEAST_OUTPUT_TOKENS, plan.max_tokens)
    raise _reached(
        f"{left}, too little for an answer of {least:,} tokens by {plan.model}; raise the budget, or choose a cheaper"
        " model"
    )


def _affordable(plan: Plan, left_pico: int) -> int | None:
    """The tokens to which the answer must be shortened; None where it must not, or would be of no use."""
    if not (plan.flexible and plan.token_pico and plan.input_pico is not None):
        return None
    most = (left_pico - plan.input_pico) // plan.token_pico
    return most if most >= min(LEAST_OUTPUT_TOKENS, plan.max_tokens) else None


def _reached(words: str, *, retryable: bool = False) -> BudgetReachedError:
    error = BudgetReachedError(words)
    error.retryable = retryable
    return error


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
        plan = self._grant(plan)
        theirs = self._inner.begin(plan) if self._inner else Ticket(0, plan)
        self._count += 1
        return self._let_through(self._count, theirs, 0)

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        """As in `Recorder`."""
        theirs, mine = self._open[ticket.number]
        plan = self._grant(plan, spent_pico, mine)
        theirs = self._inner.extend(theirs, plan, spent_pico) if self._inner else Ticket(0, plan)
        return self._let_through(ticket.number, theirs, spent_pico)

    def settle(self, ticket: Ticket, record: Record) -> None:
        """As in `Recorder`."""
        theirs, _ = self._open.pop(ticket.number)
        self._spent_pico += record.worst_pico if record.cost_pico is None else record.cost_pico
        if self._inner:
            self._inner.settle(theirs, record)

    def withdraw(self, ticket: Ticket) -> None:
        """The call of `ticket` is not made; `inner` has to be told by whoever knows that."""
        del self._open[ticket.number]

    def left_pico(self) -> int | None:
        """As in `Recorder`."""
        mine = self._limit_pico - self._spent_pico - sum(pico for _, pico in self._open.values())
        theirs = self._inner.left_pico() if self._inner else None
        return max(0, mine if theirs is None else min(mine, theirs))

    def _grant(self, plan: Plan, spent_pico: int = 0, mine_pico: int = 0) -> Plan:
        """`plan` as far as the limit allows; its call has spent `spent_pico`, and so far `mine_pico` is set aside."""
        others = sum(pico for _, pico in self._open.values()) - mine_pico
        left = self._limit_pico - self._spent_pico - spent_pico - others
        return grant(plan, left, limit=f"--max-cost of {money(self._limit_pico)}", set_aside_pico=others)

    def _let_through(self, number: int, theirs: Ticket, spent_pico: int) -> Ticket:
        self._open[number] = theirs, spent_pico + (theirs.plan.worst_pico or 0)
        return Ticket(number, theirs.plan)
