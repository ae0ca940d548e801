"""The gateway on a real port of this machine, in a thread with an event loop of its own, before a simulator."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from claude_cli.core.breaker import BreakerLimits
from claude_cli.core.connection import Timeouts
from claude_cli.core.models import catalogue
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.core.surroundings import CallPolicy
from claude_cli.core.telemetry import Emitter
from claude_cli.gateway.config import Config
from claude_cli.gateway.door import Door
from claude_cli.gateway.gateway import Gateway
from claude_cli.gateway.limits import NoLimits
from claude_cli.gateway.metrics import Metrics
from claude_cli.gateway.names import Names
from claude_cli.gateway.room import Room
from claude_cli.gateway.server import Server
from claude_cli.gateway.visit import Visit
from claude_cli.simulator import BackgroundSimulator
from claude_cli.storage.books import RunBooks
from claude_cli.storage.gateway_keys import GatewayKey
from tests.loopback import Loopback

CANARY = "sk-ant-api03-CANARYcanaryCANARYcanary"
"""The upstream key: it is in nothing that the gateway ever says."""
WAIT_S = 10.0
"""The most that anything here is waited for: a test that gets so far has failed."""
CHAT = "/v1/chat/completions"
HELLO: Mapping[str, Any] = {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "hi"}]}
"""The smallest body of a chat completion."""


@dataclass
class Answer:
    """A whole response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error of a body in OpenAI's form, all four members of it."""
        error = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"}, error
        return error

    @property
    def data(self) -> list[Any]:
        """What the events of a stream hold; "[DONE]" stays as it is."""
        found = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [text if text == "[DONE]" else json.loads(text) for text in found]

    @property
    def text(self) -> str:
        """The answer's text: of an object, or of the chunks of a stream."""
        if self.headers.get("content-type", "").startswith("application/json"):
            return self.json["choices"][0]["message"]["content"]
        chunks = [chunk for chunk in self.data if chunk != "[DONE]" and chunk.get("choices")]
        return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)


class Keys:
    """The keys of a test, by their text; one that is taken out is revoked."""

    def __init__(self, keys: Mapping[str, GatewayKey]) -> None:
        self.given = dict(keys)

    def find(self, key: str) -> GatewayKey | None:
        return self.given.get(key)


