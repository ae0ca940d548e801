"""The terminal under the drawing: its size, its foreground, its echo; tests/commands/test_terminal.py sees the rest."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator

import pytest

from claude_cli.terminal.tty import Echo, can_redraw, in_front, size


def resize(terminal: int, columns: int, rows: int) -> None:
    """Give a terminal its size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def shows_keys(terminal: int) -> bool:
    """Whether it echoes."""
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


@pytest.fixture
def terminal() -> Iterator[int]:
    """A terminal that does not tell its size."""
    outside, inside = pty.openpty()
    yield inside
    os.close(inside)
    os.close(outside)


@pytest.fixture
def pipe() -> Iterator[int]:
    """No terminal."""
    outside, inside = os.pipe()
    yield inside
    os.close(inside)
    os.close(outside)


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [({}, 80), ({"COLUMNS": "40"}, 40), ({"COLUMNS": "0"}, 80), ({"COLUMNS": "wide"}, 80), ({"COLUMNS": "-3"}, 80)],
    ids=str,
)
def test_the_width_of_what_has_none(pipe, terminal, environ, wanted):
    """A pipe, and a terminal that does not tell, are as wide as COLUMNS says, else 80."""
    assert size(pipe, environ) == size(terminal, environ) == (wanted, 24)


def test_the_size_is_the_terminals_own(terminal):
    """COLUMNS is what a shell exported before the window was resized."""
    for columns, rows in ((40, 10), (1, 1), (10_000, 3)):
        resize(terminal, columns, rows)
        assert size(terminal, {"COLUMNS": "77"}) == (columns, rows)
    resize(terminal, 0, 0)
    assert size(terminal, {}) == (80, 24)


def test_where_something_can_be_drawn_again(terminal, pipe):
    """On a terminal that knows escape sequences and tells its size: rows have to be counted."""
    assert not can_redraw(terminal, {"TERM": "xterm"})
    resize(terminal, 80, 24)
    assert can_redraw(terminal, {"TERM": "xterm"})
    assert not can_redraw(terminal, {"TERM": "dumb"})
    assert not can_redraw(pipe, {"TERM": "xterm"})


def test_echo_is_given_back_as_it_was(terminal):
    """Also when it was off before, and as often as one likes."""
    echo = Echo(terminal)
    echo.restore()
    assert shows_keys(terminal)
    for _ in range(2):
        echo.off()
        echo.off()
        assert not shows_keys(terminal)
        echo.restore()
        assert shows_keys(terminal)
    modes = termios.tcgetattr(terminal)
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, modes)
    echo.off()
    echo.restore()
    assert not shows_keys(terminal)


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
def test_what_is_typed_ahead_is_not_collected_in_lines(terminal, kept):
    """Lines have a length there, and what is longer is lost. The keys that make signals go on doing so."""
    before = termios.tcgetattr(terminal)
    echo = Echo(terminal, keeps_typed=kept)
    echo.off()
    during = termios.tcgetattr(terminal)[3]
    assert (not during & termios.ICANON, bool(during & termios.ISIG)) == (kept, True)
    echo.restore()
    assert termios.tcgetattr(terminal) == before


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "thrown away"])
def test_what_is_typed_ahead_is_kept_where_somebody_will_read_it(terminal, kept):
    """Ctrl-C throws it away as ever, but where the next prompt takes it; then the terminal is as it was."""
    before = termios.tcgetattr(terminal)
    echo = Echo(terminal, keeps_typed=kept)
    echo.off()
    assert bool(termios.tcgetattr(terminal)[3] & termios.NOFLSH) is kept
    echo.restore()
    assert termios.tcgetattr(terminal) == before
    before[3] |= termios.NOFLSH
    termios.tcsetattr(terminal, termios.TCSANOW, before)
    echo.off()
    echo.restore()
    assert termios.tcgetattr(terminal) == before


def test_what_is_no_terminal_has_neither_echo_nor_jobs(pipe):
    """Nothing fails, and nobody is in front of anybody."""
    Echo(pipe).off()
    assert in_front(pipe)
