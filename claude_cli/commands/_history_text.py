"""How conversations look: as a list, as turns one after another, as places where words were found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..core.harmless import harmless, one_line
from ..storage.exchange import time_of
from ..storage.exchange_markdown import branches, local_time, said, speaker, standing
from ..terminal.age import ago
from ..terminal.columns import GAP, cells, columns, cut
from ..terminal.console import STDOUT
from ..terminal.tty import size

if TYPE_CHECKING:
    from ..context import Context
    from ..core.conversation import Conversation, Turn
    from ..storage.conversations import Entry
    from ..storage.search import Hit
    from ..storage.search_words import Snippet

LEAST_TITLE = 20
"""Columns that a title needs; where they are not there, what the list has besides is left out."""
_LONG = 10_000
"""Characters of a line in a pipe."""
_UNTITLED = "(no title)"
_WEEK_S = 7 * 86_400
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def rows(entries: Sequence[Entry], *, now: int, width: int | None) -> list[str]:
    """A line for each conversation.

    Args:
        now: microseconds of Unix time.
        width: columns of the terminal; None: a pipe, which gets whole titles, and times in place of ages.
    """
    titles = [title_of(entry) for entry in entries]
    table = [
        [
            one_line(entry.id),
            local_time(entry.updated_at) if width is None else _age(entry.updated_at, now),
            f"{entry.turns:,}" if width is None else f"{entry.turns:,} turn{'s' * (entry.turns != 1)}",
            one_line(entry.model, 40) or "-",
        ]
        for entry in entries
    ]
    # Of the number of turns and the model, what leaves room for titles.
    for shown in (4, 3, 2, 1):
        taken = sum(max(cells(row[at]) for row in table) + GAP for at in range(shown))
        if width is None or width - taken >= LEAST_TITLE or shown == 1:
            break
    room = None if width is None else max(width - taken, 1)
    return columns(
        [[*row[:shown], title if room is None else cut(title, room)] for row, title in zip(table, titles, strict=True)],
        right={2} if shown > 2 else (),
    )


def entry_object(entry: Entry) -> dict[str, Any]:
    """A conversation of a list, in JSON."""
    return {
        "id": entry.id,
        "title": entry.title,
        "model": entry.model,
        "turns": entry.turns,
        "created_at": time_of(entry.created_at),
        "updated_at": time_of(entry.updated_at),
        "simulated": entry.simulated,
    }


def title_of(entry: Entry) -> str:
    """What it is called, on one line."""
    return one_line(entry.title) or _UNTITLED


def named(entry: Entry) -> str:
    """A conversation in a sentence: `0t4k… "Title", 5 turns`."""
    return f'{one_line(entry.id)} "{title_of(entry)}", {counted(entry.turns, "turn")}'


def counted(number: int, word: str) -> str:
    """`1 turn`, `2,000 turns`."""
    return f"{number:,} {word}{'s' * (number != 1)}"


def show(context: Context, conversation: Conversation, *, all_branches: bool) -> None:
    """Print a conversation: laid out as Markdown on a terminal, as plain text elsewhere.

    Args:
        all_branches: not only the one in use.
    """
    page = _Page(context)
    page.heading(f"{one_line(conversation.title) or _UNTITLED} ({conversation.id})")
    if conversation.system:
        page.turn("System prompt", conversation.system.strip())
    if not all_branches:
        page.turns(conversation.path)
        return
    in_use, all_ = conversation.head, list(branches(conversation))
    for number, (leaf, turns) in enumerate(all_, 1):
        if len(all_) > 1:
            begins = turns[0].parent
            before = "" if begins is None else f", behind what was said at {local_time(begins)}"
            mark = ", in use" if leaf.id == in_use else ""
            page.heading(f"Branch {number} of {len(all_)}{mark}{before}")
        page.turns(turns)


def show_hits(context: Context, hits: Sequence[Hit], *, now: int) -> None:
    """Print where words were found: on a terminal marked, below the title; elsewhere each on a line."""
    console = context.console
    if not console.out_is_terminal:
        for hit in hits:
            console.answer(
                f"{hit.conversation}  {local_time(hit.turn)}  {_who(hit)}: {one_line(hit.snippet.text, _LONG)}\n"
            )
        return
    from ..terminal.markdown_text import paint, wrap

    width, styled = size(STDOUT, context.environ)[0], context.styled(terminal=True)
    for hit in hits:
        head = f"{one_line(hit.conversation)}  {_age(hit.turn, now)}  {one_line(hit.title) or _UNTITLED}"
        lines = wrap([(f"{_who(hit)}: ", ""), *_runs(hit.snippet)], max(width - 2, 1))
        console.draw("".join([f"{cut(head, width)}\n", *(f"  {paint(line, colour=styled)}\n" for line in lines)]))


def hit_object(hit: Hit) -> dict[str, Any]:
    """A place where words were found, in JSON; the marks are pairs of positions in the snippet, counted in characters."""
    return {
        "conversation": hit.conversation,
        "title": hit.title,
        "turn": hit.turn,
        "at": time_of(hit.turn),
        "role": hit.role,
        "model": hit.model,
        "snippet": hit.snippet.text,
        "marks": hit.snippet.marks,
    }


class _Page:
    """What is shown, piece by piece, with a blank line between."""

    def __init__(self, context: Context) -> None:
        self._console = context.console
        self._drawn = context.console.out_is_terminal
        self._styled = context.styled(terminal=True) if self._drawn else False
        self._drawing: Callable[[], Any] | None = None
        self._begun = False
        if self._drawn:
            from ..terminal.rendered import markdown

            console, environ = context.console, context.environ
            self._drawing = markdown(lambda: console, environ, colour=self._styled, moving=False)

    def heading(self, text: str) -> None:
        """A line by itself."""
        self._gap()
        self._line(text, _BOLD)

    def turns(self, turns: Sequence[Turn]) -> None:
        """Who said what, and what became of it."""
        for turn in turns:
            self.turn(f"{speaker(turn)} · {local_time(turn.id)}", said(turn), answer=turn.role == "assistant")
            if mark := standing(turn):
                self._line(f"({mark})", _DIM)

    def turn(self, head: str, text: str, *, answer: bool = False) -> None:
        """One part; an answer is Markdown, what people write is theirs."""
        self._gap()
        self._line(head, _BOLD)
        if text and answer and self._drawing:
            drawing = self._drawing()
            drawing.feed(harmless(text))
            drawing.finish()
        elif text:
            self._line(text, "")

    def _gap(self) -> None:
        if self._begun:
            self._line("", "")
        self._begun = True

    def _line(self, text: str, style: str) -> None:
        if not self._drawn:
            self._console.answer(f"{text}\n")
            return
        text = harmless(text)
        self._console.draw(f"{style}{text}{_PLAIN}\n" if style and self._styled else f"{text}\n")


def _who(hit: Hit) -> str:
    return "You" if hit.role == "user" else one_line(hit.model, 40) or "Answer"


def _runs(snippet: Snippet) -> Iterator[tuple[str, str]]:
    """The snippet, harmless, in pieces with their styles: what was found is bold."""
    at = 0
    for start, end in snippet.marks:
        yield harmless(snippet.text[at:start]), ""
        yield harmless(snippet.text[start:end]), "1"
        at = end
    yield harmless(snippet.text[at:]), ""


def _age(at: int, now: int) -> str:
    seconds = (now - at) / 1e6
    return ago(seconds) if seconds < _WEEK_S else local_time(at)[:10]
