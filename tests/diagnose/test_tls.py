"""The certificate of the provider: each way in which it can be wrong, and the words for it. Nothing is ever sent."""

from __future__ import annotations

import pytest
import trustme

from claude_cli.diagnose.tls import Certificate, judged

from ..forwarding import forward


def test_a_good_certificate(go, serve, authority):
    """Version, subject, issuer and end."""
    server = serve(tls=authority.context("localhost"))
    check = go(server.url, authority.environ)["tls"]
    assert check.status == "ok" and check.detail.startswith("TLSv1.3, certificate of ") and "364 days" in check.detail
    assert (check.data["issuer"], check.data["names"], check.data["days_left"]) == ("Parrot Trust", ["localhost"], 364)
    assert server.requests == []


@pytest.mark.parametrize(
    ("names", "days", "detail", "advice"),
    [
        pytest.param(["localhost"], (-99, -2), "(by Parrot Trust) has expired on 20", "clock", id="expired"),
        pytest.param(["localhost"], (2, 99), "not valid yet, but from 20", "clock", id="not yet"),
        pytest.param(["other.test"], (-1, 99), "is for other.test", "base URL", id="another name"),
    ],
)  # fmt: skip
def test_a_certificate_that_is_wrong(go, serve, authority, names, days, detail, advice):
    """Trusted, were it not for that: what it says is read all the same, or nobody could mend it."""
    server = serve(tls=authority.context(*names, days=days))
    check = go(f"https://localhost:{server.port}", authority.environ)["tls"]
    assert (check.status, check.exit_code) == ("fail", 6)
    assert detail in check.detail and advice in check.advice
    assert check.data["issuer"] == "Parrot Trust" and server.requests == []


def test_an_unknown_authority(go, serve, authority, tmp_path):
    """Who made it is named: mostly a company's proxy; and which file of CAs does not have it."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    server = serve(tls=authority.context("localhost"))
    check = go(server.url, {"SSL_CERT_FILE": str(other)})["tls"]
    assert check.status == "fail" and "(by Parrot Trust) is not trusted" in check.detail
    assert "SSL_CERT_FILE" in check.advice and str(other) in check.advice
    assert server.requests == []


def test_an_unknown_authority_behind_a_proxy(go, serve, authority):
    """Its certificate is read over the same way."""
    proxy = serve(forward(serve(tls=authority.context("api.test"))))
    check = go("https://api.test", {"HTTPS_PROXY": proxy.url})["tls"]
    assert "(by Parrot Trust) is not trusted" in check.detail
    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [b"CONNECT api.test:443 HTTP/1.1"] * 3


def test_an_unknown_authority_behind_a_proxy_that_leaves(go, serve, authority):
    """Then what the handshake says is all there is."""
    server = serve(tls=authority.context("api.test"))
    proxy = forward(server)
    whole = proxy._play
    proxy._play = lambda peer: whole(peer) if peer.number == 1 else peer.reset()
    check = go("https://api.test", {"HTTPS_PROXY": serve(proxy).url})["tls"]
    assert check.detail.startswith("the certificate of api.test is not trusted")


def test_a_certificate_that_cannot_be_read_a_second_time(go, serve, authority):
    """Then what the handshake says is all there is."""
    secure = authority.context("localhost")

    def once(peer):
        if peer.number == 1:
            secure.wrap_socket(peer.socket, server_side=True)
        peer.reset()

    check = go(f"https://localhost:{serve(once).port}")["tls"]
    assert "the certificate of localhost is not trusted: unable to get local issuer" in check.detail


def test_a_server_without_tls(go, serve):
    """A base URL with an `s` too many."""
    check = go(f"https://localhost:{serve(lambda peer: peer.send(b'HTTP/1.1 400 No')).port}")["tls"]
    assert check.detail.endswith("does not speak TLS") and "plain http" in check.advice

    def hangs_up(peer):
        peer.socket.recv(1)  # or it might hang up before there is a connection
        peer.reset()

    check = go(f"https://localhost:{serve(hangs_up).port}")["tls"]
    assert check.status == "fail" and "TLS with localhost" in check.detail


def test_a_file_of_certificates_that_is_not_there(go, serve, authority):
    """A setting of this machine, and so another status."""
    check = go(serve(tls=authority.context("localhost")).url, {"SSL_CERT_FILE": "/nowhere/ca.pem"})["tls"]
    assert (check.status, check.exit_code) == ("fail", 2)
    assert (check.detail, check.advice) == (
        "SSL_CERT_FILE is set to /nowhere/ca.pem, which does not exist",
        "correct or unset it",
    )


@pytest.mark.parametrize(("days", "status"), [(20.9, "warn"), (21, "ok"), (0.5, "warn"), (4000, "ok")])
def test_a_certificate_that_ends_soon(days, status):
    """Three weeks are time to act; who renews by machine has done it by then."""
    found = Certificate("api.test", "CA", 0.0, 1_000_000_000 + days * 86_400, ("api.test",))
    check = judged(found, "TLSv1.3", now=1_000_000_000)
    assert (check.status, check.data["days_left"], bool(check.advice)) == (status, int(days), status == "warn")


def test_a_certificate_of_a_poor_kind():
    """No subject, as many a server's has it, and an end after all calendars."""
    peer = {
        "subject": (),
        "issuer": ((("commonName", "CA"),), (("organizationName", "Org"),)),
        "notBefore": "Jan  1 00:00:00 2000 GMT",
        "notAfter": "Dec 31 23:59:59 9999 GMT",
        "subjectAltName": (("DNS", "a.test"), ("IP Address", "10.0.0.1"), ("URI", "x:y")),
    }
    found = Certificate.of(peer)
    assert (found.subject, found.issuer, found.names) == ("a.test, 10.0.0.1", "CA", ("a.test", "10.0.0.1"))
    assert found.as_json()["not_after"] == "9999-12-31"
