"""The real program as a process of its own, with real pipes, files and terminals, beside a simulator."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

from claude_cli.simulator import BackgroundSimulator

from ..forks import Fork, Forks, control
from .serving import serve as serve

CANARY = "sk-ant-api03-CANARYcanaryCANARYcanary"
"""The key of every run: it is in nothing that the program ever prints or writes."""
WAIT_S = 20.0
_INTERPRETER = ("PYTHON", "LANG", "LC_")
"""How the variables begin that say how the interpreter itself starts."""


@dataclass
class Reader:
    """Collects what comes out of one stream, in a thread, until its end."""

    descriptor: int
    data: bytes = b""
    _more: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None
    _over: bool = False

    def start(self) -> Reader:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def _run(self) -> None:
        piece = b"first"
        while piece:
            try:
                piece = os.read(self.descriptor, 65_536)
            except OSError:  # how a pseudo-terminal says that nobody is left
                piece = b""
            with self._more:
                self.data += piece
                self._over = not piece
                self._more.notify_all()
        os.close(self.descriptor)

    def wait_for(self, part: bytes) -> None:
        """Return when `part` has come."""
        self.wait_until(lambda data: part in data)

    def wait_until(self, seen: Callable[[bytes], bool]) -> None:
        """Return when what has come is as `seen` wants it."""
        with self._more:
            self._more.wait_for(lambda: self._over or seen(self.data), WAIT_S)
            assert seen(self.data), self.data

    def whole(self) -> bytes:
        """Everything, once the stream has ended."""
        assert self._thread is not None
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive(), "the stream stayed open"
        return self.data


@dataclass
class Done:
    """How a run ended: its exit status, what it printed, and whether its terminal, if it had one, shows keys again."""

    status: int
    out_bytes: bytes
    err_bytes: bytes
    echo: bool = True

    @property
    def out(self) -> str:
        return self.out_bytes.decode()

    @property
    def err(self) -> str:
        return self.err_bytes.decode()

    @property
    def lines(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1 and self.out.endswith("\n"), self.out
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def jsonl(self) -> list[dict[str, Any]]:
        """The objects on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    def failed(self, status: int, *words: str) -> str:
        """Check that it ended with `status` and one line on standard error that holds `words`; returns the line."""
        assert (self.status, len(self.lines)) == (status, 1), (self.status, self.err)
        line = self.lines[0]
        assert line.startswith("claude-cli: ") and "Traceback" not in line
        for word in words:
            assert word in line, line
        return line


class Running:
    """A run under way."""

    def __init__(
        self,
        process: subprocess.Popen[bytes] | Fork,
        out: Reader,
        err: Reader,
        keyboard: int | None,
        terminal: int | None,
    ) -> None:
        self.process, self.out, self.err = process, out, err
        self._keyboard, self._terminal = keyboard, terminal

    def type(self, text: bytes) -> None:
        """Give `text` to its standard input: a pipe or a terminal."""
        if self._keyboard is not None:
            os.write(self._keyboard, text)
        else:
            assert self.process.stdin
            self.process.stdin.write(text)
            self.process.stdin.flush()

    def press(self, keys: bytes) -> None:
        """Press keys on its terminal (`tty`), whoever reads them."""
        assert self._terminal is not None
        os.write(self._terminal, keys)

    def resize(self, columns: int, rows: int) -> None:
        """Give its terminal (`tty`) another size."""
        assert self._terminal is not None
        set_size(self._terminal, columns, rows)

    @property
    def echo(self) -> bool:
        """Whether its terminal shows keys; True where it has none."""
        return self._terminal is None or bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self) -> Done:
        """Wait for the end; the key must be in neither stream."""
        try:
            ended = self.process.wait(WAIT_S)
            status = ended if ended >= 0 else 128 - ended  # as shells report a program that died of a signal
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            if self.process.stdin:
                with suppress(OSError):
                    self.process.stdin.close()
            if self._keyboard is not None:
                os.close(self._keyboard)
            echo = self.echo
            if self._terminal is not None:
                os.close(self._terminal)
        done = Done(status, self.out.whole(), self.err.whole(), echo)
        assert b"CANARY" not in done.out_bytes + done.err_bytes
        return done


