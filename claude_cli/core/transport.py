"""The asynchronous transport: the only file that knows httpx. Moving to httpx2 is a change here and nowhere else.

It sends what an `Exchange` holds, feeds it what comes back, keeps the clocks of `Watch`, and turns httpx's errors
into ours. No redirect is followed, nothing is decompressed, every body is bounded (by the exchange).
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .connection import Endpoint, Timeouts, Watch, endpoint, proxy_for, tls_context, translate
from .errors import UsageError
from .events import Event
from .exchange import Exchange, HttpRequest, auth_header, only_pings
from .redact import redact
from .sources import Fetched


@contextmanager
def _without_its_command_line() -> Iterator[None]:
    """Where click is installed, `import httpx` loads it, and rich and pygments with it: 100 modules for a command
    nobody calls. Its absence is a case httpx provides for.
    """
    name = "httpx._main"
    fresh = name not in sys.modules
    if fresh:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if fresh:
            del sys.modules[name]


with _without_its_command_line():
    import httpx

MAX_CONNECTIONS = 8
"""More in one pool and the pool spends its time searching itself (measured with hundreds of streams)."""
DRAIN_S = 0.25
"""How long the end of a finished body is waited for, so that its connection can be used again."""


class Transport:
    """A pool of connections to one provider."""

    library = f"httpx/{httpx.__version__}"

    def __init__(
        self, target: Endpoint, *, timeouts: Timeouts, environ: Mapping[str, str], user_agent: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Prepare; nothing is opened yet. The arguments are `BlockingTransport`'s."""
        self._target, self._timeouts, self._clock = target, timeouts, clock
        self._agent = f"{user_agent} {self.library}"
        self._proxy = proxy_for(target, environ)
        # A context without certificates costs nothing, and plain http to this machine never looks at it.
        secure = target.scheme == "https" or (self._proxy or "").startswith("https")
        context = tls_context(environ) if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=self._proxy, trust_env=False),
            timeout=httpx.Timeout(None, connect=timeouts.connect),
            follow_redirects=False,
            trust_env=False,
        )

    async def events(
        self, exchange: Exchange, *, deadline: float | None = None
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Run `exchange`; yields the events of each read.

        Raises:
            ClaudeError: the connection, the provider or the answer failed.
        """
        watch = Watch(self._timeouts, self._clock, deadline)
        try:
            response = await self._send(exchange.request, watch)
            try:
                exchange.head(response.status_code, {name.lower(): value for name, value in response.headers.items()})
                watch.heard(content=True)
                chunks = response.aiter_raw()
                async for events in _read(chunks, exchange, watch):
                    yield events
                await _drain(chunks)
            finally:
                await response.aclose()
        except (httpx.TransportError, httpx.InvalidURL, TimeoutError) as error:
            raise translate(error, self._target, proxy=self._proxy, watch=watch) from error
        last = exchange.end()
        if last:
            yield last

    async def _send(self, request: HttpRequest, watch: Watch) -> httpx.Response:
        """The response's head. A kept connection that died before any byte gets one more try, at once."""
        for last_try in (False, True):
            fresh: list[str] = []
            sent = self._request(request, fresh)
            try:
                async with asyncio.timeout(watch.limit()):
                    return await self._client.send(sent, stream=True)
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                if fresh or last_try:
                    raise
        raise AssertionError("the second try returns or raises")

    def _request(self, request: HttpRequest, fresh: list[str]) -> httpx.Request:
        async def trace(name: str, info: Mapping[str, Any]) -> None:
            if name == "connection.connect_tcp.started":
                fresh.append(name)

        headers = [("user-agent", self._agent), *request.headers]
        if request.credential:
            headers.append(auth_header(request.credential))
        url = self._target.url(request.path)
        built = httpx.Request(request.method, url, headers=headers, content=request.body, extensions={"trace": trace})
        built.extensions["timeout"] = self._client.timeout.as_dict()
        return built

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


async def _read(chunks: AsyncIterator[bytes], exchange: Exchange, watch: Watch) -> AsyncIterator[Sequence[Event]]:
    while not exchange.done:
        async with asyncio.timeout(watch.limit()):
            chunk = await anext(chunks, None)
        if chunk is None:
            return
        events = exchange.feed(chunk)
        watch.heard(content=bool(events) and not only_pings(events))
        if events:
            yield events


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read a finished answer's last bytes; whoever sends more than a few is cut off."""
    left = 65_536
    try:
        async with asyncio.timeout(DRAIN_S):
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    return
    except (TimeoutError, httpx.TransportError):
        return  # the answer is whole; only the connection is not used again


FETCH_TIMEOUT_S = 30.0
FETCH_REDIRECTS = 5


def fetch(url: str, max_bytes: int, *, environ: Mapping[str, str]) -> Fetched:
    """GET a page or file the user named, with no credential of any kind; redirects are followed.

    Args:
        url: http or https.
        max_bytes: the most its body may have.
        environ: names the proxy and what is trusted.
    Raises:
        UsageError: it cannot be had, or is larger.
    """
    try:
        target = endpoint(url.partition("?")[0].partition("#")[0])
        context = tls_context(environ)
        transport = httpx.HTTPTransport(verify=context, proxy=proxy_for(target, environ), trust_env=False)
        with (
            httpx.Client(
                transport=transport, timeout=FETCH_TIMEOUT_S, follow_redirects=True, max_redirects=FETCH_REDIRECTS,
                trust_env=False, headers={"accept-encoding": "identity"},
            ) as client,
            client.stream("GET", url) as response,
        ):  # fmt: skip
            if not response.is_success:
                raise UsageError(f"{redact(url)} cannot be fetched: HTTP {response.status_code}")
            body = bytearray()
            for piece in response.iter_raw():
                body += piece
                if len(body) > max_bytes:
                    raise UsageError(f"{redact(url)} is larger than {max_bytes:,} bytes")
            return Fetched(str(response.url), response.headers.get("content-type"), bytes(body))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UsageError(f"{redact(url)} cannot be fetched: {error or type(error).__name__}") from error
