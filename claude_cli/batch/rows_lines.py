"""The physical lines of an input, each with its number, and what makes one of them no text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from ..core.errors import UsageError

MAX_LINE_BYTES = 64 << 20
"""Of a line that is read at all; the API takes 32 MB a request, and JSON may write a character in six bytes."""
_SKIPPED_BYTES = 1 << 20


class Line(NamedTuple):
    """A line: its `number`, from 1, and its bytes with the line's end; where it is too long, none of them are kept."""

    number: int
    data: bytes
    too_long: bool = False


def physical_lines(stream: BinaryIO, most: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """The lines of `stream`, which end with LF, CR LF or CR; a byte order mark of UTF-8 is taken off.

    Args:
        most: bytes that a line may have.
    """
    number = 0
    while piece := stream.readline(most + 1):
        if number == 0:
            piece = piece.removeprefix(codecs.BOM_UTF8)
        if len(piece) > most and not piece.endswith(b"\n"):
            _skip_line(stream)
            number += 1
            yield Line(number, b"", too_long=True)
            continue
        for part in piece.splitlines(keepends=True) if b"\r" in piece else (piece,):
            number += 1
            yield Line(number, part)


def text_of(line: Line) -> str:
    """The text of a line, without its end.

    Raises:
        UsageError: it is too long, or is no text; names the byte.
    """
    if line.too_long:
        raise UsageError(f"it is longer than {MAX_LINE_BYTES >> 20} MB, the most that is read of a line")
    # A mark stands before a line where files were joined.
    return text_in_bytes(line.data).removeprefix("\ufeff").rstrip("\r\n")


def text_in_bytes(data: bytes) -> str:
    """The text that `data` is. Raises `UsageError`: it is none; names the byte."""
    if b"\0" in data:
        raise UsageError(f"it is not text: a NUL byte at offset {data.index(0):,} (is it UTF-16? convert it to UTF-8)")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"it is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start:,}") from error


def _skip_line(stream: BinaryIO) -> None:
    while (piece := stream.readline(_SKIPPED_BYTES)) and not piece.endswith(b"\n"):
        pass
