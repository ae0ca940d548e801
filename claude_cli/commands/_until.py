"""When a batch is to begin no further rows: the moment of `--until`, the length of `--for`. Pure, but for the time zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ..core.errors import UsageError

LONGEST_S = 366 * 86_400.0
_SECONDS = (3600.0, 60.0, 1.0)


def seconds_left(until: str | None, for_: str | None, now: datetime) -> float | None:
    """Seconds from `now` to the first of the two; None where neither is given.

    Args:
        until: HH:MM, the next such moment on this machine's clock, or an ISO date with its time.
        for_: such as 5h, 90m, 1h30m or 45s.
        now: with or without a time zone; without one it is this machine's.
    Raises:
        UsageError: one of them is none, or has passed.
    """
    given = [_until(until, now)] if until is not None else []
    given += [_length(for_)] if for_ is not None else []
    return min(given, default=None)


def _until(text: str, now: datetime) -> float:
    try:
        clock = re.fullmatch(r"(\d{1,2}):(\d\d)", text, re.ASCII)
        if clock:
            then = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
            then += timedelta(days=then <= now)
        elif re.fullmatch(r"\d{4}-?\d\d-?\d\d", text, re.ASCII):
            raise ValueError("a day, and no moment of it")
        else:
            then = datetime.fromisoformat(text)
        left = then.timestamp() - now.timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--until {text!r} is no moment; give HH:MM or one like 2026-11-30T06:00") from error
    return _checked(left, f"--until {text}")


def _length(text: str) -> float:
    found = re.fullmatch(r"(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s)?", text.strip(), re.ASCII)
    if not found or not any(found.groups()):
        raise UsageError(f"--for {text!r} is no length of time; give one like 5h, 90m, 1h30m or 45s")
    seconds = sum(int(number or 0) * size for number, size in zip(found.groups(), _SECONDS, strict=True))
    return _checked(seconds, f"--for {text}")


def _checked(seconds: float, said: str) -> float:
    if seconds <= 0:
        raise UsageError(f"{said} leaves no time")
    if seconds > LONGEST_S:
        raise UsageError(f"{said} is more than a year away")
    return seconds
