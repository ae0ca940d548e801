"""Around an answer on a terminal: the line that waits, modes, thinking, notices, keys, interrupts, what is left."""

from __future__ import annotations

import re
import shutil
import signal
import sys

import pytest

from ..screens import Screen

SIZE = (80, 24)
STYLE = re.compile(rb"\x1b\[[0-9;]*m")
ESCAPE = re.compile(rb"\x1b|\r(?!\n)")


def screen(done, size=SIZE):
    """What the user sees at the end; the terminal itself must be as it was found."""
    seen = Screen.of(done.out_bytes, *size)
    assert seen.cursor_shown and seen.cursor[0] == 0 and done.echo
    assert seen.cursor_row == len(seen.lines), "the cursor is not right below what was printed"
    return seen


# ------------------------------------------------------------------------------------------------ waiting
@pytest.mark.parametrize("words", [[], ["--format", "text"], ["--json"], ["--no-stream"], ["-x"]], ids=str)
def test_the_status_line_is_gone_when_the_answer_is_there(claude, simulate, words):
    """Somebody who waits sees who is asked and for how long; afterwards nothing of it is left."""
    simulate({"say": "```\nDone.\n```", "delay_s": 0.1})
    running = claude.start("complete", "hi", *words, tty=SIZE)
    running.out.wait_for("sonnet · 0 s".encode())
    lines = screen(running.wait()).lines
    assert not any("sonnet ·" in line for line in lines)
    assert any("Done." in line for line in lines)


def test_the_status_line_counts(claude, simulate):
    """Seconds go on while nothing comes; with nothing shown before the end, also how much has come."""
    simulate({"say": "one two three", "stall_after": 9})
    running = claude.start("complete", "hi", "--json", tty=SIZE)
    running.out.wait_for("sonnet · 1 s · 3 words".encode())
    running.signal(signal.SIGTERM)
    assert '"one two three"' in "".join(screen(running.wait()).lines)


NO_THREADS = 'ulimit -Ss 200000000000 && exec "$@"'
"""A `sh` line that runs the program where no thread can be started: its stack would be larger than all memory."""


@pytest.mark.parametrize("words", [[], ["--format", "text"], ["--json"]], ids=str)
def test_where_no_thread_can_be_had_the_answer_comes_all_the_same(claude, simulate, words):
    """A container's limit of processes costs the status line and the layout, not the answer."""
    simulate({"say": "Done."})
    done = claude("complete", "hi", *words, tty=SIZE, shell=NO_THREADS)
    assert done.status == 0 and "Done." in done.out and "sonnet ·" not in done.out


def test_where_no_thread_can_be_had_the_keyring_is_not_asked(claude):
    """The call fails for want of a key, and not as a bug of ours."""
    env = {"ANTHROPIC_API_KEY": None, "ANTHROPIC_BASE_URL": None, "CLAUDE_CLI_KEYRING": "yes"}
    claude("complete", "hi", shell=NO_THREADS, **env).failed(3, "no thread to be had", "ANTHROPIC_API_KEY")


@pytest.mark.parametrize("words", [["-q"], ["--dry-run"]], ids=str)
def test_no_status_line(claude, simulator, words):
    """Quiet is quiet, and what sends nothing waits for nothing."""
    assert "sonnet ·".encode() not in claude("complete", "hi", *words, tty=SIZE).out_bytes


def test_the_wait_before_the_next_try_is_counted_down(claude, simulate):
    """In the line that is there anyway; a line of its own only with -v. A switch to another model stays to be read."""
    down = {"status": 529, "retry_after": "1"}
    simulate(down, {"say": "Done."}, down, {"say": "Done."}, {"status": 529}, {"say": "Done."})
    done = claude("complete", "hi", tty=SIZE)
    assert "sonnet · overloaded, trying again in 1 s (1 try so far)".encode() in done.out_bytes
    assert screen(done).lines == ["Done."]
    lines = screen(claude("complete", "hi", "-v", tty=SIZE)).lines
    assert any("Overloaded; trying again in 1.0 s" in line for line in lines)
    done = claude("complete", "hi", "--fallback-model", "haiku", "--retries", "0", tty=SIZE)
    assert " ".join(screen(done).lines[:-1]).endswith("now asking claude-haiku-5-5")


