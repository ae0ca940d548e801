"""Fetching a page the user named: with no credential, within bounds of size and time, errors in one line."""

from __future__ import annotations

import socket

import pytest

from claude_cli.core import transport
from claude_cli.core.errors import ConnectionFailedError, UsageError
from claude_cli.core.transport import fetch

from ..forwarding import forward
from ..loopback import Loopback, head, headers_of, response


def redirect(to: str) -> bytes:
    return response(b"", 302, f"location: {to}", kind="")


def test_a_page_comes_with_its_type_and_its_address(serve):
    """Nothing of ours goes along: no key, no cookie, no referer."""
    server = serve(response(b"Gr\xc3\xbc\xc3\x9f", kind="text/plain; charset=utf-8"))
    page = fetch(f"{server.url}/a b?q=1#part", 100, environ={"ANTHROPIC_API_KEY": "sk-ant-api03-canary"})
    assert (page.url, page.content_type, page.body) == (
        f"{server.url}/a%20b?q=1#part", "text/plain; charset=utf-8", "Grüß".encode(),
    )  # fmt: skip
    (request,) = server.requests
    assert request.startswith(b"GET /a%20b?q=1 HTTP/1.1\r\n")
    assert headers_of(request)["accept-encoding"] == "identity"
    assert not headers_of(request).keys() & {"x-api-key", "authorization", "cookie", "referer"}


def test_a_redirect_is_followed_and_its_target_named(serve):
    """The address shown to the model is the one the text came from."""
    target = serve(response(b"there", kind="text/plain"))
    server = serve(redirect(f"{target.url}/new"))
    page = fetch(server.url, 100, environ={})
    assert (page.url, page.body) == (f"{target.url}/new", b"there")


def circle(peer):
    while peer.answer(redirect("/again")):
        pass


def drip(peer):
    peer.answer(head(200, kind="text/plain"))
    while not peer.server.stopping.is_set():
        peer.send(b"x")
        peer.pause(0.005)


def too_large(peer):
    peer.answer(head(200, kind="text/plain"))
    for _ in range(100):
        peer.send(b"x" * 1_000_000)


@pytest.mark.parametrize(
    ("play", "status", "words"),
    [
        pytest.param(response(b"", 404, kind=""), 2, "HTTP 404", id="404"),
        pytest.param(circle, 2, "cannot be fetched", id="redirects in a circle"),
        pytest.param(redirect("ftp://x.test/"), 2, "cannot be fetched", id="a redirect to something else"),
        pytest.param(b"SSH-2.0\r\n\r\n", 6, "cannot be fetched", id="no HTTP"),
        pytest.param(lambda peer: peer.request(), 6, "cannot be fetched", id="no answer"),
        pytest.param(too_large, 2, "larger than 1,000 bytes", id="too large"),
        pytest.param(drip, 2, "too slowly", id="byte by byte"),
        pytest.param(lambda peer: peer.wait(), 6, "cannot be fetched: timed out", id="silence"),
    ],
)
def test_what_cannot_be_had(serve, monkeypatch, play, status, words):
    """One line with the address; never a hang, never more than the bound. 6 says that another time may do."""
    monkeypatch.setattr(
        transport, "FETCH_TIMEOUT_S", 0.02 if words in ("too slowly", "cannot be fetched: timed out") else 5
    )
    server = serve(play)
    with pytest.raises((UsageError, ConnectionFailedError), match=words) as caught:
        fetch(f"{server.url}/page", 1000, environ={})
    assert f"{server.url}/page" in str(caught.value)
    assert caught.value.exit_code == status
    assert server.sent < 20_000_000


@pytest.mark.parametrize("url", ["http://", "ftp://x", "http://a b/", "http://me:hunter2@x.test/"])
def test_what_is_no_address(url):
    """Nor is a password put into a URL sent anywhere."""
    with pytest.raises(UsageError) as caught:
        fetch(url, 1000, environ={})
    assert "hunter2" not in str(caught.value)


def test_a_page_that_nobody_serves(monkeypatch):
    """Host and cause."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionFailedError, match=f"127.0.0.1:{port}.*refused"):
        fetch(f"http://127.0.0.1:{port}/", 1000, environ={})


def test_a_page_through_a_proxy_and_a_private_ca(serve, authority):
    """The same ways out as for the provider."""
    server: Loopback = serve(response(b"there", kind="text/plain"), tls=authority.context("page.test"))
    with forward(server, login="me:word") as proxy:
        environ = {"HTTPS_PROXY": proxy.url.replace("://", "://me:word@"), "SSL_CERT_FILE": str(authority.file)}
        assert fetch("https://page.test/x", 100, environ=environ).body == b"there"
