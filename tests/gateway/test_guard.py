"""Who may call at all: Host, Origin and what browsers add, on requests, preflights and handshakes."""

from __future__ import annotations

import pytest

from claude_cli.gateway.config import Config
from claude_cli.gateway.guard import Guard, preflight
from claude_cli.gateway.refusal import Refusal

from .conftest import CHAT, HELLO

APP = "https://app.example"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:4003",
        "localhost:80",
        "LOCALHOST",
        "[::1]:4003",
        "[::1]",
        "gw.example:8443",
        "localhost:",
    ],
)
def test_its_own_names_may_be_called(host):
    """With any port: another may be forwarded to ours."""
    assert Guard(Config(hosts=("gw.example",))).check({"host": host}) == {}


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4003", "127.0.0.1.evil.example", "localhost.evil.example:1", "", "localhost, evil"],
)
def test_another_name_is_dns_rebinding(host):
    """A page whose name has been made to point here is of one origin with us: only Host gives it away."""
    with pytest.raises(Refusal) as refused:
        Guard(Config()).check({"host": host})
    assert (refused.value.status, refused.value.code) == (403, "host_not_allowed")
    assert "start it with --allow-host NAME (serve.allow_hosts)" in str(refused.value)


def test_whoever_is_refused_is_told_what_came():
    """Behind a proxy that is how its operator finds out; whatever stands there, it is one short line."""
    words = ["", ""]
    for number, headers in enumerate(
        ({"host": "gw.example\x1b[2J:80"}, {"host": "[::1]", "origin": "https://a\u202e" * 99})
    ):
        with pytest.raises(Refusal) as refused:
            Guard(Config()).check(headers)
        words[number] = str(refused.value)
    assert "'gw.example" in words[0] and "'https://a" in words[1] and "--cors-origin" in words[1]
    assert all(text.isprintable() and len(text) < 220 for text in words)


def test_a_request_without_a_host_is_refused():
    """No browser sends one."""
    with pytest.raises(Refusal):
        Guard(Config()).check({})


@pytest.mark.parametrize(
    ("config", "host", "allowed"),
    [
        (Config(host="0.0.0.0"), "anything.example", True),
        (Config(host="0.0.0.0", hosts=("gw.example",)), "gw.example", True),
        (Config(host="0.0.0.0", hosts=("GW.example",)), "gw.EXAMPLE:443", True),
        (Config(host="0.0.0.0", hosts=("gw.example",)), "anything.example", False),
        (Config(host="::1"), "[::1]:4003", True),
        (Config(host="127.0.0.2"), "127.0.0.2:4003", True),
        (Config(host="127.0.0.2"), "evil.example", False),
    ],
    ids=["anywhere", "named", "named-in-capitals", "not-named", "ipv6", "other-loopback", "other-loopback-strange"],
)
def test_elsewhere_than_on_loopback_names_are_checked_where_there_are_some(config, host, allowed):
    """Nobody but its owner knows by which names a machine is called."""
    try:
        Guard(config).check({"host": host})
    except Refusal:
        assert not allowed
    else:
        assert allowed


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:4003"},
        {"origin": f"{APP}.evil.example"},
        {"origin": f"{APP}, https://evil.example"},
        {"origin": APP.upper()},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=["strange", "null", "ours", "suffix", "two", "capitals", "no-cors-read", "sibling"],
)
def test_a_page_of_another_origin_may_not_call(headers):
    """It needs no key to be read where none is asked for; and with one, a page must not try out keys."""
    guard = Guard(Config(cors_origins=(APP, "null", "*")))
    with pytest.raises(Refusal) as refused:
        guard.check({"host": "localhost", **headers})
    assert (refused.value.status, refused.value.code) == (403, "origin_not_allowed")


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "none"}, {"sec-fetch-site": "same-origin"}])
def test_who_is_no_page_is_let_in(headers):
    """curl and libraries send no origin; an address typed into a browser is nobody else's."""
    assert Guard(Config()).check({"host": "localhost", **headers}) == {}


def test_a_page_that_may_call_gets_its_answers_to_read(gateway):
    """Also the errors, and the headers that say what it cost."""
    running = gateway(config={"cors_origins": (APP,)}, keys={})
    for answer in (running.chat(headers={"origin": APP}), running.get("/v1/nothing", origin=APP)):
        assert answer.status in (401, 404)
        assert answer.headers["access-control-allow-origin"] == APP
        assert answer.headers["vary"] == "Origin"
        assert "x-request-id" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers


def test_a_preflight_is_answered_without_a_key(gateway):
    """Browsers send it without one."""
    running = gateway(config={"cors_origins": (APP,)}, keys={})
    asked = {
        "origin": APP, "access_control_request_method": "POST",
        "access_control_request_headers": "authorization,content-type,x-stainless-os",
    }  # fmt: skip
    answer = running.ask("OPTIONS", CHAT, **asked)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == APP
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type,x-stainless-os"
    assert running.ask("OPTIONS", CHAT, **{**asked, "origin": "https://evil.example"}).status == 403
    assert running.upstream.requests == []


def test_a_preflight_repeats_no_header_that_is_none():
    """What it allows is the client's own text: not more of it than names."""
    assert "access-control-allow-headers" not in preflight({"access-control-request-headers": "x\r\nevil: 1"})
    assert (
        preflight({"access-control-request-private-network": "true"})["access-control-allow-private-network"] == "true"
    )


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"host": "evil.example"}],
    ids=["origin", "null", "host"],
)
@pytest.mark.parametrize("path", [CHAT, "/v1/messages", "/v1/models", "/socket", "/healthz"])
def test_nothing_is_outside_the_guard(gateway, headers, path):
    """Handshakes included: WebSockets know no CORS, the origin is all there is."""
    running = gateway()
    upgrade = {
        "connection": "Upgrade", "upgrade": "websocket", "sec_websocket_version": "13",
        "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    if path == "/socket":
        answer = running.get(path, **{**headers, **upgrade})
    else:
        answer = running.ask("POST", path, HELLO, **headers)
    assert answer.status == 403
    assert ("has no host" if "host" in headers else "may not call") in answer.json["error"]["message"]
    assert running.upstream.requests == []
