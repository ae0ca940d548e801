"""How each kind of block looks, on a page of 40 columns without colours unless said."""

from __future__ import annotations

import re

import pytest

from claude_cli.terminal.markdown_inline import LONGEST
from claude_cli.terminal.markdown_text import cells

from ..markdown import BLOCK_LINES, WORDS, rendered

LOOKS = {
    "a paragraph is wrapped, its line breaks are blanks": (
        "One two three four five six seven\neight nine ten",
        "One two three four five six seven eight\nnine ten",
    ),
    "hard breaks stay": ("one  \ntwo\\\nthree<br>four", "one\ntwo\nthree\nfour"),
    "headings keep their signs without styles": ("# A *b* `c`\n\nTitle\n===", "# A b `c`\n\n# Title"),
    "a link shows its address": ("[a *text*](http://x.y 'title')", "a text (http://x.y)"),
    "an address is not shown twice": ("<http://x.y> <a@b.c> [x.y](http://x.y) [](/z)", "http://x.y a@b.c x.y (/z)"),
    "an address is shown as it was written": ("[a](http://x.y/ü?q=%20)", "a (http://x.y/ü?q=%20)"),
    "an image is its description": ("![A chart](c.png)", "[image: A chart] (c.png)"),
    "raw HTML is text": ("<b>bold</b> &amp; <i>\n\n<div>\n  <p>\n</div>", "<b>bold</b> & <i>\n\n<div>\n  <p>\n</div>"),
    "a comment is text": ("<!-- a\n\n  b -->", "<!-- a\n\n  b -->"),
    "formulas stay as they are": (r"$a_i*b_j*c$, \(\{x\}\), $5 *and* $6", r"$a_i*b_j*c$, \(\{x\}\), $5 and $6"),
    "a formula on lines of its own": ("$$\nx \\\\ \\,y\n$$", "$$\nx \\\\ \\,y\n$$"),
    "definitions are shown, each on its line": (
        "See [a][1] and[^2].\n\n[1]: http://x.y\n[^2]: A note.",
        "See [a][1] and[^2].\n\n[1]: http://x.y\n[^2]: A note.",
    ),
    "unknown syntax is text": ("==mark== :::note\n~sub~", "==mark== :::note ~sub~"),
    "a rule": ("a\n\n---\nb", "a\n\n" + "─" * 40 + "\n\nb"),
    "a list where none is left blank": ("Steps:\n- a\n  - b\n- c\n\nEnd", "Steps:\n• a\n  • b\n• c\n\nEnd"),
    "blank lines in a list are those of the source": ("- a\n\n- b\n- c\n\n  d", "• a\n\n• b\n• c\n\n  d"),
    "numbers count from the first": ("3. a\n3. b\n9. c", "3. a\n4. b\n5. c"),
    "numbers get wide": ("99) a\n100) b\n\n     c", "99) a\n100) b\n\n     c"),
    "tasks": ("- [ ] do\n- [x] done", "• [ ] do\n• [x] done"),
    "a list in a list in an item's first line": ("- 1. a\n  2. b", "• 1. a\n  2. b"),
    "items are wrapped below their text": (
        "- one two three four five six seven eight\n  1. one two three four five six seven eight",
        "• one two three four five six seven\n  eight\n  1. one two three four five six seven\n     eight",
    ),
    "empty items and quotes": ("- a\n-\n- c\n\n>\n", "• a\n•\n• c\n\n│"),
    "a quote has a bar": (
        "> one two three four five six seven eight\n>\n> - a\n> > b\n\nc",
        "│ one two three four five six seven\n│ eight\n│\n│ • a\n│\n│ │ b\n\nc",
    ),
    "a quote in a list": ("- a\n\n  > b\n  > c", "• a\n\n  │ b c"),
    "code stands flush left, unbroken, without blanks at its ends": (
        "a\n```py\n  x = 'a long line of code that has to stay whole'  \n\n\ty\n\n```\nb",
        "a\n\n```py\n  x = 'a long line of code that has to stay whole'\n\n\ty\n```\n\nb",
    ),
    "code in a list stands flush left": (
        "1. Run\n   ```sh\n   a\n     b\n   ```\n2. ```\n   c\n   ```\n- > ```\n  > d",
        "1. Run\n\n```sh\na\n  b\n```\n\n2.\n```\nc\n```\n\n•\n```\nd\n```",
    ),
    "indented code": ("a\n\n    b\n      c\n\n\n    d\n\ne", "a\n\n```\nb\n  c\n\n\nd\n```\n\ne"),
    "a fence keeps its own sign": ("~~~~ md\n```\n~~~~\na", "~~~~ md\n```\n~~~~\n\na"),
    "an empty fence is nothing": ("a\n```\n```\n\nb", "a\n\nb"),
    "a table": (
        "| *a* | b | long |\n|---|--:|:-:|\n| `x` | 1 | y |\n| a\\|b | 20 | |",
        "a     b  long\n───  ──  ────\n`x`   1   y\na|b  20",
    ),
    "a table that is too wide wraps its widest columns": (
        "| key | text |\n|-|-|\n| a | one two three four five six seven eight |\n| b | c |",
        f"key  text\n───  {'─' * 35}\na    one two three four five six seven\n     eight\n\nb    c",
    ),
    "a table whose columns do not fit is shown as records": (
        "|".join("abcdef") + "\n" + "|".join("-" * 6) + "\n" + "|".join(["a longer text"] * 6) + "\n1||3",
        "\n".join(f"{name}: a longer text" for name in "abcdef") + "\n\na: 1\nb:\nc: 3\nd:\ne:\nf:",
    ),
    "a table in an item": ("- a\n\n  |b|c|\n  |-|-|\n  |1|2|", "• a\n\n  b  c\n  ─  ─\n  1  2"),
    "CJK text is broken between characters, and not before a full stop": (
        "日本語のテキストには空白がないので、折り返しが、難しいです。「引用」もあります。",
        "日本語のテキストには空白がないので、折り\n返しが、難しいです。「引用」もあります。",
    ),
    "right-to-left text is wrapped by its width": (
        "שלום עולם " * 5,
        "שלום עולם שלום עולם שלום עולם שלום עולם\nשלום עולם",
    ),
    "an address that is too long stays in one piece": (
        f"See http://x.y/{'z' * 40} there.",
        f"See\nhttp://x.y/{'z' * 40}\nthere.",
    ),
}


