"""Chips: images, PDFs, text files and long pastes, read, checked against the model's limits and given their label."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..core.errors import UsageError
from ..core.harmless import one_line
from ..core.messages import Block, ChatRequest, Message, document_block
from ..core.sizes import readable_size
from .draft import Chip

if TYPE_CHECKING:
    from ..core.attachments import Attachment
    from ..core.models import Model
    from ..core.sources import Fetch

MEDIA_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".pdf", ".png", ".tif", ".tiff", ".webp"}
)
"""By which a path in a text is taken for an image or a PDF; what it is, its content says."""
MAX_PASTE_BYTES = 10 << 20
"""As a text file may have."""
PASTE_NOTE = "Ctrl-X Ctrl-T makes it text again"
_NAME_LENGTH = 40
_TOLD = re.compile(r"\[(image|pdf) (\d{1,6})\]")


def is_media(path: str) -> bool:
    """Whether a path or URL has the suffix of an image or a PDF."""
    return PurePath(path).suffix.lower() in MEDIA_SUFFIXES


@dataclass(slots=True)
class Attacher:
    """Makes chips and counts them, so that in a conversation each has a name of its own.

    Attributes:
        model: gives the one that is to see them; None: not known.
        environ: says where the clipboard is.
        fetch: gets a URL; None: there is no network.
    """

    model: Callable[[], Model | None]
    environ: Mapping[str, str]
    fetch: Fetch | None = None
    _numbers: Counter[str] = field(default_factory=Counter, init=False)
    _names: set[str] = field(default_factory=set, init=False)

    def begin(self, blocks: Iterable[Block] = ()) -> None:
        """Count on behind those of a conversation: all blocks of its turns."""
        self._numbers.clear()
        self._names.clear()
        told: Counter[str] = Counter()
        for block in blocks:
            match block:
                case {"type": "image"}:
                    self._numbers["image"] += 1
                case {"type": "document", "source": {"type": "base64"}}:
                    self._numbers["pdf"] += 1
                case {"type": "document", "title": str(title)}:
                    self._names.add(_short(title))
                case {"type": "text", "text": str(text)}:
                    for kind, number in _TOLD.findall(text):
                        told[kind] = max(told[kind], int(number))
        self._numbers |= told  # of several one may have been taken off before they were sent

    def attach_all(self, sources: Iterable[str]) -> list[Chip]:
        """The chips for some paths, or none of them. Raises `UsageError` for the first that cannot be sent."""
        before = self._numbers.copy(), self._names.copy()
        try:
            return [self.attach(source) for source in sources]
        except UsageError:
            self._numbers, self._names = before
            raise

    def attach(self, source: str) -> Chip:
        """The chip for a path, a `file://` or an http(s) URL.

        Raises:
            UsageError: it is missing, too large, damaged or of a kind that cannot be sent.
        """
        return self._media(source) if _holds_media(source) else self._text(source)

    def clipboard_image(self) -> Chip:
        """The chip for the image on the clipboard; may take seconds.

        Raises:
            UsageError: there is none, or it cannot be sent.
        """
        return self._media("clipboard")

    def pasted(self, text: str) -> Chip:
        """The chip for a text that is too long to be edited in the prompt.

        Raises:
            UsageError: it is too long to be sent at all.
        """
        size = len(text.encode("utf-8", "replace"))
        if size > MAX_PASTE_BYTES:
            at_most = readable_size(MAX_PASTE_BYTES)
            raise UsageError(f"the pasted text has {readable_size(size)}, and at most {at_most} can be sent: cut it")
        name = self._free(lambda number: f"pasted text {number}")
        return self._document(name, document_block(text, title=name), size, note=f"{name}: {PASTE_NOTE}")

    def _media(self, source: str) -> Chip:
        from ..core.attachments import Limits, load_attachments

        clipboard = self._read_clipboard if source == "clipboard" else None
        limits = Limits.of(self.model())
        (loaded,) = load_attachments([source], limits, read_stdin=None, fetch=self.fetch, read_clipboard=clipboard)
        name = self._numbered("image" if loaded.tokens is not None else "pdf")
        return Chip(name, _media_label(name, loaded), loaded.block, "" if clipboard else source)

    def _text(self, source: str) -> Chip:
        from ..core.documents import load_documents

        notes: list[str] = []
        loaded = load_documents(
            source, read_stdin=None, fetch=self.fetch, confirm=None, yes=False, notice=notes.append, one_of_many=False
        )
        if len(loaded) != 1:
            raise UsageError(notes[0] if notes and not loaded else f"{source} is a folder: name a file in it")
        (document,) = loaded
        title = _short(document.name)
        name = self._free(lambda number: title if number == 1 else f"{title} ({number})")
        size = len(document.text.encode("utf-8", "replace"))
        return self._document(name, document_block(document.text, title=name), size, source, "; ".join(notes))

    def _document(self, name: str, block: Block, size: int, source: str = "", note: str = "") -> Chip:
        from ..core.tokens import PER_MESSAGE, estimate

        model = self.model()
        request = ChatRequest(model.id if model else "", (Message("user", (block,)),))
        tokens = estimate(request, model) - PER_MESSAGE
        return Chip(name, f"[{name} · {readable_size(size)} · {_about(tokens)}]", block, source, note)

    def _free(self, numbered: Callable[[int], str]) -> str:
        """The first name that no document of the conversation has yet."""
        name = next(name for name in map(numbered, count(1)) if name not in self._names)
        self._names.add(name)
        return name

    def _numbered(self, kind: str) -> str:
        self._numbers[kind] += 1
        return f"{kind} {self._numbers[kind]}"

    def _read_clipboard(self) -> bytes:
        from .clipboard import read_image

        return read_image(self.environ)


def _short(title: str) -> str:
    """A file's title as a name between brackets."""
    return one_line(title, _NAME_LENGTH).replace("[", "(").replace("]", ")")


def _holds_media(source: str) -> bool:
    """Whether `source` is to be read as an image or a PDF, not as text; what cannot be read, as its suffix says."""
    from ..core.sniff import convertible, media_type
    from ..core.sources import HEAD_BYTES, is_url, local_path

    if is_url(source):
        return is_media(urlsplit(source).path)
    path = local_path(source)
    try:
        if not path.is_file():  # to open a pipe could wait for ever
            return is_media(source)
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except (OSError, ValueError):
        return is_media(source)
    return is_media(path.name) or media_type(head) is not None or convertible(head) is not None


def _about(tokens: int) -> str:
    """Tokens, with the two figures that an estimate is good for."""
    rounded = round(tokens, 2 - len(str(tokens)))
    return f"~{rounded:,} token{'s' * (rounded != 1)}"


def _media_label(name: str, loaded: Attachment) -> str:
    parts = [name, readable_size(loaded.size_bytes)]
    if loaded.tokens is not None:
        parts.append(_about(loaded.tokens))
    if loaded.pages is not None:
        parts.append(f"{loaded.pages:,} page{'s' * (loaded.pages != 1)}")
    return f"[{' · '.join(parts)}]"
