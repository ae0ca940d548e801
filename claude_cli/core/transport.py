"""The asynchronous transport, and `fetch`: the only file that knows httpx.

Calls stand on httpcore, the engine inside httpx, as in `blocking.py`: httpx adds nothing that they need, and costs more
CPU than everything else about a call (see docs/decisions.md). A transport sends what an `Exchange` holds, feeds it what
comes back, keeps the clocks of `Watch`, and turns httpcore's errors into ours. No redirect is followed, nothing is
decompressed, every body is bounded (by the exchange).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, cast

import httpcore

from .address import Endpoint, endpoint, proxy_for
from .connection import Timeouts, Watch, tls_context, translate
from .errors import ConnectionFailedError, UsageError
from .events import Event
from .exchange import Exchange, HttpRequest, only_pings
from .redact import redact
from .sources import Fetched
from .streams import Backend, body_of

MAX_CONNECTIONS = 512
"""Requests under way at once; others wait."""
KEPT_S = 5.0
"""How long a connection may lie idle and be used again: as in httpx, and shorter than any gateway's patience."""
_Way = httpcore.AsyncHTTPConnection | httpcore.AsyncConnectionPool
DRAIN_S = 0.25
"""How long the end of a finished body is waited for, so that its connection can be used again."""


class Transport:
    """Connections to one provider. No pool of httpcore's: one of many spends its time searching itself, and one of one
    costs a third of a request. Behind a proxy, where connections are made in several steps, each has a pool of its own.
    """

    library = f"httpcore/{httpcore.__version__}"

    def __init__(
        self, target: Endpoint, *, timeouts: Timeouts, environ: Mapping[str, str], user_agent: str,
        clock: Callable[[], float] = time.monotonic, most: int = MAX_CONNECTIONS,
    ) -> None:  # fmt: skip
        """Prepare, in the event loop that will run it; nothing is opened yet.

        Arguments as `BlockingTransport`'s; there are `most` connections at most.
        """
        self._target, self._timeouts, self._clock = target, timeouts, clock
        self._agent, self._host = f"{user_agent} {self.library}", target.origin.partition("://")[2]
        self._proxy = proxy_for(target, environ)
        self._loop = asyncio.get_running_loop()
        secure = bool(self._proxy and self._proxy.is_secure)
        self._context = tls_context(environ) if secure or target.scheme == "https" else None
        self._room = asyncio.Semaphore(most)
        self._lanes: list[_Lane] = []
        self._idle: list[_Lane] = []  # the last one to be given back is the first to be used again

    async def events(
        self, exchange: Exchange, *, deadline: float | None = None
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Run `exchange`; yields the events of each read.

        Raises:
            ClaudeError: the connection, the provider or the answer failed.
        """
        watch = Watch(self._timeouts, self._clock, deadline)
        async with self._response(exchange, watch) as chunks:
            async for chunk in chunks:
                events = exchange.feed(chunk)
                if events:
                    yield events
                if exchange.done:
                    await _drain(chunks)
                    break
                watch.heard(content=bool(events) and not only_pings(events))
        last = exchange.end()
        if last:
            yield last

    async def reads(
        self, exchange: Exchange, *, deadline: float | None = None
    ) -> AsyncGenerator[tuple[bytes, Sequence[Event]], None]:
        """Run `exchange` for somebody who hands the response on: yields nothing (`b""`) as soon as its head is there,
        then each read of its body, to the end of that, with the events that the read completed.

        It is not read on before the last one has been dealt with; `end` of `exchange` is the caller's to ask.

        Raises:
            ClaudeError: the connection failed.
        """
        watch = Watch(self._timeouts, self._clock, deadline)
        async with self._response(exchange, watch) as chunks:
            yield b"", ()
            async for chunk in chunks:
                events = exchange.feed(chunk)
                yield chunk, events
                watch.heard(content=bool(events) and not only_pings(events))

    @asynccontextmanager
    async def _response(self, exchange: Exchange, watch: Watch) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """The body of the response to `exchange`, whose head that has been given. Raises `ClaudeError`."""
        try:
            async with self._lane(watch) as lane:
                response = await self._send(lane, exchange.request, watch)
                assert lane.backend.stream  # the response came by it
                headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                async with aclosing(response), aclosing(body_of(response, headers, lane.backend.stream)) as chunks:
                    exchange.head(response.status, headers)
                    watch.head(exchange.headers)
                    yield chunks
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.ProxyError,
                httpcore.UnsupportedProtocol, TimeoutError) as error:  # fmt: skip
            failed = translate(error, self._target, watch=watch, proxy=self._proxy, secrets=exchange.request.secrets)
            raise failed from failed.__cause__

    @asynccontextmanager
    async def _lane(self, watch: Watch) -> AsyncIterator[_Lane]:
        """A connection for one request at `watch`. Raises `TimeoutError`: none became free in time."""
        if self._room.locked():
            async with asyncio.timeout(watch.limit()):
                await self._room.acquire()
        else:
            await self._room.acquire()
        lane = self._idle.pop() if self._idle else self._new()
        lane.begin(watch)
        try:
            yield lane
            self._idle.append(lane)
        except BaseException:
            # Cancelled at the wrong moment, httpcore 1.0.9 takes its connection to be in use for ever.
            self._lanes.remove(lane)
            lane.backend.abort()
            raise
        finally:
            self._room.release()

    def _new(self) -> _Lane:
        self._lanes.append(_Lane(self._way, Backend(self._timeouts.connect)))
        return self._lanes[-1]

    def _way(self, backend: Backend) -> _Way:
        """A connection that `backend` will open."""
        if self._proxy is None:
            target = self._target
            origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
            return httpcore.AsyncHTTPConnection(
                origin, ssl_context=self._context, keepalive_expiry=KEPT_S, network_backend=backend
            )
        context = self._context if self._proxy.is_secure else None
        proxy = httpcore.Proxy(self._proxy.url, self._proxy.auth, ssl_context=context)
        return httpcore.AsyncConnectionPool(
            ssl_context=self._context, max_connections=1, keepalive_expiry=KEPT_S, network_backend=backend, proxy=proxy
        )

    async def _send(self, lane: _Lane, request: HttpRequest, watch: Watch) -> httpcore.Response:
        """The response's head. A kept connection that died before any byte gets one more try, at once."""
        sent = self._request(request)
        try:
            return await lane.way.handle_async_request(sent)
        except (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError):
            if not lane.backend.reused or watch.taken:
                raise
            lane.begin(watch)
            return await lane.way.handle_async_request(sent)

    def _request(self, request: HttpRequest) -> httpcore.Request:
        headers = [("host", self._host), ("user-agent", self._agent), *request.revealed()]
        if request.body is not None:
            headers.append(("content-length", str(len(request.body))))
        sent = [(name.encode(), value.encode()) for name, value in headers]
        target = self._target
        url = httpcore.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.prefix + request.path
        )
        return httpcore.Request(request.method, url, headers=sent, content=request.body)

    @property
    def usable(self) -> bool:
        """Whether the event loop that runs is the one it was made in: connections do not outlive theirs."""
        return self._loop is asyncio.get_running_loop()

    async def aclose(self) -> None:
        """Close every connection."""
        for lane in self._lanes:
            await lane.way.aclose()


