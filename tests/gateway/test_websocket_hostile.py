"""`/socket` and clients that mean ill, or do not know better: each gets an answer or a close code, the others go on."""

from __future__ import annotations

import itertools
import json
import logging
import socket
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.storage.gateway_keys import GatewayKey

from ..loopback import EVENTS, WAIT_S, Loopback, frames, head
from .conftest import HELLO, eventually
from .sockets import Talk


@pytest.mark.parametrize(
    ("text", "param", "code"),
    [
        ("", None, None),
        ("{", None, None),
        ('{"event": NaN}', None, None),
        ("[" * 100_000, None, None),
        ('{"event": "ping", "payload": ' + "9" * 5000 + "}", None, None),
        ("[]", None, None),
        ('"ping"', None, None),
        ("{}", "event", None),
        ('{"event": 7}', "event", None),
        ('{"event": "chat:strem"}', "event", "unknown_event"),
        ('{"event": "ping", "ref": true}', "ref", None),
        ('{"event": "ping", "ref": [1]}', "ref", None),
        ('{"event": "ping", "ref": 1e999}', "ref", None),
        ('{"event": "ping", "ref": 9007199254740993}', "ref", None),
        ('{"event": "ping", "ref": "' + "x" * 129 + '"}', "ref", None),
        ('{"event": "chat:stream", "payload": {"model": "\\ud800", "messages": []}}', None, ...),
    ],
    ids=["nothing", "cut", "NaN", "deep", "a long number", "a list", "a string", "no event", "an event that is none",
         "an unknown event", "a ref that is true", "a list as ref", "an infinite ref", "an inexact ref", "a long ref",
         "half a character"],
)  # fmt: skip
def test_a_message_that_is_none_is_told_so_and_the_connection_stays(gateway, text, param, code):
    """With the words that HTTP has for it, and the part that is wrong."""
    running = gateway()
    with Talk(running) as client:
        client.socket.send(text)
        error = client.error()
        assert error["status"] in (400, 404) and "Traceback" not in error["error"]["message"]
        if code is not ...:
            assert (error["error"]["param"], error["error"]["code"]) == (param, code)
        client.say("ping")
        assert client.hear()["event"] == "pong"


def test_what_is_no_text_closes_the_connection(gateway):
    """By the codes that RFC 6455 has for it: binary 1003, no UTF-8 1007, too large 1009."""
    running = gateway(config={"image_body_bytes": 100_000})
    with Talk(running) as binary, Talk(running) as broken, Talk(running) as large:
        binary.socket.send(b"{}")
        assert binary.closed() == 1003
        broken.socket.send(b"\xff\xfe", text=True)
        assert broken.closed() == 1007
        large.ask()
        large.until("chat:start")
        large.socket.send("x" * 100_001)
        assert large.closed() == 1009
    running.wait_visits(1)


def test_a_body_that_is_too_large_without_files_is_413(gateway):
    """Frames may be as large as images need; words alone may not."""
    running = gateway(config={"body_bytes": 1000})
    with Talk(running) as client:
        client.ask(messages=[{"role": "user", "content": "x" * 1000}])
        error = client.error()
        assert (error["status"], error["error"]["code"]) == (413, "request_too_large")
        client.ask(messages=[{"role": "user", "content": "x"}])
        assert client.answer()[-1]["event"] == "chat:done"


def test_who_has_shown_no_key_may_not_send_much(gateway):
    """Nobody fills the memory before the door; behind it, messages may be of full size."""
    running = gateway(keys={"sk-gw-anna": GatewayKey("anna")})
    with Talk(running) as stranger, Talk(running) as anna:
        stranger.socket.send("x" * 300_000)
        assert stranger.closed() == 1009
        anna.say("auth", {"key": "sk-gw-anna"})
        assert anna.hear()["event"] == "auth:done"
        anna.ask(messages=[{"role": "user", "content": "word " * 100_000}])
        assert anna.answer()[-1]["event"] == "chat:done"


