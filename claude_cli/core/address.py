"""Addresses: where a provider is, what leads there, and what may not be sent to it. Nothing here opens a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from .errors import UsageError
from .redact import Credential, redact


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL taken apart: `https://host:port/prefix`, without a trailing slash or `/v1`."""

    scheme: str
    host: str
    port: int
    prefix: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a browser would write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return f"{self.scheme}://{host}" + ("" if self.port == default else f":{self.port}")

    def url(self, path: str) -> str:
        """The full address of an API path such as `/v1/messages`."""
        return f"{self.origin}{self.prefix}{path}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine: `localhost`, 127.0.0.0/8 or ::1."""
        parts = self.host.split(".")
        numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 3]
        in_127 = len(parts) == len(numbers) == 4 and numbers[0] == 127 and max(numbers) <= 255
        return self.host in ("localhost", "::1") or in_127


def endpoint(base_url: str) -> Endpoint:
    """The endpoint that `base_url` names.

    Raises:
        UsageError: it is not an http(s) URL, or carries a password, a query or a fragment.
    """
    try:
        parts = urlsplit(base_url.strip())
        host, port = _ascii_host(parts.hostname or ""), parts.port
    except ValueError as error:
        raise UsageError(f"base URL {redact(base_url)!r} cannot be read: {redact(str(error))}") from error
    if parts.username is not None or parts.query or parts.fragment:
        # None of these is shown: each may be a secret.
        raise UsageError(f"the base URL of {host!r} may hold no user, query or fragment")
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"base URL {redact(base_url)!r} is not of the form https://host[:port][/path]")
    prefix = quote(parts.path.rstrip("/").removesuffix("/v1").rstrip("/"), safe="/%:@!$&'()*+,;=~")
    default = 443 if parts.scheme == "https" else 80
    return Endpoint(parts.scheme, host, default if port is None else port, prefix)


def _ascii_host(name: str) -> str:
    """The name as it goes into a request. Raises `ValueError` where it cannot be one."""
    host = name if name.isascii() else name.encode("idna").decode()
    if not all(character.isalnum() or character in "-._:%" for character in host):
        raise ValueError("the host's name holds a character that no name has")
    return host


def check_plain_http(target: Endpoint, key: Credential | None, allow_http: tuple[str, ...] = ()) -> None:
    """Refuse to send anything readable over a network.

    Args:
        target: where the request would go.
        key: what would go with it.
        allow_http: hosts that the user's own settings list.
    Raises:
        UsageError: plain http to another machine that is not listed, or with an Anthropic key.
    """
    if target.scheme == "https" or target.is_loopback:
        return
    if target.host not in allow_http:
        raise UsageError(
            f"{target.origin} is plain http on another machine: use https, or list {target.host!r} under allow_http"
            " in your settings"
        )
    if key is not None and key.is_anthropic:
        raise UsageError(f"an Anthropic key is never sent by plain http; use https for {target.host}")


@dataclass(frozen=True, slots=True)
class Proxy:
    """What requests go through: its address, without user and password, which are in `auth`."""

    url: str
    auth: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def is_secure(self) -> bool:
        """Whether the way to the proxy itself is encrypted."""
        return self.url.startswith("https:")


def proxy_for(target: Endpoint, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy the environment names for `target`; never one for this machine itself.

    `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, lower case first, as curl has it.

    Raises:
        UsageError: the proxy's address is not an http or https URL.
    """
    if target.is_loopback:
        return None
    # An upper-case HTTP_PROXY can be a request header in a CGI program, so it counts only outside of one.
    names = ["https_proxy", "HTTPS_PROXY"] if target.scheme == "https" else ["http_proxy"]
    if target.scheme == "http" and "REQUEST_METHOD" not in environ:
        names.append("HTTP_PROXY")
    source = next((name for name in [*names, "all_proxy", "ALL_PROXY"] if environ.get(name)), None)
    if source is None or _bypassed(target, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    return _proxy(environ[source].strip(), source)


def _proxy(address: str, source: str) -> Proxy:
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = _ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https") or not host:
        # Its value is not shown: what cannot be taken apart may hold its password anywhere.
        kind = "a SOCKS proxy" if parts.scheme.startswith("socks") else "something else"
        raise UsageError(f"{source} names {kind}; it takes an address like http://host:port")
    plain = Endpoint(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), "")
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Proxy(plain.origin, auth)


def _bypassed(target: Endpoint, no_proxy: str) -> bool:
    return any(_covers(entry.lower(), target) for entry in no_proxy.replace(",", " ").split())


def _covers(entry: str, target: Endpoint) -> bool:
    """Whether an entry of `NO_PROXY` speaks of `target`: `*`, a name and all below it, an address, a network."""
    if "/" in entry:
        return _in_network(target.host, entry)
    name, port = entry.strip("[]"), ""
    if entry.count(":") == 1 or "]:" in entry:
        name, _, port = entry.rpartition(":")
    name = name.strip("[]").removeprefix("*.").lstrip(".")
    if port and port != str(target.port):
        return False
    return name == "*" or target.host == name or (name != "" and target.host.endswith("." + name))


def _in_network(host: str, network: str) -> bool:
    from ipaddress import ip_address, ip_network

    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
