"""The days that `--since` and `--until` mean, by the calendar of this machine. Pure, but for its time zone."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta

from ..core.errors import UsageError

MOST = 999
"""Days, weeks or months that --since takes."""
SINCE = "7d, 4w, 3m, today, yesterday, week, month, all or a date like 2026-11-01"


def first_day(text: str, today: date) -> date | None:
    """The day that `--since` means; None: from the beginning.

    Raises:
        UsageError: it means none.
    """
    if text == "all":
        return None
    span = re.fullmatch(r"(\d+)([dwm])", text, re.ASCII)
    if not span:
        own = {"week": today - timedelta(days=today.weekday()), "month": today.replace(day=1)}
        return own.get(text) or day(text, "--since", today, SINCE)
    if len(span[1]) > len(str(MOST)) or not 1 <= int(span[1]) <= MOST:
        raise UsageError(f"--since {text}: the number is from 1 to {MOST}; all is everything there is")
    number, unit = int(span[1]), span[2]
    if unit == "m":
        return _months_before(today, number) + timedelta(days=1)
    return today - timedelta(days=number * (7 if unit == "w" else 1) - 1)


def last_day(text: str | None, today: date) -> date | None:
    """The day that `--until` means; None: there is no bound. Raises `UsageError`."""
    return day(text, "--until", today) if text else None


def day(text: str, flag: str, today: date, choices: str = "today, yesterday or a date like 2026-11-30") -> date:
    """The day that `text` means. Raises `UsageError`: none; names `flag` and the `choices`."""
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{flag} {text!r} is no day; choose {choices}") from error


def begin_of(day: date, *, days_later: int = 0) -> int:
    """When `day`, or one so many days later, begins here, in microseconds of Unix time."""
    # Far off, a time zone would lead out of the calendar.
    near = min(max(day, date(1971, 1, 1)), date(9000, 1, 1)) + timedelta(days=days_later)
    return int(datetime(near.year, near.month, near.day).timestamp() * 1e6)


def _months_before(day: date, number: int) -> date:
    """The same day so many months earlier, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
