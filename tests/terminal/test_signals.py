"""Signals that end the program: held back while something is saved, they come right after it."""

from __future__ import annotations

import signal

import pytest

from claude_cli.terminal.signals import Terminated, held_back


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
