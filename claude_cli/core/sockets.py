"""The sockets under `blocking.py`: they keep the clocks of a call, and join the chunks they read."""

from __future__ import annotations

from typing import Any

import httpcore

from .chunks import ChunkFolder
from .connection import Watch


class Backend(httpcore.SyncBackend):
    """Sockets that keep our clocks, and join what they read (see `chunks.py`)."""

    def __init__(self, connect_s: float) -> None:
        self._connect_s = connect_s
        self.reused = False
        self.watch: Watch | None = None

    def begin(self, watch: Watch) -> None:
        """Another request starts: on a kept connection until `connect_tcp` says otherwise."""
        self.watch, self.reused = watch, True

    def connect_tcp(self, *args: Any, **more: Any) -> httpcore.NetworkStream:
        """Connect, within the time for connecting and the call's own."""
        self.reused = False
        more["timeout"] = self.left()
        return Stream(super().connect_tcp(*args, **more), self)

    def left(self) -> float:
        """Seconds that connecting may still take."""
        return min(self._connect_s, self.watch.limit()) if self.watch else self._connect_s


class Stream(httpcore.NetworkStream):
    """A socket of `Backend`."""

    def __init__(self, inner: httpcore.NetworkStream, backend: Backend) -> None:
        self._inner, self._backend = inner, backend
        self._folder = ChunkFolder()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, joined; waits as long as the clocks of the call allow."""
        watch = self._backend.watch
        while True:
            data = self._inner.read(max_bytes, watch.limit() if watch else timeout)
            if not data:
                return self._folder.end()
            if joined := self._folder.feed(data):
                return joined

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send; what is read afterwards is another response."""
        self._folder = ChunkFolder()
        watch = self._backend.watch
        self._inner.write(buffer, watch.limit() if watch else timeout)

    def close(self) -> None:
        """Close the socket."""
        self._inner.close()

    def start_tls(self, *args: Any, **more: Any) -> httpcore.NetworkStream:
        """The same socket, encrypted; the handshake belongs to the time for connecting."""
        more["timeout"] = self._backend.left()
        return Stream(self._inner.start_tls(*args, **more), self._backend)

    def get_extra_info(self, info: str) -> Any:
        """What the socket says of itself."""
        return self._inner.get_extra_info(info)
