"""When a batch is to begin no further rows: the moment of `--until`, the length of `--for`. Pure, but for the time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from ..core.errors import UsageError

LONGEST_S = 366 * 86_400.0
_SECONDS = (3600.0, 60.0, 1.0)


def end_at(until: str | None, for_: str | None, now: datetime) -> float | None:
    """The first of the two moments, in seconds since the epoch; None where neither is given.

    Args:
        until: HH:MM, the next such moment on this machine's clock, or an ISO date with its time.
        for_: such as 5h, 90m, 1h30m or 45s, from `now` on.
        now: with or without a time zone; without one it is this machine's.
    Raises:
        UsageError: one of them is none, or has passed.
    """
    given = [_until(until, now)] if until is not None else []
    given += [now.timestamp() + _length(for_)] if for_ is not None else []
    return min(given, default=None)


def _until(text: str, now: datetime) -> float:
    try:
        then = _next(_days(text, now), now)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--until {text!r} is no moment; give HH:MM or one like 2026-11-30T06:00") from error
    _check(then - now.timestamp(), f"--until {text}")
    return then


def _days(text: str, now: datetime) -> list[datetime]:
    """The moments that `text` may mean, in order. Raises `ValueError`: none."""
    if clock := re.fullmatch(r"(\d{1,2}):(\d\d)", text, re.ASCII):
        today = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return [today, today + timedelta(days=1)]
    try:
        date.fromisoformat(text)
    except ValueError:
        return [datetime.fromisoformat(text)]
    raise ValueError("a day, and no moment of it")


def _next(moments: list[datetime], now: datetime) -> float:
    """The first of them after `now`, else the last.

    In the night when clocks go back some come twice (`fold`). Of one that a clock leaves out when it goes forward the
    second reading lies before the first, and is none.
    """
    stamps = []
    for moment in moments:
        first, second = (moment.replace(fold=fold).timestamp() for fold in (0, 1))
        stamps += [first, max(first, second)]
    return next((stamp for stamp in stamps if stamp > now.timestamp()), stamps[-1])


def _length(text: str) -> float:
    found = re.fullmatch(r"(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s)?", text.strip(), re.ASCII)
    if not found or not any(found.groups()):
        raise UsageError(f"--for {text!r} is no length of time; give one like 5h, 90m, 1h30m or 45s")
    seconds = sum(int(number or 0) * size for number, size in zip(found.groups(), _SECONDS, strict=True))
    _check(seconds, f"--for {text}")
    return seconds


def _check(seconds: float, said: str) -> None:
    """Raises `UsageError` where nothing, or too much, is left."""
    if seconds <= 0:
        raise UsageError(f"{said} leaves no time")
    if seconds > LONGEST_S:
        raise UsageError(f"{said} is more than a year away")
