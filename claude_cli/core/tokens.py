"""How many tokens a request will cost, reckoned here: an estimate, always to be called one. `count_tokens` counts.

The rules of thumb are the provider's documentation's (August to November 2026). How far they are off has not been
measured, so nothing here says it.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .capability_rules import is_forced
from .messages import Block, ChatRequest
from .models import Model

if TYPE_CHECKING:
    from .image_size import Tier

CHARS_PER_TOKEN = {"legacy": 3.4, "2026": 2.5}
"""By the catalogue's `tokenizer`; a model whose tokenizer is not known counts as one of the newer."""
_WIDE = "[\u2e80-\U0010ffff]+"
"""Chinese, Japanese and Korean characters, emoji and all behind them: a token each. (A guess.)"""
PER_MESSAGE = 4
"""What wraps a turn; a guess."""
PER_PDF_PAGE = 3_800
"""The middle of 1,500 to 3,000 for a page's text, and an image of it in the lower tier, 1,568 at most."""
_TOOL_OVERHEAD = {
    "claude-opus-5": (286, 406),
    "claude-opus-4-8": (290, 410),
    "claude-opus-4-7": (675, 804),
    "claude-opus-4-6": (497, 589),
    "claude-sonnet-5": (354, 474),
    "claude-opus-4-5-20251101": (496, 588),
    "claude-sonnet-4-5-20250929": (496, 588),
    "claude-haiku-4-5-20251001": (496, 588),
}
_TOOL_OVERHEAD_ELSEWHERE = (354, 474)  # of Sonnet 5, the last model that they are documented of
_HEAD_BASE64 = 1 << 18  # enough of an image for its size to be found, but where a camera put a preview before it


class Estimate(NamedTuple):
    """What a request will cost. (A tuple, as in `budget.py`: every call waits for this module.)

    Attributes:
        tokens: of input.
        pdf_pages: among them, at `PER_PDF_PAGE` each.
        missing: what could not be reckoned and so is not in `tokens`, in words: "the pages of report.pdf".
    """

    tokens: int = 0
    pdf_pages: int = 0
    missing: tuple[str, ...] = ()


def estimate(request: ChatRequest, model: Model | None) -> int:
    """Input tokens of `request`, estimated; what cannot be reckoned counts as nothing."""
    return reckon(request, model).tokens


def reckon(request: ChatRequest, model: Model | None) -> Estimate:
    """What `request` will cost, with what that is made of.

    Args:
        request: never looked at beyond what it holds: an image behind a URL is not fetched.
        model: decides by tokenizer and image tier; None: one that is not known, taken as one of the newer.
    """
    extra = request.options.extra
    scale = _Scale(model)
    system = extra.get("system", request.system)
    parts = [scale.blocks([{"type": "text", "text": system}] if isinstance(system, str) else system)]
    parts += [scale.blocks(message.content) for message in request.messages]
    parts.append(Estimate(PER_MESSAGE * len(request.messages)))
    tools = extra.get("tools")
    tools = tools if isinstance(tools, list | tuple) else ()  # what is wrong is the provider's to refuse
    parts += [scale.json(tool) for tool in tools]
    if tools:
        usual, forced = _TOOL_OVERHEAD.get(model.id if model else "", _TOOL_OVERHEAD_ELSEWHERE)
        parts.append(Estimate(forced if is_forced(extra.get("tool_choice")) else usual))
    output = extra.get("output_config")
    if isinstance(output, Mapping) and output.get("format"):
        parts.append(scale.json(output["format"]))
    return _total(parts)


def _total(parts: Sequence[Estimate]) -> Estimate:
    return Estimate(
        sum(part.tokens for part in parts),
        sum(part.pdf_pages for part in parts),
        tuple(what for part in parts for what in part.missing),
    )


class _Scale:
    """What text and images weigh with one model."""

    def __init__(self, model: Model | None) -> None:
        tokenizer = str(model.raw.get("tokenizer")) if model else ""
        self.chars_per_token = CHARS_PER_TOKEN.get(tokenizer, CHARS_PER_TOKEN["2026"])
        self.model = model

    def text(self, text: object) -> Estimate:
        if not isinstance(text, str):
            return Estimate()
        narrow = len(text) if text.isascii() else len(re.sub(_WIDE, "", text))
        return Estimate(math.ceil(narrow / self.chars_per_token) + len(text) - narrow)

    def json(self, value: object) -> Estimate:
        return self.text(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))

    def blocks(self, blocks: object) -> Estimate:
        return _total([self.block(block) for block in blocks] if isinstance(blocks, list | tuple) else ())

    def block(self, block: Block) -> Estimate:
        """What one content block weighs, by its kind; one of a kind not known here, by its JSON."""
        match block:
            case {"type": "text", "text": text} | {"type": "thinking", "thinking": text}:
                return self.text(text)
            case {"type": "image", "source": {"type": "base64", "data": str(data)}}:
                return self._image(data)
            case {"type": "image"}:
                return Estimate(missing=("an image that is not in the request itself",))
            case {"type": "document", "source": {} as source}:
                labels = [self.text(block.get(name)) for name in ("title", "context")]
                return _total([*labels, self._source(block, source)])
            case {"type": "tool_result", "content": content}:
                return self.text(content) if isinstance(content, str) else self.blocks(content)
            case {"type": "redacted_thinking"}:
                return Estimate()
            case {"type": "tool_use" | "server_tool_use", "name": name, "input": value}:
                return _total([self.text(name), self.json(value)])
        return self.json(block)

    def _source(self, block: Block, source: Mapping[str, Any]) -> Estimate:
        match source:
            case {"type": "text", "data": text} | {"type": "content", "content": str(text)}:
                return self.text(text)
            case {"type": "content", "content": inner}:
                return self.blocks(inner)
            case {"type": "base64"}:
                from .media import pages_of

                pages = pages_of(block)
                if pages is not None:
                    return Estimate(PER_PDF_PAGE * pages, pages)
                return Estimate(missing=(f"the pages of {block.get('title') or 'a PDF'}",))
        return Estimate(missing=("a document that is not in the request itself",))

    def _image(self, data: str) -> Estimate:
        from .image_size import image_tokens

        size = _pixels(data)
        return Estimate(image_tokens(*size, self._tier())) if size else Estimate(missing=("an image without a size",))

    def _tier(self) -> Tier:
        from .attachments import Limits

        return Limits.of(self.model).tier


def _pixels(data: str) -> tuple[int, int] | None:
    """Width and height of an image in base64; None where it is no image."""
    from .images import pixel_size

    try:
        found = pixel_size(b64decode(data[:_HEAD_BASE64]))
        return found if found or len(data) <= _HEAD_BASE64 else pixel_size(b64decode(data))
    except ValueError:
        return None
