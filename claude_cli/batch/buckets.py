"""The provider's rate limits as they look from here: a local model of its token buckets, corrected by every response.

The provider keeps a bucket for requests, input tokens and output tokens: each holds a limit, and is refilled all the
time by a sixtieth of it a second. Its `remaining` headers are true for some moment between a request's sending and
its head's arrival; what was sent meanwhile may be in them or not. So a head corrects the model only where it lies
outside what the model held possible for that time. Token counts come rounded to thousands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..core.messages import Usage

NAMES = ("requests", "input-tokens", "output-tokens", "tokens")
"""As the headers have them. `tokens` repeats the tightest of the others, unless a workspace has a limit of its own."""
_STEPS = {"requests": 1}
_HEADERS = {name: (f"anthropic-ratelimit-{name}-limit", f"anthropic-ratelimit-{name}-remaining") for name in NAMES}
MINUTE_S = 60.0
LEARNING_S = 5.0
"""In about this time the model follows when others use the same limit; shorter, and it would follow every ripple."""
TRUST = 0.2
"""How much of what a head says is left beyond what was held possible is believed at once."""
ROOM = 0.8
"""How much of a bucket's capacity is saved up: the rest runs over while a burst is still on its way."""
DRAIN_S, SHORTEST_GAP_S = 0.5, 0.001
"""In about what time saved-up room is used: all at once would come late, and find the bucket run over meanwhile."""
PROBE = 0.03
"""How much of an answer's output each answer adds to what is tried for; a refusal takes as much as thirty add."""
LEAST_SHARE = 0.05
"""Of a limit that others use up: still tried for."""
MEMORY = 200
"""Rows whose tokens make up what is expected of the next one."""


class Sent(NamedTuple):
    """What a request took of a bucket, when, and the level it left there, less the corrections up to then."""

    amount: float
    at: float
    mark: float


