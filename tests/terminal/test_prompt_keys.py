"""The line editor's keys at a real terminal: keystrokes in, screens and messages out."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ..prompting import Hosted, hosted


@pytest.fixture
def prompt(tmp_path):
    """A prompt of 80 columns."""
    with hosted(tmp_path, history=str(tmp_path / "data" / "prompt_history")) as started:
        started.shows(">")
        yield started


@pytest.mark.parametrize("columns", [80, 40], ids=["80", "40"])
@pytest.mark.parametrize("editing_mode", ["emacs", "vi"])
def test_new_lines(tmp_path, columns, editing_mode):
    """Alt-Enter, Ctrl-J and a backslash begin a line, Enter sends all of them; what was sent stays to be read."""
    with hosted(tmp_path, columns, editing_mode=editing_mode) as prompt:
        for line, keys in enumerate(["one\x1b\r", "two\n", "three\\"]):
            prompt.type(keys)
            prompt.until(lambda line=line: prompt.screen.cursor[1] == min(line + 1, 2))
        prompt.shows("three\\")
        prompt.type("\r")
        prompt.lacks("\\")
        prompt.type("four")
        prompt.shows("> one", ". two", ". three", ". four")
        prompt.type("\r")
        assert prompt.text() == "one\ntwo\nthree\nfour"
        prompt.until(lambda: prompt.screen.lines[4:5] == [">"])
        assert prompt.screen.lines[:5] == ["> one", ". two", ". three", ". four", ">"]


def test_a_long_message_is_left_behind_whole(tmp_path):
    """Also where it is higher than the screen, of which an editor draws a part."""
    with hosted(tmp_path, rows=10) as prompt:
        prompt.paste("\n".join(f"line {number}" for number in range(40)))
        prompt.shows("line 39")
        prompt.type("\r")
        prompt.text()
        wanted = [f"line {number}" for number in range(40)]
        prompt.until(lambda: [line[2:] for line in prompt.screen.lines[:40]] == wanted)


def test_a_blank_message_is_not_sent(prompt):
    """Enter on nothing stays where it is."""
    prompt.type("  \r")
    prompt.until(lambda: prompt.screen.cursor == (4, 0))
    prompt.type("x\r")
    assert prompt.text() == "  x"


@pytest.mark.parametrize(
    ("pasted", "wanted"),
    [
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("a\x1b[31mred\x1b]0;title\x07 b\x1b", "ared b"),
        ("tab\there \u202eback", "tab\there back"),
        ("\x03\x04\x1a", ""),
        ("/exit\r/exit\r", "/exit\n/exit\n"),
    ],
    ids=["line ends", "escapes", "tab and bidi", "keys", "commands"],
)
def test_a_paste_is_one_message_and_harmless(prompt, pasted, wanted):
    """It never sends anything, and what a terminal must not see is not in it."""
    prompt.paste(pasted)
    prompt.type("!")
    prompt.shows("!")
    prompt.type("\r")
    assert prompt.text() == wanted + "!"


def test_a_burst_without_brackets_is_one_message(prompt):
    """What comes in one piece was not typed; nothing of it is sent before somebody presses Enter."""
    prompt.type("one\rtwo\rthree\r")
    prompt.shows("> one", ". two", ". three")
    prompt.type("\r")
    assert prompt.text() == "one\ntwo\nthree"


def test_a_paste_may_come_in_any_pieces(prompt):
    """The marks around it too."""
    for piece in ("\x1b[20", "0~one\n", "two\x1b[2", "01", "~", " and more", "\r"):
        prompt.type(piece)
        os.sched_yield()
    assert prompt.text() == "one\ntwo and more"


def test_keys_that_were_typed_ahead(tmp_path):
    """A line typed during an answer is sent as soon as that is over; several stand in the prompt, as one message."""
    with hosted(tmp_path, pause=True) as prompt:
        prompt.shows("sonnet")
        prompt.type("first\r")
        assert prompt.text() == "first"
        prompt.until_echo()
        prompt.type("second\r")
        prompt.shows("second")
        prompt.signal(signal.SIGUSR1)
        assert prompt.text() == "second"
        prompt.until_echo()
        prompt.type("a\rb\r")
        prompt.signal(signal.SIGUSR1)
        prompt.shows("> a", ". b", "sonnet")
        prompt.type("\r")
        assert prompt.text() == "a\nb"


def test_leaving(tmp_path):
    """Ctrl-C clears a text, which the history keeps; without one it says what leaves, and leaves at the second time."""
    with hosted(tmp_path) as prompt:
        prompt.type("a text")
        prompt.shows("a text")
        prompt.type("\x03")
        prompt.lacks("a text")
        prompt.type("\x1b[A")
        prompt.shows("> a text")
        prompt.type("\x03\x03")
        prompt.shows("Ctrl-C again or Ctrl-D leaves")
        prompt.type("x")
        prompt.lacks("Ctrl-C again")
        prompt.type("\x7f\x03")
        prompt.shows("Ctrl-C again or Ctrl-D leaves")
        prompt.type("\x03")
        assert prompt.read() == "EOFError"
        assert prompt.has_ended() and prompt.echo
        prompt.until(lambda: prompt.screen.lines == [])


def test_ctrl_d(prompt):
    """On a text it deletes; on nothing it leaves."""
    prompt.type("ab\x1b[D\x04")
    prompt.shows("> a")
    prompt.type("\x7f")
    prompt.lacks("> a")
    prompt.type("\x04")
    assert prompt.read() == "EOFError"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_signal_unwinds(prompt, number):
    """The handlers of the program raise; the terminal is as it was."""
    prompt.type("half a wo")
    prompt.shows("half a wo")
    assert not prompt.echo
    prompt.signal(number)
    assert prompt.read() == "Terminated"
    assert prompt.has_ended() and prompt.echo and prompt.screen.cursor_shown
    prompt.until(lambda: b"\x1b[?2004l" in prompt.data)


def test_a_sigint_from_elsewhere_is_a_ctrl_c(prompt):
    """It does not end the prompt in the middle of a word."""
    prompt.type("word")
    prompt.shows("word")
    prompt.signal(signal.SIGINT)
    prompt.lacks("word")


def test_clearing_and_resizing_the_screen(tmp_path):
    """The prompt is there once, at any width."""
    with hosted(tmp_path, text="a text of some length that is wider than the narrow screen") as prompt:
        prompt.shows("narrow screen", "left")
        prompt.resize(40, 12)
        prompt.shows("narrow screen", "$0.04")
        prompt.lacks("left")
        prompt.resize(80, 24)
        prompt.shows("left")
        prompt.type("\x0c")
        prompt.until(lambda: prompt.screen.lines[0].startswith("> a text") and "left" in prompt.screen.lines[-1])
        assert len(prompt.screen.lines) == 2


def _editor(folder: Path, script: str) -> dict[str, str]:
    file = folder / "editor"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return {"EDITOR": str(file), "PATH": os.environ["PATH"]}


@pytest.mark.parametrize(("editing_mode", "keys"), [("emacs", "\x18\x05"), ("vi", "\x1b")], ids=["emacs", "vi"])
def test_the_users_editor(tmp_path, editing_mode, keys):
    """Ctrl-X Ctrl-E, or v in vi's command mode; a failed one leaves the text as it was."""
    environ = _editor(tmp_path, 'echo more >>"$1"; [ ! -e "$HOME/broken" ]')
    with hosted(tmp_path, editing_mode=editing_mode, environ=environ, text="a\n") as prompt:
        prompt.shows("sonnet")
        _open(prompt, editing_mode, keys)
        prompt.shows("more")
        (tmp_path / "broken").touch()
        _open(prompt, editing_mode, keys)
        prompt.shows("status 1", "> a", ". more")
        prompt.type("\r")
        assert prompt.text() == "a\nmore"


def _open(prompt: Hosted, editing_mode: str, keys: str) -> None:
    if editing_mode == "vi":
        prompt.type(keys)
        prompt.type("v")
    else:
        prompt.type(keys)


def test_suspending(tmp_path):
    """Ctrl-Z gives the shell its terminal back, and fg the text."""
    import pexpect

    program = Path(__file__).parents[1] / "prompting.py"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(program.parents[1]), "TERM": "xterm", "PS1": "shell$ "}
    import sys

    with pexpect.spawn("sh", ["-im"], env=environ, cwd=str(tmp_path), timeout=20) as shell:
        shell.expect_exact("$ ")
        shell.sendline(f"{sys.executable} {program} '{{}}' 1")
        shell.expect_exact("sonnet")
        shell.send("kept text")
        shell.expect_exact("kept")
        shell.send("\x1a")
        shell.expect_exact("$ ")
        shell.sendline("echo shell-is-here; fg")
        shell.expect_exact("shell-is-here\r\n")
        shell.expect_exact("kept text")
        shell.send("!\r")
        shell.expect_exact('"text": "kept text!"')
        shell.send("\x04")
        shell.expect_exact("EOFError")
