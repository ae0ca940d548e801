"""The server: where it listens, how long it waits for what comes, and how it ends."""

from __future__ import annotations

import json
import resource
import socket
import ssl

import pytest
import trustme

from claude_cli.core.errors import UsageError
from claude_cli.gateway.protocol import MOST_AHEAD

from ..loopback import EVENTS, WAIT_S, Loopback, frames, head
from .conftest import chat_bytes, eventually
from .test_reply import Held, read_until


def _connected(running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), WAIT_S)


def _to_the_end(client: socket.socket) -> bytes:
    """What comes until the server closes."""
    data = b""
    try:
        while more := client.recv(65_536):
            data += more
    except ConnectionResetError:
        pass
    return data


# ------------------------------------------------------------------------------------------------ where
def test_a_port_that_is_taken_is_one_line(gateway):
    """With the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1 port {port} cannot be opened: .*in use .*; choose another"):
            gateway(config={"port": port})


def test_an_address_that_is_not_ours_is_one_line(gateway):
    """A name that does not resolve, too."""
    for host in ("192.0.2.1", "no-such-host.invalid"):
        with pytest.raises(UsageError, match="cannot be opened"):
            gateway(config={"host": host})


def test_it_listens_on_ipv6(gateway):
    """The address is one that can be pasted."""
    running = gateway(config={"host": "::1"})
    assert running.url.startswith("http://[::1]:")
    with socket.create_connection(("::1", running.port), WAIT_S) as client:
        client.sendall(chat_bytes())
        assert client.recv(12) == b"HTTP/1.1 200"


def test_it_serves_tls(gateway, certificate):
    """With a certificate from files."""
    running = gateway(config={"tls_certificate": str(certificate), "tls_key": str(certificate)})
    assert running.url.startswith("https://")
    trust = ssl.create_default_context(cafile=str(certificate.with_name("authority.pem")))
    with _connected(running) as plain, trust.wrap_socket(plain, server_hostname="localhost") as client:
        client.sendall(chat_bytes())
        assert client.recv(12) == b"HTTP/1.1 200"


def test_a_certificate_that_is_none_is_one_line(gateway, tmp_path):
    """Neither a stack nor a server without TLS."""
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("no certificate")
    for path in (nothing, tmp_path / "absent.pem"):
        with pytest.raises(UsageError, match="TLS certificate"):
            gateway(config={"tls_certificate": str(path), "tls_key": str(path)})


def test_as_many_files_may_be_open_as_the_system_allows(gateway):
    """The usual soft limit of 1,024 is less than the connections that clients keep."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        gateway()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ------------------------------------------------------------------------------------------------ patience
@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-slow: ", b"HTTP/1.1 408"),
    ],
    ids=["nothing", "blank-lines", "half-a-head"],
)
def test_a_head_that_does_not_come_is_not_waited_for(gateway, sent, said):
    """Slow-loris: a thousand half heads cost nothing to send."""
    running = gateway(config={"header_s": 0.05})
    with _connected(running) as client:
        client.sendall(sent)
        assert _to_the_end(client).startswith(said)


def test_a_second_head_is_not_waited_for_either(gateway):
    """On a kept connection it may be the slow one."""
    running = gateway(config={"header_s": 0.05})
    with _connected(running) as client:
        client.sendall(chat_bytes() + b"POST / HTTP/1.1\r\nhost: lo")
        assert b"HTTP/1.1 408" in _to_the_end(client)


@pytest.mark.parametrize("pieces", [1, 100], ids=["at-once", "in-pieces"])
@pytest.mark.parametrize(
    "start", [b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ", b"GET /"], ids=["header", "path"]
)
def test_a_head_of_endless_length_is_refused(gateway, start, pieces):
    """It is held in memory until it ends."""
    running = gateway()
    rest = b"a" * 100_000
    with _connected(running) as client:
        client.sendall(start)
        step = len(rest) // pieces
        try:
            for begin in range(0, len(rest), step):
                client.sendall(rest[begin : begin + step])
            client.sendall(b" HTTP/1.1\r\n\r\n")
        except OSError:
            pass  # it has heard enough
        said = _to_the_end(client)
    assert said.startswith(b"HTTP/1.1 431") or not said
    assert running.chat().status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET // HTTP/1.1\r\nbad header\r\n\r\n",
        b"CONNECT evil:1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ],
    ids=["words", "tls", "version", "two-lengths", "no-length", "smuggling", "bytes-in-path", "no-colon", "connect"],
)
def test_what_is_no_http_gets_a_typed_answer(gateway, sent):
    """In the form of all errors."""
    running = gateway()
    with _connected(running) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        said = _to_the_end(client)
    if said:
        status = int(said.split(b" ")[1])
        assert 400 <= status < 500
        assert set(json.loads(said.partition(b"\r\n\r\n")[2])["error"]) == {"message", "type", "param", "code"}
    assert b"Traceback" not in said
    assert running.chat().status == 200


def test_garbage_behind_a_request_does_not_spoil_its_answer(gateway):
    """The error has no place in the midst of another answer."""
    held = Held(head() + frames(EVENTS[:4]), frames(EVENTS[4:]))
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url)
        with _connected(running) as client:
            client.sendall(chat_bytes(stream=True))
            assert client.recv(12) == b"HTTP/1.1 200"
            client.sendall(b"\x00\x00 nonsense \r\n\r\n")
            said = _to_the_end(client)
            held.go_on.set()
        assert b"HTTP/1.1 400" not in said


