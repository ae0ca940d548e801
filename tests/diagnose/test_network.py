"""The way to the provider, each step broken for real: what failed, what to do, and what was not tried."""

from __future__ import annotations

import socket
import time

import pytest

from ..forwarding import forward


def statuses(found):
    """Name to status."""
    return {name: check.status for name, check in found.items()}


@pytest.fixture
def nobody():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def black_hole():
    """An address that answers nothing at all: a listener whose queue is full, and which takes nobody out of it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(address)
            waiting.append(one)
        yield address
        for one in waiting:
            one.close()


def test_plain_http_to_this_machine(go, serve):
    """Every step but TLS, which is said not to be there; how long each took is told."""
    found = go(serve().url)
    assert statuses(found) == {"proxy": "ok", "dns": "ok", "tcp": "ok", "tls": "skipped"}
    assert found["tcp"].latency_ms is not None and found["dns"].data["addresses"] == ["127.0.0.1"]
    assert "plain http" in found["tls"].detail


def test_a_closed_port(go, nobody):
    """Refused: the name was found, and TLS is not tried."""
    found = go(f"https://127.0.0.1:{nobody}")
    assert statuses(found) == {"proxy": "ok", "dns": "ok", "tcp": "fail", "tls": "skipped"}
    assert f"127.0.0.1:{nobody}: Connection refused" in found["tcp"].detail and "running" in found["tcp"].advice


def test_a_name_that_is_not_found(go):
    """The resolver's own words; nothing else is tried."""

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    found = go("https://nohost.invalid", lookup=unknown)
    assert statuses(found) == {"proxy": "ok", "dns": "fail", "tcp": "skipped", "tls": "skipped"}
    assert found["dns"].detail == "nohost.invalid was not found: Name or service not known"
    assert go(f"https://{'x' * 64}.test")["dns"].status == "fail", "no label of a name is that long"


def test_a_black_hole(go, black_hole):
    """Neither refused nor answered: given up when the time is over."""
    found = go(f"http://127.0.0.1:{black_hole[1]}", deadline=time.monotonic() + 0.1)
    assert found["tcp"].status == "fail" and "no answer in time" in found["tcp"].detail
    assert "HTTPS_PROXY" in found["tcp"].advice


def test_one_address_of_two_answers(go, serve, black_hole):
    """A host whose IPv6 leads nowhere is the commonest fault: the other address gets its share of the time."""
    server = serve()

    def two(host, port, **_):
        tcp = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*tcp, black_hole), (*tcp, ("127.0.0.1", server.port))]

    found = go("http://localhost:1", lookup=two, deadline=time.monotonic() + 0.4)
    assert found["tcp"].status == "ok" and found["tcp"].data["port"] == server.port


def test_a_port_that_never_answers(go, serve):
    """It takes the connection and then says nothing: TLS is given up in time."""
    found = go(f"https://localhost:{serve().port}", deadline=time.monotonic() + 0.2)
    assert statuses(found)["tcp"] == "ok"
    assert found["tls"].status == "fail" and "does not answer" in found["tls"].detail


# ------------------------------------------------------------------------------------------------ proxies
def test_through_a_proxy(go, serve, authority):
    """Name and connection are the proxy's affair, the certificate is the host's own; its password is not shown."""
    server = serve(tls=authority.context("api.test"))
    proxy = serve(forward(server, login="me:word"))
    address = proxy.url.replace("://", "://me:word@")
    found = go("https://api.test", {"HTTPS_PROXY": address, **authority.environ})
    assert statuses(found) == {"proxy": "ok", "dns": "skipped", "tcp": "skipped", "tls": "ok"}
    assert found["proxy"].detail == f"{proxy.url} answers" and found["tls"].data["names"] == ["api.test"]
    assert "word" not in repr(found)
    assert proxy.requests[0].startswith(b"CONNECT api.test:443 HTTP/1.1\r\n") and server.requests == []


