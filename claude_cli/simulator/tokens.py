"""How many tokens a request costs, by the documented rules of thumb: an estimate, the same at every count.

Characters per token come from the catalogue; the 4 tokens a message are a guess; images follow the published formula.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .attachments import count_pages, decode, picture_of
from .catalogue import Model
from .errors import reject
from .media import image_tokens
from .request import Block, Call, as_blocks, blocks_of
from .tools import tool_overhead

PER_MESSAGE = 4
PER_PDF_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the prompt, in the order in which the service reads it.

    Attributes:
        part: "tools", "system", or the role of the message.
        block: its JSON.
        tokens: what it costs.
    """

    part: str
    block: Block
    tokens: int


def segments(call: Call) -> Iterator[Segment]:
    """The prompt part by part: tools, system, messages."""
    extra = tool_overhead(call.model.id, call.body)
    for tool in call.body.get("tools") or ():
        yield Segment("tools", tool, extra + _json_tokens(tool, call.model))
        extra = 0
    for block in as_blocks(call.body.get("system")):
        yield Segment("system", block, block_tokens(block, call.model))
    for message in call.messages:
        extra = PER_MESSAGE
        for block in blocks_of(message):
            yield Segment(str(message["role"]), block, extra + block_tokens(block, call.model))
            extra = 0


def count_tokens(call: Call) -> int:
    """Tokens of the whole prompt."""
    return sum(segment.tokens for segment in segments(call))


def check_window(call: Call, tokens: int) -> None:
    """Raise `ApiError` 400 when the prompt alone is larger than the model's window."""
    if tokens > call.model.context_window:
        reject("", f"prompt is too long: {tokens} tokens > {call.model.context_window} maximum")


def text_tokens(text: str, model: Model) -> int:
    """Tokens of a text, in input or output."""
    return math.ceil(len(text) / model.chars_per_token)


def block_tokens(block: Block, model: Model) -> int:
    """Tokens of one content block; what is behind a URL or a file id is not fetched and counts as nothing."""
    match block["type"]:
        case "text":
            return text_tokens(block["text"], model)
        case "image":
            return _image_tokens(block["source"], model)
        case "document":
            return _document_tokens(block, model)
        case "tool_result":
            return sum(block_tokens(inner, model) for inner in as_blocks(block.get("content")))
        case "thinking":
            return text_tokens(block["thinking"], model)
        case "redacted_thinking":
            return 0
        case "tool_use" | "server_tool_use":
            return text_tokens(str(block["name"]), model) + _json_tokens(block["input"], model)
    return _json_tokens(block, model)


def _json_tokens(value: Mapping[str, Any], model: Model) -> int:
    return text_tokens(json.dumps(value, ensure_ascii=False, separators=(",", ":")), model)


def _image_tokens(source: Mapping[str, Any], model: Model) -> int:
    if source["type"] != "base64":
        return 0
    picture, _ = picture_of(source)
    if picture is None:
        return 0
    edge_px, cap = model.limits["image_long_edge_px"], model.limits["image_max_tokens"]
    return image_tokens(picture.width, picture.height, edge_px=edge_px, cap=cap)


def _document_tokens(block: Block, model: Model) -> int:
    labels = text_tokens((block.get("title") or "") + (block.get("context") or ""), model)
    source = block["source"]
    match source["type"]:
        case "text":
            return labels + text_tokens(source["data"], model)
        case "base64":
            return labels + PER_PDF_PAGE * count_pages(decode("", source["data"]))
        case "content":
            return labels + sum(block_tokens(inner, model) for inner in as_blocks(source["content"]))
    return labels
