"""What both transports need and neither should say twice: clocks, trust, bounds, and words for what went wrong.

Where they connect to is `address.py`'s. Nothing here opens a connection.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .address import Endpoint, Proxy
from .errors import ConnectionFailedError, ProtocolError, ProviderError, TimedOutError, UsageError
from .harmless import one_line
from .redact import Secret, redact

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
        connect: for the connection, and again for its TLS handshake.
        first_byte: from the request's start to the response's head.
        idle: between two reads of the body; a ping counts as sound.
        pings_only: while nothing but pings comes.

    The whole call, retries included, is bounded by `RetryPolicy.timeout_s`.
    """

    connect: float = 10.0
    first_byte: float = 600.0
    idle: float = 300.0
    pings_only: float = 900.0


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """What is trusted: `SSL_CERT_FILE` and `SSL_CERT_DIR` where set, else the system's, else certifi's bundle.

    A hashed directory costs nothing to name, where reading a whole bundle takes 15 ms.

    Raises:
        UsageError: a file or directory named in the environment cannot be used.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    cafile, capath = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    folders = [folder for folder in (capath or "").split(os.pathsep) if folder]
    for name, value in (("SSL_CERT_FILE", cafile), *(("SSL_CERT_DIR", folder) for folder in folders)):
        if value and not Path(value).exists():
            raise UsageError(f"{name} is set to {value}, which does not exist; correct or unset it")
    system = ssl.get_default_verify_paths().capath
    try:
        if cafile or folders:
            for folder in folders:
                context.load_verify_locations(capath=folder)
            if cafile:
                context.load_verify_locations(cafile=cafile)
        elif system and any(Path(system).glob("*.0")):
            context.load_verify_locations(capath=system)
        else:
            import certifi

            context.load_verify_locations(cafile=certifi.where())
    except OSError as error:  # SSLError is one
        raise UsageError(f"the certificates in {cafile or capath} cannot be read: {error}") from error
    return context


DEAD_S = 0.5
"""A kept connection that was closed while it lay idle shows it at once; one that breaks later had taken the request."""


@dataclass(slots=True)
class Watch:
    """The clocks of one try: how long the next step may take, and what it means when it took longer.

    `request_id` is the provider's id of the try, and `reading` is true, once the response's head is there.
    """

    timeouts: Timeouts
    clock: Callable[[], float]
    deadline: float | None = None
    request_id: str | None = field(default=None, init=False)
    reading: bool = field(default=False, init=False)
    _start: float = field(init=False)
    _content: float = field(init=False)

    def __post_init__(self) -> None:
        """Start all clocks now."""
        self._start = self._content = self.clock()

    def head(self, headers: Mapping[str, str]) -> None:
        """The response's head came; its names are in lower case."""
        self.reading, self.request_id = True, headers.get("request-id")
        self._content = self.clock()

    def heard(self, *, content: bool) -> None:
        """A part of the body came and was dealt with: pings, or (`content`) anything more.

        Raises:
            TimedOutError: the time is over although something keeps coming, so that no read ever waits.
        """
        now = self.clock()
        if content:
            self._content = now
        if self.over or now >= self._content + self.timeouts.pings_only:
            error = self.error()
            error.request_id = self.request_id
            raise error

    @property
    def taken(self) -> bool:
        """Whether the request may be worked on, and be billed: its answer has begun, or has been waited for a while."""
        return self.reading or self.clock() >= self._start + DEAD_S

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

    @property
    def over(self) -> bool:
        """Whether the whole call has no time left."""
        return self.deadline is not None and self.clock() >= self.deadline - 0.005

    def error(self) -> TimedOutError:
        """Which clock ran out."""
        now = self.clock()
        if self.over:
            return deadline_error()
        if not self.reading:
            return TimedOutError(f"no answer came within {self.timeouts.first_byte:g} s")
        if now >= self._content + self.timeouts.pings_only - 0.005:
            return TimedOutError(f"nothing but pings or drops of an answer came for {self.timeouts.pings_only:g} s")
        return TimedOutError(f"the answer fell silent for {self.timeouts.idle:g} s")


