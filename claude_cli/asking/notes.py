"""What is told beside an answer's words: the tools that ran for it, and the sources it names."""

from __future__ import annotations

from collections.abc import Sequence

from ..context import Context
from ..core.citations import Citations
from ..core.events import Event, TextDelta
from ..core.server_tools import ToolWatch
from ..terminal.renderer import Renderer


class Notes:
    """The notes of one answer. Made only where tools or citations were asked for: a plain answer has none."""

    def __init__(self, context: Context, renderer: Renderer, *, inline: bool) -> None:
        """Prepare; `inline` puts the marks and the list into the text, for people."""
        self._context, self._renderer, self._inline = context, renderer, inline
        self._citations, self._watch = Citations(), ToolWatch()
        self._in_line = False

    def write(self, events: Sequence[Event]) -> None:
        """Print `events`, and what is to be said of them, each where it happened."""
        begun: list[Event] = []
        for event in events:
            begun.append(event)
            if notices := self._watch.notices([event]):
                self._print(begun)
                begun = []
                for notice in notices:
                    self._end_line()
                    self._context.notify(notice)
        self._print(begun)

    def _print(self, events: Sequence[Event]) -> None:
        self._citations.look(events)
        self._renderer.write(self._citations.annotate(events) if self._inline else events)
        if not self._inline:
            for cited in self._citations.cited(events):
                self._renderer.record({"type": "citation", "source": cited.number, "text": cited.text})
        self._in_line = self._in_line or any(type(event) is TextDelta for event in events)

    def finish(self) -> None:
        """The list of the sources, after the answer; with `-v` also those that were found and not cited."""
        console = self._context.console
        if self._inline and (notes := self._citations.notes()):
            console.answer(f"\n{notes}")
        if not self._inline:
            for number, source in enumerate(self._citations.sources, 1):
                self._renderer.record({"type": "source", "number": number, **source.as_json()})
        if console.verbose and not console.quiet:
            for source in self._citations.uncited:
                console.line(f"found, not cited: {source.line}", dim=True)

    def _end_line(self) -> None:
        """On a terminal that shows plain text as it comes, a notice does not stand behind its words."""
        console = self._context.console
        if self._in_line and console.out_is_terminal and console.err_is_terminal and not console.front.live:
            console.say("")
        self._in_line = False
