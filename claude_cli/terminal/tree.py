"""The branches of a conversation as lines: one a turn, the branch in use straight down, the others beside it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..core.conversation import Conversation, Turn
from ..core.harmless import one_line
from .columns import cells, cut

FIRST, LAST = 3, 4
"""Turns that are shown at the ends of a chain without branches; those between are told in one line."""
_INDENT = 2
_WORDS = 200
"""Characters of a turn that are shown at most: more than any line has."""
_MARKS = re.compile(r"(?<!\w)(\*\*)(\S(?:.*?\S)?)\*\*(?!\w)|(?<!`)(`+)(?!`)(.+?)(?<!`)\3(?!`)|^#{1,6} ", re.MULTILINE)
_BLOCKS, _ASCII = ("●", "○", "›", "⋮", "│", "…"), ("*", "o", ">", ":", "|", "...")


@dataclass(frozen=True, slots=True)
class _Row:
    """A turn, and how many branches stand left of it."""

    turn: Turn
    depth: int


def _unmarked(text: str) -> str:
    """Markdown without the marks of headings, bold words and code, where these are plain to see."""
    return _MARKS.sub(lambda match: match[2] or match[4] or "", text)


def numbers(conversation: Conversation) -> dict[int, int]:
    """The number of each turn, by its id: from 1, in the order in which they began. A turn keeps its number."""
    return {id_: number for number, id_ in enumerate(sorted(conversation.turns), 1)}


def tree(conversation: Conversation, width: int, *, blocks: bool = True) -> list[str]:
    """All turns as lines of at most `width` cells, the long chains folded.

    Args:
        blocks: whether the terminal knows more than ASCII.
    """
    children: dict[int | None, list[Turn]] = {}
    for turn in sorted(conversation.turns.values(), key=lambda turn: turn.id):
        children.setdefault(turn.parent, []).append(turn)
    used = {turn.id for turn in conversation.path}
    drawing = _Drawing(numbers(conversation), used, children, width, _BLOCKS if blocks else _ASCII)
    lines: list[str] = []
    for chain in _chains(list(_rows(children, used)), children):
        lines += drawing.chain(chain)
    return lines


def _rows(children: Mapping[int | None, Sequence[Turn]], used: set[int]) -> Iterator[_Row]:
    """All turns from above. Of what follows one the branch in use, or else the newest, comes last and not indented."""
    waiting = [_Row(turn, depth) for turn, depth in _after(None, 0, children, used)]
    while waiting:
        row = waiting.pop()
        yield row
        waiting += [_Row(turn, depth) for turn, depth in _after(row.turn.id, row.depth, children, used)]


def _after(
    parent: int | None, depth: int, children: Mapping[int | None, Sequence[Turn]], used: set[int]
) -> list[tuple[Turn, int]]:
    """What follows `parent`, the last to be drawn first."""
    found = children.get(parent, [])
    if not found:
        return []
    straight = next((turn for turn in found if turn.id in used), found[-1])
    return [(straight, depth), *((turn, depth + 1) for turn in reversed(found) if turn is not straight)]


def _chains(rows: Sequence[_Row], children: Mapping[int | None, Sequence[Turn]]) -> Iterator[list[_Row]]:
    """The rows, in runs in which each turn is the only one that follows the one before."""
    chain: list[_Row] = []
    for row in rows:
        if chain and not (chain[-1].turn.id == row.turn.parent and len(children[row.turn.parent]) == 1):
            yield chain
            chain = []
        chain.append(row)
    if chain:
        yield chain


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Makes the lines.

    Attributes:
        numbers: of the turns, by id.
        used: ids on the branch in use.
        children: by parent.
        width: cells of the terminal.
        signs: used, not used, the user's, folded, beside, cut.
    """

    numbers: Mapping[int, int]
    used: set[int]
    children: Mapping[int | None, Sequence[Turn]]
    width: int
    signs: Sequence[str]

    def chain(self, rows: Sequence[_Row]) -> Iterator[str]:
        """The lines of a run without branches."""
        if len(rows) <= FIRST + LAST + 1:
            yield from map(self.line, rows)
            return
        folded = rows[FIRST:-LAST]
        yield from map(self.line, rows[:FIRST])
        between = f"{self.numbers[folded[0].turn.id]} to {self.numbers[folded[-1].turn.id]}"
        yield self._cut(f"{self._beside(rows[0].depth)}{self.signs[3]} {len(folded):,} more, {between}")
        yield from map(self.line, rows[-LAST:])

    def line(self, row: _Row) -> str:
        """One turn: its number, its first words, and what is to be known of it."""
        turn = row.turn
        mark = self.signs[0] if turn.id in self.used else self.signs[1]
        who = f"{self.signs[2]} " if turn.role == "user" and turn.kind == "turn" else "  "
        number = f"{self.numbers[turn.id]:>{len(str(len(self.numbers)))}}"
        before = f"{self._beside(row.depth)}{mark} {number} {who}"
        state = self._state(turn)
        text = turn.text[: 10 * _WORDS]
        words = one_line(text if turn.role == "user" and turn.kind == "turn" else _unmarked(text), _WORDS)
        words = words or self._other(turn)
        room = self.width - cells(before) - (cells(state) + 1 if state else 0)
        return self._cut(f"{before}{cut(words, max(room, 8), self.signs[5])}{' ' + state if state else ''}")

    def _beside(self, depth: int) -> str:
        """What stands for the branches on the left; of very many only how many."""
        most = max(1, self.width // 4 // _INDENT)
        return f"{self.signs[4]} " * depth if depth <= most else f"{self.signs[4]}{depth} ".ljust(_INDENT * most)

    def _state(self, turn: Turn) -> str:
        """What is to be known of a turn, in brackets; "" for most."""
        said = []
        if turn.kind == "summary":
            said.append("summary")
        if turn.role == "assistant" and turn.state != "whole":
            said.append("interrupted" if turn.state == "open" else turn.state)
        if turn.role == "user" and turn.kind == "turn" and turn.id not in self.children:
            said.append("unanswered")
        models = {each.model for each in self.children.get(turn.parent, ())}
        if turn.role == "assistant" and len(models) > 1 and turn.model:
            said.append(one_line(turn.model.removeprefix("claude-"), 30))
        return f"[{', '.join(said)}]" if said else ""

    def _other(self, turn: Turn) -> str:
        """What a turn without words has: "image, document"."""
        kinds = dict.fromkeys(str(block.get("type")).replace("_", " ") for block in turn.content)
        return one_line(", ".join(kinds), _WORDS) or "(empty)"

    def _cut(self, line: str) -> str:
        return cut(line, self.width, self.signs[5])
