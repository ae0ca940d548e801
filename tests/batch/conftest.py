"""What the tests of batches share: rows, a source that is a list, a store that is a dict, and a simulator to ask."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from claude_cli.batch.gate import Cost, Gate, Slot
from claude_cli.batch.job import Job, Settings
from claude_cli.batch.row import Refused, Result, Row, RowId, Spent
from claude_cli.batch.store import Resumed
from claude_cli.core.budget import Plan, Record, Recorder, Ticket
from claude_cli.core.errors import ClaudeError, OutputError, StreamInterruptedError, UsageError
from claude_cli.core.events import BlockStart, BlockStop, Event, MessageDelta, MessageDone, MessageStart, TextDelta
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, Usage, text_block
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.base import LLMProvider, ModelInfo
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.core.surroundings import Surroundings
from claude_cli.simulator import BackgroundSimulator

MODEL = "claude-sonnet-5-5"


def row(number: int = 0, prompt: str = "", *, model: str = MODEL, system: str | None = None, **more: Any) -> Row:
    """The row with this number, from 0; its id is `row-N` unless `id` says another."""
    request = ChatRequest(
        model, (Message("user", (text_block(prompt or f"Question {number}"),)),), system, LLMOptions(max_tokens=1000)
    )
    known: dict[str, Any] = {
        "number": number, "line": number + 1, "id": f"row-{number}", "named": True, "request": request,
        "digest": hashlib.blake2b(repr(request).encode(), digest_size=16).digest(),
        "prefix": hashlib.blake2b(system.encode(), digest_size=16).digest() if system else None,
    }  # fmt: skip
    return Row(**{**known, **more})


@dataclass
class ListSource:
    """A source that is a list; `read` counts what has been taken from it, over all passes."""

    given: Iterable[Row | Refused]
    name: str = "a list"
    read: int = 0

    def rows(self) -> Iterator[Row | Refused]:
        """As in `Source`."""
        for each in self.given:
            self.read += 1
            yield each


@dataclass
class DictStore:
    """A store that is a dict, which a second job can go on with.

    Attributes:
        results: by id, as they came; spent: on rows that were given up.
        full: rows after which the disk is full; None: never.
        finished, closed: whether it has been.
    """

    results: dict[RowId, Result] = field(default_factory=dict)
    full: int | None = None
    finished: bool = False
    closed: bool = False
    spent: dict[RowId, Spent] = field(default_factory=dict)
    _added: dict[RowId, bytes] = field(default_factory=dict)
    _prefixes: dict[bytes | None, int] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """As in `Store`."""
        if row.id in self._added:
            raise UsageError(f"line {row.line} has the id {row.id} of another")
        self._added[row.id] = row.digest
        self._prefixes[row.prefix] = self._prefixes.get(row.prefix, 0) + 1

    def match(self) -> Resumed:
        """As in `Store`."""
        failed = sum(result.error is not None for result in self.results.values())
        return Resumed(len(self.results) - failed, failed, len(self._added) - len(self.results))

    def is_open(self, row: Row) -> bool:
        """As in `Store`."""
        if self._added.get(row.id) != row.digest:
            raise UsageError("the input changed")
        return row.id not in self.results

    def shares(self, row: Row) -> bool:
        """As in `Store`."""
        return self._prefixes[row.prefix] > 1

    def put(self, row: Row, result: Result) -> None:
        """As in `Store`."""
        if self.full is not None and len(self.results) >= self.full:
            raise OutputError("no space left on device")
        assert row.id not in self.results, "a row is answered once"
        self.results[row.id] = result

    def note_spent(self, row: Row, spent: Spent) -> None:
        """As in `Store`."""
        assert row.id not in self.results
        self.spent[row.id] = spent

    def finish(self) -> None:
        """As in `Store`."""
        self.finished = True

    def close(self) -> None:
        """As in `Store`."""
        self.closed = True

    @property
    def failed(self) -> dict[RowId, str]:
        """The error codes of the rows that failed."""
        return {key: result.error.code for key, result in self.results.items() if result.error}


class WideSlot(Slot):
    """A place in a `WideGate`."""

    def __init__(self, gate: WideGate) -> None:
        self._gate, self._left = gate, False

    async def rest(self, seconds: float, reason: str) -> None:
        """Note it, give others their turn, and go on at once (but see `WideGate.patient`)."""
        self._gate.rests.append((seconds, reason))
        self._gate.resting.set()
        if self._gate.patient:
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    def leave(self, usage: Usage | None) -> None:
        """Give the place back."""
        if not self._left:
            self._left = True
            self._gate.left.append(usage)
            self._gate.places.release()


class WideGate(Gate):
    """A gate that lets so many through at once, and never makes anybody wait for time to pass.

    Attributes:
        costs, rests, left: what it was told: of each row that entered, rested, left.
        patient: who rests is never called back.
        resting: set when somebody rests.
    """

    def __init__(self, most: int = 8, *, patient: bool = False) -> None:
        self.places = asyncio.Semaphore(most)
        self.costs: list[Cost] = []
        self.rests: list[tuple[float, str]] = []
        self.left: list[Usage | None] = []
        self.patient, self.resting = patient, asyncio.Event()

    async def enter(self, cost: Cost) -> WideSlot:
        """A place, when there is one."""
        await self.places.acquire()
        self.costs.append(cost)
        return WideSlot(self)

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """What the server says is no matter here."""


class OpenBooks:
    """Books without a limit: what is told to them is in `records`."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.plans: list[Plan] = []

    async def reserve(self, plan: Plan) -> Recorder:
        """A recorder that puts down all it is told."""
        self.plans.append(plan)
        return _Page(self.records)

    async def aclose(self) -> None:
        """Nothing to do."""


