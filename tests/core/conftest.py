"""Loopback servers, and one way to ask them by either transport."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from claude_cli.core.blocking import BlockingTransport, run
from claude_cli.core.budget import Recorder
from claude_cli.core.call import Call
from claude_cli.core.client import Client
from claude_cli.core.connection import Timeouts
from claude_cli.core.errors import ClaudeError
from claude_cli.core.events import Event, fold
from claude_cli.core.exchange import Exchange
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, Notice, text_block
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.core.surroundings import CallPolicy
from claude_cli.core.telemetry import Emitter, TelemetryEvent
from claude_cli.core.transport import Transport
from claude_cli.simulator import BackgroundSimulator

from ..loopback import WAIT_S, Loopback, Peer

REQUEST = ChatRequest("claude-sonnet-5-5", (Message("user", (text_block("hi"),)),), options=LLMOptions(max_tokens=100))


PATIENT = Timeouts(connect=WAIT_S, first_byte=WAIT_S, idle=WAIT_S)
"""Enough for a test that waits for nothing, and an end for one that hangs."""


@dataclass
class Answer:
    """What came of one exchange: the events, and the error that ended it."""

    events: list[Event] = field(default_factory=list)
    error: ClaudeError | None = None

    @property
    def text(self) -> str:
        """The text of the events."""
        return fold(self.events).text


@dataclass
class Driver:
    """Asks by one of the transports, "blocking" or "async"."""

    kind: str

    def ask(self, url: str, **more: Any) -> Answer:
        """One question; see `ask_all`."""
        return self.ask_all(url, 1, **more)[0]

    def ask_all(
        self, url: str, times: int, *, request: ChatRequest = REQUEST, timeouts: Timeouts | None = None,
        environ: Mapping[str, str] | None = None, key: str | None = "test-key", allow_http: tuple[str, ...] = (),
        deadline_s: float | None = None, exchanges: Sequence[Exchange] = (), between: Callable[[], object] = int,
        stop_after: int | None = None, on_events: Callable[[Sequence[Event]], object] = len,
        clock: Callable[[], float] = time.monotonic,
    ) -> list[Answer]:  # fmt: skip
        """Ask `times` times over one transport.

        Args:
            url: the base URL.
            exchanges: what to ask instead of `request`.
            between: called after each answer.
            stop_after: leave off reading after so many batches.
            on_events: given each batch.
            clock: the transport's.
        """
        config = ProviderConfig(
            credential(key, source="the test") if key else None, url, allow_http=allow_http, environ=environ or {}
        )
        provider = AnthropicProvider.configured(config)
        wanted = exchanges or [provider.exchange(request) for _ in range(times)]
        made = {
            "timeouts": timeouts or PATIENT,
            "environ": config.environ,
            "user_agent": "claude-cli/test",
            "clock": clock,
        }
        run = self._blocking if self.kind == "blocking" else self._async
        return run(provider, made, wanted, deadline_s, between, stop_after, on_events)

    def _blocking(self, provider, made, exchanges, deadline_s, between, stop_after, on_events) -> list[Answer]:
        answers = []
        with closing(BlockingTransport(provider.endpoint, **made)) as transport:
            for exchange in exchanges:
                answer = Answer()
                deadline = time.monotonic() + deadline_s if deadline_s else None
                try:
                    with closing(transport.events(exchange, deadline=deadline)) as batches:
                        for number, events in enumerate(batches, 1):
                            answer.events += events
                            on_events(events)
                            if number == stop_after:
                                break
                except ClaudeError as error:
                    answer.error = error
                answers.append(answer)
                between()
        return answers

    def _async(self, provider, made, exchanges, deadline_s, between, stop_after, on_events) -> list[Answer]:
        async def main() -> list[Answer]:
            answers = []
            transport = Transport(provider.endpoint, **made)
            for exchange in exchanges:
                answer = Answer()
                deadline = time.monotonic() + deadline_s if deadline_s else None
                try:
                    async with aclosing(transport.events(exchange, deadline=deadline)) as batches:
                        number = 0
                        async for events in batches:
                            number += 1
                            answer.events += events
                            on_events(events)
                            if number == stop_after:
                                break
                except ClaudeError as error:
                    answer.error = error
                answers.append(answer)
                between()
            await transport.aclose()
            return answers

        return asyncio.run(main())


@pytest.fixture(params=["blocking", "async"])
def driver(request) -> Driver:
    """Each of the two transports: what one does, the other has to do too."""
    return Driver(request.param)


@pytest.fixture
def serve() -> Iterator[Callable[..., Loopback]]:
    """Starts loopback servers; all are stopped at the end of the test."""
    with ExitStack() as stack:

        def start(play: Callable[[Peer], object] | bytes, **options: Any) -> Loopback:
            """A server that plays; bytes are the answer to every request."""
            if isinstance(play, bytes):
                data = play

                def play(peer: Peer) -> None:
                    while peer.answer(data):
                        if b"connection: close" in data:
                            return

            return stack.enter_context(Loopback(play, **options))

        yield start


@dataclass
class Authority:
    """A private CA, its file, and server contexts signed by it."""

    ca: trustme.CA
    file: Path

    def context(self, *names: str) -> ssl.SSLContext:
        """A server's context with a certificate for `names`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    """One private CA for all tests: making keys takes time."""
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(file))
    return Authority(ca, file)


