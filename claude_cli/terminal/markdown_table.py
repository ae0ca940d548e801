"""Tables: fitted to the width, or one record a row where the columns do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from .markdown_inline import inline_runs
from .markdown_text import Line, line_cells, wrap

GAP = "  "
NARROWEST = 8
"""Cells; a table that would need narrower columns is shown as records."""

_HEADER = "1"
_RULE = "2"


def table_lines(rows: Sequence[Sequence[str]], aligns: Sequence[str], width: int, *, colour: bool) -> list[Line]:
    """A table of at most `width` cells; its first row is the header."""
    texts = [[inline_runs(cell, colour=colour) for cell in row] for row in rows]
    texts[0] = [[(text, _bold(style)) for text, style in cell] for cell in texts[0]]
    natural = [max(_natural(row[column]) for row in texts) for column in range(len(texts[0]))]
    widths = _fit(natural, width - len(GAP) * (len(natural) - 1))
    if widths is None:
        return _records(texts, width)
    lines = _row(texts[0], widths, aligns)
    lines.append(_joined([[("─" * size, _RULE)] for size in widths], widths, aligns))
    # Where cells take several lines, blank ones keep the rows apart.
    parts = [_row(row, widths, aligns) for row in texts[1:]]
    airy = any(len(part) > 1 for part in parts)
    for index, part in enumerate(parts):
        lines += [[], *part] if airy and index else part
    return lines


def _bold(style: str) -> str:
    return f"{_HEADER};{style}" if style else _HEADER


def _natural(cell: Line) -> int:
    """The cells that a text takes when only its own line breaks count."""
    return max(line_cells(line) for line in wrap(cell, 1_000_000))


def _fit(natural: Sequence[int], room: int) -> list[int] | None:
    """The widths of columns that share `room` cells: the widest give way first. None: they would be too narrow."""
    if sum(natural) <= room:
        return list(natural)
    left, cap = room, 0
    for index, size in enumerate(sorted(natural)):
        cap = left // (len(natural) - index)
        if size > cap:
            break
        left -= size
    return [min(size, cap) for size in natural] if cap >= NARROWEST else None


def _row(cells: Sequence[Line], widths: Sequence[int], aligns: Sequence[str]) -> list[Line]:
    """The lines of one row, each cell wrapped in its column."""
    columns = [wrap(cell, size, fold_words=True) for cell, size in zip(cells, widths, strict=True)]
    return [_joined(pieces, widths, aligns) for pieces in zip_longest(*columns, fillvalue=[])]


def _joined(pieces: Sequence[Line], widths: Sequence[int], aligns: Sequence[str]) -> Line:
    """Pieces of cells side by side."""
    line: Line = []
    for column, (piece, size, align) in enumerate(zip(pieces, widths, aligns, strict=True)):
        spare = max(size - line_cells(piece), 0)
        before = spare if align == "right" else spare // 2 if align == "center" else 0
        line += [(GAP if column else "", ""), (" " * before, ""), *piece, (" " * (spare - before), "")]
    return line


def _records(texts: Sequence[Sequence[Line]], width: int) -> list[Line]:
    """Each row as lines of "header: value", with a blank line between rows."""
    header = texts[0]
    lines: list[Line] = []
    for row in texts[1:] or [[[] for _ in header]]:
        if lines:
            lines.append([])
        for name, value in zip(header, row, strict=True):
            lines += wrap([*name, (": ", _HEADER), *value], width)
    return lines
