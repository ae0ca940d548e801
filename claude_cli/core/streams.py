"""The sockets under `transport.py`: they keep the clocks of a call, and give a body's bytes without a detour.

What `sockets.py` is to the blocking transport, this is to the asynchronous one; here connections are used again. A read
waits with one timer of its own, where it has to wait at all: hundreds of streams wait at the same time, and a timeout
around each read costs more than the read.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
import ssl
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, cast

import httpcore

from .body import BodyDecoder, BodyError, HeadEnd
from .connection import Watch

MOST_UNREAD = 1 << 18
"""Bytes that a connection takes before anybody reads them."""
_NEXT_ADDRESS_S = 0.25
"""How long one address of a host is tried alone (RFC 8305, section 5)."""
_PROBES = (("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
"""Seconds of silence (the second name is macOS's), seconds between probes, probes: as the official SDK has them."""
_NO_MORE = b"0\r\n\r\n"


class Wire(asyncio.Protocol):
    """A connection's bytes: what came lies here until it is read."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        """Wait to be connected."""
        self._unread: list[bytes] = []
        self._size = 0
        self._over = False
        self._broken: Exception | None = None
        self._reader: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._unread.append(data)
        self._size += len(data)
        if self._size > MOST_UNREAD:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the transport then closes."""
        self._over = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._over, self._broken = True, exc
        self._wake()

    def _wake(self, error: Exception | None = None) -> None:
        reader = self._reader
        if reader is None or reader.done():
            return
        if error:
            reader.set_exception(error)
        else:
            reader.set_result(None)

    async def read(self, limit_s: float) -> bytes:
        """What has come, or comes first; b"" at the end.

        Raises:
            TimeoutError: nothing came within `limit_s` seconds.
            httpcore.ReadError: the connection broke.
        """
        if not self._unread and not self._over:
            loop = asyncio.get_running_loop()
            self._reader = loop.create_future()
            timer = loop.call_later(limit_s, self._wake, TimeoutError())
            try:
                await self._reader
            finally:
                timer.cancel()
                self._reader = None
        data = b"".join(self._unread)
        if self._size > MOST_UNREAD:
            self.transport.resume_reading()
        self._unread.clear()
        self._size = 0
        if not data and self._broken:
            raise httpcore.ReadError(str(self._broken)) from self._broken
        return data

    @property
    def is_readable(self) -> bool:
        """Whether something has come that was not asked for: bytes, or the end."""
        if self._unread or self._over or self.transport.is_closing():
            return True
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket"), select.POLLIN)
        return bool(poll.poll(0))


class Stream(httpcore.AsyncNetworkStream):
    """A connection that hands httpcore a response's head and keeps what came behind it for `receive`."""

    def __init__(self, wire: Wire, backend: Backend) -> None:
        """Wrap `wire`, a connection of `backend`."""
        self._wire, self._backend = wire, backend
        self._head: HeadEnd | None = HeadEnd()
        self._left: int | None = None
        self._rest = b""
        self._unsent: list[bytes] = []

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, none of them behind the end of a head, or of a body of known length."""
        data = await self.receive()
        if self._head:
            data, self._rest = self._head.split(data)
        elif self._left is not None:
            data, self._rest = data[: self._left], data[self._left :]
            self._left -= len(data)
        return data

    def body(self, length: int | None) -> None:
        """The head is over; the body has so many bytes, where that is known."""
        self._head, self._left = None, length

    async def receive(self) -> bytes:
        """The next bytes as they come, b"" at the end; waits as long as the clocks of the call allow."""
        if self._unsent:
            self.transport.writelines(self._unsent)
            self._unsent.clear()
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        return await self._wire.read(self._backend.watch.limit())

    def ended(self, rest: bytes) -> None:
        """The body has been received, chunk by chunk: httpcore reads no more than its end. `rest` came behind it."""
        self._left, self._rest = len(_NO_MORE), _NO_MORE + rest

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Keep for sending: head and body leave together, when the answer is waited for."""
        self._head = HeadEnd()
        if buffer:
            self._unsent.append(buffer)

    async def aclose(self) -> None:
        """Close the connection, without a farewell that would have to be waited for."""
        self.transport.abort()
        await asyncio.sleep(0)  # the socket is let go of one round later

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, encrypted; the handshake belongs to the time for connecting."""
        limit_s = self._backend.left()
        try:
            with _connecting():
                if self.get_extra_info("is_readable"):
                    raise ConnectionAbortedError("something came before the TLS handshake")
                async with asyncio.timeout(limit_s):
                    made = await asyncio.get_running_loop().start_tls(
                        self.transport, self._wire, ssl_context,
                        server_hostname=server_hostname, ssl_handshake_timeout=2 * limit_s,
                    )  # fmt: skip
                assert made is not None  # nobody else has closed it
        except BaseException:
            self.transport.abort()
            raise
        self._wire.transport = made
        return self

    @property
    def transport(self) -> asyncio.Transport:
        """What the bytes go through at present."""
        return self._wire.transport

    def get_extra_info(self, info: str) -> Any:
        """What the connection says of itself; it is not idle while something of it waits to be read."""
        if info == "is_readable":
            return bool(self._rest) or self._wire.is_readable
        return self.transport.get_extra_info(info)


class Backend(httpcore.AsyncNetworkBackend):
    """Opens one connection after another for httpcore, and knows whether a request had to.

    Attributes:
        stream: the one that was opened last.
    """

    watch: Watch
    reused: bool
    stream: Stream | None = None

    def __init__(self, connect_s: float) -> None:
        """Allow `connect_s` seconds for a connection."""
        self._connect_s = connect_s

    def abort(self) -> None:
        """Close the connection, whatever httpcore thinks of it."""
        if self.stream:
            self.stream.transport.abort()

    def begin(self, watch: Watch) -> None:
        """Another request starts: on a kept connection until `connect_tcp` says otherwise."""
        self.watch, self.reused = watch, True

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        """Connect, within the time for connecting and the call's own."""
        self.reused = False
        with _connecting():
            async with asyncio.timeout(self.left()):
                wire = await _connected(host, port)
        self.stream = Stream(wire, self)
        return self.stream

    def left(self) -> float:
        """Seconds that connecting may still take."""
        return min(self._connect_s, self.watch.limit())


async def _connected(host: str, port: int) -> Wire:
    """A connection to the first address of `host` that takes one. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    connecting = loop.create_task(loop.create_connection(Wire, host, port, happy_eyeballs_delay=_NEXT_ADDRESS_S))
    try:
        _, wire = await asyncio.shield(connecting)
    except asyncio.CancelledError:
        # Cancelled itself, Python 3.11 may forget the socket that has just been connected.
        connecting.add_done_callback(_abandoned)
        raise
    except OSError as error:
        if error.errno is None and f"[Errno {errno.ECONNREFUSED}]" in str(error):
            # What went wrong with several addresses comes as one text.
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)) from error
        raise
    _keep_alive(wire.transport.get_extra_info("socket"))
    return wire


def _abandoned(connecting: asyncio.Task[tuple[asyncio.Transport, Wire]]) -> None:
    """Close the connection that nobody waits for any longer, if it came about."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result()[0].abort()


def _keep_alive(connection: socket.socket) -> None:
    """Have the system knock while an answer in one piece is worked out: routers forget connections that are silent."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBES:
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@contextmanager
def _connecting() -> Iterator[None]:
    """Says in httpcore's words what hindered a connection."""
    try:
        yield
    except TimeoutError as error:
        raise httpcore.ConnectTimeout from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error


async def body_of(
    response: httpcore.Response, headers: Mapping[str, str], stream: Stream
) -> AsyncGenerator[bytes, None]:
    """The bytes of the body that `stream` brings, one read at a time.

    Raises:
        httpcore.NetworkError: the connection broke, or closed before the body was whole.
        httpcore.ProtocolError: the bytes are no body of the framing that the headers name.
    """
    length = headers.get("content-length", "")
    stream.body(int(length) if length.isascii() and length.isdigit() else None)
    success = 200 <= response.status < 300
    parts = [cast("AsyncGenerator[bytes, None]", response.aiter_stream())]
    if success and response.status != 204 and headers.get("transfer-encoding", "").strip().lower() == "chunked":
        parts.insert(0, _chunks(BodyDecoder(headers), stream))
    try:
        for part in parts:
            async with aclosing(part) as pieces:
                async for piece in pieces:
                    yield piece
    except (httpcore.NetworkError, httpcore.ProtocolError, TimeoutError):
        if success:
            raise  # an error's status says enough without the rest of its body


async def _chunks(decoder: BodyDecoder, stream: Stream) -> AsyncGenerator[bytes, None]:
    """The chunks of a body, all of a read at once; httpcore is to be asked for no more than the end then.

    A model streams a chunk for each word, and the parser under httpcore spends more on each than everything else here.
    """
    data = b"?"
    try:
        while not decoder.done:
            data = await stream.receive()
            if data:
                yield decoder.feed(data)
            else:
                decoder.end()
    except BodyError as error:
        kind = httpcore.RemoteProtocolError if data else httpcore.ReadError
        raise kind(str(error)) from error
    stream.ended(decoder.rest)
