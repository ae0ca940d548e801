"""One call as its user sees it: tries, waits, fallbacks and continuations, without any I/O.

A driver (`client.py`, `blocking.py`) runs the tries and tells what happened; a `Call` decides what goes on to the
user and what is done next. Until the first content comes, `message_start`, pings and the start of a block that is still
empty are held back, and a failed try may be made again or handed to another model. After that nothing is ever repeated.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from .breaker import Permit
from .continuation import MAX_CONTINUATIONS, Legs, continue_paused, continue_truncated
from .errors import (
    BreakerOpenError,
    ClaudeError,
    ConnectionFailedError,
    NotFoundError,
    OverloadedError,
    ProviderError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
    TimedOutError,
)
from .events import BlockStart, Event, MessageDone, MessageStart, Ping, TextDelta
from .messages import Block, ChatRequest, Completion, NextTry, Notice
from .surroundings import CallPolicy, Surroundings, books

if TYPE_CHECKING:
    from .budget import Plan, Record

_WORTH_A_FALLBACK = (OverloadedError, RateLimitError, ServerError, TimedOutError, NotFoundError, BreakerOpenError)


class Call:
    """The state of one call. Use it as a driver does: `begin`, then `receive`/`ended`/`failed`, then `close`."""

    def __init__(
        self, request: ChatRequest, policy: CallPolicy, around: Surroundings, *,
        name: str = "", plan: Plan | None = None,
    ) -> None:  # fmt: skip
        """Prepare a call of `request`.

        Args:
            name: stands in telemetry for all its tries; a random word unless given.
            plan: what `request` may cost, where that has been reckoned already.
        """
        self.request = request
        self.started_at = around.clock()
        self.first_text_at: float | None = None
        self.retries = 0  # tries after the first, those of other models among them
        self._asked = request
        self._policy, self._around, self._name = policy, around, name or os.urandom(4).hex()
        self._request_id: str | None = None
        self._legs = Legs()
        self._fallbacks = list(policy.fallbacks)
        self._attempt = 1
        self._permit: Permit | None = None
        self._handed_on = False
        self._held: list[MessageStart | BlockStart] = []
        self._error: ClaudeError | None = None
        self._books, self._plan = books(policy, around), plan

    @property
    def deadline(self) -> float | None:
        """When the whole call must be over, by the call's clock; None: never."""
        timeout = self._policy.retry.timeout_s
        return None if timeout is None else self.started_at + timeout

    @property
    def text(self) -> str:
        """The answer so far."""
        return self._legs.text

    def completion(self) -> Completion:
        """The answer, folded; whole once the call has ended."""
        return self._legs.completion()

    @property
    def lowered(self) -> bool:
        """Whether a budget has lowered `max_tokens`."""
        return self._books is not None and self._books.lowered

    @property
    def record(self) -> Record | None:
        """How the call ended, as it was recorded; None while it has not, or where nobody keeps count."""
        return self._books.record if self._books else None

    @property
    def _start(self) -> MessageStart | None:
        """The start of a message of which nothing has been handed on."""
        first = self._held[0] if self._held and not self._handed_on else None
        return first if isinstance(first, MessageStart) else None

    def begin(self) -> None:
        """Start a try: the first one of a model asks its breaker, the first of all the recorder.

        Raises:
            BreakerOpenError, BudgetReachedError, UsageError: to be given to `failed` like any other failure.
        """
        if self._permit is None:
            name = f"{self._around.provider}/{self.request.model}"
            self._permit = self._around.board.breaker(name).admit()
        if self._books:
            if not self._books.begun:
                self.request = self._books.admit(self.request, plan=self._plan)
            self._books.sent()
        if self._heard("RequestStart"):
            self._emit("RequestStart", attempt=self._attempt, leg=self._legs.number)

    def receive(self, events: Sequence[Event]) -> Sequence[Event]:
        """Take what one read brought; returns what may go on to the user."""
        brought = len(events)
        if not self._handed_on:
            events = self._hold(events)
        if events:
            events = self._legs.add(events)
        if self.first_text_at is None and any(type(event) is TextDelta for event in events):
            self.first_text_at = self._around.clock()
        if self._heard("StreamChunk"):  # told when it is kept: whoever stops us then finds it
            self._emit("StreamChunk", events=brought)
        return events

    def _hold(self, events: Sequence[Event]) -> Sequence[Event]:
        for number, event in enumerate(events):
            if isinstance(event, MessageStart):
                self._held = [event]
                self._request_id = event.request_id
            elif isinstance(event, BlockStart) and len(self._held) < 2 and _is_empty(event.block):
                self._held.append(event)
            # Pings only say that somebody is there; hours of them must not pile up here. An end must say why.
            elif not isinstance(event, Ping | MessageDone):
                self._handed_on = True
                assert self._permit is not None  # `begin` came before
                self._permit.succeeded()
                return [*self._held, *events[number:]]
        return ()

    def ended(self) -> Sequence[Event]:
        """The try's stream is over; returns the last events, or none where another leg follows (`request` is new).

        Raises:
            StreamInterruptedError: the stream had no last event, or no stop reason; to be given to `failed`.
            BudgetReachedError: another leg may not be sent; likewise.
        """
        self._legs.check()
        following = self._next_leg()
        if following is None:
            self._stopped()
            return self._legs.last_events()
        self._go_on(following)
        return ()

    def _go_on(self, following: ChatRequest) -> None:
        """Begin another leg with `following`, if its cost is allowed."""
        if self._books:
            following = self._books.admit(following, self.completion(), why="the answer is incomplete")
        reason = self._legs.stop_reason
        if reason != "pause_turn":
            count = f"{self._legs.number} of {MAX_CONTINUATIONS}"
            self._around.notify(Notice("continued", f"the answer was cut ({reason}); asked for the rest, {count}"))
        self._try_anew(following)
        self._handed_on = False
        self._legs.next()

    def _try_anew(self, request: ChatRequest) -> None:
        self.request = request
        self._attempt = 1
        self._forget_try()

    def _forget_try(self) -> None:
        self._held = []
        self._request_id = None

    @property
    def going_on(self) -> bool:
        """Whether another leg is still to come after `ended`."""
        return not self._legs.finished

    def _next_leg(self) -> ChatRequest | None:
        reason = self._legs.stop_reason
        if self._legs.number > MAX_CONTINUATIONS:
            return None
        if reason == "pause_turn" and self._policy.resume:
            return continue_paused(self._asked, self._legs.blocks())
        if reason in ("max_tokens", "model_context_window_exceeded") and self._policy.on_truncate == "continue":
            prefill = self._policy.prefill(self.request.model)
            return continue_truncated(self._asked, self._legs.blocks(), prefill=prefill)
        return None

    def failed(self, error: ClaudeError) -> float:
        """A try failed. Returns the seconds to wait before `begin` is called again, for `request` as it is then.

        Raises:
            ClaudeError: there will be no other try: the error as the user should see it.
        """
        if self._books and not self._handed_on:
            self._books.failed(error, self._start)
        try:
            return self._next_try(error)
        except ClaudeError as final:
            self._error = final
            raise

    def _next_try(self, error: ClaudeError) -> float:
        if not isinstance(error, ProviderError):
            raise error
        self._request_id = error.request_id or self._request_id
        self._report(error)
        if self._handed_on:
            self._give_up(error)
        if self._legs.number > 1:
            self._fallbacks.clear()  # another model would answer from the start, and the beginning has been shown
        elapsed = self._around.clock() - self.started_at
        wait = self._policy.retry.delay(
            error, attempt=self._attempt, elapsed_s=elapsed, draw=self._around.draw(), fallback=bool(self._fallbacks)
        )
        if wait is None:
            self._fall_back(error)
            return 0.0
        billed = error.maybe_billed or self._start is not None
        following = NextTry(error.code, wait, self._attempt, maybe_billed=billed)
        twice = "; the provider may bill both tries" if billed else ""
        words = f"{error}; trying again in {wait:.1f} s{twice}"
        self._around.notify(Notice("retry", words, changes_result=False, next_try=following))
        self._announce(error, wait, self.request.model)
        self._attempt += 1
        self._forget_try()
        return wait

    def _report(self, error: ProviderError) -> None:
        if self._permit:
            self._permit.failed(error)
        if self._heard("CallError"):
            self._emit(
                "CallError",
                code=error.code, status=error.status, message=str(error), attempt=self._attempt,
            )  # fmt: skip

    def _fall_back(self, error: ProviderError) -> None:
        if not (self._fallbacks and isinstance(error, _WORTH_A_FALLBACK)):
            self._give_up(error)
        following = self._fallbacks.pop(0)
        failed, admitted = f"{self.request.model} failed ({error})", following
        if self._books:
            admitted = self._books.admit(following, why=f"{failed}, and {following.model} is not asked")
        words = f"{failed}; now asking {following.model}"
        switch = NextTry(error.code, 0.0, self._attempt, model=following.model)
        self._around.notify(Notice("fallback", words, next_try=switch))
        for notice in self._policy.fallback_notices.get(following.model, ()):
            self._around.notify(notice)
        self._announce(error, 0.0, following.model)
        self._release()
        self._asked = following
        self._try_anew(admitted)

    def _announce(self, error: ProviderError, wait: float, model: str) -> None:
        self.retries += 1
        if self._heard("Retry"):
            billed = error.maybe_billed or self._start is not None
            self._emit("Retry", attempt=self._attempt, wait_s=round(wait, 3), next_model=model, maybe_billed=billed)

    def _give_up(self, error: ProviderError) -> NoReturn:
        """Raise `error` as what it means to the user: after words have come, any failure is an interruption."""
        partial = self._legs.text
        if self._handed_on or self._legs.number > 1:
            cut = StreamInterruptedError(
                f"the answer is incomplete: {error}", partial=partial, request_id=error.request_id, status=error.status
            )
            raise cut from error
        if isinstance(error, StreamInterruptedError):
            broken = ConnectionFailedError(
                "the connection closed before the answer began", request_id=error.request_id, kind="broken"
            )
            raise broken from error
        raise error

    def _stopped(self) -> None:
        if not self._heard("RequestStop"):
            return
        done, (duration, first) = self.completion(), self._times()
        self._emit(
            "RequestStop",
            stop_reason=done.stop_reason,
            input_tokens=done.usage.total_input_tokens, output_tokens=done.usage.output_tokens,
            duration_ms=duration, ttft_ms=first,
        )  # fmt: skip

    def _times(self) -> tuple[int, int | None]:
        """Milliseconds since the start, and from there to the first text."""
        now, first = self._around.clock(), self.first_text_at
        return round((now - self.started_at) * 1000), None if first is None else round((first - self.started_at) * 1000)

    def close(self) -> None:
        """The call is over, also where it was cancelled: give back the breaker's permit, and settle what it cost."""
        self._release()
        if self._books:
            with self._around.unbroken():
                self._books.settle(self._legs, self._start, self._error, *self._times())

    def _release(self) -> None:
        if self._permit:
            self._permit.release()
            self._permit = None

    def _heard(self, kind: str) -> bool:
        """Whether anybody listens to events of this kind."""
        return bool(self._around.emitter and self._around.emitter.wants(kind))

    def _emit(self, kind: str, **members: object) -> None:
        """Tell the listeners; only ever called where there are some, so that nobody else loads the module."""
        from . import telemetry

        around = self._around
        assert around.emitter is not None
        event = getattr(telemetry, kind)
        about = {"provider": around.provider, "model": self.request.model, "call": self._name}
        around.emitter.emit(event(**about, request_id=self._request_id, **members))


def _is_empty(block: Block) -> bool:
    """Whether the reader has nothing of `block` before its deltas."""
    return block.get("type") in ("text", "thinking", "tool_use") and not any(
        block.get(member) for member in ("text", "thinking", "input")
    )
