"""Runs of the program that are forked off a process which has loaded it already: many times as soon.

Nothing but the loading is shared: a run has its own environment, folder and streams, gets signals, and ends like any
other. What is loaded when, and what another locale makes of it, shows only in a process started anew: see `Program`.
Run as a script this file is that process.
"""

from __future__ import annotations

import fcntl
import json
import os
import pkgutil
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn

_BESIDES = ("asyncio", "httpx", "markdown_it", "prompt_toolkit.application", "rich.console", "sqlite3", "typer.main")
_NUMBER = struct.Struct("=i")


class Fork:
    """One run: what the tests need of `subprocess.Popen`."""

    def __init__(self, report: int, stdin: IO[bytes] | None) -> None:
        self.stdin, self._report = stdin, report
        self.pid: int = _NUMBER.unpack(os.read(report, _NUMBER.size))[0]
        self._status: int | None = None

    def wait(self, timeout: float = 20.0) -> int:
        """Its exit status once it has ended, or less the number of the signal that ended it."""
        if self._status is None:
            if not select.select([self._report], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("claude-cli", timeout)
            (self._status,) = _NUMBER.unpack(os.read(self._report, _NUMBER.size))
            os.close(self._report)
        return self._status

    def poll(self) -> int | None:
        """The same, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """As `Popen` does: nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forks:
    """The process that forks."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._control, other = socket.socketpair()
        with other:
            command = [sys.executable, __file__, str(other.fileno())]
            self._process = subprocess.Popen(
                command, env=environ, stdin=subprocess.DEVNULL, pass_fds=[other.fileno()], start_new_session=True
            )

    def start(
        self, words: Sequence[str], stdin: Any, targets: Sequence[Any], cwd: Path, env: Mapping[str, str],
        *, own_terminal: bool = False,
    ) -> Fork:  # fmt: skip
        """Run `words`; the streams are as `Popen` takes them, PIPE and DEVNULL for `stdin` alone.

        Args:
            own_terminal: standard output is the terminal whose keys send signals to it.
        """
        with ExitStack() as stack:
            pipe: IO[bytes] | None = None
            if stdin == subprocess.PIPE:
                reading, writing = os.pipe()
                stdin, pipe = stack.enter_context(os.fdopen(reading, "rb")), os.fdopen(writing, "wb")
            elif stdin == subprocess.DEVNULL:
                stdin = stack.enter_context(open(os.devnull, "rb"))
            ours, its = os.pipe()
            stack.callback(os.close, its)
            streams = [each if isinstance(each, int) else each.fileno() for each in (stdin, *targets)]
            message = json.dumps([words, os.fspath(cwd), dict(env), own_terminal]).encode()
            socket.send_fds(self._control, [len(message).to_bytes(4, "big")], [*streams, its])
            self._control.sendall(message)
            return Fork(ours, pipe)

    def close(self) -> None:
        self._control.close()
        self._process.wait(20)


def _serve(control: socket.socket) -> None:
    """Fork for each message, until nobody is left to send one."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who watch
    while True:
        size, descriptors, _, _ = socket.recv_fds(control, 4, 4)
        if not size:
            return
        message = control.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
        if not os.fork():
            control.close()
            _watch(*json.loads(message), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _watch(words: list[str], cwd: str, environ: dict[str, str], own_terminal: bool, descriptors: list[int]) -> NoReturn:
    """Say which process runs, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, report = descriptors
    pid = os.fork()
    if not pid:
        os.close(report)
        if own_terminal:
            control(streams[1])
        _run(words, cwd, environ, streams)
    for stream in streams:
        os.close(stream)
    os.write(report, _NUMBER.pack(pid))
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):
        os.write(report, _NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def control(terminal: int) -> None:
    """Make `terminal` the one that this process runs in, as its own session's."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def _run(words: list[str], cwd: str, environ: dict[str, str], streams: list[int]) -> NoReturn:
    """Be `python -m claude_cli WORDS`."""
    from claude_cli import __main__

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv, sys.path[0] = [__main__.__file__, *words], cwd
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())
    try:
        __main__.run()
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def _load() -> None:
    """All modules of ours, and what they load late."""
    import claude_cli

    for module in pkgutil.walk_packages(claude_cli.__path__, "claude_cli."):
        import_module(module.name)
    for name in _BESIDES:
        import_module(name)


if __name__ == "__main__":
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
