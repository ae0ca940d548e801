"""What is no row's own fault: a rate limit that lasts for hours, and a model that is closed to all."""

from __future__ import annotations

import pytest

from claude_cli.batch.gate import Cost
from claude_cli.batch.job import Settings
from claude_cli.batch.row import Result
from claude_cli.batch.stop import exit_status
from claude_cli.core.errors import (
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RateLimitError,
    StreamInterruptedError,
)

from .conftest import Clock, DictStore, Night, Parrot, WideGate, WideSlot, row

CUT = StreamInterruptedError("the connection closed before the answer was complete")


def overloaded(**more) -> OverloadedError:
    return OverloadedError("Overloaded", status=529, **more)


class PassingGate(WideGate):
    """A gate at which rests take the time they are asked for, by the clock of the test."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    async def enter(self, cost: Cost) -> WideSlot:
        """A place that does so."""
        gate = self

        class Passing(WideSlot):
            async def rest(self, seconds: float, reason: str) -> None:
                gate.clock.now += seconds
                await super().rest(seconds, reason)

        await self.places.acquire()
        return Passing(self)


def limited(seconds: float | None) -> RateLimitError:
    return RateLimitError("too fast", status=429, retry_after_s=seconds)


@pytest.mark.parametrize(
    ("failures", "settings", "tries"),
    [
        ([limited(900.0)], Settings(), 2),
        ([limited(500.0), limited(500.0), overloaded(), overloaded(), CUT], Settings(), 6),
        ([limited(900.0)] * 7 + [CUT], Settings(), 9),
        ([limited(20_000.0), overloaded(retry_after_s=599.0)], Settings(), 3),
    ],
    ids=["once", "twice, then overloaded", "often, then cut", "hours, then ten minutes of its own"],
)
def test_a_rate_limit_is_waited_for_as_long_as_the_provider_says(failures, settings, tries):
    """However long it is: what is limited now is answered later, and that wait is none of `--retry-for`."""
    clock = Clock()
    night = Night([row()], settings, gate=PassingGate(clock), clock=clock)
    night.run(Parrot(lambda asked, count: failures[count - 1] if count <= len(failures) else None))
    assert not night.store.failed and night.store.results["row-0"].tries == tries
    named = [error.retry_after_s for error in failures if isinstance(error, RateLimitError)]
    assert [seconds for seconds, reason in night.gate.rests if reason == "rate_limit"] == named


@pytest.mark.parametrize(
    ("failure", "settings"),
    [
        (limited(900.0), Settings(retries=0)),
        (limited(900.0), Settings(retry_for_s=0.0)),
        (limited(900.0), Settings(timeout_s=800.0)),
    ],
    ids=["--retries 0", "--retry-for 0", "--timeout"],
)
def test_a_wait_that_the_user_does_not_want_is_none(failure, settings):
    """Who says that nothing is tried again, or how long a row may take, is obeyed."""
    night = Night([row()], settings).run(Parrot(lambda asked, count: failure))
    assert night.store.results["row-0"].tries == 1 and not night.gate.rests


def test_a_rate_limit_that_names_no_time_is_not_waited_for_for_ever():
    """The row's own ten minutes hold."""
    clock = Clock()
    night = Night([row()], gate=PassingGate(clock), clock=clock)
    night.run(Parrot(lambda asked, count: limited(None)))
    assert night.store.failed == {"row-0": "rate_limit"} and clock.now <= 1600.0


CLOSED = [PermissionDeniedError("not allowed", status=403), NotFoundError("no such model", status=404)]


@pytest.mark.parametrize("error", CLOSED, ids=lambda error: error.code)
@pytest.mark.parametrize("bad", [[30], [0], [*range(7)], [*range(8, 40)]], ids=["one", "first", "seven", "later"])
def test_a_model_that_answers_others_is_not_closed(error, bad):
    """A row that may not be asked (a file of somebody else's) fails by itself, or no night would ever end."""
    night = Night([row(number) for number in range(40)], Settings(most=4), gate=WideGate(4))
    night.run(Parrot(lambda asked, count: error if int(asked[9:]) in bad else None))
    assert night.store.failed == {f"row-{number}": error.code for number in bad}
    assert night.store.finished and night.job.tally.under_way == 0


@pytest.mark.parametrize("error", CLOSED, ids=lambda error: error.code)
def test_a_model_that_answers_nobody_ends_the_batch(error):
    """No row of it is marked as failed, and what other models answered is kept."""
    rows = [row(number, model="claude-haiku-5-5" if number % 2 else "claude-sonnet-5-5") for number in range(100)]
    night = Night(rows, Settings(most=4), gate=WideGate(4))
    with pytest.raises(type(error)):
        night.run(Parrot(lambda asked, count: error if int(asked[9:]) % 2 else None))
    assert 8 <= len(night.store.results) < 20 and not night.store.failed
    assert night.store.closed and not night.store.finished and night.job.tally.under_way == 0
    assert exit_status(night.job.stop, 0) == error.exit_code


@pytest.mark.parametrize("error", CLOSED, ids=lambda error: error.code)
def test_so_does_one_that_answers_none_of_a_few(error):
    """All rows there are; but where some were answered in an earlier run, it was these rows' own fault."""
    rows = [row(number) for number in range(3)]
    night = Night(rows)
    with pytest.raises(type(error)):
        night.run(Parrot(lambda asked, count: error))
    assert not night.store.results and not night.store.finished
    again = Night([*rows, row(3)], store=DictStore({"row-3": Result("row-3", "m")}))
    again.run(Parrot(lambda asked, count: error))
    assert len(again.store.failed) == 3 and again.store.finished


def test_many_models_that_are_not_found_fail_their_rows():
    """Each row names another, so nothing is learnt of any; and few are kept in doubt."""
    night = Night([row(number, model=f"claude-unknown-{number}") for number in range(40)])
    night.run(Parrot(lambda asked, count: CLOSED[1]))
    assert len(night.store.failed) == 40 and night.store.finished
