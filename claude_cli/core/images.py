"""An image as it is sent: the very bytes where they are of use to the model, else made fit by `media.py`, else refused.

Without the extra `media` nothing is changed: what the API takes goes as it is, and the service scales it down.
"""

from __future__ import annotations

import importlib
import struct
from io import BytesIO

from .errors import UsageError
from .image_size import Tier, useful_size
from .media import Fitted, TooManyPixels, can_read, fit_image
from .sniff import JPEG, convertible, media_type
from .sources import HEAD_BYTES

# The API's limits, of its documentation of November 2026 ("Vision"); bytes are counted on the base64 text.
MAX_IMAGE_BASE64_BYTES = 10 << 20
MAX_SIDE_PX = 8000
MANY_IMAGES = 20
MAX_SIDE_OF_MANY_PX = 2000
MAX_ORIGINAL_BYTES = 100 << 20
"""Of an image before it is made smaller: 24 megapixels of raw colour are 72 MB."""


def fitted(data: bytes, name: str, tier: Tier, *, many: bool = False) -> Fitted:
    """The image `data`, fit for a model of `tier`; its own `data` is the one given where nothing had to change.

    Args:
        data: a whole image that the API reads, or that `media.py` converts.
        name: what messages call it.
        many: whether the request has more than 20 images.
    Raises:
        UsageError: it is damaged, or too large or of the wrong kind and the extra `media` is not there.
    """

    def useful(width: int, height: int) -> tuple[int, int]:
        return useful_size(width, height, tier, MAX_SIDE_OF_MANY_PX if many else None)

    given, problem = None, ""
    kind = media_type(data)
    if kind is not None:
        given = _as_it_is(data, name, kind)
        problem = _against(given, MAX_SIDE_OF_MANY_PX if many else MAX_SIDE_PX)
        if not (problem or given.turned) and useful(given.width, given.height) == (given.width, given.height):
            return given
    found = kind or convertible(data[:HEAD_BYTES]) or ""
    if can_read(found):
        most = raw_bytes(MAX_IMAGE_BASE64_BYTES)
        try:
            made = fit_image(data, found, name, size_for=useful, max_bytes=most)
        except TooManyPixels:
            if given is None or problem or given.turned:
                raise
            return given  # the service scales it down
        if given is None or problem or _is_better(made, given):
            return made
    if given is None or problem:
        from .installed import install_line  # reads the records of installations, which takes a while to import

        problem = problem or f"is {short_name(found)}, which the API does not read"
        raise UsageError(f"{name} {problem}; to have it converted: {install_line('media')}")
    return given


def raw_bytes(base64_bytes: int) -> int:
    """How many bytes fit into so many of base64."""
    return base64_bytes // 4 * 3


def short_name(kind: str) -> str:
    """A media type as people say it: PNG."""
    return kind.partition("/")[2].upper()


def pixel_size(data: bytes) -> tuple[int, int] | None:
    """Width and height by an image's head, not turned; None where it cannot be read, or is cut off too early."""
    width, height, _ = _head(data)
    return (width, height) if width and height else None


def _as_it_is(data: bytes, name: str, kind: str) -> Fitted:
    """The image unchanged; `turned` where it is not upright, or may not be."""
    width, height, rotation = _head(data)
    if not (width and height):
        raise UsageError(f"{name} cannot be read as an image: open it and save it anew")
    # It reads the EXIF data of JPEG alone; in the others they are rare, and Pillow looks closer.
    turned = rotation in range(2, 9) if kind == JPEG else b"eXIf" in data or b"EXIF" in data
    return Fitted(data, kind, width, height, turned)


def _head(data: bytes) -> tuple[int, int, int]:
    """Width, height and EXIF orientation of an image; zeros where its head cannot be read."""
    # By name: the library has no type hints, and only who attaches an image pays for its import.
    imagesize = importlib.import_module("imagesize")
    try:
        found = imagesize.get_info(BytesIO(data), dpi=False, colors=False, channels=False)
        width, height = int(found.width), int(found.height)
    except (ValueError, OSError, LookupError, TypeError, struct.error):  # what it raises on damaged heads
        return 0, 0, 0
    return (width, height, found.rotation) if min(width, height) > 0 else (0, 0, 0)


def _against(image: Fitted, max_side: int) -> str:
    """What the API would have against the image's size; "" for nothing."""
    most = raw_bytes(MAX_IMAGE_BASE64_BYTES)
    if max(image.width, image.height) > max_side:
        return f"is {image.width}x{image.height} pixels, but no side may be over {max_side}"
    if len(image.data) > most:
        limit = f"{most:,} ({MAX_IMAGE_BASE64_BYTES >> 20} MB as base64)"
        return f"is {len(image.data):,} bytes long, but an image may have {limit}"
    return ""


def _is_better(made: Fitted, given: Fitted) -> bool:
    """Whether to send `made` though the API takes `given`: what is well packed can grow when it shrinks."""
    smaller = (made.width, made.height) != (given.width, given.height) and len(made.data) < len(given.data)
    return made.turned or smaller