@dataclass
class Running:
    """A gateway that is being served.

    Attributes:
        upstream: the simulator; None where the test has a server of its own.
        visits: those that are over, in that order.
        waits: seconds that were to be waited before further tries; nobody does.
        complaints: what reached the event loop as nobody's exception; must stay empty.
    """

    gateway: Gateway
    server: Server
    loop: asyncio.AbstractEventLoop
    upstream: BackgroundSimulator | None
    visits: list[Visit] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    complaints: list[dict[str, Any]] = field(default_factory=list)
    over: threading.Condition = field(default_factory=threading.Condition)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask and read the whole answer; `body` is bytes, or becomes JSON. Headers' names: `_` stands for `-`."""
        connection = self.connect()
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, {name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            named = {name.lower(): text for name, text in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def chat(self, key: str = "", headers: Mapping[str, str] | None = None, **members: Any) -> Answer:
        """A chat completion of `HELLO` and `members`."""
        auth = {"authorization": f"Bearer {key}"} if key else {}
        return self.ask("POST", CHAT, {**HELLO, **members}, **auth, **(headers or {}))

    def wait_visits(self, count: int) -> list[Visit]:
        """The visits, once so many are over: that is after the client has its answer."""
        with self.over:
            assert self.over.wait_for(lambda: len(self.visits) >= count, WAIT_S), self.visits
        return self.visits

    def call(self, what: Callable[[], Any]) -> Any:
        """`what()` in the gateway's thread."""

        async def run() -> Any:
            return what()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(WAIT_S)

    def stop(self) -> None:
        """As a signal does."""
        with suppress(RuntimeError):  # it has ended already
            self.loop.call_soon_threadsafe(self.server.stop)


def chat_bytes(*, key: str = "", **members: Any) -> bytes:
    """A chat completion of `HELLO` and `members` as it goes over the wire."""
    body = json.dumps({**HELLO, **members}).encode()
    auth = f"authorization: Bearer {key}\r\n" if key else ""
    return f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\n{auth}content-length: {len(body)}\r\n\r\n".encode() + body


def eventually(holds: Callable[[], Any]) -> bool:
    """Whether something in the gateway's thread comes to hold, within the time that anything here is waited for."""
    again, give_up = threading.Event(), time.monotonic() + WAIT_S
    while not holds() and time.monotonic() < give_up:
        again.wait(0.002)
    return bool(holds())


def _ended(running: Running, visit: Visit) -> None:
    with running.over:
        running.visits.append(visit)
        running.over.notify_all()


def _run(
    make: Callable[[Running], Gateway], running: Running, opened: threading.Event, failed: list[Exception]
) -> None:
    async def main() -> None:
        running.loop = asyncio.get_running_loop()
        running.loop.set_exception_handler(lambda loop, context: running.complaints.append(context))
        try:
            running.gateway = make(running)
            running.server = Server(running.gateway, look_s=0.02)
            await running.server.open()
        except Exception as error:
            failed.append(error)
            return
        finally:
            opened.set()
        try:
            await running.server.run()
        finally:
            await running.gateway.aclose()

    try:
        with asyncio.Runner() as runner:
            runner.run(main())
    finally:
        running.ended.set()


Start = Callable[..., Running]


@pytest.fixture
def gateway(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts gateways: `gateway(script=…)`.

    Options: `script`, `pace_s` of the simulator, or `upstream`, the URL of another server; `keys`, by their text, or a
    key ring (None: nobody is asked for one); `config`, members of `Config`; `policy`, a `CallPolicy`; `emitter`;
    `timeouts` and `breaker` of the core; `sleep` (waits between tries are only noted unless given); `change`, told of
    the gateway, in its thread, before it is opened.
    """
    with ExitStack() as stack:

        def start(
            script: Sequence[Mapping[str, Any]] = (), *, pace_s: float = 0.0, upstream: str | None = None,
            keys: Mapping[str, GatewayKey] | Any = None, config: Mapping[str, Any] | None = None,
            policy: CallPolicy | None = None, emitter: Emitter | None = None, timeouts: Timeouts | None = None,
            breaker: BreakerLimits | None = None, sleep: Any = None, change: Callable[[Gateway], None] = lambda _: None,
        ) -> Running:  # fmt: skip
            simulator = None
            if upstream is None:
                simulator = stack.enter_context(BackgroundSimulator(script=script, pace_s=pace_s))
                upstream = simulator.url
            told = Config(**{"port": 0, "authenticate": keys is not None, "drain_s": 5.0, **(config or {})})
            ring = Keys(keys) if isinstance(keys, Mapping) else keys

            def make(running: Running) -> Gateway:
                async def note(seconds: float) -> None:
                    running.waits.append(seconds)

                key = credential(CANARY, source="the test")
                provider = AnthropicProvider.configured(
                    ProviderConfig(key, upstream, environ={}, timeouts=timeouts or Timeouts())
                )
                around = surroundings("anthropic", draw=random.Random(1).random, emitter=emitter, limits=breaker)
                made = Gateway(
                    told, provider, around, policy or CallPolicy(), RunBooks(), Door(ring), Names(catalogue()),
                    NoLimits(), Room(told.at_once, told.waiting, told.wait_s), Metrics(),
                    lambda visit: _ended(running, visit), time.time, sleep=sleep or note,
                )  # fmt: skip
                change(made)
                return made

            running = Running.__new__(Running)
            running.upstream = simulator
            running.visits, running.waits, running.complaints = [], [], []
            running.over, running.ended = threading.Condition(), threading.Event()
            opened, failed = threading.Event(), []
            thread = threading.Thread(target=_run, args=(make, running, opened, failed), daemon=True)
            thread.start()
            assert opened.wait(WAIT_S)
            if failed:
                raise failed[0]

            def leave() -> None:
                if not running.ended.is_set():
                    running.stop()
                    running.stop()
                thread.join(WAIT_S)
                assert not thread.is_alive(), "the gateway did not stop"
                assert running.complaints == []

            stack.callback(leave)
            return running

        yield start


@pytest.fixture
def upstream() -> Iterator[Callable[..., Loopback]]:
    """Starts servers in the provider's place: `upstream(answer, …)`.

    Each answer is the bytes of one, given in turn to whoever asks; None closes the connection instead, and a function
    of the connection may do anything with it.
    """
    servers = []

    def start(*answers):
        left = list(answers)

        def play(peer):
            while peer.request() is not None:
                answer = left.pop(0)
                if answer is None:
                    return
                if callable(answer):
                    return answer(peer)
                peer.send(answer)
                if b"connection: close" in answer:
                    return

        server = Loopback(play)
        server.__enter__()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)
