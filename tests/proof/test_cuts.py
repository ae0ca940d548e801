"""Every byte at which a connection can break, through real sockets, with both drivers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from claude_cli.core.blocking import run
from claude_cli.core.call import Call
from claude_cli.core.client import Client
from claude_cli.core.errors import ClaudeError, ConnectionFailedError, StreamInterruptedError
from claude_cli.core.events import TextDelta
from claude_cli.core.messages import ChatRequest, Message, text_block
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy

from .conftest import TEXT, answer

pytestmark = pytest.mark.proof

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_1\r\ntransfer-encoding: chunked\r\n\r\n"
REQUEST = ChatRequest("claude-sonnet-5-5", (Message("user", (text_block("hi"),)),))
ONCE = CallPolicy(RetryPolicy(retries=0))


def chunked(body: bytes, size: int = 97) -> bytes:
    """`body` as HTTP chunks that cut frames and characters in two."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@contextmanager
def server(cuts: list[bytes]) -> Iterator[str]:
    """Answers one connection after the other with the next of `cuts`, then closes it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for cut in cuts:
            connection, _ = listener.accept()
            with connection:
                while b"hi" not in connection.recv(65_536):
                    pass
                connection.sendall(cut)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def blocking(provider: AnthropicProvider) -> tuple[str, ClaudeError | None]:
    """The text that reached the user, and how it ended."""
    call, seen = Call(REQUEST, ONCE, surroundings("anthropic")), []
    try:
        with closing(provider.blocking_transport()) as transport:
            for events in run(call, transport, provider.exchange):
                seen += [event.text for event in events if isinstance(event, TextDelta)]
    except ClaudeError as error:
        return "".join(seen), error
    return "".join(seen), None


def asynchronous(provider: AnthropicProvider) -> tuple[str, ClaudeError | None]:
    """The same by the other driver."""

    async def ask() -> tuple[str, ClaudeError | None]:
        seen = []
        try:
            async for event in Client(provider, surroundings("anthropic")).stream(REQUEST, ONCE):
                seen += [event.text] if isinstance(event, TextDelta) else []
        except ClaudeError as error:
            return "".join(seen), error
        finally:
            await provider.aclose()
        return "".join(seen), None

    return asyncio.run(ask())


@pytest.mark.parametrize("ask", [blocking, asynchronous], ids=["blocking", "asynchronous"])
def test_a_stream_cut_at_any_byte_is_never_taken_for_whole(ask):
    """A status of 0 with half an answer is the worst a client can do to a script."""
    whole = HEAD + chunked(answer())
    end = whole.index(b"message_stop", whole.index(b"event: message_stop") + 12) + len(b'message_stop"}')
    shown_from = whole.index(b"content_block_start")
    with server([whole[:length] for length in range(len(whole) + 1)]) as url:
        provider = AnthropicProvider("sk-ant-test-key", url)
        for length in range(len(whole) + 1):
            text, error = ask(provider)
            assert TEXT.startswith(text)
            if error is None:
                assert text == TEXT
                assert length > end, "the last event had not come yet"
            elif isinstance(error, StreamInterruptedError):
                assert error.partial == text
                assert length > shown_from
            else:
                assert isinstance(error, ConnectionFailedError), error
                assert text == ""
