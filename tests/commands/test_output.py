"""`-o FILE`: there is never half an answer under the file's name."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading

import pytest

from claude_cli.core.errors import OutputError
from claude_cli.terminal.output_file import OutputFile

ANSWER = "Grüße\n\nfrom here.\n\n"


def files(claude):
    """The names of the files beside the program."""
    return sorted(path.name for path in claude.folder.iterdir() if path.name not in ("home", "schema.json"))


def test_the_answer_goes_to_the_file(claude, simulate):
    """With one newline at the end; nothing on standard output, no partial file left."""
    simulate({"say": ANSWER, "times": "always"})
    done = claude("complete", "hi", "-o", "a.md")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert (claude.folder / "a.md").read_text("utf-8") == "Grüße\n\nfrom here.\n"
    assert files(claude) == ["a.md"]
    for name in ("-", "/dev/stdout"):
        assert claude("complete", "hi", "-o", name).out == "Grüße\n\nfrom here.\n"


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (["--json"], '{"version": 1, "text": "```py'),
        (["--format", "jsonl"], '{"type": "text"'),
        (["-x"], "x = 1\n"),
        (["--format", "text"], "```py\nx = 1\n```\n"),
        (["-n"], '{\n  "method": "POST"'),
    ],
)
def test_the_file_holds_the_form_asked_for(claude, simulate, words, start):
    """Whatever would be printed."""
    simulate({"say": "```py\nx = 1\n```"})
    done = claude("complete", "hi", "-o", "a", *words)
    assert (done.status, done.out) == (0, "")
    assert (claude.folder / "a").read_text("utf-8").startswith(start)


def test_a_terminal_is_told(claude, simulate):
    """Name and size, in a line; not with `-q`."""
    simulate({"say": "x" * 1234, "times": 2})
    assert "claude-cli: a.md, 1.2 KB" in claude("complete", "hi", "-o", "a.md", err="terminal").err
    assert "a.md" not in claude("complete", "hi", "-o", "a.md", "-q", err="terminal").err


@pytest.mark.parametrize(
    ("step", "words", "status", "partial"),
    [
        pytest.param({"say": "half an", "stop_reason": "max_tokens"}, [], 7, "half an\n", id="max_tokens"),
        pytest.param({"say": "half an answer", "cut_after": 7}, [], 7, "half\n", id="cut"),
        pytest.param({"say": "half an answer", "error_after": 7}, [], 7, "half\n", id="error"),
        pytest.param({"stop_reason": "refusal", "output": True, "say": "half"}, [], 8, None, id="refused"),
        pytest.param({"status": 400}, [], 4, None, id="rejected"),
        pytest.param({"say": "prose"}, ["-x"], 10, None, id="no code"),
        pytest.param({"say": "prose"}, ["--schema", "a"], 10, "prose\n", id="no JSON"),
    ],
)
def test_a_failure_leaves_the_file_alone(claude, simulate, step, words, status, partial):
    """What came is in FILE.partial, and that is said in the error's line; a refused answer is not delivered."""
    file = claude.folder / "a.md"
    file.write_text("old")
    simulate(step)
    done = claude("complete", "hi", "-o", "a.md", "--retries", "0", *words)
    line = done.failed(status)
    assert done.out == "" and ("what came is in a.md.partial" in line) == (partial is not None)
    assert files(claude) == ["a.md"] + ["a.md.partial"] * (partial is not None)
    assert file.read_text() == "old"
    assert partial is None or (claude.folder / "a.md.partial").read_text() == partial


def test_a_failure_as_json_is_in_the_partial_file(claude, simulate):
    """The object tells of a refusal, and has no text of it."""
    simulate({"stop_reason": "refusal", "output": True, "say": "half"})
    claude("complete", "hi", "-o", "a.json", "--json").failed(8, "a.json.partial")
    assert files(claude) == ["a.json.partial"]
    assert '"text": ""' in (claude.folder / "a.json.partial").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle(claude, simulate, until, number):
    """What came was paid for: it stays, is said, and is not the file."""
    simulate({"say": "first words, and the rest", "stall_after": 8})
    running = claude.start("complete", "hi", "-o", "a.md")
    partial = claude.folder / "a.md.partial"
    until(lambda: partial.exists() and partial.stat().st_size > 4)
    running.signal(number)
    done = running.wait()
    assert done.status == 128 + number and "what came is in a.md.partial" in done.err
    assert files(claude) == ["a.md.partial"] and partial.read_text().startswith("first")


