"""Where a response's head and its body end, and what the body's bytes are: RFC 9112, sections 2, 6 and 7. Pure.

A model streams one small chunk for each word, and the HTTP/1.1 parser below httpx spends more on each than
everything else together. This does the one thing a body of that kind needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_LONGEST_LINE = 16_384
_MOST_DIGITS = 16
_HEX = frozenset(b"0123456789abcdefABCDEF")


class BodyError(ValueError):
    """The body is not framed as its headers say, or ends too early."""


class HeadEnd:
    """Finds the empty lines that end heads, also where a read cuts one in two."""

    def __init__(self) -> None:
        """Start where a head does."""
        self._last = b""  # the last two bytes before

    def split(self, data: bytes) -> tuple[bytes, bytes]:
        """`data` up to the first end of a head, that included, and what follows it: nothing where there is none."""
        seam = _END_OF_HEAD.search(self._last + data)
        if seam is None:
            self._last = (self._last + data)[-2:]
            return data, b""
        end = seam.end() - len(self._last)
        self._last = b""
        return data[:end], data[end:]


class BodyDecoder:
    """Takes a body's bytes off the wire, by chunks, by length, or until the connection closes."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        """Read the framing from `headers`, whose names are in lower case.

        Raises:
            BodyError: they name a framing that is none.
        """
        self.done = False
        self._rest = b""
        self._left = 0  # bytes of the present chunk, or of the body, still to come
        self._state = "close"
        coding = headers.get("transfer-encoding", "").strip().lower()
        # A length that two proxies each wrote down is one length; two different ones are none.
        length = ",".join(dict.fromkeys(part.strip() for part in headers.get("content-length", "").split(",")))
        if coding == "chunked":
            self._state = "size"
        elif coding:
            raise BodyError(f"transfer-encoding {coding!r} is not understood")
        elif length:
            if not (length.isascii() and length.isdigit() and len(length) <= _MOST_DIGITS):
                raise BodyError(f"content-length {length[:40]!r} is no length")
            self._state, self._left = "length", int(length)
            self.done = self._left == 0

    @property
    def rest(self) -> bytes:
        """What came behind the end of a body in chunks: nobody asked for it."""
        return self._rest

    def feed(self, data: bytes) -> bytes:
        """The part of the body in `data`; nothing after its end is looked at.

        Raises:
            BodyError: the bytes are no body of this framing.
        """
        if self.done:
            return b""  # what comes after the end is nobody's
        if self._state == "close":
            return data
        if self._state == "length":
            piece = data[: self._left]
            self._left -= len(piece)
            self.done = self._left == 0
            return piece
        return self._chunks(self._rest + data if self._rest else data)

    def end(self) -> None:
        """The connection closed.

        Raises:
            BodyError: before the body was whole.
        """
        if not self.done and self._state != "close":
            raise BodyError("closed in the middle of the answer")
        self.done = True

    def _chunks(self, data: bytes) -> bytes:
        pieces: list[bytes] = []
        position, size = 0, len(data)
        while position < size and not self.done:
            if self._state == "data":
                piece = data[position : position + self._left]
                pieces.append(piece)
                position += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = "gap"
                continue
            end = data.find(b"\n", position)
            if end < 0:
                break
            self._line(data[position:end].removesuffix(b"\r"))
            position = end + 1
        self._rest = data[position:]
        if len(self._rest) > _LONGEST_LINE and not self.done:
            raise BodyError("a chunk's size line is too long")
        return b"".join(pieces)

    def _line(self, line: bytes) -> None:
        """A line between chunks: the end of one, the size of the next, or a trailer after the last."""
        if self._state == "gap":
            if line:
                raise BodyError("a chunk is longer than it said")
            self._state = "size"
        elif self._state == "size":
            digits = line.partition(b";")[0].strip(b" \t")
            if not digits or len(digits) > _MOST_DIGITS or not _HEX.issuperset(digits):
                raise BodyError("a chunk has no size")
            self._left = int(digits, 16)
            self._state = "data" if self._left else "trailer"
        elif not line:
            self.done = True
