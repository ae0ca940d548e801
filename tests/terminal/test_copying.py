"""Text onto the clipboard: the programs played by scripts on the PATH, the terminal by what it is sent."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.terminal.copying import MAX_BASE64_BYTES, copy, osc52

TEXT = "Zwölf Boxkämpfer\n\t$(rm -rf) `x` 日本語 🎈\n"
WAYLAND, X11 = {"WAYLAND_DISPLAY": "wayland-0"}, {"DISPLAY": ":0"}
WSL, SSH = {"WSL_DISTRO_NAME": "Debian"}, {"SSH_CONNECTION": "10.0.0.1 22 10.0.0.2 22"}
TMUX, STY = {"TMUX": "/tmp/tmux-0/default,1,0"}, {"STY": "1.pts-0.host"}
Install = Callable[..., dict[str, str]]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Puts programs on a PATH of their own: each keeps what it is given in a file of its name, then does its line."""

    def put(display: dict[str, str], **programs: str) -> dict[str, str]:
        for name, line in programs.items():
            path = tmp_path / name.replace("_", "-").replace("clip-exe", "clip.exe")
            path.write_text(
                f"#!{sys.executable} -IS\n"
                "import os, sys, time\n"
                f"open({str(path)!r} + '.got', 'wb').write(sys.stdin.buffer.read())\n"
                f"open({str(path)!r} + '.arguments', 'w').write(' '.join(sys.argv[1:]))\n"
                f"{line}\n"
            )
            path.chmod(0o755)
        return {"PATH": str(tmp_path), **display}

    return put


class Terminal:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.data = ""

    def __call__(self, text: str) -> None:
        self.data += text

    @property
    def copied(self) -> str:
        """What a terminal would have on its clipboard."""
        found = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", self.data)
        assert found, self.data
        return base64.b64decode(found[1]).decode()


@pytest.mark.parametrize(
    ("display", "program", "arguments", "platform"),
    [
        pytest.param(WAYLAND, "wl_copy", "--type text/plain;charset=utf-8", "linux", id="wayland"),
        pytest.param(X11, "xclip", "-selection clipboard -i", "linux", id="xclip"),
        pytest.param(X11, "xsel", "--clipboard --input", "linux", id="xsel"),
        pytest.param({}, "pbcopy", "", "darwin", id="macos"),
        pytest.param(TMUX, "tmux", "load-buffer -w -", "linux", id="tmux"),
        pytest.param(TMUX | SSH | X11, "tmux", "load-buffer -w -", "linux", id="tmux over ssh"),
    ],
)
def test_the_program_gets_the_text(install, tmp_path, display, program, arguments, platform):
    """As it is, whatever a shell would make of it."""
    name, terminal = program.replace("_", "-"), Terminal()
    assert copy(TEXT, install(display, **{program: ""}), terminal, platform=platform) == f"by {name}"
    assert (tmp_path / f"{name}.got").read_bytes() == TEXT.encode()
    assert (tmp_path / f"{name}.arguments").read_text() == arguments
    assert terminal.data == ""


