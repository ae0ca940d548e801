"""Where the answers of a batch go, and what is known there of earlier runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .row import Result, Row, Spent


@dataclass(frozen=True, slots=True)
class Resumed:
    """What an earlier run left for the rows of this one.

    Attributes:
        done, failed: rows that have their answer, or have failed for good.
        open: rows that are to be asked.
        changed: of those, rows whose id was asked something else.
        gone: answers for rows that the input no longer has.
        again: of the open ones, rows that have failed and are wanted anew.
        whole: nothing is to be asked, and OUT is there as this batch wrote it.
    """

    done: int = 0
    failed: int = 0
    open: int = 0
    changed: int = 0
    gone: int = 0
    again: int = 0
    whole: bool = False


class Store(Protocol):
    """What the parts of a batch see of it. One thread uses it: that of the event loop."""

    def add(self, row: Row) -> None:
        """Take note of a row of the input, before anything is sent.

        Raises:
            UsageError: another row has its id; names both lines. It is left out from then on, and not open.
            OutputError: the temporary disk is full.
        """

    def match(self) -> Resumed:
        """Compare all rows that were added with what an earlier run left; nothing of that is lost by it.

        Raises:
            UsageError: what is to be written cannot be, or is not as an earlier run has left it.
            OutputError: the disk is full.
        """

    def is_open(self, row: Row) -> bool:
        """Whether `row` is to be asked. Raises `UsageError`: it is not the row that was added: the input changed."""

    def shares(self, row: Row) -> bool:
        """Whether another row that is to be asked begins like `row`, so that both can use one prompt cache."""

    def put(self, row: Row, result: Result) -> None:
        """Keep an answer: from now on it survives the end of this process, however that comes.

        Raises:
            OutputError: it cannot be written; what was written before is whole.
        """

    def note_spent(self, row: Row, spent: Spent) -> None:
        """Keep what a row has cost that was given up, for the run that has it answered. Raises `OutputError`."""

    def finish(self) -> None:
        """All rows have their answers: OUT is made whole, under its name. Raises `OutputError`."""

    def close(self) -> None:
        """Everything that was put is on the disk, and the lock is given back; once more is harmless.

        Raises:
            OutputError: the disk did not take all of it.
        """
