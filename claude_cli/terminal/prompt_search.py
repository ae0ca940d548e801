"""Ctrl-R: looking back through the history by what an entry holds. What is found stands in the prompt, unsent."""

from __future__ import annotations

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from ..core.harmless import harmless
from .prompt_history import PromptHistory


class Search:
    """A search, while one is on.

    Attributes:
        words: what is looked for; None: no search is on.
    """

    def __init__(self, history: PromptHistory) -> None:
        """None is on."""
        self._history = history
        self.words: str | None = None
        self._before = Document()
        self._at = 0
        self._failed = False

    @property
    def line(self) -> str:
        """What the line below the prompt says of it; "" where none is on."""
        if self.words is None:
            return ""
        return f"{'nothing' if self._failed else 'search'}: {self.words}▏ Ctrl-R older · Esc keeps · Ctrl-G back"

    def start(self, buffer: Buffer) -> None:
        """Begin, or go on to an older entry."""
        if self.words is None:
            self.words, self._before, self._at = "", buffer.document, self._history.refresh()
            self._failed = False
        else:
            self._show(buffer, self._history.find(self.words, self._at))

    def newer(self, buffer: Buffer) -> None:
        """Go to a newer entry."""
        self._show(buffer, self._history.find_newer(self.words or "", self._at))

    def change(self, buffer: Buffer, words: str) -> None:
        """Look for other words: from here for longer ones, else from the newest entry."""
        longer = words.startswith(self.words or "")
        at = min(self._at + 1, len(self._history)) if longer else len(self._history)
        self.words = words
        if words:
            self._show(buffer, self._history.find(words, at))
        else:
            self._at, self._failed = len(self._history), False
            buffer.document = self._before

    def stop(self, buffer: Buffer, *, keep: bool) -> None:
        """End it; what was found stays, or what stood there before comes back."""
        self.words = None
        if not keep:
            buffer.document = self._before

    def _show(self, buffer: Buffer, number: int | None) -> None:
        self._failed = number is None and bool(self.words)
        if number is None:
            return
        self._at = number
        text = self._history[number]
        at = text.lower().find((self.words or "").lower())
        buffer.document = Document(text, max(at, 0))


def bind_search(keys: KeyBindings, search: Search, buffer: Buffer) -> None:
    """Add the keys of a search."""
    is_on = Condition(lambda: search.words is not None)

    @keys.add("c-r", eager=True)
    def start(event: KeyPressEvent) -> None:
        search.start(buffer)

    @keys.add("up", filter=is_on, eager=True)
    def older(event: KeyPressEvent) -> None:
        search.start(buffer)

    @keys.add("c-s", filter=is_on, eager=True)
    @keys.add("down", filter=is_on, eager=True)
    def newer(event: KeyPressEvent) -> None:
        search.newer(buffer)

    @keys.add("backspace", filter=is_on, eager=True)
    def shorter(event: KeyPressEvent) -> None:
        search.change(buffer, (search.words or "")[:-1])

    @keys.add("escape", filter=is_on, eager=True)
    @keys.add("enter", filter=is_on, eager=True)
    @keys.add("tab", filter=is_on, eager=True)
    def keep(event: KeyPressEvent) -> None:
        search.stop(buffer, keep=True)

    @keys.add("c-g", filter=is_on, eager=True)
    @keys.add("c-c", filter=is_on, eager=True)
    def back(event: KeyPressEvent) -> None:
        search.stop(buffer, keep=False)

    @keys.add(Keys.Any, filter=is_on, eager=True)
    @keys.add(Keys.BracketedPaste, filter=is_on, eager=True)
    def longer(event: KeyPressEvent) -> None:
        key = event.key_sequence[0].key
        if key == Keys.BracketedPaste or not isinstance(key, Keys):
            search.change(buffer, (search.words or "") + harmless(event.data).replace("\n", " ")[:100])
        else:  # any other key ends the search and does what it always does
            search.stop(buffer, keep=True)
            event.key_processor.feed_multiple(event.key_sequence, first=True)
