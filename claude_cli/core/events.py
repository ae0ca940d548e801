"""What streams out: one frozen value for each thing an answer is made of, and the fold that sums them up.

Every provider speaks these; the terminal draws them, the gateway re-encodes them, a batch folds them.
Decoding them from bytes is `wire_response.py`'s and `sse.py`'s task.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import StreamInterruptedError
from .messages import Block, Completion, Usage, count_in, text_of


@dataclass(frozen=True, slots=True)
class MessageStart:
    """The provider accepted the prompt. `usage` is its raw object: input counts and a provisional output."""

    id: str
    model: str
    usage: dict[str, Any] = field(default_factory=dict)
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class BlockStart:
    """Content block `index` begins; `block` is its JSON as sent, whole for kinds that have no deltas."""

    index: int
    block: Block


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the answer."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More of the model's reasoning; never part of the answer's text."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class InputJsonDelta:
    """More of a tool call's arguments: a piece of JSON text, not JSON."""

    index: int
    partial_json: str


@dataclass(frozen=True, slots=True)
class SignatureDelta:
    """The seal of a thinking block, needed to send the block back."""

    index: int
    signature: str


@dataclass(frozen=True, slots=True)
class CitationDelta:
    """One more source of a text block."""

    index: int
    citation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OtherDelta:
    """A delta of a kind this version does not know; kept so that nothing is lost in silence."""

    index: int
    delta: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BlockStop:
    """Content block `index` is whole."""

    index: int


@dataclass(frozen=True, slots=True)
class MessageDelta:
    """Why the answer ends, and its usage: cumulative, replacing what `MessageStart` said where it is not null."""

    stop_reason: str | None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    usage: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MessageDone:
    """The explicit end. A stream without it is an interrupted one, and so is one that has not said why it ends."""


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life without content."""


Event = (
    MessageStart
    | BlockStart
    | TextDelta
    | ThinkingDelta
    | InputJsonDelta
    | SignatureDelta
    | CitationDelta
    | OtherDelta
    | BlockStop
    | MessageDelta
    | MessageDone
    | Ping
)


def usage_from(raw: dict[str, Any]) -> Usage:
    """The five counts out of the API's usage object; what is absent or no count is 0."""
    return Usage(
        input_tokens=count_in(raw, "input_tokens"),
        output_tokens=count_in(raw, "output_tokens"),
        cache_read_tokens=count_in(raw, "cache_read_input_tokens"),
        cache_write_tokens=count_in(raw, "cache_creation_input_tokens"),
        thinking_tokens=count_in(raw.get("output_tokens_details"), "thinking_tokens"),
        raw=raw,
    )


class Fold:
    """Sums events up to a `Completion`; at any moment `text` is what has come so far.

    Attributes:
        ending: something of the end has come, after which there is no more content.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.ending = False
        self._closed = False
        self._start = MessageStart("", "")
        self._usage: dict[str, Any] = {}
        self._end = MessageDelta(None)
        self._blocks: dict[int, Block] = {}
        self._pieces: dict[int, list[str]] = {}  # text, thinking or partial JSON, by block: joined once, at the end

    def add(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case ThinkingDelta(index, piece):
                # Also where no block was announced: reasoning never becomes part of the text.
                self._blocks.setdefault(index, {"type": "thinking", "thinking": ""})
                self._pieces.setdefault(index, []).append(piece)
            case TextDelta(index, piece) | InputJsonDelta(index, piece):
                self._pieces.setdefault(index, []).append(piece)
            case BlockStart(index, block):
                self._blocks[index] = dict(block)
            case MessageStart():
                self._start = event
                self._usage = dict(event.usage)
            case MessageDelta():
                self._end, self.ending = event, True
                self._usage.update({key: value for key, value in event.usage.items() if value is not None})
            case MessageDone():
                self._closed = self.ending = True
            case _:
                self._seal(event)

    def add_all(self, events: Iterable[Event]) -> None:
        """Take many in; a read from the network brings many at once."""
        pieces = self._pieces
        for event in events:
            # Nearly all events are text: the shortest way for them keeps a flood cheap.
            if type(event) is TextDelta:
                try:
                    pieces[event.index].append(event.text)
                except KeyError:
                    pieces[event.index] = [event.text]
            else:
                self.add(event)

    def _seal(self, event: Event) -> None:
        match event:
            case SignatureDelta(index, signature):
                self._block(index)["signature"] = signature
            case CitationDelta(index, citation):
                block = self._block(index)
                block["citations"] = [*(block.get("citations") or []), citation]
            case OtherDelta(index, delta):
                block = self._block(index)
                block.update({key: value for key, value in delta.items() if key != "type"})

    def _block(self, index: int) -> Block:
        return self._blocks.setdefault(index, {"type": "text", "text": ""})

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return text_of(self.blocks())

    @property
    def stop_reason(self) -> str | None:
        """Why the answer ended; None while it has not."""
        return self._end.stop_reason

    @property
    def done(self) -> bool:
        """Whether the explicit end has come, and a stop reason before it."""
        return self._closed and self.stop_reason is not None

    def check(self) -> None:
        """Raises `StreamInterruptedError` where the answer is not `done`, but nothing more will come."""
        if not self.done:
            lacking = "a stop reason" if self._closed else "its last event"
            raise StreamInterruptedError(f"the stream ended without {lacking}", partial=self.text)

    def blocks(self) -> tuple[Block, ...]:
        """The content blocks so far, each as it would be sent back."""
        for index in self._pieces:
            self._block(index)
        return tuple(_whole(block, self._pieces.get(index)) for index, block in sorted(self._blocks.items()))

    def completion(self, *, request_id: str | None = None) -> Completion:
        """The answer as one value."""
        return Completion(
            id=self._start.id,
            model=self._start.model,
            content=self.blocks(),
            stop_reason=self._end.stop_reason,
            usage=usage_from(self._usage),
            stop_sequence=self._end.stop_sequence,
            stop_details=self._end.stop_details,
            request_id=self._start.request_id or request_id,
        )


def _whole(block: Block, pieces: list[str] | None) -> Block:
    """`block` with its deltas put in; without any it is whole as it came: a call without arguments began with `{}`."""
    joined = "".join(pieces or ())
    if not joined:
        return block
    if block.get("type") == "thinking":
        return {**block, "thinking": (block.get("thinking") or "") + joined}
    if "input" in block:
        return {**block, "input": _arguments(joined)}
    return {**block, "text": (block.get("text") or "") + joined}


def _arguments(joined: str) -> Any:
    """A tool call's arguments. Cut ones stay visible as text: an empty object would be a lie."""
    try:
        return json.loads(joined)
    except (ValueError, RecursionError):
        return {"partial_json": joined}


def fold(events: Iterable[Event]) -> Completion:
    """All events of one answer as a `Completion`."""
    total = Fold()
    total.add_all(events)
    return total.completion()
