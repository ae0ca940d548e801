"""Markdown that arrives in pieces: what is on the screen, what is printed once, when it is drawn."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.terminal.markdown_stream import LONGEST_OPEN, MarkdownStream

from ..markdown import BLOCK_LINES, WORDS, at_once, drawn, numbered, pieces, rendered, show
from ..screens import Screen

BLOCKS = st.lists(st.sampled_from(BLOCK_LINES), max_size=14).map("\n".join)
CUTS = st.integers(0, 1_000_000).map(random.Random)


@given(text=BLOCKS, cuts=CUTS)
def test_what_is_printed_piece_by_piece_is_the_rendering_of_the_whole(text, cuts):
    """A finished line is never wrong, however the answer was cut; not even where blocks interrupt each other."""
    output: list[str] = []
    stream = MarkdownStream(output.append, lambda: (40, 24), colour=False, live=False)
    for piece in pieces(text, cuts):
        stream.feed(piece)
        stream.draw()
    stream.finish()
    assert "".join(output) == rendered(text, 40)


@given(text=BLOCKS, size=st.sampled_from([(40, 24), (80, 20), (20, 40), (9, 90)]), cuts=CUTS)
def test_the_screen_of_an_answer_that_came_slowly_is_that_of_the_whole(text, size, cuts):
    """Redrawing leaves nothing behind, in the scrollback neither. No paragraph is taller than these screens."""
    assert drawn(text, *size, cuts).lines == at_once(text, *size).lines


@given(text=BLOCKS, size=st.sampled_from([(30, 5), (20, 4), (9, 3)]), cuts=CUTS)
def test_the_screen_of_an_answer_with_tall_blocks_has_all_its_words(text, size, cuts):
    """Each as often as in the whole, in the same order."""
    seen, whole = ["".join(screen.lines) for screen in (drawn(text, *size, cuts), at_once(text, *size))]
    assert re.sub(r"\W", "", seen) == re.sub(r"\W", "", whole)


@given(
    words=st.lists(st.sampled_from(WORDS), min_size=20, max_size=120),
    before=st.sampled_from(["", "intro\n\n- ", "> ", "- a\n- > 1. ", "```\nx\n```\n"]),
    cuts=CUTS,
)
def test_a_paragraph_taller_than_the_screen_commits_its_lines(words, before, cuts):
    """It is cut where no markup stands open, so its words are wrapped and styled as in the whole."""
    text = before + " ".join(words) + "\n\nThe end"
    assert drawn(text, 30, 6, cuts).lines == at_once(text, 30, 6).lines


def test_markup_open_over_a_whole_screen_is_shown_as_signs():
    """The first exception: what has scrolled away cannot be styled any more when its end comes."""
    text = "**" + " ".join(f"w{number:03}" for number in range(200)) + "** end"
    screen = drawn(text, 30, 6, random.Random(1))
    assert at_once(text, 30, 6).lines[0].startswith("w000")
    assert screen.lines[0].startswith("**w000")
    found = " ".join(screen.lines)
    assert re.findall(r"w\d+", found) == re.findall(r"w\d+", text)


@pytest.mark.parametrize("size", [(80, 24), (40, 24), (40, 4)], ids=str)
def test_every_line_of_a_long_answer_is_there_once(size):
    """Neither doubled nor lost on its way to the scrollback. The proof has ten times as much."""
    text = numbered(600)
    screen = drawn(text, *size, random.Random(1))
    assert re.findall(r"n\d{5}", "\n".join(screen.lines)) == re.findall(r"n\d{5}", text)


def test_a_quote_after_an_empty_item_and_an_empty_fence_is_not_lost():
    """The fence draws nothing, so what was printed last is still the item; the quote is opened again all the same."""
    text = "+\n> ```\n> ```\n> code"
    assert drawn(text, 80, 24, random.Random(0)).lines == at_once(text, 80, 24).lines == ["•", "│", "│ code"]


def test_a_finished_line_is_written_once():
    """What has been printed is not touched again, so that it can be scrolled to and selected meanwhile."""
    output: list[str] = []
    stream = MarkdownStream(output.append, lambda: (80, 24), colour=False)
    code = [f"line_{number} = {number}" for number in range(200)]
    for line in ["- an item", "", "  ```", *(f"  {line}" for line in code), "  ```"]:
        stream.feed(line + "\n")
        stream.draw()
    stream.finish()
    written = "".join(output)
    assert all(written.count(f"{line}\n") == 1 for line in code)
    assert "\n".join(code) in written


def test_the_output_grows_with_the_text_and_not_with_its_square():
    """Four times the answer is at most 4.6 times the output; benchmarks/ measures the time."""

    def written(text: str) -> int:
        output: list[str] = []
        stream = MarkdownStream(output.append, lambda: (80, 24), colour=True)
        for piece in pieces(text, random.Random(1), sizes=[40]):
            stream.feed(piece)
            stream.draw()
        stream.finish()
        return sum(map(len, output))

    for block in (numbered(10), "- an item\n", "word word ", "> quoted words\n"):
        assert written(block * 200) < 4.6 * written(block * 50)


class Clock:
    """A clock that goes on when it is told to, and by `draw_s` during each write."""

    def __init__(self) -> None:
        self.now, self.draw_s = 100.0, 0.0

    def __call__(self) -> float:
        return self.now

    def write(self, text: str) -> None:
        self.now += self.draw_s


@pytest.mark.parametrize(
    ("draw_s", "wait_s"),
    [
        pytest.param(0.0, 1 / 60, id="cheap: as often as a screen is refreshed"),
        pytest.param(0.0005, 0.03, id="60 times its cost"),
        pytest.param(0.003, 0.05, id="never later than can be read along"),
        pytest.param(0.02, 0.2, id="too costly for that: a tenth of the time at most"),
    ],
)
def test_drawing_is_paced_by_what_it_costs(draw_s, wait_s):
    """Nothing new: nothing to do. New text: at once after a pause, else by the cost of the draws before."""
    clock = Clock()
    stream = MarkdownStream(clock.write, lambda: (80, 24), colour=False, clock=clock)
    assert stream.due() is None
    stream.feed("a")
    assert stream.due() == 0
    clock.draw_s = draw_s
    for _ in range(100):
        stream.feed("a")
        stream.draw()
    assert stream.due() is None
    stream.feed("a")
    assert stream.due() == pytest.approx(wait_s, rel=0.02)
    clock.now += 1
    assert stream.due() == 0


def test_only_finished_blocks_where_nothing_may_be_redrawn():
    """Into a file or a pager each block is written when it has ended, code by its lines, without moving a cursor."""
    output: list[str] = []
    stream = MarkdownStream(output.append, lambda: (80, 24), colour=True, live=False)

    def after(text: str) -> str:
        stream.feed(text)
        stream.draw()
        written = "".join(output)
        output.clear()
        return written

    assert after("# Title\nSome *te") == "\x1b[1;4mTitle\x1b[0m\n"
    assert after("xt*\n") == ""
    assert after("\n") == "\nSome \x1b[3mtext\x1b[0m\n"
    assert after("```\nx = 1\ny =") == "\n\x1b[36mx = 1\x1b[0m\n"
    stream.clear()
    stream.finish()
    assert "".join(output) == "\x1b[36my =\x1b[0m\n"


def test_another_stream_may_write_in_between():
    """`clear` leaves the finished lines and a fresh line; the next draw shows the open block again below."""
    screen = Screen(40, 10)
    stream = MarkdownStream(lambda text: show(screen, text), lambda: (40, 10), colour=False)
    stream.feed("One.\n\nTwo is\nstill ope")
    stream.draw()
    assert screen.lines == ["One.", "", "Two is still ope"]
    stream.clear()
    show(screen, "a notice\n")
    assert screen.lines == ["One.", "a notice"]
    assert stream.due() is not None
    stream.draw()
    assert stream.due() is None
    stream.clear()
    stream.clear()
    stream.feed("n")
    stream.draw()
    stream.finish()
    assert screen.lines == ["One.", "a notice", "", "Two is still open"]
    assert screen.cursor == (0, 4)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("\n\n", "", id="blank lines"),
        pytest.param("a\n\n\n", "a\n", id="one newline at the end"),
        pytest.param("```\nx", "```\nx\n```\n", id="an open fence"),
        pytest.param("- a\n- ", "• a\n•\n", id="an empty item"),
    ],
)
@pytest.mark.parametrize("live", [True, False])
def test_the_end(text, written, live):
    """Whatever the answer ends with, the cursor stands on a fresh line; the next text starts anew."""
    screen = Screen(40, 10)
    stream = MarkdownStream(lambda output: show(screen, output), lambda: (40, 10), colour=False, live=live)
    for _ in range(2):
        stream.feed(text)
        stream.draw()
        stream.finish()
    assert screen.lines == (written * 2).splitlines()
    assert screen.cursor == (0, 2 * written.count("\n"))


SIZES = [(80, 24), (30, 24), (60, 5), (12, 10), (100, 24), (80, 2), (80, 24)]


@pytest.mark.parametrize("step", [17, 41, 97])
def test_a_resize_doubles_nothing(step):
    """The second exception: rows that no longer fit stay as they are, and the text goes on below them.

    Lines shorter than every width are all there once; nothing longer is there twice. tests/proof has a terminal that
    wraps its lines again.
    """
    screen = Screen(80, 24)
    sizes = [(80, 24)]
    stream = MarkdownStream(lambda output: show(screen, output), lambda: sizes[-1], colour=True)
    text = "\n".join(f"- i{number:03}" for number in range(60)) + "\n\n" + " ".join(f"w{n:03}" for n in range(200))
    for number, piece in enumerate(pieces(text, random.Random(1), sizes=[5])):
        stream.feed(piece)
        stream.draw()
        if number % step == step - 1:
            sizes.append(SIZES[len(sizes) % len(SIZES)])
            screen.resize(*sizes[-1])
    stream.finish()
    found = "\n".join(screen.lines)
    assert max(found.count(word) for word in re.findall(r"[iw]\d{3}", text)) == 1


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        pytest.param("> one two thr", "ee four\n> five\n", ["│ one two", "│ ee four", "five"], id="a quote"),
        pytest.param("1. one two thr\n", "   four\n2. b", ["1. one two", "   four", "2. b"], id="an item"),
        pytest.param(
            "- ```\n  abcdefghijkl", "mn\n  x\n  ```\n- b", ["•", "abcdefghij", "mn", "x", "", "• b"], id="code"
        ),
        pytest.param("one two three four\n", "\nnext", ["one two th", "", "next"], id="a paragraph that ends there"),
        pytest.param("# one two thr", "ee\nnext", ["one two th", "ee", "", "next"], id="a heading"),
        pytest.param("<div a='1 2 3'>\n", "\nnext", ["<div a='1", "", "next"], id="raw HTML"),
        pytest.param(
            "a | b | c\n-|-|-\n1 | 2 | 3", "4\n", ["a  b  c", "─  ─  ──", "1  2  34"], id="a table, drawn anew"
        ),
        pytest.param("w " * LONGEST_OPEN, "x", None, id="more than is on the screen, drawn anew"),
    ],
)
def test_what_goes_on_after_a_resize(before, after, lines):
    """The window gets narrower than the rows, which this terminal cuts off; what comes then stands in its block."""
    screen = Screen(40, 10)
    sizes = [(40, 10)]
    stream = MarkdownStream(lambda output: show(screen, output), lambda: sizes[-1], colour=True)
    stream.feed(before)
    stream.draw()
    sizes.append((10, 10))
    screen.resize(10, 10)
    stream.feed(after)
    stream.draw()
    stream.finish()
    if lines is None:
        assert " ".join(screen.lines).split().count("w") == LONGEST_OPEN
    else:
        assert [line[:10].rstrip() for line in screen.lines] == lines


def test_markup_is_styled_before_it_is_closed():
    """The signs of bold text and code do not flash while the text comes."""
    screen = Screen(40, 10)
    stream = MarkdownStream(lambda output: show(screen, output), lambda: (40, 10), colour=True)
    for piece, row in [
        ("a **b", "a b"),
        (" c", "a b c"),
        ("** d `e", "a b c d e"),
        (" f` 2 ** 3", "a b c d e f 2 ** 3"),
    ]:
        stream.feed(piece)
        stream.draw()
        assert screen.lines == [row]


BAD = {
    "a line of 1 MB": "x" * 1_000_000,
    "1 MB of words in a line": "word " * 200_000,
    "open brackets": "[" * 2_000,
    "open emphasis": "*a **b " * 1_000,
    "images in images": "![" * 400 + "a" + "](b)" * 400,
    "a list of 200 levels": "".join("  " * level + f"- item{level}\n" for level in range(200)),
    "200 items on a line": "- " * 200 + "x",
    "200 numbers on a line": "1. " * 200 + "x",
    "a quote of 200 levels": "".join(">" * level + f" quote{level}\n" for level in range(200)),
    "a table of 300 columns": "|".join(f"h{n}" for n in range(300)) + "\n" + "|".join("-" * 300) + "\n" + "c|" * 300,
    "a table of 2,000 rows": "| a | b |\n|---|---|\n" + "| row | value |\n" * 2_000,
    "a fence without end": "````\n```\n'''\n" + "x = 1\n" * 1_000,
    "a comment without end": "<!-- x\n\n" * 1_000,
    "an indented block without end": "    code\n" * 3_000,
    "blank lines": "\n" * 20_000,
    "every control character": "".join(map(chr, range(256))) * 3,
}


@pytest.mark.parametrize(
    "size",
    [(80, 24), (1, 1), *(pytest.param(each, marks=pytest.mark.proof) for each in ((0, 0), (10_000, 40), (10, 1)))],
    ids=str,
)
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in BAD.items()])
def test_the_text_stands_whatever_comes(text, size):
    """On every size of screen: nothing hangs, nothing fails, no word is lost."""
    output: list[str] = []
    stream = MarkdownStream(output.append, lambda: size, colour=False)
    length = max(len(text) // 40, 1)
    for start in range(0, len(text), length):
        stream.feed(text[start : start + length])
        stream.draw()
    stream.draw()
    stream.finish()
    shown = "".join(output)
    for word in set(re.findall(r"[a-z]+\d*", text)):
        assert word in shown


def test_of_a_block_that_is_too_long_the_end_is_seen():
    """A word without end is not laid out again and again; it is printed whole when it has ended."""
    screen = Screen(40, 5)
    stream = MarkdownStream(lambda output: show(screen, output), lambda: (40, 5), colour=False)
    stream.feed("x" * LONGEST_OPEN + "yz")
    stream.draw()
    assert screen.lines[-1].endswith("yz") and len(screen.lines) == 4
    stream.feed(" end")
    stream.draw()
    stream.finish()
    assert "".join(screen.lines) == "x" * LONGEST_OPEN + "yzend"