def deadline_error() -> TimedOutError:
    """The call as a whole took longer than it may."""
    return TimedOutError("the time allowed for the whole call is over; --timeout gives it more", retryable=False)


def translate(
    error: Exception, target: Endpoint, *, watch: Watch, proxy: Proxy | None = None, secrets: Iterable[Secret] = ()
) -> ProviderError:
    """Our error for one of the HTTP library's. httpx and httpcore name theirs alike, so one table serves both.

    Its cause is set, except where that quotes the server, who may quote the `secrets`.
    """
    found = _translated(error, target, watch, proxy)
    found.request_id = watch.request_id
    found.args = (redact(str(found), secrets),)
    found.__cause__ = None if isinstance(found, ProtocolError) else error
    return found


def _translated(error: Exception, target: Endpoint, watch: Watch, proxy: Proxy | None) -> ProviderError:
    name = type(error).__name__
    where = f"{target.host}:{target.port}"
    if name in ("ReadTimeout", "WriteTimeout", "TimeoutError"):
        return watch.error()
    if name == "ConnectTimeout":
        words = f"no connection to {where} within the time allowed; check the network and the proxy"
        late = watch.error() if watch.over else TimedOutError(words)
        late.maybe_billed = False  # nothing has been sent
        return late
    if name == "ProxyError" and proxy:
        # It answered, with a status. One that begins with 4 is its decision, and stays it.
        words = f"the proxy {proxy.url} does not let us through to {where}: {_cause(error)}"
        return ConnectionFailedError(words, kind="proxy", retryable=not str(error).startswith("4"))
    if name == "ConnectError":
        return _connect_error(error, where, proxy)
    if name == "RemoteProtocolError" and "disconnect" not in str(error) and "closed connection" not in str(error):
        return ProtocolError(f"{where} does not speak HTTP as it should: {one_line(redact(str(error)), 160)}")
    broken = ConnectionFailedError(f"the connection to {where} broke: {_cause(error)}", kind="broken")
    broken.maybe_billed = watch.taken  # an answer in one piece has all been worked out when its head comes
    return broken


def _connect_error(error: Exception, where: str, proxy: Proxy | None) -> ProviderError:
    causes = _chain(error)
    untrusted = next((cause for cause in causes if type(cause).__name__ == "SSLCertVerificationError"), None)
    if untrusted:
        reason = getattr(untrusted, "verify_message", "") or str(untrusted)
        shown = f"{where}, or the proxy {proxy.url}," if proxy and proxy.is_secure else where
        return ConnectionFailedError(
            f"{shown} shows a certificate that is not trusted ({reason}); a private CA goes into SSL_CERT_FILE",
            kind="untrusted",
        )
    kind = "proxy" if proxy else "broken"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        kind = "unresolved"
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        kind = "refused"
    if proxy:
        words = f"no connection to {where} through the proxy {proxy.url}: {_cause(error)}"
    elif kind == "unresolved":
        words = f"{where.rpartition(':')[0]} was not found; check the base URL and the network"
    elif kind == "refused":
        words = f"{where} refused the connection; is the server running?"
    else:
        words = f"no connection to {where}: {_cause(error)}"
    return ConnectionFailedError(words, kind=kind)


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
        if type(cause).__name__.startswith("SSL"):  # its number is not one of the system's
            reason = getattr(cause, "reason", None) or str(cause)
            return f"TLS failed ({one_line(reason.lower().replace('_', ' '), 160)})"
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            return redact(os.strerror(cause.errno) if cause.errno > 0 else cause.strerror)
    return one_line(redact(str(error)), 160) or type(error).__name__


NAP_S = 0.25
"""Seconds of one nap of `pause`."""


def pause(
    seconds: float, *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
) -> None:
    """Wait `seconds`, in short naps: Ctrl-C at the moment one begins is acted on when it ends, not after a minute."""
    end = clock() + seconds
    while (left := end - clock()) > 0:
        sleep(min(left, NAP_S))
