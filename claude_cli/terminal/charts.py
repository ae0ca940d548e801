"""Bars beside the lines of a table, in eighths of a cell, or in ASCII where a terminal knows no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .columns import GAP, cells

LEAST_BAR, MOST_BAR = 4, 40
"""Cells: a narrower bar says nothing, a wider one nothing more."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL, _ASCII = "█", "#"
_COLOUR, _PLAIN = "\x1b[36m", "\x1b[0m"


def draws_blocks(environ: Mapping[str, str], encoding: str) -> bool:
    """Whether a terminal may be given block characters: neither it nor the locale nor its encoding is a plain one."""
    locale = environ.get("LC_ALL") or environ.get("LANG") or ""
    if environ.get("TERM") == "dumb" or locale in ("C", "POSIX"):
        return False
    try:
        (_EIGHTHS + _FULL).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def bars(values: Sequence[int], width: int, *, blocks: bool) -> list[str]:
    """A bar for each of `values`, none negative: the largest takes `width` cells, and all but 0 are seen."""
    most = max(values, default=0)
    return [_bar(value, most, width, blocks=blocks) if value else "" for value in values]


def _bar(value: int, most: int, width: int, *, blocks: bool) -> str:
    if not blocks:
        return _ASCII * max(1, (2 * value * width + most) // (2 * most))  # to the nearest, in integers
    full, rest = divmod(max(1, (16 * value * width + most) // (2 * most)), 8)
    return (_FULL * full + _EIGHTHS[rest]).rstrip()


def gauge(share: float, width: int, *, blocks: bool) -> str:
    """A bar of `width` cells of which `share` (0 to 1) is done; it is full only where all is."""
    halves = int(2 * width * min(max(share, 0.0), 1.0))
    if not blocks:
        return (_ASCII * (halves // 2)).ljust(width, ".")
    return ("━" * (halves // 2) + "╸" * (halves % 2)).ljust(width, "─")


def beside(lines: Sequence[str], values: Sequence[int], width: int, *, blocks: bool, colour: bool) -> list[str]:
    """The lines of a table, each with the bar of its value in what they leave of `width` cells, if that is enough."""
    used = max(map(cells, lines), default=0) + GAP
    space = min(MOST_BAR, width - used)
    if space < LEAST_BAR or not any(values):
        return list(lines)
    drawn = bars(values, space, blocks=blocks)
    before, after = (_COLOUR, _PLAIN) if colour else ("", "")
    return [
        line + " " * (used - cells(line)) + before + bar + after if bar else line
        for line, bar in zip(lines, drawn, strict=True)
    ]
