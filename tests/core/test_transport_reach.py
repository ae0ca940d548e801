"""Getting there, by both transports: TLS with a private CA, forwarding proxies, hosts that are not to be had."""

from __future__ import annotations

import hashlib
import socket

import pytest
import trustme
from cryptography import x509
from cryptography.x509.name import _ASN1Type

from claude_cli.core.errors import ConnectionFailedError, ProtocolError, UsageError

from ..forwarding import forward
from ..loopback import TEXT, headers_of, response

KEY = "sk-ant-api03-canary"


@pytest.fixture
def go(request):
    """Enters context managers; all are left at the end of the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield stack.enter_context


# ------------------------------------------------------------------------------------------------ TLS
def test_a_private_ca_in_a_file(driver, serve, authority):
    """As every company with an intercepting proxy has it."""
    server = serve(response(), tls=authority.context("localhost"))
    answer = driver.ask(server.url, key=KEY, environ={"SSL_CERT_FILE": str(authority.file)})
    assert (answer.error, answer.text) == (None, TEXT)
    assert headers_of(server.requests[0])["x-api-key"] == KEY


def subject_hash(certificate: bytes) -> str:
    """The name OpenSSL looks a certificate up by: a hash of its subject in lower case, as UTF-8 strings."""
    subject = x509.load_pem_x509_certificate(certificate).subject
    plain = x509.Name(
        x509.RelativeDistinguishedName(
            [x509.NameAttribute(part.oid, " ".join(str(part.value).lower().split()), _ASN1Type.UTF8String)]
        )
        for part in subject
    ).public_bytes()
    header = 2 if plain[1] < 0x80 else 2 + (plain[1] & 0x7F)
    return f"{int.from_bytes(hashlib.sha1(plain[header:]).digest()[:4], 'little'):08x}"


@pytest.mark.parametrize("form", ["{}", "/nowhere-{}", "{}:{}"], ids=["one", "missing", "two"])
def test_a_private_ca_in_a_hashed_folder(driver, serve, authority, tmp_path, form):
    """As `openssl rehash` makes it; several folders are separated as in PATH."""
    pem = authority.file.read_bytes()
    (tmp_path / f"{subject_hash(pem)}.0").write_bytes(pem)
    folders = form.replace("{}", str(tmp_path), 1).replace("{}", "/")
    server = serve(response(), tls=authority.context("localhost"))
    if form.startswith("/nowhere"):
        with pytest.raises(UsageError, match="SSL_CERT_DIR"):
            driver.ask(server.url, environ={"SSL_CERT_DIR": folders})
        return
    assert driver.ask(server.url, environ={"SSL_CERT_DIR": folders}).text == TEXT


def test_an_untrusted_certificate(driver, serve, tmp_path, authority):
    """The key is not sent, and the message says where a private CA goes."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    server = serve(response(), tls=authority.context("localhost"))

    error = driver.ask(server.url, key=KEY, environ={"SSL_CERT_FILE": str(other)}).error

    assert isinstance(error, ConnectionFailedError)
    assert (error.kind, error.exit_code) == ("untrusted", 6)
    assert f"localhost:{server.port}" in str(error)
    assert "SSL_CERT_FILE" in str(error)
    assert server.requests == []


def test_a_certificate_of_another_name(driver, serve, authority):
    """Trusted, but not for this host: the message says which it is for."""
    server = serve(response(), tls=authority.context("other.test"))
    error = driver.ask(server.url, environ={"SSL_CERT_FILE": str(authority.file)}).error
    assert error.kind == "untrusted"
    assert "Hostname mismatch" in str(error)
    assert server.requests == []


def test_https_to_a_server_without_tls(driver, serve):
    """A base URL with an `s` too many: what TLS says is passed on, not a number's wrong meaning."""

    def play(peer):
        peer.socket.recv(1000)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    error = driver.ask(f"https://localhost:{serve(play).port}").error
    assert isinstance(error, ConnectionFailedError)
    assert "TLS failed" in str(error)
    assert "not permitted" not in str(error)


def test_http_to_a_server_with_tls(driver, serve, authority):
    """The other way round: nothing comes that is HTTP."""
    server = serve(response(), tls=authority.context("localhost"))
    error = driver.ask(f"http://localhost:{server.port}").error
    assert isinstance(error, ConnectionFailedError | ProtocolError)
    assert f"localhost:{server.port}" in str(error)


