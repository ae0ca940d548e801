"""What is the blocking driver's alone. What it shares with the other transport is in `test_transport*.py`."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import httpcore
import pytest

import claude_cli.core.blocking
from claude_cli.core.blocking import run
from claude_cli.core.call import Call
from claude_cli.core.connection import Timeouts, Watch
from claude_cli.core.errors import UsageError
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.sockets import Backend, Stream
from claude_cli.core.surroundings import CallPolicy

from ..loopback import TEXT, frames, head, response
from .conftest import REQUEST


def test_it_stays_a_driver():
    """It is the loop, not the rules: at 150 lines it would be a second client."""
    assert len(Path(claude_cli.core.blocking.__file__).read_text("utf-8").splitlines()) <= 150


def test_it_loads_neither_asyncio_nor_httpx():
    """That is what it is for: both would take longer than everything else before the request."""
    code = (
        "import sys, claude_cli.core.blocking, claude_cli.core.providers.anthropic;"
        "print(*{'asyncio', 'httpx', 'email'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_two_calls_of_one_transport(serve):
    """A continued answer, or a command with several calls: each call has its own clocks."""
    server = serve(response())
    provider = AnthropicProvider.configured(ProviderConfig(None, server.url, environ={}))
    texts = []
    with closing(provider.blocking_transport()) as transport:
        for _ in range(3):
            call = Call(REQUEST, CallPolicy(), surroundings("anthropic"))
            assert list(run(call, transport, provider.exchange))
            texts.append(call.completion().text)
    assert texts == [TEXT] * 3


def test_ctrl_c_that_wakes_nobody(serve):
    """A signal just before a read, or one that another thread is given, interrupts no read; it counts as well."""

    def play(peer):
        peer.request()
        peer.send(response()[:-40])
        peer.wait()

    server = serve(play)
    provider = AnthropicProvider.configured(ProviderConfig(None, server.url, environ={}))
    call = Call(REQUEST, CallPolicy(), surroundings("anthropic"))

    def press():
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    with closing(provider.blocking_transport()) as transport, pytest.raises(KeyboardInterrupt):
        for _ in run(call, transport, provider.exchange):
            threading.Timer(0.05, press).start()


def test_an_error_of_the_caller_is_not_a_try(serve):
    """A request that cannot be built is no failure of the provider's, and is not tried again."""

    def exchange(request):
        raise UsageError("the conversation is empty")

    provider = AnthropicProvider.configured(ProviderConfig(None, serve(response()).url, environ={}))
    around = surroundings("anthropic")
    with closing(provider.blocking_transport()) as transport, pytest.raises(UsageError, match="empty"):
        list(run(Call(REQUEST, CallPolicy(), around), transport, exchange, sleep=pytest.fail))
    assert around.board.states() == {f"anthropic/{REQUEST.model}": "closed"}


class Pieces(httpcore.NetworkStream):
    """A socket that has these reads to give."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def get_extra_info(self, info: str) -> object:
        return f"the socket's {info}"


def stream(*pieces: bytes) -> Stream:
    backend = Backend(1.0)
    backend.begin(Watch(Timeouts(), lambda: 0.0))
    return Stream(Pieces(*pieces), backend)


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n"], ids=repr)
def test_the_head_and_the_body_part_at_any_cut(end):
    """httpcore gets the head to its last byte, and not a byte more; the body's first bytes are not lost."""
    top = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream" + end
    for cut in range(1, len(top) + 5):
        data = top + b"data"
        one = stream(data[:cut], data[cut:])
        read = b""
        while not read.endswith(end):
            read += one.read(10)
        assert (read, one.receive() + one.receive()) == (top, b"data"), cut


def test_a_socket_with_something_left_in_it_is_not_idle():
    """The pool asks before it uses a connection again: old bytes would be read as the next answer."""
    one = stream(head() + frames())
    one.read(10)
    assert one.get_extra_info("is_readable") is True
    one.receive()
    assert one.get_extra_info("is_readable") == "the socket's is_readable"
