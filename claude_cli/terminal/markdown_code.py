"""Colours for code, line by line: a line's colours come from the lines before it, never from what follows.

So a line can be printed as soon as it is whole. Pygments cannot go on in the middle of a text; what is lexed again with
each line is a short chunk of the lines before it, back to one that meant the same without what stood before.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String
from pygments.util import ClassNotFound

from .markdown_inline import CODE
from .markdown_text import Line

if TYPE_CHECKING:
    from pygments.token import _TokenType

CHUNK_LINES = 100
LONGEST_LINE = 500
"""Characters; a longer line has no colours."""

Chunk = tuple[str, ...]
"""The lines that decide the colours of the next one; the first names the language that is lexed."""

_STYLES = {
    Comment: "2",
    Comment.Preproc: "35",
    Keyword: "35",
    Keyword.Constant: "36",
    Operator.Word: "35",
    Number: "36",
    String: "32",
    Name.Function: "34",
    Name.Class: "34",
    Name.Decorator: "33",
    Name.Builtin: "36",
    Name.Tag: "34",
    Name.Attribute: "33",
    Generic.Deleted: "31",
    Generic.Inserted: "32",
    Generic.Heading: "1",
    Generic.Subheading: "36",
    Generic.Prompt: "2",
}
_PIECE = re.compile(r"\n|[^\n]+")
_PROBE = "if x = 1"
_EMBEDDED = {"script": "javascript", "style": "css"}
_TAG = re.compile(r"<(/?)(script|style)\b", re.IGNORECASE)


def code_lines(info: str, content: str, chunk: Chunk) -> tuple[list[Line], Chunk]:
    """`content` with colours, and the chunk for what follows.

    Args:
        info: how its fence began, like "```python".
        chunk: what the lines before left, empty at the block's start.
    """
    name = info.strip("`~ ").split(maxsplit=1)[0].lower() if info.strip("`~ ") else ""
    if not chunk:
        chunk = (name,)
    lines = []
    for text in content.split("\n"):
        line, chunk = _next(name, text, chunk)
        lines.append(line)
    return lines, chunk


def _next(name: str, text: str, chunk: Chunk) -> tuple[Line, Chunk]:
    """One line with its colours, and the chunk for the next one."""
    language, *before = chunk
    lexer = _lexer(language)
    tag = _TAG.search(text) if name in ("html", "vue", "svelte", "xml", "php") else None
    if tag and tag[1] and language != name:
        language, before, lexer = name, [], _lexer(name)
    if lexer is None or len(text) > LONGEST_LINE:
        return [(text, "" if lexer else CODE)], chunk
    if not text.strip():
        return [(text, "")], (language, *before[-CHUNK_LINES:], text)
    alone = line, _ = _lexed(lexer, text)
    if before:
        found = line, _ = _lexed(lexer, "\n".join([*before, text]))
        if found == alone or len(before) >= CHUNK_LINES:
            before = []
    if tag and not tag[1] and language == name and not re.search(r"</(script|style)", text, re.IGNORECASE):
        return line, (_EMBEDDED[tag[2].lower()],)
    return line, (language, *before, text)


def _lexed(lexer: Lexer, text: str) -> tuple[Line, Line]:
    """The last line of `text` with its colours, and the probe behind it: it looks different in a string or comment."""
    lines: list[Line] = [[]]
    for kind, value in lexer.get_tokens(f"{text}\n{_PROBE}\n"):
        style = _style(kind)
        for piece in _PIECE.findall(value):
            if piece == "\n":
                lines.append([])
            elif lines[-1] and lines[-1][-1][1] == style:
                lines[-1][-1] = (lines[-1][-1][0] + piece, style)
            else:
                lines[-1].append((piece, style))
    return lines[-3], lines[-2]


@cache
def _style(kind: _TokenType) -> str:
    """The colour of a kind of token, or of the nearest kind that contains it."""
    while kind.parent is not None and kind not in _STYLES:
        kind = kind.parent
    return _STYLES.get(kind, "")


@cache
def _lexer(name: str) -> Lexer | None:
    try:
        # `startinline`: PHP without its opening tag.
        return get_lexer_by_name(name, stripnl=False, startinline=True) if name else None
    except ClassNotFound:
        return None
