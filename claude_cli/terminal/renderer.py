"""Events to what is printed: plain text, one JSON object, or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ..core.events import BlockStop, Event, TextDelta, ThinkingDelta
from ..core.messages import Notice
from .console import Console


class Renderer:
    """Takes events as they come. `result` is printed at the end, also after a failure."""

    def __init__(self, console: Console, *, show_thinking: bool = False) -> None:
        """Print to `console`; thinking, if shown, goes to standard error."""
        self.console, self.show_thinking = console, show_thinking
        self._thinking = False

    def write(self, events: Sequence[Event]) -> None:
        """Show what one read brought."""

    def requested(self) -> None:
        """The request is about to go out: what showing the answer takes can be loaded beside it."""
        if self.console.front.live:
            self.console.front.live.requested()

    def finish(self) -> None:
        """The answer is over, well or not: leave the line."""
        self._end_thinking()
        if self.console.front.live:
            self.console.front.live.finish()

    def notice(self, notice: Notice) -> None:
        """Something to know happened; standard error has had it already."""

    def record(self, value: dict[str, Any]) -> None:
        """A citation or a source, for those who take values."""

    def result(self, outcome: Callable[[], dict[str, Any]]) -> None:
        """The whole outcome, made by whoever prints it: it has to be priced."""

    def _think(self, events: Sequence[Event]) -> None:
        if not self.show_thinking:
            return
        for event in events:
            if isinstance(event, ThinkingDelta):
                if not self._thinking and self.console.front.live:
                    self.console.front.live.answering()
                self._thinking = True
                self.console.say(event.text, dim=True, end="")
            elif isinstance(event, BlockStop):
                both = self.console.out_is_terminal and self.console.err_is_terminal
                self._end_thinking("\n\n" if both else "\n")

    def _end_thinking(self, end: str = "\n") -> None:
        if self._thinking:
            self._thinking = False
            self.console.say("", end=end)

    def _count(self, events: Sequence[Event]) -> None:
        """Tell who waits how much has come, where it is shown only when it is whole."""
        if self.console.front.live:
            self.console.front.live.received(len(text_in(events).split()))


def text_in(events: Sequence[Event]) -> str:
    """The answer's text among `events`."""
    return "".join([event.text for event in events if type(event) is TextDelta])


class TextRenderer(Renderer):
    """The answer's text as it comes, with exactly one newline at its end."""

    def __init__(self, console: Console, *, show_thinking: bool = False, hold: bool = False) -> None:
        """See `Renderer`; `hold` keeps everything back until `finish`."""
        super().__init__(console, show_thinking=show_thinking)
        self._newlines = ""
        self._wrote = False
        self._held: list[str] | None = [] if hold else None

    def write(self, events: Sequence[Event]) -> None:
        """Print the text among `events` in one write."""
        self._think(events)
        text = text_in(events)
        if not text:
            return
        if self._held is not None:
            self._count(events)
            self._held.append(text)
            return
        self._print(text)

    def _print(self, text: str) -> None:
        # Newlines wait until something follows them: the last ones become one.
        body = text.rstrip("\n")
        if body:
            self._wrote = True
            self.console.answer(self._newlines + body)
            self._newlines = text[len(body) :]
        else:
            self._newlines += text

    def finish(self) -> None:
        """End with one newline, where anything was printed."""
        super().finish()
        if self._held:
            held, self._held = "".join(self._held), None
            self._print(held)
        if self._wrote:
            self._wrote = False
            self.console.answer("\n")


class JsonRenderer(Renderer):
    """Nothing until the end; then one object."""

    def write(self, events: Sequence[Event]) -> None:
        """Show thinking, if asked."""
        self._think(events)
        self._count(events)

    def result(self, outcome: Callable[[], dict[str, Any]]) -> None:
        """Print the object."""
        self.console.answer(json.dumps(outcome(), ensure_ascii=False) + "\n")


class JsonlRenderer(Renderer):
    """One object a line, as things happen; the last is the result."""

    def write(self, events: Sequence[Event]) -> None:
        """A line for each piece of text and, if asked, of thinking."""
        lines = []
        for event in events:
            if isinstance(event, TextDelta):
                lines.append({"type": "text", "text": event.text})
            elif isinstance(event, ThinkingDelta) and self.show_thinking:
                lines.append({"type": "thinking", "text": event.text})
        if lines:
            self.console.answer("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))

    def notice(self, notice: Notice) -> None:
        """A line for it."""
        self._line({"type": "notice", "code": notice.code, "text": notice.text})

    def record(self, value: dict[str, Any]) -> None:
        """A line for it."""
        self._line(value)

    def result(self, outcome: Callable[[], dict[str, Any]]) -> None:
        """The last line."""
        self._line({"type": "result", **outcome()})

    def _line(self, value: dict[str, Any]) -> None:
        self.console.answer(json.dumps(value, ensure_ascii=False) + "\n")
