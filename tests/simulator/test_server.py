"""The connection: many at once, kept alive, left by the client, closed at the end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from claude_cli.simulator import BackgroundSimulator, Simulator, connection, journal


def port_of(url):
    return int(url.rsplit(":", 1)[1])


def talk(url, *parts):
    """Send bytes over a plain socket and read until the other side closes."""
    with socket.create_connection(("127.0.0.1", port_of(url)), timeout=10) as client:
        for part in parts:
            client.sendall(part)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def head(path="/v1/models", *lines, method="GET"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "host: x", *lines, "", ""]).encode()


KEY = ("x-api-key: k", "anthropic-version: 2026-10-21")


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v1/messages", 405, "Method Not Allowed"),
        ("DELETE", "/v1/models", 405, "Method Not Allowed"),
        ("POST", "/v1/models/claude-opus-5", 405, "Method Not Allowed"),
        ("POST", "/v1/complete", 404, "Not Found"),
        ("GET", "/", 404, "Not Found"),
        ("GET", "/v1/models/", 404, "model: "),
        ("PUT", "/v1/messages/", 404, "Not Found"),
    ],
)
def test_wrong_ways(caller, method, path, status, message):
    """Unknown paths and wrong methods, in the shape of all errors."""
    response = caller.http.request(method, caller.url + path, headers=caller.headers({}))

    assert (response.status_code, response.json()["error"]["message"]) == (status, message)
    assert ("allow" in response.headers) == (status == 405)


def test_a_query_does_not_matter_to_messages(caller):
    """Older clients put `?beta=true` behind the path."""
    assert caller.post(path="/v1/messages?beta=true").status_code == 200
    assert (caller.simulator.requests[0].path, caller.simulator.requests[0].query) == ("/v1/messages", "beta=true")


def test_requests_are_recorded(caller):
    """As they came in: method, path, lower-case headers, bytes and JSON."""
    caller.post({"model": "gpt"})
    caller.get("/v1/models")
    first, second = caller.simulator.requests

    assert (first.number, first.method, first.path, first.json["model"]) == (1, "POST", "/v1/messages", "gpt")
    assert first.headers["x-api-key"] == "test-key"
    assert first.body.startswith(b"{")
    assert (second.method, second.body, second.json, second.aborted) == ("GET", b"", None, False)


def test_headers_sent_twice_are_joined(caller):
    """As a proxy would: which is how a doubled version comes about."""
    lines = ("x-api-key: k", "anthropic-version: 2023-06-01", "anthropic-version: 2023-06-01", "connection: close")

    assert b"2023-06-01, 2023-06-01" in talk(caller.url, head("/v1/models", *lines))


def test_the_oldest_records_are_forgotten(start):
    """A simulator that runs for days does not fill the memory."""
    caller = start(recorded=3)
    for _ in range(5):
        caller.post()

    assert [request.number for request in caller.simulator.requests] == [3, 4, 5]


def test_large_records_are_forgotten(start, monkeypatch):
    """Also by their bytes; the last one always stays."""
    monkeypatch.setattr(journal, "MAX_RECORDED_BYTES", 10)
    caller = start()
    for _ in range(3):
        caller.post()

    assert [request.number for request in caller.simulator.requests] == [3]


@pytest.mark.parametrize(("size", "status"), [(32 * 1024 * 1024, 400), (32 * 1024 * 1024 + 1, 413)])
def test_bodies_are_limited_to_32_mb(caller, size, status):
    """Read to their end in any case, so that the client sees the answer."""
    response = caller.http.post(caller.url + "/v1/messages", content=b"x" * size, headers=caller.headers({}))

    assert response.status_code == status
    if status == 413:
        assert response.json()["error"] == {"type": "request_too_large", "message": "Request exceeds the maximum size"}
        assert caller.simulator.requests[0].body == b""


def test_endless_bodies_are_cut_off(start, monkeypatch):
    """Patience has an end too."""
    monkeypatch.setattr(connection, "MAX_BODY_BYTES", 1000)
    monkeypatch.setattr(connection, "MAX_DISCARDED_BYTES", 5000)
    received = talk(start().url, head("/v1/messages", *KEY, "content-length: 1000000", method="POST"), b"x" * 6000)

    assert received.startswith(b"HTTP/1.1 413")


def test_a_connection_is_kept_alive(caller):
    """Two requests on one connection, sent at once, are answered in order."""
    last = head("/v1/models/claude-opus-4-8", *KEY, "connection: close")
    received = talk(caller.url, head("/v1/models/claude-opus-5", *KEY) + last)

    assert received.count(b"HTTP/1.1 200") == 2
    assert received.index(b'"claude-opus-5"') < received.index(b'"claude-opus-4-8"')


def test_a_client_that_waits_is_told_to_go_on(caller):
    """`expect: 100-continue`, as curl sends it with large bodies."""
    lines = (*KEY, "content-length: 2", "expect: 100-continue", "connection: close")
    with socket.create_connection(("127.0.0.1", port_of(caller.url)), timeout=10) as client:
        client.sendall(head("/v1/messages", *lines, method="POST"))
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b"{}")
        assert client.recv(100).startswith(b"HTTP/1.1 400")


def test_a_head_request_has_no_body(caller):
    """Only the head of the error."""
    received = talk(caller.url, head("/v1/models", *KEY, "connection: close", method="HEAD"))

    assert received.startswith(b"HTTP/1.1 405")
    assert received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([b"hello\r\n\r\n"], id="no HTTP"),
        pytest.param([head("/v1/models", "no colon here")], id="a broken header"),
        pytest.param(
            [head("/v1/messages", "transfer-encoding: chunked", method="POST"), b"zz\r\n"], id="a broken chunk"
        ),
        pytest.param([b"GET / HTTP/1.1\r\nx: " + b"y" * 100_000], id="an endless header"),
    ],
)
def test_what_is_no_http_is_refused(caller, parts):
    """With a status of 4xx, and the next client is served as always."""
    assert talk(caller.url, *parts).startswith(b"HTTP/1.1 4")
    assert caller.post().status_code == 200


def test_a_client_that_says_nothing_is_let_go(caller):
    """No request, no record."""
    socket.create_connection(("127.0.0.1", port_of(caller.url))).close()

    assert caller.post().status_code == 200
    assert len(caller.simulator.requests) == 1


def test_a_client_that_leaves_in_the_middle_of_its_request(caller):
    """Nothing is recorded that did not come."""
    with socket.create_connection(("127.0.0.1", port_of(caller.url))) as client:
        client.sendall(head("/v1/messages", "content-length: 100", method="POST") + b"{")

    assert caller.post().status_code == 200
    assert len(caller.simulator.requests) == 1


def test_a_client_that_leaves_is_noticed(start):
    """While nothing is being sent, and while a flood is."""
    caller = start(script=[{"stall_after": 1}, {"flood": 100_000_000}, {"delay_s": 3600}])
    for silent in (False, False, True):
        with socket.create_connection(("127.0.0.1", port_of(caller.url)), timeout=10) as client:
            body = b'{"model":"claude-opus-5","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"x"}]}'
            client.sendall(head("/v1/messages", *KEY, f"content-length: {len(body)}", method="POST") + body)
            if silent:
                client.shutdown(socket.SHUT_WR)
            assert bool(client.recv(100)) != silent
        caller.simulator.settled()

    assert [request.aborted for request in caller.simulator.requests] == [True, True, True]


def test_a_client_that_reads_to_the_end_is_no_deserter(caller):
    """Also when it closes right afterwards."""
    talk(caller.url, head("/v1/models", *KEY, "connection: close"))
    caller.simulator.settled()

    assert not caller.simulator.requests[0].aborted


def test_a_client_that_never_stops_sending_is_dropped(start, monkeypatch):
    """What it sends during an answer is kept for later, but not without end."""
    monkeypatch.setattr(connection, "MAX_BODY_BYTES", 100_000)
    caller = start(script=[{"path": "*", "delay_s": 3600}])
    with socket.create_connection(("127.0.0.1", port_of(caller.url)), timeout=10) as client:
        client.sendall(head("/v1/models", *KEY))
        with pytest.raises(OSError):
            while True:
                client.sendall(b"x" * 65_536)
    caller.simulator.settled()

    assert caller.simulator.requests[0].aborted


def test_many_connections_at_once(caller):
    """A hundred streams side by side."""

    def one(number):
        with httpx.Client(trust_env=False, verify=False, timeout=30) as http:
            body = {"model": "claude-opus-5", "max_tokens": 500, "stream": True}
            body["messages"] = [{"role": "user", "content": f"question {number}"}]
            text = http.post(caller.url + "/v1/messages", json=body, headers=caller.headers({})).text
            return text.endswith('data: {"type":"message_stop"}\n\n') and str(number) in text

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(one, range(100)))


def test_a_stop_closes_everything():
    """Idle, stalled and half-read connections; what was running counts as aborted."""

    async def end_of(reader):
        try:
            return await reader.read()
        except ConnectionResetError:  # What was never read is answered by a reset.
            return b""

    async def scenario():
        simulator = Simulator(script=[{"path": "*", "delay_s": 3600}])
        await simulator.start()
        port = port_of(simulator.url)
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        busy, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head("/v1/models", *KEY))
        half, half_writer = await asyncio.open_connection("127.0.0.1", port)
        half_writer.write(b"GET /")
        while not simulator.requests:
            await asyncio.sleep(0)
        await simulator.stop()
        await simulator.stop()
        ends = [await end_of(reader) for reader in (idle, busy, half)]
        for each in (idle_writer, writer, half_writer):
            each.close()
        return ends, simulator.requests[0].aborted

    assert asyncio.run(asyncio.wait_for(scenario(), 5)) == ([b"", b"", b""], True)


def test_serving_until_stopped():
    """`serve_forever` starts by itself, and ends with `stop` or when cancelled."""

    async def scenario():
        simulator = Simulator()
        serving = asyncio.ensure_future(simulator.serve_forever())
        await asyncio.sleep(0)
        while simulator.url.endswith(":0"):
            await asyncio.sleep(0)
        await simulator.stop()
        await serving
        async with Simulator() as other:
            again = asyncio.ensure_future(other.serve_forever())
            await asyncio.sleep(0)
            again.cancel()
            await asyncio.gather(again, return_exceptions=True)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port_of(other.url))

    asyncio.run(asyncio.wait_for(scenario(), 5))


def test_the_thread_ends_with_its_block(start):
    """Even with a client that hangs on a stalled stream."""
    with BackgroundSimulator(script=[{"path": "*", "delay_s": 3600}]) as simulator:
        client = socket.create_connection(("127.0.0.1", port_of(simulator.url)))
        client.sendall(head("/v1/models", *KEY))
    with client, contextlib.suppress(ConnectionResetError):
        assert client.recv(10) == b""

    assert "claude-simulator" not in {thread.name for thread in threading.enumerate()}


def test_a_taken_port_is_an_error_at_the_start(caller):
    """In the thread of the caller, who can say what is wrong."""
    with pytest.raises(OSError), BackgroundSimulator(port=port_of(caller.url)):
        pass


def test_settled_before_the_start_is_no_error():
    """Nothing runs, so nothing is waited for."""
    BackgroundSimulator().settled()


def test_the_version_six_address():
    """Written in brackets in the URL."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        with BackgroundSimulator(host="::1") as simulator:
            assert simulator.url.startswith("http://[::1]:")
    except OSError:
        pytest.skip("no IPv6 here")


def test_the_old_protocol_is_spoken(caller):
    """HTTP/1.0 knows no chunks: the end of the connection is the end of the stream."""
    body = b'{"model":"claude-opus-5","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"x"}]}'
    lines = ["POST /v1/messages HTTP/1.0", *KEY, f"content-length: {len(body)}", "", ""]
    received = talk(caller.url, "\r\n".join(lines).encode() + body)

    assert b"transfer-encoding" not in received.lower()
    assert received.endswith(b'{"type":"message_stop"}\n\n')
