"""Words as the search compares them, what a user asks for, and the piece of a text that shows it. Pure.

Case and accents are folded. Runs of Chinese, Japanese and Korean characters, which have no blanks between words, count
as overlapping pairs; single characters are besides, in a column of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from ..core.errors import UsageError

MOST_TERMS = 50
"""What one question may have."""
SNIPPET_WIDTH = 160
_BEFORE = 40
"""Characters of a snippet before its first match."""
_LOOKED_AT = 200
"""Matches of a text among which the snippet is chosen."""
_CJK = (
    "\u1100-\u11ff\u3005-\u3007\u3041-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb\uf900-\ufaff\U00020000-\U0003ffff"
)
_SIGN = "[\\x00-/:-`{-\\x7f]"
_WORD = re.compile("[^\\x00-/:-`{-\\x7f]+")
"""Of a folded text, in which signs that are not ASCII are blanks."""
_NARROW = re.compile("[\uff61-\uff9f]+")
"""Katakana of half the width, in which one character may be two."""
_ASKED = re.compile(r'"([^"]*)"?(\*?)|([^\s"]+)')
_QUOTES = str.maketrans("“”„«»", '"""""')
_IGNORED = {0xAD, 0x200C, 0x200D, *range(0x300, 0x370), *range(0xFE00, 0xFE10)}
"""Soft hyphen, joiners, accents and variants of signs."""
_Span = tuple[int, int, int]
"""Start, end, and the number of the term."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase that is asked for, folded.

    Attributes:
        units: its words and runs of Chinese, Japanese or Korean characters, which have to stand side by side.
        prefix: whether the last one may go on.
    """

    units: tuple[str, ...]
    prefix: bool = False

    @property
    def match(self) -> str:
        """As a condition of FTS5."""
        parts: list[str] = []
        phrase: list[str] = []
        for unit in self.units:
            if len(unit) == 1 and _is_run(unit):
                parts += [_phrase(phrase), f'characters : "{unit}"']
                phrase = []
            else:
                phrase += _pairs(unit) if _is_run(unit) else [unit]
        parts.append(_phrase(phrase) + (" *" if self.prefix and phrase and not _is_run(self.units[-1]) else ""))
        return " AND ".join(part for part in parts if part)

    def places(self, folded: str) -> Iterator[tuple[int, int]]:
        """Where it stands in a folded text: start and end of each."""
        # That no word is cut at the ends is looked at besides: within the pattern that takes milliseconds to compile.
        wanted = re.compile("".join(self._pattern()))
        at = 0
        while found := wanted.search(folded, at):
            start, end = found.span()
            while self.prefix and _is_letter(folded, end):
                end += 1
            at = end if (whole := self._is_whole(folded, start, end)) else start + 1
            if whole:
                yield start, end

    def _pattern(self) -> Iterator[str]:
        """Its units, with signs between them; without any where a script ends that has no blanks."""
        for before, unit in zip(("", *self.units), self.units, strict=False):
            if before:
                yield _SIGN + ("*" if _is_run(before) or _is_run(unit) else "+")
            yield re.escape(unit)

    def _is_whole(self, folded: str, start: int, end: int) -> bool:
        """Whether what stands there begins and ends with a whole word."""
        begins = not (_is_letter(folded, start) and _is_letter(folded, start - 1))
        return begins and not (_is_letter(folded, end - 1) and _is_letter(folded, end))


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text in one line, and where in it stands what was asked for: pairs of positions."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


class Query:
    """What a user asks for: all of these words; "quoted" ones side by side; `wor*` is how one begins."""

    def __init__(self, text: str) -> None:
        """Read it. Raises `UsageError`: there is no word in it, or too many."""
        self.terms = tuple(dict.fromkeys(_terms(text)))
        if not self.terms:
            raise UsageError(f"there is no word to search for in {text!r}; signs alone are not found")
        if len(self.terms) > MOST_TERMS:
            raise UsageError(
                f"a search takes {MOST_TERMS} words, here are {len(self.terms)}; quote those that belong together"
            )

    @property
    def match(self) -> str:
        """As an expression of FTS5."""
        return " AND ".join(f"({term.match})" for term in self.terms)

    def fits(self, text: str) -> bool:
        """Whether all of it is in `text`."""
        folded = fold(text)
        return all(any(term.places(folded)) for term in self.terms)

    def snippet(self, text: str) -> Snippet:
        """The piece of `text` in which most of it is found."""
        text, spans = self._spans(text)
        start = 0
        if spans:
            best = _best(spans)
            start = _word_start(text, max(0, min(best - _BEFORE, len(text) - SNIPPET_WIDTH)), best)
        return _one_line(text, start, start + SNIPPET_WIDTH, [(at, to) for at, to, _ in spans])

    def _spans(self, text: str) -> tuple[str, list[_Span]]:
        """`text` composed, and what was found in it, in its order."""
        text = _composed(text)
        folded = _folded(text)
        found = sorted(
            (start, end, number)
            for number, term in enumerate(self.terms)
            for start, end in islice(term.places(folded), _LOOKED_AT)
        )
        if all(len(_folded(letter)) == 1 for letter in set(text)):
            return text, found
        places = [number for number, letter in enumerate(text) for _ in _folded(letter)]
        return text, [(places[start], places[end - 1] + 1, number) for start, end, number in found]


