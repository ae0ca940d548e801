"""Faults on demand: what one request gets instead of the plain answer, and the scripts that say so.

A script is a list of steps, in JSON a file like

    [
      {"status": 529, "times": 2},
      {"say": "Hello", "stop_reason": "max_tokens"},
      {"path": "/v1/models", "status": 500, "model": "claude-haiku-5-5"}
    ]

A request takes the first step that matches it and is not used up; when none is left it is answered normally.
A step is used once, or `times` times (a number, or "always"). It matches requests of its `path` ("/v1/messages" by
default, "*" for all) and, if given, its `model` (as written in the request). A request that is refused by the rules
has used its step up. The header `x-sim-fault` asks for the same things for one request, before the script: as a JSON
object, or as `529`, `refusal`, or `cut_at=200,chunk=1,bom`.

The whole answer:
    status, type, message, error_code, details    an error (or any status) instead of an answer
    headers, retry_after, retry_after_ms, should_retry    extra response headers; `location` with a 302
    html, empty, body    the body of a `status`: an HTML page, none at all, or this text
    drop    close the connection without any answer
    delay_s, pace_s    seconds before the first byte; seconds between deltas
    ok_error    status 200 with an error body
    as_json    JSON although a stream was asked for
    bare_models    models with four fields only
What it says:
    say, think    the text; the summary of the thinking
    content    the content blocks as they are
    stop_reason, stop_sequence, stop_details    how it ends, e.g. "refusal" with {"category": "cyber"}
    output    for a refusal: whether text came before it (false by default)
    tool, tool_input    the tool that a stop_reason "tool_use" calls
    usage    members to overwrite in the usage
    flood    that many small text deltas
The stream (N counts events, pings included):
    error_after    an `error` event after N events (its `type` and `message`), then the end
    cut_after, cut_at    close the connection after N events, or at byte N of the body; `reset` resets it
    stall_after    silence after N events, for `stall_s` seconds or for good; `pings` sends one every `ping_s`
    garbage_after, garbage    after N events "json" (a broken data line), "bytes" or "event" (no object at all)
    message_stop, event_names    false leaves them out
    unknown    an unknown event, delta and block
    long_line_mb    a line of that many megabytes
    after_end, raw_after_end    text after `message_stop` in the body, or after the body on the connection
How the bytes come:
    chunk    N bytes at a time
    line_end    "lf", "crlf" or "cr"
    bom, comment    a byte order mark; a comment line first
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

STOP_REASONS = (
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request gets; the plain answer where nothing is set. The fields are explained above."""

    path: str = "/v1/messages"
    model: str | None = None
    times: int | None = 1
    status: int | None = None
    type: str | None = None
    message: str | None = None
    error_code: str | None = None
    details: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    retry_after: str | None = None
    retry_after_ms: str | None = None
    should_retry: bool | None = None
    location: str | None = None
    html: bool = False
    empty: bool = False
    body: str | None = None
    drop: bool = False
    delay_s: float = 0.0
    pace_s: float | None = None
    ok_error: bool = False
    as_json: bool = False
    bare_models: bool = False
    say: str | None = None
    think: str | None = None
    content: Sequence[Mapping[str, Any]] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: Mapping[str, Any] | None = None
    output: bool = False
    tool: str | None = None
    tool_input: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] | None = None
    flood: int | None = None
    error_after: int | None = None
    cut_after: int | None = None
    cut_at: int | None = None
    reset: bool = False
    stall_after: int | None = None
    stall_s: float | None = None
    pings: bool = False
    ping_s: float = 1.0
    garbage_after: int | None = None
    garbage: str = "json"
    message_stop: bool = True
    event_names: bool = True
    unknown: bool = False
    long_line_mb: float | None = None
    after_end: str | None = None
    raw_after_end: str | None = None
    chunk: int | None = None
    line_end: str = "lf"
    bom: bool = False
    comment: bool = False


NO_FAULT = Fault()
KEYS = frozenset(field.name for field in fields(Fault))


class Script:
    """Steps, used up one request at a time. Raises `ValueError` for a step that cannot be read."""

    def __init__(self, steps: Sequence[Mapping[str, Any]] = ()) -> None:
        self._steps = [parse_fault(step, f"step {number}") for number, step in enumerate(steps, start=1)]
        self._left = [step.times for step in self._steps]

    def take(self, path: str, model: object) -> Fault:
        """What the request gets: the first step that matches and is left, or nothing special."""
        for index, step in enumerate(self._steps):
            left = self._left[index]
            if left != 0 and step.path in (path, "*") and step.model in (model, None):
                self._left[index] = None if left is None else left - 1
                return step
        return NO_FAULT


