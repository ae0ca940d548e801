"""Markdown to a terminal while it arrives: finished lines are printed once, only the open block is redrawn.

Whole lines alone decide what is finished: once one has come that does not belong to a block, nothing can change that
block any more. What has been printed is not parsed again, so the cost grows with the length of the text, not with its
square (`markdown_blocks`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from .markdown_blocks import MARK, Block, margin, opening, read_blocks
from .markdown_inline import closed_up, settled
from .markdown_layout import Place, closing, lay_out
from .markdown_screen import LiveRows
from .markdown_text import Line, fold

LONGEST_OPEN = 8_192
"""Characters of an open block; of a longer one, only the end is shown, as it is, until it is whole."""
LOWEST, NARROWEST = 3, 8
"""Rows and columns; on a smaller terminal nothing is redrawn."""
UNKNOWN_SIZE = 80, 24

MAX_WAIT_S, MIN_WAIT_S = 0.05, 1 / 60
USUAL_SHARE, MOST_SHARE = 60, 10
"""A draw waits USUAL_SHARE times its own cost, but no longer than MAX_WAIT_S; and MOST_SHARE times however long."""


class MarkdownStream:
    """Markdown, drawn as it comes. It knows no threads: the caller sees to it that one call runs at a time."""

    def __init__(
        self,
        write: Callable[[str], None],
        size: Callable[[], tuple[int, int]],
        *,
        colour: bool,
        live: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Draw with `write` on a terminal that is `size()` large now.

        Args:
            write: prints text with its escape sequences at once, in one go.
            size: columns and rows of the terminal now; 0: unknown.
            colour: whether styles may be used.
            live: whether the open block may be redrawn; False: only finished lines are written, once.
            clock: seconds, for the pacing.
        """
        self._size, self._colour, self._live, self._clock = size, colour, live, clock
        self._screen = LiveRows(write, colour=colour)
        self._new: list[str] = []
        self._hidden = False
        self._next = self._cost = 0.0
        self._place = Place()
        # What the parser is given: lines that open again what has been printed of an open block, then the text.
        self._context = ""
        self._text = ""
        self._parsed = 0
        self._parse_from = 0

    def feed(self, text: str) -> None:
        """Take more of the answer; draws nothing."""
        self._new.append(text)

    def due(self) -> float | None:
        """Seconds until `draw` is wanted; None: nothing is waiting to be drawn."""
        return max(self._next - self._clock(), 0.0) if self._new or self._hidden else None

    def draw(self) -> None:
        """Print what is finished and show the open block as it is now, if there is something new."""
        if not (self._new or self._hidden):
            return
        start = self._clock()
        columns, rows = self._measure()
        self._text += "".join(self._new)
        self._new, self._hidden = [], False
        finished = self._finished(columns, self._text.rfind("\n") + 1)
        room = rows - 1 if self._live and columns >= NARROWEST and rows >= LOWEST else 0
        live = self._open(columns, room, finished) if room else []
        self._screen.show(finished, live, columns, room)
        self._pace(start)

    def clear(self) -> None:
        """Take the open block off the screen, so that another stream may write; the next `draw` shows it again."""
        self._measure()
        self._hidden = self._screen.clear() or self._hidden

    def finish(self) -> None:
        """Print what is left and leave the cursor at the start of a fresh line."""
        columns, _ = self._measure()
        self._text += "".join(self._new)
        if self._text and not self._text.endswith("\n"):
            self._text += "\n"
        self._new, self._hidden = [], False
        finished = self._finished(columns, len(self._text), last=True)
        self._screen.show([*finished, *closing(self._place)], [], columns, 0)
        self._go_on(Place(), "", "")

    def _pace(self, start: float) -> None:
        """Decide when to draw again, by what drawing costs: seldom enough to be cheap, often enough to read along."""
        now = self._clock()
        self._cost = 0.9 * self._cost + 0.1 * (now - start)
        self._next = now + max(min(max(self._cost * USUAL_SHARE, MIN_WAIT_S), MAX_WAIT_S), self._cost * MOST_SHARE)

    def _measure(self) -> tuple[int, int]:
        """Columns and rows. If the terminal may show our rows otherwise now, they stay, and the text goes on below."""
        columns, rows = self._size()
        columns, rows = columns or UNKNOWN_SIZE[0], rows or UNKNOWN_SIZE[1]
        if self._screen.disturbed(columns, rows):
            self._freeze()
        return columns, rows

    def _read(self, text: str) -> tuple[list[Block], Place]:
        """The blocks of `text` behind what has been printed, and the place of the first."""
        blocks = read_blocks(
            self._context + text, [each.number for each in self._place.path if each.number is not None]
        )
        if not self._place.path:
            return blocks, self._place
        return blocks[1:], replace(self._place, path=blocks[0].path)

    def _finished(self, columns: int, end: int, *, last: bool = False) -> list[Line]:
        """The lines that nothing can change any more, taken off the text, of which `end` characters are whole lines."""
        if not last and (end == self._parsed or end < self._parse_from):
            return []
        source = self._context + self._text[:end]
        blocks, place = self._read(self._text[:end])
        rows = source.split("\n")
        lines: list[Line] = []
        done, context = 0, ""
        for index, block in enumerate(blocks):
            closed = last or _is_closed(block, len(rows) - 1, index + 1 == len(blocks))
            if not closed:
                # The whole lines of an open fence are final, but for blank ones at its end: they are not shown.
                block = replace(block, content=block.content.rstrip() + "\n")
                if not block.info or block.content == "\n":
                    break
            new, place = lay_out(block, place, columns, colour=self._colour)
            lines += new
            done, context = block.end, opening(place.path, empty=place.kind == "empty")
            if not closed:
                done = block.first + 1 + block.content.count("\n")
                place, context = replace(place, goes_on=True), _again(block)
                break
        if done:
            self._go_on(place, context, "\n".join(rows[done:]) + self._text[end:])
        self._parsed = self._text.rfind("\n") + 1
        self._parse_from = 2 * len(self._text) if len(self._text) > LONGEST_OPEN else 0
        return lines

    def _go_on(self, place: Place, context: str, text: str) -> None:
        """Parse only `text` from now on, behind the lines of `context`."""
        self._place, self._context, self._text = place, context, text
        self._parsed = self._parse_from = 0

    def _open(self, columns: int, room: int, finished: list[Line]) -> list[Line]:
        """What is not finished, as it looks now. Of a paragraph that is too tall, the first lines go to `finished`."""
        if len(self._text) > LONGEST_OPEN:
            end = self._text[-min(room * columns, LONGEST_OPEN) :]
            return [[(text, "")] for text in end.split("\n")]
        blocks, place = self._read(self._text)
        lines: list[Line] = []
        for block in blocks:
            new, after = self._unfinished(block, place, columns, newest=block is blocks[-1])
            if block.kind == "paragraph" and block is blocks[-1] and len(new) > room:
                cut = self._cut(block, place, columns, force=len(new) > 2 * room)
                if cut:
                    finished += [*lines, *cut]
                    return self._open(columns, room, finished)
            lines, place = lines + new, after
        return lines

    def _unfinished(self, block: Block, place: Place, columns: int, *, newest: bool) -> tuple[list[Line], Place]:
        """`block` as it is shown until it is whole: a table as its source, which is cut off at the right."""
        if block.kind == "table":
            rows = (self._context + self._text).split("\n")[block.first : block.end]
            raw = replace(block, kind="html", content="\n".join(row.strip(" \t>") for row in rows))
            lines, after = lay_out(raw, place, columns, colour=self._colour)
            return [[(text, "2") for text, _ in fold(line, columns)[0]] for line in lines], after
        if newest and block.kind in ("paragraph", "heading"):
            block = replace(block, content=closed_up(block.content))
        return lay_out(block, place, columns, colour=self._colour)

    def _cut(self, block: Block, place: Place, columns: int, *, force: bool) -> list[Line]:
        """The first lines of a paragraph, taken off the text: up to a blank behind which no markup stands open.

        Where there is none, and `force`, markup that is open there is not recognized.
        """
        source = self._context + self._text
        start = sum(len(row) + 1 for row in source.split("\n")[: block.first])
        blanks = [_blank_before(source, start + (len(source) - start) * part // 8) for part in (7, 6, 5, 4)]
        for at, forced in [*((blank, False) for blank in blanks), *([(blanks[0], True)] if force else [])]:
            if at <= max(start, len(self._context)):
                continue
            head = self._read(source[len(self._context) : at])[0][-1]
            if head.kind != "paragraph" or not (forced or settled(head.content)):
                continue
            *lines, last = lay_out(replace(head, path=block.path), place, columns, colour=self._colour)[0]
            # The last line is not full yet. It must not be the first one, which has the bullets.
            if len(lines) > 1:
                carry = tuple(last[len(block.path) :])
                self._go_on(Place(block.path, block.kind, goes_on=True, carry=carry), _again(block), source[at:])
                return lines
        return []

    def _freeze(self) -> None:
        """Let the rows on the screen stand as they are; what is still to come goes on below them."""
        long = len(self._text) > LONGEST_OPEN
        blocks, place = ([], self._place) if long else self._read(self._text)
        if self._screen.cropped or not blocks or any(block.kind == "table" for block in blocks):
            # Not all of it is on the screen: it has to be drawn again. Rows that the terminal has wrapped may remain.
            self._hidden = self._screen.clear()
            return
        for block in blocks:
            _, place = lay_out(block, place, UNKNOWN_SIZE[0], colour=self._colour)
        last, ended = blocks[-1], self._text.endswith("\n")
        place = replace(place, goes_on=not ended or _is_fence(last) or last.kind == "paragraph", carry=())
        # The rest of a line of code has to stand in the containers again; a paragraph just goes on.
        text = margin(last.path) if _is_fence(last) else ""
        if ended:
            text = "\n" if last.kind == "paragraph" else ""
        self._screen.leave()
        self._go_on(place, _again(last) if place.goes_on else opening(last.path), text)


def _is_closed(block: Block, whole_lines: int, newest: bool) -> bool:
    """Whether no further line can join `block`: it has its end, or a line has come that did not join."""
    if block.kind in ("heading", "rule") or (block.info and not _is_fence(block)):
        return True
    # Blank lines may go on in indented code.
    return block.end < whole_lines and not (newest and block.kind == "code" and not block.info)


def _is_fence(block: Block) -> bool:
    """Whether `block` is a fence that is still open."""
    partial = bool(block.content) and not block.content.endswith("\n")
    return bool(block.info) and block.end - block.first - 1 <= block.content.count("\n") + partial


def _again(block: Block) -> str:
    """Source that opens `block` again, to go on with the rest of it."""
    sign = f"{block.info}\n" if block.info else "#" * block.level + " " + MARK if block.level else MARK
    return opening(block.path) + margin(block.path) + sign


def _blank_before(text: str, end: int) -> int:
    """Where the last run of blanks before `end` begins; -1: there is none."""
    found = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end))
    return len(text[:found].rstrip()) if found > 0 else -1
