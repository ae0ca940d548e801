"""What goes in and what comes out, as plain values: blocks, messages, requests, usage, completions.

A content block *is* its JSON object, so that a kind this version has never heard of is kept and sent back
unchanged. The functions here build the kinds we write ourselves; the API's limits on them stand in
`attachments.py`, their place on the wire in `wire_request.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["user", "assistant", "system"]
Block = dict[str, Any]


def text_block(text: str) -> Block:
    """A text block; the API refuses an empty one."""
    return {"type": "text", "text": text}


def text_of(blocks: Iterable[Block]) -> str:
    """The text of all text blocks, joined; what lacks its text, or has something else there, counts as none."""
    texts = (block.get("text") for block in blocks if block.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))


def blocks_within(value: object) -> Iterator[Block]:
    """All content blocks of a part of a request (a block, or a list of them), also those inside a block: of a tool's
    result, of a document. What is no block is passed over.
    """
    if isinstance(value, list | tuple):
        for each in value:
            yield from blocks_within(each)
    elif isinstance(value, dict):
        yield value
        source = value.get("source")
        yield from blocks_within(source.get("content") if isinstance(source, Mapping) else value.get("content"))


def count_in(part: object, name: str) -> int:
    """The number called `name` in the API's usage object or a part of it; 0 where there is none, or no count."""
    value = part.get(name) if isinstance(part, Mapping) else None
    return value if type(value) is int and value >= 0 else 0


def image_block(media_type: str, data: str) -> Block:
    """An image; `data` is base64 without line breaks, `media_type` what its bytes really are."""
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def pdf_block(data: str, title: str | None = None) -> Block:
    """A PDF; `data` is base64 without line breaks."""
    block: Block = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}
    return {**block, "title": title} if title else block


def document_block(text: str, title: str | None = None) -> Block:
    """A plain-text document, labelled with `title` for the model."""
    block: Block = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}}
    return {**block, "title": title} if title else block


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: who speaks and which blocks."""

    role: Role
    content: tuple[Block, ...]

    @property
    def text(self) -> str:
        """All its text blocks, joined."""
        return text_of(self.content)


@dataclass(frozen=True, slots=True)
class LLMOptions:
    """Parameters of one call. None means "not sent": the API's own default holds.

    Attributes:
        max_tokens: output tokens, thinking included; None: 64,000 or the model's cap.
        temperature, top_p, top_k: sampling; only the older models still take them.
        thinking: the API's object, e.g. {"type": "adaptive", "display": "summarized"}.
        effort: low, medium, high, xhigh or max.
        service_tier: auto or standard_only.
        betas: names for the `anthropic-beta` header.
        extra: any other top-level field of the request, sent as it is.
    """

    max_tokens: int | None = None
    stop_sequences: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    thinking: dict[str, Any] | None = None
    effort: str | None = None
    service_tier: str | None = None
    betas: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model: the whole conversation so far, its system prompt and its parameters."""

    model: str
    messages: tuple[Message, ...]
    system: str | tuple[Block, ...] | None = None
    options: LLMOptions = field(default_factory=LLMOptions)
    stream: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, as the API counts them: `input_tokens` leaves out what the cache gave or took.

    `raw` keeps the API's object whole: prices need its cache split, tier and region.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    thinking_tokens: int = 0
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def total_input_tokens(self) -> int:
        """The whole prompt: fresh, read from the cache and written to it."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    def as_json(self) -> dict[str, int]:
        """The five counts of the JSON output."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_read_tokens": self.cache_read_tokens,
            "cache_write_tokens": self.cache_write_tokens,
            "thinking_tokens": self.thinking_tokens,
        }


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer: the events of one call, folded.

    `legs` has the usage of each message that is billed, where it took several; each is priced by itself. `usage` is the
    sum of all.
    """

    id: str
    model: str
    content: tuple[Block, ...]
    stop_reason: str | None
    usage: Usage
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    request_id: str | None = None
    legs: tuple[Usage, ...] = ()

    @property
    def unbilled(self) -> bool:
        """Whether the model refused before it had said anything, which costs nothing."""
        return self.stop_reason == "refusal" and not self.content

    @property
    def text(self) -> str:
        """All text blocks, joined; thinking is not text."""
        return text_of(self.content)


@dataclass(frozen=True, slots=True)
class NextTry:
    """What comes after a failed try.

    Attributes:
        reason: the failure's stable code.
        wait_s: seconds until the next try.
        tries: made so far, of this model.
        model: the one asked next, where it is another.
        maybe_billed: the failed try may have to be paid for, too.
    """

    reason: str
    wait_s: float
    tries: int
    model: str | None = None
    maybe_billed: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know, in one line.

    Attributes:
        code: a stable word: dropped_parameter, lowered_max_tokens, fallback, continued, retry, …
        text: what happened.
        changes_result: it made the answer another one; such notices are shown also where nobody watches.
        next_try: for a retry or a fallback, what a display can count down.
        parameters: those of the request that it is about, by the API's names.
    """

    code: str
    text: str
    changes_result: bool = True
    next_try: NextTry | None = None
    parameters: tuple[str, ...] = ()
