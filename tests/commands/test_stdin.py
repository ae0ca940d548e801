"""Standard input: read where it is meant, left alone where not, never waited for in silence, never lost."""

from __future__ import annotations

import os
import subprocess

IDLE = "waiting for standard input to end (Ctrl-D); --no-stdin leaves it alone"


def prompts(simulator):
    """The user's words of each request."""
    return [request.json["messages"][0]["content"] for request in simulator.requests]


def test_nothing_is_read_from_a_terminal_a_closed_stream_or_the_null_device(claude, simulator):
    """They hold no data, and to wait for any would hang."""
    for how in ({"stdin": "terminal"}, {"shell": '"$@" <&-'}, {}):
        done = claude("complete", "hi", **how)
        assert (done.status, done.err) == (0, "")
    assert prompts(simulator) == ["hi"] * 3


def test_an_empty_pipe_counts_as_none_and_is_said(claude, simulator):
    """A command before us that failed leaves an empty pipe; the question is still asked, but not in silence."""
    done = claude("complete", "hi", stdin=b"")
    assert (done.status, done.lines) == (0, ["claude-cli: standard input was empty"])
    assert prompts(simulator) == ["hi"]
    assert claude("complete", "hi", "-q", stdin=b"").err == ""


def test_a_file_is_read_and_one_read_in_part_is_left_alone(claude, simulator):
    """The body of a `while read` loop shares its file with the loop: each round answers its own line."""
    lines = claude.folder / "lines"
    lines.write_text("one\ntwo\nthree\n")
    with lines.open("rb") as stream:
        assert claude("complete", stdin=stream).status == 0
    assert prompts(simulator) == ["one\ntwo\nthree\n"]
    done = claude("complete", shell='while read -r line; do "$@" "$line" || exit; done < lines')
    assert done.status == 0
    assert prompts(simulator)[1:] == ["one", "two", "three"]
    # The last line has nothing behind it, but its file has been read in part too.
    assert (
        done.lines == ["claude-cli: standard input is a file already read in part, and is left alone; `-` reads it"] * 3
    )
    with lines.open("rb") as stream:
        os.read(stream.fileno(), 4)
        assert claude("complete", "-", stdin=stream).status == 0
    assert prompts(simulator)[-1] == "two\nthree\n"


def test_a_dash_reads_any_kind_of_input(claude, simulator):
    """`-` forces: a terminal is typed at until Ctrl-D; nothing to read is an error, not an empty question."""
    running = claude.start("complete", "-", stdin="terminal")
    running.type(b"typed\n")
    running.type(b"\x04")
    assert running.wait().status == 0
    assert prompts(simulator) == ["typed\n"]
    for words in (["-"], ["hi", "-f", "-"], ["hi", "-a", "-"]):
        claude("complete", *words).failed(2, "closed or /dev/null")
        claude("complete", *words, shell='"$@" <&-').failed(2, "closed or /dev/null")
    assert len(simulator.requests) == 1


def test_an_idle_pipe_is_spoken_of_and_then_read(claude, simulator):
    """Where somebody sees it: a notice after 2 s that names --no-stdin; the data is waited for and not lost."""
    running = claude.start("complete", "hi", stdin="idle", err="terminal", CLAUDE_CLI_STDIN_WAIT_S="0.2")
    running.err.wait_for(IDLE.encode())
    running.type(b"late")
    running.process.stdin.close()
    assert running.wait().status == 0
    assert prompts(simulator)[0][0]["source"]["data"] == "late"


def test_an_idle_pipe_that_nobody_sees_is_an_error(claude, simulator):
    """Under cron no answer may be made without the data, and none may wait for ever: status 2 after stdin_wait_s."""
    for words in (["hi"], [], ["hi", "--json"]):
        done = claude("complete", *words, stdin="idle", CLAUDE_CLI_STDIN_WAIT_S="0.2")
        done.failed(2, "nothing came on standard input for 0.2 s", "</dev/null", "--no-stdin")
    done = claude("complete", "hi", "--no-stdin", stdin="idle", CLAUDE_CLI_STDIN_WAIT_S="0.2")
    assert (done.status, done.err) == (0, "")
    assert prompts(simulator) == ["hi"]


def test_once_a_byte_came_the_end_is_waited_for(claude, simulator):
    """A slow producer is not cut off."""
    running = claude.start("complete", stdin="idle", CLAUDE_CLI_STDIN_WAIT_S="0.4")
    running.type(b"first")
    try:
        running.process.wait(0.7)
    except subprocess.TimeoutExpired:
        running.type(b" last")
        running.process.stdin.close()
    assert running.wait().status == 0
    assert prompts(simulator) == ["first last"]


def test_a_pipe_that_does_not_block_is_read_all_the_same(claude, simulator):
    """Some parents leave their end of a pipe non-blocking."""
    outside, inside = os.pipe()
    os.set_blocking(outside, False)
    running = claude.start("complete", stdin=outside)
    os.close(outside)
    for piece in (b"one ", b"two"):
        os.write(inside, piece)
    os.close(inside)
    assert running.wait().status == 0
    assert prompts(simulator) == ["one two"]


def test_too_much_is_refused_without_reading_on(claude, simulator):
    """The API takes 32 MB; an endless producer must not fill the memory."""
    claude("complete", shell='yes | "$@"').failed(2, "standard input is larger than 33,554,432 bytes")
    assert simulator.requests == []
