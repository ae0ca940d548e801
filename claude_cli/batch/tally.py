"""The running count of a batch: what the progress shows while it runs, and what the report is made of."""

from __future__ import annotations

from .row import Result, Row
from .store import Resumed


class Tally:
    """Counts of one run; however many rows there are, it stays small."""

    def start(self, rows: int, resumed: Resumed) -> None:
        """The input has so many `rows`, of which `resumed` says what an earlier run left."""
        raise NotImplementedError

    def began(self, row: Row) -> None:
        """A row is under way."""
        raise NotImplementedError

    def ended(self, row: Row, result: Result | None) -> None:
        """A row is no longer under way; None: it was given up, and stays open."""
        raise NotImplementedError
