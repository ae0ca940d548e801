"""The asynchronous transport: the only file that knows httpx. Moving to httpx2 is a change here and nowhere else.

It sends what an `Exchange` holds, feeds it what comes back, keeps the clocks of `Watch`, and turns httpx's errors
into ours. No redirect is followed, nothing is decompressed, every body is bounded (by the exchange).
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from typing import Any, cast

from .address import Endpoint, Proxy, endpoint, proxy_for
from .connection import Timeouts, Watch, tls_context, translate
from .errors import ConnectionFailedError, UsageError
from .events import Event
from .exchange import Exchange, HttpRequest, only_pings
from .redact import redact
from .sources import Fetched


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
        """Prepare, in the event loop that will run it; nothing is opened yet. Arguments as `BlockingTransport`'s."""
        self._target, self._timeouts, self._clock = target, timeouts, clock
        self._agent = f"{user_agent} {self.library}"
        self._proxy = proxy_for(target, environ)
        self._loop = asyncio.get_running_loop()
        context = _context(target, self._proxy, environ)
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
        proxy = _httpx_proxy(self._proxy, context)
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=proxy, trust_env=False),
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
            body = cast("AsyncGenerator[bytes, None]", response.aiter_raw())
            async with aclosing(response), aclosing(body) as chunks:
                headers = dict(response.headers)
                exchange.head(response.status_code, headers)
                watch.head(exchange.headers)
                while not exchange.done:
                    chunk = await _next(chunks, response, watch)
                    if chunk is None:
                        break
                    events = exchange.feed(chunk)
                    if events:
                        yield events
                    if not exchange.done:
                        watch.heard(content=bool(events) and not only_pings(events))
                await _drain(chunks)
        except (httpx.TransportError, httpx.InvalidURL, TimeoutError) as error:
            failed = translate(error, self._target, watch=watch, proxy=self._proxy, secrets=exchange.request.secrets)
            raise failed from failed.__cause__
        last = exchange.end()
        if last:
            yield last

    async def _send(self, request: HttpRequest, watch: Watch) -> httpx.Response:
        """The response's head. A kept connection that died before any byte gets one more try, at once."""
        opened: list[str] = []
        try:
            return await self._send_once(request, watch, opened)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            if opened:
                raise
            return await self._send_once(request, watch, opened)

    async def _send_once(self, request: HttpRequest, watch: Watch, opened: list[str]) -> httpx.Response:
        async with AsyncExitStack() as cleaning:
            # httpcore 1.0.9 leaves its socket open when it is cancelled in the midst of a TLS handshake.
            sent = self._request(request, opened, cleaning)
            async with asyncio.timeout(watch.limit()):
                response = await self._client.send(sent, stream=True)
            cleaning.pop_all()
            return response

    def _request(self, request: HttpRequest, opened: list[str], cleaning: AsyncExitStack) -> httpx.Request:
        async def trace(name: str, info: Mapping[str, Any]) -> None:
            if name == "connection.connect_tcp.started":
                opened.append(name)
            elif name == "connection.connect_tcp.complete":
                cleaning.push_async_callback(info["return_value"].aclose)

        headers = [("user-agent", self._agent), *request.revealed()]
        url = self._target.url(request.path)
        built = httpx.Request(request.method, url, headers=headers, content=request.body, extensions={"trace": trace})
        built.extensions["timeout"] = self._client.timeout.as_dict()
        return built

    @property
    def usable(self) -> bool:
        """Whether the event loop that runs is the one it was made in: connections do not outlive theirs."""
        return self._loop is asyncio.get_running_loop()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


def _context(target: Endpoint, proxy: Proxy | None, environ: Mapping[str, str]) -> ssl.SSLContext:
    if target.scheme == "https" or (proxy and proxy.is_secure):
        return tls_context(environ)
    # One without certificates costs nothing, and plain http never looks at it.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _httpx_proxy(proxy: Proxy | None, context: ssl.SSLContext) -> httpx.Proxy | None:
    if proxy is None:
        return None
    return httpx.Proxy(proxy.url, auth=proxy.auth, ssl_context=context if proxy.is_secure else None)


async def _next(chunks: AsyncGenerator[bytes, None], response: httpx.Response, watch: Watch) -> bytes | None:
    """The next bytes of the body, None at its end."""
    try:
        async with asyncio.timeout(watch.limit()):
            return await anext(chunks, None)
    except (httpx.TransportError, TimeoutError):
        if response.is_success:
            raise
        return None  # an error's status says enough without the rest of its body


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
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
    try:
        target, context = endpoint(url.partition("?")[0].partition("#")[0]), tls_context(environ)
        proxy = _httpx_proxy(proxy_for(target, environ), context)
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
