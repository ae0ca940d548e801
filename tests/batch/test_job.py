"""A whole batch: what it checks, how it is stopped, and how it goes on."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from claude_cli.batch.job import Settings, alarm
from claude_cli.batch.row import Refused
from claude_cli.batch.stop import Stop, exit_status
from claude_cli.batch.store_file import FileStore
from claude_cli.core.errors import OutputError, OverloadedError, RequestRejectedError, UsageError

from .conftest import Clock, DictStore, Night, Parrot, WideGate, around, row


def rows(count: int) -> list[Any]:
    return [row(number) for number in range(count)]


# ------------------------------------------------------------------------------------------------ before
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "no row"),
        ([row(0), Refused(2, "is no JSON")], "line 2: is no JSON"),
        ([row(0), row(1, id="row-0")], "line 2"),
    ],
    ids=["empty", "a row that cannot be asked", "the same id twice"],
)
def test_what_ends_it_before_it_begins(given, said):
    """Named with its line."""
    with pytest.raises(UsageError, match=said):
        Night(given).job.check()


def test_rows_that_cannot_be_asked_are_left_out_where_that_is_wished():
    """`--skip-invalid`."""
    night = Night([row(0), Refused(2, "is no JSON"), row(2)], Settings(most=8, skip_invalid=True)).run(Parrot())
    assert set(night.store.results) == {"row-0", "row-2"} and night.store.finished
    assert night.job.survey.refused_count == 1


def test_a_batch_of_which_no_row_can_be_asked_does_not_begin():
    """There is nothing to leave them out of."""
    night = Night([Refused(1, "is no JSON")], Settings(skip_invalid=True))
    with pytest.raises(UsageError, match="is no JSON"):
        night.job.check()


# ------------------------------------------------------------------------------------------------ stopped
def stopped(told: Callable[[Stop], None], *, at: int = 10, count: int = 40) -> Night:
    """A batch of so many rows, 4 at once, whose `Stop` is told at the try with that number."""
    night, tries = Night(rows(count), Settings(most=4), gate=WideGate(4)), 0

    def plan(asked: str, number: int) -> None:
        nonlocal tries
        tries += 1
        if tries == at:
            told(night.job.stop)

    return night.run(Parrot(plan))


def test_ctrl_c_once_lets_what_is_in_flight_end():
    """The rest stays open, and the next run asks it."""
    night = stopped(lambda stop: stop.soon("interrupted"))
    assert 10 <= len(night.store.results) <= 13 and not night.store.failed and not night.store.finished
    assert exit_status(night.job.stop, 0) == 130
    again = Night(rows(40), store=DictStore(night.store.results)).run(parrot := Parrot())
    assert len(again.store.results) == 40 and again.store.finished
    assert len(parrot.asked) == 40 - again.job.survey.resumed.done
    assert sum(record.status == "aborted" for record in night.books.records) == 0


def test_ctrl_c_twice_stops_now():
    """Calls are closed and recorded as aborted; their rows stay open."""
    night = stopped(lambda stop: stop.now("interrupted"))
    assert len(night.store.results) < 10 and not night.store.failed and night.store.closed
    assert sum(record.status == "aborted" for record in night.books.records) > 0
    assert night.job.tally.under_way == 0
    assert exit_status(night.job.stop, 0) == 130


def test_who_rests_before_another_try_does_not_hold_up_the_end():
    """Nobody waits ten minutes after Ctrl-C: the row stays open."""

    async def interrupt(night: Night) -> None:
        await night.gate.resting.wait()
        night.job.stop.soon("terminated")

    night = Night(rows(20), gate=WideGate(8, patient=True))
    night.run(Parrot(lambda asked, count: OverloadedError("Overloaded", status=529)), interrupt)
    assert not night.store.results and night.store.closed
    assert exit_status(night.job.stop, 0) == 143


def test_who_waits_for_the_gate_does_not_either():
    """It has not been sent at all."""
    gate = WideGate(0)

    async def interrupt(night: Night) -> None:
        while not night.books.plans:
            await asyncio.sleep(0)
        night.job.stop.soon("interrupted")

    night = Night(rows(20), gate=gate).run(Parrot(), interrupt)
    assert not night.store.results and not gate.left


def test_enough_failures_end_it():
    """`--stop-after-failures`."""
    night = Night(rows(40), Settings(most=1, stop_after_failures=3), gate=WideGate(1)).run(
        Parrot(lambda asked, count: RequestRejectedError("no", status=400) if int(asked[9:]) % 2 else None)
    )
    assert len(night.store.failed) == 3 and not night.store.finished
    assert "3 rows have failed" in night.job.stop.detail
    assert exit_status(night.job.stop, 3) == 11


def test_an_answer_that_is_kept_although_the_disk_is_full_counts(tmp_path):
    """OUT.partial has made room for it: the report and the files must say the same, and the batch ends."""
    partial = tmp_path / "out.jsonl.partial"

    def write(descriptor, data):
        if partial.exists() and partial.stat().st_size > 2_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, data)

    store = FileStore(str(tmp_path / "out.jsonl"), notify=print, write=write)
    night = Night(rows(40), Settings(most=4), store=store, gate=WideGate(4))
    with pytest.raises(OutputError, match="make room there"):
        night.run(Parrot())
    kept = (tmp_path / "out.jsonl.journal").read_bytes().count(b'"row":')
    assert 5 < kept < 40 and night.job.tally.done == kept
    assert Night(rows(40), store=FileStore(str(tmp_path / "out.jsonl"), notify=print)).job.check().resumed.done == kept


def test_an_input_that_shrinks_while_it_is_read_is_no_success():
    """Rows that were there when it was checked are gone: OUT is not whole, and that is said."""
    night = Night(given := list(rows(40)))
    night.job.check()
    del given[25:]
    with pytest.raises(UsageError, match="of 40 rows, 15 are gone; run the same command again"):
        asyncio.run(night.job.run(Parrot(), around(), night.gate, night.books))
    assert len(night.store.results) == 25 and night.store.closed and not night.store.finished


def test_a_time_that_is_over_begins_nothing():
    """`--until`: no row is sent."""
    night = Night(rows(3), Settings(most=8, end_at=0.0)).run(parrot := Parrot())
    assert not parrot.asked and not night.store.finished
    assert exit_status(night.job.stop, 0) == 5


def test_time_that_runs_out_ends_it():
    """`--for`: rows under way end."""
    night = Night(rows(4), gate=WideGate(8, patient=True))
    night.settings = night.job.settings = Settings(most=8, end_at=time.time() + 0.01)
    night.run(Parrot(lambda asked, count: OverloadedError("Overloaded", status=529) if asked[-1] == "0" else None))
    assert set(night.store.results) == {"row-1", "row-2", "row-3"} and night.job.stop.reason == "time"


def test_time_is_no_matter_once_all_rows_are_over():
    """The alarm is off: the loop ends without it."""
    night = Night(rows(4))
    night.job.settings = Settings(most=8, end_at=time.time() + 3600)
    assert night.run(Parrot()).store.finished and not night.job.stop


def test_a_machine_that_slept_past_the_time_ends_it():
    """`--until 06:00` is by the clock on the wall, and the loop's own stands still meanwhile."""
    stop, wall, timers = Stop(), Clock(0.0), []

    def later(seconds, look, *arguments):
        timers.append((seconds, lambda: look(*arguments)))
        return asyncio.TimerHandle(seconds, look, arguments, loop)

    loop = asyncio.new_event_loop()
    with closing(loop), alarm(stop, 3600.0, wall, later):
        assert timers[-1][0] <= 30.0
        timers[-1][1]()
        assert not stop and len(timers) == 2
        wall.now = 9 * 3600.0  # nine hours of sleep, and it wakes up
        timers[-1][1]()
        assert stop.reason == "time" and len(timers) == 2


def test_a_full_disk_ends_it():
    """What was put is safe, what is under way is tried, and the error is raised."""
    night = Night(rows(40), Settings(most=4), store=DictStore(full=10), gate=WideGate(4))
    with pytest.raises(OutputError, match="no space"):
        night.run(parrot := Parrot())
    assert len(night.store.results) == 10 and night.store.closed and not night.store.finished
    assert len(parrot.asked) <= 10 + 4 + 1
    assert night.job.tally.done == 10 and night.job.tally.under_way == 0


def test_a_batch_that_is_over_ends_so_although_it_was_interrupted():
    """Ctrl-C came when the last row was under way: OUT is whole."""
    night = stopped(lambda stop: stop.soon("interrupted"), at=3, count=3)
    assert night.store.finished and exit_status(night.job.stop, 0) == 130


def test_nothing_is_sent_where_all_is_answered():
    """The same command again."""
    first = Night(rows(5)).run(Parrot())
    again = Night(rows(5), store=DictStore(first.store.results)).run(parrot := Parrot())
    assert not parrot.asked and again.store.finished
