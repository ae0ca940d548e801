"""A Messages API that takes its time, for many requests at once; a process of its own.

`Waiting` is the parent's handle. Run as a script it is the server: `python -m benchmarks.waiting DELAY_MS WORDS`. Each
answer has so many words of four letters, told as one message or as a stream of as many deltas, whichever was asked for,
and comes after the delay.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from types import TracebackType
from typing import Self

from .mock import DELTA, HEAD, OPENING, TEXT, closing

WORDS = 100


class Waiting:
    """The server process, started by `with`."""

    def __init__(self, delay_ms: int, words: int = WORDS) -> None:
        """Prepare; every answer has so many words and comes so many milliseconds after its request."""
        self._arguments = [str(delay_ms), str(words)]

    def __enter__(self) -> Self:
        """Start the server and wait until it listens."""
        command = [sys.executable, "-m", "benchmarks.waiting", *self._arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the server."""
        self._process.kill()
        self._process.communicate()


def message(words: int) -> bytes:
    """The whole response of a request that is not streamed."""
    body = json.dumps(
        {
            "id": "msg_bench", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "text", "text": TEXT * words}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": 12, "output_tokens": words},
        }
    ).encode()  # fmt: skip
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_bench\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


class Connection(asyncio.Protocol):
    """One connection: requests come one behind the other."""

    def __init__(self, delay_s: float, whole: bytes, stream: bytes) -> None:
        """Answer after `delay_s` with the response `whole`, or with `stream`."""
        self._delay_s, self._whole, self._stream = delay_s, whole, stream
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        length = next((int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0)
        if end and len(body) >= length:
            self._data = body[length:]
            compact = body.replace(b" ", b"")
            answer = self._stream if b'"stream":true' in compact else self._whole
            asyncio.get_running_loop().call_later(self._delay_s, self._transport.write, answer)


async def serve(delay_s: float, words: int) -> None:
    """Serve on a free port until killed."""
    whole, stream = message(words), HEAD + OPENING + DELTA * words + closing(words)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(delay_s, whole, stream), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]) / 1000, int(sys.argv[2])))
