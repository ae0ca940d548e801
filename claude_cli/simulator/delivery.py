"""Answers as bytes in time: server-sent events with every fault that can befall them, as a list of things to do.

Nothing is sent here. The connection carries the actions out one after the other; as they are made on demand, a flood
costs no memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import MESSAGES, error_body, type_of
from .faults import Fault

LINE_ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
PADDING = b"x" * 65_536
GARBAGE = {
    "json": b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"ty\n\n',
    "bytes": bytes(range(0x80, 0x100)) + b"\n\n",
    "event": b'event: content_block_delta\ndata: ["neither", "object", "nor", "event"]\n\n',
}


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of the body, as one chunk."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds of silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Silence until the client leaves; with `ping`, those bytes every `every_s` seconds."""

    ping: bytes = b""
    every_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of the connection, in the middle of the body; `reset` breaks it instead of closing it."""

    reset: bool = False


Action = Send | Wait | Stall | Cut


def encode_json(value: object) -> bytes:
    """JSON as the service writes it: compact, and in UTF-8 rather than escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def stream_actions(events: Iterable[Mapping[str, Any]], fault: Fault, pace_s: float) -> Iterator[Action]:
    """The body of a stream, with the faults asked for.

    Args:
        pace_s: seconds between two deltas, where the fault has none of its own.
    """
    pace_s = pace_s if fault.pace_s is None else fault.pace_s
    return _as_cut(_framed(_with_error(events, fault), fault, pace_s), fault)


def body_actions(data: bytes, fault: Fault) -> Iterator[Action]:
    """A body that is no stream, with the faults that concern its bytes."""
    return _as_cut(iter([Send(data)] if data else []), fault)


def _with_error(events: Iterable[Mapping[str, Any]], fault: Fault) -> Iterator[Mapping[str, Any]]:
    """The events up to the error that ends them, if one is asked for."""
    for number, event in enumerate(events):
        if number == fault.error_after:
            break
        if fault.message_stop or event["type"] != "message_stop":
            yield event
    else:
        if fault.error_after is None:
            return
    kind = fault.type or type_of(529)
    yield error_body(kind, fault.message or MESSAGES[529], None)


def _framed(events: Iterable[Mapping[str, Any]], fault: Fault, pace_s: float) -> Iterator[Action]:
    """The events as frames, each preceded by what is to happen before it."""
    if fault.bom:
        yield Send(b"\xef\xbb\xbf")
    if fault.comment:
        yield Send(b": a comment" + 2 * LINE_ENDS[fault.line_end].encode())
    number = 0
    for number, event in enumerate(events):
        yield from _before(number, fault)
        if pace_s and event["type"] == "content_block_delta":
            yield Wait(pace_s)
        yield Send(_frame(event, fault))
    yield from _before(number + 1, fault)
    if fault.after_end is not None:
        yield Send(fault.after_end.encode())


def _before(number: int, fault: Fault) -> Iterator[Action]:
    """What the fault wants once `number` events are out."""
    if number == 1 and fault.long_line_mb:
        yield from _long_line(int(fault.long_line_mb * 1_000_000), fault)
    if number == fault.garbage_after:
        yield Send(GARBAGE[fault.garbage])
    if number == fault.stall_after:
        yield from _silence(fault)
    if number == fault.cut_after:
        yield Cut(fault.reset)


def _silence(fault: Fault) -> Iterator[Action]:
    """Nothing but pings, if those are wanted, for a while or for good."""
    ping = _frame({"type": "ping"}, fault) if fault.pings else b""
    if fault.stall_s is None:
        yield Stall(ping, fault.ping_s)
    elif not ping:
        yield Wait(fault.stall_s)
    else:
        for _ in range(int(fault.stall_s / max(fault.ping_s, 0.001))):
            yield Wait(fault.ping_s)
            yield Send(ping)


def _long_line(length: int, fault: Fault) -> Iterator[Action]:
    """A ping with so much padding that its data line has `length` bytes and a few."""
    name = b"event: ping" + LINE_ENDS[fault.line_end].encode() if fault.event_names else b""
    yield Send(name + b'data: {"type":"ping","padding":"')
    for start in range(0, length, len(PADDING)):
        yield Send(PADDING[: length - start])
    yield Send(b'"}' + 2 * LINE_ENDS[fault.line_end].encode())


def _frame(event: Mapping[str, Any], fault: Fault) -> bytes:
    end = LINE_ENDS[fault.line_end].encode()
    name = f"event: {event['type']}".encode() + end if fault.event_names else b""
    return name + b"data: " + encode_json(event) + end + end


def _as_cut(actions: Iterator[Action], fault: Fault) -> Iterator[Action]:
    """The same bytes in pieces of the wanted size, up to the byte at which the connection ends."""
    left = fault.cut_at
    for action in actions:
        if not isinstance(action, Send):
            yield action
            continue
        data = action.data if left is None else action.data[:left]
        size = fault.chunk or len(data) or 1
        for start in range(0, len(data), size):
            yield Send(data[start : start + size])
        if left is not None:
            left -= len(data)
            if left == 0:
                yield Cut(fault.reset)
                return
