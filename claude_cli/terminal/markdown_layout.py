"""How a block looks: what stands before it, and its lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .markdown_blocks import Block, Container, Path
from .markdown_inline import CODE, inline_runs
from .markdown_text import Line, Run, wrap

WIDEST = 120
"""Cells; longer lines of prose are hard to read."""
NARROWEST = 16
"""Cells; deeply nested text gets no narrower, and the terminal wraps it."""

_HEADINGS = {1: "1;4", 2: "1"}
_RULE_WIDTH = 40
_QUIET = "2"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next block comes: what the block before it has left.

    Attributes:
        path: the containers of the block before.
        kind: its kind; "": nothing has been printed.
        goes_on: the next block is the rest of that one.
        carry: the last, unfinished line of a paragraph that goes on.
        chunk: of code that goes on, what decides its colours.
        fence: the sign that is still to stand behind code, where it stands between fences.
    """

    path: Path = ()
    kind: str = ""
    goes_on: bool = False
    carry: tuple[Run, ...] = ()
    chunk: tuple[str, ...] = ()
    fence: str = ""


def lay_out(block: Block, place: Place, columns: int, *, colour: bool) -> tuple[list[Line], Place]:
    """The lines of `block` on a terminal of `columns`, with the blank line before them, and the place for the next."""
    after = Place(block.path, block.kind)
    shared = _shared(block.path, place.path)
    if block.kind == "code":
        lines, after = _code(block, place, after, colour)
        # Nothing stands before code: what is selected runs. The number of its item has a line of its own.
        items = [index for index, container in enumerate(block.path) if index >= shared and _is_item(container)]
        if items and not place.goes_on:
            lines = [_prefix(block.path[: items[-1] + 1], shared), *lines]
        if not lines:
            return [], replace(place, path=block.path, goes_on=False)
    else:
        width = max(min(columns, WIDEST) - _width(block.path), NARROWEST)
        content = _content(block, place, width, columns, colour)
        if place.goes_on and content == [[]]:
            return [], after
        lines = _prefixed(content, block.path, shared, place.goes_on)
    if _apart(block, place):
        lines = [_prefix(block.path[:shared], shared), *lines]
    return lines if place.goes_on else [*closing(place), *lines], after


def closing(place: Place) -> list[Line]:
    """What is still to be printed of the block before `place`."""
    return [[(place.fence, "")]] if place.fence else []


def _shared(path: Path, other: Path) -> int:
    """How many containers two blocks have in common."""
    count = 0
    for ours, theirs in zip(path, other, strict=False):
        if ours is not theirs:
            break
        count += 1
    return count


def _is_item(container: Container) -> bool:
    return container.marker != ">"


def _apart(block: Block, place: Place) -> bool:
    """Whether a blank line stands before `block`: always, but in lists, and where one begins, as in the source."""
    if not place.kind or place.goes_on:
        return False
    if block.apart or block.kind == "code" or place.kind in ("code", "heading"):
        return True
    return not any(map(_is_item, block.path))


def _width(path: Path) -> int:
    return sum(len(container.label) for container in path)


def _prefix(path: Path, shared: int) -> Line:
    """What stands before a line of `path`, of which the containers from `shared` on begin with it."""
    return [
        (container.label if index >= shared else container.indent, _QUIET if container.marker == ">" else "")
        for index, container in enumerate(path)
    ]


def _prefixed(lines: list[Line], path: Path, shared: int, goes_on: bool) -> list[Line]:
    """`lines` behind bars, bullets and numbers."""
    later = _prefix(path, len(path))
    first = later if goes_on else _prefix(path, shared)
    return [[*(later if index else first), *line] for index, line in enumerate(lines)]


def _content(block: Block, place: Place, width: int, columns: int, colour: bool) -> list[Line]:
    """The lines of a block that is no code, without what stands before them."""
    if block.kind == "rule":
        return [[("─" * min(width, _RULE_WIDTH), _QUIET)]]
    if block.kind == "html":
        return [[(text, "")] for text in block.content.rstrip("\n").split("\n")]
    if block.kind == "table":
        from .markdown_table import table_lines

        room = max(columns - _width(block.path), NARROWEST)
        return table_lines(block.rows, block.aligns, room, colour=colour)
    runs = [*place.carry, *inline_runs(block.content, colour=colour)]
    if block.kind == "heading" and (colour or not place.goes_on):
        runs = _heading(runs, block.level, colour)
    return wrap(runs, width)


def _heading(runs: list[Run], level: int, colour: bool) -> list[Run]:
    """A heading; without styles it keeps its signs, or nobody would see that it is one."""
    if not colour:
        return [("#" * level + " ", ""), *runs]
    wanted = _HEADINGS.get(level, "1;3")
    return [(text, f"{wanted};{style}" if style else wanted) for text, style in runs]


def _code(block: Block, place: Place, after: Place, colour: bool) -> tuple[list[Line], Place]:
    """The lines of code, without blank ones at its end. Without styles fences tell where it begins and ends."""
    content = block.content.rstrip()
    if not content:
        return [], after
    if not colour:
        sign = block.info or "```"
        lines: list[Line] = [[(text, "")] for text in content.split("\n")]
        after = replace(after, fence=sign[: len(sign) - len(sign.lstrip("`~"))])
        return lines if place.goes_on else [[(sign, "")], *lines], after
    if not block.info:
        return [[(text, CODE)] for text in content.split("\n")], after
    from .markdown_code import code_lines

    lines, chunk = code_lines(block.info, content, place.chunk)
    return lines, replace(after, chunk=chunk)
