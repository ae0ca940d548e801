"""Signals that end the program: held back while something is saved, they come right after it."""

from __future__ import annotations

import signal
import sys

import pytest

from claude_cli.terminal.signals import Terminated, handed_over, held_back


@pytest.fixture(autouse=True)
def unwinding():
    """SIGTERM and SIGHUP unwind, as in the program."""

    def handler(number, frame):
        raise Terminated(number)

    before = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, old in before.items():
        signal.signal(number, old)


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        pytest.param([signal.SIGINT], 130, id="Ctrl-C"),
        pytest.param([signal.SIGINT, signal.SIGINT], 130, id="Ctrl-C twice"),
        pytest.param([signal.SIGINT, signal.SIGHUP], 129, id="a terminal that vanishes is more than Ctrl-C"),
        pytest.param([signal.SIGHUP, signal.SIGTERM], 143, id="SIGTERM is more than both"),
    ],
)
def test_what_came_meanwhile_comes_afterwards(numbers, status):
    """Once, and all that was to be done is done."""
    done = False
    with pytest.raises(KeyboardInterrupt) as stop, held_back():
        for number in numbers:
            signal.raise_signal(number)
        done = True
    assert done and getattr(stop.value, "status", 130) == status


def test_without_a_signal_nothing_changes():
    """Afterwards Ctrl-C is Ctrl-C again."""
    before = signal.getsignal(signal.SIGINT)
    with held_back():
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_a_failure_inside_goes_on():
    """And the signals are as they were."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match="no"), held_back():
        raise ValueError("no")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_failure_inside_does_not_swallow_what_came():
    """The signal ends the program, the failure is its context."""
    with pytest.raises(Terminated) as stop, held_back():
        signal.raise_signal(signal.SIGTERM)
        raise ValueError("no")
    assert isinstance(stop.value.__context__, ValueError)


def hold_and_press(number, moment):
    """Hold signals back, with `number` coming at that call or return within; returns whether it came and was told."""
    events, told = 0, False

    def look(frame, event, argument):
        nonlocal events
        events += argument is not sys.setprofile
        if events == moment and argument is not sys.setprofile:
            signal.raise_signal(number)

    try:
        sys.setprofile(look)
        with held_back():
            pass
    except KeyboardInterrupt:
        told = True
    finally:
        sys.setprofile(None)
    return events >= moment, told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_signal_is_lost_or_disarmed_by_one_that_comes_as_they_are_taken_over_or_given_back(number):
    """At whatever call or return it falls: it is obeyed, and afterwards each of the three still is."""
    moment, came = 0, True
    while came:
        moment += 1
        came, told = hold_and_press(number, moment)
        assert told or not came, moment
        for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(each)
    assert moment > 20


def test_signals_that_are_handed_over_unwind_nothing():
    """Each is told, in the order in which they came; afterwards they do what they did before."""
    told: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with handed_over(told.append):
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
    assert told == [signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGINT]
    assert before == {number: signal.getsignal(number) for number in before}


def test_a_signal_that_is_ignored_stays_ignored():
    """`nohup` and a shell's `&` set signals aside, and they stay there."""
    told: list[int] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handed_over(told.append):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert told == []
