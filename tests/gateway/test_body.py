"""Bodies and the memory they take: how many values one may have, how much all may weigh, how long they are kept."""

from __future__ import annotations

import asyncio
import json
import select
import socket

import pytest

from claude_cli.gateway.body import Load, check_values
from claude_cli.gateway.config import Config
from claude_cli.gateway.refusal import Refusal
from claude_cli.gateway.socket_messages import parse

from ..loopback import EVENTS, WAIT_S, Loopback, frames, head
from .conftest import CHAT, HELLO, chat_bytes
from .test_reply import Held, read_until

MIB = 1024 * 1024
PIECES = {"lists": b"[],", "objects": b"{},", "texts": b'"",', "members": b'{"a":1},', "numbers": b"1,"}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_json_of_very_many_values_is_refused_unread(piece):
    """Each becomes an object in memory, twenty times as large as its text: 30 MiB of them took the gateway away."""
    body = b'{"file": [' + piece * (9 * MIB // len(piece)) + b"1]}"
    with pytest.raises(Refusal) as refused:
        check_values(body)
    assert (refused.value.status, refused.value.code) == (413, "request_too_large")
    assert "values" in str(refused.value)


@pytest.mark.parametrize("path", [CHAT, "/v1/messages", "/v1/messages/count_tokens"])
def test_it_is_refused_on_every_path(gateway, path):
    """Whichever of them parses it; on the WebSocket, too."""
    body = b'{"model": "claude-haiku-4-5", "file": [' + b"[]," * MIB + b'1], "messages": []}'
    running = gateway()
    answer = running.ask("POST", path, body)
    assert answer.status == 413 and "values" in answer.json["error"]["message"]
    assert running.upstream.requests == []
    with pytest.raises(Refusal, match="values"):
        parse(body.decode(), Config())


@pytest.mark.parametrize(
    "content",
    ["a, b, [c] and {d}" * 3, '"[1,2]",\\\\"\\' * 20, "grün, weiß, {blau}"],
    ids=["prose", "quotes and backslashes", "umlauts"],
)
def test_a_conversation_of_100_000_messages_has_not_too_many(content):
    """However many commas, brackets, quotes and backslashes its texts have: those are no values."""
    turns = [{"role": ("user", "assistant")[number % 2], "content": content} for number in range(100_001)]
    for ascii_alone in (True, False):
        check_values(json.dumps({**HELLO, "messages": turns}, ensure_ascii=ascii_alone).encode())


def test_what_requests_take_is_given_back():
    """Whatever ends them."""
    load = Load(1000)
    with load.part() as take:
        take(600)
        with pytest.raises(Refusal) as refused, load.part() as other:
            other(300)
            other(101)
        assert load.held == 600
    assert load.held == 0
    assert (refused.value.status, refused.value.code) == (503, "overloaded")
    assert refused.value.headers == {"retry-after": "1"}


def test_bodies_that_are_held_at_once_are_bounded_together(gateway):
    """Two dozen uploads that never end filled the memory; what was held is free again once they have left."""
    running = gateway(config={"held_bytes": 1_000_000})
    uploads = [socket.create_connection(("127.0.0.1", running.port), WAIT_S) for _ in range(2)]
    for upload in uploads:
        upload.sendall(f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5000000\r\n\r\n".encode())
        upload.sendall(b"x" * 600_000)
    [refused], _, _ = select.select(uploads, [], [], WAIT_S)
    said = read_until(refused, b"}}")
    assert said.startswith(b"HTTP/1.1 503") and b"retry-after: 1\r\n" in said and b'"overloaded"' in said
    for upload in uploads:
        upload.close()
    running.wait_visits(2)
    assert running.chat(model="claude-opus-5-5", messages=[{"role": "user", "content": "x" * 900_000}]).status == 200


def test_a_body_is_let_go_once_it_is_understood(gateway):
    """Hundreds of long answers would each keep theirs, beside the question that was made of it."""
    held = Held(head() + frames(EVENTS[:4]), frames(EVENTS[4:]))
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url)
        with socket.create_connection(("127.0.0.1", running.port), WAIT_S) as client:
            client.sendall(chat_bytes(stream=True, messages=[{"role": "user", "content": "x" * MIB}]))
            assert client.recv(12) == b"HTTP/1.1 200"
            kept = running.call(lambda: [*map(_large, asyncio.all_tasks())])
            held.go_on.set()
            assert b"[DONE]" in _to_the_end(client)
    assert any("App._handle" in names for names, _ in kept), kept  # it was looked at while it was at work
    assert [found for _, large in kept for found in large] == []


def _large(task: asyncio.Task) -> tuple[list[str], list[str]]:
    """The coroutines that `task` is in, and those of their variables that are large bytes."""
    names, found, awaited = [], [], task.get_coro()
    while awaited is not None and hasattr(awaited, "cr_frame"):
        names.append(awaited.cr_code.co_qualname)
        for name, value in awaited.cr_frame.f_locals.items():
            value = getattr(value, "body", value)
            if isinstance(value, bytes | bytearray) and len(value) >= MIB:
                found.append(f"{names[-1]}: {name}")
        awaited = awaited.cr_await
    return names, found


def _to_the_end(client: socket.socket) -> bytes:
    data = b""
    while b"[DONE]" not in data and (more := client.recv(65_536)):
        data += more
    return data
