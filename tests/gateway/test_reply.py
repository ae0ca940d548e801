"""Responses as they leave: when their head does, what keeps them alive, and what slow readers do to them."""

from __future__ import annotations

import socket
import threading

import pytest

from ..loopback import EVENTS, REQUEST_ID, WAIT_S, Loopback, error_response, frames, head
from .conftest import chat_bytes, eventually

PING = b": ping\n\n"


class Held:
    """An upstream that goes on when it is told to."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self.go_on, self._before, self._after = threading.Event(), before, after

    def __call__(self, peer) -> None:
        if peer.request() is not None:
            peer.send(self._before)
            assert self.go_on.wait(WAIT_S)
            peer.send(self._after)


def read_until(client: socket.socket, part: bytes) -> bytes:
    data = b""
    while part not in data:
        more = client.recv(65_536)
        assert more, data
        data += more
    return data


def _connected(running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), WAIT_S)


def test_a_stream_that_is_long_in_coming_is_kept_alive(gateway):
    """Proxies and clients give up on silence; a comment is none, and no parser shows it."""
    held = Held(head(), frames())
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url, config={"ping_s": 0.01})
        with _connected(running) as client:
            client.sendall(chat_bytes(stream=True))
            early = read_until(client, PING)
            assert early.startswith(b"HTTP/1.1 200") and b"data:" not in early
            held.go_on.set()
            assert b"Gott" in early + read_until(client, b"[DONE]")


def test_a_stream_that_falls_silent_is_kept_alive(gateway):
    """Between two words, too: a model may think for minutes."""
    held = Held(head() + frames(EVENTS[:4]), frames(EVENTS[4:]))
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url, config={"ping_s": 0.01})
        with _connected(running) as client:
            client.sendall(chat_bytes(stream=True))
            read_until(client, b"Gr\xc3\xbc\xc3\x9f")
            read_until(client, PING)
            held.go_on.set()
            read_until(client, b"[DONE]")


def test_after_the_first_ping_an_error_can_only_be_an_event(gateway):
    """The status has left; there is no `[DONE]`, and the log says what became of it."""
    held = Held(b"", error_response(400, "invalid_request_error", "too bad"))
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url, config={"ping_s": 0.01})
        with _connected(running) as client:
            client.sendall(chat_bytes(stream=True))
            early = read_until(client, PING)
            held.go_on.set()
            late = read_until(client, b"0\r\n\r\n")
        assert b"too bad" in late and b"[DONE]" not in early + late
        [visit] = running.wait_visits(1)
        assert visit.status == 200 and visit.code == "invalid_request_error"


def test_a_whole_answer_sends_nothing_early(gateway):
    """Its status must be the real one."""
    held = Held(b"", error_response(400, "invalid_request_error", "too bad"))
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url, config={"ping_s": 0.001})
        with _connected(running) as client:
            client.sendall(chat_bytes())
            assert eventually(lambda: upstream.requests)
            client.setblocking(False)
            with pytest.raises(BlockingIOError):
                client.recv(1)
            client.settimeout(WAIT_S)
            held.go_on.set()
            assert client.recv(65_536).startswith(b"HTTP/1.1 400")


def test_the_head_of_a_stream_waits_for_content_and_not_for_its_start(gateway):
    """`message_start` promises nothing yet: an error after it can still be a status, or another try."""
    start = head() + frames(EVENTS[:1])
    error = frames([{"type": "error", "error": {"type": "invalid_request_error", "message": "too bad"}}])
    held = Held(start, error)
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url)
        with _connected(running) as client:
            client.sendall(chat_bytes(stream=True))
            assert eventually(lambda: upstream.sent >= len(start))
            held.go_on.set()
            said = client.recv(65_536)
        assert said.startswith(b"HTTP/1.1 400") and REQUEST_ID.encode() in said


class Flood:
    """An upstream that writes as long as somebody reads."""

    def __call__(self, peer) -> None:
        if peer.request() is None:
            return
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 8000}}
        peer.send(head() + frames(EVENTS[:2]))
        block = frames([delta] * 8)
        while not peer.server.stopping.is_set():
            peer.send(block)


def test_a_slow_reader_slows_the_upstream_and_is_cut_off_in_the_end(gateway):
    """Else its answer piles up in our memory: a few such clients, and nobody is served."""
    with Loopback(Flood()) as upstream:
        running = gateway(upstream=upstream.url, config={"stalled_s": 0.2})
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", running.port))
            client.sendall(chat_bytes(stream=True))
            [visit] = running.wait_visits(1)  # it reads nothing, and never leaves by itself
            assert visit.code == "stalled"
        assert upstream.sent < 16 * 1024 * 1024  # what lies in the system's buffers
        assert running.call(lambda: len(running.server._state.connections)) == 0
        assert running.gateway.room.inside == 0
