"""The synchronous driver of one-shot calls: the same logic as `client.py`, without an event loop.

It stands on httpcore, the engine inside httpx: a single request needs none of what httpx adds, and importing
httpx and asyncio would take longer than everything else before the request. See docs/decisions.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing

import httpcore

from .address import Endpoint, proxy_for
from .call import Call
from .connection import Timeouts, Watch, pause, tls_context, translate
from .errors import ClaudeError
from .events import Event
from .exchange import Exchange, HttpRequest, only_pings
from .messages import ChatRequest
from .sockets import Backend, body_of


class BlockingTransport:
    """One connection to one provider, for one thread."""

    library = f"httpcore/{httpcore.__version__}"

    def __init__(
        self, target: Endpoint, *, timeouts: Timeouts, environ: Mapping[str, str], user_agent: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Prepare; nothing is opened yet.

        Args:
            target: where requests go.
            timeouts: see `Timeouts`.
            environ: names the proxy and what is trusted.
            user_agent: what the request says it comes from; the library is added.
            clock: seconds, monotonic.
        """
        self._target, self._timeouts, self._clock = target, timeouts, clock
        self._agent = f"{user_agent} {self.library}"
        self._proxy = proxy_for(target, environ)
        self._backend = Backend(timeouts.connect)
        secure = bool(self._proxy and self._proxy.is_secure)
        context = tls_context(environ) if secure or target.scheme == "https" else None
        proxy = None
        if self._proxy:
            proxy = httpcore.Proxy(self._proxy.url, self._proxy.auth, ssl_context=context if secure else None)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, max_connections=1, network_backend=self._backend, proxy=proxy
        )

    def events(self, exchange: Exchange, *, deadline: float | None = None) -> Generator[Sequence[Event]]:
        """Run `exchange`; yields the events of each read.

        Raises:
            ClaudeError: the connection, the provider or the answer failed.
        """
        try:
            yield from self._once(exchange, deadline)
        except _DeadConnectionError:
            # The server closed a connection that lay idle. It never saw this request, so it goes again, at once.
            yield from self._once(exchange, deadline)

    def _once(self, exchange: Exchange, deadline: float | None) -> Iterator[Sequence[Event]]:
        watch = Watch(self._timeouts, self._clock, deadline)
        self._backend.begin(watch)
        request = exchange.request
        try:
            with self._pool.stream(
                request.method, self._target.url(request.path), headers=self._headers(request), content=request.body
            ) as response:
                headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                exchange.head(response.status, headers)
                watch.head(exchange.headers)
                for chunk in body_of(response, headers):
                    events = exchange.feed(chunk)
                    if events:
                        yield events
                    if exchange.done:
                        break
                    watch.heard(content=bool(events) and not only_pings(events))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.ProxyError,
                httpcore.UnsupportedProtocol) as error:  # fmt: skip
            if self._backend.reused and not watch.taken and not isinstance(error, httpcore.TimeoutException):
                raise _DeadConnectionError from error
            failed = translate(error, self._target, watch=watch, proxy=self._proxy, secrets=request.secrets)
            raise failed from failed.__cause__
        last = exchange.end()
        if last:
            yield last

    def _headers(self, request: HttpRequest) -> list[tuple[bytes, bytes]]:
        host = self._target.origin.partition("://")[2]
        headers = [("host", host), ("user-agent", self._agent), *request.revealed()]
        if request.body is not None:
            headers.append(("content-length", str(len(request.body))))
        return [(name.encode(), value.encode()) for name, value in headers]

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


class _DeadConnectionError(Exception):
    """A connection kept from an earlier request died before the first byte of this one's answer."""


def run(
    call: Call, transport: BlockingTransport, exchange: Callable[[ChatRequest], Exchange],
    *, sleep: Callable[[float], None] = pause,
) -> Iterator[Sequence[Event]]:  # fmt: skip
    """Drive `call` to its end; yields what may go on to the user, one network read at a time.

    Args:
        call: the call's state.
        transport: where its tries go.
        exchange: makes the HTTP exchange of a request, as `AnthropicProvider.exchange` does.
        sleep: waits between tries.
    Raises:
        ClaudeError: the call failed for good.
    """
    try:
        while call.going_on:
            try:
                call.begin()
                # Closed before the call is: upstream ends first, then it is put down what that has cost.
                with closing(transport.events(exchange(call.request), deadline=call.deadline)) as batches:
                    for events in batches:
                        shown = call.receive(events)
                        if shown:
                            yield shown
                last = call.ended()
            except ClaudeError as error:
                sleep(call.failed(error))
                continue
            if last:
                yield last
    finally:
        call.close()