class _Lane:
    """One connection after another, for one request after another.

    Attributes:
        way: takes the requests.
        backend: opened it, and opens the next.
    """

    __slots__ = ("_make", "backend", "way")

    def __init__(self, make: Callable[[Backend], _Way], backend: Backend) -> None:
        """Begin with what `make` makes for `backend`."""
        self._make, self.backend, self.way = make, backend, make(backend)

    def begin(self, watch: Watch) -> None:
        """Another request starts: a connection that has ended, or lain idle for too long, is none any more."""
        way = self.way
        if isinstance(way, httpcore.AsyncHTTPConnection) and (way.is_closed() or way.has_expired()):
            self.backend.abort()
            self.way = self._make(self.backend)
        self.backend.begin(watch)


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    """Read a finished answer's last bytes; whoever sends more than a few is cut off."""
    left = 65_536
    try:
        async with asyncio.timeout(DRAIN_S):
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    return
    except (TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
        return  # the answer is whole; only the connection is not used again


FETCH_TIMEOUT_S = 30.0
"""How long one step of fetching a page may take; all of it may take ten times that."""
FETCH_REDIRECTS = 5


def fetch(url: str, max_bytes: int, *, environ: Mapping[str, str]) -> Fetched:
    """GET a page or file the user named, with no credential of any kind; redirects are followed.

    Args:
        url: http or https.
        max_bytes: the most its body may have.
        environ: names the proxy and what is trusted.
    Raises:
        UsageError: it is not there, or is larger.
        ConnectionFailedError: the network did not bring it; another time it may.
    """
    with _without_its_command_line():
        import httpx

    try:
        target, context = endpoint(url.partition("?")[0].partition("#")[0]), tls_context(environ)
        way, proxy = proxy_for(target, environ), None
        if way:
            proxy = httpx.Proxy(way.url, auth=way.auth, ssl_context=context if way.is_secure else None)
        transport = httpx.HTTPTransport(verify=context, proxy=proxy, trust_env=False)
        give_up_at = time.monotonic() + 10 * FETCH_TIMEOUT_S
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
                if time.monotonic() > give_up_at:
                    raise UsageError(f"{redact(url)} comes too slowly; save it first, and give the file")
            return Fetched(str(response.url), response.headers.get("content-type"), bytes(body))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        lost = isinstance(error, httpx.NetworkError | httpx.TimeoutException | httpx.ProtocolError | httpx.ProxyError)
        failed = ConnectionFailedError if lost else UsageError
        raise failed(f"{redact(url)} cannot be fetched: {redact(str(error)) or type(error).__name__}") from error


@contextmanager
def _without_its_command_line() -> Iterator[None]:
    """Where click is installed, `import httpx` loads it, and rich and pygments with it: 100 modules for a command
    nobody calls. Its absence is a case httpx provides for.
    """
    name, modules = "httpx._main", cast("dict[str, Any]", sys.modules)
    fresh = name not in modules
    if fresh:
        modules[name] = None
    try:
        yield
    finally:
        if fresh:
            del modules[name]
