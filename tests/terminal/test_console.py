"""The streams by themselves: what a write may meet."""

from __future__ import annotations

import os
import pty
import threading

import pytest

from claude_cli.core.errors import OutputError
from claude_cli.terminal.console import is_terminal, wants_colour, write_all
from claude_cli.terminal.stdin import StdinReader, decode, kind_of


def test_a_full_pipe_that_does_not_block_is_waited_for():
    """Some parents hand out a non-blocking standard output; nothing is lost in it."""
    outside, inside = os.pipe()
    os.set_blocking(inside, False)
    data, found = b"x" * 1_000_000, bytearray()

    def read() -> None:
        while piece := os.read(outside, 4096):
            found.extend(piece)

    reader = threading.Thread(target=read)
    reader.start()
    write_all(inside, data)
    os.close(inside)
    reader.join()
    os.close(outside)
    assert bytes(found) == data


def test_what_a_write_may_meet():
    """A reader that left is its own error; a closed stream and a full disk are one with a reason."""
    outside, inside = os.pipe()
    os.close(outside)
    with pytest.raises(BrokenPipeError):
        write_all(inside, b"x")
    os.close(inside)
    with pytest.raises(OutputError, match="it is closed"):
        write_all(inside, b"x")
    assert not is_terminal(inside)
    with open("/dev/full", "wb") as full, pytest.raises(OutputError, match="No space left"):
        write_all(full.fileno(), b"x")


def test_what_standard_input_can_be(tmp_path):
    """A terminal, a pipe, a file, a file read in part, and nothing: each is treated in its own way."""
    keyboard, terminal = pty.openpty()
    outside, inside = os.pipe()
    file = tmp_path / "file"
    file.write_text("text")
    with file.open("rb", buffering=0) as whole, file.open("rb", buffering=0) as part, open(os.devnull) as null:
        part.read(1)
        kinds = [kind_of(each) for each in (terminal, outside, whole.fileno(), part.fileno(), null.fileno())]
        assert kinds == ["terminal", "pipe", "file", "part-read file", "none"]
    folder = os.open(tmp_path, os.O_RDONLY)
    assert kind_of(folder) == "none"
    for descriptor in (keyboard, terminal, outside, inside, folder):
        os.close(descriptor)
    assert kind_of(folder) == "none"


@pytest.mark.parametrize(
    ("wait_s", "watched", "forced"), [(0.0, False, False), (9.0, True, False), (0.01, False, True)],
    ids=["no limit", "somebody watches", "forced"],
)  # fmt: skip
def test_no_limit_on_the_first_byte(wait_s, watched, forced):
    """Where the wait is seen, asked for, or unlimited, data that comes late is not lost."""
    outside, inside = os.pipe()

    def write() -> None:
        os.write(inside, b"late")
        os.close(inside)

    threading.Timer(0.1, write).start()
    reader = StdinReader(wait_s, watched, lambda text: None, descriptor=outside)
    assert reader.read(forced=forced) == b"late"
    os.close(outside)


def test_decoding():
    """UTF-8, with or without a mark; anything else is named with its place."""
    from claude_cli.core.errors import UsageError

    assert decode("\ufeffGrüße".encode()) == "Grüße"
    for data, at in ((b"ab\xff", "2"), (b"abc\0", "3")):
        with pytest.raises(UsageError, match=rf"not UTF-8 text \(at {at}\)"):
            decode(data)


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour(choice, environ, terminal, wanted):
    """The flag, then NO_COLOR, FORCE_COLOR, and what the stream is."""
    assert wants_colour(choice, environ, terminal=terminal) is wanted
