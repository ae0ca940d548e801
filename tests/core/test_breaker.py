"""The circuit breaker: what counts, when it opens, and that exactly one probe goes through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.breaker import MOST_KEPT, Breaker, BreakerBoard, BreakerLimits, Permit, counts_against
from claude_cli.core.errors import (
    AuthenticationError,
    BillingError,
    BreakerOpenError,
    ConnectionFailedError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    RequestRejectedError,
    ServerError,
    StreamInterruptedError,
    TimedOutError,
    UsageError,
)

DOWN = ServerError("500")


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A breaker with its clock and the changes it told."""

    def __init__(self, **limits: float) -> None:
        self.clock = Clock()
        self.changes: list[tuple[str, str, str]] = []
        self.breaker = Breaker(
            "anthropic/m",
            clock=self.clock,
            limits=BreakerLimits(**limits),
            changed=lambda *change: self.changes.append(change),
        )

    def call(self, error: Exception | None = None) -> None:
        permit = self.breaker.admit()
        if error is None:
            permit.succeeded()
        else:
            permit.failed(error)
        permit.release()

    def opened(self) -> Stage:
        for _ in range(5):
            self.call(DOWN)
        assert self.breaker.state == "open"
        return self

    def half_open(self) -> Stage:
        self.opened()
        self.clock.now += 30.0
        return self


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        pytest.param(ServerError("500"), True, id="5xx"),
        pytest.param(OverloadedError("529"), True, id="529"),
        pytest.param(TimedOutError("504"), True, id="timeout"),
        pytest.param(ConnectionFailedError("x"), True, id="no connection"),
        pytest.param(RateLimitError("429"), False, id="429"),
        pytest.param(RequestRejectedError("400"), False, id="400"),
        pytest.param(NotFoundError("404"), False, id="404"),
        pytest.param(AuthenticationError("401"), False, id="401"),
        pytest.param(PermissionDeniedError("403"), False, id="403"),
        pytest.param(BillingError("402"), False, id="402"),
        pytest.param(ProtocolError("HTML"), False, id="not the API"),
        pytest.param(StreamInterruptedError("x"), False, id="a stream that was cut"),
        pytest.param(UsageError("x"), False, id="our own refusal"),
        pytest.param(BreakerOpenError("x"), False, id="the breaker's own refusal"),
    ],
)
def test_what_counts(error, counts):
    """Only what speaks of the provider's health: a wrong key or a full quota must not lock everybody out."""
    assert counts_against(error) is counts
    stage = Stage()
    for _ in range(5):
        stage.call(error)
    assert (stage.breaker.state == "open") is counts


def test_a_cancelled_call_counts_for_nothing():
    """Ctrl-C is the user's, not the provider's."""
    stage = Stage()
    for _ in range(30):
        stage.breaker.admit().release()
    assert stage.breaker.state == "closed"


def test_five_failures_in_a_row_open_it():
    """And the sixth call fails at once, with the seconds and the name."""
    stage = Stage()
    for _ in range(4):
        stage.call(DOWN)
    assert stage.breaker.state == "closed"
    stage.call(DOWN)
    with pytest.raises(BreakerOpenError, match=r"anthropic/m failed too often just now; .* 30 s more") as caught:
        stage.breaker.admit()
    assert caught.value.retry_after_s == 30.0
    stage.clock.now += 29.5
    with pytest.raises(BreakerOpenError) as caught:
        stage.breaker.admit()
    assert caught.value.retry_after_s == 1.0  # never less than a second, or callers would spin


def test_a_success_starts_the_row_again():
    """Four failures, a success, four failures: that is a bad day, not an outage."""
    stage = Stage()
    for error in [DOWN] * 4 + [None] + [DOWN] * 4:
        stage.call(error)
    assert stage.breaker.state == "closed"


