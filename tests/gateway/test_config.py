"""What the gateway is told of hosts and web pages: what could never match is refused."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.gateway.config import Config, configured
from claude_cli.gateway.guard import Guard
from claude_cli.gateway.refusal import Refusal
from claude_cli.storage.settings_serve import ServeSettings


def _configured(**flags) -> Config:
    return configured(ServeSettings(), **flags)


@pytest.mark.parametrize(
    ("origin", "sent"),
    [
        ("https://app.example", "https://app.example"),
        ("https://App.Example", "https://app.example"),
        ("HTTPS://app.example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_becomes_what_browsers_send(origin, sent):
    """In lower case, and without the port that its scheme has anyway: any other is equal to none."""
    config = _configured(cors_origins=(origin,))
    assert config.cors_origins == (sent,)
    assert Guard(config).check({"host": "localhost", "origin": sent})


@pytest.mark.parametrize(
    "origin",
    [
        "*", "null", "", "app.example", "https://", "https://*.example", "https://u@app.example", "https://:443",
        "https://app.example/", "https://app.example/page", "https://app.example?x", "https://app.example:x",
        "https://app.example:99999", "https://app example", "https://bücher.example", "ftp://app.example",
        "http://[::1", "https://a.example,https://b.example",
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_no_origin(origin):
    """Without a word it would let in nobody, and whoever wrote it would search for the reason elsewhere."""
    with pytest.raises(UsageError, match="is no origin; name each web page"):
        _configured(cors_origins=(origin,))


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("gw.example", "gw.example:8443"),
        ("GW.Example", "gw.example"),
        ("gw", "gw"),
        ("my_host", "my_host"),
        ("192.0.2.7", "192.0.2.7:80"),
        ("2001:db8::7", "[2001:db8::7]:4003"),
        ("[2001:db8::7]", "[2001:db8::7]"),
    ],
)
def test_a_host_is_found_again(host, asked):
    """However its name is written, and whatever port a request names."""
    assert Guard(_configured(hosts=(host,))).check({"host": asked}) == {}
    with pytest.raises(Refusal):
        Guard(_configured(hosts=(host,))).check({"host": "evil.example"})


@pytest.mark.parametrize(
    "host",
    ["*", "", "*.example", "gw.example:4003", "[::1]:4003", "https://gw.example", "gw.example/", "a,b", "bü.example"],
)
def test_what_is_no_name_of_a_host_is_refused(host):
    """No Host header would ever be equal to it."""
    with pytest.raises(UsageError, match="is no name of a host; name it alone"):
        _configured(hosts=(host,))
