"""Who may call at all, by what browsers say of themselves: a web page must not spend somebody else's money.

A page can send requests to this machine without being asked, and by DNS rebinding even read the answers. Its browser
names the page's origin, and the host it believes to talk to.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..core.harmless import one_line
from .config import Config, is_loopback
from .refusal import Refusal

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_EXPOSED = (
    "x-request-id, x-upstream-request-id, x-claude-cli-model, x-claude-cli-dropped-params, x-claude-cli-cost-usd,"
    " x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests,"
    " x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, retry-after, x-should-retry"
)
"""The headers a page may read besides the few that all may."""
_MOST_TOLD = 100
"""Characters."""
_PREFLIGHT_S = "600"
"""How long a browser may remember the answer to a preflight."""


class Guard:
    """Looks at `Host` and `Origin`."""

    def __init__(self, config: Config) -> None:
        """Let in what `config` allows."""
        self._origins = frozenset(origin for origin in config.cors_origins if origin not in ("null", "*"))
        self._hosts: frozenset[str] | None = None
        if is_loopback(config.host) or config.hosts:
            self._hosts = frozenset((*_LOOPBACK, _bracketed(config.host), *map(_bracketed, config.hosts)))

    def check(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Headers that the response to a request with `headers` needs, whatever it is.

        Raises:
            Refusal: 403, it is a web page's that may not call, or was meant for another host.
        """
        host = headers.get("host", "")
        if self._hosts is not None and _without_port(host) not in self._hosts:
            words = f"the gateway has no host {_told(host)}; start it with --allow-host NAME (serve.allow_hosts)"
            raise Refusal(403, words, code="host_not_allowed")
        origin = headers.get("origin")
        if origin is None:
            if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
                raise _stranger("")  # an image or a script of a page: no-cors requests that read have no origin
            return {}
        if origin not in self._origins:
            raise _stranger(origin)
        return {"access-control-allow-origin": origin, "vary": "Origin", "access-control-expose-headers": _EXPOSED}


def preflight(headers: Mapping[str, str]) -> Mapping[str, str]:
    """What a browser is told that asks, for a page that may call, whether it may send a request like that."""
    asked = headers.get("access-control-request-headers", "")
    found = {"access-control-allow-methods": "GET, HEAD, POST", "access-control-max-age": _PREFLIGHT_S}
    if asked.isascii() and asked.isprintable() and asked:
        found["access-control-allow-headers"] = asked
    if headers.get("access-control-request-private-network") == "true":
        found["access-control-allow-private-network"] = "true"
    return found


def _stranger(origin: str) -> Refusal:
    whose = f"web pages of {_told(origin)}" if origin else "other web pages"
    words = f"{whose} may not call; start the gateway with --cors-origin ORIGIN (serve.cors_origins)"
    return Refusal(403, words, code="origin_not_allowed")


def _told(text: str) -> str:
    """What came, so that it can be told."""
    return repr(one_line(text, _MOST_TOLD))


def _bracketed(host: str) -> str:
    """`host` as it stands in a URL, in lower case."""
    host = host.lower()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _without_port(host: str) -> str:
    """The host of a `Host` header, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and (port.isdecimal() or not port) else host).lower()
