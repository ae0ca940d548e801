"""The table of usage: what a pipe gets, and what fits a terminal."""

from __future__ import annotations

from datetime import date

import pytest

from claude_cli.storage.ledger_report import Report, Sums, sum_of
from claude_cli.terminal.columns import cells
from claude_cli.terminal.usage_table import MOST_ROWS, Look, totals_line, usage_table

CENT = 10**10


def report(*rows: tuple[str | None, Sums], **more: int) -> Report:
    """A report of these rows."""
    return Report(rows, sum_of([sums for _, sums in rows]), **more)


DAYS = report(
    ("2026-11-01", Sums(3, 1, 0, 1_000, 200, 9_000, 0, 0, 120 * CENT)),
    ("2026-11-04", Sums(2, 1, 0, 5, 950)),
    ("2026-11-20", Sums(1200, 0, 2, 1_234_567, 99_950, 0, 400, 0, 60 * CENT)),
    open_calls=1,
    lost_calls=1,
    failed_calls=1,
)


def test_a_pipe_gets_whole_numbers_and_only_days_with_calls():
    """No bar, nothing shortened. A day without a price is no day for free, whatever else failed."""
    assert usage_table(DAYS, "day", Look()) == [
        "day                       cost  calls         in     out  cached",
        "2026-11-01  $1.20 + 1 unpriced      3     10,000     200     90%",
        "2026-11-04            unpriced      2          5     950",
        "2026-11-20               $0.60  1,200  1,234,967  99,950",
    ]


def test_a_terminal_gets_bars_and_the_days_between():
    """Up to a week of days without calls is shown day by day, more in one line."""
    assert usage_table(DAYS, "day", Look(80)) == [
        "day                       cost  calls    in   out  cached",
        "2026-11-01  $1.20 + 1 unpriced      3   10k   200     90%  █████████████████████",
        "2026-11-02",
        "2026-11-03",
        "2026-11-04            unpriced      2     5   950",
        "… 15 days",
        "2026-11-20               $0.60   1.2k  1.2M  100k          ██████████▌",
    ]


def test_a_narrow_terminal_keeps_the_money_and_its_bars():
    """What is measured is never left out for what measures it."""
    lines = usage_table(DAYS, "day", Look(40, blocks=False))
    assert lines[1] == "2026-11-01   $1.20 + 1 unpriced  #######"
    assert lines[5] == "... 15 days"


NAMES = report(
    ("claude-sonnet-4-5-20250929", Sums(1, cost_pico=3 * CENT)),
    (None, Sums(1, cost_pico=2 * CENT)),
    ("\x1b[31mnotes\non TLS 你好", Sums(2, 1, cost_pico=CENT)),
)


@pytest.mark.parametrize("width", [20, 34, 40, 60, 80, 200])
@pytest.mark.parametrize("blocks", [True, False], ids=["blocks", "ASCII"])
@pytest.mark.parametrize(
    ("what", "by"), [(DAYS, "day"), (NAMES, "model"), (NAMES, "session")], ids=["days", "models", "sessions"]
)
def test_no_line_is_wider_than_the_terminal(what, by, width, blocks):
    """Down to where the name alone and its cost have no room."""
    lines = usage_table(what, by, Look(width, blocks)) + totals_line(what, None, None, width)
    assert max(map(cells, lines)) <= max(width, 20)
    assert all(line.isascii() for line in usage_table(DAYS, "day", Look(width, blocks=False)))


def test_names_are_harmless_and_one_line_each():
    """A session is called what its user likes; a terminal and a table must bear it."""
    assert [line.split("  ")[0] for line in usage_table(NAMES, "session", Look(80))] == [
        "session", "claude-sonnet-4-5-20250929", "-", "notes on TLS 你好",
    ]  # fmt: skip


def test_bars_are_of_tokens_where_nothing_has_a_price():
    """A local server's models cost nothing that is known, and are used all the same."""
    free = report(("a", Sums(1, 1, 0, 100)), ("b", Sums(1, 1, 0, 50)))
    assert [line.count("█") for line in usage_table(free, "model", Look(60))] == [0, 18, 9]


def test_many_rows_are_summed_up_on_a_terminal_alone():
    """The dearest are shown; the sums stay whole. A pipe gets them all."""
    many = report(*((f"s{number}", Sums(1, cost_pico=CENT)) for number in range(MOST_ROWS + 10)))
    lines = usage_table(many, "session", Look(80))
    assert len(lines) == MOST_ROWS + 2 and lines[-1].split()[:4] == ["10", "others", "$0.10", "10"]
    assert len(usage_table(many, "session", Look())) == len(usage_table(many, "month", Look(80))) == MOST_ROWS + 11


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        pytest.param(None, None, "ever", id="all"),
        pytest.param(date(2026, 11, 1), None, "since 2026-11-01", id="since"),
        pytest.param(date(2026, 11, 1), date(2026, 11, 30), "2026-11-01 to 2026-11-30", id="both"),
        pytest.param(None, date(2026, 11, 30), "the beginning to 2026-11-30", id="until"),
    ],
)
def test_the_line_of_totals(since, until, said):
    """Calls that are not quite in the sums are counted: unpriced, failed, estimated, lost, still open."""
    assert totals_line(DAYS, since, until, None) == [
        f"total {said}: $1.80 + 2 unpriced, 1,205 calls, 1,244,972 tokens in (1% from cache), 101,100 out, 1 failed,"
        " 2 estimated, 1 lost, 1 still open"
    ]


def test_one_call_is_one_call():
    """And without any there is no table."""
    one = report(("m", Sums(1, 1)))
    assert totals_line(one, None, None, None) == ["total ever: unpriced, 1 call, 0 tokens in, 0 out"]
    assert usage_table(Report(), "day", Look(80)) == []


@pytest.mark.parametrize(
    ("number", "short"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (9949, "9.9k"),
        (9950, "10k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (4 * 10**12, "4000G"),
    ],
)
def test_numbers_on_a_terminal_are_short(number, short):
    """Two digits that count, and never 1000k."""
    (_, row) = usage_table(report(("m", Sums(1, 0, 0, number, 7))), "model", Look(80))
    assert row.split()[3] == short


def test_a_day_that_is_none_is_shown_as_it_is():
    """Nothing on the disk can stop the rest from being read."""
    odd = report(("2026-11-01", Sums(1)), ("yesterday", Sums(1)), ("zzz\x1b[2J", Sums(1)))
    assert [line.split()[0] for line in usage_table(odd, "day", Look(80))] == ["day", "2026-11-01", "yesterday", "zzz"]
