"""When a batch is to end: moments of this machine's clock, and lengths of time."""

from __future__ import annotations

import os
import time
from datetime import datetime

import pytest

from claude_cli.commands._until import end_at
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
    assert end_at(until, for_, NOW) == (None if seconds is None else NOW.timestamp() + seconds)


@pytest.fixture
def berlin():
    """This machine stands in Berlin: its clocks go back on 2026-10-25 at 03:00, forward on 2027-03-28 at 02:00."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("now", "until", "then"),
    [
        pytest.param("2026-10-24T20:00Z", "06:00", "2026-10-25T05:00Z", id="a night of 25 hours"),
        pytest.param("2026-10-24T22:00Z", "02:30", "2026-10-25T00:30Z", id="the first of two"),
        pytest.param("2026-10-25T00:20Z", "02:30", "2026-10-25T00:30Z", id="ten minutes before the first"),
        pytest.param("2026-10-25T00:40Z", "02:30", "2026-10-25T01:30Z", id="between the two"),
        pytest.param("2026-10-25T01:20Z", "02:30", "2026-10-25T01:30Z", id="in the second hour, before it"),
        pytest.param("2026-10-25T01:40Z", "02:30", "2026-10-26T01:30Z", id="after both"),
        pytest.param("2026-10-25T01:20Z", "06:00", "2026-10-25T05:00Z", id="the second hour, a later time"),
        pytest.param("2026-10-25T00:40Z", "2026-10-25T02:30", "2026-10-25T01:30Z", id="a date, between the two"),
        pytest.param("2027-03-27T22:00Z", "06:00", "2027-03-28T04:00Z", id="a night of 23 hours"),
        pytest.param("2027-03-27T22:00Z", "02:30", "2027-03-28T01:30Z", id="one that the clock leaves out"),
    ],
)
def test_the_nights_when_clocks_are_changed(berlin, now, until, then):
    """It is the clock on the wall that counts."""
    asked = datetime.fromtimestamp(datetime.fromisoformat(now).timestamp())
    assert end_at(until, None, asked) == datetime.fromisoformat(then).timestamp()


@pytest.mark.parametrize(
    ("until", "for_", "said"),
    [
        pytest.param("24:00", None, "no moment", id="no hour"),
        pytest.param("6", None, "no moment", id="no minutes"),
        pytest.param("2026-11-30", None, "no moment", id="a day"),
        pytest.param("20261130", None, "no moment", id="a day without hyphens"),
        pytest.param("2026-W48-1", None, "no moment", id="a day of a week"),
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
        end_at(until, for_, NOW)
