"""The work of the extra `media`: pixels by Pillow, pages by pypdf. Everything here also copes with its absence.

When an image has to change, and to what size, is `attachments.py`'s to decide; it comes here only then, so that
nobody pays for Pillow whose image can go as it is.
"""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, cast

from .errors import UsageError
from .messages import Block
from .sniff import AVIF, BMP, GIF, HEIC, JPEG, PNG, TIFF, WEBP

if TYPE_CHECKING:
    from PIL.Image import Image

JPEG_QUALITY = 85
PNG_TO_JPEG = 3
"""A lossless image stays one (text keeps its edges) unless it takes more than so many times the bytes of a JPEG, which
tells photographs (5 to 7 times) from screenshots and drawings (under 3)."""

# Pillow's name of the format, and the module that reads it: Pillow would import all of its forty to find one.
_READERS = {
    JPEG: ("JPEG", "PIL.JpegImagePlugin"),
    PNG: ("PNG", "PIL.PngImagePlugin"),
    GIF: ("GIF", "PIL.GifImagePlugin"),
    WEBP: ("WEBP", "PIL.WebPImagePlugin"),
    BMP: ("BMP", "PIL.BmpImagePlugin"),
    TIFF: ("TIFF", "PIL.TiffImagePlugin"),
    AVIF: ("AVIF", "PIL.AvifImagePlugin"),
    HEIC: ("HEIF", "pillow_heif"),
}
_LOSSLESS = frozenset({PNG, GIF, BMP, TIFF})
# What imports raise where a package is absent, half removed, or built for another Python.
_BROKEN = (ImportError, OSError, SyntaxError, AttributeError)
# What the readers raise on damaged files; none of them promises less.
_UNREADABLE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, EOFError,
    RuntimeError, MemoryError, ImportError, struct.error, zlib.error,
)  # fmt: skip
_ORIENTATION = 0x0112
_METHODS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_NEW_SUBFILE_TYPE = 254

MAX_DECODED_BYTES = 200_000_000
"""Of one image's pixels with the copies that are made of them: 50 megapixels of colour, 25 with transparency."""
# Bytes of memory that a pixel takes until it is shrunk, measured: Pillow keeps colour in four, and copies what is seen
# through, has a palette or more than 8 bits. Some decoders keep copies of their own besides.
_BYTES_OF_MODE = {"1": 2, "L": 1, "P": 5, "RGB": 4, "YCbCr": 4, "CMYK": 4, "LAB": 4, "LA": 8, "RGBA": 8, "PA": 9}
_BYTES_OF_OTHERS = 11
_BYTES_OF_TRANSPARENCY = 8
_BYTES_OF_DECODER = {WEBP: 10, TIFF: 4, AVIF: 3, HEIC: 1}


@dataclass(frozen=True, slots=True)
class Fitted:
    """An image as it may be sent.

    Attributes:
        media_type: one the API reads.
        width, height: pixels, upright.
        turned: whether it had to be turned or mirrored, as its EXIF data says the camera was held.
    """

    data: bytes
    media_type: str
    width: int
    height: int
    turned: bool = False


class TooManyPixels(UsageError):
    """An image that would take more memory than `MAX_DECODED_BYTES`."""


def can_read(media_type: str) -> bool:
    """Whether the packages that read images of this type are there and work."""
    try:
        import_module("PIL.Image")
        reader = import_module(_READERS[media_type][1])
        if media_type == HEIC:
            reader.register_heif_opener()
    except _BROKEN:
        return False
    return True


