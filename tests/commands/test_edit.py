"""`-e`: the prompt in the user's editor, real scripts and a real `ed`; what comes back is sent, or nothing is."""

from __future__ import annotations

import os
import shutil
import signal
import sys

import pexpect
import pytest

NO_TERMINAL = f'{sys.executable} -c "import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])" "$@"'
"""A `sh` line that runs the program where no terminal can be had."""


@pytest.fixture
def editor(claude):
    """Makes an EDITOR of a shell script, in which "$1" is the file; a copy of what it is shown goes to `seen`."""

    def make(script, name="editor"):
        path = claude.folder / name
        path.write_text(f'#!/bin/sh\ncp "$1" "{claude.folder}/seen"\n{script}\n')
        path.chmod(0o700)
        return str(path)

    return make


@pytest.fixture
def complete(claude):
    """Runs `complete -e` with a terminal to edit in; temporary files are made in `tmp`."""
    temporary = claude.folder / "tmp"
    temporary.mkdir()

    def run(*words, **how):
        if "shell" not in how:
            how = {"stdin": "terminal", **how}
        return claude("complete", "-e", *words, **{"TMPDIR": str(temporary), **how})

    return run


def left(claude):
    """The texts that are still in the temporary folder."""
    return [path.read_bytes() for path in (claude.folder / "tmp").glob("claude-cli-*/*")]


def content(simulator):
    """The content of the one turn of the last request."""
    return simulator.requests[-1].json["messages"][0]["content"]


@pytest.mark.parametrize(
    ("words", "piped", "seen", "sent", "documents"),
    [
        pytest.param([], None, "", "added", [], id="nothing yet"),
        pytest.param(["one\ntwo"], None, "one\ntwo\n", "one\ntwo\nadded", [], id="the argument"),
        pytest.param([], b"log", "", "added", ["log"], id="a pipe is a document"),
        pytest.param(["why?"], b"log", "why?\n", "why?\nadded", ["log"], id="a pipe beside the argument"),
        pytest.param(["-"], b"draft\n", "draft\n", "draft\nadded", [], id="a dash: the pipe is the draft"),
        pytest.param(["-t", "mine"], b"do it", "do it\n", "do it\nadded", [], id="a template with its input"),
    ],
)
def test_the_editor_shows_the_prompt_so_far_and_its_text_is_sent(
    claude, simulator, complete, editor, words, piped, seen, sent, documents
):
    """The editor has the terminal also where standard input is a pipe and standard output another."""
    (claude.home / "templates").mkdir()
    (claude.home / "templates" / "mine.toml").write_text('prompt = "$input"')
    how = {} if piped is None else {"stdin": piped, "err": "terminal"}
    done = complete(*words, EDITOR=editor('[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo added >>"$1"'), **how)
    assert done.status == 0, done.err
    assert (claude.folder / "seen").read_text() == seen
    blocks = content(simulator)
    if documents:
        assert [block["source"]["data"] for block in blocks[:-1]] == documents
        blocks = blocks[-1]["text"]
    assert blocks == sent
    assert left(claude) == []


@pytest.mark.parametrize(
    ("variables", "edited"),
    [
        pytest.param(
            {"VISUAL": "one -x 'two words'", "EDITOR": "other"}, "one -x two words", id="VISUAL, its words split"
        ),
        pytest.param({"VISUAL": " ", "EDITOR": "other"}, "other", id="EDITOR"),
        pytest.param({}, "nano", id="nano"),
    ],
)
def test_which_editor(claude, simulator, complete, variables, edited):
    """VISUAL, then EDITOR, then what is there."""
    folder = claude.folder / "bin"
    folder.mkdir()
    for name in ("one", "other", "nano", "vi"):
        (folder / name).write_text('#!/bin/sh\nfor file; do :; done\nset -- "${0##*/}" "$@"\nprintf %s "$*" >"$file"\n')
        (folder / name).chmod(0o700)
    complete(PATH=f"{folder}:{os.environ['PATH']}", **variables)
    *words, file = content(simulator).split(" ")
    assert " ".join(words) == edited and file.endswith("/claude-cli.md")


