"""The report of a batch for people: what the JSON object says, within the terminal, and harmless."""

from __future__ import annotations

from typing import Any

import pytest

from claude_cli.terminal.batch_report import report_lines
from claude_cli.terminal.columns import cells
from claude_cli.terminal.usage_table import Look

from ..hostile import unsafe

USAGE = {"input_tokens": 1_500_000, "output_tokens": 300_000, "cache_read_tokens": 6_000_000, "cache_write_tokens": 0}
NIGHT: dict[str, Any] = {
    "rows": {"total": 2000, "done": 1585, "failed": 17, "open": 398, "skipped": 0, "earlier": 102},
    "failures": [
        {"code": "overloaded", "count": 10, "example": {"id": "q-31", "line": 31, "message": "Overloaded"}},
        {"code": "schema_not_met", "count": 5, "example": {"id": 3, "line": 3, "message": "$.name is missing " * 5}},
    ],
    "latency_ms": {"p50": 1090, "p90": 2900, "p99": 12_400, "max": 310_000},
    "throughput": [
        {"from_s": 10 * n, "to_s": 10 * n + 10, "done": 100 - 5 * n, "failed": 1, "output_tokens": 7} for n in range(16)
    ],
    "usage": USAGE,
    "cost_usd": 4.5,
    "cost_by_model": [
        {"model": "claude-sonnet-5", "cost_usd": 4.0, "unpriced_rows": 0},
        {"model": "claude-haiku-4-5", "cost_usd": 0.5, "unpriced_rows": 2},
    ],
    "cache_saved_usd": 1.5,
    "maybe_billed_rows": 1,
    "duration_ms": 152_400,
    "simulated": False,
}


def test_a_night():
    """All of it on a terminal of 80 columns."""
    assert report_lines(NIGHT, Look(80)) == [
        "2,000 rows: 1,585 done, 17 failed, 398 open",
        "in this run 1,500 rows in 2:33 (9.8 rows/s)",
        "  10  overloaded      line 31, id q-31: Overloaded",
        "   5  schema_not_met  line 3, id 3: $.name is missing $.name is missing $.name",
        "    is missing $.name is missing $.name is missing",
        "time for a row: 1.1 s (half of them), 2.9 s (90%), 12 s (99%), 5:10 at most",
        "rows in each 0:20:",
        "  0:00  197  ████████████████████████████████████████",
        "  0:20  177  ████████████████████████████████████",
        "  0:40  157  ███████████████████████████████▉",
        "  1:00  137  ███████████████████████████▉",
        "  1:20  117  ███████████████████████▊",
        "  1:40   97  ███████████████████▊",
        "  2:00   77  ███████████████▋",
        "  2:20   57  ███████████▋",
        "$4.50 + 2 rows without a price for 7.5M tokens in (80% from cache), 300k out",
        "by model: claude-sonnet-5 $4.00, claude-haiku-4-5 $0.50",
        "the prompt cache saved $1.50",
        "1 row may have been billed for a try that failed",
    ]


def changed(**members: Any) -> dict[str, Any]:
    return {**NIGHT, "failures": [], "latency_ms": None, "throughput": [], "maybe_billed_rows": 0, **members}


NOTHING = {"total": 3, "done": 3, "failed": 0, "open": 0, "skipped": 0, "earlier": 3}
NO_TOKENS = dict.fromkeys(USAGE, 0)


@pytest.mark.parametrize(
    ("report", "last"),
    [
        pytest.param(changed(cache_saved_usd=-0.004), "the prompt cache cost $0.004 more", id="a cache that cost"),
        pytest.param(
            changed(cache_saved_usd=0.0, cost_usd=None, cost_by_model=[]),
            "unpriced for 7.5M tokens in (80% from cache), 300k out",
            id="no price",
        ),
        pytest.param(
            changed(simulated=True, cost_usd=None),
            "7.5M tokens in (80% from cache), 300k out, all simulated: nothing was paid",
            id="simulated",
        ),
        pytest.param(changed(rows=NOTHING, usage=NO_TOKENS), "3 rows: 3 done", id="nothing asked"),
    ],
)
def test_what_is_said_of_money(report, last):
    """What is not known is not 0, and what was not paid is not said to cost anything."""
    assert report_lines(report, Look(80))[-1] == last


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("blocks", [True, False], ids=["blocks", "ASCII"])
def test_no_line_is_wider_than_the_terminal(width, blocks):
    """But a word that is wider than a line stays whole, as it may be copied."""
    lines = report_lines(NIGHT, Look(width, blocks=blocks))
    assert max(map(cells, lines)) <= max(width, 20)
    assert all(line.isascii() for line in report_lines(NIGHT, Look(width, blocks=False)))


def test_a_log_gets_no_plot_and_no_broken_line():
    """Nothing there is drawn, and lines are searched."""
    lines = report_lines(NIGHT, Look())
    assert not any("█" in line for line in lines)
    assert "   5  schema_not_met  line 3, id 3: " + " ".join(["$.name is missing"] * 5) in lines


def test_what_others_wrote_is_harmless_and_one_line():
    """An id, a model's name and a server's message may be anything."""
    evil = "\x1b[31m\n\x9b2J\u202e x\r"
    report = changed(
        failures=[{"code": evil, "count": 1, "example": {"id": evil * 50, "line": 1, "message": evil}}],
        cost_by_model=[{**each, "model": evil} for each in NIGHT["cost_by_model"]],
    )
    lines = report_lines(report, Look(80))
    assert not any(unsafe(line) for line in lines) and all("\n" not in line for line in lines)
