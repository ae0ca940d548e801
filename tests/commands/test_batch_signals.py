"""What a signal means to a batch, before its loop runs, while it does, and when it is over."""

from __future__ import annotations

import asyncio
import signal

import pytest

from claude_cli.batch.stop import Stop
from claude_cli.commands._batch_signals import Signals


@pytest.mark.parametrize(
    ("numbers", "reason", "at_once", "status"),
    [
        pytest.param([], None, False, None, id="none"),
        pytest.param([signal.SIGINT], "interrupted", False, 130, id="Ctrl-C"),
        pytest.param([signal.SIGTERM], "terminated", False, 143, id="SIGTERM"),
        pytest.param([signal.SIGHUP], "terminated", False, 129, id="SIGHUP"),
        pytest.param([signal.SIGINT] * 2, "interrupted", True, 130, id="Ctrl-C twice"),
        pytest.param([signal.SIGINT] * 5, "interrupted", True, 130, id="an impatient user"),
        pytest.param([signal.SIGTERM, signal.SIGINT], "terminated", True, 143, id="the first one counts"),
    ],
)
@pytest.mark.parametrize("when", ["before the loop", "in the loop", "after the loop"])
def test_the_first_lets_rows_end_and_the_next_does_not(numbers, reason, at_once, status, when):
    """Whenever they come; it is said once."""
    stop, said = Stop(), []
    signals = Signals(stop, lambda: said.append("finishing"), kept=True)

    async def run() -> None:
        signals.attach(asyncio.get_running_loop())
        if when == "in the loop":
            for number in numbers:
                signals.came(number)
            assert stop.reason is None  # nothing happens between two instructions of the loop
            await asyncio.sleep(0)

    if when == "before the loop":
        for number in numbers:
            signals.came(number)
    asyncio.run(run())
    if when == "after the loop":
        for number in numbers:
            signals.came(number)
    assert (stop.reason, stop.at_once, signals.status) == (reason, at_once, status)
    assert said == ["finishing"] * bool(numbers)
