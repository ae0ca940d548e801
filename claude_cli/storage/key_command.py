"""The key as a program prints it: `key_command`, for `pass`, `op`, `secret-tool` and their like."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from ..core.errors import AuthenticationError

LIMIT_S = 60.0
POLL_S = 0.02
"""Seconds between two looks at whether the program has ended, once its line is there."""
MAX_LINE = 8192
"""Bytes of output that are kept; the longest keys have a few hundred."""


def run_key_command(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    show_errors: bool = False,
    limit_s: float = LIMIT_S,
) -> str:
    """The first line that the program prints. No shell; it gets no standard input, which may hold the prompt.

    Args:
        words: the program and its arguments. Only the program is ever named: the rest may hold a secret.
        environ: what it runs in.
        show_errors: let its standard error through, for questions such as "touch your security key"; otherwise it is
            thrown away, never kept.
        limit_s: seconds until it is stopped.
    Raises:
        AuthenticationError: it cannot be run, fails, prints nothing, or takes too long.
    """
    name = words[0]
    try:
        process = subprocess.Popen(
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if show_errors else subprocess.DEVNULL,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its words hold a NUL"
        raise AuthenticationError(f"key_command cannot run {name}: {reason}", code="key_command") from error
    try:
        line, status = _first_line(process, time.monotonic() + limit_s)
    finally:
        with suppress(OSError, subprocess.TimeoutExpired):
            process.kill()  # does nothing to one that has ended
            process.wait(1.0)
    if status is None:
        raise AuthenticationError(f"key_command ({name}) did not end within {limit_s:g} s", code="key_command")
    if status:
        raise AuthenticationError(
            f"key_command ({name}) ended with status {status}; run it yourself to see why", code="key_command"
        )
    if not line.strip():
        raise AuthenticationError(f"key_command ({name}) printed no key in its first line", code="key_command")
    return line


def _first_line(process: subprocess.Popen[bytes], deadline: float) -> tuple[str, int | None]:
    """The line and the exit status; None for a program that has not ended in time."""
    assert process.stdout
    kept = b""
    with process.stdout as pipe:
        # What the program has started may go on, and hold the pipe: with the line there, its own end is enough.
        while b"\n" not in kept or process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return "", None
            if not select.select([pipe], [], [], min(left, POLL_S) if b"\n" in kept else left)[0]:
                continue
            piece = os.read(pipe.fileno(), 65_536)
            if not piece:
                break
            kept = (kept + piece)[:MAX_LINE]
    try:
        status = process.wait(max(deadline - time.monotonic(), 0.0))
    except subprocess.TimeoutExpired:
        return "", None
    return kept.partition(b"\n")[0].decode("utf-8", "replace"), status
