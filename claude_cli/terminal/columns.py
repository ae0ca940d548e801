"""Plain columns for lists, and lines that fit: by the cells that a terminal gives each character."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

GAP = 2


def columns(rows: Sequence[Sequence[str]], *, right: Collection[int] = (), width: int | None = None) -> list[str]:
    """The rows as lines, each column as wide as its widest cell.

    Args:
        rows: all of the same length; a header is a row like any other.
        right: numbers of the columns that are aligned at their right end, from 0.
        width: cells of the terminal; columns at the end that do not fit are left out, the first never. None: no limit,
            which is what a pipe has.
    """
    if not rows:
        return []
    widths = [max(cells(row[number]) for row in rows) for number in range(len(rows[0]))]
    shown = len(widths)
    while width is not None and shown > 1 and sum(widths[:shown]) + GAP * (shown - 1) > width:
        shown -= 1
    lines = []
    for row in rows:
        padded = [_padded(row[number], widths[number], right=number in right) for number in range(shown)]
        lines.append((" " * GAP).join(padded).rstrip())
    return lines


def wrapped(text: str, width: int | None, *, indent: int = 0) -> list[str]:
    """`text` as lines that fit a terminal of `width` cells, broken at blanks; None: as one, which is what a pipe has.

    Args:
        indent: blanks before the lines after the first, half of the width at most. A word that is wider than a line
            stays whole, as it may be copied.
    """
    if width is None:
        return [text]
    before, lines, line = " " * min(indent, width // 2), [], ""
    for word in re.findall(" *[^ ]+", text):
        if line.strip() and cells(line + word) > width:
            lines.append(line)
            line, word = before, word.lstrip()
        line += word
    return [*lines, line]


def cut(text: str, most: int, end: str = "…") -> str:
    """`text` in at most `most` cells; what is cut ends in `end`."""
    if cells(text) <= most:
        return text
    while text and cells(text) + len(end) > most:
        text = text[:-1]
    return text + end


def _padded(text: str, width: int, *, right: bool) -> str:
    blank = " " * (width - cells(text))
    return blank + text if right else text + blank


def cells(text: str) -> int:
    """How many cells of a terminal `text` takes."""
    if text.isascii():
        return len(text)  # without loading rich
    from rich.cells import cell_len

    return cell_len(text)
