"""Joining the many small chunks of one read into one, before the HTTP library looks at them.

A model streams one small chunk for each word. The HTTP/1.1 parser below httpx spends 12 µs on each, several times
what the answer itself costs, so a fast stream is bound by it. How a body is cut into chunks means nothing in HTTP:
joining them changes no byte of it. Pure; used by `blocking.py`.

Source: RFC 9112, section 7.1.
"""

from __future__ import annotations

_LONGEST_SIZE_LINE = 4096


class ChunkFolder:
    """Rewrites one response's bytes as they are read. What it does not understand it passes on as it is."""

    def __init__(self) -> None:
        """Start before the response's head."""
        self._rest = b""
        self._in_head = True
        self._plain = False
        self._left = 0  # bytes of the present chunk still to come, its final CRLF included

    def feed(self, data: bytes) -> bytes:
        """`data` with its whole chunks joined; b"" where only a part of a chunk's frame has come."""
        if self._plain:
            return data
        data = self._rest + data
        self._rest = b""
        if self._in_head:
            return self._head(data)
        return self._fold(data)

    def end(self) -> bytes:
        """What is still held when the connection closes."""
        rest, self._rest, self._plain = self._rest, b"", True
        return rest

    def _head(self, data: bytes) -> bytes:
        head, blank, body = data.partition(b"\r\n\r\n")
        if not blank:
            # Not held back: the parser may take the head in pieces, but this needs it whole to read it.
            self._rest = data
            return b""
        if head[9:10] == b"1":  # an informational response goes before the real one
            return head + blank + (self._head(body) if body else b"")
        self._in_head = False
        lowered = head.lower()
        if b"\r\ntransfer-encoding: chunked" not in lowered and b"\r\ntransfer-encoding:chunked" not in lowered:
            self._plain = True
            return data
        return head + blank + (self._fold(body) if body else b"")

    def _fold(self, data: bytes) -> bytes:
        pieces: list[bytes] = []
        position, size = 0, len(data)
        while position < size:
            if self._left > 2:
                piece = data[position : position + self._left - 2]
                pieces.append(piece)
                position += len(piece)
                self._left -= len(piece)
            elif self._left:
                taken = min(self._left, size - position)
                if data[position : position + taken] != b"\r\n"[2 - self._left :][:taken]:
                    return self._give_up(pieces, data[position:], broken=True)
                position += taken
                self._left -= taken
            else:
                end = data.find(b"\r\n", position)
                if end < 0:
                    if size - position > _LONGEST_SIZE_LINE:
                        return self._give_up(pieces, data[position:])
                    self._rest = data[position:]
                    break
                length = _size(data[position:end])
                if length <= 0:  # the last chunk and its trailers, or something the parser should complain about
                    return self._give_up(pieces, data[position:])
                self._left = length + 2
                position = end + 2
        return _chunk(pieces)

    def _give_up(self, pieces: list[bytes], rest: bytes, *, broken: bool = False) -> bytes:
        """Pass on what stands, and from now on everything as it is."""
        self._plain = True
        return _chunk(pieces) + (b"broken chunk\r\n" if broken else b"") + rest


def _size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip(b" \t")
    try:
        return int(digits, 16) if digits.isalnum() else -1
    except ValueError:
        return -1


def _chunk(pieces: list[bytes]) -> bytes:
    body = b"".join(pieces)
    return b"%x\r\n%b\r\n" % (len(body), body) if body else b""