@pytest.mark.parametrize(
    ("script", "said", "kept"),
    [
        pytest.param(":", "nothing was written in the editor, so nothing is sent", None, id="left empty"),
        pytest.param("printf ' \\n\\t\\n' >\"$1\"", "nothing was written in the editor", None, id="blank"),
        pytest.param("exit 1", "left with status 1, so nothing is done", None, id="it fails"),
        pytest.param(
            'echo long text >"$1"; exit 7',
            "left with status 7, so nothing is done; what was written is in ",
            b"long text\n",
            id="it fails with a text",
        ),
        pytest.param('echo long text >"$1"; kill -SEGV $$', "was ended by SIGSEGV", b"long text\n", id="it crashes"),
        pytest.param(
            'printf "caf\\351" >"$1"', "left a text that is not UTF-8 (at byte 3)", b"caf\xe9", id="another encoding"
        ),
        pytest.param('rm "$1"', "left no file that can be read", None, id="the file is gone"),
        pytest.param('rm "$1"; mkdir "$1"', "left no file that can be read", None, id="a folder in its place"),
    ],
)
def test_nothing_usable_means_nothing_is_sent(claude, simulator, complete, editor, script, said, kept):
    """Status 2; and what was written stays, in a file that the line names."""
    line = complete(EDITOR=editor(script)).failed(2, said)
    assert simulator.requests == []
    assert left(claude) == ([] if kept is None else [kept])
    if kept:
        assert "what was written is in " + str(claude.folder / "tmp") in line


@pytest.mark.parametrize(
    ("variables", "words", "said"),
    [
        pytest.param(
            {"EDITOR": "none-such -w"},
            [],
            "EDITOR names the editor 'none-such', which cannot be run",
            id="no such editor",
        ),
        pytest.param({"VISUAL": "vi 'x"}, [], "VISUAL=vi 'x cannot be split into words", id="open quotes"),
        pytest.param({"PATH": "/nowhere"}, [], "there is no editor (nano, vim, vi were looked for)", id="none at all"),
        pytest.param(
            {"TMPDIR": "/nowhere", "PATH": "/nowhere", "EDITOR": "/bin/false"}, [], "left with status 1", id="a path"
        ),
        pytest.param({"EDITOR": "true"}, ["--no-input"], "--edit and --no-input contradict", id="--no-input"),
        pytest.param(
            {"EDITOR": "true"}, ["-f", "/nowhere"], "/nowhere does not exist", id="a bad file, before the editor"
        ),
    ],
)
def test_no_editor_is_status_2(claude, simulator, complete, variables, words, said):
    """The variable is named; what else is wrong is said before anybody has written a line."""
    complete(*words, **variables).failed(2, said)
    assert simulator.requests == []


def test_without_a_terminal_no_editor_is_started(claude, simulator, complete, editor):
    """In a pipeline under cron, say."""
    done = complete("hi", EDITOR=editor("echo started"), shell=NO_TERMINAL)
    done.failed(2, "an editor needs a terminal, and there is none")
    assert simulator.requests == [] and not (claude.folder / "seen").exists()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(["--temperature", "0.5", "--strict"], 2, id="refused before sending"),
        pytest.param(["--base-url", "http://127.0.0.1:9", "--retries", "0"], 6, id="never sent"),
        pytest.param([], 3, id="no key"),
    ],
)
def test_what_was_written_outlives_a_failure(claude, complete, editor, words, status):
    """An hour's prompt is not lost for a flag; the file is the user's alone."""
    key = {"ANTHROPIC_API_KEY": None, "ANTHROPIC_BASE_URL": None} if status == 3 else {}
    done = complete(*words, EDITOR=editor('echo long text >"$1"'), **key)
    assert done.status == status, done.err
    assert done.lines[0].startswith("claude-cli: what you wrote is kept in ")
    (path,) = (claude.folder / "tmp").glob("claude-cli-*/*")
    assert done.lines[0].endswith(str(path)) and path.read_text() == "long text"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


