"""The records of a CSV file, each with the line at which it begins. What its columns mean is `rows.py`'s.

A record that is no right one ends nothing: reading goes on with the line behind the one at which it began.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from ..core.errors import UsageError
from .rows_lines import MAX_LINE_BYTES, Line, text_in_bytes

MAX_RECORD_LINES = 100_000
"""Of one record: a quote that is never closed must not take the whole file into memory."""


class Record(NamedTuple):
    """A record: the `line` at which it begins, from 1, and its cells; or what is wrong with it."""

    line: int
    cells: list[str]
    wrong: str = ""


def records(lines: Iterator[Line], *, tabs: bool, most_lines: int = MAX_RECORD_LINES) -> Iterator[Record]:
    """The records that `lines` make; empty lines are none.

    Args:
        tabs: cells are divided by tabs; else by what divides those of the first line: commas, semicolons (as some
            spreadsheets write it) or tabs.
        most_lines: of one record.
    """
    feed = _Feed(lines, most_lines)
    delimiter = "\t" if tabs else feed.delimiter()
    csv.field_size_limit(MAX_LINE_BYTES)  # the module has one for the whole process
    reader = csv.reader(feed, strict=True, delimiter=delimiter)
    while True:
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, UsageError) as error:
            yield Record(feed.first, [], feed.rewind(error))
            reader = csv.reader(feed, strict=True, delimiter=delimiter)
            continue
        if wrong := feed.wrong():
            yield Record(feed.first, [], wrong)
        elif cells and (len(cells) > 1 or cells[0].strip()):
            yield Record(feed.first, cells)


class _Feed:
    """Lines as `csv` takes them, kept until their record has come to its end."""

    def __init__(self, lines: Iterator[Line], most_lines: int) -> None:
        self._lines, self._most_lines = lines, most_lines
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []
        self._size = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        self._size += len(line.data)
        if line.too_long or self._size > MAX_LINE_BYTES:
            raise UsageError(f"it is longer than {MAX_LINE_BYTES >> 20} MB, the most that is read of a row")
        if len(self._taken) > self._most_lines:
            raise UsageError(f"it has a quote that is not closed within {self._most_lines:,} lines")
        return line.data.decode("utf-8", "surrogateescape")

    @property
    def first(self) -> int:
        """The line at which the record begins."""
        return self._taken[0].number if self._taken else 0

    def begin(self) -> None:
        """A record begins."""
        self._taken, self._size = [], 0

    def wrong(self) -> str:
        """What makes the record no text; "" for nothing."""
        try:
            text_in_bytes(b"".join(line.data for line in self._taken))
        except UsageError as error:
            return str(error)
        return ""

    def rewind(self, error: Exception) -> str:
        """Give all lines but the first once more, and say what was wrong."""
        broken = isinstance(error, csv.Error)
        self._again.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]
        return f"it is not CSV ({error}): is a quote in it not closed or not doubled?" if broken else str(error)

    def delimiter(self) -> str:
        """What divides the cells of the first line."""
        line = next(self._lines, None)
        if line is None:
            return ","
        self._again.append(line)
        return max(",;\t", key=lambda sign: line.data.count(sign.encode()))
