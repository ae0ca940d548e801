"""The terminal that a prompt talks at, also where standard input and output are something else."""

from __future__ import annotations

import os
from contextlib import suppress

from ..core.errors import OutputError, UsageError
from .console import write_all
from .tty import open_terminal


class Tty:
    """A terminal as a file, for those who expect one; nobody there to see it is no failure."""

    encoding = "utf-8"

    def __init__(self) -> None:
        """Open it. Raises `UsageError`: there is none."""
        descriptor = open_terminal()
        if descriptor is None:
            raise UsageError("there is no terminal to talk at: --no-input takes messages from standard input")
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Its number."""
        return self._descriptor

    def isatty(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> None:
        """Print, at once."""
        with suppress(OSError, OutputError):
            write_all(self._descriptor, text.encode("utf-8", "replace"))

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Give it back; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
