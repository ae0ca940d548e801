"""What of a text names files: `@path` anywhere, and paths of images and PDFs as people type, paste and drop them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from .chips import Attacher, is_media
from .draft import Draft

CLEAR = ("/", "~/", "./", "../", "file://")
"""How a word begins that is a path, and nothing else."""
_COMMAND = re.compile(r"/[A-Za-z-]*(?=\s|\Z)")
# Quoted, or up to a blank that no backslash stands before. An address such as name@host is none.
_WORD = re.compile(
    r"""(?<![^\s(])(?!\()(?P<at>@?)(?:"(?P<double>[^"\n]+)"|'(?P<single>[^'\n]+)'|(?P<bare>(?:\\.|[^\s\\"'])(?:\\.|[^\s\\])*))"""
)
# A name with a suffix, and no package, decorator or number.
_AS_A_FILE = re.compile(r"(?<![^\s(])@([\w~/-][\w~/.-]*\.[A-Za-z]\w{0,3})(?![\w(/-]|\.\w)")
_ESCAPED = re.compile(r"\\(.)")
_BEHIND = ".,;:!?)]}\"'"
"""What may stand behind a path in a sentence."""


@dataclass(frozen=True, slots=True)
class Word:
    """A part of a text that names a file.

    Attributes:
        start, end: where it stands.
        path: what it names, without quotes and backslashes.
        is_marked: it stands behind an `@`.
    """

    start: int
    end: int
    path: str
    is_marked: bool


def is_command(text: str) -> bool:
    """Whether a text is a slash command, and no path or message."""
    return _COMMAND.match(text) is not None


def named_files(text: str) -> list[Word]:
    """The files that a message is to bring along: each `@path` that is there or can be nothing but a path, and each
    clear path of an image or PDF that is there.
    """
    return list(_words(text))


def dropped_files(text: str) -> list[str]:
    """The paths of images and PDFs that a pasted or dropped text consists of; none where it is something else."""
    rest = text.strip()
    found = [word for word in _words(rest) if not word.is_marked]
    for word in reversed(found):
        rest = rest[: word.start] + rest[word.end :]
    return [word.path for word in found] if found and not rest.strip() else []


def with_files(draft: Draft, attacher: Attacher) -> Draft:
    """The draft with the files its text names. Raises `UsageError`: one of them cannot be sent."""
    words = [] if is_command(draft.text) else named_files(draft.text)
    chips = attacher.attach_all(word.path for word in words)
    return Draft(labelled(draft.text, words, [chip.label for chip in chips]), (*draft.chips, *chips))


def missing_file(text: str) -> str:
    """The first of what stands behind an `@` of a text, looks like a file's name and is none's; "": there is none."""
    for match in _AS_A_FILE.finditer(text):
        if not _exists(match[1]):
            return match[1]
    return ""


def labelled(text: str, words: Sequence[Word], labels: Sequence[str]) -> str:
    """The text with labels in the place of the words."""
    for word, label in reversed([*zip(words, labels, strict=True)]):
        text = text[: word.start] + label + text[word.end :]
    return text


def _words(text: str) -> Iterator[Word]:
    for match in _WORD.finditer(text):
        marked, bare = bool(match["at"]), match["bare"]
        path = (match["double"] or match["single"]) if bare is None else _ESCAPED.sub(r"\1", bare)
        if not (marked or _is_clear(path)):
            continue  # and nobody asks the disk for each word of a long text
        end = match.end()
        if bare is not None and not _exists(path):
            kept = bare.rstrip(_BEHIND)
            shorter = _ESCAPED.sub(r"\1", kept)
            if _exists(shorter):
                path, end = shorter, end - (len(bare) - len(kept))
        if (_exists(path) and (marked or is_media(path))) or (marked and (_is_clear(path) or is_media(path))):
            yield Word(match.start(), end, path, marked)


def _is_clear(path: str) -> bool:
    return path.startswith(CLEAR)


def _exists(path: str) -> bool:
    """Whether there is such a file; a folder is none."""
    if path.startswith("file://"):
        path = unquote(path.removeprefix("file://").removeprefix("localhost"))
    try:
        return Path(path).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False