def test_a_client_that_leaves_with_requests_waiting_behind_ends_them_all(gateway):
    """Reading stops while requests wait, and who does not read does not see the client leave."""

    def silent(peer) -> None:
        if peer.request() is not None:
            peer.wait()

    with Loopback(silent) as upstream:
        running = gateway(upstream=upstream.url)
        with _connected(running) as client:
            client.sendall(chat_bytes() * 3)
            assert eventually(lambda: upstream.requests)
        assert upstream.left.wait(WAIT_S)
        running.wait_visits(1)
        assert len(upstream.requests) == 1 and len(running.visits) == 1
    assert MOST_AHEAD > 3


def test_a_connection_is_kept_and_answers_say_when_they_were_given(gateway):
    """The date of each second, not that of the start."""
    running = gateway()
    connection = running.connect()
    for _ in range(3):
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": "haiku", "messages": []}))
        response = connection.getresponse()
        assert response.getheader("date") and response.getheader("server") is None
        response.read()
        assert not response.will_close
    connection.close()


@pytest.mark.parametrize("pieces", [False, True], ids=["at-once", "head-and-body"])
def test_whoever_would_rather_speak_http_2_is_served_all_the_same(gateway, pieces):
    """Java's client asks for it in each first request, with the body behind; so does `curl --http2`."""
    running = gateway()
    wish = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
    head, _, body = chat_bytes().partition(b"\r\n\r\n")
    with _connected(running) as client:
        for _ in range(2):
            whole = head + b"\r\n" + wish + b"\r\n" + body
            for piece in (whole[: -len(body)], body) if pieces else (whole,):
                client.sendall(piece)
            assert read_until(client, b"}}").startswith(b"HTTP/1.1 200")


# ------------------------------------------------------------------------------------------------ the end
def test_answers_under_way_end_before_the_server_does(gateway):
    """SIGTERM of a deployment must not cost anybody half an answer; meanwhile nothing new begins."""
    held = Held(head() + frames(EVENTS[:4]), frames(EVENTS[4:]))
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url)
        with _connected(running) as streaming, _connected(running) as kept:
            kept.sendall(b"GET /v1/nothing HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert read_until(kept, b"}}").startswith(b"HTTP/1.1 404")
            streaming.sendall(chat_bytes(stream=True))
            assert streaming.recv(12) == b"HTTP/1.1 200"
            running.stop()
            running.call(lambda: None)  # after that has been heard
            with pytest.raises(ConnectionRefusedError):
                _connected(running)
            kept.sendall(chat_bytes())
            refused = _to_the_end(kept)
            assert refused.startswith(b"HTTP/1.1 503") and b"connection: close" in refused and b"retry-after" in refused
            assert b'"shutting_down"' in refused
            assert not running.ended.is_set()
            held.go_on.set()
            assert b"[DONE]" in _to_the_end(streaming)
        assert running.ended.wait(WAIT_S)
        assert [visit.status for visit in running.visits] == [404, 503, 200]


@pytest.mark.parametrize("how", ["second signal", "drain is over"])
def test_in_the_end_answers_are_cut(gateway, how):
    """And recorded as what they are."""
    held = Held(head() + frames(EVENTS[:4]), frames(EVENTS[4:]))
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url, config={"drain_s": 60.0 if how == "second signal" else 0.05})
        with _connected(running) as streaming:
            streaming.sendall(chat_bytes(stream=True))
            assert streaming.recv(12) == b"HTTP/1.1 200"
            running.stop()
            if how == "second signal":
                running.stop()
            assert b"[DONE]" not in _to_the_end(streaming)
        assert running.ended.wait(WAIT_S)
        held.go_on.set()
    [visit] = running.visits
    assert visit.code == "cancelled" and visit.call.record.status == "aborted"


def test_a_request_whose_answer_has_not_begun_gets_a_503_when_it_is_cut(gateway):
    """Its client can ask elsewhere at once."""
    held = Held(b"", b"")
    with Loopback(held) as upstream:
        running = gateway(upstream=upstream.url, config={"drain_s": 0.0})
        with _connected(running) as client:
            client.sendall(chat_bytes())
            assert eventually(lambda: upstream.requests)
            running.stop()
            said = _to_the_end(client)
        held.go_on.set()
    assert said.startswith(b"HTTP/1.1 503") and b'"shutting_down"' in said


def test_nobody_inside_is_nothing_to_wait_for(gateway):
    """Idle connections do not hold the server up."""
    running = gateway(config={"drain_s": 60.0})
    with _connected(running), _connected(running):
        assert eventually(lambda: len(running.server._state.connections) == 2)
        running.stop()
        assert running.ended.wait(WAIT_S / 2)


def test_many_idle_connections_hinder_nobody(gateway):
    """Clients' pools keep them for minutes."""
    running = gateway()
    idle = []
    try:
        for _ in range(200):
            idle.append(_connected(running))
        assert eventually(lambda: len(running.server._state.connections) == 200)
        assert running.chat().status == 200
    finally:
        for connection in idle:
            connection.close()
    assert eventually(lambda: not running.server._state.connections)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost and its key, in one file; the other one says who vouches for it."""
    folder, authority = tmp_path_factory.mktemp("tls"), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "both.pem"))
    return folder / "both.pem"