class _Page:
    def __init__(self, records: list[Record]) -> None:
        self._records = records

    def begin(self, plan: Plan) -> Ticket:
        return Ticket(1, plan)

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int) -> Ticket:
        return Ticket(1, plan)

    def settle(self, ticket: Ticket, record: Record) -> None:
        self._records.append(record)

    def left_pico(self) -> int | None:
        return None


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def around(clock: Callable[[], float] = time.monotonic) -> Surroundings:
    """What the calls of a test stand on; no chance in it."""
    return surroundings("anthropic", clock=clock, draw=lambda: 0.0)


@asynccontextmanager
async def provider_at(url: str) -> AsyncIterator[AnthropicProvider]:
    """The built-in provider, with the server at `url`."""
    config = ProviderConfig(credential("sk-ant-test", source="the test"), url, environ={})
    async with AnthropicProvider.configured(config) as provider:
        yield provider


@pytest.fixture
def simulate() -> Iterator[Callable[..., BackgroundSimulator]]:
    """Starts simulators with a script; all are stopped at the end of the test."""
    with ExitStack() as stack:

        def start(*steps: Mapping[str, Any], **options: Any) -> BackgroundSimulator:
            return stack.enter_context(BackgroundSimulator(script=steps, **options))

        yield start


@dataclass
class Night:
    """One run of a batch in a test: a job over `rows`, and all that it stands on, to be looked at afterwards."""

    rows: Iterable[Row | Refused]
    settings: Settings = field(default_factory=lambda: Settings(most=8))
    store: DictStore = field(default_factory=DictStore)
    gate: WideGate = field(default_factory=WideGate)
    books: Any = field(default_factory=OpenBooks)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        """Make the job."""
        self.source = ListSource(self.rows)
        self.job = Job(self.source, self.store, self.settings)

    def run(self, where: str | LLMProvider, *beside: Callable[[Night], Any]) -> Night:
        """Check, then run against the server at a URL, or a provider; each of `beside` is run beside it."""
        self.job.check()

        async def main() -> None:
            opened = provider_at(where) if isinstance(where, str) else where
            async with opened as provider, asyncio.TaskGroup() as group:
                for each in beside:
                    group.create_task(each(self))
                await self.job.run(provider, around(self.clock), self.gate, self.books)

        try:
            asyncio.run(main())
        except* Exception as group:
            raise group.exceptions[0] from None
        return self


class Parrot(LLMProvider):
    """A provider that says what it was asked, or fails as `plan` says: of each try it is given what was asked, and how
    often that has been asked by now, and returns an error to raise, before or (`StreamInterruptedError`) after words.
    """

    PROVIDER_NAME, DISPLAY_NAME, API_KEY_NAME = "parrot", "A parrot", "PARROT_KEY"

    def __init__(self, plan: Callable[[str, int], ClaudeError | None] = lambda asked, count: None) -> None:
        super().__init__()
        self._plan = plan
        self.asked: list[str] = []

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        """One try."""
        words = request.messages[-1].text
        self.asked.append(words)
        failure = self._plan(words, self.asked.count(words))
        await asyncio.sleep(0)
        if failure and not isinstance(failure, StreamInterruptedError):
            raise failure
        yield MessageStart("msg_1", request.model, {"input_tokens": 10}, f"req_{len(self.asked)}")
        yield BlockStart(0, {"type": "text", "text": ""})
        yield TextDelta(0, words)
        if failure:
            raise failure
        yield BlockStop(0)
        yield MessageDelta("end_turn", usage={"output_tokens": 5})
        yield MessageDone()

    async def get_available_models(self) -> list[ModelInfo]:
        """None."""
        return []
