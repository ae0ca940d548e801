"""From an OpenAI chat completion request to a `ChatRequest`. Pure; the way back is `openai_response.py`'s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.messages import ChatRequest, LLMOptions, Message, text_block
from .asked import Asked, OnUnsupported
from .names import Names
from .refusal import Refusal


def decode(body: Any, names: Names, *, on_unsupported: OnUnsupported = "warn") -> Asked:
    """What the JSON value `body` asks for.

    Args:
        names: the models that may be named.
        on_unsupported: what is done with hints that cannot be honoured.
    Raises:
        Refusal: 400 with `param`, or 404 for the model.
    """
    if not isinstance(body, Mapping):
        raise Refusal(400, "the body is no JSON object")
    name = body.get("model")
    if not isinstance(name, str):
        raise Refusal(400, "model is missing", param="model")
    messages = tuple(Message(each["role"], (text_block(each["content"]),)) for each in body["messages"])
    options = LLMOptions(max_tokens=body.get("max_tokens"))
    stream = bool(body.get("stream"))
    return Asked(name, ChatRequest(names.resolve(name), messages, options=options, stream=stream), stream)
