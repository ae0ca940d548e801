"""Where the rows of a batch come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from .row import Refused, Row


class Source(Protocol):
    """The rows of an input, which is read more than once: to check it, and then to ask."""

    name: str
    """What messages call it: `prompts.jsonl`, `standard input`."""

    def rows(self) -> Iterator[Row | Refused]:
        """All rows from the first, each as it is read; the input is never in memory as a whole.

        Raises:
            UsageError: it cannot be read, or nothing can be made of it as a whole.
        """
