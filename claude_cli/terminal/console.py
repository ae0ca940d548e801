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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core.errors import OutputError
from ..core.harmless import Sanitiser, harmless

if TYPE_CHECKING:
    from .live import Live

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


@dataclass(slots=True)
class Front:
    """What is drawn on the terminal at the moment and makes room for other lines; mostly nothing."""

    live: Live | None = None


@dataclass(frozen=True, slots=True)
class Console:
    """Standard output and standard error, as one command uses them.

    Attributes:
        out_is_terminal, err_is_terminal: whether a person watches.
        colour: whether standard error may be styled.
        quiet: errors only.
        verbose: how often -v was given; what is taken out of text for a terminal then leaves a mark.
        front: what has to make room for what is printed.
    """

    out_is_terminal: bool
    err_is_terminal: bool
    colour: bool = False
    quiet: bool = False
    verbose: int = 0
    front: Front = field(default_factory=Front, repr=False, compare=False)
    _streams: dict[int, Sanitiser] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        """Print part of the answer: as it is to a pipe or file, harmless to a terminal.

        A terminal sees the start of an escape sequence or of a line end only once it is clear what it is; a newline
        makes it so.
        """
        if self.front.live:
            self.front.live.finish()  # the wait is over
        if self.out_is_terminal:
            self.draw(self._stream(STDOUT).feed(text))
        else:
            write_all(STDOUT, text.encode("utf-8", "replace"))

    def draw(self, text: str) -> None:
        """Print what was made for a terminal, styles and all: any text of others in it is harmless already."""
        encoding = (getattr(sys.stdout, "encoding", None) if self.out_is_terminal else None) or "utf-8"
        write_all(STDOUT, text.encode(encoding, "replace"))

    def say(self, text: str, *, dim: bool = False, end: str = "\n") -> None:
        """Print to standard error, with `end=""` part of a longer text; nobody there to read it is no failure."""
        if self.err_is_terminal:
            stream = self._stream(STDERR)
            text = stream.close() + harmless(text, marks=bool(self.verbose)) if end else stream.feed(text)
        if dim and self.colour:
            text = f"\x1b[2m{text}\x1b[0m"
        data = (text + end).encode(self.err_encoding, "backslashreplace")
        live = self.front.live if self.err_is_terminal else None
        if live and live.say(data, whole=end.endswith("\n")):
            return
        try:
            write_all(STDERR, data)
        except (OSError, OutputError):
            return

    @property
    def err_encoding(self) -> str:
        """How standard error takes letters."""
        return getattr(sys.stderr, "encoding", None) or "utf-8"

    def line(self, text: str, *, dim: bool = False) -> None:
        """Print one line of our own: a file name or a server's word in it cannot add further ones."""
        self.say("claude-cli: " + " ".join(text.splitlines()), dim=dim)

    def error(self, text: str) -> None:
        """Print an error: always, `-q` or not."""
        self.line(text)

    def _stream(self, descriptor: int) -> Sanitiser:
        if descriptor not in self._streams:
            self._streams[descriptor] = Sanitiser(marks=bool(self.verbose))
        return self._streams[descriptor]


def wants_colour(choice: str, environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether a stream may be styled: by flag, then NO_COLOR and FORCE_COLOR, then by what it is."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return terminal and environ.get("TERM") != "dumb"
