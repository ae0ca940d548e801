"""Text that attacks a terminal, and a witness of what a terminal does with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pyte
from hypothesis import strategies as st

from claude_cli.core.harmless import Sanitiser

# What each introducer, parameter, end and trick is made of; joined at random they make whole, broken and nested
# sequences far more often than arbitrary text would.
_PARTS = (
    *"\x1b\x9b\x9d\x90\x98\x9e\x9f\x9c\x07\x08\r\n\t\v\f\x00\x0e\x0f\x18\x1a\x7f\x85\u2028\u2029",
    *"[]PX^_(#%78=>cDEMHmJKhlnqt;:?!0123 /\\",
    *"\u061c\u200b\u200c\u200d\u200e\u202a\u202e\u2066\u2069\ufeff\u00ad\u3164\ufe0f\U000e0041\U000e0100\u180b\ufff9",
    *"abcé日本می👩👧❤1#\ud800\udfff\ufffe\U0010ffff\ue0b0\U000f0000",
    "\x1b[", "\x1b]", "\x1bP", "\x1b\\", "\r\n", "\x1b]0;title\x07", "\x1b]52;c;YQ==\x1b\\", "\x1b[6n", "\x1b[?1049h",
    "\x1b7", "\x1b#8", "\x1b8\ufe0f", "日\x9b1m\u200d", "x" * 2100,
)  # fmt: skip
hostile_text = st.lists(st.sampled_from(_PARTS) | st.text(max_size=3), max_size=40).map("".join)

_BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_MARKS = {"\u061c", "\u200e", "\u200f"}


def fed(text: str, borders: list[int], *, marks: bool = False) -> str:
    """`text` through one sanitiser, cut at `borders`."""
    sanitiser, shown, at = Sanitiser(marks=marks), "", 0
    for border in [*sorted(border % (len(text) + 1) for border in borders), len(text)]:
        shown += sanitiser.feed(text[at:border])
        at = border
    return shown + sanitiser.close()


def unsafe(text: str) -> list[str]:
    """The characters of `text` that no terminal may see."""
    return [
        character
        for character in text
        if (unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") and character not in "\t\n")
        or unicodedata.bidirectional(character) in _BIDI
        or character in _MARKS
    ]


class Witness:
    """Stands for a terminal's screen and keeps what the terminal's parser asks of it: `draw`, `set_title`, …"""

    def __init__(self) -> None:
        self.events: list[tuple[str, tuple[object, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **_: self.events.append((name, arguments))


def changes(text: str) -> tuple[str, set[str]]:
    """What a terminal draws of `text`, tabs and line ends among it, and the names of all else it does."""
    witness = Witness()
    pyte.Stream(witness, strict=False).feed(text)
    plain = {"tab": "\t", "linefeed": "\n"}
    drawn = "".join(
        plain.get(name) or str(arguments[0]) for name, arguments in witness.events if name in (*plain, "draw")
    )
    return drawn, {name for name, _ in witness.events} - {*plain, "draw"}


def screen(text: str) -> pyte.Screen:
    """The screen after `text`, whose line ends a terminal driver turns into carriage return and line feed."""
    shown = pyte.Screen(80, 24)
    pyte.Stream(shown).feed(text.replace("\n", "\r\n"))
    return shown
