"""Running a program once and measuring it: wall time, CPU time, memory, bytes on its standard output."""

from __future__ import annotations

import fcntl
import os
import struct
import tempfile
import termios
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class ProgramFailed(Exception):
    """A measured program ended with another status than 0: its figure would mean nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program.

    Attributes:
        start_ns: CLOCK_MONOTONIC just before the program was started, in ns.
        wall_s: from there to its end, in seconds.
        cpu_s: user and system time of the process and its children, in seconds.
        rss_mb: the most resident memory it had, in units of 1,000,000 bytes.
        output_bytes: what it wrote to standard output.
    """

    start_ns: int
    wall_s: float
    cpu_s: float
    rss_mb: float
    output_bytes: int


def run(command: list[str], environment: dict[str, str], *, terminal: bool = False) -> Run:
    """Run `command` with its output into a pipe, or with both outputs on a `terminal` of 80x24, and no input.

    `os.posix_spawn`, because it copies nothing of this process: a fork's first pages would count as the child's memory.
    (The kernel still counts this runner's own size as a lower bound, about 20 MB: less than any program measured.)
    """
    reader, writer = open_terminal() if terminal else os.pipe()
    with tempfile.TemporaryFile() as errors:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writer, 1),
            (os.POSIX_SPAWN_DUP2, writer if terminal else errors.fileno(), 2),
            (os.POSIX_SPAWN_CLOSE, reader),
            (os.POSIX_SPAWN_CLOSE, writer),
        ]
        start_ns = time.monotonic_ns()
        process = os.posix_spawn(command[0], command, environment, file_actions=actions)
        os.close(writer)
        output_bytes = drain(reader)
        _, status, usage = os.wait4(process, 0)
        end_ns = time.monotonic_ns()
        if code := os.waitstatus_to_exitcode(status):
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()[-400:]
            raise ProgramFailed(f"{' '.join(command)}: status {code}: {said}")
    kilobytes = usage.ru_maxrss if os.uname().sysname == "Linux" else usage.ru_maxrss / 1024
    return Run(
        start_ns=start_ns,
        wall_s=(end_ns - start_ns) / 1e9,
        cpu_s=usage.ru_utime + usage.ru_stime,
        rss_mb=kilobytes * 1024 / 1e6,
        output_bytes=output_bytes,
    )


def open_terminal() -> tuple[int, int]:
    """A pseudo-terminal of 80x24: our end and the program's."""
    outside, inside = os.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    return outside, inside


def drain(reader: int) -> int:
    """Read a pipe or a terminal to its end and count."""
    total = 0
    with os.fdopen(reader, "rb", buffering=0) as pipe, suppress(OSError):  # how a terminal says that nobody is left
        while data := pipe.read(65536):
            total += len(data)
    return total


def environment(url: str, home: Path) -> dict[str, str]:
    """The same small environment for everybody; PYTHONDONTWRITEBYTECODE is left out, so bytecode is kept."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "bench",
    }
