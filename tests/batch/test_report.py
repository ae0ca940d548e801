"""The report as a value: its sums, its exit status, and an object of the published form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_cli.batch.report import report_of
from claude_cli.batch.row import Result, Row
from claude_cli.batch.stop import Reason, Stop
from claude_cli.batch.store import Resumed
from claude_cli.batch.tally import Tally
from claude_cli.core.errors import AuthenticationError, OverloadedError
from claude_cli.core.messages import ChatRequest, Message, Usage, text_block

from ..schemas import check

CENT = 10**10
ASKED = ChatRequest("claude-sonnet-5", (Message("user", (text_block("hi"),)),))


def tally(*, rows: int = 3, done: int = 0, failed: int = 0, resumed: Resumed | None = None, **more: Any) -> Tally:
    """A run of `rows` rows that took a second for each that ended; `more` is of each result."""
    seconds = iter(range(1000))
    found = Tally(clock=lambda: float(next(seconds)))
    found.start(rows, resumed or Resumed(open=rows))
    for number in range(done + failed):
        error = OverloadedError("Overloaded") if number < failed else None
        row = Row(number, number + 1, f"row {number}", True, b"", ASKED)
        found.began(row)
        found.ended(row, Result(row.id, "claude-sonnet-5", duration_ms=100, error=error, **more))
    return found


def stopped(reason: Reason | None, detail: str = "") -> Stop:
    stop = Stop()
    if reason is not None:
        stop.soon(reason, detail, error=AuthenticationError("no key") if reason == "error" else None)
    return stop


def test_the_rows_add_up():
    """`total` is the sum of what became of them; what an earlier run did counts as done."""
    rows = report_of(tally(rows=9, done=2, failed=1, resumed=Resumed(2, 1, 6)), Stop(), skipped=4).rows
    assert (rows.total, rows.done, rows.failed, rows.open, rows.skipped, rows.earlier) == (13, 4, 2, 3, 4, 3)


@pytest.mark.parametrize(
    ("reason", "ended", "status", "told"),
    [
        pytest.param(None, {"done": 3}, 0, None, id="all done"),
        pytest.param(None, {"done": 2, "failed": 1}, 11, None, id="a row failed"),
        pytest.param(None, {"done": 2, "resumed": Resumed(0, 1, 2)}, 11, None, id="one failed earlier"),
        pytest.param("budget", {"done": 1, "failed": 1}, 9, "budget", id="budget before failed rows"),
        pytest.param("time", {"done": 2}, 5, "time", id="time"),
        pytest.param("pace", {"done": 2}, 5, "pace", id="pace"),
        pytest.param("failures", {"failed": 2}, 11, "failures", id="too many failures"),
        pytest.param("time", {"done": 3}, 0, None, id="time ran out with the last row"),
        pytest.param("budget", {"done": 2, "failed": 1}, 11, None, id="money, too"),
        pytest.param("interrupted", {"failed": 2}, 130, "interrupted", id="Ctrl-C before all others"),
        pytest.param("interrupted", {"done": 3}, 130, "interrupted", id="Ctrl-C at the last row"),
        pytest.param("terminated", {"done": 2}, 143, "terminated", id="SIGTERM"),
        pytest.param("error", {"done": 2}, 3, "error", id="an error of all rows"),
    ],
)
def test_the_exit_status(reason, ended, status, told):
    """Who scripts it decides by it what to do next."""
    report = report_of(tally(**ended), stopped(reason))
    assert (report.exit_status, report.stopped) == (status, told)


def test_a_terminal_that_went_away_has_a_status_of_its_own():
    """SIGHUP ends a batch as SIGTERM does; the shell's word for it is another one."""
    assert report_of(tally(), stopped("terminated"), signalled=129).exit_status == 129


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(report_of(tally(), Stop()), id="nothing asked"),
        pytest.param(
            report_of(
                tally(done=1, failed=2, usage=Usage(9, 8, 7, 6, 5), cost_pico=CENT, saved_pico=-CENT),
                stopped("budget", "budget.day of $5.00 is reached"),
                output="out.jsonl",
                journal="out.jsonl.journal",
            ),
            id="everything",
        ),
        pytest.param(report_of(tally(done=3, cost_pico=CENT, simulated=True), Stop()), id="simulated"),
        pytest.param(report_of(tally(done=3), Stop()), id="without a price"),
    ],
)
def test_the_object_is_as_it_is_published(report):
    """docs/batch-report.schema.json speaks of every member, and of no other."""
    check(json.loads(json.dumps(report.as_json())), "batch-report")


def test_what_the_object_says():
    """Failures with the most frequent first, each with an example; money in dollars; time from the start."""
    found = report_of(tally(done=1, failed=2, usage=Usage(100, 10), cost_pico=CENT), Stop()).as_json()
    assert found["failures"] == [
        {"code": "overloaded", "count": 2, "example": {"id": "row 0", "line": 1, "message": "Overloaded"}}
    ]
    assert (found["cost_usd"], found["usage"]["input_tokens"], found["exit_status"]) == (0.03, 300, 11)
    assert [(each["from_s"], each["done"], each["failed"]) for each in found["throughput"]] == [
        (0, 0, 0), (1, 0, 1), (2, 0, 1), (3, 1, 0),
    ]  # fmt: skip
    assert found["latency_ms"] == {"p50": 97, "p90": 97, "p99": 97, "max": 100}  # within 5 %


def test_what_was_not_paid_has_no_price():
    """Simulated money is no money, and what has no price is not free."""
    simulated = report_of(tally(done=1, cost_pico=CENT, saved_pico=CENT, simulated=True), Stop()).as_json()
    assert (simulated["cost_usd"], simulated["cache_saved_usd"], simulated["simulated"]) == (None, None, True)
    assert simulated["cost_by_model"][0]["cost_usd"] is None
    assert report_of(tally(done=1), Stop()).as_json()["cost_usd"] is None
    assert report_of(tally(), Stop()).as_json()["cost_usd"] == 0
