"""When a conversation outgrows its model's window: how that is noticed, and what is left out from then on. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from .conversation import Turn
from .errors import ClaudeError, RequestRejectedError

NEARLY_FULL = 0.8
"""The share of the window from which on a user is told how full it is."""
ROOM = 0.7
"""The share of the window that what is left of a conversation may take: the next answers need some, too."""
_TOO_LONG = re.compile(r"prompt is too long(?:\D*([\d,]+) tokens? > ([\d,]+))?", re.IGNORECASE)


class Overflow(NamedTuple):
    """A request that does not fit: its tokens, and how many its model takes; 0 for either: not known."""

    tokens: int = 0
    window: int = 0


def overflow_of(error: ClaudeError | None) -> Overflow | None:
    """What a provider's refusal of a prompt as too long says; None where `error` is another one."""
    found = _TOO_LONG.search(str(error)) if isinstance(error, RequestRejectedError) else None
    return Overflow(*(int((number or "0").replace(",", "")) for number in found.groups())) if found else None


def first_kept(turns: Sequence[Turn], weights: Sequence[int], most: int) -> int:
    """The position of the first of `turns` that is still sent: the oldest exchanges go, at least one, never the last.

    Args:
        turns: what has been sent so far.
        weights: tokens of each.
        most: tokens of what is left at most, where that can be had.
    Returns:
        0 where nothing can go: there is one exchange alone.
    """
    begins = [number for number, turn in enumerate(turns) if turn.role == "user" and _ended(turns, number)]
    left = [*accumulate(reversed(weights))][::-1]
    return next((begin for begin in begins[1:] if left[begin] <= most), begins[-1] if begins else 0)


def _ended(turns: Sequence[Turn], number: int) -> bool:
    """Whether an exchange ends before the turn with this number; what is asked twice in a row is one question."""
    return number == 0 or turns[number - 1].role == "assistant"