def fold(text: str) -> str:
    """`text` as it is compared: small letters without accents; signs that are not ASCII are blanks."""
    return _folded(_composed(text))


def columns(text: str) -> tuple[str, str]:
    """What the index keeps of `text`: its words with all pairs of characters, and the single characters."""
    folded = fold(text)
    if folded.isascii():
        return folded, ""
    singles = dict.fromkeys("".join(_runs().findall(folded)))
    return _runs().sub(lambda run: f" {' '.join(_pairs(run[0]))} ", folded), " ".join(singles)


def _terms(text: str) -> Iterator[Term]:
    for quoted, star, word in _ASKED.findall(text.translate(_QUOTES)):
        units = tuple(_units(fold(quoted or word)))
        if units:
            yield Term(units, prefix=bool(star) or word.endswith("*"))


def _units(folded: str) -> Iterator[str]:
    """Words, split where runs of Chinese, Japanese or Korean characters begin and end."""
    for word in _WORD.findall(folded):
        yield from [word] if word.isascii() else filter(None, _runs().split(word))


@cache
def _runs() -> re.Pattern[str]:
    """A run of such characters. (Compiled when it is needed: that takes 2 ms.)"""
    return re.compile(f"([{_CJK}]+)")


def _is_run(unit: str) -> bool:
    return not unit.isascii() and _runs().match(unit) is not None


def _is_letter(folded: str, at: int) -> bool:
    """Whether a letter or digit of any other script stands there."""
    letter = folded[at : at + 1] if at >= 0 else ""
    return letter.isalnum() if letter.isascii() else not _is_run(letter)


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _phrase(words: list[str]) -> str:
    return f'words : "{" ".join(words)}"' if words else ""


def _composed(text: str) -> str:
    if text.isascii():
        return text
    return _NARROW.sub(lambda run: unicodedata.normalize("NFKC", run[0]), unicodedata.normalize("NFC", text))


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_FOLDING)


class _Folding(dict[int, str]):
    """What each character is folded to, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        small = unicodedata.normalize("NFKD", chr(code)).casefold()
        plain = "".join(each for each in unicodedata.normalize("NFKD", small) if ord(each) not in _IGNORED)
        kept = unicodedata.normalize("NFC", plain)
        self[code] = folded = "".join(each if unicodedata.category(each)[0] in "LNM" else " " for each in kept)
        return folded


_FOLDING = _Folding()


def _best(spans: list[_Span]) -> int:
    """Where the piece of a snippet's width begins that has most of the terms."""

    def terms(at: int) -> int:
        return len({number for start, _, number in spans if at <= start < at + SNIPPET_WIDTH - _BEFORE})

    return max((start for start, _, _ in spans), key=terms)


def _word_start(text: str, start: int, match: int) -> int:
    """Where the first word behind `start` begins, if that is before the match."""
    blank = text.find(" ", start - 1, match) if start else -1
    return start if blank < 0 else blank + 1


def _one_line(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> Snippet:
    """`text` from `start` to `end`, white space folded, cut ends shown."""
    line = "…" if start else ""
    marks: list[tuple[int, int]] = []
    done = start if start else len(text) - len(text.lstrip())
    for at, to in spans:
        if done <= at < end:
            line += _blanks_folded(text[done:at])
            done = min(to, end)
            marks.append((len(line), len(line) + len(_blanks_folded(text[at:done]))))
            line += _blanks_folded(text[at:done])
    line += _blanks_folded(text[done:end])
    return Snippet(line.rstrip() + ("…" if end < len(text) else ""), tuple(marks))


def _blanks_folded(text: str) -> str:
    return re.sub(r"\s+", " ", text)
