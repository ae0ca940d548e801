"""Handshakes of `/socket` that are none: each gets the gateway's own answer, and no connection stays without an end."""

from __future__ import annotations

import json
import socket

import pytest

from ..loopback import WAIT_S
from .conftest import eventually

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket")
KEY, VERSION = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"
WHOLE = (*UPGRADE, KEY, VERSION)


def _said(running, first: str, *lines: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """The answer to a request, read until the gateway closes the connection."""
    head = "\r\n".join((first, "Host: localhost", *lines, "", "")).encode()
    with socket.create_connection(("127.0.0.1", running.port), WAIT_S) as client:
        client.sendall(head + body)
        data = b""
        while more := client.recv(65_536):
            data += more
    start, _, body = data.partition(b"\r\n\r\n")
    status, *pairs = start.decode().split("\r\n")
    return int(status.split()[1]), {name.lower(): text for name, text in (pair.split(": ", 1) for pair in pairs)}, body


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        ((*UPGRADE, VERSION), 400, "bad_handshake"),
        ((*UPGRADE, KEY), 400, "bad_handshake"),
        ((*UPGRADE, KEY, KEY, VERSION), 400, "bad_handshake"),
        ((*UPGRADE, "Sec-WebSocket-Key: short", VERSION), 400, "bad_handshake"),
        ((*UPGRADE, KEY, "Sec-WebSocket-Version: 8"), 400, "bad_handshake"),
        ((*WHOLE, "Sec-WebSocket-Protocol: ,;,"), 400, "bad_handshake"),
        ((*WHOLE, "X: " + "x" * 9000), 400, "bad_handshake"),
        ((*WHOLE, "Content-Length: 100"), 400, "bad_handshake"),
        ((*WHOLE, "Transfer-Encoding: chunked"), 400, "bad_handshake"),
        ((*WHOLE, "Origin: https://a.example", "Origin: https://b.example"), 403, "origin_not_allowed"),
        (("Connection: close",), 426, "upgrade_required"),
    ],
    ids=[
        "no key", "no version", "two keys", "a short key", "version 8", "no protocol", "a long line", "a body",
        "a body in chunks", "two origins", "plain HTTP",
    ],
)  # fmt: skip
def test_a_handshake_that_is_none_is_told_so(gateway, lines, status, code):
    """In the form of all errors, with an id, and seen by metrics and log."""
    running = gateway(config={"body_s": 0.1, "cors_origins": ("https://a.example",)})
    got, headers, body = _said(running, "GET /socket HTTP/1.1", *lines)
    assert got == status
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["code"] == code
    [visit] = running.wait_visits(1)
    assert headers["x-request-id"] == visit.id and headers["content-type"] == "application/json"
    assert (visit.status, visit.code, visit.route) == (status, code, "/socket")
    if status != 403:
        assert headers["sec-websocket-version"] == "13" and headers["upgrade"] == "websocket"


@pytest.mark.parametrize(
    ("first", "lines"),
    [
        ("POST /v1/chat/completions HTTP/1.1", (*WHOLE, "Content-Length: 2")),
        ("POST /x HTTP/1.1", (*UPGRADE, "Content-Length: 2")),
        ("POST /socket HTTP/1.1", WHOLE),
        ("GET /socket HTTP/1.1", (*WHOLE, "Content-Length: 2")),
        ("GET /socket HTTP/1.0", WHOLE),
    ],
    ids=["a question", "no page", "POST", "GET with a body", "HTTP/1.0"],
)
def test_what_wishes_for_a_websocket_and_cannot_have_one_is_answered_and_closed(gateway, first, lines):
    """It was handed to a parser that waits for ever, without any key: hundreds stayed open, and one took 300 MiB."""
    running = gateway()
    status, headers, _ = _said(running, first, *lines, body=b"{}" if lines[-1].endswith("2") else b"")
    assert 400 <= status < 500 and headers["connection"] == "close"
    assert eventually(lambda: not running.server._state.connections)