def test_windows_gets_it_from_inside_wsl(install, tmp_path):
    """clip.exe takes bytes without a mark for those of the local code page."""
    assert copy(TEXT, install(WSL, clip_exe=""), None, platform="linux") == "by clip.exe"
    got = (tmp_path / "clip.exe.got").read_bytes()
    assert got[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert got.decode("utf-16") == TEXT


@pytest.mark.parametrize(
    ("environ", "programs"),
    [
        pytest.param(SSH | X11, ["xclip"], id="the display is another machine's"),
        pytest.param({"SSH_TTY": "/dev/pts/1"} | WAYLAND, ["wl_copy"], id="ssh by its terminal"),
        pytest.param({}, ["xclip", "wl_copy"], id="no display"),
        pytest.param(X11 | WAYLAND, [], id="no program"),
    ],
)
def test_else_the_terminal_is_asked(install, environ, programs):
    """Over ssh the clipboard of this machine is not the user's."""
    terminal = Terminal()
    how = copy(TEXT, install(environ, **dict.fromkeys(programs, "")), terminal, platform="linux")
    assert how == "by the terminal, OSC 52"
    assert terminal.copied == TEXT


def test_a_program_that_fails_leaves_it_to_the_next(install, tmp_path):
    """DISPLAY may name a display that has gone."""
    terminal = Terminal()
    environ = install(X11 | WAYLAND, wl_copy="sys.exit(1)", xclip="sys.exit(1)", xsel="")
    assert copy(TEXT, environ, terminal, platform="linux") == "by xsel"
    environ = install(X11, xsel="sys.exit(1)")
    assert copy(TEXT, environ, terminal, platform="linux") == "by the terminal, OSC 52"
    assert terminal.copied == TEXT


def test_a_program_that_hangs_is_given_up(install, tmp_path):
    """The compositor may be frozen; the chat is not."""
    environ, terminal = install(WAYLAND, wl_copy=""), Terminal()
    (tmp_path / "wl-copy").write_text(f"#!/bin/sh\necho $$ > {tmp_path / 'pid'}\nexec /bin/sleep 100\n")
    assert copy(TEXT, environ, terminal, platform="linux", wait_s=0.3) == "by the terminal, OSC 52"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_what_serves_the_clipboard_stays_and_holds_nothing_of_ours(install, tmp_path):
    """xclip goes on in the background: it outlives the chat, and no pipe behind it stays open with it."""
    os.mkfifo(tmp_path / "pid")
    serve = f"if os.fork(): os._exit(0)\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(100)"
    environ = install(X11, xclip=serve)
    program = (
        "import sys; from claude_cli.terminal.copying import copy\n"
        "print(copy('x', dict(a.split('=', 1) for a in sys.argv[1:]), None))"
    )
    words = [sys.executable, "-c", program, *(f"{name}={value}" for name, value in environ.items())]
    # Returns only when nobody has the pipe any more.
    done = subprocess.run(words, capture_output=True, timeout=20, check=True)
    assert done.stdout == b"by xclip\n"
    pid = int((tmp_path / "pid").read_text())
    assert os.getsid(pid) != os.getsid(0)
    os.kill(pid, signal.SIGKILL)


def test_nothing_at_all_is_said(install):
    with pytest.raises(UsageError) as caught:
        copy(TEXT, install({}), None, platform="linux")
    assert "/export writes a file" in str(caught.value)


# ------------------------------------------------------------------------------------------------ the sequence
def test_nothing_in_the_text_ends_the_sequence():
    """The answer is a model's, and may be hostile."""
    hostile = "\x07\x1b\\\x1b]52;c;!\x07\x9c\x1bPtmux;\x1b\x1b"
    sequence = osc52(hostile, {})
    assert re.fullmatch(r"\x1b\]52;c;[A-Za-z0-9+/=]*\x07", sequence)
    assert base64.b64decode(sequence[7:-1]).decode() == hostile


def test_half_a_character_is_no_failure():
    """A model's text may hold a lone surrogate."""
    assert base64.b64decode(osc52("a\ud800", {})[7:-1]) == b"a?"


def test_too_long_a_text_is_refused():
    """A terminal would throw it away, and nobody would know."""
    most = MAX_BASE64_BYTES // 4 * 3
    assert osc52("x" * most, {})
    with pytest.raises(UsageError) as caught:
        osc52("x" * (most + 1), {})
    assert "75,000 bytes at most" in str(caught.value)


def test_a_program_has_no_such_bound(install, tmp_path):
    environ = install(X11, xclip="")
    assert copy("x" * 3_000_000, environ, None, platform="linux") == "by xclip"
    assert (tmp_path / "xclip.got").stat().st_size == 3_000_000


def test_tmux_is_asked_in_both_ways():
    """Which of them works is a matter of its settings."""
    bare, wrapped = osc52(TEXT, {}), osc52(TEXT, TMUX)
    assert wrapped.startswith(bare)
    passed = wrapped.removeprefix(bare)
    assert passed.startswith("\x1bPtmux;") and passed.endswith("\x1b\\")
    assert passed[7:-2].replace("\x1b\x1b", "\x1b") == bare
    assert "\x1b" not in passed[7:-2].replace("\x1b\x1b", "")


def test_screen_gets_pieces_that_it_takes():
    """It cuts longer ones off."""
    bare, wrapped = osc52("x" * 5000, {}), osc52("x" * 5000, STY)
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", wrapped, re.DOTALL)
    assert "".join(pieces) == bare
    assert len(wrapped) == len(bare) + 4 * len(pieces)
    assert max(map(len, pieces)) <= 764
