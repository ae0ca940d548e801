"""The words of the status line."""

from __future__ import annotations

import pytest

from claude_cli.core.messages import NextTry
from claude_cli.terminal.status import Status

RATE_LIMIT = NextTry("rate_limit", 4.0, 2)
ONCE = NextTry("overloaded", 0.5, 1)
NEW = NextTry("novelty", 1.0, 3)
SWITCHED = NextTry("overloaded", 0.0, 3, model="claude-haiku-5-5")


def status(*tries: NextTry, words: int = 0) -> Status:
    """The status of a call that began at 100 s by its clock and failed at 110 s."""
    line = Status("sonnet", 100.0, words)
    for each in tries:
        line.failed(each, 110.0)
    return line


FAILED = "sonnet · {}, trying again in {} s ({} so far)"


@pytest.mark.parametrize(
    ("line", "now", "text"),
    [
        pytest.param(status(), 100.0, "sonnet · 0 s", id="begins at once"),
        pytest.param(status(), 103.9, "sonnet · 3 s", id="whole seconds that have passed"),
        pytest.param(status(words=1234), 103.9, "sonnet · 3 s · 1,234 words", id="what came and is not shown yet"),
        pytest.param(status(RATE_LIMIT), 110.0, FAILED.format("rate limited", 4, "2 tries"), id="a wait"),
        pytest.param(status(RATE_LIMIT), 113.5, FAILED.format("rate limited", 1, "2 tries"), id="its last second"),
        pytest.param(status(RATE_LIMIT), 114.0, "sonnet · 14 s", id="the wait is over"),
        pytest.param(status(ONCE), 110.0, FAILED.format("overloaded", 1, "1 try"), id="one try"),
        pytest.param(status(NEW), 110.0, FAILED.format("failed", 1, "3 tries"), id="a reason nobody knows"),
        pytest.param(status(SWITCHED), 110.0, "claude-haiku-5-5 · 10 s", id="another model"),
    ],
)
def test_what_it_says(line, now, text):
    """Who is asked, for how long, and while a try has failed, when the next one comes."""
    assert line.text(now, 80) == text


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (60, "sonnet · rate limited, trying again in 4 s (2 tries so far)"),
        (59, "sonnet · rate limited, trying again in 4 s"),
        (43, "sonnet · rate limited, trying again in 4 s"),
        (42, "sonnet · trying again in 4 s"),
        (10, "sonnet · "),
        (1, ""),
        (0, ""),
    ],
)
def test_what_it_says_on_a_narrow_terminal(columns, text):
    """It never fills the line: the cursor would go to the next one. What matters most is left out last."""
    assert status(RATE_LIMIT).text(110.0, columns) == text


def test_when_it_changes():
    """It is drawn when it says something new, and not more often."""
    assert status().changes_in(103.75) == pytest.approx(0.25)
    assert status().changes_in(103.0) == 1.0
    assert status(RATE_LIMIT).changes_in(111.75) == pytest.approx(0.25)
    assert status(RATE_LIMIT).changes_in(111.0) == 1.0
    assert status(RATE_LIMIT).changes_in(114.25) == pytest.approx(0.75)