@pytest.mark.parametrize(
    ("how", "login", "words", "advice"),
    [
        pytest.param({"refuse": 403}, "", "it answered 403 Not Through Here", "allows this host", id="not this host"),
        pytest.param({"login": "me:word"}, "me:wrong@", "it answered 407", "password", id="a wrong password"),
    ],
)
def test_a_proxy_that_refuses(go, serve, authority, how, login, words, advice):
    """It answers, and does not lead on."""
    proxy = serve(forward(serve(tls=authority.context("api.test")), **how))
    found = go("https://api.test", {"HTTPS_PROXY": proxy.url.replace("://", f"://{login}")})
    assert statuses(found) == {"proxy": "fail", "dns": "skipped", "tcp": "skipped", "tls": "skipped"}
    assert words in found["proxy"].detail and proxy.url in found["proxy"].detail and "wrong" not in repr(found)
    assert advice in found["proxy"].advice


@pytest.mark.parametrize(
    ("play", "words"),
    [
        pytest.param(lambda peer: peer.request(), "it hung up", id="hangs up"),
        pytest.param(lambda peer: peer.answer(b"SSH-2.0-x\r\n\r\n"), "it is no HTTP proxy", id="something else"),
        pytest.param(lambda peer: peer.wait(), "no answer in time", id="silent"),
    ],
)
def test_what_is_no_proxy(go, serve, play, words):
    """It takes connections, and that is all."""
    found = go("https://api.test", {"HTTPS_PROXY": serve(play).url}, deadline=time.monotonic() + 0.2)["proxy"]
    assert words in found.detail and "address and port" in found.advice


def test_a_proxy_that_is_not_there(go, nobody):
    """Refused, not found, or not to be understood: it is the proxy that is named, and its exit status fits."""
    found = go("https://api.test", {"HTTPS_PROXY": f"http://127.0.0.1:{nobody}"})
    assert (found["proxy"].status, found["proxy"].exit_code) == ("fail", 6)
    assert found["proxy"].detail == f"no connection to the proxy http://127.0.0.1:{nobody}: Connection refused"

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    found = go("https://api.test", {"HTTPS_PROXY": "http://proxy.invalid:3128"}, lookup=unknown)
    assert "proxy.invalid was not found" in found["proxy"].detail and "proxy's address" in found["proxy"].advice
    found = go("https://api.test", {"ALL_PROXY": "socks5://127.0.0.1:1"})
    assert (found["proxy"].exit_code, found["tls"].status) == (2, "skipped") and "SOCKS" in found["proxy"].detail


def test_an_encrypted_proxy(go, serve, authority):
    """TLS inside TLS is left to the call itself, and said."""
    proxy = serve(forward(serve(), tls=authority.context("localhost")))
    found = go("https://api.test", {"HTTPS_PROXY": proxy.url, **authority.environ})
    assert statuses(found) == {"proxy": "ok", "dns": "skipped", "tcp": "skipped", "tls": "skipped"}
    assert "api tells" in found["tls"].detail


@pytest.mark.parametrize(
    ("environ", "url", "words"),
    [
        pytest.param({}, "http://127.0.0.1:{}", "none", id="no proxy"),
        pytest.param({"HTTP_PROXY": "http://p:1"}, "http://127.0.0.1:{}", "never used for this machine", id="loopback"),
        pytest.param(
            {"http_proxy": "http://p:1"}, "https://api.test:{}", "none is named for https", id="for http only"
        ),
        pytest.param(
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".test"}, "https://api.test:{}", "NO_PROXY", id="NO_PROXY"
        ),
    ],
)
def test_why_no_proxy_is_used(go, nobody, environ, url, words):
    """Who set one and sees none at work wants to know why."""

    def here(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    found = go(url.format(nobody), environ, lookup=here)
    assert found["proxy"].status == "ok" and words in found["proxy"].detail
