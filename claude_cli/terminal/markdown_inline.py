"""The text of a paragraph, a heading or a cell: emphasis, code, links and images as styled runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from ..core.harmless import harmless
from .markdown_text import Run

LONGEST = 32_768
"""Characters; a longer text is shown as it is. The parser needs up to 20 µs for a character of bad input."""
CODE, ADDRESS = "36", "2"
_STYLES = {"strong_open": "1", "em_open": "3", "s_open": "9", "link_open": "4"}
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_DEFINITION = re.compile(r"\[[^\]\n]+\]:")
_FORMULA = re.compile(
    r"\$\$.{1,2000}?\$\$|\$(?![\s$])[^$\n]{0,500}?(?<!\s)\$(?!\d)|\\\(.{1,500}?\\\)|\\\[.{1,2000}?\\\]", re.DOTALL
)
_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_OPENERS = re.compile(r"[`~\[]|\*(?!\s)|(?<!\w)_|<(?=[a-zA-Z/!?])|\$(?!\s)")


class _Parser(MarkdownIt):
    """markdown-it, but for addresses: they are shown as they were written."""

    def normalizeLink(self, url: str) -> str:
        """`url`, not encoded."""
        return url

    def normalizeLinkText(self, link: str) -> str:
        """`link`, not decoded."""
        return link


@cache
def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"maxNesting": 20}).enable("strikethrough")
    parser.inline.ruler.before("escape", "formula", _formula)
    return parser


def _formula(state: StateInline, silent: bool) -> bool:
    """A markdown-it rule: TeX formulas stay as they are, with their backslashes, stars and underscores."""
    found = _FORMULA.match(state.src, state.pos, state.posMax) if state.src[state.pos] in "$\\" else None
    if not found:
        return False
    if not silent:
        state.push("formula", "", 0).content = found.group()
    state.pos = found.end()
    return True


def inline_runs(text: str, *, colour: bool) -> list[Run]:
    """`text` as runs; a newline in them breaks the line.

    Without colour, code keeps its backticks, so that it can still be told from words.
    """
    if len(text) > LONGEST:
        return [(text, "")]
    return _Walk(_tokens(text), colour).runs


def settled(text: str) -> bool:
    """Whether nothing that follows `text` and a blank can change how `text` looks: no markup stands open in it."""
    for token in _tokens(text):
        if token.markup in ("\\(", "\\["):
            return False
        if token.type == "text" and _OPENERS.search(_BRACKETS.sub("", token.content)):
            return False
    return True


def closed_up(text: str) -> str:
    """`text`, which has not come whole yet, with what closes its code span or strong emphasis."""
    if "`" not in text and "**" not in text:
        return text
    plain = "".join(token.content for token in _tokens(text) if token.type == "text")
    opened = re.search(r"`|\*\*(?=\S)", plain)
    if not opened:
        return text
    return text.rstrip() + opened.group()


def _tokens(text: str) -> list[Token]:
    return _parser().inline.parse(text, _parser(), {}, [])


class _Walk:
    """One walk over the tokens of one text."""

    def __init__(self, tokens: Sequence[Token], colour: bool) -> None:
        self.runs: list[Run] = []
        self._colour = colour
        self._styles: list[str] = []
        self._links: list[tuple[str, int]] = []
        for index, token in enumerate(tokens):
            self._take(token, tokens[index + 1] if index + 1 < len(tokens) else None)

    def _add(self, text: str, style: str = "") -> None:
        if text:
            self.runs.append((text, ";".join([*self._styles, style] if style else self._styles)))

    def _take(self, token: Token, following: Token | None) -> None:
        kind = token.type
        if kind == "softbreak":
            # Definitions of links and footnotes are not resolved but shown, each on its line.
            definition = following is not None and following.type == "text" and _DEFINITION.match(following.content)
            self._add("\n" if definition else " ")
        elif kind == "hardbreak" or (kind == "html_inline" and _BREAK.fullmatch(token.content)):
            self._add("\n")
        elif kind == "code_inline":
            self._add(token.content if self._colour else f"{token.markup}{token.content}{token.markup}", CODE)
        elif kind == "image":
            self._add(f"[image: {token.content}]")
            self._add(f" ({harmless(str(token.attrGet('src')))})", ADDRESS)
        elif kind == "link_close":
            self._close_link()
        elif kind in _STYLES:
            if kind == "link_open":
                self._links.append((harmless(str(token.attrGet("href"))), len(self.runs)))
            self._styles.append(_STYLES[kind])
        elif token.nesting < 0:
            self._styles.pop()
        elif kind == "text_special":  # &#x202e; in text and in addresses becomes a character only here
            self._add(harmless(token.content))
        else:
            self._add(token.content)

    def _close_link(self) -> None:
        self._styles.pop()
        address, start = self._links.pop()
        text = "".join(text for text, _ in self.runs[start:])
        if text and address.removeprefix("mailto:") != text and not address.endswith("://" + text):
            self._add(f" ({address})", ADDRESS)
        elif not text:
            self._add(f"({address})", ADDRESS)
