"""Server-sent events: bytes in, events out. Pure and bounded; knows nothing of what the data means.

Source: the WHATWG HTML standard, "Interpreting an event stream" (2026). Lines end in LF, CR or CRLF and in
nothing else: U+2028, U+0085 and the like are ordinary characters inside a JSON string.
"""

from __future__ import annotations

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Longest event accepted: twice the largest block a server tool returns. A line of 100 MB is not an event."""

_BOM = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """An event, or a line of one, went over the bound."""


class Decoder:
    """Splits a byte stream into (event name, data) pairs, however the bytes are cut."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        """Start at the beginning of a stream; `max_event_bytes` bounds what one event may hold."""
        self._limit = max_event_bytes
        self._rest = bytearray()  # of the unfinished line; grows in place, so a long line costs no n² copies
        self._skip_lf = False
        self._at_start = True
        self._name = b""
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, chunk: bytes) -> list[tuple[bytes, bytes]]:
        """The events that `chunk` completes, as (name, data); the name is empty where the frame has none.

        Raises:
            EventTooLargeError: the event under way is larger than the bound.
        """
        text = self._normalised(chunk)
        if not text:
            return []
        lines = text.split(b"\n")
        last = lines.pop()
        if lines and self._rest:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest.clear()
        found: list[tuple[bytes, bytes]] = []
        for line in lines:
            if line[:7] == b"data: {":  # nearly every line that carries anything
                self._add(line[6:])
            elif line:
                self._field(line)
            else:
                if self._data:
                    found.append((self._name, self._data[0] if len(self._data) == 1 else b"\n".join(self._data)))
                    self._data, self._data_bytes = [], 0
                self._name = b""
        if last:
            self._rest += last
            self._check(self._data_bytes + len(self._rest))
        return found

    def _normalised(self, chunk: bytes) -> bytes:
        """`chunk` with LF as its only line end and without the byte order mark of the stream."""
        if self._at_start:
            chunk = bytes(self._rest) + chunk
            self._rest.clear()
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._rest += chunk
                return b""
            self._at_start = False
            chunk = chunk.removeprefix(_BOM)
        if self._skip_lf and chunk:
            # The CR that ended the chunk before has ended its line already; its LF may come only now.
            self._skip_lf = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._skip_lf = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _field(self, line: bytes) -> None:
        """Take a line that is not empty."""
        if line[0] != 0x3A:  # ":" opens a comment
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                self._add(value)
            elif field == b"event":
                self._name = value

    def _add(self, value: bytes) -> None:
        self._data.append(value)
        self._data_bytes += len(value) + 1  # the line's end counts too: endless empty data lines are no event either
        self._check(self._data_bytes)

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise EventTooLargeError(f"an event of the stream is larger than {self._limit:,} bytes")
