"""From an answer's events to the chunks of OpenAI's stream, as server-sent events. Pure.

A stream brings a chunk for each word, so what is the same in all of them is encoded once: a text costs one JSON string.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

from ..core.conversation import THINKING
from ..core.events import (
    BlockStart,
    BlockStop,
    CitationDelta,
    Event,
    InputJsonDelta,
    MessageDelta,
    MessageStart,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
)
from ..core.messages import Block, Usage
from .asked import Asked, Envelope
from .compact import JSON
from .openai_response import (
    arguments_of,
    finish_reason,
    refusal_text,
    service_tier,
    tool_call,
    url_citations,
    usage_object,
)
from .refusal import Refusal

DONE = b"data: [DONE]\n\n"
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def one_line(text: str) -> bytes:
    """The JSON `text` in UTF-8, as one line to clients, too, that take Unicode's line ends for some (httpx's)."""
    if text.isascii():
        return text.encode()
    return _LINE_ENDS.sub(lambda end: f"\\u{ord(end[0]):04x}", text).encode(errors="replace")


class _Block:
    """A content block under way.

    Attributes:
        block: as it began.
        pieces: what its deltas brought, where that is needed at its end.
        sent: something of its arguments has been sent.
        begins: where its text begins in the answer's, in characters.
    """

    __slots__ = ("begins", "block", "pieces", "sent")

    def __init__(self, block: Block, begins: int) -> None:
        """Begin it."""
        self.block, self.begins = {**block}, begins
        self.pieces: list[str] = []
        self.sent = False


class ChunkEncoder:
    """One answer as server-sent events, `chat.completion.chunk` each."""

    def __init__(self, asked: Asked, envelope: Envelope) -> None:
        """Begin an answer."""
        self._asked, self._envelope = asked, envelope
        self._head: dict[str, Any] = {}
        self._open = _Block({}, 0)
        self._length = self._calls = 0
        # Text beside a tool whose input is to be the answer: it is the answer where that tool is not used after all.
        self._held: list[str] | None = [] if asked.json_tool else None
        self._unwrapped = False

    def feed(self, events: Sequence[Event]) -> bytes:
        """The bytes that `events` become; often none."""
        found: list[bytes] = []
        for event in events:
            # Nearly all events are text: the shortest way for them keeps a flood cheap.
            if type(event) is TextDelta and self._head and self._held is None:
                if event.text:
                    self._length += len(event.text)
                    found.append(self._text_head + one_line(encode_basestring(event.text)) + self._text_tail)
                continue
            if not self._head:
                found.append(self._begin(event))
            found.extend(self._chunk(delta) for delta in self.deltas(event))
            if type(event) is MessageDelta:
                found.append(self._last(event))
        return b"".join(found)

    def end(self, usage: Usage) -> bytes:
        """What comes when the answer is whole: its usage where that was asked for, and `[DONE]`."""
        if not self._asked.include_usage:
            return DONE
        return b"data: " + one_line(JSON({**self._head, "choices": [], "usage": usage_object(usage)})) + b"\n\n" + DONE

    def error(self, refusal: Refusal) -> bytes:
        """What comes where the answer broke off; nothing follows it."""
        return b"data: " + one_line(JSON(refusal.object())) + b"\n\n"

    def _begin(self, event: Event) -> bytes:
        envelope = self._envelope
        self._head = {
            "id": envelope.id,
            "object": "chat.completion.chunk",
            "created": envelope.created,
            "model": self._asked.model,
            **service_tier(event.usage if type(event) is MessageStart else {}),
            "system_fingerprint": None,
        }
        mark = b'"\\u0000"'
        self._before, _, self._after = self._whole("\0", None).rpartition(mark)
        self._text_head, self._text_tail = self._before + b'{"content":', b"}" + self._after
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _whole(self, delta: Any, reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        usage = {"usage": None} if self._asked.include_usage else {}
        return b"data: " + one_line(JSON({**self._head, "choices": [choice], **usage})) + b"\n\n"

    def _last(self, event: MessageDelta) -> bytes:
        functions = self._asked.functions
        return self._whole({}, finish_reason(event.stop_reason, calls=self._calls > 0, functions=functions))

    def _chunk(self, delta: dict[str, Any]) -> bytes:
        return self._before + one_line(JSON(delta)) + self._after

    def deltas(self, event: Event) -> list[dict[str, Any]]:
        """What `event` adds to the message: the `delta` of one chunk each. An encoder is asked this, or `feed`."""
        match event:
            case TextDelta(_, text):
                return self._text(text)
            case ThinkingDelta(_, text):
                self._open.pieces.append(text)
                return [{"reasoning_content": text}] if text and self._asked.reasoning else []
            case InputJsonDelta(_, piece):
                return self._arguments(piece)
            case SignatureDelta(_, signature):
                self._open.block["signature"] = signature
            case CitationDelta(_, citation):
                self._open.block["citations"] = [*(self._open.block.get("citations") or ()), citation]
            case BlockStart(_, block):
                return self._start(block)
            case BlockStop():
                return self._stop(self._open)
            case MessageDelta():
                return self._ending(event)
        return []

    def _text(self, text: str) -> list[dict[str, Any]]:
        if not text:
            return []
        if self._held is not None:
            self._held.append(text)
            return []
        self._length += len(text)
        return [{"content": text}]

    def _start(self, block: Block) -> list[dict[str, Any]]:
        self._open = _Block(block, self._length)
        kind = block.get("type")
        if kind == "text":
            return self._text(block.get("text") or "")
        if kind == "thinking":
            return self.deltas(ThinkingDelta(0, block.get("thinking") or ""))
        if kind != "tool_use":
            return []
        if block.get("name") == self._asked.json_tool:
            self._unwrapped = True
            return []
        self._calls += 1
        return [self._call(tool_call(self._asked, block, ""))]

    def _call(self, members: dict[str, Any]) -> dict[str, Any]:
        if self._asked.functions:
            return {"function_call": members["function"]}
        return {"tool_calls": [{"index": self._calls - 1, **members}]}

    def _arguments(self, piece: str) -> list[dict[str, Any]]:
        """More of a call's arguments; those of the server's own tools are not the client's business."""
        if not piece or self._open.block.get("type") != "tool_use":
            return []
        self._open.sent = True
        if self._open.block.get("name") == self._asked.json_tool:
            return [{"content": piece}]
        return [self._call({"function": {"arguments": piece}})]

    def _stop(self, ended: _Block) -> list[dict[str, Any]]:
        block, kind = ended.block, ended.block.get("type")
        if kind == "tool_use" and not ended.sent:
            return self._arguments(arguments_of(block))
        if kind == "text" and block.get("citations"):
            cited = url_citations(block["citations"], ended.begins, self._length)
            return [{"annotations": cited}] if cited else []
        if kind in THINKING and self._asked.reasoning:
            whole = {**block, "thinking": "".join(ended.pieces)} if kind == "thinking" else block
            return [{"thinking_blocks": [whole]}]
        return []

    def _ending(self, event: MessageDelta) -> list[dict[str, Any]]:
        if event.stop_reason == "refusal":
            return [{"refusal": refusal_text(event.stop_details)}]
        held, self._held = self._held, None
        return self._text("".join(held or ())) if not self._unwrapped else []
