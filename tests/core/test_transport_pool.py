"""Many requests at once over one asynchronous transport: each has its own connection, and nobody else's bytes."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing

import pytest

from claude_cli.core.errors import ClaudeError, TimedOutError
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.streams import MOST_UNREAD, Wire
from claude_cli.core.transport import Transport

from ..loopback import TEXT, WAIT_S, chunked, error_response, frames, head, response
from .conftest import PATIENT, REQUEST, Answer

MANY = 40
UNASKED = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Pool:
    """Asks one server over one transport, in the event loop that runs."""

    def __init__(self, url, *, most=512, environ=None):
        self.provider = AnthropicProvider.configured(ProviderConfig(None, url, environ=environ or {}))
        made = {"timeouts": PATIENT, "environ": self.provider.config.environ, "user_agent": "claude-cli/test"}
        self.transport = Transport(self.provider.endpoint, most=most, **made)

    async def ask(self, deadline_s=None):
        answer, deadline = Answer(), None
        if deadline_s is not None:
            deadline = asyncio.get_running_loop().time() + deadline_s
        try:
            async with aclosing(self.transport.events(self.provider.exchange(REQUEST), deadline=deadline)) as batches:
                async for events in batches:
                    answer.events += events
        except ClaudeError as error:
            answer.error = error
        return answer

    async def ask_many(self, count):
        return await asyncio.gather(*(self.ask() for _ in range(count)))

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.transport.aclose()


class Meeting:
    """A `play` that answers only when `MANY` requests are there at the same time."""

    def __init__(self):
        self.barrier = threading.Barrier(MANY)

    def __call__(self, peer):
        while peer.request() is not None:
            self.barrier.wait(WAIT_S)
            peer.send(response(framing="chunked"))


def test_nobody_waits_for_a_connection_and_all_are_used_again(serve):
    """A batch asks 64 at a time: none may wait for another's answer, and a handshake each would be too dear."""

    async def main(url):
        async with Pool(url) as pool:
            return [*await pool.ask_many(MANY), *await pool.ask_many(MANY)]

    server = serve(Meeting())
    answers = asyncio.run(main(server.url))

    assert {(answer.error, answer.text) for answer in answers} == {(None, TEXT)}
    assert server.connections == MANY


def test_connections_over_tls_at_once(serve, authority):
    """What is trusted is read once for all of them."""

    async def main(url):
        async with Pool(url, environ={"SSL_CERT_FILE": str(authority.file)}) as pool:
            return [*await pool.ask_many(3), *await pool.ask_many(3)]

    server = serve(response(framing="chunked"), tls=authority.context("localhost"))
    answers = asyncio.run(main(server.url))

    assert {(answer.error, answer.text) for answer in answers} == {(None, TEXT)}
    assert server.connections <= 3


def test_one_after_the_other_needs_one_connection(serve):
    """The one that was used last is used next."""

    async def main(url):
        async with Pool(url) as pool:
            return [await pool.ask() for _ in range(5)]

    server = serve(response(framing="chunked"))
    assert {answer.text for answer in asyncio.run(main(server.url))} == {TEXT}
    assert server.connections == 1


def test_there_are_no_more_connections_than_allowed(serve):
    """The others wait for their turn, and all have one."""

    async def main(url):
        async with Pool(url, most=3) as pool:
            return await pool.ask_many(12)

    server = serve(response())
    assert {answer.text for answer in asyncio.run(main(server.url))} == {TEXT}
    assert server.connections == 3


def test_waiting_for_a_connection_is_part_of_the_call(serve):
    """Its deadline ends that, too; and who gave up leaves nothing behind."""

    async def main(url):
        async with Pool(url, most=1) as pool:
            first = asyncio.create_task(pool.ask())
            await asyncio.sleep(0)
            late = await pool.ask(deadline_s=0.04)
            go_on.set()
            return late, await first, await pool.ask()

    def play(peer):
        while peer.request() is not None:
            go_on.wait(WAIT_S)
            peer.send(response())

    go_on = threading.Event()
    late, first, next_one = asyncio.run(main(serve(play).url))
    assert isinstance(late.error, TimedOutError) and "--timeout" in str(late.error)
    assert (first.text, next_one.text) == (TEXT, TEXT)


def test_a_request_that_was_cancelled_leaves_its_place(serve):
    """Its connection is closed: the rest of its answer must not become the beginning of another one."""

    async def main(url):
        async with Pool(url, most=1) as pool:
            first = asyncio.create_task(pool.ask())
            await asyncio.to_thread(arrived.wait, WAIT_S)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return await pool.ask()

    def play(peer):
        if peer.number > 1:
            peer.answer(response())
        elif peer.request():
            arrived.set()
            peer.wait()

    arrived, server = threading.Event(), serve(play)
    assert asyncio.run(main(server.url)).text == TEXT
    assert server.left.wait(WAIT_S)


def test_cancelled_at_any_moment_it_blocks_nobody(serve):
    """httpcore takes a connection to be in use for ever whose request is cancelled while it is given back."""

    async def main(url):
        async with Pool(url, most=1) as pool:
            for steps in range(300):
                asking = asyncio.create_task(pool.ask())
                while steps and not asking.done():
                    await asyncio.sleep(0)
                    steps -= 1
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                answer = await asyncio.wait_for(pool.ask(), WAIT_S)
                assert (answer.error, answer.text) == (None, TEXT)

    def play(peer):
        while peer.request() is not None:
            peer.send(response())

    asyncio.run(main(serve(play).url))


def test_what_nobody_reads_is_not_taken(serve):
    """Hundreds of answers that are read slowly must not pile up in memory; what has come is not lost for that."""
    size = 4 * MOST_UNREAD

    async def main(port):
        transport, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
        while transport.is_reading():
            await asyncio.sleep(0)
        pieces = []
        while piece := await wire.read(WAIT_S):
            pieces.append(piece)
        assert await wire.read(WAIT_S) == b""  # the end stays the end
        transport.abort()
        return pieces

    pieces = asyncio.run(main(serve(lambda peer: peer.send(b"x" * size)).port))
    assert MOST_UNREAD < len(pieces[0]) < size
    assert sum(map(len, pieces)) == size


SSE = head(200, "transfer-encoding: chunked") + chunked(frames(), 7)


@pytest.mark.parametrize("when", ["with the answer", "after it", "just now"])
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(SSE, id="chunks"),
        pytest.param(response(), id="a length"),
        pytest.param(error_response(529, "overloaded_error"), id="an error"),
    ],
)
def test_what_a_server_says_unasked_is_nobody_s_answer(serve, first, when):
    """Gateways say 408 on an idle connection before they close it; that must not become the next answer."""

    async def main(url):
        async with Pool(url) as pool:
            await pool.ask()
            over.set()
            if when == "just now":
                said.wait(WAIT_S)  # the event loop has no chance to see it
            else:
                await asyncio.to_thread(said.wait, WAIT_S)
            return await pool.ask()

    def play(peer):
        if peer.number > 1:
            peer.answer(response())
            return
        peer.answer(first + UNASKED if when == "with the answer" else first)
        if when != "with the answer":
            over.wait(WAIT_S)
            peer.send(UNASKED)
        said.set()
        peer.wait()

    over, said, server = threading.Event(), threading.Event(), serve(play)
    answer = asyncio.run(main(server.url))
    assert (answer.error, answer.text) == (None, TEXT)
    assert server.connections == 2
    assert len(server.requests) == 2
