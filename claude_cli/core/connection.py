"""How to reach a provider: its address, its clocks, its proxy, its trust, and what may not be sent where.

Everything both transports need and neither should say twice. Nothing here opens a connection.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import ClaudeError, ConnectionFailedError, ProtocolError, ProviderError, TimedOutError, UsageError
from .redact import Credential, redact

if TYPE_CHECKING:
    import ssl

DEFAULT_BASE_URL = "https://api.anthropic.com"
MAX_BODY_BYTES = 64 * 1024 * 1024
"""Most that is read of an answer that is one JSON document."""
MAX_ERROR_BYTES = 256 * 1024
"""Most that is read of an error's body: a proxy's HTML page can be any size."""
MAX_STREAM_BYTES = 256 * 1024 * 1024
"""Most that is read of one stream: a thousand times the longest answer a model gives."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, all of them.

    Attributes:
        connect: for the connection, TLS included.
        first_byte: from the request's start to the response's head.
        idle: between two reads of the body; a ping counts as sound.
        pings_only: while nothing but pings comes.
        total: for the whole call with its retries; None: no limit.
    """

    connect: float = 10.0
    first_byte: float = 600.0
    idle: float = 300.0
    pings_only: float = 900.0
    total: float | None = None


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
        in_127 = len(parts) == 4 and parts[0] == "127" and all(part.isascii() and part.isdigit() for part in parts)
        return self.host in ("localhost", "::1") or in_127


def endpoint(base_url: str) -> Endpoint:
    """The endpoint that `base_url` names.

    Raises:
        UsageError: it is not an http(s) URL, or carries a password, a query or a fragment.
    """
    try:
        parts = urlsplit(base_url.strip())
        port = parts.port
    except ValueError as error:
        raise UsageError(f"base URL {redact(base_url)!r} cannot be read: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"base URL {redact(base_url)!r} is not of the form https://host[:port][/path]")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError(f"base URL {redact(base_url)!r} may hold no user, query or fragment")
    prefix = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return Endpoint(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), prefix)


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


def proxy_for(target: Endpoint, environ: Mapping[str, str]) -> str | None:
    """The proxy the environment names for `target`; never one for this machine itself.

    `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, lower case first, as curl has it.

    Raises:
        UsageError: the proxy's address is not an http(s) or socks5 URL.
    """
    if target.is_loopback:
        return None
    # An upper-case HTTP_PROXY can be a request header in a CGI program, so it counts only outside of one.
    names = ["https_proxy", "HTTPS_PROXY"] if target.scheme == "https" else ["http_proxy"]
    if target.scheme == "http" and "REQUEST_METHOD" not in environ:
        names.append("HTTP_PROXY")
    proxy = next((environ[name] for name in [*names, "all_proxy", "ALL_PROXY"] if environ.get(name)), None)
    if proxy is None or _bypassed(target, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https", "socks5", "socks5h"):
        raise UsageError(f"the proxy {redact(proxy)!r} is not an http, https or socks5 URL")
    return proxy


def _bypassed(target: Endpoint, no_proxy: str) -> bool:
    for entry in no_proxy.replace(",", " ").split():
        name, _, port = (
            entry.lstrip(".").removeprefix("*.").rpartition(":") if entry.count(":") == 1 else (entry, "", "")
        )
        name = name.lstrip(".").removeprefix("*.").lower()
        if port and port != str(target.port):
            continue
        if name == "*" or target.host == name or target.host.endswith("." + name):
            return True
    return False


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """What is trusted: `SSL_CERT_FILE` and `SSL_CERT_DIR` where set, else the system's, else certifi's bundle.

    A hashed directory costs nothing to name, where reading a whole bundle takes 15 ms.

    Raises:
        UsageError: a file or directory named in the environment cannot be used.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    cafile, capath = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    for name, value in (("SSL_CERT_FILE", cafile), ("SSL_CERT_DIR", capath)):
        if value and not Path(value).exists():
            raise UsageError(f"{name} is set to {value}, which does not exist; correct or unset it")
    system = ssl.get_default_verify_paths().capath
    try:
        if cafile or capath:
            context.load_verify_locations(cafile=cafile or None, capath=capath or None)
        elif system and any(Path(system).glob("*.0")):
            context.load_verify_locations(capath=system)
        else:
            import certifi

            context.load_verify_locations(cafile=certifi.where())
    except OSError as error:  # SSLError is one
        raise UsageError(f"the certificates in {cafile or capath} cannot be read: {error}") from error
    return context


@dataclass(slots=True)
class Watch:
    """The clocks of one try: how long the next read may take, and what it means when it took longer."""

    timeouts: Timeouts
    clock: Callable[[], float]
    deadline: float | None = None
    _start: float = field(init=False)
    _content: float = field(init=False)
    reading: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Start all clocks now."""
        self._start = self._content = self.clock()

    def heard(self, *, content: bool) -> None:
        """Something came: the head, a ping, or (`content`) anything more than pings."""
        self.reading = True
        if content:
            self._content = self.clock()

    def limit(self) -> float:
        """Seconds the next step may take, at least a millisecond, so that it is the step that times out."""
        now = self.clock()
        limits = [self._step_limit(now)]
        if self.deadline is not None:
            limits.append(self.deadline - now)
        return max(min(limits), 0.001)

    def _step_limit(self, now: float) -> float:
        if not self.reading:
            return self._start + self.timeouts.first_byte - now
        return min(self.timeouts.idle, self._content + self.timeouts.pings_only - now)

    def error(self) -> TimedOutError:
        """Which clock ran out."""
        now = self.clock()
        if self.deadline is not None and now >= self.deadline - 0.005:
            return deadline_error()
        if not self.reading:
            return TimedOutError(f"no answer came within {self.timeouts.first_byte:g} s")
        if now >= self._content + self.timeouts.pings_only - 0.005:
            return TimedOutError(f"nothing but pings came for {self.timeouts.pings_only:g} s")
        return TimedOutError(f"the answer fell silent for {self.timeouts.idle:g} s")


def deadline_error() -> TimedOutError:
    """The call as a whole took longer than it may."""
    return TimedOutError("the time allowed for the whole call (--timeout) is over", retryable=False)


def translate(
    error: Exception, target: Endpoint, *, proxy: str | None = None, watch: Watch | None = None
) -> ClaudeError:
    """Our error for one of the HTTP library's. httpx and httpcore name theirs alike, so one table serves both."""
    name = type(error).__name__
    where = f"{target.host}:{target.port}"
    if name in ("ReadTimeout", "WriteTimeout", "TimeoutError") and watch:
        return watch.error()
    if name == "ConnectTimeout":
        return TimedOutError(f"no connection to {where} within the time allowed; check the network and the proxy")
    if name in ("ProxyError", "UnsupportedProtocol") or (proxy and name == "ConnectError"):
        return ConnectionFailedError(
            f"the proxy {redact(proxy or '')} did not let us through to {where}: {_cause(error)}", kind="proxy"
        )
    if name == "ConnectError":
        return _connect_error(error, where)
    if name == "RemoteProtocolError" and "disconnect" not in str(error) and "peer closed" not in str(error):
        return ProtocolError(f"{where} does not speak HTTP as it should: {redact(str(error))}")
    return ConnectionFailedError(f"the connection to {where} broke: {_cause(error)}", kind="broken")


def _connect_error(error: Exception, where: str) -> ProviderError:
    for cause in _chain(error):
        if isinstance(cause, socket.gaierror):
            return ConnectionFailedError(
                f"{where.rpartition(':')[0]} was not found; check the base URL and the network", kind="unresolved"
            )
        if type(cause).__name__ in ("SSLCertVerificationError", "CertificateError"):
            reason = getattr(cause, "verify_message", "") or str(cause)
            return ConnectionFailedError(
                f"{where} shows a certificate that is not trusted ({reason}); a private CA goes into SSL_CERT_FILE",
                kind="untrusted",
            )
        if isinstance(cause, ConnectionRefusedError):
            return ConnectionFailedError(f"{where} refused the connection; is the server running?", kind="refused")
    return ConnectionFailedError(f"no connection to {where}: {_cause(error)}", kind="broken")


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        nested = getattr(error, "exceptions", ())  # an exception group, from attempts at several addresses
        found.extend(nested)
        error = error.__cause__ or error.__context__
    return found


def _cause(error: BaseException) -> str:
    """The deepest cause that says something, in its own words."""
    for cause in reversed(_chain(error)):
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            return redact(os.strerror(cause.errno) if cause.errno > 0 else cause.strerror)
    return redact(str(error)) or type(error).__name__