@pytest.mark.parametrize(
    ("failures", "successes", "pause_s", "state"),
    [
        pytest.param(10, 10, 0.0, "open", id="half of twenty"),
        pytest.param(9, 10, 0.0, "closed", id="half of nineteen: too few to judge"),
        pytest.param(9, 13, 0.0, "closed", id="less than half"),
        pytest.param(10, 10, 10.0, "closed", id="half of twenty, but spread over more than a minute"),
    ],
)
def test_a_share_of_failures_opens_it_too(failures, successes, pause_s, state):
    """A provider that fails every other call never fails five in a row."""
    stage = Stage()
    outcomes = [None] * (successes - min(successes, failures))
    for _ in range(min(successes, failures)):
        outcomes += [None, DOWN]
    outcomes += [DOWN] * max(0, failures - successes)
    for error in outcomes:
        stage.clock.now += pause_s
        stage.call(error)
    assert stage.breaker.state == state


def test_what_is_past_the_window_is_forgotten():
    """Also by the memory: a gateway runs for months."""
    stage = Stage()
    for _ in range(1000):
        stage.clock.now += 1.0
        stage.call()
    assert len(stage.breaker._seen) <= 61


def test_of_100_calls_on_a_half_open_breaker_one_passes():
    """A provider that just came back must not be hit by everybody at once."""
    stage = Stage().half_open()
    permits = []
    for _ in range(100):
        try:
            permits.append(stage.breaker.admit())
        except BreakerOpenError as error:
            assert error.retry_after_s == 1.0
    assert len(permits) == 1
    assert permits[0].probe


def test_a_probe_that_succeeds_closes_it():
    """And the old failures no longer count."""
    stage = Stage().half_open()
    stage.call()
    assert stage.breaker.state == "closed"
    for _ in range(4):
        stage.call(DOWN)
    assert stage.breaker.state == "closed"


def test_a_probe_that_fails_opens_it_for_another_pause():
    """Counted from now."""
    stage = Stage().half_open()
    stage.clock.now += 7.0
    stage.call(DOWN)
    assert stage.breaker.state == "open"
    with pytest.raises(BreakerOpenError) as caught:
        stage.breaker.admit()
    assert caught.value.retry_after_s == 30.0


@pytest.mark.parametrize(
    ("error", "state"),
    [
        pytest.param(RequestRejectedError("400"), "closed", id="an answer, though a 4xx: it is healthy"),
        pytest.param(AuthenticationError("401"), "closed", id="a wrong key: it is healthy"),
        pytest.param(RateLimitError("429"), "half-open", id="a 429 proves nothing"),
        pytest.param(StreamInterruptedError("cut"), "half-open", id="a cut stream proves nothing"),
    ],
)
def test_a_probe_that_fails_for_another_reason(error, state):
    """What proves nothing gives the place back, so that the next call is the probe."""
    stage = Stage().half_open()
    stage.call(error)
    assert stage.breaker.state == state
    assert stage.breaker.admit().probe is (state == "half-open")


def test_a_probe_that_is_cancelled_gives_its_place_back():
    """Ctrl-C during the probe must not lock the breaker half-open for ever."""
    stage = Stage().half_open()
    stage.breaker.admit().release()
    assert stage.breaker.state == "half-open"
    assert stage.breaker.admit().probe


def test_a_probe_given_back_twice_takes_no_place_of_another():
    """`release` ends a permit, always, and once."""
    stage = Stage().half_open()
    first = stage.breaker.admit()
    first.release()
    assert stage.breaker.admit().probe
    first.release()
    with pytest.raises(BreakerOpenError):
        stage.breaker.admit()


def test_a_probe_that_failed_does_not_free_the_next_one_s_place():
    """Its own retries go on after it has reported; they are no probes any more."""
    stage = Stage().half_open()
    first = stage.breaker.admit()
    first.failed(DOWN)
    stage.clock.now += 30.0
    second = stage.breaker.admit()
    assert second.probe
    first.release()
    with pytest.raises(BreakerOpenError):
        stage.breaker.admit()
    second.succeeded()
    assert stage.breaker.state == "closed"


