"""An answer that is printed when it is over, in the form that was asked for: the code in it, or a schema's JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.events import Event
from .renderer import Renderer


class ResultTextRenderer(Renderer):
    """Nothing until the end; then the result's text, plain on a terminal too, with exactly one newline at its end."""

    def write(self, events: Sequence[Event]) -> None:
        """Show thinking, if asked."""
        self._think(events)
        self._count(events)

    def result(self, outcome: Callable[[], dict[str, Any]]) -> None:
        """Print the text, where there is any."""
        if text := outcome()["text"]:
            self.console.answer(f"{text}\n")