def fit_image(
    data: bytes, media_type: str, name: str, *, size_for: Callable[[int, int], tuple[int, int]], max_bytes: int
) -> Fitted:
    """The image upright, of the size that `size_for` makes of its own, in sRGB, without metadata; its first frame.

    Args:
        data: the file.
        media_type: what it is; `can_read` has said yes.
        name: what messages call it.
        size_for: from width and height, upright, to those it should have, which are no larger.
        max_bytes: a PNG of more is not wanted. A JPEG of a size that is of use to a model is always smaller.
    Raises:
        TooManyPixels: it would take more memory than an image can be worth.
        UsageError: it is damaged.
    """
    from PIL import Image

    with _translated(name), _muted(), Image.open(BytesIO(data), formats=[_READERS[media_type][0]]) as image:
        if media_type != JPEG or image.info.get("progressive"):
            # Now, as already the EXIF data of a PNG cannot be had without decoding it.
            _check_memory(image, media_type, name)
        if media_type == TIFF:
            _check_tiff(image, name)
        # Pillow turns a TIFF by itself, and libheif a HEIC.
        orientation = 1 if media_type in (TIFF, HEIC) else image.getexif().get(_ORIENTATION, 1)
        across = orientation in (5, 6, 7, 8)
        width, height = size_for(*(image.size[::-1] if across else image.size))
        size = (height, width) if across else (width, height)
        if media_type == JPEG:
            image.draft(None, size)  # decodes at a half, a quarter or an eighth: most of the time saved
            image.info.pop("progressive", None)
            _check_memory(image, media_type, name)
        small = _in_srgb(_upright(_shrunk(image, size), orientation))
        sent, kind = _encoded(small, lossless=media_type in _LOSSLESS, max_bytes=max_bytes)
        return Fitted(sent, kind, *small.size, turned=orientation in _METHODS)


def count_pages(data: bytes, name: str) -> int | None:
    """Pages of a PDF, as it says itself; None where it cannot be read or pypdf is not there.

    Raises:
        UsageError: it is encrypted.
    """
    try:
        pypdf = import_module("pypdf")
    except _BROKEN:
        return None
    _hush("pypdf")
    try:
        # Closed by us: the reader lives on in a circle of references, and would keep a copy of the file.
        with BytesIO(data) as stream:
            reader = pypdf.PdfReader(stream)
            if not reader.is_encrypted:
                # Not `len(reader.pages)`: that reads every page.
                pages = reader.root_object["/Pages"]["/Count"]
                return int(pages) if isinstance(pages, int) and pages > 0 else None
    except (*_UNREADABLE, pypdf.errors.PyPdfError, pypdf.errors.DependencyError):
        return None
    raise UsageError(f"{name} is protected by a password or encrypted: save it without protection")


class CountedPdf(str):
    """Base64 of a PDF whose pages were counted when it was read: to read it again takes as much memory as it has.

    Attributes:
        pages: what `count_pages` said.
    """

    pages: int | None

    @classmethod
    def of(cls, base64: str, pages: int | None) -> CountedPdf:
        """`base64` with its `pages`."""
        counted = cls(base64)
        counted.pages = pages
        return counted


