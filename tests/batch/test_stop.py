"""Why a batch ends before its rows do, what that means for waits, and the exit status."""

from __future__ import annotations

import asyncio

import pytest

from claude_cli.batch.stop import Stop, StoppedError, exit_status
from claude_cli.core.errors import AuthenticationError, OutputError


@pytest.mark.parametrize(
    ("reasons", "wanted"),
    [
        (["budget", "time"], "budget"),
        (["time", "interrupted"], "interrupted"),
        (["interrupted", "terminated"], "interrupted"),
        (["interrupted", "error"], "error"),
        (["error", "interrupted"], "error"),
        (["time", "budget"], "budget"),
        (["failures", "budget"], "budget"),
        (["failures", "time"], "time"),
        (["failures", "pace"], "pace"),
        (["budget", "failures"], "budget"),
        (["time", "pace"], "time"),
    ],
    ids="-".join,
)
def test_which_reason_stays(reasons, wanted):
    """An error is never lost, a signal is what the user wants; then money, time, failures; of two alike the first."""
    stop = Stop()
    for reason in reasons:
        stop.soon(reason, f"because of {reason}")
    assert (stop.reason, stop.detail) == (wanted, f"because of {wanted}")


@pytest.mark.parametrize(
    ("reason", "failed", "status"),
    [
        (None, 0, 0),
        (None, 3, 11),
        ("failures", 3, 11),
        ("interrupted", 3, 130),
        ("terminated", 3, 143),
        ("budget", 3, 9),
        ("time", 3, 5),
        ("pace", 0, 5),
        ("error", 0, 1),
    ],
)
def test_the_exit_status(reason, failed, status):
    """Interrupted, else budget, else time or pace, else failed rows, else done."""
    stop = Stop()
    if reason:
        stop.soon(reason)
    assert exit_status(stop, failed) == status


@pytest.mark.parametrize(("error", "status"), [(AuthenticationError("no key"), 3), (OutputError("full"), 1)])
def test_the_exit_status_of_an_error(error, status):
    """What concerned all rows alike leaves with its own, whatever else was wished."""
    stop = Stop()
    stop.soon("interrupted")
    stop.now("error", error=error)
    assert exit_status(stop, 3) == status


def test_a_wait_ends_with_the_batch():
    """Whoever waits for a try in ten minutes is told at once; a wait that has begun later does not begin."""

    async def main() -> list[str]:
        stop, ended, begun = Stop(), [], asyncio.Event()

        async def wait(name: str) -> None:
            try:
                async with stop.waiting():
                    begun.set()
                    await asyncio.Event().wait()
            except StoppedError:
                ended.append(name)

        one = asyncio.create_task(wait("one"))
        await begun.wait()
        stop.soon("interrupted")
        stop.now("interrupted")  # in the same step of the loop
        await one
        await wait("late")
        return ended

    assert asyncio.run(main()) == ["one", "late"]


def test_a_timeout_of_what_is_waited_for_is_its_own():
    """It is no end of the batch."""

    async def main() -> None:
        async with Stop().waiting():
            raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        asyncio.run(main())


def test_who_listens_late_is_told_at_once():
    """Nobody misses it."""
    stop, told = Stop(), []
    stop.listen(lambda: told.append("early"))
    stop.soon("time")
    stop.listen(lambda: told.append("late"))
    stop.soon("budget")  # it has been said
    stop.now("interrupted")
    assert told == ["early", "late", "early", "late"]
