"""From an answer to OpenAI's objects: a chat completion whole, or as the chunks of a stream. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..core.events import Event, TextDelta
from ..core.messages import Completion, Usage
from .asked import Asked, Envelope
from .refusal import Refusal

JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def completion_object(asked: Asked, envelope: Envelope, done: Completion) -> dict[str, Any]:
    """The whole answer as a `chat.completion`."""
    message = {"role": "assistant", "content": done.text}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    head = {"id": envelope.id, "object": "chat.completion", "created": envelope.created, "model": asked.model}
    return {**head, "choices": [choice]}


class ChunkEncoder:
    """One answer as server-sent events, `chat.completion.chunk` each."""

    def __init__(self, asked: Asked, envelope: Envelope) -> None:
        """Begin an answer."""
        self._asked, self._envelope = asked, envelope

    def feed(self, events: Sequence[Event]) -> bytes:
        """The bytes that `events` become; often none."""
        return b"".join(self._chunk({"content": event.text}) for event in events if type(event) is TextDelta)

    def end(self, usage: Usage) -> bytes:
        """What comes when the answer is whole: its usage where that was asked for, and `[DONE]`."""
        return b"data: [DONE]\n\n"

    def error(self, refusal: Refusal) -> bytes:
        """What comes where the answer broke off; nothing follows it."""
        return b"data: " + refusal.body() + b"\n\n"

    def _chunk(self, delta: dict[str, Any]) -> bytes:
        head = {"id": self._envelope.id, "object": "chat.completion.chunk", "created": self._envelope.created}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        return f"data: {JSON({**head, 'model': self._asked.model, 'choices': [choice]})}\n\n".encode(errors="replace")
