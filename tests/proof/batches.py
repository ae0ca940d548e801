"""What the long proofs of batches share: a server that counts what each row is asked, inputs, and runs of the program.

The server is an API in a thread: raw, so that it is never what is measured. The prompt of a row names the row, and its
answer is made of that name: so a wrong answer shows.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from .conftest import environment, frame

WAIT_S = 120.0
FAULTS = ("529", "429", "cut", "refused")
_RETRY_MS = 20
_CLOSED_S = 0.03
"""Seconds without anybody who listens, each time a connection is refused."""
_LAUNCHER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, usage.ru_utime + usage.ru_stime, file=sys.stderr)
"""


def answer_to(name: str) -> str:
    """The only right answer to the row called so."""
    return f"{name}: {hashlib.md5(name.encode()).hexdigest()}"


@dataclass
class Server:
    """A Messages API on loopback.

    Attributes:
        delay: seconds that the next answer takes.
        fault: what goes wrong with the next request, one of `FAULTS`; "": nothing.
        asked: requests that were worked on, by row: each would be billed.
        faults: how often each fault was played.
        unseen: requests whose connection was lost before their answer had surely been seen: those in flight.
        count: requests in all.
    """

    delay: Callable[[], float] = lambda: 0.0
    fault: Callable[[], str] = lambda: ""
    asked: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    unseen: int = 0
    count: int = 0
    connections: set[_Connection] = field(default_factory=set)
    _reached: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._accepting: set[asyncio.Task[Any]] = set()
        self.port = 0
        self.listen()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        for connection in list(self.connections):
            connection.transport.abort()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def listen(self) -> None:
        """Listen, at the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        with suppress(OSError):  # whoever it was has left
            connection, _ = self._listener.accept()
            accepting = self._loop.connect_accepted_socket(lambda: _Connection(self), connection)
            self._accepting.add(task := self._loop.create_task(accepting))
            task.add_done_callback(self._accepting.discard)

    def refuse(self) -> None:
        """Refuse connections for a moment. (asyncio's own server, closed while it accepts one, leaves it hanging.)"""
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._loop.call_later(_CLOSED_S, self.listen)

    def came(self) -> None:
        """One more request is here."""
        with self._reached:
            self.count += 1
            self._reached.notify_all()

    def wait_for(self, count: int, process: subprocess.Popen[bytes]) -> None:
        """Return when `count` requests have come in all, or `process` has ended."""
        with self._reached:
            while self.count < count and process.poll() is None:
                self._reached.wait(0.05)

    def pause(self, seconds: float) -> None:
        """Let it work for so long."""
        time.sleep(seconds)

    def settle(self) -> None:
        """Return when it has seen that all clients have left."""
        until = time.monotonic() + WAIT_S
        while self.connections and time.monotonic() < until:
            time.sleep(0.002)


class _Connection(asyncio.Protocol):
    """One connection, which asks one thing after another."""

    def __init__(self, server: Server) -> None:
        self.server, self._data = server, b""
        self._open: str | None = None
        self._answered_at = -1e9

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.server.connections.discard(self)
        # What was answered a moment ago may still have been on its way to the journal.
        self.server.unseen += self._open is not None or time.monotonic() - self._answered_at < 0.1
        self._open = None

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, rest = self._data.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(rest) < length:
            return
        body, self._data = rest[:length], rest[length:]
        if b"count_tokens" in head.partition(b"\r\n")[0]:
            self._send(200, b'{"input_tokens": 20}', "application/json")
        else:
            self._message(json.loads(body))

    def _message(self, body: dict[str, Any]) -> None:
        server = self.server
        content = body["messages"][-1]["content"]
        name = (content if isinstance(content, str) else content[-1]["text"])[:80].split()[-1]
        fault = server.fault()
        if fault:
            server.faults[fault] += 1
        server.came()
        if fault in ("529", "429"):
            kind = "overloaded_error" if fault == "529" else "rate_limit_error"
            self._send(int(fault), json.dumps({"type": "error", "error": {"type": kind, "message": "no"}}).encode(),
                       "application/json", f"retry-after-ms: {_RETRY_MS}")  # fmt: skip
        elif fault == "refused":
            server.refuse()
            self._reset()
        else:
            server.asked[name] += 1
            self._open = name
            asyncio.get_running_loop().call_later(server.delay(), self._answer, name, body, fault)

    def _answer(self, name: str, asked: dict[str, Any], fault: str) -> None:
        if self._open is None:
            return  # the client is gone
        self._open = None
        streamed = bool(asked.get("stream"))
        kind = "text/event-stream" if streamed else "application/json"
        body = (events if streamed else message)(answer_to(name), asked["model"])
        if fault == "cut":
            head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
            self.transport.write(head.encode() + body[: body.rindex(b"stop_reason")])
            self.transport.close()
        else:
            self._answered_at = time.monotonic()
            self._send(200, body, kind, "request-id: req_1")

    def _reset(self) -> None:
        self.transport.abort()

    def _send(self, status: int, body: bytes, kind: str, *lines: str) -> None:
        head = [f"HTTP/1.1 {status} Said", f"content-type: {kind}", f"content-length: {len(body)}", *lines, "", ""]
        self.transport.write("\r\n".join(head).encode() + body)


def message(text: str, model: str) -> bytes:
    """A whole answer in one object."""
    return json.dumps({
        "content": [{"type": "text", "text": text}], "id": "msg_1", "type": "message", "role": "assistant",
        "model": model, "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 20, "output_tokens": 12},
    }).encode()  # fmt: skip


def events(text: str, model: str) -> bytes:
    """A whole streamed answer of two deltas."""
    usage = {"input_tokens": 20, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    middle = len(text) // 2
    return b"".join([
        frame("message_start", message={**message, "stop_reason": None, "stop_sequence": None, "usage": usage}),
        frame("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        frame("content_block_delta", index=0, delta={"type": "text_delta", "text": text[:middle]}),
        frame("content_block_delta", index=0, delta={"type": "text_delta", "text": text[middle:]}),
        frame("content_block_stop", index=0),
        frame("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 12}),
        frame("message_stop"),
    ])  # fmt: skip


def faults(chance: random.Random, **shares: float) -> Callable[[], str]:
    """A `Server.fault` that plays each kind in its share of the requests; "529" is called `s529` here."""

    def draw() -> str:
        at = chance.random()
        for kind, share in shares.items():
            if at < share:
                return kind.removeprefix("s")
            at -= share
        return ""

    return draw


def write_rows(path: Path, count: int) -> None:
    """An input of so many rows, each with an id and a prompt that ends with that id."""
    with path.open("w") as file:
        file.writelines(f'{{"id": "row-{number}", "prompt": "Say row-{number}"}}\n' for number in range(count))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    with path.open("rb") as file:
        yield from map(json.loads, file)


def check_whole(path: Path, count: int) -> None:
    """Each row is there, done, once, at its place, with the answer to itself."""
    number = -1
    for number, row in enumerate(read_rows(path)):
        assert (row["id"], row["status"]) == (f"row-{number}", "done"), row
        assert row["text"] == answer_to(row["id"]), row
    assert number + 1 == count


def command(folder: Path, *more: str) -> list[str]:
    """The command line for the batch of `folder`: `in.jsonl` to `out.jsonl`."""
    files = [str(folder / "in.jsonl"), "-o", str(folder / "out.jsonl")]
    return [sys.executable, "-m", "claude_cli", "batch", "run", *files, *more]


def start(folder: Path, url: str, *more: str, **how: Any) -> subprocess.Popen[bytes]:
    """The batch of `folder` as a process of its own."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command(folder, *more), **{"env": environment(folder, url), **pipes, **how})


def run(folder: Path, url: str, *more: str, timeout_s: float = WAIT_S, **how: Any) -> tuple[int, str]:
    """Run it to its end; returns the exit status and standard error."""
    process = start(folder, url, *more, **how)
    _, said = process.communicate(timeout=timeout_s)
    return process.returncode, said.decode()


@dataclass
class Measured:
    """A run with what it took: its exit status, peak of resident memory in MB, CPU in seconds, standard error."""

    status: int
    peak_mb: float
    cpu_s: float
    said: str


def measure(folder: Path, url: str, *more: str, timeout_s: float = 900.0) -> Measured:
    """Run it, started by a small process: one inherits its parent's peak, and a tester's is large."""
    words = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command(folder, *more)]
    done = subprocess.run(
        words,
        env=environment(folder, url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout_s,
        check=True,
    )
    said, _, last = done.stderr.decode().rstrip().rpartition("\n")
    status, peak, cpu = last.split()
    return Measured(int(status), int(peak) / 1024, float(cpu), said)


def kill(process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> tuple[int, str]:
    """Send a signal and wait for the end; returns the exit status and standard error."""
    process.send_signal(number)
    _, said = process.communicate(timeout=WAIT_S)
    return process.returncode, said.decode()
