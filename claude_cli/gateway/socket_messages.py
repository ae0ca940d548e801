"""The messages of `/socket`: an event, a `ref` that names the conversation it belongs to, and a payload. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .body import check_size, parse_json
from .config import Config
from .refusal import Refusal

Ref = str | int | float | None
REF_CHARACTERS = 128
"""The longest `ref`: it is repeated with every delta."""
_SAFE_INTEGER = 2**53
"""From here on JavaScript's numbers are no longer exact, so that they would name no conversation."""
_JSON = json.JSONEncoder(separators=(",", ":")).encode
"""ASCII alone: halves of a character that come in two deltas are whole again once the client has joined them."""


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """What a client said.

    Attributes:
        event: its name; it may be one that nobody knows.
        ref: which conversation it is about; None: the one without a name.
        payload: whatever came; None: nothing.
    """

    event: str
    ref: Ref
    payload: Any


def parse(text: str, config: Config) -> ClientMessage:
    """The message that `text` is. Raises `Refusal`: 400, it is none; 413, it is larger than `config` allows."""
    body = text.encode()
    check_size(body, config)
    value = parse_json(body)
    if not isinstance(value, Mapping):
        raise Refusal(400, 'a message is a JSON object such as {"event": "chat:stream", "payload": {…}}')
    event, ref = value.get("event"), value.get("ref")
    if not isinstance(event, str):
        raise Refusal(400, 'event is missing: a string such as "chat:stream"', param="event")
    if not _is_ref(ref):
        words = (
            f"ref has to be a string of at most {REF_CHARACTERS} characters, or a number that JavaScript has exactly"
        )
        raise Refusal(400, words, param="ref")
    return ClientMessage(event, ref, value.get("payload"))


def _is_ref(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= REF_CHARACTERS
    if isinstance(value, bool):
        return False
    return value is None or (isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _SAFE_INTEGER)


def prefix(event: str, ref: Ref) -> str:
    """A message but for its payload and the brace after that: what all deltas of a conversation begin with."""
    return f'{{"event":{_JSON(event)},"ref":{_JSON(ref)},"payload":'


def message(head: str, payload: Mapping[str, Any]) -> str:
    """The message that begins with `head`, see `prefix`."""
    return f"{head}{_JSON(payload)}}}"


def error_payload(refusal: Refusal, headers: Mapping[str, str]) -> dict[str, Any]:
    """What `chat:error` tells: the body, the status and the headers of the response that HTTP would have."""
    return {**refusal.object(), "status": refusal.status, "headers": {**headers, **refusal.headers}}
