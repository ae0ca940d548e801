"""Numbers of bytes for people."""

from __future__ import annotations


def readable_size(size_bytes: int) -> str:
    """A size in decimal units, as file managers have them: `1 byte`, `1.2 KB`, `180 KB`, `2.1 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes} byte{'s' * (size_bytes != 1)}"
    if size_bytes < 999_500:
        return f"{size_bytes / 1e3:.{1 if size_bytes < 9950 else 0}f} KB"
    return f"{size_bytes / 1e6:.1f} MB"