def test_a_client_that_does_not_read_halts_the_upstream_and_is_cut_off_in_the_end(gateway):
    """What nobody takes is not fetched: some buffers fill, then all stands still. The others do not notice."""

    def play(peer):
        peer.request()
        peer.send(head() + frames(EVENTS[:2]))
        while True:
            peer.send(frames([{**EVENTS[3], "delta": {"type": "text_delta", "text": "word " * 2000}}]) * 10)

    with Loopback(play) as endless:
        running = gateway(upstream=endless.url, config={"stalled_s": 0.5})
        stalled = _opened(running.port)
        stalled.sendall(_frame(json.dumps({"event": "chat:stream", "payload": HELLO})))
        with Talk(running) as other:
            other.say("ping")
            assert other.hear()["event"] == "pong"
            visit = running.wait_visits(1)[0]
            assert (visit.code, visit.status) == ("stalled", 200)
            assert endless.sent < 40_000_000
            other.say("ping")
            assert other.hear()["event"] == "pong"
        stalled.close()


def _frame(text: str, opcode: int = 0x81) -> bytes:
    """One masked frame of a client; its mask is of zeros."""
    data = text.encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return bytes([opcode]) + size + bytes(4) + data


def _opened(port: int) -> socket.socket:
    """A WebSocket after its handshake, without anything that speaks its language."""
    connection = socket.create_connection(("127.0.0.1", port), WAIT_S)
    connection.sendall(
        b"GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert connection.recv(65_536).startswith(b"HTTP/1.1 101 ")
    return connection


NAMES = ["model", "messages", "max_tokens", "stream", "stream_options", "tools", "tool_choice", "temperature"]
NAMES += ["stop", "n", "response_format", "reasoning_effort", "role", "content", "type", "text"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["user", "tool"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.builds(lambda more: {**HELLO, **more}, st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3))
MESSAGES = st.fixed_dictionaries(
    {"event": st.sampled_from(["chat:stream", "chat:cancel", "ping", "auth"]) | VALUES},
    optional={"ref": st.sampled_from(["a", "b", 1]) | VALUES, "payload": BODIES | VALUES},
)
FRAMES = st.one_of(MESSAGES.map(json.dumps), VALUES.map(json.dumps), st.text())


def test_no_message_whatever_brings_the_gateway_down(gateway, caplog):
    """Each has an answer or none, never a failure of ours; the connection stays, and the gateway's log is silent."""
    running, numbers = gateway(config={"socket_chats": 1000}), itertools.count()
    with Talk(running) as client, caplog.at_level(logging.WARNING):

        @given(st.lists(FRAMES, max_size=5))
        def said(texts):
            for text in texts:
                client.socket.send(text)
            client.say("ping", ref=f"over {next(numbers)}")
            for heard in client.until("pong"):
                assert heard["event"] != "chat:error" or heard["payload"]["status"] < 500, heard

        said()
    assert [record.getMessage() for record in caplog.records] == []


def test_no_bytes_whatever_bring_the_gateway_down(gateway, caplog):
    """Frames that are none: the connection is closed, and nobody else's."""
    running = gateway()
    with Talk(running) as other, caplog.at_level(logging.WARNING):

        @given(st.binary(max_size=300) | st.builds(_frame, st.text(max_size=50), st.integers(0, 255)))
        def sent(data):
            with _opened(running.port) as connection:
                connection.sendall(data)
                with suppress(OSError):  # it may be closed already, and with a reset where not all was read
                    connection.shutdown(socket.SHUT_WR)
                with suppress(ConnectionError):
                    while connection.recv(65_536):
                        pass

        sent()
        other.say("ping")
        assert other.hear()["event"] == "pong"
    assert [record.getMessage() for record in caplog.records] == []


def test_messages_that_are_not_whole_are_bounded_together(gateway):
    """Many connections with a large one each would take all memory; who is one too many has to come again later."""
    running = gateway(config={"held_bytes": 300_000})
    head_of_frame = b"\x81\xff" + (250_000).to_bytes(8, "big") + bytes(4)
    with Talk(running) as first, Talk(running) as second:
        first.socket.socket.sendall(head_of_frame + b" " * 200_000)
        assert eventually(lambda: running.gateway.load.held >= 200_000)
        second.socket.socket.sendall(head_of_frame + b" " * 200_000)
        assert second.closed() == 1013
        first.socket.socket.sendall(b" " * 49_998 + b"{}")
        assert first.error()["error"]["param"] == "event"
        with Talk(running) as third:  # what they weighed has been given back
            third.socket.socket.sendall(head_of_frame + b" " * 249_998 + b"{}")
            assert third.error()["error"]["param"] == "event"
