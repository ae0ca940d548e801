"""How the line editor looks: marks before the lines, a quiet line below, a menu that takes its place; 16 colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, has_completions, is_done
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import HighlightSelectionProcessor, TabsProcessor
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from .prompt import CONTINUED, MARK

_WRAPPED = "  "
MENU_ROWS = 8
_COLOURED = {
    "mark": "bold",
    "chip": "ansicyan",
    "below": "dim",
    "completion-menu": "noinherit",
    "completion-menu.completion": "noinherit",
    "completion-menu.completion.current": "noinherit reverse",
    "completion-menu.meta.completion": "noinherit dim",
    "completion-menu.meta.completion.current": "noinherit reverse",
    "scrollbar.background": "noinherit",
    "scrollbar.button": "noinherit",
    "control-character": "dim",
    "nbsp": "noinherit",
}
_PLAIN = {
    name: how if "reverse" in how else "noinherit" for name, how in _COLOURED.items() if name != "control-character"
}


def style(*, colour: bool) -> Style:
    """The styles; without colour what is chosen is still shown the other way round."""
    return Style.from_dict(_COLOURED if colour else _PLAIN)


def layout(buffer: Buffer, below: Callable[[], str], labels: Callable[[], Sequence[str]]) -> Layout:
    """The prompt.

    Args:
        buffer: what is being written.
        below: says what stands in the line below; "": there is none.
        labels: of the chips.
    """
    control = BufferControl(
        buffer,
        input_processors=[HighlightSelectionProcessor(), TabsProcessor(char1=" ", char2=" ")],
        include_default_input_processors=False,
        lexer=_Chips(labels),
        focus_on_click=False,
    )
    text = Window(control, get_line_prefix=_mark, wrap_lines=True, dont_extend_height=True)
    line = Window(FormattedTextControl(lambda: [("class:below", below())]), height=1)
    room = Window(height=lambda: Dimension.exact(_menu_rows(buffer)))
    shown = Condition(lambda: bool(below()))
    rows = HSplit(
        [
            text,
            ConditionalContainer(line, shown & ~has_completions & ~is_done),
            ConditionalContainer(room, has_completions & ~is_done),
        ]
    )
    menu = Float(CompletionsMenu(max_height=MENU_ROWS), xcursor=True, ycursor=True)
    return Layout(FloatContainer(rows, [menu]), text)


def _menu_rows(buffer: Buffer) -> int:
    state = buffer.complete_state
    rows = get_app().output.get_size().rows
    return min(len(state.completions) if state else 0, MENU_ROWS, max(rows - 2, 1))


def _mark(line: int, wrapped: int) -> StyleAndTextTuples:
    return [("class:mark", _WRAPPED if wrapped else MARK if not line else CONTINUED)]


class _Chips(Lexer):
    """Styles the chips of a text."""

    def __init__(self, labels: Callable[[], Sequence[str]]) -> None:
        self._labels = labels

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Gives the styled pieces of a line."""
        labels, lines = self._labels(), document.lines

        def pieces(number: int) -> StyleAndTextTuples:
            line = lines[number] if number < len(lines) else ""
            found: StyleAndTextTuples = []
            while at := [(line.find(label), label) for label in labels if label in line]:
                start, label = min(at)
                found += [("", line[:start]), ("class:chip", label)]
                line = line[start + len(label) :]
            return [*found, ("", line)]

        return pieces

    def invalidation_hash(self) -> tuple[str, ...]:
        """Changes with the chips."""
        return tuple(self._labels())
