"""The gateway on a socket: uvicorn's connections, opened, watched and drained our own way."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource
import socket
import ssl
import time
from email.utils import formatdate

import uvicorn
from uvicorn.server import ServerState

from ..core.errors import UsageError
from .app import App
from .gateway import Gateway
from .protocol import KEPT_S, Protocol
from .socket_protocol import HEADER_S, LOAD, SocketProtocol

BACKLOG = 2048
UNREAD_BYTES = 256 * 1024
"""What the system takes for a client that does not read; left to itself, it takes megabytes for each."""
LOOK_S = 1.0
"""How often connections are looked at, and the `date` of responses is set."""
CLOSING_S = 2.0
"""How long what was cut off, and what lies in buffers still, is waited for at the end."""
_WRITTEN_S = 0.01
_ESCAPED = "Exception in ASGI application\n"
"""What uvicorn says of those."""


class Server:
    """Serves a gateway: `open` it, `run` it; `stop` may be called at any time, in the event loop's thread.

    Attributes:
        url: where it listens, once it is open.
    """

    def __init__(self, gateway: Gateway, *, look_s: float = LOOK_S) -> None:
        """Prepare to serve `gateway`, and to look at its connections every `look_s` seconds."""
        self._gateway, config = gateway, gateway.config
        self._look_s = look_s
        self.url = ""
        self._state = ServerState()
        self._options = uvicorn.Config(
            App(gateway), http=Protocol, ws=SocketProtocol, loop="none", lifespan="off", access_log=False,
            log_config=None, server_header=False, proxy_headers=False, timeout_keep_alive=KEPT_S,
            ssl_certfile=config.tls_certificate or None, ssl_keyfile=config.tls_key or None,
            ws_max_size=config.image_body_bytes, ws_per_message_deflate=False,
            ws_ping_interval=config.ping_s, ws_ping_timeout=config.stalled_s,
        )  # fmt: skip
        self._stopped, self._cut = asyncio.Event(), asyncio.Event()

    async def open(self) -> str:
        """Listen; returns the address.

        Raises:
            UsageError: that is not possible there, or the certificate is none.
        """
        config, loop = self._gateway.config, asyncio.get_running_loop()
        logging.getLogger("uvicorn.error").addFilter(_has_escaped)
        _raise_file_limit()
        try:
            self._options.load()
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"the TLS certificate or its key cannot be used: {_reason(error)}") from error
        listener = _listen(config.host, config.port)
        secure = self._options.ssl
        self._listener = await loop.create_server(
            self._connection, sock=listener, backlog=BACKLOG, ssl=secure,
            ssl_handshake_timeout=config.header_s if secure else None,
        )  # fmt: skip
        self._set_date()
        host = f"[{config.host}]" if ":" in config.host else config.host
        self.url = f"{'https' if secure else 'http'}://{host}:{listener.getsockname()[1]}"
        return self.url

    def _connection(self) -> asyncio.Protocol:
        config = self._gateway.config
        return Protocol(
            self._options, self._state, {HEADER_S: config.header_s, LOAD: self._gateway.load}, patience=config
        )

    async def run(self) -> None:
        """Serve until `stop`, and until the answers under way have ended."""
        looking = asyncio.create_task(self._look())
        try:
            await self._stopped.wait()
            await self._drain()
        finally:
            self._listener.close()
            await self._close()
            looking.cancel()

    def stop(self) -> None:
        """Take no more requests and let the answers under way end; the second call cuts them."""
        if self._gateway.draining:
            self._cut.set()
        self._gateway.draining = True
        self._stopped.set()

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._look_s)
            self._set_date()
            now = loop.time()
            for connection in list(self._state.connections):
                if isinstance(connection, Protocol):
                    connection.look(now)

    def _set_date(self) -> None:
        # In place: connections share the list.
        self._state.default_headers[:] = [(b"date", formatdate(time.time(), usegmt=True).encode())]

    async def _drain(self) -> None:
        self._listener.close()
        for connection in list(self._state.connections):
            if isinstance(connection, Protocol):
                connection.last()
            else:
                connection.shutdown()
        deadline = asyncio.get_running_loop().time() + self._gateway.config.drain_s
        cut = asyncio.create_task(self._cut.wait())
        while self._state.tasks and not self._cut.is_set():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            await asyncio.wait({*self._state.tasks, cut}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        cut.cancel()

    async def _close(self) -> None:
        """Cut what is under way still, and close every connection once it is written out."""
        tasks = set(self._state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSING_S)
        for connection in list(self._state.connections):
            connection.transport.close()
        for _ in range(int(CLOSING_S / _WRITTEN_S)):
            if not self._state.connections:
                break
            await asyncio.sleep(_WRITTEN_S)
        for connection in list(self._state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


def _has_escaped(record: logging.LogRecord) -> bool:
    """Whether uvicorn's `record` tells of a bug: an exception that our own application did not catch.

    What else it says is of clients, which leave and send nonsense; our own log has that, in our own words.
    """
    error = record.exc_info[1] if record.exc_info else None
    return record.msg == _ESCAPED and not isinstance(error, asyncio.CancelledError)


def _listen(host: str, port: int) -> socket.socket:
    """A socket at that address. Raises `UsageError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES)  # of its connections
        return listener
    except OSError as error:
        other = " (by another claude-cli serve?)" if error.errno == errno.EADDRINUSE else ""
        words = f"{host} port {port} cannot be opened: {_reason(error)}{other}; choose another with --port or --host"
        raise UsageError(words) from error


def _reason(error: OSError) -> str:
    # asyncio and ssl put the address or their own names into `strerror`; resolvers have negative numbers of their own.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _raise_file_limit() -> None:
    """Let as many connections be open as the system allows: the usual soft limit of 1,024 is for `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
