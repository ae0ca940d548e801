"""When a batch is to end: moments of this machine's clock, and lengths of time."""

from __future__ import annotations

from datetime import datetime

import pytest

from claude_cli.commands._until import seconds_left
from claude_cli.core.errors import UsageError

NOW = datetime.fromisoformat("2026-11-22T22:30:00+01:00")
HOUR = 3600.0


@pytest.mark.parametrize(
    ("until", "for_", "seconds"),
    [
        pytest.param(None, None, None, id="neither"),
        pytest.param("23:00", None, 0.5 * HOUR, id="later today"),
        pytest.param("06:00", None, 7.5 * HOUR, id="the next morning"),
        pytest.param("6:00", None, 7.5 * HOUR, id="without the zero"),
        pytest.param("22:30", None, 24 * HOUR, id="now is tomorrow"),
        pytest.param("2026-11-23T06:00+01:00", None, 7.5 * HOUR, id="ISO"),
        pytest.param("2026-11-23 05:00Z", None, 7.5 * HOUR, id="ISO of another time zone"),
        pytest.param(None, "5h", 5 * HOUR, id="hours"),
        pytest.param(None, "90m", 1.5 * HOUR, id="minutes"),
        pytest.param(None, "1h30m", 1.5 * HOUR, id="both"),
        pytest.param(None, "45s", 45.0, id="seconds"),
        pytest.param("06:00", "5h", 5 * HOUR, id="the first of the two"),
    ],
)
def test_how_long_it_may_run(until, for_, seconds):
    """HH:MM is the next such moment."""
    assert seconds_left(until, for_, NOW) == seconds


@pytest.mark.parametrize(
    ("until", "for_", "said"),
    [
        pytest.param("24:00", None, "no moment", id="no hour"),
        pytest.param("6", None, "no moment", id="no minutes"),
        pytest.param("2026-11-30", None, "no moment", id="a day"),
        pytest.param("20261130", None, "no moment", id="a day without hyphens"),
        pytest.param("soon", None, "no moment", id="a word"),
        pytest.param("", None, "no moment", id="nothing"),
        pytest.param("2026-11-22T22:30+01:00", None, "leaves no time", id="now"),
        pytest.param("9999-12-31T23:59+01:00", None, "more than a year", id="never"),
        pytest.param(None, "5", "no length of time", id="no unit"),
        pytest.param(None, "", "no length of time", id="empty"),
        pytest.param(None, "30m1h", "no length of time", id="the wrong way round"),
        pytest.param(None, "-5h", "no length of time", id="negative"),
        pytest.param(None, "0m", "leaves no time", id="none"),
        pytest.param(None, "99999h", "more than a year", id="too long"),
    ],
)
def test_what_is_no_time(until, for_, said):
    """A slip is found out before anything is sent."""
    with pytest.raises(UsageError, match=said):
        seconds_left(until, for_, NOW)
