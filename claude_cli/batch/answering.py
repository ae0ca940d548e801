"""One row's answer: what it may cost is set aside, the gate lets it through, and it is asked until that has an end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ..core.breaker import BreakerBoard, BreakerLimits
from ..core.budget import Plan, Recorder, plan_of
from ..core.call import Call
from ..core.client import Client
from ..core.errors import (
    AuthenticationError,
    BillingError,
    BudgetReachedError,
    ClaudeError,
    ProviderError,
    RateLimitError,
    StreamInterruptedError,
)
from ..core.prepare import continues_turns
from ..core.providers.anthropic import AnthropicProvider
from ..core.retry import LONGEST_DELAY_S, RetryPolicy, is_hopeless
from ..core.surroundings import CallPolicy, Surroundings
from .books import Purse
from .gate import Cost
from .outcome import Outcome
from .row import Result, Row, Spent
from .stop import Stop, StoppedError
from .survey import EXPECTED_OUTPUT

if TYPE_CHECKING:
    from ..core.providers.base import LLMProvider
    from ..storage.books import Books
    from .gate import Gate, Slot

MOST_CUTS = 5
"""Answers to one row that may break after words came: each of them may have to be paid for."""
_WEIGHT = 0.05
"""Of the last row in what is expected of the next."""
_ANSWERS = ("overloaded", "rate_limit", "server_error")
"""Codes of failed tries that show that the host is there."""
_NEVER = BreakerLimits(consecutive=sys.maxsize, least=sys.maxsize, window_s=0.0)


@dataclass(frozen=True, slots=True)
class Rules:
    """When a row is given up.

    Attributes:
        retry_for_s, retries, timeout_s: as in `RetryPolicy`, for all calls of a row together; but the time that the
            provider itself names in a 429 is waited for however long it is, and is none of `retry_for_s`.
        expect_output: output tokens that the first rows are taken to need; later ones as many as those before them did.
        simulated: the simulator answers, and nothing costs anything.
    """

    retry_for_s: float = 600.0
    retries: int | None = None
    timeout_s: float | None = None
    expect_output: int = EXPECTED_OUTPUT
    simulated: bool = False


class Answerer:
    """Answers rows by calls of a provider, as many at once as a gate lets through: an `Answer` of `runner.py`.

    Attributes:
        under_way: rows that the gate has let through, and that are not over.
    """

    def __init__(
        self, provider: LLMProvider, around: Surroundings, gate: Gate, books: Books, stop: Stop,
        rules: Rules | None = None, *, began: Callable[[Row], None] = lambda row: None,
        spent: Callable[[Row, Spent], None] = lambda row, spent: None,
    ) -> None:  # fmt: skip
        """Answer rows by `provider`.

        Args:
            around: what the calls stand on, but for the breaker: how fast a batch asks is for the gate to say, and a
                row that has to wait may as well wait there.
            stop: ends the waits of rows.
            began: is told of each row that the gate lets through.
            spent: is told what a row has cost that has no answer, or has failed.
        """
        board = BreakerBoard(clock=around.clock, limits=_NEVER)
        self.provider, self.gate, self.stop, self.rules = provider, gate, stop, rules or Rules()
        self.around = replace(around, board=board, unbroken=nullcontext)
        self.purse = Purse(books, gate)
        self.prefill = partial(continues_turns, models=around.models)
        self.began, self.spent = began, spent
        if isinstance(provider, AnthropicProvider):
            provider.heard = gate.heard
        self.under_way = 0
        self.reached = False
        self._expected = float(self.rules.expect_output)

    async def __call__(self, row: Row, begun: Callable[[], None]) -> Result | None:
        """What became of `row`; None: it was given up."""
        try:
            return await _Asking(self, row, begun).run()
        except StoppedError:
            return None

    def cost(self, plan: Plan) -> Cost:
        """What a request is expected to take."""
        return Cost(plan.input_tokens, min(plan.max_tokens, round(self._expected)), plan.model)

    def learn(self, result: Result) -> None:
        """Expect of the next rows what was learnt from this one, which is done."""
        self._expected += _WEIGHT * (result.usage.output_tokens - self._expected)

    def concerns_all(self, error: ClaudeError) -> bool:
        """Whether no row can be answered, as this one was not."""
        if isinstance(error, AuthenticationError | BillingError | BudgetReachedError):
            return True
        return is_hopeless(error) and not self.reached


class _Asking:
    """One row on its way."""

    __slots__ = ("_answerer", "_begun", "_cuts", "_held_s", "_outcome", "_plan", "_row", "_slot")

    def __init__(self, answerer: Answerer, row: Row, begun: Callable[[], None]) -> None:
        self._answerer, self._row, self._begun = answerer, row, begun
        self._plan = plan_of(row.request, answerer.around.models, flexible=False)
        self._outcome = Outcome(row, answerer.around.models, simulated=answerer.rules.simulated)
        self._slot: Slot | None = None
        self._cuts = 0
        self._held_s = 0.0  # of its time, what the provider itself has named

    async def run(self) -> Result:
        """The row's result, when it is over. Raises `StoppedError`: it is given up."""
        answerer = self._answerer
        recorder = await self._enter()
        answerer.began(self._row)
        answerer.under_way += 1
        result = None
        try:
            result = await self._ask(recorder)
            return result
        finally:
            if (result is None or result.error) and (spent := self._outcome.spent()):
                answerer.spent(self._row, spent)
            answerer.under_way -= 1
            if self._slot:
                self._slot.leave(self._outcome.heard)

    async def _enter(self) -> Recorder:
        """Have the cost set aside, and then the gate's leave."""
        answerer = self._answerer
        async with answerer.stop.waiting():
            recorder = await answerer.purse.take(self._plan)
            self._slot = await answerer.gate.enter(answerer.cost(self._plan))
        return recorder

    async def _ask(self, recorder: Recorder) -> Result:
        answerer, outcome = self._answerer, self._outcome
        while (error := await self._call(recorder)) is not None:
            if answerer.concerns_all(error):
                raise error
            wait = self._wait(error)
            if wait is None:
                return outcome.result(error, answerer.around.clock())
            outcome.reason = error.code
            recorder = await self._again(wait)
        result = outcome.result(None, answerer.around.clock())
        answerer.learn(result)
        return result

    async def _again(self, seconds: float) -> Recorder:
        """Have the cost of another call set aside, and wait for its time."""
        answerer = self._answerer
        try:
            recorder = await answerer.purse.take_now(self._plan)
        except BudgetReachedError as error:
            if not error.retryable or self._slot is None:
                raise
            self._slot.leave(None)  # rows that have money may be waiting for its place
            return await self._enter()
        await self._rest(seconds)
        return recorder

    async def _call(self, recorder: Recorder) -> ClaudeError | None:
        """One call, with the retries that are its own; returns how it failed."""
        answerer, has_begun = self._answerer, False
        around = replace(answerer.around, recorder=recorder, notify=self._outcome.note)
        policy = CallPolicy(self._left(), on_truncate=self._row.on_truncate, prefill=answerer.prefill)
        call = Call(self._row.request, policy, around, plan=self._plan)
        try:
            async with aclosing(Client(answerer.provider, around, sleep=self._rest).run(call)) as batches:
                async for _ in batches:
                    if not has_begun:
                        has_begun = answerer.reached = True
                        self._begun()
        except StoppedError:
            self._outcome.tries -= 1  # the one it waited for is not made
            raise
        except ClaudeError as error:
            if isinstance(error, ProviderError) and error.status is not None:
                answerer.reached = True
            return error
        finally:
            answerer.purse.put_back()
            self._outcome.add(call)
        return None

    async def _rest(self, seconds: float) -> None:
        """Wait for the next try where others may go on meanwhile. Raises `StoppedError`: there will be none."""
        assert self._slot is not None  # only a row that was let through has tries
        answerer, reason = self._answerer, self._outcome.reason
        if reason in _ANSWERS:
            answerer.reached = True
        rested_at = answerer.around.clock()
        async with answerer.stop.waiting():
            await self._slot.rest(seconds, reason)
        if reason == "rate_limit" and seconds > LONGEST_DELAY_S:  # so it was no delay of ours
            self._held_s += answerer.around.clock() - rested_at

    def _left(self) -> RetryPolicy:
        """What is left of the row's time and tries for its next call."""
        rules, spent = self._answerer.rules, self._spent_s()
        return RetryPolicy(
            max(rules.retry_for_s + self._held_s - spent, 0.0),
            None if rules.retries is None else max(rules.retries - self._outcome.tries, 0),
            None if rules.timeout_s is None else max(rules.timeout_s - spent, 0.0),
            reached=self._answerer.reached,
        )

    def _spent_s(self) -> float:
        """Seconds since the first try."""
        started_at = self._outcome.started_at
        return 0.0 if started_at is None else self._answerer.around.clock() - started_at

    def _wait(self, error: ClaudeError) -> float | None:
        """Seconds until the row is asked anew, by another call than the one that failed; None: it is not."""
        rules, named = self._answerer.rules, False
        match error:
            case StreamInterruptedError():
                self._cuts += 1
                cause = error.__cause__
                anew = isinstance(cause, ClaudeError) and cause.retryable and self._cuts < MOST_CUTS
            case RateLimitError(retry_after_s=float()) if rules.retry_for_s:
                anew = named = True
            case ProviderError():  # a call takes what the provider named for its own time
                anew = is_hopeless(error) or self._held_s > 0
            case _:
                return None
        if not anew:
            return None
        retry_for_s = float("inf") if named else rules.retry_for_s + self._held_s
        policy = RetryPolicy(retry_for_s, rules.retries, rules.timeout_s, reached=True)
        draw = self._answerer.around.draw()
        return policy.delay(error, attempt=self._outcome.tries, elapsed_s=self._spent_s(), draw=draw)
