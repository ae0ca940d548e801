"""Standard input: read where somebody means us to, left alone where not, and never waited for in silence."""

from __future__ import annotations

import os
import select
import stat
import time
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
        limited = not (forced or self.somebody_watches or self.wait_s == 0)
        start, noted = time.monotonic(), False
        while True:
            waited = time.monotonic() - start
            if not noted and waited >= NOTICE_AFTER_S:
                noted = True
                self.note("waiting for standard input to end (Ctrl-D); --no-stdin leaves it alone")
            patience = self.wait_s - waited if limited and not pieces else None
            if patience is not None and patience <= 0:
                raise UsageError(
                    f"nothing came on standard input for {self.wait_s:g} s; close it (</dev/null) or say --no-stdin"
                )
            if not self._ready(_least(patience, None if noted else NOTICE_AFTER_S - waited)):
                continue
            piece = self._read_piece()
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES:
                raise UsageError(f"standard input is larger than {MAX_BYTES:,} bytes, more than the API takes")

    def _ready(self, seconds: float | None) -> bool:
        return bool(select.select([self.descriptor], [], [], seconds)[0])

    def _read_piece(self) -> bytes:
        try:
            return os.read(self.descriptor, 1 << 20)
        except OSError as error:
            raise UsageError(f"standard input cannot be read: {error.strerror}; --no-stdin leaves it alone") from error


def _least(*seconds: float | None) -> float | None:
    """The shortest of some waits; None is one without end."""
    return min((each for each in seconds if each is not None), default=None)


def decode(data: bytes, name: str = "standard input") -> str:
    """`data` as text.

    Raises:
        UsageError: it is not UTF-8: probably an image or another binary file.
    """
    try:
        text = data.decode("utf-8-sig")
        at = text.find("\0")
    except UnicodeDecodeError as error:
        text, at = "", error.start
    if at >= 0:
        raise UsageError(f"{name} is not UTF-8 text (at {at:,}); an image or a PDF goes by -a -")
    return text
