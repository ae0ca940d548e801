"""The rate limits: three buckets that empty with use and fill again with time, and the headers that tell of them.

By default they never run out: each request finds them full, and a 429 comes from a script. A limit that is set is
enforced: requests and input tokens before the answer, output tokens when they have been produced, which the next
request may find empty.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .errors import MESSAGES, ApiError

MINUTE_S = 60.0
FIRST_TIER: Mapping[str, int] = {"requests": 1_000, "input-tokens": 2_000_000, "output-tokens": 400_000}
"""What an organisation of the first tier may use in a minute (August 2026)."""

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Bucket:
    """A limit a minute; `left` is what remained at `since` (seconds of the clock), at most `capacity`."""

    name: str
    limit: int
    capacity: float
    left: float
    since: float
    enforced: bool

    def take(self, amount: int, now: float) -> None:
        """Use some of it; more than there is, is owed."""
        self.refill(now)
        self.left -= amount

    def refill(self, now: float) -> None:
        """Add what has come in since the last look."""
        self.left = min(self.capacity, self.left + (now - self.since) * self.limit / MINUTE_S)
        self.since = now

    def enough_in_s(self, amount: int, now: float) -> float:
        """Seconds until `amount` may be used, 0 for at once; more than there is room for waits for a full bucket."""
        self.refill(now)
        missing = min(amount, self.capacity) - self.left
        return max(0.0, missing) * MINUTE_S / self.limit if self.enforced else 0.0

    def full_in_s(self) -> float:
        """Seconds until nothing is missing any more."""
        return (self.capacity - self.left) * MINUTE_S / self.limit


class RateLimits:
    """The limits of an organisation; raises `ValueError` for a limit that does not exist, or is none."""

    def __init__(
        self, clock: Callable[[], float], enforced: Mapping[str, int] | None = None, burst_s: float = MINUTE_S
    ) -> None:
        """Begin with full buckets.

        Args:
            clock: seconds since 1970.
            enforced: limits a minute, by the names of `FIRST_TIER`; the others are those, and never run out.
            burst_s: how many seconds' worth of an enforced limit may be used at once.
        """
        chosen = dict(enforced or {})
        for name, limit in chosen.items():
            if name not in FIRST_TIER or limit < 1:
                raise ValueError(f"no rate limit: {name} {limit} (known: {', '.join(FIRST_TIER)}; 1 or more)")
        if not 0 < burst_s <= MINUTE_S:
            raise ValueError(f"no burst: {burst_s} s (more than 0, at most {MINUTE_S:.0f})")
        self._clock, now = clock, clock()
        self._buckets = {}
        for name, usual in FIRST_TIER.items():
            limit = chosen.get(name, usual)
            room = max(1.0, limit * burst_s / MINUTE_S) if name in chosen else float(limit)
            self._buckets[name] = Bucket(name, limit, room, room, now, name in chosen)

    def admit(self, input_tokens: int, model: str) -> None:
        """Count a request and its input. Raises `ApiError`, and counts nothing, where a bucket has too little."""
        now = self._clock()
        for bucket in self._buckets.values():
            if not bucket.enforced:
                bucket.left = bucket.capacity
        wanted = {"requests": 1, "input-tokens": input_tokens, "output-tokens": 1}
        waits = {name: self._buckets[name].enough_in_s(amount, now) for name, amount in wanted.items()}
        name = max(waits, key=lambda name: waits[name])
        if waits[name] > 0:
            raise self._refusal(self._buckets[name], waits[name], model)
        self._buckets["requests"].take(1, now)
        self._buckets["input-tokens"].take(input_tokens, now)

    def _refusal(self, bucket: Bucket, wait_s: float, model: str) -> ApiError:
        limit = f"{bucket.limit:,} {bucket.name.replace('-', ' ')} per minute"
        error = ApiError(429, f"{MESSAGES[429].rstrip('.')} of {limit} (model: {model}).")
        error.headers = [("retry-after", str(math.ceil(wait_s))), *self.headers()]
        return error

    def produced(self, output_tokens: int) -> None:
        """Count output that has been made."""
        self._buckets["output-tokens"].take(output_tokens, self._clock())

    def headers(self) -> Headers:
        """What remains; tokens rounded to thousands, as the service does."""
        now = self._clock()
        for bucket in self._buckets.values():
            bucket.refill(now)
        tokens = [self._buckets[name] for name in ("input-tokens", "output-tokens")]
        tightest = min(tokens, key=lambda bucket: bucket.left / bucket.limit)
        found = []
        for name, bucket in [*self._buckets.items(), ("tokens", tightest)]:
            found += [
                (f"anthropic-ratelimit-{name}-limit", str(bucket.limit)),
                (
                    f"anthropic-ratelimit-{name}-remaining",
                    str(_rounded(bucket.left, 1 if name == "requests" else 1000)),
                ),
                (f"anthropic-ratelimit-{name}-reset", _rfc3339(now + bucket.full_in_s())),
            ]
        return found


def _rounded(left: float, step: int) -> int:
    """Whole requests are rounded down; tokens to the nearest thousand."""
    left = max(0.0, left)
    return int(left) if step == 1 else round(left / step) * step


def _rfc3339(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
