"""Answers without a file: each is a line at once, and nothing is known of earlier runs."""

from __future__ import annotations

from collections.abc import Callable

from .index import Index, State
from .journal_line import encode_row
from .row import Result, Row, Spent
from .store import Resumed


class StreamStore:
    """Implements `Store`: what is put goes to `write`, a line each, in the order in which it comes."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        """Write with `write`, which raises `OutputError` or `BrokenPipeError` where it cannot."""
        self._write, self._index = write, Index()

    def add(self, row: Row) -> None:
        """Take note of a row; see `Store`."""
        self._index.add(row)

    def match(self) -> Resumed:
        """All rows are open."""
        return Resumed(open=self._index.counts().open)

    def is_open(self, row: Row) -> bool:
        """Whether `row` is to be asked; see `Store`."""
        return self._index.is_open(row)

    def shares(self, row: Row) -> bool:
        """Whether another open row begins like `row`."""
        return self._index.shares(row)

    def put(self, row: Row, result: Result) -> None:
        """Write the line of an answer."""
        self._write(encode_row(result) + b"\n")
        self._index.answered(row.number, State.FAILED if result.error else State.DONE, 0, 0)

    def note_spent(self, row: Row, spent: Spent) -> None:
        """No later run knows of this one."""

    def finish(self) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        """Give the index up."""
        self._index.close()
