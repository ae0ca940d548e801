"""The blocks of Markdown, in the order they are printed, each with the quotes and list items it stands in.

markdown-it finds them. What has been printed is not parsed again: a short text opens the same quotes and items anew,
and the parser goes on behind it (`opening`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, heading, paragraph
from markdown_it.token import Token

MARK = "\uffff"
"""Stands in the source for the part of a paragraph that has been printed. No character: no answer holds it."""

Kind = Literal["paragraph", "heading", "code", "html", "rule", "table", "empty"]
_KINDS: dict[str, Kind] = {"html_block": "html", "hr": "rule"}
DEEPEST = 40
"""Levels of nesting (an item counts two, a quote one); what is deeper is shown as text. No recursion goes further."""


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """A quote or a list item; two are the same only if they are one.

    Attributes:
        marker: in the source: `>`, `-`, `3.`.
        label: what is printed before its first line.
        number: of an ordered item, counted from the list's first.
        width: of an item, columns from where its list stands to where its text stands in the source.
    """

    marker: str
    label: str
    number: int | None = None
    width: int = 2

    @property
    def indent(self) -> str:
        """What is printed before its further lines."""
        return self.label if self.marker == ">" else " " * len(self.label)


Path = tuple[Container, ...]
"""From the outermost in."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block that holds text, not blocks. An item or quote with nothing in it has an `empty` one.

    Attributes:
        first, end: its lines in the source, the last not included.
        content: its text; a table has `rows` instead.
        info: how a fence began, like "```python"; empty for indented code.
        level: of a heading.
        apart: a blank line stands before it.
        rows, aligns: of a table, the header first; "left", "center", "right" or "".
    """

    kind: Kind
    path: Path
    first: int
    end: int
    content: str = ""
    info: str = ""
    level: int = 0
    apart: bool = False
    rows: list[list[str]] = field(default_factory=list)
    aligns: list[str] = field(default_factory=list)


def read_blocks(source: str, numbers: Sequence[int] = ()) -> list[Block]:
    """The blocks of `source`; `numbers` are those of the ordered items that its first line opens again."""
    return _Reader(source, numbers).blocks


def opening(path: Path, *, empty: bool = False) -> str:
    """A line that opens the containers of `path` and holds an empty heading, which no further line can join.

    Nothing, if the innermost is an `empty` item: what is indented behind one and a blank line is not in it.
    """
    nothing = empty and path and path[-1].marker != ">"
    return "".join(map(_again, path)) + ("\n" if nothing else "#\n") if path else ""


def margin(path: Path) -> str:
    """What a line of source needs in front to belong to the containers of `path`."""
    return "".join("> " if container.marker == ">" else " " * container.width for container in path)


def _again(container: Container) -> str:
    if container.marker == ">":
        return "> "
    spare = container.width - len(container.marker)
    # Five blanks behind a marker would be indented code: at most four, the rest before it.
    behind = min(spare, 4)
    return " " * (spare - behind) + container.marker + " " * behind


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": 10 * DEEPEST}).enable("table")
    # Definitions of links stay as text: an answer that is read as it comes cannot know them when they are used.
    parser.disable("reference")
    parser.block.ruler.before("table", "watch", _watch)
    return parser


def _watch(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A markdown-it rule before all others: notes the columns before the coming block, and ends the nesting."""
    if silent:
        return False
    state.env["indents"][len(state.tokens)] = state.blkIndent, state.sCount[start] - state.blkIndent
    if state.level < DEEPEST:
        return False
    return heading(state, start, end, silent) or paragraph(state, start, end, silent)


class _Reader:
    """One walk over the tokens of one source."""

    def __init__(self, source: str, numbers: Sequence[int]) -> None:
        self.blocks: list[Block] = []
        self._lines = source.split("\n")
        self._numbers = list(numbers)
        self._path: list[Container] = []
        self._counters: list[tuple[int | None, int]] = []
        self._tokens: list[Token] = []
        self._indents: dict[int, tuple[int, int]] = {}  # before a token: of its containers, and its own
        _parser().block.parse(source, _parser(), {"indents": self._indents}, self._tokens)
        for index, token in enumerate(self._tokens):
            self._take(index, token)

    def _take(self, index: int, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._open_list(index, token)
            case "bullet_list_close" | "ordered_list_close":
                self._counters.pop()
            case "list_item_open":
                self._open_item(index, token)
            case "blockquote_open":
                self._open(index, token, Container(">", "│ "))
            case "list_item_close" | "blockquote_close":
                self._path.pop()
            case "table_open":
                self._add_table(index, token)
            case "paragraph_open":
                self._add("paragraph", token, content=self._tokens[index + 1].content)
            case "heading_open":
                self._add("heading", token, content=self._tokens[index + 1].content, level=int(token.tag[1]))
            case "fence" | "code_block" | "html_block" | "hr":
                info = self._fence(index) if token.type == "fence" else ""
                self._add(_KINDS.get(token.type, "code"), token, content=token.content, info=info)

    def _add(self, kind: Kind, token: Token, *, content: str = "", info: str = "", level: int = 0) -> None:
        first, end = token.map or (0, 0)
        apart = self._is_apart(first)
        content = content.replace(MARK, "")
        self.blocks.append(Block(kind, tuple(self._path), first, end, content, info, level, apart))

    def _is_apart(self, first: int) -> bool:
        """Whether a blank line stands between the block before and line `first`."""
        end = self.blocks[-1].end if self.blocks else 0
        return any(not line.strip(" \t>") for line in self._lines[end:first])

    def _fence(self, index: int) -> str:
        """How a fence began; its own indent counts, for it is taken off its lines."""
        token = self._tokens[index]
        return f"{' ' * self._indents[index][1]}{token.markup}{token.info}"

    def _open_list(self, index: int, token: Token) -> None:
        number = int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None
        if number is not None and self._numbers and token.map and token.map[0] == 0:
            number = self._numbers.pop(0)
        self._counters.append((number, self._indents[index][0]))

    def _open_item(self, index: int, token: Token) -> None:
        number, indent = self._counters[-1]
        marker = token.info + token.markup
        width = self._indents.get(index + 1, (indent + len(marker) + 1, 0))[0] - indent
        if number is None:
            item = Container(marker, "• ", None, width)
        else:
            self._counters[-1] = number + 1, indent
            item = Container(marker, f"{number}{token.markup} ", number, width)
        self._open(index, token, item)

    def _open(self, index: int, token: Token, container: Container) -> None:
        self._path.append(container)
        if self._tokens[index + 1].nesting < 0:
            first, end = token.map or (0, 0)
            # The parser counts blank lines behind it in.
            while end > first + 1 and self._lines[end - 1].count(">") < self._quotes():
                end -= 1
            if container.marker != ">":
                end = first + 1
            self.blocks.append(Block("empty", tuple(self._path), first, end, apart=self._is_apart(first)))

    def _quotes(self) -> int:
        return sum(container.marker == ">" for container in self._path)

    def _add_table(self, index: int, token: Token) -> None:
        first, end = token.map or (0, 0)
        rows: list[list[str]] = []
        aligns: list[str] = []
        for inner in self._tokens[index + 1 :]:
            if inner.type == "table_close":
                break
            if inner.type == "tr_open":
                rows.append([])
            elif inner.type == "inline":
                rows[-1].append(inner.content.replace(MARK, ""))
            elif inner.type == "th_open":
                aligns.append(str(inner.attrs.get("style", "")).removeprefix("text-align:"))
        apart = self._is_apart(first)
        self.blocks.append(Block("table", tuple(self._path), first, end, apart=apart, rows=rows, aligns=aligns))
