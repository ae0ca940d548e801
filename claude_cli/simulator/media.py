"""What an image's own bytes say: its kind and its size in pixels, and how many tokens that costs.

Nothing is decoded beyond the header, so a picture with a broken middle passes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

PATCH_PX = 28
SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Picture:
    """An image's media type and its size in pixels."""

    media_type: str
    width: int
    height: int


def look(data: bytes) -> Picture | None:
    """The kind and size of an image, or None when the bytes are no JPEG, PNG, GIF or WebP with a readable header."""
    size: tuple[int, int] | None = None
    media_type = ""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        media_type, size = "image/png", (int.from_bytes(data[16:20]), int.from_bytes(data[20:24]))
    elif data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        media_type, size = "image/gif", (_little(data[6:8]), _little(data[8:10]))
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        media_type, size = "image/webp", _webp_size(data)
    elif data[:3] == b"\xff\xd8\xff":
        media_type, size = "image/jpeg", _jpeg_size(data)
    return Picture(media_type, *size) if size and min(size) > 0 else None


def image_tokens(width: int, height: int, *, edge_px: int, cap: int) -> int:
    """Tokens an image costs after the service has scaled it down to its tier.

    Args:
        width, height: pixels of the image as sent.
        edge_px: longest side of the tier (1568 or 2576).
        cap: most tokens of the tier (1568 or 4784).
    """
    width, height = resized(width, height, edge_px=edge_px, cap=cap)
    return _patches(width) * _patches(height)


def resized(width: int, height: int, *, edge_px: int, cap: int) -> tuple[int, int]:
    """The size in pixels to which the service scales an image down; the same size if it fits its tier."""
    if _fits(width, height, edge_px, cap):
        return width, height
    if height > width:
        tall, narrow = resized(height, width, edge_px=edge_px, cap=cap)
        return narrow, tall
    low, high = 1, width
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(middle, _other_side(middle, width, height), edge_px, cap):
            low = middle
        else:
            high = middle
    return low, _other_side(low, width, height)


def _other_side(long_side: int, width: int, height: int) -> int:
    return max(1, round(long_side * height / width))


def _fits(width: int, height: int, edge_px: int, cap: int) -> bool:
    across, down = _patches(width), _patches(height)
    return across * PATCH_PX <= edge_px and down * PATCH_PX <= edge_px and across * down <= cap


def _patches(side_px: int) -> int:
    return math.ceil(side_px / PATCH_PX)


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _webp_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 30:
        return None
    match data[12:16]:
        case b"VP8 ":
            return _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
        case b"VP8L":
            packed = _little(data[21:25])
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return _little(data[24:27]) + 1, _little(data[27:30]) + 1
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in SOF_MARKERS:
            return int.from_bytes(data[position + 7 : position + 9]), int.from_bytes(data[position + 5 : position + 7])
        # A marker may be preceded by any number of fill bytes; restart and start markers carry no length.
        bare = marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8
        position += (1 if marker == 0xFF else 2) if bare else 2 + int.from_bytes(data[position + 2 : position + 4])
    return None
