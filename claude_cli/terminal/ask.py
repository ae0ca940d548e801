"""Questions to the person at the terminal: a yes or no, and a secret that is not shown while it is typed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from .console import STDIN, Console, is_terminal

MAX_SECRET_BYTES = 65_536


def can_ask(console: Console) -> bool:
    """Whether a question would be seen, and could be answered."""
    return is_terminal(STDIN) and console.err_is_terminal


def confirm(console: Console, question: str, *, default: bool = False) -> bool:
    """Whether the person says yes; Enter alone means `default`, anything but a clear yes is a no."""
    console.say(f"{question} {'[Y/n]' if default else '[y/N]'} ", end="")
    answer = b""
    try:
        answer = os.read(STDIN, 1024)
    finally:
        if not answer.endswith(b"\n"):
            console.say("")  # for the Enter that did not come: Ctrl-C or Ctrl-D did
    said = answer.strip().lower()
    return said in (b"y", b"yes") or (default and not said)


def read_hidden(console: Console, prompt: str) -> str:
    """One line, typed or pasted unseen; "" when nothing is given. Ctrl-C leaves the terminal as it was."""
    try:
        with _without_echo():
            console.say(prompt, end="")  # not before: what is typed at it must be hidden already
            return os.read(STDIN, MAX_SECRET_BYTES).decode("utf-8", "replace").rstrip("\r\n")
    finally:
        console.say("")  # for the Enter that was not shown


def read_piped() -> str:
    """Standard input to its end, however long that takes; what is beyond any key's length is left unread."""
    pieces, size = [], 0
    while size < MAX_SECRET_BYTES and (piece := os.read(STDIN, MAX_SECRET_BYTES)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces).decode("utf-8", "replace")


@contextmanager
def _without_echo() -> Iterator[None]:
    """The terminal of standard input, not showing what is typed.

    Ctrl-Z is switched off meanwhile: the shell would bring the echo back, and the rest of the secret with it. What
    was pasted behind the first line is thrown away at the end, or the next program would read it, or the shell run it.
    """
    import termios

    before = termios.tcgetattr(STDIN)
    hidden = termios.tcgetattr(STDIN)
    hidden[3] &= ~termios.ECHO
    hidden[6][termios.VSUSP] = bytes([os.fpathconf(STDIN, "PC_VDISABLE")])
    termios.tcsetattr(STDIN, termios.TCSAFLUSH, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSAFLUSH, before)