class Program:
    """Starts `claude-cli` in an environment that holds nothing of the tester's own.

    With `forks` the runs are forked, but for those whose interpreter is told something by a variable or a shell.
    """

    def __init__(self, folder: Path, forks: Forks | None = None) -> None:
        self.folder, self.home, self.forks = folder, folder / "home", forks
        self.home.mkdir()
        for told in ("usage", "history"):  # somebody who is not new: the first answer ever says two lines more
            (self.home / f"told-{told}").touch()
        self.url = "http://127.0.0.1:9"
        self.started: list[subprocess.Popen[bytes] | Fork] = []

    def environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        plain: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "CLAUDE_CLI_HOME": str(self.home),
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": CANARY,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        return {name: value for name, value in {**plain, **changes}.items() if value is not None}

    def start(
        self,
        *words: str,
        stdin: bytes | str | IO[bytes] | int = subprocess.DEVNULL,
        out: str | IO[bytes] | int = "pipe",
        err: str | IO[bytes] = "pipe",
        tty: tuple[int, int] | None = None,
        shell: str = "",
        **env: str | None,
    ) -> Running:
        """Start it.

        Args:
            stdin: bytes for a pipe that ends, "idle" for one that nobody writes to, "terminal", or a file.
            out, err: "pipe", "terminal", or a file.
            tty: one terminal of so many columns and rows in place of both; what both print is in `out`. With `stdin`
                "tty" it is standard input, too, and keys such as Ctrl-C send their signals.
            shell: a `sh` line around the program, which is "$@" in it.
            env: variables to set, or with None to leave out.
        """
        command = [sys.executable, "-m", "claude_cli", *words]
        if shell:
            command = ["sh", "-c", shell, "sh", *command]
        inside: list[int] = []
        keyboard, given = self._input(stdin, inside)
        readers, targets = zip(*(self._output(kind, inside) for kind in (out, err)), strict=True)
        own: int | None = None
        if tty:
            outside, terminal = pty.openpty()
            set_size(terminal, *tty)
            own = os.dup(outside)
            inside.append(terminal)
            readers, targets = (Reader(outside), readers[1]), (terminal, terminal)
        at_terminal = stdin == "tty"
        if at_terminal:
            given = targets[0]
        environ = self.environment(env)
        process: subprocess.Popen[bytes] | Fork
        if self.forks and not shell and not any(name.startswith(_INTERPRETER) for name in env):
            process = self.forks.start(words, given, targets, self.folder, environ, own_terminal=at_terminal)
        else:
            process = subprocess.Popen(
                command, stdin=given, stdout=targets[0], stderr=targets[1], cwd=self.folder, env=environ,
                preexec_fn=(lambda: control(1)) if at_terminal else None,
            )  # fmt: skip
        self.started.append(process)
        for descriptor in inside:
            os.close(descriptor)
        running = Running(process, *(reader.start() for reader in readers), keyboard, own)
        if isinstance(stdin, bytes):
            assert process.stdin
            threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True).start()
        return running

    def __call__(self, *words: str, **how: Any) -> Done:
        """Run it to its end; see `start`."""
        return self.start(*words, **how).wait()

    def _input(self, stdin: Any, inside: list[int]) -> tuple[int | None, Any]:
        if stdin == "terminal":
            keyboard, terminal = pty.openpty()
            inside.append(terminal)
            return keyboard, terminal
        return None, subprocess.PIPE if isinstance(stdin, bytes) or stdin == "idle" else stdin

    def _output(self, kind: Any, inside: list[int]) -> tuple[Reader, Any]:
        if kind == "terminal":
            outside, terminal = pty.openpty()
            tty.setraw(terminal)
            inside.append(terminal)
            return Reader(outside), terminal
        outside, end = os.pipe()
        inside.append(end)
        return Reader(outside), end if kind == "pipe" else kind


def set_size(terminal: int, columns: int, rows: int) -> None:
    """Give a terminal its size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _feed(stream: IO[bytes], data: bytes) -> None:
    with suppress(OSError):
        stream.write(data)
        stream.close()


@pytest.fixture(scope="session")
def forks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks | None]:
    """What runs are forked off; None where each has to be a process started anew."""
    if request.config.getoption("--anew"):
        yield None
        return
    forks = Forks(Program(tmp_path_factory.mktemp("forks")).environment({}))
    yield forks
    forks.close()


@pytest.fixture
def claude(tmp_path: Path, forks: Forks | None) -> Iterator[Program]:
    """The program, with nobody at the base URL until a simulator is started."""
    program = Program(tmp_path, forks)
    yield program
    for process in program.started:
        if process.poll() is None:  # the test failed
            process.kill()
            process.wait()


@pytest.fixture
def simulate(claude: Program) -> Iterator[Callable[..., BackgroundSimulator]]:
    """Starts simulators with the steps of a script; the program asks the newest."""
    with ExitStack() as stack:

        def start(*steps: Mapping[str, Any], **options: Any) -> BackgroundSimulator:
            running = stack.enter_context(BackgroundSimulator(script=list(steps), **options))
            claude.url = running.url
            return running

        yield start


@pytest.fixture
def simulator(simulate: Callable[..., BackgroundSimulator]) -> BackgroundSimulator:
    """A simulator without a script."""
    return simulate()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits until something is so."""

    def wait(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)

    return wait