def test_permissions_are_kept(claude, simulate):
    """Those of an existing file, else those of the umask."""
    simulate({"say": "x", "times": 2})
    (claude.folder / "old").write_text("old")
    (claude.folder / "old").chmod(0o640)
    claude("complete", "hi", "-o", "old", shell='umask 077; exec "$@"')
    claude("complete", "hi", "-o", "new", shell='umask 027; exec "$@"')
    modes = [stat.S_IMODE((claude.folder / name).stat().st_mode) for name in ("old", "new")]
    assert modes == [0o640, 0o640] and (claude.folder / "old").read_text() == "x\n"


def test_a_link_is_followed(claude, simulate):
    """It stays a link; the partial file lies beside what it leads to, on the same disk."""
    simulate({"say": "x"}, {"say": "half", "stop_reason": "max_tokens"})
    (claude.folder / "far").mkdir()
    (claude.folder / "link").symlink_to("far/real")
    claude("complete", "hi", "-o", "link")
    assert (claude.folder / "link").is_symlink() and (claude.folder / "far" / "real").read_text() == "x\n"
    claude("complete", "hi", "-o", "link").failed(7, f"{claude.folder}/far/real.partial")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(".", "is a folder", id="a folder"),
        pytest.param("new/", "is a folder", id="a folder that is not there"),
        pytest.param("no/where", "there is no folder", id="no folder"),
        pytest.param("file/x", "there is no folder", id="a file as a folder"),
        pytest.param("n" * 300, "cannot be written: File name too long", id="too long"),
        pytest.param("loop", "cannot be written", id="a link to itself"),
        pytest.param("planted", "planted.partial cannot be written", id="a link where the partial file goes"),
        pytest.param("hard", "hard.partial cannot be written: it has a second name", id="a hard link there"),
        pytest.param("fifo", "fifo.partial cannot be written: it is no regular file", id="a named pipe there"),
        pytest.param("temperature", "-O temperature=VALUE", id="a parameter"),
        pytest.param("temperature=1", "-O temperature=VALUE", id="a parameter with a value"),
        pytest.param("effort", "-O output_config.effort=VALUE", id="a parameter inside another"),
    ],
)
def test_what_cannot_be_written_is_known_before(claude, simulator, name, said):
    """Status 2, nothing sent, nothing made."""
    (claude.folder / "file").write_text("x")
    (claude.folder / "loop").symlink_to("loop")
    (claude.folder / "planted.partial").symlink_to("file")
    (claude.folder / "hard.partial").hardlink_to(claude.folder / "file")
    os.mkfifo(claude.folder / "fifo.partial")
    before = files(claude)
    claude("complete", "hi", "-o", name).failed(2, "-o", said)
    assert simulator.requests == [] and files(claude) == before and (claude.folder / "file").read_text() == "x"


def test_the_habit_of_llm(claude, simulator):
    """`-o temperature 0.5` must not make a file, nor complain of the words behind it."""
    claude("complete", "-o", "temperature", "0.5", "hi").failed(2, "-O temperature=VALUE")
    assert claude("complete", "hi", "-o", "./temperature").status == 0
    assert files(claude) == ["temperature"]


def test_a_full_disk(claude, simulate):
    """Status 1; what fitted is kept and said, the file from before too. The limit of 512 bytes stands in for a disk."""
    simulate({"say": "x" * 2000})
    (claude.folder / "a.md").write_text("old")
    done = claude("complete", "hi", "-o", "a.md", shell='ulimit -f 1; exec "$@"')
    unrecorded, unwritten = done.lines
    assert done.status == 1 and "this call is not recorded" in unrecorded
    assert "cannot be written to a.md: File too large; what came is in a.md.partial" in unwritten
    assert (claude.folder / "a.md").read_text() == "old" and files(claude) == ["a.md", "a.md.partial"]


def test_one_at_a_time(claude, simulate, until):
    """Two of us on one file would mix their words."""
    simulate({"say": "first words, and the rest", "stall_after": 8}, {"say": "x"})
    running = claude.start("complete", "hi", "-o", "a.md")
    partial = claude.folder / "a.md.partial"
    until(lambda: partial.exists() and partial.stat().st_size > 4)
    claude("complete", "hi", "-o", "a.md").failed(2, "another claude-cli is writing it")
    assert partial.read_text().startswith("first")
    running.signal(signal.SIGTERM)
    running.wait()