# ------------------------------------------------------------------------------------------------ nobody there
@pytest.mark.parametrize("url", ["http://localhost", "https://localhost"])
def test_a_port_nobody_listens_on(driver, url):
    """Host, port and cause in one line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = driver.ask(f"{url}:{port}").error
    assert isinstance(error, ConnectionFailedError)
    assert (error.kind, error.exit_code) == ("refused", 6)
    assert f"localhost:{port} refused the connection" in str(error)


def test_a_host_that_does_not_exist(driver, monkeypatch):
    """No name server is asked: a test must not depend on one."""

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = driver.ask("https://nohost.invalid").error
    assert isinstance(error, ConnectionFailedError)
    assert (error.kind, error.exit_code) == ("unresolved", 6)
    assert "nohost.invalid was not found" in str(error)


# ------------------------------------------------------------------------------------------------ proxies
@pytest.mark.parametrize("login", [None, "me:p%40ss/w"], ids=["open", "with a password"])
@pytest.mark.parametrize("secure", [False, True], ids=["http proxy", "https proxy"])
def test_https_through_a_proxy(driver, serve, authority, go, secure, login):
    """The proxy sees a name and nothing else; the certificate is the host's own."""
    server = serve(response(), tls=authority.context("api.test"))
    plain = login and login.replace("%40", "@")
    proxy = go(forward(server, login=plain, tls=authority.context("localhost") if secure else None))
    address = proxy.url.replace("://", f"://{login.replace('/', '%2F')}@") if login else proxy.url

    answer = driver.ask(
        "https://api.test", key=KEY, environ={"HTTPS_PROXY": address, "SSL_CERT_FILE": str(authority.file)}
    )

    assert (answer.error, answer.text) == (None, TEXT)
    (seen,) = proxy.requests
    assert seen.startswith(b"CONNECT api.test:443 HTTP/1.1\r\n")
    assert KEY.encode() not in seen
    headers = headers_of(server.requests[0])
    assert (headers["host"], headers["x-api-key"]) == ("api.test", KEY)
    assert "proxy-authorization" not in headers


@pytest.mark.parametrize("login", [None, "me:word"], ids=["open", "with a password"])
@pytest.mark.parametrize("secure", [False, True], ids=["http proxy", "https proxy"])
def test_http_through_a_proxy(driver, serve, authority, go, secure, login):
    """A listed host by plain http: the proxy gets the whole address."""
    server = serve(response(framing="close"))
    proxy = go(forward(server, login=login, tls=authority.context("localhost") if secure else None))
    address = proxy.url.replace("://", f"://{login}@") if login else proxy.url

    answer = driver.ask(
        "http://api.test:8080", allow_http=("api.test",),
        environ={"HTTP_PROXY": address, "SSL_CERT_FILE": str(authority.file)},
    )  # fmt: skip

    assert (answer.error, answer.text) == (None, TEXT)
    assert proxy.requests[0].startswith(b"POST http://api.test:8080/v1/messages HTTP/1.1\r\n")
    headers = headers_of(server.requests[0])
    assert headers["host"] == "api.test:8080"
    assert "proxy-authorization" not in headers


def test_this_machine_is_never_reached_through_a_proxy(driver, serve, go):
    """A local model's prompts are nobody else's."""
    server = serve(response())
    proxy = go(forward(server))
    environ = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), proxy.url)
    assert driver.ask(server.url, environ=environ).text == TEXT
    assert driver.ask(f"http://localhost:{server.port}", environ=environ).text == TEXT
    assert proxy.connections == 0


