"""Clients of a gateway that cost next to nothing, as processes of their own: raw sockets, answers only looked through.

    python -m benchmarks.openai_clients apart URL KEY N       one after the other: JSON {"whole_ms", "first_ms"} of each
    python -m benchmarks.openai_clients together URL KEY N C  N requests by C clients at once: JSON {"per_s"}
    python -m benchmarks.openai_clients streams URL KEY C N   C streams of N stamped deltas: JSON, see `streams`

`URL` is that of the chat completions, or of a Messages API; the body goes for both.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

MODEL = "claude-haiku-4-5"
_STAMP = re.compile(rb'(?:"content":|"text":) ?"(\d+)@(\d+) ')


def request(url: str, key: str, *, stream: bool) -> bytes:
    """The bytes of one request."""
    parts = urlsplit(url)
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 1000, "messages": [{"role": "user", "content": "hi there"}]}
    body = json.dumps({**asked, "stream": True} if stream else asked).encode()
    head = (
        f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\nauthorization: Bearer {key}\r\n"
        f"x-api-key: {key}\r\nanthropic-version: 2023-06-01\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def connected(url: str) -> socket.socket:
    """A connection to the server of `url`."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def is_whole(data: bytes) -> bool:
    """Whether the response is there to its end. Raises `SystemExit`: it is an error."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    if b" 200 " not in head[:16]:
        raise SystemExit(f"not answered: {data[:600].decode(errors='replace')}")
    lower = head.lower()
    if b"chunked" in lower:
        return body.endswith(b"0\r\n\r\n")
    length = next(int(line[15:]) for line in lower.split(b"\r\n") if line.startswith(b"content-length:"))
    return len(body) >= length


def apart(url: str, key: str, number: int) -> dict[str, list[float]]:
    """Milliseconds of requests one after the other on one connection: whole, and the first byte of a streamed body."""
    times: dict[str, list[float]] = {"whole_ms": [], "first_ms": []}
    for name, stream in (("whole_ms", False), ("first_ms", True)):
        connection, asked = connected(url), request(url, key, stream=stream)
        for _ in range(number):
            start, data, first = time.perf_counter_ns(), b"", 0
            connection.sendall(asked)
            while not is_whole(data):
                data += connection.recv(1 << 20)
                if not first and b"data:" in data:
                    first = time.perf_counter_ns()
            end = first if stream else time.perf_counter_ns()
            times[name].append((end - start) / 1e6)
        connection.close()
    return times


def together(url: str, key: str, number: int, clients: int) -> dict[str, float]:
    """Requests a second, asked by `clients` at once, each after its answer to the one before."""
    selector, asked = selectors.DefaultSelector(), request(url, key, stream=False)
    left, under_way = number, 0
    unread: dict[socket.socket, bytes] = {}
    start = time.perf_counter()
    for connection in [connected(url) for _ in range(clients)]:
        selector.register(connection, selectors.EVENT_READ)
        unread[connection] = b""
        connection.sendall(asked)
        left, under_way = left - 1, under_way + 1
    while under_way:
        for selected, _ in selector.select():
            assert isinstance(selected.fileobj, socket.socket)
            connection = selected.fileobj
            unread[connection] += connection.recv(1 << 20)
            if is_whole(unread[connection]):
                unread[connection] = b""
                under_way -= 1
                if left:
                    connection.sendall(asked)
                    left, under_way = left - 1, under_way + 1
    return {"per_s": number / (time.perf_counter() - start)}


def streams(url: str, key: str, clients: int, deltas: int) -> dict[str, float]:
    """How `clients` streams at once are delivered.

    Returns: `whole` streams with all deltas in order and the end, `late_p50_ms`, `late_p99_ms`, `late_max_ms` of the
        deltas against the upstream's schedule.
    """
    selector, asked = selectors.DefaultSelector(), request(url, key, stream=True)
    rest: dict[socket.socket, bytes] = {}
    expected: dict[socket.socket, int] = {}
    late: list[float] = []
    whole = 0
    for connection in [connected(url) for _ in range(clients)]:
        connection.sendall(asked)
        selector.register(connection, selectors.EVENT_READ)
        rest[connection], expected[connection] = b"", 0
    while rest:
        for selected, _ in selector.select():
            assert isinstance(selected.fileobj, socket.socket)
            connection = selected.fileobj
            data, now = connection.recv(1 << 20), time.monotonic_ns()
            text = rest[connection] + data
            cut = text.rfind(b"\n") + 1
            rest[connection] = text[cut:]
            for found in _STAMP.finditer(text, 0, cut):
                late.append((now - int(found[2])) / 1e6)
                expected[connection] = expected[connection] + 1 if int(found[1]) == expected[connection] else -deltas
            over = b"[DONE]" in text or b"message_stop" in text
            if over or not data:
                whole += over and expected[connection] == deltas
                selector.unregister(connection)
                connection.close()
                del rest[connection]
    late.sort()
    at = {"late_p50_ms": 0.5, "late_p99_ms": 0.99, "late_max_ms": 1.0}
    return {"whole": whole, **{name: late[int(share * len(late)) - 1] for name, share in at.items()}}


def main(words: list[str]) -> None:
    """Do what the command line says, and print the result as JSON."""
    what, url, key, *numbers = words
    does: dict[str, Callable[..., object]] = {"apart": apart, "together": together, "streams": streams}
    print(json.dumps(does[what](url, key, *map(int, numbers))))


if __name__ == "__main__":
    main(sys.argv[1:])
