"""Standard input: read where somebody means us to, left alone where not, and never waited for in silence."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core.errors import UsageError
from .console import STDIN, is_terminal

Kind = Literal["none", "terminal", "pipe", "file", "part-read file"]
MAX_BYTES = 32 * 1024 * 1024
"""The API takes no larger request."""
NOTICE_AFTER_S = 2.0


def kind_of(descriptor: int = STDIN) -> Kind:
    """What standard input is. A file somebody has read from already is the body of a `while read` loop."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return "none"
    if is_terminal(descriptor):
        return "terminal"
    if stat.S_ISREG(found.st_mode):
        return "part-read file" if os.lseek(descriptor, 0, os.SEEK_CUR) > 0 else "file"
    if stat.S_ISCHR(found.st_mode) and _is_null(found):
        return "none"
    return "none" if stat.S_ISDIR(found.st_mode) else "pipe"


def _is_null(found: os.stat_result) -> bool:
    try:
        return Path(os.devnull).stat().st_rdev == found.st_rdev
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class StdinReader:
    """Reads standard input to its end, by the rules of docs/reference.md.

    Attributes:
        wait_s: seconds to wait for a first byte where nobody sees the wait; 0: no limit.
        somebody_watches: any of the three streams is a terminal.
        note: prints a line on standard error.
        descriptor: read from here.
    """

    wait_s: float
    somebody_watches: bool
    note: Callable[[str], None]
    descriptor: int = STDIN

    def read(self, *, forced: bool = False) -> bytes:
        """All of it.

        Args:
            forced: asked for by `-`: waits without limit.
        Raises:
            UsageError: nothing came in time and nobody watches, or it is larger than the API takes.
        """
        pieces: list[bytes] = []
        size = 0
        self._await_first(forced=forced)
        while piece := os.read(self.descriptor, 1 << 20):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES:
                raise UsageError(f"standard input is larger than {MAX_BYTES:,} bytes, more than the API takes")
        return b"".join(pieces)

    def _await_first(self, *, forced: bool) -> None:
        if self._ready(NOTICE_AFTER_S if self.wait_s == 0 or forced else min(NOTICE_AFTER_S, self.wait_s)):
            return
        self.note("waiting for standard input to end (Ctrl-D); --no-stdin leaves it alone")
        if forced or self.somebody_watches or self.wait_s == 0:
            self._ready(None)
        elif not self._ready(max(self.wait_s - NOTICE_AFTER_S, 0)):
            raise UsageError(
                f"nothing came on standard input for {self.wait_s:g} s; close it (</dev/null) or say --no-stdin"
            )

    def _ready(self, seconds: float | None) -> bool:
        return bool(select.select([self.descriptor], [], [], seconds)[0])


def decode(data: bytes, name: str = "standard input") -> str:
    """`data` as text.

    Raises:
        UsageError: it is not UTF-8: probably an image or another binary file.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{name} is not UTF-8 text (byte {error.start:,}); send an image or a PDF with -a - instead"
        ) from error
