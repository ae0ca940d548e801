"""How long ago something was, in words."""

from __future__ import annotations


def ago(seconds: float) -> str:
    """`seconds` in the largest unit that fits: "3 days ago", "just now"."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        number = int(seconds // size)
        if number >= 1:
            return f"{number:,} {name}{'s' * (number > 1)} ago"
    return "just now"
