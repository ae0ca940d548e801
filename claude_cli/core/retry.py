"""When to try again, and how long to wait. Pure: chance and clock are handed in.

Source of the delays: the provider's own SDK (anthropic 2.12.0, `_constants.py` and `_base_client.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import BreakerOpenError, ConnectionFailedError, ProviderError

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 8.0
JITTER = 0.25
HOPELESS_TRIES = 2
"""Tries for a host that refuses, does not resolve or is not trusted: a typo does not heal in a minute."""
TRIES_BEFORE_FALLBACK = 3
"""Tries a model gets when another stands ready: the official two retries."""


def backoff_delay(attempt: int, *, draw: float, retry_after_s: float | None = None) -> float:
    """How long to wait before try `attempt + 1`.

    Args:
        attempt: tries already made, from 1.
        draw: a random number in [0, 1); the caller draws it, so this stays a pure function.
        retry_after_s: seconds the provider asked for; obeyed exactly when positive.
    Returns:
        Seconds: 0.375 to 8.0 where the provider asked for nothing.
    Raises:
        ValueError: `attempt` is below 1.
    """
    if attempt < 1:
        raise ValueError("attempt counts from 1")
    if retry_after_s is not None and retry_after_s > 0:
        return retry_after_s
    # The exponent is clamped: 2.0**5000 overflows, and nothing past 2**4 matters.
    doubled = FIRST_DELAY_S * 2.0 ** min(attempt - 1, 10)
    return min(doubled, LONGEST_DELAY_S) * (1 - JITTER * draw)


def retry_after_seconds(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds the response asks to wait, None where it asks for nothing usable.

    `retry-after-ms` (milliseconds) goes before `retry-after` (seconds, also fractions, or an HTTP date).

    Args:
        headers: names in lower case.
        now: the wall clock, seconds since the epoch; a date is compared with it.
    """
    for value, scale in ((headers.get("retry-after-ms"), 1000.0), (headers.get("retry-after"), 1.0)):
        if value is None:
            continue
        try:
            seconds = float(value) / scale
        except ValueError:
            seconds = _until(value, now)
        if 0 < seconds < float("inf"):
            return seconds
    return None


def _until(date: str, now: float) -> float:
    from email.utils import parsedate_to_datetime  # 10 ms to import, and dates are rare

    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return 0.0


def should_retry(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a response of this status may be tried again; the server's `x-should-retry` decides where it is sent."""
    wish = headers.get("x-should-retry", "").strip().lower()
    if wish in ("true", "false"):
        return wish == "true"
    return status in (408, 409, 429) or status >= 500


def is_hopeless(error: Exception) -> bool:
    """Whether `error` says of a host that it refuses, does not resolve or is not trusted."""
    return isinstance(error, ConnectionFailedError) and error.kind in ("refused", "unresolved", "untrusted")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long and how often a call is tried.

    Attributes:
        retry_for_s: seconds after the call's start within which a next try may begin.
        retries: tries after the first at most; None: as many as fit into `retry_for_s`.
        timeout_s: seconds for the whole call, waits included; None: no limit.
        reached: the host is known to be there, so one that refuses or does not resolve is no typo, and tried as long.
        awaits_breaker: a call that its breaker stops waits for it; else it fails, for a caller who can wait by himself.
    """

    retry_for_s: float = 60.0
    retries: int | None = None
    timeout_s: float | None = None
    reached: bool = False
    awaits_breaker: bool = True

    def delay(
        self, error: ProviderError, *, attempt: int, elapsed_s: float, draw: float, fallback: bool = False
    ) -> float | None:
        """Seconds to wait before the next try, or None to give up.

        Args:
            error: how the last try failed.
            attempt: tries made of this model, from 1.
            elapsed_s: seconds since the call began.
            draw: a random number in [0, 1).
            fallback: another model stands ready, so this one gets fewer tries.
        """
        if not error.retryable or attempt >= self._most_tries(error, fallback=fallback):
            return None
        wait = backoff_delay(attempt, draw=draw, retry_after_s=error.retry_after_s)
        left = self.retry_for_s - elapsed_s
        if self.timeout_s is not None:
            left = min(left, self.timeout_s - elapsed_s)
        return wait if wait <= left else None

    def _most_tries(self, error: ProviderError, *, fallback: bool) -> float:
        tries = float("inf") if self.retries is None else 1.0 + self.retries
        if isinstance(error, BreakerOpenError):
            return tries if self.awaits_breaker and not fallback else 1.0
        if is_hopeless(error) and not self.reached:
            return min(tries, HOPELESS_TRIES)
        return min(tries, TRIES_BEFORE_FALLBACK) if fallback and self.retries is None else tries
