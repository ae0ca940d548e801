"""The rate-limit headers: three buckets that empty with use and fill again with time.

They only count. Nothing is ever refused for an empty bucket: a 429 comes from a script.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

MINUTE_S = 60.0


@dataclass(slots=True)
class Bucket:
    """A limit a minute; `left` is what remained at `since` (seconds of the clock)."""

    limit: int
    left: float
    since: float

    def take(self, amount: int, now: float) -> None:
        """Use some of it; less than nothing never remains."""
        refilled = self.left + (now - self.since) * self.limit / MINUTE_S
        self.left = max(0.0, min(float(self.limit), refilled) - amount)
        self.since = now

    def full_in_s(self) -> float:
        """Seconds until nothing is missing any more."""
        return (self.limit - self.left) * MINUTE_S / self.limit


class RateLimits:
    """The limits of an organisation in the first tier (August 2026): 1,000 requests, 2M tokens in, 400k out."""

    def __init__(self, clock: Callable[[], float]) -> None:
        now = clock()
        self._clock = clock
        self._requests = Bucket(1_000, 1_000, now)
        self._input = Bucket(2_000_000, 2_000_000, now)
        self._output = Bucket(400_000, 400_000, now)

    def headers(self, *, input_tokens: int = 0, output_tokens: int = 0) -> list[tuple[str, str]]:
        """Count one request and say what remains; tokens rounded to thousands, as the service does."""
        now = self._clock()
        used = ((self._requests, 1), (self._input, input_tokens), (self._output, output_tokens))
        for bucket, amount in used:
            bucket.take(amount, now)
        tightest = min(self._input, self._output, key=lambda bucket: bucket.left / bucket.limit)
        named = {
            "requests": (self._requests, 1),
            "input-tokens": (self._input, 1000),
            "output-tokens": (self._output, 1000),
            "tokens": (tightest, 1000),
        }
        found = []
        for name, (bucket, step) in named.items():
            found += [
                (f"anthropic-ratelimit-{name}-limit", str(bucket.limit)),
                (f"anthropic-ratelimit-{name}-remaining", str(_rounded(bucket.left, step))),
                (f"anthropic-ratelimit-{name}-reset", _rfc3339(now + bucket.full_in_s())),
            ]
        return found


def _rounded(left: float, step: int) -> int:
    """Whole requests are rounded down; tokens to the nearest thousand."""
    return int(left) if step == 1 else round(left / step) * step


def _rfc3339(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
