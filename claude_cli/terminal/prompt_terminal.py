"""The terminal under the line editor: keys in, drawing out; pastes are told from keys here."""

from __future__ import annotations

import codecs
import os
import re
import select
from collections.abc import Callable, Mapping
from typing import TextIO, cast

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output.vt100 import Vt100_Output

from .prompt_tty import Tty
from .tty import size

READ_BYTES = 1 << 16
PIECES_S = 0.02
"""How long to wait for more of what was typed ahead, of which the system gives out 4 KB at a time."""
PASTE_END = "\x1b[201~"
_LINES = re.compile(
    r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*[\r\n][\r\n]*[^\x00-\x08\x0a-\x1f\x7f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*"
)
"""Several lines without any key but Tab and Enter."""


class Keyboard(Vt100Input):
    """Keys of a terminal. Several lines that come in one piece were pasted, or typed ahead: they are one text."""

    def __init__(self, tty: Tty) -> None:
        """Take the terminal; its modes are changed while something is read."""
        super().__init__(cast("TextIO", tty))
        self._tty, self._closed, self._typed_ahead = tty, False, False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._keys: list[KeyPress] = []
        self._parser = self.vt100_parser = _Parser(self._keys.append)

    def note_typed_ahead(self) -> None:
        """Look whether something was typed while nobody read: Enter is a line feed in it, as the terminal was not ours.

        To be called in raw mode, as nothing is there to be read before a line is whole.
        """
        self._typed_ahead = bool(select.select([self._tty.fileno()], [], [], 0)[0])

    @property
    def closed(self) -> bool:
        """Whether the terminal has gone."""
        return self._closed

    def read_keys(self) -> list[KeyPress]:
        """The keys that have come."""
        try:
            data = os.read(self._tty.fileno(), READ_BYTES)
            while self._typed_ahead and select.select([self._tty.fileno()], [], [], PIECES_S)[0]:
                piece = os.read(self._tty.fileno(), READ_BYTES)
                data += piece
                self._typed_ahead = bool(piece)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        self._closed = not data
        text = self._decoder.decode(data)
        if self._typed_ahead:
            self._typed_ahead = False
            text = re.sub(r"\n\Z", "\r", text)
        self._feed(text)
        return self._taken()

    def flush_keys(self) -> list[KeyPress]:
        """The keys that have come, with an Escape that nothing has followed."""
        self._parser.flush()
        return self._taken()

    def _feed(self, text: str) -> None:
        if not self._parser.pastes and _LINES.fullmatch(text):
            self._keys.append(KeyPress(Keys.BracketedPaste, text.rstrip("\r\n")))
        else:
            self._parser.feed(text)

    def _taken(self) -> list[KeyPress]:
        keys = self._keys[:]
        self._keys.clear()
        return keys


class _Parser(Vt100Parser):
    """Collects a paste in pieces: the library's own way looks through all of it again with each, which is quadratic."""

    def __init__(self, take: Callable[[KeyPress], None]) -> None:
        self._pieces: list[str] = []
        super().__init__(take)

    @property
    def pastes(self) -> bool:
        """Whether the end of a paste has still to come."""
        return self._in_bracketed_paste

    def feed(self, data: str) -> None:
        if not self._in_bracketed_paste:
            super().feed(data)
            return
        end = (self._pieces.pop() if self._pieces else "") + data  # the mark may lie across two pieces
        at = end.find(PASTE_END)
        if at < 0:
            self._pieces += [end[: -len(PASTE_END)], end[-len(PASTE_END) :]] if len(end) > len(PASTE_END) else [end]
            return
        text = "".join([*self._pieces, end[:at]])
        self._pieces.clear()
        self._in_bracketed_paste = False
        self.feed_key_callback(KeyPress(Keys.BracketedPaste, text))
        self.feed(end[at + len(PASTE_END) :])


def screen_output(tty: Tty, environ: Mapping[str, str]) -> Vt100_Output:
    """What the editor draws on. The terminal is not asked where its cursor is: the answer would come between keys."""

    def get_size() -> Size:
        columns, rows = size(tty.fileno(), environ)
        return Size(rows=rows, columns=columns)

    term = environ.get("TERM")
    return Vt100_Output(cast("TextIO", tty), get_size, term=term, enable_bell=False, enable_cpr=False)
