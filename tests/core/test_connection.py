"""Addresses, proxies, trust and clocks, as tables: nothing here opens a connection."""

from __future__ import annotations

import socket
import ssl
from itertools import pairwise

import httpcore
import pytest

from claude_cli.core.address import Endpoint, check_plain_http, endpoint, proxy_for
from claude_cli.core.connection import NAP_S, Timeouts, Watch, pause, tls_context, translate
from claude_cli.core.errors import TimedOutError, UsageError
from claude_cli.core.redact import credential, redact

HTTPS = endpoint("https://api.test")
HTTP = endpoint("http://api.test")


# ------------------------------------------------------------------------------------------------ addresses
@pytest.mark.parametrize(
    ("text", "origin", "url"),
    [
        ("https://api.anthropic.com", "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ("https://API.Anthropic.com:443/", "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ("  http://localhost:8080/v1\n", "http://localhost:8080", "http://localhost:8080/v1/messages"),
        ("http://localhost:80/v1/", "http://localhost", "http://localhost/v1/messages"),
        ("http://[::1]:8080", "http://[::1]:8080", "http://[::1]:8080/v1/messages"),
        ("https://h/team a/ü", "https://h", "https://h/team%20a/%C3%BC/v1/messages"),
        ("https://h/a%20b", "https://h", "https://h/a%20b/v1/messages"),
        ("https://bücher.test", "https://xn--bcher-kva.test", "https://xn--bcher-kva.test/v1/messages"),
        ("https://h:0", "https://h:0", "https://h:0/v1/messages"),
    ],
)
def test_a_base_url_is_taken_apart(text, origin, url):
    """With or without `/v1`, default ports, capitals, blanks: people paste what they have."""
    target = endpoint(text)
    assert (target.origin, target.url("/v1/messages")) == (origin, url)


@pytest.mark.parametrize(
    "text",
    [
        "", "api.anthropic.com", "ftp://h", "https://", "https:///v1", "https://h:x", "https://h:70000", "https://[::1",
        "https://user:hunter2@h", "https://h?key=hunter2", "https://h#hunter2", "https://a b", "https://a\x00b",
        "https://" + "ü" * 80, "https://user:hunter2@h:x",
    ],
)  # fmt: skip
def test_what_is_no_base_url_is_refused_and_tells_no_secret(text):
    """A password or a key in a URL ends up in logs; here it does not even get into the message."""
    with pytest.raises(UsageError) as caught:
        endpoint(text)
    assert "base URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.255.0.9", True), ("::1", True),
        ("127.0.0.256", False), ("127.0.0.1.example.com", False), ("127.0.0", False), ("127.0.0.1000", False),
        ("127.0.0.²", False), ("128.0.0.1", False), ("0.0.0.0", False), ("localhost.example.com", False),
        ("127.example.com.org", False), ("::2", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(host, loopback):
    """A name that only looks like 127.0.0.1 may be anybody's."""
    assert Endpoint("http", host, 80, "").is_loopback is loopback


@pytest.mark.parametrize(
    ("url", "key", "listed", "words"),
    [
        pytest.param("https://api.test", "sk-ant-api03-x", (), None, id="https"),
        pytest.param("http://localhost:1", "sk-ant-api03-x", (), None, id="this machine"),
        pytest.param("http://api.test", None, (), "allow_http", id="not listed, no key"),
        pytest.param("http://api.test", "key-123", (), "allow_http", id="not listed"),
        pytest.param("http://api.test", "key-123", ("other.test",), "allow_http", id="another one listed"),
        pytest.param("http://api.test", "key-123", ("api.test",), None, id="listed"),
        pytest.param("http://api.test:8080", None, ("api.test",), None, id="listed, any port"),
        pytest.param("http://api.test", "sk-ant-api03-x", ("api.test",), "never sent by plain http", id="sk-ant- key"),
        pytest.param("http://api.test", "sk-ant-oat01-x", ("api.test",), "never sent by plain http", id="OAuth token"),
    ],
)
def test_plain_http_to_another_machine(url, key, listed, words):
    """Only where the user's own settings list the host, and never with an Anthropic key."""
    held = credential(key, source="the test") if key else None
    if words is None:
        check_plain_http(endpoint(url), held, listed)
        return
    with pytest.raises(UsageError, match=words) as caught:
        check_plain_http(endpoint(url), held, listed)
    assert key is None or key not in str(caught.value)


# ------------------------------------------------------------------------------------------------ proxies
P1, P2 = "http://one.test:3128", "http://two.test:3128"


@pytest.mark.parametrize(
    ("target", "environ", "url"),
    [
        pytest.param(HTTPS, {}, None, id="none"),
        pytest.param(HTTPS, {"HTTPS_PROXY": P1}, P1, id="upper case"),
        pytest.param(HTTPS, {"HTTPS_PROXY": P1, "https_proxy": P2}, P2, id="lower case first"),
        pytest.param(HTTPS, {"HTTPS_PROXY": P1, "https_proxy": ""}, P1, id="an empty one is none"),
        pytest.param(HTTPS, {"HTTP_PROXY": P1}, None, id="HTTP_PROXY is not for https"),
        pytest.param(HTTPS, {"ALL_PROXY": P1}, P1, id="ALL_PROXY"),
        pytest.param(HTTPS, {"ALL_PROXY": P1, "HTTPS_PROXY": P2}, P2, id="the exact one first"),
        pytest.param(HTTP, {"HTTP_PROXY": P1}, P1, id="http"),
        pytest.param(HTTP, {"HTTP_PROXY": P1, "REQUEST_METHOD": "GET"}, None, id="inside CGI it is a header"),
        pytest.param(HTTP, {"http_proxy": P1, "REQUEST_METHOD": "GET"}, P1, id="inside CGI, lower case"),
        pytest.param(HTTPS, {"HTTPS_PROXY": "one.test:3128"}, P1, id="without a scheme"),
        pytest.param(HTTPS, {"HTTPS_PROXY": "one.test"}, "http://one.test", id="without a port"),
        pytest.param(HTTPS, {"HTTPS_PROXY": "https://one.test"}, "https://one.test", id="itself https"),
        pytest.param(HTTPS, {"HTTPS_PROXY": "http://[::1]:3128"}, "http://[::1]:3128", id="IPv6"),
        pytest.param(endpoint("http://localhost"), {"HTTP_PROXY": P1, "ALL_PROXY": P1}, None, id="never for localhost"),
        pytest.param(endpoint("https://127.0.0.2"), {"HTTPS_PROXY": P1}, None, id="never for 127.0.0.2"),
        pytest.param(endpoint("https://[::1]"), {"HTTPS_PROXY": P1}, None, id="never for ::1"),
    ],
)
def test_which_proxy(target, environ, url):
    """As curl has it."""
    found = proxy_for(target, environ)
    assert (found and found.url) == url


def test_a_proxy_does_not_show_its_password():
    """It is decoded for the header it travels in, and kept out of everything that is shown."""
    found = proxy_for(HTTPS, {"HTTPS_PROXY": "http://me:p%40ss%2Fw@one.test:3128/"})
    assert found.auth == ("me", "p@ss/w")
    assert found.url == P1
    assert "ss" not in repr(found)


@pytest.mark.parametrize(
    "value", ["socks5://me:hunter2@h:1", "socks5h://h", "ftp://h", "http://h:hunter2", "http://", "http://[::1", "://"]
)
def test_what_is_no_proxy_is_refused_by_the_name_of_its_variable(value):
    """Going around a proxy in silence would be worse; showing its value might show its password."""
    with pytest.raises(UsageError, match="HTTPS_PROXY") as caught:
        proxy_for(HTTPS, {"HTTPS_PROXY": value})
    assert "hunter2" not in str(caught.value)
    assert redact(str(caught.value)) == str(caught.value), "it must be readable where it is shown"


@pytest.mark.parametrize(
    ("entry", "url", "direct"),
    [
        ("*", "https://api.test", True),
        ("api.test", "https://api.test", True),
        ("API.test", "https://api.test", True),
        ("test", "https://api.test", True),
        (".test", "https://api.test", True),
        ("*.test", "https://api.test", True),
        ("a.test, api.test", "https://api.test", True),
        ("a.test api.test", "https://api.test", True),
        ("api.test:443", "https://api.test", True),
        ("api.test:8443", "https://api.test", False),
        (".test:443", "https://api.test", True),
        ("pi.test", "https://api.test", False),
        ("api.test.org", "https://api.test", False),
        (".", "https://api.test", False),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://api.test", False),
        ("not/a/network", "https://api.test", False),
        ("fd00::1", "https://[fd00::1]", True),
        ("[fd00::1]", "https://[fd00::1]", True),
        ("[fd00::1]:443", "https://[fd00::1]", True),
        ("[fd00::1]:8443", "https://[fd00::1]", False),
        ("fd00::/8", "https://[fd00::1]", True),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy(name, entry, url, direct):
    """All the forms that are found in the wild."""
    found = proxy_for(endpoint(url), {"HTTPS_PROXY": P1, name: entry})
    assert (found is None) is direct


# ------------------------------------------------------------------------------------------------ trust
@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there(name, tmp_path):
    """OpenSSL would take a missing folder without a word, and trust nobody."""
    with pytest.raises(UsageError, match=f"{name} is set to .*which does not exist"):
        tls_context({name: str(tmp_path / "missing")})


def test_certificates_that_are_none(tmp_path):
    """A file of something else is named."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(UsageError, match=r"ca\.pem cannot be read"):
        tls_context({"SSL_CERT_FILE": str(file)})


def test_without_a_folder_of_the_system_certifis_bundle_is_trusted(monkeypatch, tmp_path):
    """Some systems have no hashed folder, or an empty one."""
    paths = ssl.get_default_verify_paths()._replace(capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    assert len(tls_context({}).get_ca_certs()) > 20


def test_a_folder_of_the_system_is_named_and_not_read(monkeypatch, tmp_path):
    """Reading a whole bundle takes 15 ms."""
    (tmp_path / "0a0b0c0d.0").write_text("")
    paths = ssl.get_default_verify_paths()._replace(capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    context = tls_context({})
    assert context.get_ca_certs() == []
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


# ------------------------------------------------------------------------------------------------ clocks
class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


LIMITS = Timeouts(connect=10, first_byte=600, idle=300, pings_only=900)


def test_the_head_is_waited_for_from_the_start_of_the_request(clock):
    """Connecting, sending and waiting share the time to the first byte."""
    watch = Watch(LIMITS, clock)
    clock.now += 590
    assert watch.limit() == 10
    clock.now += 20
    assert watch.limit() == 0.001
    assert str(watch.error()) == "no answer came within 600 s"


def test_a_ping_is_sound_but_no_content(clock):
    """Silence is 300 s at most, and so many pings in a row 900 s."""
    watch = Watch(LIMITS, clock)
    watch.head({})
    for _ in range(8):
        clock.now += 100
        assert watch.limit() in (300, 200, 100)
        watch.heard(content=False)
    assert watch.limit() == 100
    clock.now += 100
    assert str(watch.error()) == "nothing but pings or drops of an answer came for 900 s"
    watch.heard(content=True)
    assert watch.limit() == 300
    clock.now += 300
    assert str(watch.error()) == "the answer fell silent for 300 s"


def test_the_deadline_of_the_call_goes_before_the_clocks_of_the_try(clock):
    """It is not retried: there is no time left for it."""
    watch = Watch(LIMITS, clock, deadline=105.0)
    assert watch.limit() == 5
    assert watch.error().retryable
    clock.now += 6
    assert watch.limit() == 0.001
    assert not watch.error().retryable
    assert "--timeout" in str(watch.error())


# ------------------------------------------------------------------------------------------------ words
def chained(*errors: BaseException) -> BaseException:
    """The first error, caused by the second, and so on."""
    for error, cause in pairwise(errors):
        error.__cause__ = cause
    return errors[0]


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


def attempts(*errors: Exception) -> BaseException:
    """As anyio tells of several addresses that were tried."""
    return chained(OSError("All connection attempts failed"), ExceptionGroup("attempts", list(errors)))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        pytest.param(
            chained(httpcore.ConnectError("x"), socket.gaierror(-2, "Name or service not known")),
            "unresolved", "api.test was not found", id="unresolved",
        ),
        pytest.param(
            chained(httpcore.ConnectError("x"), attempts(OSError(101, "x"), ConnectionRefusedError(111, "x"))),
            "refused", "api.test:443 refused", id="refused, one of two addresses",
        ),
        pytest.param(
            chained(httpcore.ConnectError("x"), attempts(OSError(101, "Connect call failed"))),
            "broken", "Network is unreachable", id="unreachable",
        ),
        pytest.param(
            chained(httpcore.ConnectError("x"), untrusted()), "untrusted", "SSL_CERT_FILE", id="untrusted",
        ),
        pytest.param(
            chained(httpcore.ConnectError("x"), ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")),
            "broken", "TLS failed ([ssl: wrong version number]", id="no TLS",
        ),
        pytest.param(
            chained(httpcore.ReadError(""), ConnectionResetError(104, "whatever asyncio says")),
            "broken", "Connection reset by peer", id="reset",
        ),
        pytest.param(httpcore.ReadError(""), "broken", "ReadError", id="nothing but a name"),
        pytest.param(httpcore.RemoteProtocolError("Server disconnected"), "broken", "disconnected", id="disconnected"),
    ],
)  # fmt: skip
def test_the_cause_is_found_however_deep_it_lies(error, kind, words):
    """The libraries wrap, chain and group; people need the one line that says what it was."""
    watch = Watch(LIMITS, Clock())
    watch.head({"request-id": "req_1"})
    found = translate(error, HTTPS, watch=watch)
    assert found.kind == kind
    assert words in str(found)
    assert found.request_id == "req_1"


def test_a_connection_that_takes_too_long():
    """It is told apart from a call that has no time left."""
    clock = Clock()
    watch = Watch(LIMITS, clock, deadline=130.0)
    first = translate(httpcore.ConnectTimeout("x"), HTTPS, watch=watch)
    clock.now += 30
    second = translate(httpcore.ConnectTimeout("x"), HTTPS, watch=watch)
    assert isinstance(first, TimedOutError)
    assert (first.retryable, second.retryable) == (True, False)
    assert "no connection to api.test:443" in str(first)
    assert "--timeout" in str(second)
    assert not (first.maybe_billed or second.maybe_billed)  # nothing has been sent
    assert translate(httpcore.ReadTimeout("x"), HTTPS, watch=watch).maybe_billed


@pytest.mark.parametrize(
    ("head_came", "waited_s", "billed"),
    [
        pytest.param(False, 0, False, id="at once"),
        pytest.param(True, 0, True, id="behind the head"),
        pytest.param(False, 5, True, id="after a while"),
    ],
)
def test_an_answer_that_breaks_off_may_be_billed(head_came, waited_s, billed):
    """One that comes in one piece has all been worked out when its head comes, though no event tells of it."""
    clock = Clock()
    watch = Watch(LIMITS, clock)
    if head_came:
        watch.head({})
    clock.now += waited_s
    assert translate(httpcore.ReadError("x"), HTTPS, watch=watch).maybe_billed is billed


@pytest.mark.parametrize("seconds", [0.0, 0.1, NAP_S, 1.1])
def test_a_wait_is_made_of_naps(seconds):
    """A signal that comes between Python and the system's sleep is lost on a sleep of any length."""
    now, naps = 100.0, []

    def sleep(length: float) -> None:
        nonlocal now
        now += length
        naps.append(length)

    pause(seconds, sleep=sleep, clock=lambda: now)
    assert sum(naps) == pytest.approx(seconds) and max(naps, default=0.0) <= NAP_S
