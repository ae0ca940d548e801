"""A terminal as something to draw on: its size, whether it is ours at the moment, and the echo of its keys."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress

from .console import STDERR, STDIN, STDOUT, is_terminal

DEFAULT_SIZE = (80, 24)


def size(descriptor: int, environ: Mapping[str, str]) -> tuple[int, int]:
    """Columns and rows of the terminal as it is now; of what is none, or does not tell, `COLUMNS` or 80 wide."""
    with suppress(OSError):
        columns, rows = os.get_terminal_size(descriptor)
        if columns > 0 and rows > 0:
            return columns, rows
    wanted = environ.get("COLUMNS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) > 0 else DEFAULT_SIZE[0], DEFAULT_SIZE[1]


def can_redraw(descriptor: int, environ: Mapping[str, str]) -> bool:
    """Whether what stands on it can be drawn anew: a terminal that knows escape sequences and tells its size."""
    if environ.get("TERM") == "dumb" or not is_terminal(descriptor):
        return False
    with suppress(OSError):
        return min(os.get_terminal_size(descriptor)) > 0
    return False


def in_front(descriptor: int) -> bool:
    """Whether we are the job that its user looks at: one sent behind (`&`, `bg`) must not draw over the shell."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return True  # not the terminal whose jobs we are one of: nobody can send us behind


def open_terminal() -> int | None:
    """The terminal, open for reading and writing, also where standard input is something else; None: there is none."""
    for name in _terminal_names():
        with suppress(OSError):
            return os.open(name, os.O_RDWR | os.O_NOCTTY)
    return None


def _terminal_names() -> Iterator[str]:
    for descriptor in (STDIN, STDERR, STDOUT):
        with suppress(OSError):  # a container may have the terminal, but not its name
            if is_terminal(descriptor):
                yield os.ttyname(descriptor)
    yield "/dev/tty"


class Echo:
    """The echo of keys on a terminal. A key that shows up in a region under redraw would shift its rows for good."""

    def __init__(self, descriptor: int, *, keeps_typed: bool = False) -> None:
        """Nothing is changed yet.

        Args:
            descriptor: of the terminal.
            keeps_typed: a prompt of ours takes what is typed meanwhile, so Ctrl-C does not throw it away, and no line
                is cut, as terminals do at 4,095 bytes where they collect lines. Where a shell would take it, it is
                better gone.
        """
        self._descriptor, self._keeps_typed = descriptor, keeps_typed
        self._before: int | None = None  # the modes that are changed, as they were

    def off(self) -> None:
        """Keys no longer show; what is typed waits for whoever reads next, as ever."""
        import termios

        if self._before is None:
            on, off = (termios.NOFLSH, termios.ICANON) if self._keeps_typed else (0, 0)
            self._before = self._set(on, off | termios.ECHO)

    def restore(self) -> None:
        """Keys show again, if `off` hid them."""
        import termios

        if self._before is not None:
            ours = termios.ECHO | termios.NOFLSH | termios.ICANON
            if self._set(self._before & ours, ~self._before & ours) is not None:
                self._before = None

    def _set(self, on: int, off: int) -> int | None:
        """Change local modes; returns those from before. None: they cannot be changed now."""
        import termios

        if not in_front(self._descriptor):
            return None  # the system would stop us for trying
        with suppress(termios.error):
            modes = termios.tcgetattr(self._descriptor)
            before: int = modes[3]
            modes[3] = (before | on) & ~off
            termios.tcsetattr(self._descriptor, termios.TCSANOW, modes)
            return before
        return None
