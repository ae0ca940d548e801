"""Styled text in lines: its width in cells, wrapping at words, folding at cells, and its escape sequences.

Widths are rich's; wrapping is ours: CJK text has no blanks to wrap at, and a long address must stay in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len

Run = tuple[str, str]
"""Text, and the parameters of its SGR sequence: `("word", "1;36")`; "" is plain."""
Line = list[Run]
"""What stands on one line, without its end."""

TAB = 8

_WIDE = (
    "\u2e80-\u303e\u3041-\u312f\u31a0-\ua4cf\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\U00020000-\U0003fffd"
)
_OPENING, _CLOSING = "（「『【〈《〔｛", "、。，．：；？！）」』】〉》〕｝ー々"
_ATOM = re.compile(rf"\n|[ \t]+|[{_WIDE}]|[^ \t\n{_WIDE}]+")
_IS_WIDE = re.compile(f"[{_WIDE}]")


def cells(text: str) -> int:
    """The columns that `text` takes on a terminal."""
    return len(text) if text.isascii() else cell_len(text)


def line_cells(line: Line) -> int:
    """The columns that `line` takes on a terminal."""
    return sum(cells(text) for text, _ in line)


def wrap(runs: Iterable[Run], width: int, *, fold_words: bool = False) -> list[Line]:
    """`runs` as lines of at most `width` cells, broken at blanks and between ideographs; newlines in them stay.

    Args:
        fold_words: cut a word wider than a line. Otherwise it stands whole on a line of its own, and the terminal
            wraps it: selecting it, an address say, gives it back in one piece.
    """
    lines: list[Line] = [[]]
    used = 0
    blank: Run | None = None
    for word in _words(runs):
        kind = word[0][0]
        if kind == "\n":
            lines.append([])
            used, blank = 0, None
        elif kind[0] == " ":
            blank = word[0]
        else:
            for piece in fold(word, width) if fold_words else [word]:
                size = line_cells(piece)
                gap = len(blank[0]) if blank else 0
                if used and used + gap + size > width:
                    lines.append([])
                    used = 0
                elif used and blank:
                    lines[-1].append(blank)
                    used += gap
                lines[-1].extend(piece)
                used, blank = used + size, None
    return lines


def _words(runs: Iterable[Run]) -> Iterator[Line]:
    """What may not be broken, piece by piece; blanks and newlines are pieces of their own."""
    word: Line = []
    for text, style in runs:
        for atom in _ATOM.findall(text):
            blank = atom[0] in " \t\n"
            if word and (blank or _may_break(word[-1][0][-1], atom[0])):
                yield word
                word = []
            if blank:
                yield [(atom.replace("\t", " "), style)]
            else:
                word.append((atom, style))
    if word:
        yield word


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two characters that are no blanks."""
    if after in _CLOSING or before in _OPENING:
        return False
    return bool(_IS_WIDE.match(before) or _IS_WIDE.match(after))


def fold(line: Line, width: int) -> list[Line]:
    """`line` cut into pieces of at most `width` cells, wherever that is."""
    if line_cells(line) <= width:
        return [line]
    pieces: list[Line] = [[]]
    used = 0
    for text, style in line:
        start = 0
        for at, character in enumerate(text):
            # A variation selector can widen what it follows; where terminals differ, a row too short is the safe one.
            size = 1 if character == "\ufe0f" else cells(character)
            if used + size > width and used:
                pieces[-1].append((text[start:at], style))
                pieces.append([])
                start, used = at, 0
            used += size
        pieces[-1].append((text[start:], style))
    return pieces


def without_tabs(line: Line) -> Line:
    """`line` with blanks up to each tab stop, every eight columns."""
    found: Line = []
    for text, style in line:
        if "\t" in text:
            behind = line_cells(found) % TAB
            text = (" " * behind + text).expandtabs(TAB)[behind:]
        found.append((text, style))
    return found


def paint(line: Line, *, colour: bool) -> str:
    """`line` with its escape sequences, if `colour`, and without blanks at its end."""
    end = len("".join(text for text, _ in line).rstrip(" \t"))
    parts: list[str] = []
    style = ""
    for text, wanted in line:
        text = text[:end]
        end -= len(text)
        if not text:
            continue
        if colour and wanted != style:
            parts.append(("\x1b[0m" if style else "") + (f"\x1b[{wanted}m" if wanted else ""))
            style = wanted
        parts.append(text)
    return "".join(parts) + ("\x1b[0m" if style else "")
