"""A Messages API that only streams, fast enough not to be what is measured; a process of its own.

`Mock` is the parent's handle. Run as a script it is the server: commands come as lines on standard input, answers
go as lines to standard output, so that the HTTP side has no doors that a client could walk into.

    set DELTAS PERIOD_US    how long the next answers are; 0 means all at once
    log                     one JSON list: the requests since the last `set`

Every delta is one SSE event in one HTTP chunk, about 110 bytes and 4 letters of text, as short answers look.
"""

from __future__ import annotations

import ctypes
import json
import socket
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

TEXT = "word"
SPIN_NS = 40_000  # the last part of a wait is spent looking at the clock, as a sleep ends a little late
PR_SET_TIMERSLACK = 29  # <linux/prctl.h>


# ------------------------------------------------------------------------------------------------ the parent's side
class Mock:
    """The server process, started by `with`; `set` before each run, `log` after it."""

    def __enter__(self) -> Self:
        """Start the server and wait until it listens."""
        command = [sys.executable, "-m", "benchmarks.mock"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self._answer()}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the server: it leaves when its standard input closes."""
        self._process.communicate()

    def set(self, deltas: int, period_us: int = 0) -> None:
        """Choose the length and the pace of the next answers and forget the log."""
        self._say(f"set {deltas} {period_us}")

    def log(self) -> list[dict[str, Any]]:
        """The requests since `set`: `first_byte_ns` (CLOCK_MONOTONIC), `path`, `body_bytes`, `late`."""
        requests: list[dict[str, Any]] = json.loads(self._say("log"))
        return requests

    def _say(self, line: str) -> str:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


# ------------------------------------------------------------------------------------------------ the answer's bytes
def chunk(event: dict[str, Any]) -> bytes:
    """One SSE event as one HTTP chunk."""
    frame = f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(frame), frame)


HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nrequest-id: req_bench\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
DELTA = chunk({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TEXT}})
OPENING = chunk(
    {
        "type": "message_start",
        "message": {
            "id": "msg_bench",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        },
    }
) + chunk({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})


def closing(deltas: int) -> bytes:
    """What follows the last delta, with the empty chunk that ends the body."""
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    events: list[dict[str, Any]] = [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": end, "usage": {"output_tokens": deltas}},
        {"type": "message_stop"},
    ]
    return b"".join(map(chunk, events)) + b"0\r\n\r\n"


# ------------------------------------------------------------------------------------------------ the server's side
class Server:
    """One thread a connection; the settings and the log are shared, the main thread reads the commands."""

    def __init__(self) -> None:
        """Bind a free port on loopback."""
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._log: list[dict[str, Any]] = []
        self.set(1, 0)

    def set(self, deltas: int, period_us: int) -> None:
        """Prepare the bytes of the next answers, so that sending them is all that is left."""
        self._deltas, self._period_ns = deltas, period_us * 1000
        self._flood = OPENING + DELTA * deltas + closing(deltas)
        self._log = []

    def run(self) -> None:
        """Serve until standard input ends."""
        threading.Thread(target=self._accept, daemon=True).start()
        print(self._socket.getsockname()[1], flush=True)
        for line in sys.stdin:
            match line.split():
                case ["set", deltas, period_us]:
                    self.set(int(deltas), int(period_us))
                    print("ok", flush=True)
                case ["log"]:
                    print(json.dumps(self._log), flush=True)

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while self._one(connection):
                pass
        except OSError:
            pass  # the client has left: nothing to tell it
        finally:
            connection.close()

    def _one(self, connection: socket.socket) -> bool:
        """Read one request and answer it; False when the client has closed."""
        data = connection.recv(65536)
        first_byte_ns = time.monotonic_ns()
        if not data:
            return False
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        path = head.split(b" ", 2)[1].decode()
        entry = {"first_byte_ns": first_byte_ns, "path": path, "body_bytes": length, "late": 0}
        self._log.append(entry)
        if not path.startswith("/v1/messages"):
            connection.sendall(NOT_FOUND)
        elif self._period_ns:
            entry["late"] = self._pace(connection)
        else:
            connection.sendall(HEAD + self._flood)
        return True

    def _pace(self, connection: socket.socket) -> int:
        """Send each delta at its own time, counted from the first; returns how many left a whole period late."""
        sharpen_sleep()
        period, deltas, late = self._period_ns, self._deltas, 0
        connection.sendall(HEAD + OPENING)
        due = time.monotonic_ns()
        for _ in range(deltas):
            due += period
            now = time.monotonic_ns()
            if due - now > SPIN_NS:
                time.sleep((due - now - SPIN_NS) / 1e9)
            while (now := time.monotonic_ns()) < due:
                pass
            late += now - due > period
            connection.sendall(DELTA)
        connection.sendall(closing(deltas))
        return late


def sharpen_sleep() -> None:
    """Let this thread's sleeps end on time: Linux adds 50 us of slack unless asked not to; nothing elsewhere."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl:
        prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


if __name__ == "__main__":
    Server().run()
