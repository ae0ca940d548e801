"""When a call is tried again and how long it waits: chance and clock are handed in, nothing sleeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.errors import (
    AuthenticationError,
    BreakerOpenError,
    ConnectionFailedError,
    OverloadedError,
    ProviderError,
    RateLimitError,
    RequestRejectedError,
    ServerError,
    StreamInterruptedError,
    TimedOutError,
)
from claude_cli.core.retry import RetryPolicy, backoff_delay, retry_after_seconds, should_retry

NOW = 1_795_341_600.0  # Sun, 22 Nov 2026 10:00:00 GMT


@pytest.mark.parametrize(
    ("attempt", "shortest", "longest"),
    [(1, 0.375, 0.5), (2, 0.75, 1.0), (3, 1.5, 2.0), (4, 3.0, 4.0), (5, 6.0, 8.0), (6, 6.0, 8.0), (5000, 6.0, 8.0)],
)
def test_the_delays_of_the_official_client(attempt, shortest, longest):
    """Half a second doubled up to eight, less up to a quarter; also where 2**5000 would overflow."""
    assert backoff_delay(attempt, draw=0.0) == longest
    assert backoff_delay(attempt, draw=1.0) == shortest
    assert backoff_delay(attempt, draw=0.5) == pytest.approx((shortest + longest) / 2)


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        pytest.param(12.0, 12.0, id="obeyed exactly, without jitter"),
        pytest.param(0.25, 0.25, id="also a short one"),
        pytest.param(3600.0, 3600.0, id="also a long one: the caller gives up where it does not fit"),
        pytest.param(0.0, 0.4375, id="zero is no wish"),
        pytest.param(-1.0, 0.4375, id="nor is less"),
        pytest.param(None, 0.4375, id="none"),
    ],
)
def test_the_provider_s_wish_goes_first(wish, seconds):
    """It knows when its limit is over."""
    assert backoff_delay(1, draw=0.5, retry_after_s=wish) == seconds


@pytest.mark.parametrize("attempt", [0, -1])
def test_attempts_count_from_one(attempt):
    """Off by one here would halve every wait."""
    with pytest.raises(ValueError, match="from 1"):
        backoff_delay(attempt, draw=0.0)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_every_delay_is_within_the_bounds(attempt, draw):
    """Whatever the dice say."""
    assert 0.375 <= backoff_delay(attempt, draw=draw) <= 8.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="no header"),
        pytest.param({"retry-after-ms": "1500"}, 1.5, id="milliseconds"),
        pytest.param({"retry-after": "12"}, 12.0, id="seconds"),
        pytest.param({"retry-after": "0.25"}, 0.25, id="a fraction"),
        pytest.param({"retry-after": " 3 "}, 3.0, id="blanks around"),
        pytest.param({"retry-after-ms": "1500", "retry-after": "12"}, 1.5, id="milliseconds go first"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "12"}, 12.0, id="milliseconds that are none"),
        pytest.param({"retry-after-ms": "0", "retry-after": "12"}, 12.0, id="no milliseconds"),
        pytest.param({"retry-after": "Sun, 22 Nov 2026 10:00:12 GMT"}, 12.0, id="a date"),
        pytest.param({"retry-after": "Sun, 22 Nov 2026 11:00:12 +0100"}, 12.0, id="a date of another zone"),
        pytest.param({"retry-after": "Sun, 22 Nov 2026 09:59:00 GMT"}, None, id="a date in the past"),
        pytest.param({"retry-after": "Sun, 22 Nov 2026 10:00:00 GMT"}, None, id="now"),
        pytest.param({"retry-after": "tomorrow"}, None, id="no date"),
        pytest.param({"retry-after": "Sun, 99 Nov 2026 10:00:00 GMT"}, None, id="no day of any month"),
        pytest.param({"retry-after": "Sun, 22 Nov 99999999999 10:00:00 GMT"}, None, id="no year"),
        pytest.param({"retry-after": ""}, None, id="empty"),
        pytest.param({"retry-after": "0"}, None, id="zero"),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({"retry-after": "nan"}, None, id="not a number"),
        pytest.param({"retry-after": "inf"}, None, id="for ever"),
        pytest.param({"retry-after": "1e999"}, None, id="for ever, spelled out"),
    ],
)
def test_how_long_a_response_asks_to_wait(headers, seconds):
    """What cannot be used counts as nothing: then the computed delay holds."""
    assert retry_after_seconds(headers, now=NOW) == seconds


@given(st.text(max_size=40))
def test_any_header_is_read_without_a_crash(value):
    """A header is written by whoever answers."""
    found = retry_after_seconds({"retry-after": value, "retry-after-ms": value}, now=NOW)
    assert found is None or 0 < found < float("inf")


@pytest.mark.parametrize(
    ("status", "wish", "again"),
    [
        *[(status, None, True) for status in (408, 409, 429, 500, 501, 502, 503, 504, 529, 599)],
        *[(status, None, False) for status in (400, 401, 402, 403, 404, 412, 413, 422, 431, 499)],
        (500, "false", False),
        (400, "true", True),
        (400, " True ", True),
        (529, "perhaps", True),
        (400, "", False),
    ],
)
def test_which_responses_may_be_tried_again(status, wish, again):
    """The official rule; `x-should-retry` decides where it is sent."""
    assert should_retry(status, {} if wish is None else {"x-should-retry": wish}) is again


def wait(error: ProviderError, *, attempt: int = 1, elapsed_s: float = 0.0, fallback: bool = False, **policy: object):
    return RetryPolicy(**policy).delay(error, attempt=attempt, elapsed_s=elapsed_s, draw=0.0, fallback=fallback)


@pytest.mark.parametrize(
    ("error", "arguments", "seconds"),
    [
        pytest.param(OverloadedError("x"), {}, 0.5, id="the first wait"),
        pytest.param(OverloadedError("x"), {"attempt": 4, "elapsed_s": 5.0}, 4.0, id="as long as time is left"),
        pytest.param(OverloadedError("x"), {"elapsed_s": 59.5}, 0.5, id="a wait that ends in time"),
        pytest.param(OverloadedError("x"), {"elapsed_s": 59.6}, None, id="a wait that does not"),
        pytest.param(OverloadedError("x"), {"elapsed_s": 61.0}, None, id="the time is over"),
        pytest.param(OverloadedError("x"), {"retry_for_s": 0.0}, None, id="no time for retries"),
        pytest.param(OverloadedError("x"), {"retry_for_s": 600.0, "elapsed_s": 100.0}, 0.5, id="more time"),
        pytest.param(RateLimitError("x", retry_after_s=60.0), {}, 60.0, id="a wish that fits"),
        pytest.param(RateLimitError("x", retry_after_s=60.1), {}, None, id="a wish longer than the time left"),
        pytest.param(RateLimitError("x", retry_after_s=3.0), {"timeout_s": 2.0}, None, id="the whole call is shorter"),
        pytest.param(RateLimitError("x", retry_after_s=3.0), {"timeout_s": 9.0, "elapsed_s": 5.0}, 3.0, id="it fits"),
        pytest.param(OverloadedError("x"), {"retries": 0}, None, id="no retry"),
        pytest.param(OverloadedError("x"), {"retries": 1}, 0.5, id="one retry: the first"),
        pytest.param(OverloadedError("x"), {"retries": 1, "attempt": 2}, None, id="one retry: no second"),
        pytest.param(OverloadedError("x"), {"attempt": 100}, 8.0, id="no bound but the time"),
        pytest.param(RequestRejectedError("x"), {}, None, id="a rejected request"),
        pytest.param(AuthenticationError("x"), {}, None, id="a wrong key"),
        pytest.param(RequestRejectedError("x", retryable=True), {}, 0.5, id="a 409, which the server lets through"),
        pytest.param(ServerError("x", retryable=False), {}, None, id="a 5xx that the server says is final"),
        pytest.param(TimedOutError("x"), {}, 0.5, id="a timeout"),
        pytest.param(StreamInterruptedError("x"), {}, 0.5, id="a stream that ended before it began"),
        pytest.param(ConnectionFailedError("x"), {"attempt": 9}, 8.0, id="a broken connection"),
        pytest.param(ConnectionFailedError("x", kind="proxy"), {"attempt": 2}, 1.0, id="a proxy"),
        *[
            pytest.param(ConnectionFailedError("x", kind=kind), {"attempt": attempt}, seconds, id=f"{kind}, {attempt}")
            for kind in ("refused", "unresolved", "untrusted")
            for attempt, seconds in ((1, 0.5), (2, None))
        ],
        pytest.param(ConnectionFailedError("x", kind="refused"), {"retries": 0}, None, id="refused, no retry"),
        pytest.param(
            ConnectionFailedError("x", kind="refused"), {"retries": 9, "attempt": 2}, None, id="refused, nine"
        ),
        pytest.param(
            ConnectionFailedError("x", kind="refused"), {"reached": True, "attempt": 9}, 8.0, id="refused, once reached"
        ),
        pytest.param(OverloadedError("x"), {"fallback": True, "attempt": 2}, 1.0, id="fallback ready: a third try"),
        pytest.param(OverloadedError("x"), {"fallback": True, "attempt": 3}, None, id="fallback ready: no fourth"),
        pytest.param(OverloadedError("x"), {"fallback": True, "attempt": 3, "retries": 5}, 2.0, id="retries go first"),
        pytest.param(BreakerOpenError("x", retry_after_s=20.0), {}, 20.0, id="an open breaker is waited for"),
        pytest.param(BreakerOpenError("x", retry_after_s=20.0), {"awaits_breaker": False}, None, id="or told at once"),
        pytest.param(BreakerOpenError("x", retry_after_s=90.0), {}, None, id="not for too long"),
        pytest.param(BreakerOpenError("x", retry_after_s=2.0), {"fallback": True}, None, id="nor with a fallback"),
        pytest.param(BreakerOpenError("x", retry_after_s=2.0), {"fallback": True, "retries": 3}, None, id="at all"),
        pytest.param(BreakerOpenError("x", retry_after_s=2.0), {"retries": 0}, None, id="nor without retries"),
    ],
)
def test_the_policy(error, arguments, seconds):
    """Each default of the contract: 60 s, hopeless hosts twice, three tries where another model stands ready."""
    assert wait(error, **arguments) == seconds
