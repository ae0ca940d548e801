"""The two streams a command writes to: the answer to standard output, everything else to standard error.

Writes go straight to the file descriptors: what was printed is out at once, and an error of a write is met where it
happens, not at exit.
"""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from ..core.errors import OutputError
from ..core.harmless import harmless

STDIN, STDOUT, STDERR = 0, 1, 2


def is_terminal(descriptor: int) -> bool:
    """Whether `descriptor` is a terminal; a closed one is none."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, waiting where a non-blocking stream is full.

    Raises:
        BrokenPipeError: the reader has gone.
        OutputError: any other failure, such as a full disk.
    """
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = "it is closed" if error.errno == errno.EBADF else error.strerror
            raise OutputError(f"the answer cannot be written to standard output: {reason}") from error


@dataclass(frozen=True, slots=True)
class Console:
    """Standard output and standard error, as one command uses them.

    Attributes:
        out_is_terminal, err_is_terminal: whether a person watches.
        colour: whether standard error may be styled.
        quiet: errors only.
        verbose: how often -v was given.
    """

    out_is_terminal: bool
    err_is_terminal: bool
    colour: bool = False
    quiet: bool = False
    verbose: int = 0

    def check(self) -> None:
        """Refuse a closed standard output before anything is paid for, or its number goes to another file.

        Raises:
            OutputError: it is closed.
        """
        try:
            os.fstat(STDOUT)
        except OSError as error:
            raise OutputError("the answer cannot be written: standard output is closed") from error

    def answer(self, text: str) -> None:
        """Print part of the answer: as it is to a pipe or file, harmless to a terminal."""
        if self.out_is_terminal:
            text = harmless(text)
            write_all(STDOUT, text.encode(getattr(sys.stdout, "encoding", None) or "utf-8", "replace"))
        else:
            write_all(STDOUT, text.encode("utf-8", "replace"))

    def say(self, text: str, *, dim: bool = False, end: str = "\n") -> None:
        """Print to standard error; nobody there to read it is no failure."""
        text = harmless(text) if self.err_is_terminal else text
        if dim and self.colour:
            text = f"\x1b[2m{text}\x1b[0m"
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        try:
            write_all(STDERR, (text + end).encode(encoding, "backslashreplace"))
        except (OSError, OutputError):
            return

    def error(self, text: str) -> None:
        """Print an error: always, `-q` or not."""
        self.say(f"claude-cli: {text}")


def wants_colour(choice: str, environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether a stream may be styled: by flag, then NO_COLOR and FORCE_COLOR, then by what it is."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return terminal and environ.get("TERM") != "dumb"
