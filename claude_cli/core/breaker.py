"""The circuit breaker: after enough failures of a provider's model, calls fail at once for a while.

It counts only what speaks of the provider's health (5xx, 529, no connection, timeouts). A 429, any other 4xx and
a cancelled call say nothing about it. When the pause is over, exactly one call goes through as a probe.
A call is admitted once; its own retries are evidence, but are not held up by the breaker they tripped. Of a probe whose
first try fails they no longer hold the place, but one that succeeds still closes the breaker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from .errors import BreakerOpenError, ConnectionFailedError, OverloadedError, ProviderError, ServerError, TimedOutError

State = Literal["closed", "open", "half-open"]
MOST_KEPT = 1000
"""Breakers of a board from which on those that have nothing to tell are let go of: clients may name any model."""


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When to open and for how long.

    Attributes:
        consecutive: failures in a row that open it.
        share: part of the last calls that must fail to open it, 0 to 1,
        least: once at least this many tries were made
        window_s: within this many seconds.
        pause_s: seconds it stays open before a probe.
    """

    consecutive: int = 5
    share: float = 0.5
    least: int = 20
    window_s: float = 60.0
    pause_s: float = 30.0


def counts_against(error: BaseException) -> bool:
    """Whether `error` speaks of the provider's health."""
    return isinstance(error, ServerError | OverloadedError | TimedOutError | ConnectionFailedError)


class Breaker:
    """One breaker, for one provider and model."""

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], float],
        limits: BreakerLimits | None = None,
        changed: Callable[[str, State, State], None] | None = None,
    ) -> None:
        """Start closed.

        Args:
            name: what it guards, for messages and telemetry.
            clock: seconds, monotonic.
            limits: when to open; the defaults suit a person and a gateway alike.
            changed: told (name, old state, new state) at each change.
        """
        self.name = name
        self.state: State = "closed"
        self._clock = clock
        self._limits = limits or BreakerLimits()
        self._changed = changed
        self._row = 0
        self._seen: deque[tuple[float, bool]] = deque()
        self._opened_at = 0.0
        self._probing = False

    def admit(self) -> Permit:
        """Let a call through, or not.

        Raises:
            BreakerOpenError: open, or half-open with the probe under way; its `retry_after_s` says how long.
        """
        if self.state == "open" and self._clock() >= self._opened_at + self._limits.pause_s:
            self._to("half-open")
        if self.state == "closed":
            return Permit(self)
        if self.state == "half-open" and not self._probing:
            self._probing = True
            return Permit(self, probe=True)
        wait = max(self._opened_at + self._limits.pause_s - self._clock(), 1.0)
        raise BreakerOpenError(
            f"{self.name} failed too often just now; calls to it are paused for {wait:.0f} s more", retry_after_s=wait
        )

    @property
    def has_seen(self) -> bool:
        """Whether it has anything to tell; of a model that is not there nothing is ever reported."""
        return bool(self._seen)

    def _report(self, *, failed: bool, probe: bool) -> None:
        now = self._clock()
        self._seen.append((now, failed))
        while self._seen[0][0] < now - self._limits.window_s:
            self._seen.popleft()
        if not failed:
            self._row = 0
            if probe and self.state != "closed":
                self._seen.clear()
                self._to("closed")
            return
        self._row += 1
        if probe or (self.state == "closed" and self._too_many()):
            self._opened_at = now
            self._to("open")

    def _too_many(self) -> bool:
        if self._row >= self._limits.consecutive:
            return True
        bad = sum(failed for _, failed in self._seen)
        return len(self._seen) >= self._limits.least and bad >= self._limits.share * len(self._seen)

    def _to(self, state: State) -> None:
        old, self.state = self.state, state
        if self._changed:
            self._changed(self.name, old, state)


@dataclass(slots=True)
class Permit:
    """A call's leave to go. What its tries show is reported through it; `release` ends it, always."""

    _breaker: Breaker
    probe: bool = False
    _open: bool = field(default=True)
    _proves: bool = False  # it was the probe: should a later try of its call succeed, that shows as much

    def succeeded(self) -> None:
        """The provider answered: also with a 4xx, which is an answer."""
        self._settle(failed=False)

    def failed(self, error: ProviderError) -> None:
        """A try failed; only what speaks of the provider's health counts."""
        if counts_against(error):
            self._settle(failed=True)
        elif self.probe and not error.retryable:
            self._settle(failed=False)

    def release(self) -> None:
        """The call is over, perhaps cancelled: a probe that proved nothing gives its place back."""
        if self._open and self.probe:
            self._breaker._probing = False
        self._open = False

    def _settle(self, *, failed: bool) -> None:
        self._breaker._report(failed=failed, probe=self.probe or (self._proves and not failed))
        if self.probe:
            self._breaker._probing = self.probe = False
            self._proves = True


class BreakerBoard:
    """All breakers of a process, one for each name, made when first asked for."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        limits: BreakerLimits | None = None,
        changed: Callable[[str, State, State], None] | None = None,
    ) -> None:
        """Take what every breaker of the board shares; see `Breaker`."""
        self._clock, self._limits, self._changed = clock, limits, changed
        self._breakers: dict[str, Breaker] = {}

    def breaker(self, name: str) -> Breaker:
        """The breaker that guards `name`."""
        if name not in self._breakers:
            if len(self._breakers) >= MOST_KEPT:
                self._breakers = {name: kept for name, kept in self._breakers.items() if kept.has_seen}
            self._breakers[name] = Breaker(name, clock=self._clock, limits=self._limits, changed=self._changed)
        return self._breakers[name]

    def states(self) -> dict[str, State]:
        """Name to state, for `health`."""
        return {name: breaker.state for name, breaker in self._breakers.items()}
