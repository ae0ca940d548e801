"""What is seen of a batch while it runs: at any width, with nothing said that is not known yet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from claude_cli.terminal.batch_progress import PLAIN_EVERY_S, BatchProgress, clock, short, short_rate, tell
from claude_cli.terminal.charts import gauge
from claude_cli.terminal.columns import cells

CENT = 10**10


@dataclass
class Counts:
    """Counts of a batch that began at 1,000 s by its clock."""

    rows: int = 2000
    started_at: float = 1000.0
    under_way: int = 0
    failed: int = 0
    over: int = 0
    finished: int = 0
    output_tokens: int = 0
    cost_pico: int | None = None


class Pace(NamedTuple):
    """How fast it may go."""

    allowed: int
    why: str
    under_way: int = 37
    resting: int = 0


HALF = Counts(under_way=37, failed=3, over=812, finished=712, output_tokens=142_400, cost_pico=41 * CENT)


def progress(counts: Counts, *, blocks: bool = True, colour: bool = False) -> BatchProgress:
    found = BatchProgress(counts, "prompts.jsonl", blocks=blocks, colour=colour)
    found.pace = lambda: Pace(48, "rate limited")
    return found


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        pytest.param(
            120,
            [
                "━━━━━━━━━━━━────────────────── 812/2,000 · 3 failed · 0:17 left",
                "71 rows/s · 14k tokens/s · $0.41 · 37 of 48 under way · rate limited",
            ],
            id="wide",
        ),
        pytest.param(
            60,
            [
                "━━━━━━━━━━╸─────────────── 812/2,000 · 3 failed · 0:17 left",
                "71 rows/s · $0.41 · 37 of 48 under way · rate limited",
            ],
            id="60",
        ),
        pytest.param(40, ["━━──── 812/2,000 · 3 failed · 0:17 left", "71 rows/s · $0.41 · rate limited"], id="40"),
        pytest.param(20, ["━━━╸───── 812/2,000", "71 rows/s · $0.41"], id="20"),
        pytest.param(8, ["812/2,…", "71 row…"], id="8"),
    ],
)
def test_what_it_says(columns, lines):
    """Two lines, which never fill theirs; what matters least goes first."""
    said = progress(HALF).text(1010.0, columns).split("\n")
    assert said == lines
    assert all(cells(line) < columns for line in said)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        pytest.param(
            120,
            "71 rows/s · 14k tokens/s · $0.41 · 1 of 1 under way · 43 waiting to be tried again"
            " · limit: requests 120/min",
            id="wide",
        ),
        pytest.param(80, "71 rows/s · 14k tokens/s · $0.41 · 1 of 1 under way · limit: requests 120/min", id="80"),
        pytest.param(40, "71 rows/s · limit: requests 120/min", id="40"),
    ],
)
def test_rows_that_wait_for_another_try_are_not_under_way(columns, said):
    """What is under way never passes what may be; and what holds rows back is seen at any width."""
    shown = progress(HALF)
    shown.pace = lambda: Pace(1, "limit: requests 120/min", under_way=1, resting=43)
    assert shown.text(1010.0, columns).split("\n")[1] == said
    assert "1 of 1 under way, 43 waiting to be tried again, limit: requests 120/min" in shown.line(1010.0)


def test_what_is_not_known_is_not_made_up():
    """No rate in the first second, no time left without a rate, no money without a price."""
    shown = progress(Counts(under_way=37))
    assert shown.text(1000.4, 80).split("\n")[1] == "— rows/s · 37 of 48 under way · rate limited"
    assert progress(Counts(under_way=37)).text(1060.0, 80).startswith("────────────────────────────── 0/2,000 · — left")
    assert "left" in progress(Counts(over=1, finished=1)).text(1030.0, 80)


def test_a_rate_is_that_of_the_last_half_minute():
    """A batch that has become slow says so, and one that stands still keeps the rate of the whole run."""
    counts = Counts()
    shown = progress(counts)
    for second in range(100):
        counts.over = counts.finished = min(second, 50) * 10
        shown.text(1000.0 + second, 80)
    assert "5.1 rows/s" in shown.text(1099.0, 80)
    counts.finished += 3
    assert "6.1 rows/min" in shown.text(1099.5, 80)


def test_while_the_input_is_read_it_counts():
    """Nobody knows yet how many there are; a long name leaves room."""
    shown = progress(HALF)
    shown.reading = lambda: 31_337
    assert shown.text(1.0, 80) == "reading prompts.jsonl · 31,337 rows"
    assert shown.text(1.0, 20) == "reading prompts.js…"


def test_once_it_is_to_stop_it_says_what_is_waited_for():
    """The time that all rows would take is of no use then."""
    shown = progress(HALF)
    shown.stopping = lambda: True
    assert "812/2,000 · 3 failed · finishing 37\n" in shown.text(1010.0, 80)


def test_the_plain_line():
    """One line without a bar, for a log."""
    assert progress(HALF).line(1010.0) == (
        "812 of 2,000 rows, 3 failed, 71 rows/s, 14k tokens/s, $0.41, 0:17 left, 37 of 48 under way, rate limited"
    )


def test_plain_lines_are_a_minute_apart():
    """The clock is the caller's."""
    said: list[str] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(tell(lambda: f"line {len(slept)}", said.append, sleep))
    assert said == ["line 1", "line 2", "line 3"] and slept == [PLAIN_EVERY_S] * 4


def test_colour_is_on_the_bar_alone():
    """And the line is dim again behind it."""
    said = progress(HALF, colour=True).text(1010.0, 80)
    assert said.startswith("\x1b[22;36m━") and "─\x1b[39;2m 812/2,000" in said and said.count("\x1b") == 2


@pytest.mark.parametrize(
    ("share", "blocks", "drawn"),
    [
        pytest.param(0.0, True, "────", id="nothing"),
        pytest.param(0.13, True, "╸───", id="half a cell"),
        pytest.param(0.999, True, "━━━╸", id="not all"),
        pytest.param(1.0, True, "━━━━", id="all"),
        pytest.param(1.5, True, "━━━━", id="more"),
        pytest.param(0.5, False, "##..", id="ASCII"),
    ],
)
def test_a_gauge_is_full_only_where_all_is_done(share, blocks, drawn):
    """The last row may be the one that fails."""
    assert gauge(share, 4, blocks=blocks) == drawn


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0.0, "— rows/s"),
        (0.01, "36 rows/h"),
        (0.0003, "1.1 rows/h"),
        (0.05, "3.0 rows/min"),
        (4.25, "4.2 rows/s"),
        (1234.5, "1,234 rows/s"),
    ],
)
def test_rates(rate, text):
    """In a unit in which the number says something."""
    assert short_rate(rate) == text


def test_times_and_numbers():
    """As clocks have them, and in five characters."""
    assert [clock(each) for each in (0, 0.2, 28, 372, 7805, 360_000)] == [
        "0:00", "0:01", "0:28", "6:12", "2:10:05", "100:00:00",
    ]  # fmt: skip
    assert [short(each) for each in (0, 7.4, 950, 9_500, 999_499, 999_500, 12_000_000)] == [
        "0", "7", "950", "9.5k", "999k", "1.0M", "12M",
    ]  # fmt: skip