def test_a_try_that_may_have_to_be_paid_twice_is_said(claude, simulate):
    """A countdown that vanishes is not enough for that."""
    simulate({"stall_after": 0}, {"say": "Done."})
    lines = screen(claude("complete", "hi", tty=SIZE, CLAUDE_CLI_IDLE_TIMEOUT_S="0.2")).lines
    assert "may bill both" in " ".join(lines[:-1]) and lines[-1] == "Done."


def test_lines_of_others_stand_above_the_status_line(claude):
    """What is said meanwhile is not written into it."""
    lines = screen(claude("complete", "hi", "--offline", tty=(100, 24)), (100, 24)).lines
    assert lines[0] == "claude-cli: offline: the built-in simulator answers, no model is asked"
    assert not any("sonnet ·" in line for line in lines)


def test_standard_error_elsewhere(claude, simulate):
    """The answer alone is on the terminal; a terminal for standard error alone gets the status, and nothing else."""
    simulate(*[{"say": "Done.", "delay_s": 0.1}] * 2)
    done = claude("complete", "hi", tty=SIZE, shell='"$@" 2>/dev/null')
    assert b"sonnet" not in done.out_bytes and screen(done).lines == ["Done."]
    done = claude("complete", "hi", tty=SIZE, shell='"$@" >answer')
    assert "sonnet · 0 s".encode() in done.out_bytes and screen(done).lines == []
    assert (claude.folder / "answer").read_text() == "Done.\n"


def test_a_pipe_waits_for_nothing_of_this(claude, simulator):
    """Where nothing is drawn, nothing that draws is loaded."""
    loaded = re.findall(r"\| +(\S+)$", claude("complete", "hi", PYTHONPROFILEIMPORTTIME="1").err, re.MULTILINE)
    assert "claude_cli.terminal.renderer" in loaded
    heavy = ("rich", "markdown_it", "pygments", "claude_cli.terminal.live", "claude_cli.terminal.rendered")
    assert [name for name in loaded if name.startswith(heavy)] == []


# ------------------------------------------------------------------------------------------------ modes
@pytest.mark.parametrize(
    ("words", "env"),
    [
        pytest.param([], {"TERM": "dumb"}, id="TERM=dumb"),
        pytest.param([], {"CLAUDE_CLI_SCREEN_READER": "1"}, id="screen reader"),
        pytest.param(["--format", "text"], {"CLAUDE_CLI_SCREEN_READER": "1"}, id="screen reader, text"),
    ],
)
def test_plain_lines(claude, simulate, words, env):
    """No escape sequence, nothing drawn twice: each line is there once, in order, to be read aloud."""
    simulate({"status": 529, "retry_after_ms": 1}, {"say": "# Title\n\nSome **bold** words.\n\n- item", "think": "Hm."})
    done = claude("complete", "hi", "--show-thinking", *words, tty=SIZE, **env)
    assert not ESCAPE.search(done.out_bytes)
    lines = screen(done).lines
    assert lines[0] == "claude-cli: waiting for sonnet"
    assert lines[1].startswith("claude-cli: Overloaded; trying again in") and lines[2:4] == ["Hm.", ""]


