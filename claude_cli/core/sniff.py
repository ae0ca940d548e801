"""What a file's bytes are, whatever its name says, and whether they are all there.

Only the four image formats and PDF that the API reads are known well; others are recognised so far that `media.py`
can convert them, or an error name them. Limits stand in `attachments.py`.
"""

from __future__ import annotations

import re

PDF = "application/pdf"
JPEG, PNG, GIF, WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"
HEIC, AVIF, BMP, TIFF = "image/heic", "image/avif", "image/bmp", "image/tiff"

_PDF_HEAD_BYTES = 1024
_PDF_TAIL_BYTES = 2048
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_PDF_XREF = re.compile(rb"startxref\s+(\d+)")
# A table and its trailer, or the dictionary of a cross-reference stream.
_PDF_TRAILER = re.compile(rb"\s*(?:xref\b.*?trailer(?P<table>.*?)startxref|\d+\s+\d+\s+obj(?P<stream>.*?)stream)", re.S)
_PDF_ENCRYPT = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")

# (offset, magic, what it is): images the API does not read, but Pillow does.
_CONVERTIBLE: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyphei", HEIC),
    (4, b"ftyphev", HEIC),
    (4, b"ftypmif1", HEIC),
    (4, b"ftypmsf1", HEIC),
    (4, b"ftypavi", AVIF),
    (0, b"BM", BMP),
    (0, b"II*\0", TIFF),
    (0, b"MM\0*", TIFF),
)
# (offset, magic, what it is and what to do)
_STRANGERS: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", "a video or sound file: attach a still image of it"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL image: convert it to JPEG"),
    (0, b"\xff\x0a", "a JPEG XL image: convert it to JPEG"),
    (0, b"\0\0\1\0", "an icon: convert it to PNG"),
    (0, b"8BPS", "a Photoshop file: export it as PNG"),
    (0, b"PK\3\4", "an Office document or a ZIP archive: export it as PDF, or unpack it"),
    (0, b"\xd0\xcf\x11\xe0", "an Office document: export it as PDF"),
    (0, b"\x1f\x8b", "a gzip archive: unpack it"),
    (0, b"RIFF", "a video or sound file: attach a still image of it"),
)


def media_type(head: bytes) -> str | None:
    """The media type that a file's first KB shows, of those the API reads; None for any other.

    A PDF may begin with up to 1,024 bytes of something else (ISO 32000-1, annex H, note 13).
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    return PDF if b"%PDF-" in head[:_PDF_HEAD_BYTES] else None


def convertible(head: bytes) -> str | None:
    """The media type of an image that the API does not read but `media.py` converts; None for any other file."""
    if _is_text(head):
        return None
    return next((kind for offset, magic, kind in _CONVERTIBLE if head.startswith(magic, offset)), None)


def stranger(head: bytes) -> str:
    """What a file that is of no use looks like, a colon, and what to do about it."""
    if _is_text(head):
        if head.startswith(b"%!PS"):
            return "PostScript: convert it to PDF"
        if b"<svg" in head:
            return "an SVG drawing: convert it to PNG, or read its source with -f"
        return "text: use -f, or in a chat rename it"
    for offset, magic, words in _STRANGERS:
        if head.startswith(magic, offset):
            return words
    return "something else: convert it to one of these"


def is_whole(data: bytes, kind: str) -> bool:
    """Whether `data`, of media type `kind`, is there to its end; bytes after the end are let pass, as decoders do.

    Reads the structure, not the pixels: it finds what a broken download or a full disk leaves, not a flipped bit.
    """
    return _WHOLE[kind](data)


def is_encrypted(pdf: bytes) -> bool:
    """Whether the newest trailer of a PDF names an /Encrypt dictionary.

    Only the trailer that the last `startxref` points to is read, a table's or a stream's: the words may stand anywhere
    in a file that is not encrypted. A file whose offsets are off is let pass; the API will tell.
    """
    offsets = _PDF_XREF.findall(pdf, max(0, len(pdf) - _PDF_TAIL_BYTES))
    if not offsets:
        return False
    # Offsets count from the header, which need not be the first byte; more digits than these are beyond any file.
    match = _PDF_TRAILER.match(pdf, int(offsets[-1][:12]) + pdf.find(b"%PDF-"))
    return match is not None and _PDF_ENCRYPT.search(match["table"] or match["stream"]) is not None


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A head can end in the middle of a letter.
        return error.start > 0 and error.start >= len(head) - 3
    return True


def _png_is_whole(data: bytes) -> bool:
    # Chunks: length, four letters, content, checksum. IHDR is the first, IEND the last.
    at, pixels = 8, False
    if data[12:16] != b"IHDR":
        return False
    while at + 12 <= len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if name == b"IEND":
            return pixels
        if not name.isalpha():
            return False
        pixels = pixels or name == b"IDAT"
        at += 12 + length
    return False


def _jpeg_is_whole(data: bytes) -> bool:
    # Segment by segment, as a thumbnail inside a segment has an end marker of its own.
    at, scanned = 2, False
    while match := _JPEG_MARKER.search(data, at):
        marker, at = data[match.start() + 1], match.end()
        if marker == 0xD9:
            return scanned
        if marker not in {0x01, 0xD8}:  # these two have no length
            scanned = scanned or marker == 0xDA
            at += max(2, int.from_bytes(data[at : at + 2], "big"))
    return False


def _gif_is_whole(data: bytes) -> bool:
    at, framed = 13 + _colour_table_bytes(data[10:11]), False
    while at < len(data):
        match data[at]:
            case 0x3B:
                return framed
            case 0x21:
                at = _after_blocks(data, at + 2)
            case 0x2C:
                framed = True
                at = _after_blocks(data, at + 11 + _colour_table_bytes(data[at + 9 : at + 10]))
            case 0x00:  # a terminator too many, which decoders step over
                at += 1
            case _:
                return False
    # Some old encoders count the end into the last block.
    return framed and data.endswith(b"\0;")


def _colour_table_bytes(flags: bytes) -> int:
    return 3 * (2 << (flags[0] & 7)) if flags and flags[0] & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    """Where the sub-blocks that begin at `at` are over: each has its length first, the last is empty."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _webp_is_whole(data: bytes) -> bool:
    end = 8 + int.from_bytes(data[4:8], "little")
    at, pixels = 12, False
    while at + 8 <= min(end, len(data)):
        pixels = pixels or data[at : at + 4] in {b"VP8 ", b"VP8L", b"ANMF"}
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        if at > end:
            return False
        at += at % 2  # chunks are padded to even lengths; the last one's padding is often forgotten
    return pixels and len(data) >= end


def _pdf_is_whole(data: bytes) -> bool:
    return b"%%EOF" in data[-_PDF_TAIL_BYTES:]


_WHOLE = {
    PNG: _png_is_whole,
    JPEG: _jpeg_is_whole,
    GIF: _gif_is_whole,
    WEBP: _webp_is_whole,
    PDF: _pdf_is_whole,
}
