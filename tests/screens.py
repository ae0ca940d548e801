"""A terminal as its user sees it: what scrolled away, what is on the screen, and where the cursor is."""

from __future__ import annotations

from collections.abc import Mapping

import pyte
from pyte.screens import Char

KEPT_LINES = 100_000


class Screen:
    """Takes what a program printed, byte by byte as a terminal does."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self._screen = pyte.HistoryScreen(columns, rows, history=KEPT_LINES, ratio=1.0)
        self._stream = pyte.ByteStream(self._screen)

    @classmethod
    def of(cls, data: bytes, columns: int = 80, rows: int = 24) -> Screen:
        """The screen after `data`."""
        screen = cls(columns, rows)
        screen.feed(data)
        return screen

    def feed(self, data: bytes) -> None:
        """Print."""
        self._stream.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        """Another size, without reflow, as most terminals without a scrollback of their own have it."""
        self._screen.resize(rows, columns)

    @property
    def scrollback(self) -> list[str]:
        """The lines that have scrolled away, without the blanks at their ends."""
        return [self._text(line) for line in self._screen.history.top]

    @property
    def visible(self) -> list[str]:
        """The lines on the screen, without the blanks at their ends."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def lines(self) -> list[str]:
        """All lines there are, without the empty ones below the last."""
        lines = [*self.scrollback, *self.visible]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor on the screen, from 0."""
        return self._screen.cursor.x, self._screen.cursor.y

    @property
    def cursor_row(self) -> int:
        """The cursor's row among `lines`, from 0."""
        return len(self._screen.history.top) + self._screen.cursor.y

    @property
    def cursor_shown(self) -> bool:
        """Whether the cursor can be seen."""
        return not self._screen.cursor.hidden

    def cell(self, column: int, row: int) -> Char:
        """A character on the screen with its style."""
        return self._screen.buffer[row][column]

    def _text(self, line: Mapping[int, Char]) -> str:
        return "".join(line[column].data for column in range(self._screen.columns)).rstrip()
