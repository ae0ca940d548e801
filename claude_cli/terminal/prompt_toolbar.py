"""The line below the prompt: its parts, and what of them has room. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.harmless import one_line
from .columns import cells

GAP = " · "
LONGEST = 40
"""Characters of a title that are shown at most."""
SHORTEST = 12
"""Characters to which a long part is cut before another goes."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the line says.

    Attributes:
        text: may come from anywhere; it is made harmless here.
        keep: the part with the lowest goes first where there is no room.
    """

    text: str
    keep: int = 0


def standing(
    *,
    model: str,
    session: str,
    tokens: int,
    window: int | None,
    cached: float | None,
    spent_pico: int | None,
    left_pico: int | None,
    saved: bool,
) -> list[Part]:
    """The parts for how a chat stands; the arguments are those of `chat.session.Standing`."""
    from ..core.pricing import money

    share = f" ({100 * tokens / window:.0f} %)" if window else ""
    return [
        Part(model, 5),
        Part(session, 0),
        Part("" if saved else "(not saved)", 6),
        Part(f"{tokens:,} tokens{share}" if tokens else "", 3),
        Part(f"cache {100 * cached:.0f} %" if cached else "", 1),
        Part(money(spent_pico) if spent_pico else "", 4),
        Part("" if left_pico is None else f"{money(left_pico)} left", 2),
    ]


def fitted(parts: Sequence[Part], columns: int) -> str:
    """The parts in one line of fewer than `columns` cells, shortened and left out by what they are worth."""
    shown = [Part(one_line(part.text, LONGEST), part.keep) for part in parts if part.text.strip()]
    while shown:
        line = GAP.join(part.text for part in shown)
        over = cells(line) - (columns - 1)
        if over <= 0:
            return line
        least = min(shown, key=lambda part: part.keep)
        length = len(least.text) - 1
        if length >= (SHORTEST if len(shown) > 1 else 1):
            shown[shown.index(least)] = Part(one_line(least.text, length), least.keep)
        else:
            shown.remove(least)
    return ""
