"""Text that a terminal may see: without anything that moves the cursor, rings, retitles or reorders.

Every character is judged by itself, so a sequence split over two chunks is as harmless as a whole one.
"""

from __future__ import annotations

_KEPT = {0x09, 0x0A}
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_REORDERING = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_DROPPED = {code: None for code in [*_CONTROLS, *_REORDERING, 0xFEFF] if code not in _KEPT}


def harmless(text: str) -> str:
    """`text` with tab and newline as its only control characters, and no bidirectional overrides."""
    return text.translate(_DROPPED)


def one_line(text: str, limit: int = 400) -> str:
    """`text` harmless, on one line of at most `limit` characters: for messages that quote a server."""
    flat = " ".join(harmless(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
