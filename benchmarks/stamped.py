"""A Messages API whose deltas say which they are and when they were due; a process of its own.

`Stamped` is the parent's handle. Run as a script it is the server: `python -m benchmarks.stamped DELTAS PERIOD_US`. The
text of a delta is "NUMBER@NANOSECONDS ", by CLOCK_MONOTONIC; streams begin spread over one period. One thread, one
selector: it has to keep the schedule of hundreds.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

from .mock import HEAD, OPENING, closing


class Stamped:
    """The server process, started by `with`."""

    def __init__(self, deltas: int, period_us: int) -> None:
        """Prepare; every answer is that long, and that slow."""
        self._arguments = [str(deltas), str(period_us)]

    def __enter__(self) -> Self:
        """Start the server and wait until it listens."""
        command = [sys.executable, "-m", "benchmarks.stamped", *self._arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the server."""
        self._process.kill()
        self._process.communicate()


def delta(number: int, due_ns: int) -> bytes:
    """One SSE event as one HTTP chunk."""
    data = (
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        f'"delta":{{"type":"text_delta","text":"{number}@{due_ns} "}}}}\n\n'
    ).encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


class Server:
    """Requests on any number of connections, one behind the other on each."""

    def __init__(self, deltas: int, period_ns: int) -> None:
        """Bind a free port on loopback."""
        self._deltas, self._period_ns, self._end = deltas, period_ns, closing(deltas)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._unread: dict[socket.socket, bytes] = {}
        self._due: list[tuple[int, int, socket.socket, int]] = []
        self._begun = 0

    def run(self) -> None:
        """Serve until killed."""
        print(self._listener.getsockname()[1], flush=True)
        while True:
            wait_ns = self._due[0][0] - time.monotonic_ns() if self._due else 10**9
            for key, _ in self._selector.select(max(0, wait_ns) / 1e9):
                assert isinstance(key.fileobj, socket.socket)
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.fileobj)
            self._send()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ)
        self._unread[connection] = b""

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65_536)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            del self._unread[connection]
            connection.close()
            return
        head, end, body = (self._unread[connection] + data).partition(b"\r\n\r\n")
        self._unread[connection] += data
        length = next((int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0)
        if end and len(body) >= length:
            self._unread[connection] = body[length:]
            connection.send(HEAD + OPENING)
            self._begun += 1
            first = time.monotonic_ns() + self._begun * 7_919_000 % self._period_ns
            heapq.heappush(self._due, (first, self._begun, connection, 0))

    def _send(self) -> None:
        now = time.monotonic_ns()
        while self._due and self._due[0][0] <= now:
            due, begun, connection, number = heapq.heappop(self._due)
            try:
                connection.send(delta(number, due) if number < self._deltas else self._end)
            except OSError:
                continue  # the client has left
            if number < self._deltas:
                heapq.heappush(self._due, (due + self._period_ns, begun, connection, number + 1))


if __name__ == "__main__":
    Server(int(sys.argv[1]), int(sys.argv[2]) * 1000).run()