def pages_of(block: Block) -> int | None:
    """Pages of the PDF that a content block holds in base64; None where they cannot be counted."""
    source = block.get("source")
    data = source.get("data") if isinstance(source, dict) else None
    if isinstance(data, CountedPdf):
        return data.pages
    try:
        return count_pages(b64decode(data), "the PDF") if isinstance(data, str) else None
    except (ValueError, UsageError):
        return None


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turns what Pillow raises into one line."""
    from PIL.Image import DecompressionBombError

    try:
        yield
    except UsageError:
        raise
    except DecompressionBombError as error:
        raise TooManyPixels(f"{name} has too many pixels to be decoded here: make it smaller") from error
    except _UNREADABLE as error:
        raise UsageError(
            f"{name} is damaged or of a kind that Pillow does not read: open it and save it anew"
        ) from error


@contextmanager
def _muted() -> Iterator[None]:
    """Keeps to itself what Pillow warns of, and what the C libraries below it (libtiff) write on standard error."""
    _hush("PIL")
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        with suppress(OSError):  # standard error is closed: nobody to keep it from
            kept = os.dup(2)
            stack.callback(os.close, kept)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            stack.callback(os.dup2, kept, 2)
            os.close(nowhere)
        yield


def _hush(package: str) -> None:
    """Let `package` log to nobody but who listens: it would write on standard error."""
    import logging

    logger = logging.getLogger(package)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _check_memory(image: Image, media_type: str, name: str) -> None:
    """Refuse to decode what would fill the memory. Files of over 179 megapixels Pillow itself does not even open.

    Raises:
        TooManyPixels: it is over `MAX_DECODED_BYTES`.
    """
    if media_type == JPEG and image.info.get("progressive"):
        each = 2 * len(image.getbands()) + 1  # all of its coefficients, however small it is decoded
    else:
        each = _BYTES_OF_MODE.get(image.mode, _BYTES_OF_OTHERS) + _BYTES_OF_DECODER.get(media_type, 0)
        each += _BYTES_OF_TRANSPARENCY if "transparency" in image.info else 0
    needed = image.width * image.height * each
    if needed > MAX_DECODED_BYTES:
        size, most = f"{image.width}x{image.height} take {needed // 10**6:,} MB", MAX_DECODED_BYTES // 10**6
        raise TooManyPixels(
            f"{name} has too many pixels to be decoded here ({size}, and {most} are the most): make it smaller"
        )


def _check_tiff(image: Image, name: str) -> None:
    """Refuse what would be sent in part only.

    Raises:
        UsageError: it has more pages than one, or is a camera's raw file, whose first image is a thumbnail.
    """
    pages = getattr(image, "n_frames", 1)
    if getattr(image, "tag_v2", {}).get(_NEW_SUBFILE_TYPE, 0) & 1:
        raise UsageError(f"{name} is a camera's raw file: export it as JPEG")
    if pages > 1:
        raise UsageError(f"{name} has {pages} pages, of which an image can show one: save it as PDF")


def _shrunk(image: Image, size: tuple[int, int]) -> Image:
    """`image` of that size, in a mode whose pixels can be averaged."""
    from PIL.Image import Resampling

    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
        image.info.pop("transparency", None)  # a value of the old range
    elif image.mode in ("1", "P", "PA") or "transparency" in image.info:
        grey = image.mode == "1" and not image.has_transparency_data
        image = image.convert("L" if grey else "RGBA" if image.has_transparency_data else "RGB")
    if image.size == size:
        return image
    # The gap halves by whole pixels first, down to three times the size: a third of the time, no visible difference.
    return image.resize(size, Resampling.LANCZOS, reducing_gap=3.0)


def _eight_bit(image: Image) -> Image:
    """Grey of 16 or 32 bits, or of real numbers, in 8: Pillow's own conversion cuts off instead of dividing."""
    if image.mode.startswith("I;16"):
        image, low, high = image.convert("I"), 0.0, 65_535.0
    else:
        low, high = cast("tuple[float, float]", image.getextrema())
    factor = 255 / (high - low) if high > low else 0.0
    return image.point(lambda value: value * factor + -low * factor).convert("L")


def _upright(image: Image, orientation: int) -> Image:
    """`image` turned and mirrored by its EXIF orientation; any value but 2 to 8 leaves it."""
    from PIL.Image import Transpose

    return image.transpose(Transpose[_METHODS[orientation]]) if orientation in _METHODS else image


def _in_srgb(image: Image) -> Image:
    """`image` as grey, RGB or RGBA, its colours those of its profile; alpha only where something is seen through."""
    mode = "L" if image.mode == "L" else "RGB"
    if image.has_transparency_data:
        alpha = image.convert("RGBA")
        if alpha.getchannel("A").getextrema()[0] != 255:
            image, mode = alpha, "RGBA"
    profile = image.info.get("icc_profile")
    if profile:
        from PIL import ImageCms

        try:
            given, wanted = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, given, wanted, outputMode=mode if mode == "RGBA" else "RGB")
            return converted or image
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a profile for other pixels than these: they are taken as they are
    return image.convert(mode)


def _encoded(image: Image, *, lossless: bool, max_bytes: int) -> tuple[bytes, str]:
    """`image` as a file and its media type: PNG where that keeps text sharp or something is seen through, else JPEG."""
    from PIL.Image import new

    image.info.clear()  # comments, places, names: nobody asked to send those
    flat, seen_through = image, image.mode == "RGBA"
    if seen_through:
        flat = new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A"))
    jpeg = _saved(flat, "JPEG", quality=JPEG_QUALITY)
    if lossless or seen_through:
        png = _saved(image, "PNG")
        # White writing on nothing would be lost on white.
        if len(png) <= (max_bytes if seen_through else min(max_bytes, PNG_TO_JPEG * len(jpeg))):
            return png, PNG
    return jpeg, JPEG


def _saved(image: Image, form: str, **options: int) -> bytes:
    stream = BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()
