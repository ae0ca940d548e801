"""The books of one call: what it may cost is told before its first request, what it did cost after its last.

Which requests there are, and when, is `call.py`'s matter; who keeps count of them is a `Recorder` (`budget.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .budget import Plan, Record, Recorder, Ticket, plan_of
from .capabilities import fit
from .continuation import Legs, total
from .errors import BudgetReachedError, ClaudeError, TimedOutError, UsageError
from .events import MessageStart, usage_from
from .messages import ChatRequest, Completion, Message, Notice, Usage
from .models import Catalogue
from .pricing import cost, cost_of, money
from .tokens import estimate

_WHOLE = ("end_turn", "stop_sequence", "tool_use")
"""Reasons of an answer's end that are no more than that."""
_SAID = ("text", "thinking", "tool_use", "server_tool_use")
"""Kinds of blocks that a model writes; what its tools bring is input."""


class Keeping:
    """The books of one call: at most one ticket, and each is settled once."""

    def __init__(
        self, recorder: Recorder, models: Catalogue, *, flexible: bool, notify: Callable[[Notice], None]
    ) -> None:
        """Tell `recorder` of a call.

        Args:
            models: has the prices.
            flexible: nobody named `max_tokens`, so it may be lowered.
            notify: is told when it is.
        """
        self._recorder, self._models, self._flexible, self._notify = recorder, models, flexible, notify
        self._ticket: Ticket | None = None
        self._unanswered = self._doubtful = False
        self.lowered = False

    @property
    def begun(self) -> bool:
        """Whether there is a ticket to be settled."""
        return self._ticket is not None

    def admit(self, request: ChatRequest, before: Completion | None = None, *, why: str = "") -> ChatRequest:
        """`request` as it may be sent: the call's first, or another that goes on with it.

        Args:
            before: the answer so far, where it goes on with that; another model's first request goes on with nothing.
            why: what it would have been for, for the error's message.
        Raises:
            BudgetReachedError: it must not be sent.
        """
        plan = plan_of(request, self._models, flexible=self._flexible)
        try:
            if self._ticket is None:
                ticket = self._recorder.begin(plan)
            else:
                spent = cost_of(before, self._models, self._ticket.plan.model) if before else 0
                ticket = self._recorder.extend(self._ticket, plan, spent)
        except BudgetReachedError as error:
            if not why:
                raise
            raise BudgetReachedError(f"{why}: {error}") from error
        self._ticket, self._unanswered = ticket, False
        self.lowered = ticket.plan.max_tokens < plan.max_tokens
        return self._shortened(request, ticket.plan) if self.lowered else request

    def _shortened(self, request: ChatRequest, plan: Plan) -> ChatRequest:
        left = f"{money(plan.worst_pico or 0)} of the budget is left"
        self._notify(Notice("lowered_max_tokens", f"max_tokens lowered to {plan.max_tokens:,}: {left}"))
        shorter = replace(request, options=replace(request.options, max_tokens=plan.max_tokens))
        if (request.options.thinking or {}).get("type") != "enabled":
            return shorter
        try:
            fitted, notices = fit(shorter, self._models.find(request.model))  # the budget of thinking is below it
        except UsageError as error:
            raise BudgetReachedError(f"{left}, too little: {error}") from error
        for notice in notices:
            self._notify(notice)
        return fitted

    def sent(self) -> None:
        """A try begins: until it has ended, it may be paid for although nothing has come."""
        self._unanswered = True

    def failed(self, error: ClaudeError) -> None:
        """A try ended with `error` before anything of it was handed on."""
        self._unanswered = isinstance(error, TimedOutError)
        self._doubtful |= self._unanswered

    def settle(
        self, legs: Legs, held: MessageStart | None, error: ClaudeError | None, duration_ms: int, ttft_ms: int | None
    ) -> None:
        """The call is over: record it, once.

        Args:
            legs: what came.
            held: the start of a message of which nothing has been handed on.
            error: what the call ended with; None: it ended well, or was cancelled.
        """
        ticket, self._ticket = self._ticket, None
        if ticket is None:
            return
        done = legs.completion()
        usages, estimated = self._used(legs, held, ticket.plan)
        model = self._models.find(done.model or ticket.plan.model)
        costs = [cost(usage, model) for usage in usages]
        known = [each for each in costs if each is not None]
        record = Record(
            model=done.model or ticket.plan.model,
            status=_status(legs, error),
            usage=total([usage.raw for usage in usages]) if usages else Usage(),
            cost_pico=sum(known) if len(known) == len(costs) else None,
            request_id=done.request_id or (error.request_id if error else None),
            estimated=estimated,
            maybe_billed=self._doubtful,
            duration_ms=duration_ms,
            ttft_ms=ttft_ms,
        )
        self._recorder.settle(ticket, record)

    def _used(self, legs: Legs, held: MessageStart | None, plan: Plan) -> tuple[tuple[Usage, ...], bool]:
        """The usage of each message, and whether the last one's is our estimate: the provider never said."""
        present = legs.present()
        raw = present.usage.raw or (held.usage if held else {})
        if legs.ending and {"input_tokens", "output_tokens"} <= raw.keys():
            return (*legs.spent, present.usage), False
        asked = {"input_tokens": plan.input_tokens}
        if raw or present.content:
            usage = usage_from({**asked, **raw, **self._written(present, usage_from(raw))})
            return (*legs.spent, usage), True
        if self._unanswered:
            return (*legs.spent, usage_from(asked)), True
        return legs.spent, False

    def _written(self, part: Completion, counted: Usage) -> dict[str, Any]:
        """What a message of which only `part` came has cost beside its prompt, as the API's usage would have it."""
        said = tuple(block for block in part.content if block.get("type") in _SAID)
        searches = sum(block.get("name") == "web_search" for block in said)
        words = estimate(ChatRequest(part.model, (Message("assistant", said),)), self._models.find(part.model))
        tools = {"server_tool_use": {"web_search_requests": searches}} if searches else {}
        return {"output_tokens": max(counted.output_tokens, words if said else 0), **tools}


def _status(legs: Legs, error: ClaudeError | None) -> str:
    """How a call ended, in a word."""
    if error:
        return error.code
    if not legs.finished:
        return "aborted"
    reason = legs.stop_reason
    return reason if reason and reason not in _WHOLE else "done"
