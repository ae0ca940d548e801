"""Clients that mean no good, by the hundred: the others are served on, and memory returns."""

from __future__ import annotations

import gc
import os
import random
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from claude_cli.storage.gateway_keys import GatewayKey

from ..gateway.conftest import CHAT, chat_bytes, eventually, gateway
from ..gateway.test_reply import Flood
from ..loopback import WAIT_S, Loopback

pytestmark = pytest.mark.proof
__all__ = ["gateway"]
MIB = 1024 * 1024


def resident() -> int:
    """Bytes of this process, the gateway's among them, that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def crowd(running, count: int, first: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many connections, each of which has sent `first`."""
    with ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", running.port), WAIT_S))
            client.sendall(first)
            clients.append(client)
        yield clients


def open_connections(running) -> int:
    return running.call(lambda: len(running.server._state.connections))


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx: ",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{",
        b'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"mod',
    ],
    ids=["idle", "half-a-head", "half-a-body", "half-a-chunk"],
)
def test_two_thousand_who_never_finish_hinder_nobody(gateway, first):
    """Each costs its sender nothing: none may cost us a place, or much memory."""
    running = gateway(config={"header_s": 30.0, "body_s": 30.0})
    before = resident()
    with crowd(running, 2000, first):
        assert eventually(lambda: open_connections(running) == 2000)
        for stream in (False, True):
            assert running.chat(stream=stream).status == 200
        assert resident() - before < 100 * MIB
    assert eventually(lambda: open_connections(running) == 0)
    assert running.chat().status == 200


def test_two_thousand_slow_heads_are_all_closed(gateway):
    """And their memory returns."""
    running = gateway(config={"header_s": 0.5})
    with crowd(running, 2000, b"POST / HTTP/1.1\r\nx: " + b"a" * 10_000):
        assert eventually(lambda: open_connections(running) == 0)
        assert running.chat().status == 200


def test_readers_that_stop_are_cut_off_and_their_memory_returns(gateway):
    """A hundred of them, each before a flood."""
    with Loopback(Flood()) as upstream:
        running = gateway(upstream=upstream.url, config={"stalled_s": 1.0})
        tracemalloc.start()
        try:
            with crowd(running, 100, chat_bytes(stream=True)):
                visits = running.wait_visits(100)
                assert {visit.code for visit in visits} == {"stalled"}
            assert upstream.sent < 100 * 12 * MIB  # most of it lies with the system, at the upstream's end
            assert tracemalloc.get_traced_memory()[1] < 300 * MIB
            visits.clear()  # they know what each answer said
            assert eventually(lambda: gc.collect() >= 0 and tracemalloc.get_traced_memory()[0] < 10 * MIB)
        finally:
            tracemalloc.stop()
        assert running.gateway.room.inside == 0
        assert eventually(lambda: open_connections(running) == 0)


def test_wrong_keys_in_bulk_get_no_further_than_the_door(gateway):
    """Neither upstream nor into memory; a right one is let in among them."""
    running = gateway(keys={"sk-right": GatewayKey("right")})
    chance, before = random.Random(7), resident()
    connection = running.connect()
    for number in range(3000):
        key = "sk-" + "".join(chance.choices("abcdef0123456789", k=chance.randrange(1, 80)))
        connection.request("POST", CHAT, b"x" * 100, {"authorization": f"Bearer {key}"})
        response = connection.getresponse()
        assert response.status == 401
        response.read()
        if number % 500 == 0:
            assert running.chat("sk-right").status == 200
    connection.close()
    assert len(running.upstream.requests) == 6
    assert resident() - before < 50 * MIB


def test_random_bytes_bring_down_nothing(gateway):
    """Requests with bytes changed, cut out and doubled: a typed answer or a closed connection, and never a 500."""
    running = gateway()
    chance = random.Random(11)
    whole = chat_bytes(stream=True)
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[place] = chance.randrange(256)
                case 1:
                    del data[place : place + chance.randrange(1, 20)]
                case 2:
                    data[place:place] = data[place : place + chance.randrange(1, 20)]
        with socket.create_connection(("127.0.0.1", running.port), WAIT_S) as client:
            client.sendall(bytes(data))
            client.shutdown(socket.SHUT_WR)
            said = b""
            try:
                while more := client.recv(65_536):
                    said += more
            except ConnectionResetError:
                pass
        assert not said.startswith(b"HTTP/1.1 5"), (bytes(data), said)
    assert running.chat().status == 200
    assert eventually(lambda: open_connections(running) == 0)


def test_clients_that_come_and_leave_in_a_storm_leave_nothing_behind(gateway):
    """Wherever they leave: each call is given up, and its place given back."""
    running = gateway(pace_s=0.01, config={"at_once": 8, "waiting": 64})

    def storm(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(60):
            with socket.create_connection(("127.0.0.1", running.port), WAIT_S) as client:
                data = chat_bytes(stream=chance.random() < 0.5)
                client.sendall(data[: chance.randrange(1, len(data) + 200)])
                if chance.random() < 0.5:
                    client.settimeout(chance.random() * 0.05 + 0.001)
                    with suppress(OSError):
                        client.recv(1000)

    threads = [threading.Thread(target=storm, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert eventually(lambda: running.gateway.room.inside == running.gateway.room.waiting == 0)
    assert eventually(lambda: open_connections(running) == 0)
    running.upstream.settled()
    assert running.chat().status == 200


@pytest.mark.parametrize(
    "head",
    [
        b"POST /x HTTP/1.1\r\nhost: [::1]\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\n",
        b"GET /socket HTTP/1.1\r\nhost: [::1]\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 100\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n",
    ],
    ids=["no page", "a body"],
)
def test_six_hundred_handshakes_that_are_none_are_all_closed(gateway, head):
    """They got past every limit of time, without any key."""
    running = gateway()
    with crowd(running, 600, head):
        running.wait_visits(600)
        assert eventually(lambda: open_connections(running) == 0)
    assert running.chat().status == 200


def test_uploads_by_the_dozen_that_never_end_take_what_bodies_may_and_no_more(gateway):
    """The others are served meanwhile, and memory is used again: the second dozen takes none beyond the first's."""
    running = gateway()
    before, whole = resident(), 31 * MIB
    for _ in range(3):
        head = f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {whole}\r\n\r\n".encode()
        with crowd(running, 24, head) as clients:
            for client in clients:
                with suppress(OSError):  # it has been refused already
                    client.sendall(b" " * (whole - 1))
            assert running.chat().status == 200
            assert resident() - before < 400 * MIB
        assert eventually(lambda: open_connections(running) == 0)
