"""The books of one call: what it may cost is told before its first request, what it did cost after its last.

Which requests there are, and when, is `call.py`'s matter; who keeps count of them is a `Recorder` (`budget.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .budget import NoPriceError, Plan, Record, Recorder, Ticket, as_asked, plan_of
from .capabilities import fit
from .continuation import Legs, total
from .errors import BudgetReachedError, ClaudeError, UsageError
from .events import MessageStart, usage_from
from .messages import ChatRequest, Completion, Message, Notice, Usage
from .models import Catalogue, today
from .pricing import cost, money
from .tokens import PER_MESSAGE, estimate

_Part = tuple[Usage, int | None]
"""One message, or a try to get one: what it used, and what that costs; None: it has no price."""
_WHOLE = ("end_turn", "stop_sequence", "tool_use")
"""Reasons of an answer's end that are no more than that."""
_SAID = ("text", "thinking", "tool_use", "server_tool_use")
"""Kinds of blocks that a model writes; what its tools bring is input."""


class Keeping:
    """The books of one call: at most one ticket, and each is settled once.

    Attributes:
        lowered: whether the present request's `max_tokens` has been.
        record: how the call ended; None while it has not, and where it was never sent.
    """

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
        self._asked: dict[str, Any] = {}  # what the present request asks for that its price depends on
        self._spent_pico = 0  # by the legs that are over: at most, where one has no price
        self._failed: list[_Part] = []  # tries that may be billed
        self._unanswered = False
        self.lowered = False
        self.record: Record | None = None

    @property
    def begun(self) -> bool:
        """Whether there is a ticket to be settled."""
        return self._ticket is not None

    def admit(
        self, request: ChatRequest, before: Completion | None = None, *, why: str = "", plan: Plan | None = None
    ) -> ChatRequest:
        """`request` as it may be sent: the call's first, or another that goes on with it.

        Args:
            before: the answer so far, where it goes on with that; another model's first request goes on with nothing.
            why: what it would have been for, for the error's message.
            plan: what it may cost, where that has been reckoned already.
        Raises:
            BudgetReachedError: it must not be sent.
            UsageError: nor must it, as there is a budget, and nobody knows the model or its price.
        """
        plan = plan or plan_of(request, self._models, flexible=self._flexible)
        spent = self._spent_pico
        try:
            if self._ticket is None:
                ticket = self._recorder.begin(plan)
            else:
                spent += self._charge(before, self._ticket.plan) if before else 0
                ticket = self._recorder.extend(self._ticket, plan, spent + sum(pico or 0 for _, pico in self._failed))
        except BudgetReachedError as error:
            raise self._refused(error, plan.model, f"{why}: " if why else "") from error
        self._ticket, self._unanswered, self._spent_pico = ticket, False, spent
        self._asked = as_asked(request)
        self.lowered = ticket.plan.max_tokens < plan.max_tokens
        return self._shortened(request, ticket.plan) if self.lowered else request

    def _charge(self, before: Completion, plan: Plan) -> int:
        """What a budget counts for the last message of an answer that goes on."""
        last = (before.legs or (before.usage,))[-1]
        pico = cost(last, self._models.find(before.model or plan.model))
        return (plan.worst_pico or 0) if pico is None else pico

    def _refused(self, error: BudgetReachedError, model: str, why: str) -> ClaudeError:
        """`error` with `why` before it; a `UsageError` where there is no price as nobody knows the model's name."""
        if not isinstance(error, NoPriceError) or self._models.find(model):
            told = BudgetReachedError(f"{why}{error}")
            told.retryable = error.retryable
            return told
        lost = f"so it has no price and {error.budget} cannot be kept"
        if successor := self._models.successor(model, today()):
            return UsageError(f"{why}{model} is retired, {lost}; its successor is {successor}")
        meant = self._models.nearest(model)
        way = f"{meant}A model of another server can be given a price in models.toml"
        return UsageError(f"{why}no model called {model!r} is known, {lost}; {way}")

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

    def failed(self, error: ClaudeError, held: MessageStart | None) -> None:
        """A try ended with `error` before anything of it was handed on; `held` is the start of its message."""
        if self._ticket and (held or error.maybe_billed):
            self._failed.append(self._tried(held, self._ticket.plan))
        self._unanswered = False

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
        model = done.model or ticket.plan.model
        last, estimated = self._last(legs, held, ticket.plan)
        over = [(usage, cost(usage, self._models.find(model))) for usage in legs.spent]
        parts = [*self._failed, *over, *last]
        known = [pico for _, pico in parts if pico is not None]
        worst = [(ticket.plan.worst_pico or 0) if pico is None else pico for _, pico in (*self._failed, *last)]
        self.record = Record(
            model=model,
            status=_status(legs, error),
            usage=total([usage.raw for usage, _ in parts]) if parts else Usage(),
            cost_pico=sum(known) if len(known) == len(parts) else None,
            request_id=done.request_id or (error.request_id if error else None),
            estimated=estimated or bool(self._failed),
            maybe_billed=bool(self._failed),
            duration_ms=duration_ms,
            ttft_ms=ttft_ms,
            worst_pico=self._spent_pico + sum(worst),
        )
        self._recorder.settle(ticket, self.record)

    def _last(self, legs: Legs, held: MessageStart | None, plan: Plan) -> tuple[list[_Part], bool]:
        """The present message, if it may be billed, and whether it is our estimate: the provider never said."""
        present = legs.present()
        raw, model = present.usage.raw, self._models.find(present.model or plan.model)
        if present.unbilled:
            return [(present.usage, 0)], False
        if legs.ending and {"input_tokens", "output_tokens"} <= raw.keys():
            return [(present.usage, cost(present.usage, model))], False
        if raw or present.content:
            usage = usage_from({**self._begun(raw, plan), **self._written(present, usage_from(raw))})
            return [(usage, cost(usage, model))], True
        return ([self._tried(held, plan)], True) if self._unanswered else ([], False)

    def _tried(self, held: MessageStart | None, plan: Plan) -> _Part:
        """A try of which nothing was handed on: its prompt."""
        usage = usage_from(self._begun(held.usage if held else {}, plan))
        return usage, cost(usage, self._models.find(held.model or plan.model)) if held else plan.input_pico

    def _begun(self, raw: dict[str, Any], plan: Plan) -> dict[str, Any]:
        """The usage of a message that has begun: what the provider says, and else what it was asked for."""
        said = {key: value for key, value in raw.items() if value is not None}
        return {**self._asked, "input_tokens": plan.input_tokens, **said}

    def _written(self, part: Completion, counted: Usage) -> dict[str, Any]:
        """What a message of which only `part` came has cost beside its prompt, as the API's usage would have it."""
        said = tuple(block for block in part.content if block.get("type") in _SAID)
        searches = sum(block.get("name") == "web_search" for block in said)
        turn = ChatRequest(part.model, (Message("assistant", said),))
        words = estimate(turn, self._models.find(part.model)) - PER_MESSAGE
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
