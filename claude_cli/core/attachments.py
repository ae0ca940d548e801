"""Images and PDFs of `-a/-i`: read, checked against the API's limits, turned into content blocks. All of that happens
before any network use but the fetching of a URL the user named.

Where the bytes come from is `sources.py`, what they are is `sniff.py`; text goes by `documents.py`.
"""

from __future__ import annotations

import importlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import unquote, urlsplit

from .errors import UsageError
from .messages import Block, image_block, pdf_block
from .sniff import PDF, is_encrypted, is_whole, media_type, stranger
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

# The API's limits, of its documentation of November 2026 ("Vision", "PDF support"). Bytes are counted on the base64
# text; a request has 32 MB, of which one is kept for the words around the attachments.
MAX_IMAGE_BASE64_BYTES = 10 << 20
MAX_REQUEST_BASE64_BYTES = 31 << 20
MAX_SIDE_PX = 8000
MANY_IMAGES = 20
MAX_SIDE_OF_MANY_PX = 2000
MAX_IMAGES = 600
MAX_IMAGES_SMALL_WINDOW = 100
SMALL_WINDOW_TOKENS = 200_000


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image or a PDF, ready to be sent.

    Attributes:
        block: its content block.
        name: the file's own name, without its folders.
        media_type: what its bytes are, whatever its suffix says.
        size_bytes: of the file, not of its base64 text.
        width, height: pixels, upright; None for a PDF.
    """

    block: Block
    name: str
    media_type: str
    size_bytes: int
    width: int | None
    height: int | None

    @property
    def base64_bytes(self) -> int:
        """Bytes it takes in a request."""
        return (self.size_bytes + 2) // 3 * 4


def load_attachment(source: str, *, read_stdin: ReadStdin | None, fetch: Fetch | None) -> Attachment:
    """The image or PDF that `source` names.

    Args:
        source: a path, a `file://` or http(s) URL, or `-` for standard input.
        read_stdin: gives all of standard input; None where it cannot be read.
        fetch: gets a URL, with a body of at most so many bytes; None without a network.
    Raises:
        UsageError: it is missing, unreadable, damaged, of another kind, protected or too large.
    """
    if is_stdin(source):
        name = "standard input"
        return attachment_from_bytes(read_stdin_bytes(read_stdin, lambda head: _judge(head, name)), name)
    if is_url(source):
        name = url_name(source)
        body = fetch_url(source, fetch, _raw_bytes(MAX_REQUEST_BASE64_BYTES)).body
        return attachment_from_bytes(body, name, title=_last_part(source))
    path, name = local_path(source), plain(source)
    data = read_path(path, name, lambda head: _judge(head, name))
    return attachment_from_bytes(data, name, title=plain(path.name))


def attachment_from_bytes(data: bytes, name: str, *, title: str | None = None) -> Attachment:
    """The attachment that `data` makes; messages call it `name`, the API `title` or else `name`.

    Raises:
        UsageError: as for `load_attachment`.
    """
    check_bytes(data, name, lambda head: _judge(head, name))
    kind = media_type(data)
    assert kind is not None
    if not is_whole(data, kind):
        raise UsageError(f"{name} is cut off or damaged ({_word(kind)} without its end): get it again")
    width, height = (None, None) if kind == PDF else _measure(data, name)
    if kind == PDF and is_encrypted(data):
        raise UsageError(f"{name} is protected by a password or encrypted: save it without protection")
    text = b64encode(data).decode("ascii")
    title = title or name
    block = pdf_block(text, title) if kind == PDF else image_block(kind, text)
    return Attachment(block, title, kind, len(data), width, height)


def check_request(attachments: Sequence[Attachment], context_window: int | None) -> None:
    """Refuse what the API would refuse of all attachments of one request together.

    The pages of PDFs (600 a request, 100 on models under 1M tokens) are left to the API: the page objects of most
    files lie in compressed streams and old revisions, so a count without a PDF library would be a guess.

    Args:
        attachments: of the whole request, those of earlier turns too.
        context_window: the model's, in tokens; None when unknown, which is taken for a large one.
    Raises:
        UsageError: too many, too large together, or too large for their number.
    """
    images = [attachment for attachment in attachments if attachment.media_type != PDF]
    small = context_window is not None and context_window <= SMALL_WINDOW_TOKENS
    most = MAX_IMAGES_SMALL_WINDOW if small else MAX_IMAGES
    if len(images) > most:
        where = f"with this model's window of {context_window:,} tokens" if small else "of any model"
        raise UsageError(f"{len(images)} images, but a request {where} takes {most}: send fewer")
    if len(images) > MANY_IMAGES:
        _check_many(images)
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


def _judge(head: bytes, name: str) -> Bound:
    """The bound for the kind of file that begins with `head`."""
    if not head:
        raise UsageError(f"{name} is empty: name another file")
    kind = media_type(head)
    if kind is None:
        what, _, advice = stranger(head).partition(": ")
        raise UsageError(f"{name} is no PNG, JPEG, GIF, WebP or PDF but looks like {what}: {advice}")
    most = MAX_REQUEST_BASE64_BYTES if kind == PDF else MAX_IMAGE_BASE64_BYTES
    what = "a PDF" if kind == PDF else "an image"
    remedy = "split it" if kind == PDF else "make it smaller"
    return Bound(_raw_bytes(most), f"{what} may have {most >> 20} MB as base64; {remedy}")


def _measure(data: bytes, name: str) -> tuple[int, int]:
    """Width and height in pixels, turned as the camera was."""
    # By name: the library has no type hints, and only who attaches an image pays for its import.
    imagesize = importlib.import_module("imagesize")
    width, height = imagesize.get(BytesIO(data))
    if width < 1 or height < 1:
        raise UsageError(f"{name} cannot be read as an image: open it and save it anew")
    if max(width, height) > MAX_SIDE_PX:
        raise UsageError(f"{name} is {width}x{height} pixels, but no side may be over {MAX_SIDE_PX}: make it smaller")
    return int(width), int(height)


def _raw_bytes(base64_bytes: int) -> int:
    """How many bytes fit into so many of base64."""
    return base64_bytes // 4 * 3


def _word(kind: str) -> str:
    return kind.partition("/")[2].upper()


def _last_part(url: str) -> str:
    """The file's name in a URL that has been checked, or its host."""
    parts = urlsplit(url)
    return plain(unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc)
