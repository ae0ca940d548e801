"""Text that a terminal may see: without anything that moves the cursor, retitles, reorders, overwrites or hides.

Whole escape sequences go, not only their first character, also when they are split over the pieces of a stream. No text
is lost with them: of a sequence that does not end soon only the introducer goes. docs/terminal.md lists what is taken
out, tests/core/test_harmless.py holds each line of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

STRING_LIMIT = 2048
"""Characters between the introducer and the end of a title, link or device string; what is longer is shown as text.
A stream is held back no further. Terminals themselves take links of up to about 2,000 characters."""
MARK_LIMIT = 24
"""Characters of a removed sequence that its mark quotes."""

# Characters that stand wherever they are. Left out, and so looked at one by one: controls, line separators, surrogates,
# noncharacters, and Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt).
_PLAIN = (
    r"\t\n -~\u00a0-\u00ac\u00ae-\u034e\u0350-\u061b\u061d-\u115e\u1161-\u17b3\u17b6-\u180a\u1810-\u200a\u2010-\u2027"
    r"\u202f-\u205f\u2070-\u3163\u3165-\ud7ff\ue000-\ufdcf\ufdf0-\ufdff\ufe10-\ufefe\uff00-\uff9f\uffa1-\uffef\ufffc"
    r"\ufffd\U00010000-\U0001bc9f\U0001bca4-\U0001d172\U0001d17b-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd"
)
# ECMA-48, 5.3 to 5.6, and xterm's ctlseqs. The body of a string holds no line end and no introducer, so each character
# is read once however many strings are left open.
_CSI = r"(?:\x1b\[|\x9b)[ -?]{0,64}+"
_STRING = rf"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x0a\x18\x1a\x1b\x80-\x9f]{{0,{STRING_LIMIT}}}+"
_PIECE = rf"{_STRING}(?:\x07|\x9c|\x1b\\)|{_CSI}[@-~]|\x1b[ -/]{{1,8}}+[0-~]|\x1b[0-~]|\r\n|(?s:.)"
_UNFINISHED = rf"(?:{_STRING}\x1b?|{_CSI}|\x1b[ -/]{{0,8}}+|\r)\Z"

_LINE_ENDS = "\r\v\f\x85\u2028\u2029"
_JOINERS = "\u200c\u200d"
_VARIANTS = range(0xFE00, 0xFE10)
_IDEOGRAPHIC_VARIANTS = range(0xE0100, 0xE01F0)
_MONGOLIAN_VARIANTS = range(0x180B, 0x1810)
_KEYCAPS_AND_SIGNS = "0123456789#*©®‼⁉™ℹ"


def _edges(*blocks: tuple[int, int]) -> tuple[int, ...]:
    """Blocks of code points, in order, as one line of borders: inside is behind an odd number of them."""
    return tuple(edge for first, last in blocks for edge in (first, last + 1))


_IDEOGRAPHS = _edges((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD))
# Scripts and symbols in which an invisible joiner or selector has a meaning: Arabic to Vedic, arrows to dingbats, CJK,
# the later Indic blocks, Arabic presentation forms, Adlam, emoji. Latin, Greek and Cyrillic are not among them.
_BEARERS = _edges(
    (0x0600, 0x1CFF), (0x2190, 0x2BFF), (0x3000, 0x303F), (0x3297, 0x3299), (0x3400, 0x9FFF), (0xA800, 0xABFF),
    (0xF900, 0xFAFF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFC), (0x10A00, 0x11FFF), (0x1E900, 0x1E95F), (0x1F000, 0x1FAFF),
    (0x20000, 0x3FFFD),
)  # fmt: skip


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """A character to look at, what stands there, and a sequence that may go on in the next piece.

    Compiled on first use, which costs 3 ms: a pipe never needs them.
    """
    return re.compile(f"[^{_PLAIN}]"), re.compile(_PIECE), re.compile(_UNFINISHED)


class Sanitiser:
    """One stream of text on its way to a terminal. What comes out does not depend on where the stream was cut."""

    __slots__ = ("_before", "_held", "_marks", "_patterns")

    def __init__(self, *, marks: bool = False) -> None:
        """Start a stream; with `marks` each thing taken out leaves a visible sign such as `‹U+202E›`."""
        self._marks, self._patterns = marks, _patterns()
        self._held = ""
        self._before = ""  # what was shown last: it decides whether a joiner stays

    def feed(self, text: str) -> str:
        """What a terminal may see of `text`. A sequence that may go on, or a carriage return, is held back."""
        suspicious, _, unfinished = self._patterns
        if not self._held and not suspicious.search(text):
            self._before = text or self._before
            return text
        text = self._held + text
        open_ = unfinished.search(text)
        end = open_.start() if open_ else len(text)
        self._held = text[end:]
        return self._clean(text[:end])

    def close(self) -> str:
        """What was held back, harmless; the next `feed` begins another stream."""
        shown = self._clean(self._held)
        self._held = self._before = ""
        return shown

    def _clean(self, text: str) -> str:
        suspicious, piece, _ = self._patterns
        before, at = self._before[-2:], 0
        shown: list[str] = []
        while found := suspicious.search(text, at):
            start = found.start()
            whole = piece.match(text, start)
            assert whole  # it takes any character
            # What is seen decides, not what came: between the two may lie what was taken out.
            before = (before + text[max(start - 2, at) : start])[-2:]
            instead = self._instead(whole[0], before)
            shown += text[at:start], instead
            before, at = (before + instead)[-2:], whole.end()
        self._before = (before + text[max(len(text) - 2, at) :])[-2:]
        return "".join([*shown, text[at:]])

    def _instead(self, piece: str, before: str) -> str:
        """What stands for a sequence or a single character that came behind `before`."""
        first = piece[0]
        if first in _LINE_ENDS:
            return _mark(piece) + "\n" if self._marks and piece != "\r\n" else "\n"
        if _is_none(ord(first)):
            return "\ufffd"
        if _stays(first, before):
            return piece
        return _mark(piece) if self._marks else ""


def _is_none(code: int) -> bool:
    """Whether a code point is half of a character (a surrogate) or never to be one."""
    return 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE


def _stays(character: str, before: str) -> bool:
    """Whether a character that cannot be seen has a meaning behind `before`; private ones are seen."""
    code, last = ord(character), before[-1:]
    if character in _JOINERS:
        return _inside(_BEARERS, last) or (last == "\ufe0f" and _inside(_BEARERS, before[:-1]))
    if code in _VARIANTS:
        return _inside(_BEARERS, last) or (last != "" and last in _KEYCAPS_AND_SIGNS)
    if code in _IDEOGRAPHIC_VARIANTS:
        return _inside(_IDEOGRAPHS, last)
    if code in _MONGOLIAN_VARIANTS:
        return "\u1820" <= last <= "\u18aa"
    return code >= 0x40000 and not 0xE0000 <= code < 0xE1000


def _inside(edges: tuple[int, ...], character: str) -> bool:
    """Whether `character` lies in one of the blocks and is not itself one that cannot be seen."""
    if not character or _patterns()[0].match(character):
        return False
    return bisect_right(edges, ord(character)) % 2 == 1


def _mark(removed: str) -> str:
    """`removed` as a sign that can be seen, of at most `MARK_LIMIT` + 10 characters."""
    name = "ESC" if removed[0] == "\x1b" else f"U+{ord(removed[0]):04X}"
    body = removed[1:].removesuffix("\x1b\\").rstrip("\x07\x9c")
    shown = "".join(character if " " <= character <= "~" else "·" for character in body)
    return f"‹{name}{shown if len(shown) <= MARK_LIMIT else shown[:MARK_LIMIT] + '…'}›"


def harmless(text: str, *, marks: bool = False) -> str:
    """`text` as a terminal may see it; with `marks` what was taken out leaves a visible sign."""
    sanitiser = Sanitiser(marks=marks)
    return sanitiser.feed(text) + sanitiser.close()


def one_line(text: str, limit: int = 400) -> str:
    """`text` harmless, on one line of at most `limit` characters: for messages that quote a server."""
    flat = " ".join(harmless(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
