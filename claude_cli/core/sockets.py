"""The sockets under `blocking.py`: they keep the clocks of a call, and give a body's bytes without a detour."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import httpcore

from .body import BodyDecoder, BodyError, HeadEnd
from .connection import NAP_S, Watch

READ_BYTES = 65_536


class Backend(httpcore.SyncBackend):
    """Opens sockets for httpcore, and knows whether a request had to."""

    watch: Watch
    reused: bool

    def __init__(self, connect_s: float) -> None:
        """Allow `connect_s` seconds for a connection."""
        self._connect_s = connect_s

    def begin(self, watch: Watch) -> None:
        """Another request starts: on a kept connection until `connect_tcp` says otherwise."""
        self.watch, self.reused = watch, True

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect, within the time for connecting and the call's own."""
        self.reused = False
        return Stream(super().connect_tcp(host, port, self.left(), local_address, socket_options), self)

    def left(self) -> float:
        """Seconds that connecting may still take."""
        return min(self._connect_s, self.watch.limit())


class Stream(httpcore.NetworkStream):
    """A socket that hands httpcore a response's head and keeps what came behind it for `receive`."""

    def __init__(self, inner: httpcore.NetworkStream, backend: Backend) -> None:
        """Wrap `inner`, a socket of `backend`."""
        self._inner, self._backend = inner, backend
        self._head = HeadEnd()
        self._rest = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, up to an empty line at most: what follows a head is left for `receive`."""
        data, self._rest = self._head.split(self.receive())
        return data

    def receive(self) -> bytes:
        """The next bytes as they come, b"" at the end; waits as long as the clocks of the call allow.

        In short naps: Ctrl-C at the moment one begins is acted on when it ends, not when more has come.
        """
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        left = self._backend.watch.limit()
        while left > NAP_S:
            try:
                return self._inner.read(READ_BYTES, NAP_S)
            except httpcore.ReadTimeout:
                left -= NAP_S
        return self._inner.read(READ_BYTES, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send, within the same clocks."""
        self._head = HeadEnd()
        self._inner.write(buffer, self._backend.watch.limit())

    def close(self) -> None:
        """Close the socket."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same socket, encrypted; the handshake belongs to the time for connecting."""
        return Stream(self._inner.start_tls(ssl_context, server_hostname, self._backend.left()), self._backend)

    def get_extra_info(self, info: str) -> Any:
        """What the socket says of itself; it is not idle while something of it waits to be read."""
        return True if info == "is_readable" and self._rest else self._inner.get_extra_info(info)


def body_of(response: httpcore.Response, headers: Mapping[str, str]) -> Iterator[bytes]:
    """A body's bytes. An error's go through httpcore, so that its connection can serve the next try.

    Raises:
        httpcore.ReadError: the connection closed before the body was whole.
        httpcore.RemoteProtocolError: the bytes are no body of the framing that the headers name.
    """
    if not 200 <= response.status < 300:
        # Its status says enough without the rest of it.
        with suppress(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
            yield from response.iter_stream()
        return
    if response.status == 204:
        return  # has no body, whatever its headers say
    stream: Stream = response.extensions["network_stream"]
    data = b"?"
    try:
        decoder = BodyDecoder(headers)
        while not decoder.done:
            data = stream.receive()
            if data:
                yield decoder.feed(data)
            else:
                decoder.end()
    except BodyError as error:
        kind = httpcore.RemoteProtocolError if data else httpcore.ReadError
        raise kind(str(error)) from error
