"""Budgets: what a call may cost at worst, and how much of that a limit lets through.

Nothing is kept here. A `Recorder` (the ledger on disk, or a limit for one run) is told of each call before it is sent
and when it is over; money is counted in pico-dollars, as in `pricing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from .errors import BudgetReachedError
from .messages import Usage
from .pricing import money

LEAST_OUTPUT_TOKENS = 1024
"""A limit that allows less output than this is as good as reached: no useful answer would fit."""


@dataclass(frozen=True, slots=True)
class Plan:
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


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call that a recorder knows of; `plan` is what it let through, with `max_tokens` lowered where it had to be."""

    number: int
    plan: Plan


@dataclass(frozen=True, slots=True)
class Record:
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
    usage: Usage = field(default_factory=Usage)
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
    return replace(plan, max_tokens=affordable)
