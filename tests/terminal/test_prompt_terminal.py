"""Where the prompt talks and how it looks: pipes around it, plain terminals, colours, a terminal that vanishes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.core.messages import document_block
from claude_cli.terminal.chips import Attacher
from claude_cli.terminal.draft import Chip, Draft
from claude_cli.terminal.plain_prompt import PipedPrompt, behind_command
from claude_cli.terminal.prompt_toolbar import Part, fitted, standing

from ..prompting import hosted

FULL = standing(
    model="sonnet", session="Why the sky is blue", tokens=24_000, window=200_000, cached=0.92, spent_pico=4 * 10**10,
    left_pico=96 * 10**10, saved=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (100, "sonnet · Why the sky is blue · 24,000 tokens (12 %) · cache 92 % · $0.04 · $0.96 left"),
        (80, "sonnet · Why the sky … · 24,000 tokens (12 %) · cache 92 % · $0.04 · $0.96 left"),
        (70, "sonnet · 24,000 tokens (12 %) · cache 92 % · $0.04 · $0.96 left"),
        (40, "sonnet · 24,000 tokens (12 %) · $0.04"),
        (20, "sonnet · $0.04"),
        (5, "son…"),
        (1, ""),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_the_line_below_is_shortened_by_what_counts(columns, wanted):
    """The title is cut first, the model and the money stay longest."""
    assert fitted(FULL, columns) == wanted


@pytest.mark.parametrize("columns", [100, 60, 40, 30])
def test_that_nothing_is_kept_is_said_whatever_else_has_room(columns):
    """The title is cut, then left out; the share of the cache is told where there is one."""
    parts = standing(
        model="sonnet", session="A long line that says what this conversation is about", tokens=589, window=None,
        cached=0.0, spent_pico=None, left_pico=None, saved=False,
    )  # fmt: skip
    line = fitted(parts, columns)
    assert "(not saved)" in line and "cache" not in line and line.startswith("sonnet · ")


def test_the_line_below_says_what_is_known():
    """And that nothing is kept."""
    bare = standing(
        model="opus", session="", tokens=0, window=None, cached=None, spent_pico=None, left_pico=None, saved=False
    )
    assert fitted(bare, 80) == "opus · (not saved)"
    assert fitted([Part("a\x1b]0;b\x07\nc\u202e"), Part(" ")], 80) == "a c"
    assert fitted([Part("日本語のとても長い題名です")], 20) == "日本語のとても長い…"


@pytest.mark.parametrize("colour", [True, False], ids=["coloured", "plain"])
def test_only_the_terminals_own_colours(tmp_path, colour):
    """The 16 of the palette; without colour only what is chosen stands out, the other way round."""
    with hosted(tmp_path, colour=colour) as prompt:
        prompt.type("/")
        prompt.shows("/help")
        prompt.type("\t")
        prompt.shows("> /help")
        codes = {code for each in re.findall(rb"\x1b\[([\d;]*)m", prompt.data) for code in each.split(b";") if code}
        assert codes <= ({b"0", b"1", b"2", b"7", b"36", b"39", b"49"} if colour else {b"0", b"7", b"39", b"49"})
        assert b"\x1b[6n" not in prompt.data
        prompt.type("\r")
        prompt.text()
        prompt.until(lambda: prompt.screen.lines[1:2] == [">"])


def test_titles_are_harmless(tmp_path):
    """They come from models and other people."""
    with hosted(tmp_path) as prompt:
        prompt.shows("A red title")
        assert b"[31m" not in prompt.data


@pytest.mark.parametrize("kind", ["line", "plain"])
@pytest.mark.parametrize("nohup", [False, True], ids=["with a signal", "without one"])
def test_a_terminal_that_vanishes_ends_the_input(tmp_path, kind, nohup):
    """Without a loop over a dead descriptor, and without an error about the drawing."""
    with hosted(tmp_path, kind=kind, history=str(tmp_path / "history"), nohup=nohup) as prompt:
        prompt.type("half" if kind == "line" else "half\x04")
        prompt.shows("half")
        prompt.hang_up()
        assert prompt.read() in (["EOFError"] if nohup else ["EOFError", "Terminated"])
        assert prompt.has_ended()


@pytest.mark.parametrize("kind", ["line", "plain"])
def test_keys_come_from_the_terminal_when_the_input_is_a_pipe(tmp_path, kind):
    """As in `cat log | claude-cli chat >answers`."""
    with hosted(tmp_path, kind=kind, pipes=True) as prompt:
        prompt.type("typed\r")
        assert prompt.text() == "typed"


def test_without_a_terminal_there_is_no_prompt(tmp_path):
    """The error says what there is instead."""
    program = Path(__file__).parents[1] / "prompting.py"
    ran = subprocess.run(
        [sys.executable, program, "{}", "1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        cwd=tmp_path,
        check=False,
    )
    assert "UsageError: there is no terminal to talk at: --no-input" in ".".join(ran.stderr.splitlines()[-1:])


def test_a_plain_prompt_prints_no_escape_sequence(tmp_path):
    """For terminals that know none, and for those who have the screen read to them."""
    (tmp_path / "notes.txt").write_text("x")
    with hosted(tmp_path, kind="plain", environ={"TERM": "dumb"}) as prompt:
        prompt.type("one\\\r")
        prompt.shows("one\\", ".")
        prompt.type("two\r")
        assert prompt.text() == "one\ntwo"
        prompt.type("see @./none.txt\r")
        prompt.shows("none.txt does not exist")
        prompt.type("\x03")
        prompt.shows("Ctrl-C again or Ctrl-D leaves")
        prompt.type("see @notes.txt\r")
        assert [block["type"] for block in prompt.read()["blocks"]] == ["document", "text"]
        prompt.type("\x04")
        assert prompt.read() == "EOFError"
        assert b"\x1b" not in prompt.data


def test_what_waits_at_a_plain_prompt_is_one_message(tmp_path):
    """Several lines that were typed during an answer, or pasted."""
    with hosted(tmp_path, kind="plain", pause=True) as prompt:
        prompt.type("first\r")
        assert prompt.text() == "first"
        prompt.type("a\rb\r")
        prompt.shows("a", "b")
        prompt.signal(signal.SIGUSR1)
        assert prompt.text() == "a\nb"


def test_a_plain_prompt_leaves_at_the_second_ctrl_c(tmp_path):
    """As the other one does; what is said next has a line of its own."""
    with hosted(tmp_path, kind="plain") as prompt:
        prompt.type("\x03")
        prompt.shows("Ctrl-C again")
        prompt.type("\x03")
        assert prompt.read() == "EOFError"
        prompt.until(lambda: prompt.data.endswith(b"> ^C\r\n"))


def test_a_plain_prompt_throws_all_of_a_line_away(tmp_path):
    """Also what Ctrl-D has handed over of it."""
    with hosted(tmp_path, kind="plain") as prompt:
        prompt.type("partial\x04")
        prompt.shows("partial")
        prompt.type("\x03")
        prompt.shows("Ctrl-C again")
        prompt.type("whole\r")
        assert prompt.text() == "whole"


def test_a_plain_prompt_adds_to_what_waits(tmp_path):
    """Enter alone sends it; Ctrl-C takes it away, which is how it is written anew."""
    for before, keys, wanted in (("", "\r", "a draft"), ("", "more\r", "a draft\nmore"), ("\x03", "anew\r", "anew")):
        with hosted(tmp_path, kind="plain", text="a draft") as prompt:
            prompt.shows("a draft", "Enter sends this; what you write is added; Ctrl-C takes it away", "\n>")
            prompt.type(before)
            prompt.shows("Ctrl-C again" if before else ">")
            prompt.type(keys)
            assert prompt.text() == wanted


def test_commands_at_a_plain_prompt_leave_what_waits(tmp_path):
    """They are no part of the message, which is there again behind them; only /retry sends it itself."""
    with hosted(tmp_path, kind="plain", text="a draft") as prompt:
        prompt.type("/model opus\r")
        assert prompt.text() == "/model opus"
        prompt.type("/set effort low\r")
        assert prompt.text() == "/set effort low"
        prompt.type("more\r")
        assert prompt.text() == "a draft\nmore"
    with hosted(tmp_path, kind="plain", text="a draft") as prompt:
        prompt.type("/retry\r")
        assert prompt.text() == "/retry"
        prompt.type("next\r")
        assert prompt.text() == "next"


NOTE, MORE = Chip("n", "[n · 1 byte]", document_block("x")), Chip("m", "[m · 1 byte]", document_block("y"))
WAITING = Draft("see [n · 1 byte] here", (NOTE,))


@pytest.mark.parametrize(
    ("left", "wanted"),
    [
        (Draft("[n · 1 byte] ", (NOTE,)), WAITING),
        (Draft("[n · 1 byte] [m · 1 byte] ", (NOTE, MORE)), Draft("see [n · 1 byte] here [m · 1 byte] ", (NOTE, MORE))),
        (Draft(), Draft("see  here")),
        (Draft("[n · 1 byte] /attach none", (NOTE,)), WAITING),
        (Draft("[n · 1 byte] an older one", (NOTE,)), Draft("[n · 1 byte] an older one", (NOTE,))),
    ],
    ids=["nothing", "attached", "taken off", "a command that failed", "another message"],
)
def test_what_a_command_has_left_of_the_message(left, wanted):
    """Its words wait behind the command, unless that has brought others; what is attached goes through the command."""
    assert behind_command(WAITING, left) == wanted


def test_a_plain_prompt_is_there_again_after_fg(tmp_path):
    """The shell has written where it stood."""
    with hosted(tmp_path, kind="plain") as prompt:
        prompt.signal(signal.SIGCONT)
        prompt.until(lambda: prompt.data.count(b"> ") == 2)
        prompt.type("text\r")
        assert prompt.text() == "text"


def piped(data: bytes) -> list[str]:
    """The messages of a script."""
    ours, its = os.pipe()
    os.write(its, data)
    os.close(its)
    prompt, texts = PipedPrompt(Attacher(lambda: None, {}), ours), []
    try:
        while True:
            texts.append(prompt.read(Draft()).text)
    except EOFError:
        return texts
    finally:
        os.close(ours)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\n\n  \ntwo", ["one", "two"]),
        (b"\xef\xbb\xbfone\\\ntwo\\\n\nthree\\", ["one\ntwo\n", "three"]),
        ("日本語\n".encode(), ["日本語"]),
        (b"", []),
    ],
    ids=["lines", "line ends and blanks", "continued", "letters", "nothing"],
)
def test_a_script_has_a_message_a_line(data, wanted):
    """A backslash at the end goes on; blank lines say nothing."""
    assert piped(data) == wanted


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"one\n\xff\n", "line 2 of standard input is not UTF-8"), (b"@./none.txt\n", "none.txt does not exist")],
    ids=["bytes", "file"],
)
def test_a_script_with_a_mistake_is_refused(data, words):
    """In a line that says where."""
    with pytest.raises(UsageError, match=words):
        piped(data)
