"""Servers on 127.0.0.1 that play what a test wants, byte by byte, and the bytes of answers to play.

A server runs in threads, so that it serves the blocking transport and the asynchronous one alike. What it does on a
connection is a function of the connection, its `play`.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Self

WAIT_S = 10.0
"""The most that anything here is waited for: a test that gets so far has failed."""


class Peer:
    """One connection, as a `play` sees it."""

    def __init__(self, server: Loopback, connection: socket.socket, number: int) -> None:
        self.server, self.socket, self.number = server, connection, number
        self._unread = b""

    def request(self) -> bytes | None:
        """The next whole request, head and body; None when the client has left."""
        while b"\r\n\r\n" not in self._unread:
            if not self._more():
                return None
        head, _, rest = self._unread.partition(b"\r\n\r\n")
        length = int(headers_of(head).get("content-length", "0"))
        while len(rest) < length:
            if not self._more():
                return None
            rest = self._unread.partition(b"\r\n\r\n")[2]
        request = head + b"\r\n\r\n" + rest[:length]
        self._unread = rest[length:]
        self.server.requests.append(request)
        return request

    def _more(self) -> bool:
        data = self.socket.recv(65_536)
        self._unread += data
        return bool(data)

    def send(self, data: bytes, *, step: int | None = None) -> None:
        """Send `data`, `step` bytes a write."""
        step = step or 1 << 20
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            self.socket.sendall(piece)
            self.server.sent += len(piece)

    def answer(self, data: bytes, *, step: int | None = None) -> bool:
        """Read a request and send `data`; False when no request came."""
        if self.request() is None:
            return False
        self.send(data, step=step)
        return True

    def wait(self) -> None:
        """Do nothing until the client leaves."""
        with suppress(OSError):
            while self.socket.recv(65_536):
                pass
        self.server.left.set()

    def pause(self, seconds: float) -> None:
        """Do nothing for a while; a server that is stopped goes on at once."""
        self.server.stopping.wait(seconds)

    def reset(self) -> None:
        """Break the connection instead of closing it."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Loopback:
    """A context manager around a listening socket; each connection is handed to `play`, in a thread of its own.

    Attributes:
        requests: all requests read, as they came.
        connections: how many there were.
        sent: bytes sent by `Peer.send`.
        left: set when a client left while a `play` waited for it.
    """

    def __init__(self, play: Callable[[Peer], object], *, tls: ssl.SSLContext | None = None) -> None:
        self._play, self._tls = play, tls
        self.requests: list[bytes] = []
        self.connections = self.sent = 0
        self.left, self.stopping = threading.Event(), threading.Event()
        self._open: set[socket.socket] = set()
        self._failures: list[Exception] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{'https' if self._tls else 'http'}://{'localhost' if self._tls else '127.0.0.1'}:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *failure: object) -> None:
        self.stopping.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()  # wakes `accept`
        self._threads[0].join(WAIT_S)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(WAIT_S)
        if self._failures and failure[0] is None:
            raise self._failures[0]

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.stopping.is_set():
                connection.close()
                return
            self.connections += 1
            self._start(self._serve, connection, self.connections)

    def _serve(self, connection: socket.socket, number: int) -> None:
        self._open.add(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secured = connection
        try:
            if self._tls:
                secured = self._tls.wrap_socket(connection, server_side=True)
            self._play(Peer(self, secured, number))
        except OSError:
            pass  # the client is gone, or would not trust us: the test knows
        except Exception as failure:
            self._failures.append(failure)
        finally:
            self._open.discard(connection)
            secured.close()
            connection.close()


def headers_of(request: bytes) -> dict[str, str]:
    """The headers of a request or its head, names in lower case; one sent twice is joined with ", "."""
    found: dict[str, str] = {}
    for line in request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        name = name.lower()
        found[name] = f"{found[name]}, {value.strip()}" if name in found else value.strip()
    return found


def body_of(request: bytes) -> Any:
    """The JSON of a request."""
    return json.loads(request.partition(b"\r\n\r\n")[2])


# ------------------------------------------------------------------------------------------------ answers
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "message_start", "message": {"id": "msg_1", "model": "claude-sonnet-5-5", "usage": {"input_tokens": 3}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Grüß "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Gott"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
    {"type": "message_stop"},
)
TEXT = "Grüß Gott"
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": TEXT}], "usage": {"input_tokens": 3, "output_tokens": 5},
}  # fmt: skip
REQUEST_ID = "req_loopback_1"


def frames(events: Iterable[Any] = EVENTS, *, names: bool = True) -> bytes:
    """Server-sent events."""
    return b"".join(
        (f"event: {event['type']}\n" if names else "").encode()
        + b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"
        for event in events
    )  # fmt: skip


def head(status: int = 200, *lines: str, kind: str = "text/event-stream") -> bytes:
    """A response's head with a request id and `lines` as further headers; `kind` "" leaves the type out."""
    typed = [f"content-type: {kind}"] if kind else []
    return "\r\n".join([f"HTTP/1.1 {status} Said", f"request-id: {REQUEST_ID}", *typed, *lines, "", ""]).encode()


def response(
    body: bytes | None = None, status: int = 200, *lines: str, kind: str = "text/event-stream", framing: str = "length"
) -> bytes:
    """A whole response; the framing is "length", "chunked" (of seven bytes) or "close"."""
    body = frames() if body is None else body
    if framing == "chunked":
        return head(status, *lines, "transfer-encoding: chunked", kind=kind) + chunked(body, 7)
    if framing == "length":
        return head(status, *lines, f"content-length: {len(body)}", kind=kind) + body
    return head(status, *lines, "connection: close", kind=kind) + body


def chunked(body: bytes, size: int) -> bytes:
    """`body` in chunks of `size` bytes, and the last chunk."""
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def error_response(status: int, kind: str, message: str = "no", *lines: str, **more: Any) -> bytes:
    """An error of the API; `more` are further members of the inner object."""
    body = {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": REQUEST_ID}
    return response(json.dumps(body).encode(), status, *lines, kind="application/json")
