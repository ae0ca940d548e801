"""Text onto the clipboard: by the desktop's own programs, else by the terminal (OSC 52), which also works over ssh.

Reading an image off the clipboard is `clipboard.py`'s. A terminal never says whether it has copied, or may; so what is
told is what was done.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..core.errors import UsageError

WAIT_S = 5.0
"""For each program: the one that owns the clipboard may have hung. clip.exe alone takes a second to start."""
MAX_BASE64_BYTES = 100_000
"""What a terminal is given at most: many throw away more (hterm and tmux's input buffer had about so many, 2026)."""
_SCREEN_PIECE_BYTES = 700
"""GNU screen passes on device strings of up to 768 bytes."""


@dataclass(frozen=True, slots=True)
class _Program:
    """A program that takes the text on its standard input.

    Attributes:
        command: how it is called.
        encoding: what it reads.
    """

    command: Sequence[str]
    encoding: str = "utf-8"


_WAYLAND = _Program(("wl-copy", "--type", "text/plain;charset=utf-8"))
_X11 = (_Program(("xclip", "-selection", "clipboard", "-i")), _Program(("xsel", "--clipboard", "--input")))
_MACOS = _Program(("pbcopy",))
_WINDOWS = _Program(("clip.exe",), "utf-16")  # with its byte order mark, or it takes the text for the local code page
_TMUX = _Program(("tmux", "load-buffer", "-w", "-"))
"""Since 3.2; it asks the terminal outside, which by default a program inside may not."""


def copy(
    text: str, environ: Mapping[str, str], emit: Callable[[str], None] | None, *, platform: str = sys.platform,
    wait_s: float = WAIT_S,
) -> str:  # fmt: skip
    """Put `text` on the clipboard; returns how: "by xclip", "by the terminal, OSC 52".

    Args:
        environ: says where programs are, which display is there, and whether the terminal is a remote one.
        emit: writes an escape sequence to the terminal; None: there is none that understands it.
        platform: as `sys.platform`.
        wait_s: how long each program may take, in seconds.
    Raises:
        UsageError: there is no way, or the text is too long for the terminal.
    """
    for program in _programs(environ, platform):
        if _run(program, text, environ, wait_s):
            return f"by {program.command[0]}"
    if emit is None:
        raise UsageError("there is no clipboard here: no program for it, and no terminal; /export writes a file")
    emit(osc52(text, environ))
    return "by the terminal, OSC 52"


def osc52(text: str, environ: Mapping[str, str]) -> str:
    """The sequence that asks a terminal to copy `text`, wrapped for the multiplexer that stands before it.

    The text is in base64, so nothing in it can end the sequence.

    Raises:
        UsageError: it is longer than terminals take.
    """
    data = b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if len(data) > MAX_BASE64_BYTES:
        most = MAX_BASE64_BYTES // 4 * 3
        raise UsageError(f"a terminal copies {most:,} bytes at most; /copy a part of it, or /export to a file")
    sequence = f"\x1b]52;c;{data}\x07"
    if environ.get("TMUX"):
        # tmux takes the bare sequence itself where its set-clipboard is on; where allow-passthrough is, it hands on
        # what is marked for the terminal outside, each escape doubled.
        return f"{sequence}\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\"
    if environ.get("STY"):
        pieces = range(0, len(sequence), _SCREEN_PIECE_BYTES)
        return "".join(f"\x1bP{sequence[at : at + _SCREEN_PIECE_BYTES]}\x1b\\" for at in pieces)
    return sequence


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the user sits at another machine, whose clipboard is not that of this one."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def _programs(environ: Mapping[str, str], platform: str) -> list[_Program]:
    """The programs that are there and reach the user's clipboard, the best first."""
    near = not is_remote(environ)
    candidates = (
        (near and platform == "darwin", _MACOS),
        (near and environ.get("WSL_DISTRO_NAME"), _WINDOWS),
        (near and environ.get("WAYLAND_DISPLAY"), _WAYLAND),
        *((near and environ.get("DISPLAY"), each) for each in _X11),
        (environ.get("TMUX"), _TMUX),
    )
    wanted = [program for there, program in candidates if there]
    return [program for program in wanted if shutil.which(program.command[0], path=environ.get("PATH"))]


def _run(program: _Program, text: str, environ: Mapping[str, str], wait_s: float) -> bool:
    """Whether `program` has taken the text. One that stays behind to serve it (xclip) leaves itself."""
    # None of our streams may stay with what serves the clipboard: a pipe after us would never see its end.
    try:
        with subprocess.Popen(
            program.command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:  # fmt: skip
            try:
                process.communicate(text.encode(program.encoding, "replace"), wait_s)
            except subprocess.TimeoutExpired:
                process.kill()
                return False
            return process.returncode == 0
    except OSError:
        return False
