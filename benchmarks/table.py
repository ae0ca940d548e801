"""Figures as a Markdown table: min, median and max of the rounds, the ratio of the medians, the target."""

from __future__ import annotations

from statistics import median

from .figures import Figure

HEAD = (
    "what",
    "claude-cli: min median max",
    "yardstick: min median max",
    "ratio of medians",
    "at most",
    "reached",
    "note",
)


def row(figure: Figure) -> tuple[str, ...]:
    """One line of the table; a ratio only where there is a yardstick."""
    ours = spread(figure.ours, figure.unit)
    if not compared(figure):
        reached = median(figure.ours) <= figure.target
        return figure.what, ours, "", "", f"{figure.target:g} {figure.unit}", yes(reached), figure.note
    if not figure.yardstick:
        return figure.what, ours, "left out", "", f"{figure.target:g} x", "", figure.note
    ratio = median(figure.ours) / median(figure.yardstick)
    theirs = spread(figure.yardstick, figure.unit)
    return figure.what, ours, theirs, f"{ratio:.2f} x", f"{figure.target:g} x", yes(ratio <= figure.target), figure.note


def compared(figure: Figure) -> bool:
    """Whether the figure's target is a ratio."""
    return "against" in figure.what


def spread(values: list[float], unit: str) -> str:
    """Minimum, median and maximum, with digits that fit the size."""
    digits = 0 if median(values) >= 100 else 1 if median(values) >= 10 else 2
    return " ".join(f"{value:.{digits}f}" for value in (min(values), median(values), max(values))) + f" {unit}"


def yes(reached: bool) -> str:
    """A word for the column; the table judges nothing further."""
    return "yes" if reached else "no"


def markdown(figures: list[Figure]) -> str:
    """The whole table."""
    lines = [HEAD, tuple("---" for _ in HEAD), *(row(figure) for figure in figures)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
