"""A call on a stage: tries that are scripted, driven as `client.py` and `blocking.py` drive a real one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from claude_cli.core.breaker import BreakerBoard
from claude_cli.core.budget import Plan, Record, Recorder, Ticket
from claude_cli.core.call import Call
from claude_cli.core.errors import BudgetReachedError, ClaudeError, OverloadedError
from claude_cli.core.events import (
    BlockStart,
    BlockStop,
    Event,
    InputJsonDelta,
    MessageDelta,
    MessageDone,
    MessageStart,
    TextDelta,
)
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, Notice, text_block
from claude_cli.core.surroundings import CallPolicy, Surroundings
from claude_cli.core.telemetry import Emitter, TelemetryEvent

ASK = Message("user", (text_block("Why?"),))
OPUS = ChatRequest("opus", (ASK,), options=LLMOptions(max_tokens=100))
SONNET = ChatRequest("sonnet", (ASK,))
HAIKU = ChatRequest("haiku", (ASK,))
TEXT = {"type": "text", "text": ""}
DOWN = OverloadedError("Overloaded", request_id="req_x", status=529)


def start(number: int = 1, **usage: int) -> MessageStart:
    return MessageStart(f"msg_{number}", "claude-opus-5-5", {"input_tokens": 10} | usage, f"req_{number}")


def words(*pieces: str, index: int = 0) -> list[Event]:
    return [BlockStart(index, TEXT), *(TextDelta(index, piece) for piece in pieces), BlockStop(index)]


def end(reason: str = "end_turn", output: int = 5) -> list[Event]:
    return [MessageDelta(reason, usage={"output_tokens": output}), MessageDone()]


def whole(*pieces: str, reason: str = "end_turn", number: int = 1) -> list[Event]:
    return [start(number), *words(*pieces), *end(reason)]


SEARCH = [
    BlockStart(0, {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}),
    InputJsonDelta(0, '{"query": "x"}'),
    BlockStop(0),
]


@dataclass
class Book:
    """A recorder that keeps what it is told, and checks that each call is told in the right order.

    Attributes:
        allows: what it says to each plan in turn: None: all of it, a number: so many `max_tokens`, 0: nothing.
        on_settle: called with each record.
        told: the plans; with what was spent before for one that goes on.
    """

    allows: list[int | None] = field(default_factory=list)
    on_settle: Callable[[Record], object] = repr
    told: list[Plan | tuple[Plan, int | None]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    open: set[int] = field(default_factory=set)
    begun: int = 0

    def begin(self, plan: Plan) -> Ticket:
        self.told.append(plan)
        granted = self._grant(plan)
        self.begun += 1
        self.open.add(self.begun)
        return Ticket(self.begun, granted)

    def extend(self, ticket: Ticket, plan: Plan, spent_pico: int | None) -> Ticket:
        self.open.remove(ticket.number)
        self.told.append((plan, spent_pico))
        self.open.add(ticket.number)
        return Ticket(ticket.number, self._grant(plan))

    def settle(self, ticket: Ticket, record: Record) -> None:
        self.open.remove(ticket.number)
        self.records.append(record)
        self.on_settle(record)

    def _grant(self, plan: Plan) -> Plan:
        allowed = self.allows.pop(0) if self.allows else None
        if allowed == 0:
            raise BudgetReachedError("the purse is empty")
        return plan if allowed is None else plan._replace(max_tokens=min(allowed, plan.max_tokens))

    @property
    def record(self) -> Record:
        """The one that there is."""
        (record,) = self.records
        assert not self.open
        return record


@dataclass
class Stage:
    """Drives a call through tries that are scripted: each a list of reads, or what the transport raised after them."""

    policy: CallPolicy = field(default_factory=CallPolicy)
    request: ChatRequest = OPUS
    listens: bool = False
    name: str = "7"
    seconds_a_try: float = 1.0
    recorder: Recorder | None = None

    def __post_init__(self) -> None:
        self.now = 100.0
        self.notices: list[Notice] = []
        self.heard: list[TelemetryEvent] = []
        self.waits: list[float] = []
        self.asked: list[ChatRequest] = []
        self.shown: list[Event] = []
        self.board = BreakerBoard(clock=lambda: self.now)
        self.around = Surroundings(
            "anthropic",
            lambda: self.now,
            lambda: 0.0,
            self.board,
            Emitter(self.heard.append) if self.listens else Emitter(),
            self.notices.append,
            recorder=self.recorder,
        )
        self.call = Call(self.request, self.policy, self.around, name=self.name)

    def play(self, *tries: Sequence[object]) -> Stage:
        """Run the call to its end, as `client.py` and `blocking.py` do."""
        script = list(tries)
        try:
            while self.call.going_on:
                try:
                    self.call.begin()
                    self.asked.append(self.call.request)
                    for read in script.pop(0):
                        self.now += self.seconds_a_try
                        if isinstance(read, BaseException):
                            raise read
                        self.shown += self.call.receive(read)
                    last = self.call.ended()
                except ClaudeError as error:
                    wait = self.call.failed(error)
                    self.waits.append(wait)
                    self.now += wait
                    continue
                self.shown += last
        finally:
            self.call.close()
        assert not script, "the call ended before its script"
        return self

    def fail(self, expected: type[ClaudeError], *tries: Sequence[object]) -> ClaudeError:
        with pytest.raises(ClaudeError) as caught:
            self.play(*tries)
        assert type(caught.value) is expected
        assert "\n" not in str(caught.value)
        return caught.value

    @property
    def said(self) -> list[str]:
        return [f"{notice.code}: {notice.text}" for notice in self.notices]