@pytest.mark.parametrize(
    "errors",
    [
        pytest.param([TimedOutError("504")], id="one"),
        pytest.param([DOWN, RateLimitError("429"), DOWN], id="several"),
    ],
)
def test_a_probe_whose_later_try_succeeds_closes_it(errors):
    """The provider has answered: nobody else has to wait for the rest of a pause that its first try began."""
    stage = Stage().half_open()
    permit = stage.breaker.admit()
    for error in errors:
        permit.failed(error)
    assert stage.breaker.state == "open"
    permit.succeeded()
    assert stage.breaker.state == "closed"
    permit.succeeded()
    assert stage.changes[-2:] == [("anthropic/m", "half-open", "open"), ("anthropic/m", "open", "closed")]
    for _ in range(4):
        stage.call(DOWN)
    assert stage.breaker.state == "closed", "the old failures no longer count"


def test_a_late_success_does_not_close_an_open_breaker():
    """Calls that were admitted before it opened still end; only the probe closes."""
    stage = Stage()
    early = stage.breaker.admit()
    stage.opened()
    early.succeeded()
    assert stage.breaker.state == "open"
    early.failed(DOWN)
    assert stage.breaker.state == "open"


def test_every_change_is_told_once():
    """For telemetry, and for whoever watches `health`."""
    stage = Stage().half_open()
    stage.call()
    assert stage.changes == [
        ("anthropic/m", "closed", "open"),
        ("anthropic/m", "open", "half-open"),
        ("anthropic/m", "half-open", "closed"),
    ]


def test_a_breaker_works_without_anybody_to_tell():
    """`changed` is optional."""
    breaker = Breaker("x", clock=Clock())
    for _ in range(5):
        breaker.admit().failed(DOWN)
    assert breaker.state == "open"


def test_the_board_keeps_one_breaker_a_name():
    """An outage of one model must not stop the others."""
    board = BreakerBoard(clock=Clock(), limits=BreakerLimits(consecutive=1))
    assert board.breaker("a/opus") is board.breaker("a/opus")
    board.breaker("a/opus").admit().failed(DOWN)
    assert board.breaker("a/haiku").admit()
    assert board.states() == {"a/opus": "open", "a/haiku": "closed"}


@given(st.lists(st.sampled_from(["admit", "good", "bad", "429", "400", "release", "wait"]), max_size=60))
def test_never_more_than_one_probe(steps):
    """Whatever happens in whatever order: at most one probe at a time, and the breaker never stays shut for ever."""
    stage = Stage()
    permits: list[Permit] = []
    for step in steps:
        if step == "admit":
            try:
                permits.append(stage.breaker.admit())
            except BreakerOpenError as error:
                assert error.retry_after_s >= 1.0
        elif step == "wait":
            stage.clock.now += 30.0
        elif permits:
            permit = permits[-1]
            match step:
                case "good":
                    permit.succeeded()
                case "bad":
                    permit.failed(DOWN)
                case "429":
                    permit.failed(RateLimitError("x"))
                case "400":
                    permit.failed(RequestRejectedError("x"))
                case _:
                    permits.pop().release()
        assert sum(permit.probe for permit in permits) <= 1
    for permit in permits:
        permit.release()
    stage.clock.now += 30.0
    assert stage.breaker.admit()


def test_a_board_forgets_breakers_that_have_nothing_to_tell():
    """Whoever may name any model must not fill the memory with names; what is known of a model that is there stays."""
    board = BreakerBoard(clock=Clock())
    board.breaker("real").admit().failed(DOWN)
    for number in range(3 * MOST_KEPT):
        board.breaker(f"made up {number}").admit().failed(NotFoundError("404"))

    assert len(board.states()) <= MOST_KEPT
    assert board.breaker("real").has_seen
