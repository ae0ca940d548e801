"""Images and PDFs of `-a/-i`: read, checked against the API's limits, turned into content blocks. All of that happens
before any network use but the fetching of a URL the user named.

Where the bytes come from is `sources.py`, what they are `sniff.py`, and how an image is made fit for a model
`images.py`; text goes by `documents.py`.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from .errors import UsageError
from .image_size import HIGH_TIER, Tier, image_tokens
from .images import MANY_IMAGES, MAX_ORIGINAL_BYTES, MAX_SIDE_OF_MANY_PX, fitted, raw_bytes, short_name
from .media import CountedPdf, count_pages
from .messages import Block, image_block, pdf_block
from .models import Model
from .sizes import readable_size
from .sniff import PDF, convertible, is_encrypted, is_whole, media_type, stranger
from .sources import (
    Bound,
    Fetch,
    ReadStdin,
    check_bytes,
    fetch_url,
    is_stdin,
    is_url,
    local_path,
    plain,
    read_path,
    read_stdin_bytes,
    url_name,
)

MAX_REQUEST_BASE64_BYTES = 31 << 20
"""The API takes 32 MB a request (documentation of November 2026); one is kept for the words around the attachments."""
CLIPBOARD = "clipboard"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model takes of images and PDFs.

    Attributes:
        tier: how large an image is of use to it.
        images, pages: of PDFs, in one request.
    """

    tier: Tier = HIGH_TIER
    images: int = 600
    pages: int = 600

    @classmethod
    def of(cls, model: Model | None) -> Limits:
        """Those of a model of the catalogue; where that does not know one, the largest there is."""
        known, most = model.raw.get("limits", {}) if model else {}, cls()
        edge_px = known.get("image_long_edge_px", most.tier.edge_px)
        return cls(
            Tier(edge_px, known.get("image_max_tokens", most.tier.max_tokens)),
            known.get("images_per_request", most.images),
            known.get("pdf_pages_per_request", most.pages),
        )


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image or a PDF, ready to be sent.

    Attributes:
        block: its content block.
        name: the file's own name, without its folders.
        media_type: what the bytes sent are, whatever the suffix says.
        size_bytes: of what is sent, before base64.
        width, height: pixels, upright; None for a PDF.
        original_bytes: of the file, as it was before an image was turned, shrunk or converted; None: as it is sent.
        tokens: what an image will cost; None for a PDF.
        pages: of a PDF; None where they could not be counted.
    """

    block: Block
    name: str
    media_type: str
    size_bytes: int
    width: int | None
    height: int | None
    original_bytes: int | None = None
    tokens: int | None = None
    pages: int | None = None

    @property
    def base64_bytes(self) -> int:
        """Bytes it takes in a request."""
        return (self.size_bytes + 2) // 3 * 4

    @property
    def summary(self) -> str:
        """What will be sent, in a few words: `chart.png, 1.2 MB → 180 KB, 1456x819, ~1,560 tokens`."""
        sizes = [each for each in (self.original_bytes, self.size_bytes) if each is not None]
        words = [self.name, " → ".join(map(readable_size, sizes))]
        if self.tokens is not None:
            words += [f"{self.width}x{self.height}", f"~{self.tokens:,} tokens"]
        if self.pages is not None:
            words.append(f"{self.pages:,} page{'s' * (self.pages != 1)}")
        return ", ".join(words)


def load_attachments(
    sources: Sequence[str],
    limits: Limits,
    *,
    read_stdin: ReadStdin | None,
    fetch: Fetch | None,
    read_clipboard: Callable[[], bytes] | None,
) -> list[Attachment]:
    """The images and PDFs that `sources` name, one after the other, so that only one is in memory as it was.

    Args:
        sources: each a path, a `file://` or http(s) URL, `-` for standard input, or `clipboard`.
        limits: the model's.
        read_stdin: gives all of standard input; None where it cannot be read.
        fetch: gets a URL, with a body of at most so many bytes; None without a network.
        read_clipboard: gives the image on the clipboard; None where there is none.
    Raises:
        UsageError: one is missing, unreadable, damaged, of another kind, protected or too large, or all together are.
    """
    loaded: list[Attachment] = []
    for source in sources:
        data, name, title = _read(source, read_stdin, fetch, read_clipboard)
        # PDFs count too: what the others are is not known yet, and 2,000 pixels are nearly all that is of use.
        loaded.append(attachment_from_bytes(data, name, limits, title=title, many=len(sources) > MANY_IMAGES))
        _check_total(loaded)  # at once: the rest would only fill memory
    check_request(loaded, limits)
    return loaded


def summaries(attachments: Sequence[Attachment]) -> list[str]:
    """A line for each: what it is, its number among its kind, and its summary."""
    numbers: Counter[str] = Counter()
    lines = []
    for attachment in attachments:
        kind = "PDF" if attachment.media_type == PDF else "image"
        numbers[kind] += 1
        lines.append(f"{kind} {numbers[kind]}: {attachment.summary}")
    return lines


def attachment_from_bytes(
    data: bytes, name: str, limits: Limits | None = None, *, title: str | None = None, many: bool = False
) -> Attachment:
    """The attachment that `data` makes; messages call it `name`, the API `title` or else `name`.

    Args:
        limits: the model's; None for the largest.
        many: whether the request has more than 20 images, which the API takes at 2,000 pixels a side only.
    Raises:
        UsageError: as for `load_attachments`.
    """
    check_bytes(data, name, lambda head: _judge(head, name))
    title, limits = title or name, limits or Limits()
    kind = media_type(data)
    if kind is not None and not is_whole(data, kind):
        raise UsageError(f"{name} is cut off or damaged ({short_name(kind)} without its end): get it again")
    if kind == PDF:
        if is_encrypted(data):
            raise UsageError(f"{name} is protected by a password or encrypted: save it without protection")
        pages = count_pages(data, name)
        block = pdf_block(CountedPdf.of(_base64(data), pages), title)
        return Attachment(block, title, PDF, len(data), None, None, pages=pages)
    image = fitted(data, name, limits.tier, many=many)
    return Attachment(
        image_block(image.media_type, _base64(image.data)),
        title,
        image.media_type,
        len(image.data),
        image.width,
        image.height,
        original_bytes=None if image.data is data else len(data),
        tokens=image_tokens(image.width, image.height, limits.tier),
    )


def check_request(attachments: Sequence[Attachment], limits: Limits) -> None:
    """Refuse what the API would refuse of all attachments of one request together.

    Args:
        attachments: of the whole request, those of earlier turns too.
        limits: the model's.
    Raises:
        UsageError: too many, too large together, or too large for their number.
    """
    images = [attachment for attachment in attachments if attachment.media_type != PDF]
    pages = sum(attachment.pages or 0 for attachment in attachments)
    if len(images) > limits.images:
        raise UsageError(f"{len(images)} images, but a request to this model takes {limits.images}: send fewer")
    if pages > limits.pages:
        raise UsageError(f"the PDFs have {pages:,} pages, but a request to this model takes {limits.pages}: split them")
    if len(images) > MANY_IMAGES:
        _check_many(images)
    _check_total(attachments)


def _check_total(attachments: Sequence[Attachment]) -> None:
    total = sum(attachment.base64_bytes for attachment in attachments)
    if total > MAX_REQUEST_BASE64_BYTES:
        raise UsageError(
            f"{len(attachments)} attachments make {total:,} bytes as base64, but a request holds "
            f"{MAX_REQUEST_BASE64_BYTES:,} of them: send fewer or smaller ones"
        )


def _check_many(images: Sequence[Attachment]) -> None:
    for image in images:
        if max(image.width or 0, image.height or 0) > MAX_SIDE_OF_MANY_PX:
            raise UsageError(
                f"{image.name} is {image.width}x{image.height} pixels, but among {len(images)} images (more than "
                f"{MANY_IMAGES}) no side may be over {MAX_SIDE_OF_MANY_PX}: make it smaller or send fewer"
            )


def _read(
    source: str, read_stdin: ReadStdin | None, fetch: Fetch | None, read_clipboard: Callable[[], bytes] | None
) -> tuple[bytes, str, str]:
    """The bytes of a source, what messages call it, and its title."""
    if source == CLIPBOARD:
        if read_clipboard is None:
            raise UsageError("the clipboard cannot be read here: name a file")
        return read_clipboard(), "the clipboard", CLIPBOARD
    if is_stdin(source):
        name = "standard input"
        return read_stdin_bytes(read_stdin, lambda head: _judge(head, name)), name, name
    if is_url(source):
        name = url_name(source)
        return fetch_url(source, fetch, raw_bytes(MAX_REQUEST_BASE64_BYTES)).body, name, _last_part(source)
    path, name = local_path(source), plain(source)
    return read_path(path, name, lambda head: _judge(head, name)), name, plain(path.name)


def _judge(head: bytes, name: str) -> Bound:
    """The bound for the kind of file that begins with `head`."""
    if not head:
        raise UsageError(f"{name} is empty: name another file")
    kind = media_type(head)
    if kind == PDF:
        most = MAX_REQUEST_BASE64_BYTES
        return Bound(raw_bytes(most), f"a PDF may have {most >> 20} MB as base64; split it")
    if kind is None and convertible(head) is None:
        what, _, advice = stranger(head).partition(": ")
        raise UsageError(f"{name} is no PNG, JPEG, GIF, WebP or PDF but looks like {what}: {advice}")
    return Bound(MAX_ORIGINAL_BYTES, "make it smaller")


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _last_part(url: str) -> str:
    """The file's name in a URL that has been checked, or its host."""
    parts = urlsplit(url)
    return plain(unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc)