@dataclass(slots=True)
class Bucket:
    """One limit; `level` is what may be used at `since` (seconds of the clock), with all under way already taken off.

    Attributes:
        limit: a minute.
        step: the headers are rounded to so many.
        rate: of the limit a second, as far as it is ours: others may use it, too.
        capacity: what fits in, as far as is known; a provider may keep less than a minute's worth.
        highest: the most that ever remained.
        shift: the sum of all corrections; a mark less it stays comparable.
        not_before: when the provider wants to be asked again.
        spread, next_at: whether bursts are spread a little, and when the next request may go for that.
    """

    limit: int
    step: int
    level: float
    since: float
    rate: float = field(init=False)
    capacity: float = field(init=False)
    highest: int = 0
    shift: float = 0.0
    not_before: float = 0.0
    spread: bool = True
    next_at: float = 0.0

    def __post_init__(self) -> None:
        self.rate = self.limit / MINUTE_S
        self.capacity = float(self.limit)

    def refill(self, now: float) -> None:
        """Add what has come in since the last look."""
        self.level = min(self.capacity, self.level + (now - self.since) * self.rate)
        self.since = now

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be used, 0 for at once. What is more than the whole limit goes when it is full."""
        self.refill(now)
        # Half a step more, as the headers may promise that much too much.
        missing = min(amount + self.step / 2, self.capacity) - self.level
        return max(missing / self.rate, self.not_before - now, self.next_at - now, 0.0)

    def take(self, amount: float) -> Sent:
        """Use it; `wait_s` has just been asked."""
        gap = amount / (self.rate + max(self.level, 0.0) / DRAIN_S)
        if self.spread and gap > SHORTEST_GAP_S:
            self.next_at = self.since + gap
        self.level -= amount
        return Sent(amount, self.since, self.level - self.shift)

    def put_back(self, amount: float, now: float) -> None:
        """So much was taken and has not been used, or less than nothing."""
        self.refill(now)
        self._shift(amount)

    def at_most(self, remaining: int, now: float) -> None:
        """No more than this remains."""
        self.refill(now)
        error = min(0.0, remaining + self.step / 2 - self.level)
        self._shift(error)
        self._speed(error)

    def correct(self, remaining: int, sent: Sent, unproduced: float, now: float) -> None:
        """Take in what a head says.

        Args:
            remaining: so much was left at some time since the request was sent.
            sent: that request, which was sent after this model was made.
            unproduced: what has been taken off here for answers under way, but may not have been used there.
        """
        self.refill(now)
        slack, then = self.step / 2, sent.mark + self.shift
        if remaining >= self.highest and then > remaining + slack:
            self.capacity = ROOM * (remaining + self.step)  # it should have been fuller, and was not
        elif remaining > self.highest:
            self.capacity = max(self.capacity, remaining)
        self.highest = max(self.highest, remaining)
        lowest = min(then, self.level) - slack
        highest = then + self.rate * (now - sent.at) + unproduced + slack
        if remaining < lowest:
            self._shift(remaining - lowest)
            # A bucket with much in it may just be full: that says nothing of how fast it is filled.
            if not unproduced and remaining < 2 * sent.amount + self.step:
                self._speed(remaining - lowest)
        elif remaining > highest:
            # Not all at once: requests that are still on their way there are not in it.
            self._shift(TRUST * (remaining - highest))
            self._speed(TRUST * (remaining - highest))
        elif then < sent.amount + self.step and remaining >= 2 * sent.amount + self.step + unproduced:
            self._speed(TRUST * sent.amount)
        if unproduced:  # what remains says little of such a bucket; that nothing is refused does
            self._speed(PROBE * sent.amount)

    def refused(self, amount: float, unproduced: float, retry_after_s: float, now: float) -> None:
        """A request for `amount` was too much: there was less, and there will be enough when the provider says."""
        self.refill(now)
        if amount + self.step > self.capacity:
            self.capacity = float(self.limit)
        self._speed(-max(self.level, amount if unproduced else 0.0))
        self._shift(-max(self.level, 0.0))
        self.not_before = max(self.not_before, now + retry_after_s)

    def _shift(self, error: float) -> None:
        """The model was wrong by so much; from now on it is right."""
        self.level += error
        self.shift += error

    def _speed(self, error: float) -> None:
        """The model errs by so much again and again: the bucket is filled slower, or faster."""
        full = self.limit / MINUTE_S
        self.rate = min(max(self.rate + error / LEARNING_S, LEAST_SHARE * full), full)


@dataclass(slots=True)
class Average:
    """A ratio of two sums, in which the last `MEMORY` rows count most."""

    above: float = 0.0
    below: float = 0.0

    def add(self, above: float, below: float) -> None:
        """Another row."""
        self.above += above - self.above / MEMORY
        self.below += below - self.below / MEMORY

    def of(self, otherwise: float) -> float:
        """The ratio, `otherwise` while there is none."""
        return self.above / self.below if self.below else otherwise


@dataclass(slots=True)
class Charge:
    """What a request was expected to use of each limit, and what it took of the buckets there were."""

    amounts: dict[str, float]
    sent: dict[str, Sent]
    unused: bool = False


class Limits:
    """The buckets of one model, and what its rows use of them."""

    def __init__(self) -> None:
        """Without buckets: they are made when a head tells of them."""
        self.buckets: dict[str, Bucket] = {}
        self._under_way = 0
        self._unproduced = 0.0
        self._input, self._output = Average(), Average()

    def wait_s(self, input_tokens: int, output_tokens: int, now: float) -> tuple[float, str]:
        """Seconds until such a request may be sent, and which limit wants it so; 0 for at once."""
        amounts = self._amounts(input_tokens, output_tokens)
        longest, which = 0.0, ""
        for name, bucket in self.buckets.items():
            wait = bucket.wait_s(amounts[name], now)
            if wait > longest:
                longest, which = wait, name
        return longest, which

    def _amounts(self, input_tokens: int, output_tokens: int) -> dict[str, float]:
        read, written = input_tokens * self._input.of(1.0), self._output.of(output_tokens)
        return {"requests": 1.0, "input-tokens": read, "output-tokens": written, "tokens": read + written}

    def take(self, input_tokens: int, output_tokens: int, now: float) -> Charge:
        """A request is sent; `wait_s` has just been asked."""
        amounts = self._amounts(input_tokens, output_tokens)
        self._under_way += 1
        self._unproduced += amounts["output-tokens"]
        return Charge(amounts, {name: bucket.take(amounts[name]) for name, bucket in self.buckets.items()})

    def heard(self, charge: Charge, headers: Mapping[str, str], now: float) -> None:
        """Take in a head of an answer."""
        for name, (limit, remaining) in self._told(headers).items():
            unproduced = self._yet(name)
            bucket = self.buckets.get(name)
            if bucket and name not in charge.sent:
                bucket.at_most(remaining, now)
            elif bucket is None or bucket.limit != limit:
                # Requests that are on their way may not be in it yet.
                pending = (self._under_way - 1) * (charge.amounts[name] if not unproduced else 0.0) + unproduced
                step, spread = _STEPS.get(name, 1000), not unproduced
                self.buckets[name] = Bucket(limit, step, remaining - pending, now, spread=spread)
            else:
                bucket.correct(remaining, charge.sent[name], unproduced, now)

    def _yet(self, name: str) -> float:
        """What has been taken off a bucket for answers under way that may not have used it yet."""
        return self._unproduced if name in ("output-tokens", "tokens") else 0.0

    def refused(self, charge: Charge, headers: Mapping[str, str], retry_after_s: float, now: float) -> bool:
        """Take in a 429, which has used nothing; whether one of the limits it tells of explains it."""
        self.unused(charge, now)
        self.heard(charge, headers, now)
        explained = False
        for name, (_, remaining) in self._told(headers).items():
            amount, bucket = charge.amounts[name], self.buckets[name]
            if remaining < amount + bucket.step / 2:
                bucket.refused(amount, self._yet(name), retry_after_s, now)
                explained = True
        return explained

    def unused(self, charge: Charge, now: float) -> None:
        """The request was not sent, or turned away before it used anything."""
        for name, sent in charge.sent.items():
            self.buckets[name].put_back(sent.amount, now)
        charge.sent, charge.unused = {}, True

    def over(self, charge: Charge, usage: Usage | None, input_tokens: int, now: float) -> None:
        """The answer has ended; `usage` is what it took, None where that is not known."""
        expected = charge.amounts["output-tokens"]
        self._under_way -= 1
        self._unproduced = max(0.0, self._unproduced - expected)
        produced = usage.output_tokens if usage else 0
        for name in () if charge.unused else ("output-tokens", "tokens"):
            if bucket := self.buckets.get(name):
                bucket.put_back(expected - produced, now)
        if usage:
            # What is read from the cache does not count against the limits.
            self._input.add(usage.input_tokens + usage.cache_write_tokens, input_tokens)
            self._output.add(usage.output_tokens, 1)

    def _told(self, headers: Mapping[str, str]) -> dict[str, tuple[int, int]]:
        """Limit and what remains of it, of each limit that the headers tell of."""
        told: dict[str, tuple[int, int]] = {}
        for name, (limit_header, remaining_header) in _HEADERS.items():
            limit, remaining = headers.get(limit_header, ""), headers.get(remaining_header, "")
            if limit.isdecimal() and remaining.isdecimal() and len(limit) < 16 and len(remaining) < 16 and int(limit):
                told[name] = (int(limit), int(remaining))
        if "tokens" in told and any(told["tokens"][0] == told[name][0] for name in NAMES[1:3] if name in told):
            del told["tokens"]
        return told