# ------------------------------------------------------------------------------------------------ a real terminal
@pytest.fixture
def terminal(claude, simulator):
    """Starts `complete` as the job of a terminal of its own, where Ctrl-C reaches all of the job."""
    started = []

    def start(*words, editor):
        environment = claude.environment({"EDITOR": editor, "TMPDIR": str(claude.folder)})
        process = pexpect.spawn(
            sys.executable,
            ["-m", "claude_cli", "complete", *words],
            env=environment,
            cwd=str(claude.folder),
            timeout=20,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.close(force=True)


def status_of(process):
    process.expect(pexpect.EOF)
    process.wait()
    return process.exitstatus if process.signalstatus is None else 128 + process.signalstatus


def test_ctrl_c_belongs_to_the_editor(simulator, terminal, editor):
    """Most editors take it for a command of theirs; what they return counts."""
    process = terminal("-e", editor=editor("trap 'echo went on >\"$1\"; exit 0' INT; echo ready; read line"))
    process.expect("ready")
    process.sendintr()
    assert status_of(process) == 0 and content(simulator) == "went on"


STOPPED = pytest.mark.parametrize(
    ("script", "kept"),
    [
        pytest.param(":", [], id="nothing written"),
        pytest.param('printf " \\n" >"$1"', [], id="blank"),
        pytest.param('echo long text >"$1"', ["claude-cli.md"], id="saved"),
        pytest.param('touch "$1.swp"', ["claude-cli.md", "claude-cli.md.swp"], id="a file of the editor's own"),
    ],
)


def kept_in(claude):
    """The names of the temporary files that are left."""
    return sorted(path.name for path in claude.folder.glob("claude-cli-*/*"))


@STOPPED
def test_an_editor_ended_by_ctrl_c_ends_the_command(claude, simulator, terminal, editor, script, kept):
    """As if it had been pressed here: 130, and nothing is sent; what was saved before is kept, and said where."""
    process = terminal("-e", "hi", editor=editor(f"{script}; echo ready; read line"))
    process.expect("ready")
    process.sendintr()
    if kept:
        process.expect(f"what you wrote is kept in {claude.folder}/claude-cli-")
    assert status_of(process) == 130 and simulator.requests == []
    assert kept_in(claude) == kept


@STOPPED
def test_sigterm_ends_the_editor_too(claude, simulator, editor, script, kept):
    """No editor is left behind on the terminal, and no file that nobody was told of."""
    script = editor(f"{script}; trap 'touch {claude.folder}/told; exit 0' TERM; echo ready; read line")
    variables = {"EDITOR": script, "TMPDIR": str(claude.folder)}
    running = claude.start("complete", "-e", "hi", stdin=b"log", err="terminal", **variables)
    running.err.wait_for(b"ready")
    running.signal(signal.SIGTERM)
    done = running.wait()
    assert done.status == 143 and simulator.requests == [] and (claude.folder / "told").exists()
    assert kept_in(claude) == kept
    assert (f"what you wrote is kept in {claude.folder}/claude-cli-" in done.err) == bool(kept)


def test_a_real_editor(simulator, terminal):
    """`ed` is as old as the terminal: it shows the prompt, changes a line and writes it back."""
    if not shutil.which("ed"):
        pytest.skip("ed is not installed")
    process = terminal("-e", "first line", editor="ed")
    process.expect("11\r\n")
    process.send("1s/first/other/\r$a\rsecond – ü\r.\rw\rq\r")
    assert status_of(process) == 0 and content(simulator) == "other line\nsecond – ü"


def test_a_screen_editor_gets_a_terminal_to_draw_on(claude, simulator, terminal):
    """`vi` draws, is left with nothing written, and so nothing is sent."""
    if not shutil.which("vi"):
        pytest.skip("vi is not installed")
    process = terminal("-e", "a prompt to draw", editor="vi")
    process.expect("a prompt to draw")
    process.send("\x1b:cq\r")
    assert status_of(process) == 2 and simulator.requests == []
    assert list(claude.folder.glob("claude-cli-*")) == []