@pytest.mark.parametrize(("source", "lines"), [pytest.param(*look, id=name) for name, look in LOOKS.items()])
def test_how_it_looks(source, lines):
    """What a reader sees is what a reader can copy: no frames, no padding."""
    assert rendered(source, 40) == lines + "\n"


STYLES = {
    "emphasis": ("*a* **b** ~~c~~ ***d***", "\x1b[3ma\x1b[0m \x1b[1mb\x1b[0m \x1b[9mc\x1b[0m \x1b[3;1md\x1b[0m"),
    "code": ("`a b`", "\x1b[36ma b\x1b[0m"),
    "a link": ("[a](/b)", "\x1b[4ma\x1b[0m\x1b[2m (/b)\x1b[0m"),
    "headings": ("# a\n## b\n### c", "\x1b[1;4ma\x1b[0m\n\n\x1b[1mb\x1b[0m\n\n\x1b[1;3mc\x1b[0m"),
    "a quote": ("> a", "\x1b[2m│ \x1b[0ma"),
    "a table": (
        "a|b\n-|-\n*1*|2",
        "\x1b[1ma\x1b[0m  \x1b[1mb\x1b[0m\n\x1b[2m─\x1b[0m  \x1b[2m─\x1b[0m\n\x1b[3m1\x1b[0m  2",
    ),
}


@pytest.mark.parametrize(("source", "lines"), [pytest.param(*style, id=name) for name, style in STYLES.items()])
def test_styles(source, lines):
    """Sixteen colours and attributes: each terminal's own theme decides how they look. Links are never OSC 8."""
    assert rendered(source, 40, colour=True) == lines + "\n"


@pytest.mark.parametrize("columns", [20, 40, 80, 300])
def test_no_line_is_wider_than_the_page_or_ends_with_blanks(columns):
    """But code, raw HTML and words that may not be broken; prose stops at 120 columns."""
    table = "| h |" * 3 + "\n" + "|-|" * 3 + "\n" + "| a few words 日本語 `c` **b** |" * 3
    text = "\n\n".join([" ".join(WORDS * 3), "> - " + " ".join(WORDS * 3), table.replace("||", "|")])
    for line in rendered(text, columns).splitlines():
        assert line == line.rstrip()
        assert cells(line) <= min(columns, 120) or "address" in line


def test_without_colour_there_is_no_escape_sequence():
    """A file, a pager and a dumb terminal get text alone."""
    assert "\x1b" not in rendered("\n".join(BLOCK_LINES), 40)


def test_no_word_is_lost():
    """Whatever the signs around it are."""
    text = "\n\n".join(BLOCK_LINES)
    assert set(re.findall(r"\w{2,}", text)) - set(re.findall(r"\w{2,}", rendered(text, 40))) == {"js", "py", "10"}


def test_a_text_that_is_too_long_to_be_parsed_is_shown_as_it_is():
    """The parser takes its time for bad input."""
    assert rendered("**a** " * LONGEST, 40).startswith("**a** **a** ")