@dataclass
class Caller:
    """Makes whole calls, with retries and all, by one of the drivers: `Client` or the blocking `run`.

    Attributes:
        waits: seconds that were to be slept between tries.
        told: telemetry events.
        notices: what the user was told.
        recorder: who is told of the calls.
    """

    kind: str
    waits: list[float] = field(default_factory=list)
    told: list[TelemetryEvent] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)
    recorder: Recorder | None = None

    def call(
        self, url: str, policy: CallPolicy | None = None, *, request: ChatRequest = REQUEST, key: str = "test-key",
        until_text: bool = False,
    ) -> Call:  # fmt: skip
        """The call, when it is over, or (`until_text`) left at its first text; what came of it is in `answer`."""
        around = surroundings(
            "anthropic", draw=lambda: 0.0, emitter=Emitter(self.told.append), notify=self._note, recorder=self.recorder
        )
        config = ProviderConfig(credential(key, source="the test"), url, timeouts=PATIENT, environ={})
        provider, call = AnthropicProvider.configured(config), Call(request, policy or CallPolicy(), around)
        try:
            if self.kind == "blocking":
                self._blocking(provider, call, until_text)
            else:
                asyncio.run(self._async(provider, call, around, until_text))
        except ClaudeError as error:
            self.answer.error = error
        return call

    def _note(self, notice: Notice) -> None:
        self.notices.append(notice)

    def _blocking(self, provider, call, until_text) -> None:
        with (
            closing(provider.blocking_transport()) as transport,
            closing(run(call, transport, provider.exchange, sleep=self.waits.append)) as batches,
        ):
            for events in batches:
                self.answer.events += events
                if until_text and self.answer.text:
                    break

    async def _async(self, provider, call, around, until_text) -> None:
        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        async with provider, aclosing(Client(provider, around, sleep=sleep).run(call)) as batches:
            async for events in batches:
                self.answer.events += events
                if until_text and self.answer.text:
                    break


@pytest.fixture(params=["blocking", "async"])
def caller(request) -> Caller:
    """Each of the two drivers of a call."""
    return Caller(request.param)


@pytest.fixture
def simulate() -> Iterator[Callable[..., BackgroundSimulator]]:
    """Starts simulators with a script; all are stopped at the end of the test."""
    with ExitStack() as stack:

        def start(*steps: Mapping[str, Any], **options: Any) -> BackgroundSimulator:
            return stack.enter_context(BackgroundSimulator(script=steps, **options))

        yield start