def test_what_was_paid_for_before_stays(claude, simulate):
    """Until this run has words of its own: a failure before that takes nothing away, and does not speak of it."""
    partial = claude.folder / "a.md.partial"
    partial.write_text("half an answer of yesterday")
    simulate({"status": 400}, {"say": "half", "stop_reason": "max_tokens"}, {"say": "x"})
    assert "a.md.partial" not in claude("complete", "hi", "-o", "a.md").failed(4)
    assert partial.read_text() == "half an answer of yesterday"
    claude("complete", "hi", "-o", "a.md").failed(7, "what came is in a.md.partial")
    assert partial.read_text() == "half\n"
    assert claude("complete", "hi", "-o", "a.md").status == 0
    assert files(claude) == ["a.md"] and (claude.folder / "a.md").read_text() == "x\n"


def test_an_empty_answer_is_empty(tmp_path):
    """It takes the place of the file, and nothing of an earlier run comes with it."""
    (tmp_path / "a.partial").write_text("old")
    with OutputFile(str(tmp_path / "a"), note=print):
        pass
    assert (tmp_path / "a").read_bytes() == b"" and not (tmp_path / "a.partial").exists()


def test_a_whole_answer_that_cannot_take_its_place(tmp_path):
    """It is all there, so the error says where."""
    with pytest.raises(OutputError) as caught, OutputFile(str(tmp_path / "a"), note=print) as file:
        file.write(b"whole")
        (tmp_path / "a").mkdir()
    assert caught.value.partial_file == str(tmp_path / "a.partial")
    assert (tmp_path / "a.partial").read_bytes() == b"whole"


# Python tells its audit hooks of `event` just before it happens: exactly there ACTION runs, once.
AT_THE_MOMENT = """
import os, sys
from claude_cli.core.errors import UsageError
from claude_cli.terminal.output_file import OutputFile

def at(event, action):
    waiting = [action]
    sys.addaudithook(lambda name, args: waiting.pop()() if name == event and waiting else None)

def interrupt():
    raise KeyboardInterrupt

def begin(words):
    file = OutputFile("a", note=print)
    file.write(words)
    return file

def end(file):
    file.__exit__(None, None, None)

def refused():
    try:
        begin(b"half of B")
    except UsageError as error:
        print(error)

first = begin(b"A, whole")
"""


@pytest.mark.parametrize(
    ("script", "said", "left"),
    [
        pytest.param("at('os.rename', refused); end(first)", "another claude-cli is writing it",
                     {"a": "A, whole"}, id="while the first takes its place"),
        pytest.param("at('fcntl.flock', lambda: end(first)); second = begin(b'half of B')", "",
                     {"a": "A, whole", "a.partial": "half of B"}, id="between opening and locking"),
        pytest.param("at('os.rename', interrupt); end(first)", "what came is in a.partial",
                     {"a.partial": "A, whole"}, id="interrupted at the end"),
    ],
)  # fmt: skip
def test_the_worst_moments(tmp_path, script, said, left):
    """A second run, or Ctrl-C, while a whole answer takes its place: that answer is not lost, and never half."""
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_MOMENT + script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert said in done.stdout and bool(said) == bool(done.stdout)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == left


def test_devices_and_pipes_are_written_to(claude, simulate):
    """No partial file, no rename: they stay what they are."""
    simulate({"say": "x", "times": "always"})
    assert claude("complete", "hi", "-o", "/dev/null").status == 0
    claude("complete", "hi", "-o", "/dev/full").failed(1, "/dev/full", "No space left on device")
    os.mkfifo(claude.folder / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((claude.folder / "pipe").read_text()))
    reader.start()
    assert claude("complete", "hi", "-o", "pipe").status == 0
    reader.join(10)
    assert got == ["x\n"] and files(claude) == ["pipe"]
    done = claude("complete", "hi", shell='"$@" -o /dev/fd/5 5>&1 >/dev/null | tr x y')
    assert done.out == "y\n"


def test_a_pipe_without_a_reader_is_not_waited_for_in_silence(claude, simulate):
    """It is said; then the answer comes through."""
    simulate({"say": "x"})
    os.mkfifo(claude.folder / "pipe")
    running = claude.start("complete", "hi", "-o", "pipe")
    running.err.wait_for(b"waiting for somebody to read pipe")
    assert (claude.folder / "pipe").read_text() == "x\n"
    assert running.wait().status == 0