def test_no_proxy_goes_straight(driver, go, serve, monkeypatch):
    """Then it is the host itself that is not found, and not the proxy that is asked."""
    proxy = go(forward(serve(response())))

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = driver.ask("https://api.test", environ={"HTTPS_PROXY": proxy.url, "NO_PROXY": ".test"}).error
    monkeypatch.undo()
    assert error.kind == "unresolved"
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("refuse", "login", "words", "retryable"),
    [
        pytest.param(403, "me:hunter2", "403 Not Through Here", False, id="403"),
        pytest.param(None, "me:hunter3", "407 Not Through Here", False, id="407, a wrong password"),
        pytest.param(502, "me:hunter2", "502 Not Through Here", True, id="502, may pass"),
    ],
)
def test_a_proxy_that_refuses(driver, serve, authority, go, refuse, login, words, retryable):
    """Its status, its address, and not its password."""
    server = serve(response(), tls=authority.context("api.test"))
    proxy = go(forward(server, login="me:hunter2", refuse=refuse))
    environ = {"HTTPS_PROXY": proxy.url.replace("://", f"://{login}@"), "SSL_CERT_FILE": str(authority.file)}

    error = driver.ask("https://api.test", environ=environ).error

    assert isinstance(error, ConnectionFailedError)
    assert (error.kind, error.retryable) == ("proxy", retryable)
    assert words in str(error)
    assert proxy.url in str(error)
    assert "api.test:443" in str(error)
    assert "hunter" not in str(error)
    assert server.connections == 0


def test_a_proxy_that_is_not_there(driver, authority):
    """It is named, so that nobody looks for a mistake in the base URL; like any host that refuses it is tried twice."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environ = {"HTTPS_PROXY": f"http://me:hunter2@127.0.0.1:{port}", "SSL_CERT_FILE": str(authority.file)}
    error = driver.ask("https://api.test", environ=environ).error
    assert error.kind == "refused"
    assert f"through the proxy http://127.0.0.1:{port}: Connection refused" in str(error)
    assert "hunter" not in str(error)


def test_a_proxy_whose_name_is_not_known(driver, monkeypatch):
    """It is the proxy that was not found, and not the provider."""

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = driver.ask("https://api.test", environ={"HTTPS_PROXY": "http://proxy.invalid:3128"}).error
    assert error.kind == "unresolved"
    assert "through the proxy http://proxy.invalid:3128: Name or service not known" in str(error)


def test_a_proxy_that_hangs_up(driver, serve):
    """Neither refused nor unresolved: something that may pass."""
    proxy = serve(lambda peer: peer.reset())
    error = driver.ask("https://api.test", environ={"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}).error
    assert isinstance(error, ConnectionFailedError)
    assert error.retryable
    assert "api.test:443" in str(error)


def test_a_proxy_that_cuts_the_handshake(driver, serve):
    """After it had let us through: TLS with the host never came about."""

    def play(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        peer.socket.recv(1000)

    proxy = serve(play)
    error = driver.ask("https://api.test", environ={"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}).error
    assert error.kind == "proxy"
    assert f"through the proxy http://127.0.0.1:{proxy.port}" in str(error)


def test_a_host_of_which_every_address_refuses(driver, monkeypatch):
    """One has an IPv4 and an IPv6 address as a rule: it is as refused as a host with one, and not a riddle."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    def two(_host, _port, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.1", "127.0.0.2")]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    error = driver.ask("https://api.test").error
    monkeypatch.undo()
    assert (error.kind, error.exit_code) == ("refused", 6)


def test_what_a_proxy_says_before_tls_is_no_answer(driver, serve, authority):
    """A proxy may not speak for the host: what comes behind its own head is not encrypted, and not looked at."""

    def play(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n" + response())
        peer.socket.recv(1000)

    environ = {"HTTPS_PROXY": f"http://127.0.0.1:{serve(play).port}", "SSL_CERT_FILE": str(authority.file)}
    answer = driver.ask("https://api.test", environ=environ)
    assert isinstance(answer.error, ConnectionFailedError)
    assert answer.events == []


@pytest.mark.parametrize("whose", ["host", "proxy"])
def test_an_untrusted_certificate_behind_a_proxy(driver, serve, authority, go, whose, tmp_path):
    """It is the certificate that is wrong, and not the proxy that refuses."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    server = serve(response(), tls=authority.context("api.test"))
    proxy = go(forward(server, tls=authority.context("localhost") if whose == "proxy" else None))
    error = driver.ask("https://api.test", environ={"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(other)}).error
    assert error.kind == "untrusted"
    assert "api.test:443" in str(error)
    assert (proxy.url in str(error)) is (whose == "proxy")
    assert server.requests == []
