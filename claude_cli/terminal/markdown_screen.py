"""The rows under the last finished line that may still be redrawn.

Sequences used: carriage return, cursor up, erase to the end of the line, SGR; and around rows whose width terminals
do not agree about (emoji, joined characters) automatic wrapping off and on, so that a row always takes one row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .markdown_text import Line, fold, line_cells, paint, without_tabs


class LiveRows:
    """Prints finished lines above some rows that it can take back. The cursor stays at the end of the last row."""

    def __init__(self, write: Callable[[str], None], *, colour: bool) -> None:
        """Print with `write`; with styles, if `colour`."""
        self._write, self._colour = write, colour
        self._shown: list[str] = []
        self._widths: list[int] = []
        self.cropped = False
        """Whether only the last of the live rows are on the screen."""

    def disturbed(self, columns: int, rows: int) -> bool:
        """Whether a terminal of this size may show the rows otherwise than they were written.

        Some terminals wrap a row that has become too wide, others cut it off: nobody can know how far up it begins.
        """
        return len(self._shown) > rows or any(width > columns for width in self._widths)

    def show(self, finished: Sequence[Line], live: Sequence[Line], columns: int, rows: int) -> None:
        """Print `finished` for good, and under them the last `rows` rows of `live`, which may be taken back."""
        done = [paint(line, colour=self._colour) for line in finished]
        folded = [row for line in live for row in fold(without_tabs(line), columns)] if rows else []
        open_rows = folded[-rows:]
        self.cropped = len(open_rows) < len(folded)
        painted = [paint(row, colour=self._colour) for row in open_rows]
        same = self._unchanged([*done, *painted], keep_last=bool(painted))
        output = self._back_to(same)
        if not output and self._shown and (not painted or len(done) + len(painted) > same):
            output = "\n"
        output += "".join(f"{text}\n" for text in done[same:])
        output += _unwrapped("\n".join(painted[max(same - len(done), 0) :]))
        if output:
            self._write(output)
        self._shown, self._widths = painted, [line_cells(row) for row in open_rows]

    def _unchanged(self, wanted: Sequence[str], *, keep_last: bool) -> int:
        """How many rows may stay. The cursor has to end on the last one, so that is redrawn if rows below it go."""
        same = 0
        for ours, theirs in zip(self._shown, wanted, strict=False):
            if ours != theirs:
                break
            same += 1
        return same - 1 if keep_last and same == len(wanted) < len(self._shown) else same

    def clear(self) -> bool:
        """Take the rows off the screen; whether there were any."""
        shown = bool(self._shown)
        if shown:
            self._write(self._back_to(0))
        self._shown, self._widths = [], []
        return shown

    def leave(self) -> None:
        """Let the rows stand as they are."""
        if self._shown:
            self._write("\n")
        self._shown, self._widths = [], []

    def _back_to(self, row: int) -> str:
        """To the start of a row, with everything from there on erased; nothing for the row below the last."""
        up = len(self._shown) - 1 - row
        if up < 0:
            return ""
        # Row by row: erasing the rest of the screen at its top left corner makes tmux keep a copy in its history.
        return "\r\x1b[K" + "\x1b[A\x1b[K" * up


def _unwrapped(text: str) -> str:
    return text if text.isascii() or not text else f"\x1b[?7l{text}\x1b[?7h"
