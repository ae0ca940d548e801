"""The answer as Markdown, laid out for reading: drawn by `live.py`'s thread, blocks by `markdown_stream.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ..core.errors import OutputError
from ..core.events import Event
from ..core.harmless import Sanitiser
from .console import STDOUT, Console
from .live import Drawing, Live
from .renderer import Renderer, text_in
from .tty import size

_T = TypeVar("_T")


class RenderedRenderer(Renderer):
    """Hands the text, made harmless, to the thread that draws it."""

    def __init__(self, console: Console, live: Live, *, show_thinking: bool = False, hold: bool = False) -> None:
        """See `Renderer`; `live` draws, `hold` keeps everything back until `finish`."""
        super().__init__(console, show_thinking=show_thinking)
        self._live = live
        self._clean = Sanitiser(marks=bool(console.verbose))
        self._held: list[str] | None = [] if hold else None

    def write(self, events: Sequence[Event]) -> None:
        """Hand on the text among `events`."""
        self._think(events)
        if self._held is not None:
            self._count(events)
            self._held.append(text_in(events))
        else:
            self._feed(text_in(events))

    def _feed(self, text: str) -> None:
        clean = self._clean.feed(text)
        if clean:
            self._live.feed(clean)

    def finish(self) -> None:
        """Show all that came and leave the line."""
        held, self._held = self._held, None
        try:
            self._end_thinking()
            self._feed("".join(held or ()))
            rest = self._clean.close()
            if rest:
                self._live.feed(rest)
        finally:
            super().finish()


def markdown(
    console: Callable[[], Console], environ: Mapping[str, str], *, colour: bool, moving: bool
) -> Callable[[], Drawing]:
    """Loads what draws Markdown on standard output; to be called where time does not matter.

    Args:
        console: what is printed to when the answer comes.
        environ: see `tty.size`.
        colour: whether it may style.
        moving: whether it may draw anything twice.
    """

    def write(text: str) -> None:
        console().draw(text)

    def load() -> Drawing:
        from .markdown_stream import MarkdownStream

        return MarkdownStream(write, lambda: size(STDOUT, environ), colour=colour, live=moving)

    def failed(error: Exception) -> None:
        if not console().quiet and (console().verbose or console().err_is_terminal):
            console().line(f"the answer cannot be drawn ({type(error).__name__}: {error}); it follows as it came")

    return lambda: Guarded(load, write, failed)


class Guarded:
    """A drawing that loses no text: where the drawing itself fails, all of it is printed as it came."""

    def __init__(self, load: Callable[[], Drawing], write: Callable[[str], None], failed: Callable[[Exception], None]):
        """Load the drawing.

        Args:
            load: makes it.
            write: prints in its place.
            failed: is told why.
        """
        self._write, self._failed = write, failed
        self._text: list[str] = []
        self._broken = False
        self._unprinted = ""
        self._inner: Drawing | None = None
        self._inner = self._attempt(load)

    def feed(self, text: str) -> None:
        """Take more text."""
        if self._broken:
            self._unprinted += text
            return
        self._text.append(text)
        self._attempt(lambda: self._drawing.feed(text))

    def due(self) -> float | None:
        """Seconds until `draw` is wanted."""
        due = None if self._broken else self._attempt(lambda: self._drawing.due())
        return 0.0 if self._unprinted else due

    def draw(self) -> None:
        """Show what is new."""
        self._attempt(lambda: self._drawing.draw())
        self._print()

    def clear(self) -> None:
        """Take what is not finished off the screen; what is printed in its place stays."""
        self._attempt(lambda: self._drawing.clear())

    def finish(self) -> None:
        """Print what is left."""
        self._attempt(lambda: self._drawing.finish())
        if self._broken:
            self._unprinted = self._unprinted.rstrip("\n") + "\n"
        self._print()

    @property
    def _drawing(self) -> Drawing:
        assert self._inner  # or it is broken, and is not asked
        return self._inner

    def _print(self) -> None:
        text, self._unprinted = self._unprinted, ""
        if text:
            self._write(text)

    def _attempt(self, action: Callable[[], _T]) -> _T | None:
        if self._broken:
            return None
        try:
            return action()
        except (OSError, OutputError):
            raise  # nothing can be printed at all
        except Exception as error:  # a border: the reader wants the text, not the reason why it has no colours
            self._broken = True
            # From a fresh line, if anything can have been drawn.
            self._unprinted = "".join(["\n" if self._inner else "", *self._text])
            self._failed(error)
            return None