def load_script(path: str | Path) -> list[dict[str, Any]]:
    """The steps of a script file. Raises `ValueError` with one line about what is wrong with it."""
    try:
        steps = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(steps, list):
            raise ValueError("a list of steps is wanted")
        Script(steps)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from error
    except RecursionError as error:
        raise ValueError(f"{path}: nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return steps


def parse_fault(step: object, name: str) -> Fault:
    """The fault of one step; `name` is what it is called in the `ValueError` for a bad one."""
    if not isinstance(step, Mapping):
        raise ValueError(f"{name}: an object is wanted")
    members = dict(step)
    for key, value in members.items():
        if key not in KEYS:
            raise ValueError(f"{name}: unknown key '{key}'")
        fits, wanted = _WANTED.get(key, _TEXT)
        if not fits(value):
            raise ValueError(f"{name}: '{key}' must be {wanted}")
    if members.get("times") == "always":
        members["times"] = None
    for key in ("retry_after", "retry_after_ms"):
        if key in members:
            members[key] = str(members[key])
    return Fault(**members)


def parse_header(text: str) -> Fault:
    """The fault of an `x-sim-fault` header, in JSON or in the short form."""
    name = "x-sim-fault"
    if text.lstrip().startswith("{"):
        try:
            return parse_fault(json.loads(text), name)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"{name}: not valid JSON") from error
    members: dict[str, Any] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        key, given, value = word.partition("=")
        if given:
            members[key] = _short_value(value)
        elif word.isascii() and word.isdigit():
            members["status"] = int(word)
        elif word in STOP_REASONS:
            members["stop_reason"] = word
        else:
            members[word] = True
    return parse_fault(members, name)


def _short_value(text: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return text


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def _is_times(value: object) -> bool:
    return value == "always" or (_is_count(value) and value != 0)


def _is_status(value: object) -> bool:
    return _is_count(value) and value in range(200, 600)


def _is_positive(value: object) -> bool:
    return _is_count(value) and value != 0


def _is_headers(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(member, str) for member in value.values())


def _is_blocks(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(block, Mapping) and "type" in block for block in value)


def _one_of(*words: str) -> tuple[Callable[[object], bool], str]:
    return lambda value: value in words, f"one of {', '.join(words)}"


_Wanted = tuple[Callable[[object], bool], str]
_TEXT: _Wanted = (lambda value: isinstance(value, str), "a text")
_FLAG: _Wanted = (lambda value: isinstance(value, bool), "true or false")
_COUNT: _Wanted = (_is_count, "a whole number, 0 or more")
_NUMBER: _Wanted = (_is_number, "a number, 0 or more")
_OBJECT: _Wanted = (lambda value: isinstance(value, Mapping), "an object")
_SCALAR: _Wanted = (lambda value: isinstance(value, str) or _is_number(value), "a number or a text")

_WANTED: Mapping[str, _Wanted] = {
    "times": (_is_times, 'a whole number from 1, or "always"'),
    "status": (_is_status, "an HTTP status from 200 to 599"),
    "chunk": (_is_positive, "a whole number, 1 or more"),
    "headers": (_is_headers, "an object of texts"),
    "content": (_is_blocks, "a list of content blocks"),
    "garbage": _one_of("json", "bytes", "event"),
    "line_end": _one_of("lf", "crlf", "cr"),
    "retry_after": _SCALAR,
    "retry_after_ms": _SCALAR,
    **dict.fromkeys(("details", "stop_details", "tool_input", "usage"), _OBJECT),
    **dict.fromkeys(("delay_s", "pace_s", "stall_s", "ping_s", "long_line_mb"), _NUMBER),
    **dict.fromkeys(("flood", "error_after", "cut_after", "cut_at", "stall_after", "garbage_after"), _COUNT),
    **dict.fromkeys(("html", "empty", "drop", "ok_error", "as_json", "bare_models", "output", "reset"), _FLAG),
    **dict.fromkeys(("pings", "message_stop", "event_names", "unknown", "bom", "comment", "should_retry"), _FLAG),
}
