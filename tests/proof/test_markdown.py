"""Live Markdown at length: long answers, many mixtures of blocks, and a terminal that wraps its lines again."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..markdown import BLOCK_LINES, WORDS, at_once, drawn, numbered, rendered

pytestmark = pytest.mark.proof

BLOCKS = st.lists(st.sampled_from(BLOCK_LINES), max_size=20).map("\n".join)
CUTS = st.integers(0, 1_000_000).map(random.Random)
SIZES = st.sampled_from([(80, 24), (40, 24), (20, 50), (9, 100)])


@pytest.mark.parametrize("size", [(80, 24), (40, 24)], ids=str)
def test_an_answer_of_10_000_lines(size):
    """Each line is in the scrollback or on the screen exactly once, and the whole is as if laid out at once."""
    text = numbered(6_500)
    screen = drawn(text, *size, random.Random(1))
    assert text.count("\n") > 10_000
    assert re.findall(r"n\d{5}", "\n".join(screen.lines)) == re.findall(r"n\d{5}", text)
    assert screen.lines == at_once(text, *size).lines


@given(text=BLOCKS, size=SIZES, cuts=CUTS)
@settings(max_examples=6_000, deadline=None)
def test_blocks_of_every_kind(text, size, cuts):
    """The screen after an answer that came in pieces is that of the whole; no paragraph is taller than the screen."""
    assert drawn(text, *size, cuts).lines == at_once(text, *size).lines


@given(
    parts=st.lists(st.one_of(BLOCKS, st.lists(st.sampled_from(WORDS), max_size=150).map(" ".join)), max_size=4),
    size=st.sampled_from([(80, 24), (40, 10), (30, 8)]),
    cuts=CUTS,
)
@settings(max_examples=2_000, deadline=None)
def test_blocks_between_tall_paragraphs(parts, size, cuts):
    """The same where paragraphs are cut; blocks without end are left out, as all the text would be one."""
    text = "\n\nText.\n\n".join(parts)
    for sign in ("```", "~~~", "<!--"):
        text = text.replace(sign, "")
    assert drawn(text, *size, cuts).lines == at_once(text, *size).lines


CHILD = """
import os, subprocess, sys
from claude_cli.terminal.markdown_stream import MarkdownStream

def say(*arguments):
    subprocess.run(["tmux", *arguments], check=True)

def size():
    return tuple(os.get_terminal_size(1))

stream = MarkdownStream(lambda text: os.write(1, text.encode()), size, colour=True)
text = open(sys.argv[1]).read()
resizes = [tuple(map(int, each.split("x"))) for each in sys.argv[2:]]
for at, character in enumerate(text, 1):
    stream.feed(character)
    if at % 3 == 0:
        stream.draw()
    if resizes and at % (len(text) // len(sys.argv)) == 0:
        stream.draw()
        say("wait-for", "-S", "shown")
        say("wait-for", "resized")
        wanted = resizes.pop(0)
        while size() != wanted:
            pass
stream.finish()
say("wait-for", "-S", "shown")
say("wait-for", "seen")
"""


@contextmanager
def tmux(tmp_path: Path, command: list[str]) -> Iterator[list[str]]:
    """A terminal of 80x24 that runs `command`; yields the beginning of commands to it."""
    base = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    subprocess.run([*base, "new-session", "-d", "-x", "80", "-y", "24", *command], check=True)
    try:
        yield base
    finally:
        subprocess.run([*base, "kill-server"], check=True)


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param(["50x24", "30x10", "100x24", "60x5", "40x24"], id="to and fro"),
        pytest.param(["70x24", "60x24", "50x24", "40x24", "30x24", "20x24"], id="dragged"),
        pytest.param(["80x6", "80x3", "80x24", "20x3"], id="lower"),
    ],
)
def test_a_resize_in_a_terminal_that_wraps_its_lines_again(tmp_path, sizes):
    """No word is lost and none is there twice, wherever the rows under redraw have gone."""
    text = "# A title\n\n" + " ".join(f"w{number:03}" for number in range(60)) + "\n\n"
    text += "\n".join(
        f"- i{number:03} **bold words** that go on and on until they need a second line" for number in range(9)
    )
    text += "\n\n```python\n" + "\n".join(
        f"c{number:03} = 'a line that is long enough to be wrapped by a narrow one'" for number in range(9)
    )
    text += "\n```\n\n> " + " ".join(f"q{number:03}" for number in range(60)) + "\n\nThe end.\n"
    source = tmp_path / "answer.md"
    source.write_text(text)
    with tmux(tmp_path, [sys.executable, "-c", CHILD, str(source), *sizes]) as base:
        for size in sizes:
            subprocess.run([*base, "wait-for", "shown"], check=True)
            columns, rows = size.split("x")
            subprocess.run([*base, "resize-window", "-x", columns, "-y", rows], check=True)
            subprocess.run([*base, "wait-for", "-S", "resized"], check=True)
        subprocess.run([*base, "wait-for", "shown"], check=True)
        seen = subprocess.run(
            [*base, "capture-pane", "-p", "-S", "-"], check=True, capture_output=True, text=True
        ).stdout
        subprocess.run([*base, "wait-for", "-S", "seen"], check=True)
    # A word may be cut in two where it stood when the width changed, in a quote by its bar.
    shown = re.sub(r"[\s│]", "", seen)
    words = re.findall(r"[wicq]\d{3}", text)
    assert [word for word in words if shown.count(word) != 1] == []
    assert len(rendered(text).splitlines()) <= len(seen.rstrip().splitlines())