@pytest.mark.parametrize(
    ("words", "env", "styled"),
    [
        pytest.param([], {}, True, id="terminal"),
        pytest.param([], {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(["--color", "never"], {}, False, id="never"),
    ],
)
def test_styles_on_a_terminal(claude, simulate, words, env, styled):
    """Without colours there is neither bold nor dim, and the answer is still drawn."""
    simulate({"say": "Some **bold** words.", "think": "Hm.", "delay_s": 0.1})
    done = claude("complete", "hi", "--show-thinking", *words, tty=SIZE, **env)
    assert bool(STYLE.search(done.out_bytes)) is styled
    assert b"\x1b" in done.out_bytes
    assert screen(done).lines[:2] == ["Hm.", ""]


@pytest.mark.parametrize(
    ("words", "env", "styled"),
    [
        pytest.param([], {}, False, id="a pipe"),
        pytest.param(["--color", "always"], {}, True, id="always"),
        pytest.param([], {"FORCE_COLOR": "1"}, True, id="FORCE_COLOR"),
        pytest.param(["--color", "always"], {"CLAUDE_CLI_SCREEN_READER": "1"}, False, id="screen reader"),
    ],
)
def test_rendered_into_a_pipe(claude, simulate, words, env, styled):
    """For a file or `less -R`: as wide as COLUMNS, styled only where told to, and nothing in it moves the cursor."""
    simulate({"say": "# Title\n\n" + "word " * 40})
    done = claude("complete", "hi", "--format", "rendered", *words, COLUMNS="40", **env)
    assert done.status == 0 and bool(STYLE.search(done.out_bytes)) is styled
    plain = STYLE.sub(b"", done.out_bytes)
    assert not ESCAPE.search(plain)
    assert "Title" in plain.decode() and max(map(len, plain.decode().splitlines())) <= 40
    assert plain.decode().split().count("word") == 40


def test_rendered_into_a_file_of_ours(claude, simulate):
    """`-o` is no terminal, whatever standard output is."""
    simulate({"say": "Some **bold** words."})
    done = claude("complete", "hi", "--format", "rendered", "-o", "answer", tty=SIZE)
    assert done.status == 0 and (claude.folder / "answer").read_text().split() == ["Some", "bold", "words."]


# ------------------------------------------------------------------------------------------------ beside the answer
def test_thinking_stands_before_the_answer(claude, simulate):
    """Harmless like the answer, and with an empty line between them."""
    simulate({"think": "Let me \x1b[31mthink.\nAgain.", "say": "Done."})
    lines = screen(claude("complete", "hi", "--show-thinking", tty=SIZE)).lines
    assert [line.replace("[31m", "") for line in lines] == ["Let me think.", "Again.", "", "Done."]


def test_what_goes_wrong_stands_below_the_answer(claude, simulate):
    """The text so far stays, and the error begins on a line of its own."""
    simulate({"say": "Half an answer, and more", "cut_after": 7}, {"stop_reason": "refusal", "output": True})
    for status, words in ((7, "claude-cli: the answer is incomplete"), (8, "claude-cli: the model declined")):
        done = claude("complete", "hi", tty=SIZE)
        lines = screen(done).lines
        assert done.status == status
        assert sum(line.startswith(words) for line in lines) == 1 and not lines[0].startswith("claude-cli")


def test_an_answer_that_cannot_be_printed_any_more(claude, simulate):
    """The drawing has its own thread; its errors are the program's all the same."""
    simulate({"say": "A paragraph.\n\n" * 3000, "times": 2})
    done = claude("complete", "hi", "--format", "rendered", shell='{ "$@"; echo "status $?" >&2; } | head -c 9')
    assert done.err == "status 141\n"
    claude("complete", "hi", "--format", "rendered", shell='"$@" >/dev/full').failed(1, "No space left")


def test_the_first_answer_ever_tells_of_usage(claude, simulate):
    """Once, to somebody who is there; offline, quiet, piped and failed answers do not use it up."""
    (claude.home / "told-usage").unlink()
    simulate({"status": 400}, *[{"say": "Done."}] * 6)
    line = re.compile(r"claude-sonnet-5-5 · \d+ tokens · \$0\.\d+ · -u shows this after each answer")
    claude("complete", "hi", tty=SIZE)
    for how in ([], ["-q"], ["-u"], ["--offline"]):
        done = claude("complete", "hi", *how, tty=SIZE if how else None)
        assert not line.search(done.out + done.err)
    assert line.fullmatch(screen(claude("complete", "hi", tty=SIZE)).lines[-1])
    assert not line.search(claude("complete", "hi", tty=SIZE).out)
    assert (claude.home / "told-usage").stat().st_mode & 0o777 == 0o600
    assert claude("complete", "hi", tty=SIZE, CLAUDE_CLI_HOME="/proc/nowhere").out.count("-u shows") == 0


# ------------------------------------------------------------------------------------------------ interrupts and keys
THINKING = {"think": "Let me think about it", "say": "x"}
TEXT = """A paragraph with **bold and `code` in it

```python
print('one')
print('two')
```

| a | b |
|---|---|
| 1 | 2 |
"""
MOMENTS = [
    pytest.param({"delay_s": 60}, "sonnet · 0 s", "", id="before the head"),
    pytest.param({"stall_after": 0}, "sonnet · 0 s", "", id="before the first event"),
    pytest.param({"stall_after": 1}, "sonnet · 0 s", "", id="behind the first event"),
    pytest.param({"status": 529, "retry_after": "60"}, "trying again in 59 s", "", id="in a wait"),
    pytest.param({**THINKING, "stall_after": 6}, "think", "Let me think", id="in mid-thinking"),
    pytest.param({"say": TEXT, "stall_after": 9}, "with", "A paragraph with", id="in mid-paragraph"),
    pytest.param({"say": TEXT, "stall_after": 11}, "and", "bold and", id="in mid-emphasis"),
    pytest.param({"say": TEXT, "stall_after": 14}, "it", "in it", id="at a paragraph's end"),
    pytest.param({"say": TEXT, "stall_after": 16}, "one", "print('one')", id="in mid-code"),
    pytest.param({"say": TEXT, "stall_after": 18}, "two", "print('two')", id="at the fence"),
    pytest.param({"say": TEXT, "stall_after": 26}, "two", "1", id="in mid-table"),
]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize(("step", "moment", "kept"), MOMENTS)
def test_a_signal_leaves_a_clean_terminal(claude, simulate, until, step, moment, kept, number, status):
    """The cursor is shown, on a fresh line; keys show again; what had come stands; nobody goes on upstream."""
    simulator = simulate(step)
    shown = ["--show-thinking"] if "think" in step else []
    running = claude.start("complete", "hi", *shown, "--retry-for", "90", tty=SIZE)
    running.out.wait_for(moment.encode())
    until(lambda: bool(simulator.requests))
    running.signal(number)
    done = running.wait()
    lines = screen(done).lines
    assert done.status == status
    assert not any("sonnet ·" in line or "^C" in line for line in lines)
    assert kept in "\n".join(lines) and (kept or lines == [])
    simulator.settled()
    assert step.get("status") or simulator.requests[0].aborted


def test_keys_do_not_show_in_the_drawing(claude, simulate):
    """They would shift its rows; who types ahead has them in the shell's line afterwards."""
    simulate({"say": "first words, and the rest", "stall_after": 8})
    running = claude.start("complete", "hi", tty=SIZE)
    running.out.wait_for(b"first")
    assert not running.echo
    running.press(b"typed\r")
    running.signal(signal.SIGINT)
    done = running.wait()
    assert b"typed" not in done.out_bytes and screen(done).lines == ["first words,"]


def test_keys_are_left_alone_in_a_pipeline(claude, simulate):
    """A pager may have the terminal, and has set it up for itself."""
    simulate({"say": "Done.", "stall_after": 1, "stall_s": 1.5})
    running = claude.start("complete", "hi", "--format", "rendered", tty=SIZE, shell='"$@" | cat')
    running.out.wait_for("sonnet · 1 s".encode())
    assert running.echo
    assert screen(running.wait()).lines == ["Done."]


JOB = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(1, termios.TIOCSCTTY, 0)
os.dup2(1, 0)
script = 'set -m; "$@"; echo stopped; read; fg'
os.execvp("bash", ["bash", "--norc", "-c", script, "bash", *sys.argv[1:]])
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is missing: it has to be there for job control")
def test_ctrl_z_and_back(claude, simulate):
    """The terminal is given back clean with its echo, and taken again when the answer goes on."""
    simulate({"say": "first words, and the rest", "stall_after": 8, "stall_s": 1.0})
    shell = f'exec {sys.executable} -c "$JOB" "$@"'
    running = claude.start("complete", "hi", tty=SIZE, shell=shell, JOB=JOB, PS1="")
    running.out.wait_for(b"first")
    running.press(b"\x1a")
    running.out.wait_for(b"stopped\r\n")
    stopped = Screen.of(running.out.data)
    assert running.echo and stopped.cursor_shown
    assert not any("first" in line for line in stopped.lines), "the open block was left on the screen"
    running.press(b"\r")
    done = running.wait()
    assert done.status == 0
    assert screen(done).lines[-1] == "first words, and the rest"
