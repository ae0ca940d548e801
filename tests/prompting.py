"""A prompt at a terminal of its own, without a chat around it. Run as a script this file is the program there."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

WAIT_S = 20.0


class Hosted:
    """A prompt under way: keys go in, the screen comes out, and what it has read."""

    def __init__(
        self, folder: Path, columns: int, rows: int, pipes: bool, how: dict[str, Any], environ: dict[str, str]
    ) -> None:
        from .screens import Screen

        self.screen, self.data, self.pid = Screen(columns, rows), b"", 0
        self._outside, self.terminal = pty.openpty()
        self.resize(columns, rows)
        ours, its = os.pipe()
        self._results, self._lines = ours, b""
        plain = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }
        nowhere = os.open(os.devnull, os.O_RDWR)
        inside = nowhere if pipes else self.terminal
        message = json.dumps([how, os.fspath(folder), plain | environ]).encode()
        socket.send_fds(_forks()[0], [message], [inside, inside, self.terminal, its])
        os.close(nowhere)
        os.close(its)
        self.pid = int(self._line())

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal its size, and tell who is at it."""
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(columns, rows)
        if self.pid:
            self.signal(signal.SIGWINCH)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def type(self, keys: str | bytes) -> None:
        """Press keys, or paste without brackets; what comes back meanwhile is taken in."""
        left = keys.encode() if isinstance(keys, str) else keys
        while left:
            self._take(0.0)
            if select.select([], [self._outside], [], WAIT_S)[1]:
                left = left[os.write(self._outside, left[:1024]) :]

    def paste(self, text: str | bytes) -> None:
        """Paste as terminals do that say so."""
        data = text.encode() if isinstance(text, str) else text
        self.type(b"\x1b[200~" + data + b"\x1b[201~")

    def until(self, seen: Callable[[], bool]) -> None:
        """Return when it is so."""
        end = time.monotonic() + WAIT_S
        while not seen():
            left = end - time.monotonic()
            assert left > 0 and self._take(left), "\n".join(self.screen.visible)

    def shows(self, *parts: str) -> None:
        """Return when all parts are on the screen."""
        self.until(lambda: all(part in "\n".join(self.screen.visible) for part in parts))

    def lacks(self, *parts: str) -> None:
        """Return when none of the parts is on the screen."""
        self.until(lambda: not any(part in "\n".join(self.screen.visible) for part in parts))

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing is drawn for so long."""
        return not self._take(seconds)

    def read(self) -> Any:
        """What the prompt has read next: its text and its blocks, or the name of what it raised."""
        return json.loads(self._line())

    def has_ended(self) -> bool:
        """Whether it is gone once everything it read has been taken."""
        return not self._line()

    def _line(self) -> bytes:
        """The next line of its results; nothing where it has ended."""
        end = time.monotonic() + WAIT_S
        while b"\n" not in self._lines:
            self._take(0.0)
            if select.select([self._results], [], [], 0.01)[0]:
                piece = os.read(self._results, 1 << 16)
                if not piece:
                    self.pid = 0
                    return b""
                self._lines += piece
            assert time.monotonic() < end, "\n".join(self.screen.lines)
        line, _, self._lines = self._lines.partition(b"\n")
        return line

    def text(self) -> str:
        """The text that is read next."""
        return str(self.read()["text"])

    def until_echo(self) -> None:
        """Return when the prompt has given the terminal back."""
        end = time.monotonic() + WAIT_S
        while not self.echo:
            assert time.monotonic() < end
            time.sleep(0.01)

    @property
    def echo(self) -> bool:
        """Whether the terminal shows keys itself, as it does when nobody draws on it."""
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def hang_up(self) -> None:
        """Take the terminal away."""
        for descriptor in (self._outside, self.terminal):
            os.close(descriptor)
        self._outside = self.terminal = -1

    def close(self) -> None:
        """End it."""
        if self.pid:
            self.signal(signal.SIGKILL)
        for descriptor in (self._outside, self.terminal, self._results):
            if descriptor >= 0:
                os.close(descriptor)

    def _take(self, seconds: float) -> bool:
        while self._outside >= 0 and select.select([self._outside], [], [], seconds)[0]:
            piece = os.read(self._outside, 1 << 16)
            self.data += piece
            self.screen.feed(piece)
            if seconds:
                return True
        return not seconds


@contextmanager
def hosted(
    folder: Path,
    columns: int = 80,
    rows: int = 24,
    environ: dict[str, str] | None = None,
    pipes: bool = False,
    **how: Any,
) -> Iterator[Hosted]:
    """A prompt in `folder`.

    Args:
        environ: variables of the program.
        pipes: standard input and output are something else than the terminal.
        how: what `_main` takes.
    """
    prompt = Hosted(folder, columns, rows, pipes, how, environ or {})
    try:
        prompt.shows("sonnet" if how.get("kind", "line") == "line" else ">")
        yield prompt
    finally:
        prompt.close()


@cache
def _forks() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """A process that has loaded everything and forks a prompt for each message, behind the socket it listens at."""
    ours, its = socket.socketpair()
    with its:
        environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parents[1])}
        command = [sys.executable, __file__, "fork", str(its.fileno())]
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, pass_fds=[its.fileno()])
    return ours, process


def _serve(control: socket.socket) -> None:
    """Fork for each message, until nobody is left to send one."""
    for name in ("prompt_line", "plain_prompt", "clipboard", "editor"):
        import_module(f"claude_cli.terminal.{name}")
    for name in ("attachments", "documents", "tokens", "pricing"):
        import_module(f"claude_cli.core.{name}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 4)
        if not message:
            return
        if not os.fork():
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            how, folder, environ = json.loads(message)
            *streams, results = descriptors
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environ)
            try:
                os.write(results, b"%d\n" % os.getpid())
                _main(results, **how)
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


def _main(
    results: int,
    kind: str = "line",
    history: str = "",
    text: str = "",
    pause: bool = False,
    nohup: bool = False,
    **how: Any,
) -> None:
    """Read until somebody leaves.

    Args:
        results: where each message is written to, as a line of JSON.
        kind: of prompt.
        history: the file's path.
        text: of the first draft.
        pause: after each message, wait for SIGUSR1, as for an answer.
        nohup: no signal comes when the terminal vanishes.
        how: for the prompt.
    """
    from claude_cli.terminal.chips import Attacher
    from claude_cli.terminal.draft import Draft
    from claude_cli.terminal.prompt import Choices
    from claude_cli.terminal.prompt_history import PromptHistory
    from claude_cli.terminal.prompt_toolbar import standing
    from claude_cli.terminal.signals import unwind_on_signals

    unwind_on_signals()
    if nohup:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with suppress(OSError):  # in a shell it is not ours to take
        fcntl.ioctl(2, termios.TIOCSCTTY, 0)  # the terminal's keys make signals for those it controls
    environ = dict(os.environ)
    attacher = Attacher(lambda: None, environ)
    prompt: Any
    if kind == "line":
        from claude_cli.terminal.prompt_line import LinePrompt

        choices = Choices(
            attacher,
            models=lambda: [("sonnet", "the middle one"), ("opus", "the large one")],
            sessions=lambda: [("Why the sky is blue", "yesterday")],
            settings=lambda: [("effort", "how hard it thinks"), ("max_tokens", "how long an answer may be")],
            toolbar=lambda: standing(
                model="sonnet", session="A \x1b[31mred title", tokens=24_000, window=200_000, cached=0.92,
                spent_pico=4 * 10**10, left_pico=96 * 10**10, saved=True,
            ),
        )  # fmt: skip
        prompt = LinePrompt(choices, PromptHistory(Path(history) if history else None), environ=environ, **how)
    else:
        from claude_cli.terminal.plain_prompt import PlainPrompt

        prompt = PlainPrompt(attacher)
    if pause:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    draft = Draft(text)
    try:
        while True:
            read = prompt.read(draft)
            draft = Draft()
            _tell(results, {"text": read.text, "blocks": list(read.content)})
            if pause:
                signal.sigwait([signal.SIGUSR1])
    except (EOFError, KeyboardInterrupt) as stop:
        _tell(results, type(stop).__name__)
    finally:
        prompt.close()


def _tell(results: int, what: Any) -> None:
    left = json.dumps(what).encode() + b"\n"
    while left:
        left = left[os.write(results, left) :]


if __name__ == "__main__" and sys.argv[1] == "fork":
    _serve(socket.socket(fileno=int(sys.argv[2])))
elif __name__ == "__main__":
    _main(int(sys.argv[2]), **json.loads(sys.argv[1]))
