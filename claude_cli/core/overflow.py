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
_WITH_ANSWER = re.compile(r"exceed context limit: (\d+) \+ (\d+) > (\d+)")
"""As models before 4.5 refuse a prompt together with its `max_tokens`."""


class Overflow(NamedTuple):
    """A request that does not fit.

    Attributes:
        tokens, window: it has, and its model takes; 0 for either: not known.
        at_least: nobody has counted, but so many there surely are.
    """

    tokens: int = 0
    window: int = 0
    at_least: bool = False


def overflow_of(error: ClaudeError | None) -> Overflow | None:
    """What a provider's refusal of a prompt as too long says; None where `error` is another one."""
    if not isinstance(error, RequestRejectedError):
        return None
    if found := _WITH_ANSWER.search(str(error)):
        tokens, answer, window = map(int, found.groups())
        return Overflow(tokens, max(0, window - answer))
    found = _TOO_LONG.search(str(error))
    if found is None:
        return None
    tokens, window = (int((number or "0").replace(",", "")) for number in found.groups())
    return Overflow(tokens, window)


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
