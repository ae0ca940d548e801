"""Markdown for tests: lines that make blocks of every kind when they are mixed, and drawing it on screens."""

from __future__ import annotations

import random
from collections.abc import Sequence

from claude_cli.terminal.markdown_stream import MarkdownStream

from .screens import Screen

BLOCK_LINES = [
    "- a", "* b", "+", "-", "1.", "1. one", "2. two", "10. ten", "3) x", "   - deep", "  - nested", "    - more",
    "-   wide", "  1. n", "- - dd", "1. - 2. x", "- # h", "- > q", "-     code in an item", "- ```js", "  ```",
    "> quote", "> > nested", "> - list", ">", "> ```", "> code", ">lazy", "   > in an item", "> 1. one", "```py",
    "```", "~~~", "    code", "      more code", "  x = 1", "# H", "## H2 `c`", "#", "---", "===", "***",
    "text **bold** word", "more *text* here", "a `b` [c](d)", "  a paragraph in an item", "   three",
    "  continued lazily", "<div>", "</div>", "<!-- c", "-->", "[1]: http://x", "日本語、テキスト。",
    "| a | b |", "|---|---|", "| 1 | 2 |", "a | b", "-|-", "  | a |", "  |---|", "", "", "", "-\tt", "\ttab",
]  # fmt: skip
"""Lines of Markdown that begin, continue and interrupt each other."""

WORDS = [
    "alpha", "beta,", "*gamma delta*", "**bold text**", "`code x`", "[link](http://x.y/z)", "日本語テキスト", "eta.",
    "snake_case", "5 * 3", "~~s~~", "a-hyphen-word", "**b *c* `d`**", "$a_i * b_j$", "http://x.y/a-long-address",
    "<br>", "[image: x]", "2 < 3",
]  # fmt: skip
"""What a paragraph is made of; all markup is closed where a word ends."""


def rendered(text: str, columns: int = 80, *, colour: bool = False) -> str:
    """`text` laid out at once."""
    output: list[str] = []
    stream = MarkdownStream(output.append, lambda: (columns, 24), colour=colour, live=False)
    stream.feed(text)
    stream.finish()
    return "".join(output)


def pieces(text: str, cuts: random.Random, sizes: Sequence[int] = (1, 3, 7, 20)) -> list[str]:
    """`text` in pieces."""
    found = []
    while text:
        size = cuts.choice(sizes)
        found.append(text[:size])
        text = text[size:]
    return found


def drawn(text: str, columns: int, rows: int, cuts: random.Random) -> Screen:
    """The screen of an answer that came in pieces, was drawn now and then, and sometimes had to make room."""
    screen = Screen(columns, rows)
    stream = MarkdownStream(lambda output: show(screen, output), lambda: (columns, rows), colour=True)
    for piece in pieces(text, cuts):
        stream.feed(piece)
        if cuts.random() < 0.8:
            stream.draw()
        if cuts.random() < 0.03:
            stream.clear()
    stream.finish()
    return screen


def show(screen: Screen, output: str) -> None:
    """Print on `screen` as through a terminal's line discipline."""
    screen.feed(output.replace("\n", "\r\n").encode())


def at_once(text: str, columns: int, rows: int) -> Screen:
    """The screen of an answer that was laid out at once."""
    screen = Screen(columns, rows)
    show(screen, rendered(text, columns, colour=True))
    return screen


def numbered(lines: int) -> str:
    """An answer whose words are all different: prose, lists, code, quotes and tables with numbered lines."""
    parts: list[str] = []
    for number in range(0, lines, 10):
        names = [f"n{number + each:05}" for each in range(10)]
        parts += [
            f"# {names[0]}",
            "",
            f"Some *prose* {names[1]}.",
            "",
            f"- an item {names[2]}",
            f"  - `inner` {names[3]}",
            "",
        ]
        parts += ["```python", f"{names[4]} = '''{names[5]}", f"{names[6]}'''", "```", "", f"> quoted {names[7]}", ""]
        parts += [f"| {names[8]} | b |", "|---|---|", f"| {names[9]} | 2 |", ""]
    return "\n".join(parts)
