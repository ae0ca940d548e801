"""What tells one question from another, and what rows have in common: hashes of a canonical form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from ..core.messages import LLMOptions, Message

DIGEST_BYTES = 16
canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
"""JSON in which neither the order of members nor blanks tell anything."""
_MARK = '"cache_control":'  # as no text within JSON can have it


def digest(text: str, parts: Iterable[bytes] = ()) -> bytes:
    """16 bytes of `text`, a JSON value, and of `parts`: one, or several of the same length."""
    found = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES)
    for part in parts:
        found.update(part)
    return found.digest()


def question(value: Any) -> str:
    """`value` in canonical form, without its marks for the prompt cache, which change no answer."""
    text = canonical(value)
    return canonical(_unmarked(value)) if _MARK in text else text


def turns(messages: Iterable[Message]) -> list[Any]:
    """Messages as a JSON value."""
    return [[message.role, message.content] for message in messages]


def parameters(options: LLMOptions) -> list[Any]:
    """Parameters as a JSON value."""
    return [
        options.max_tokens, options.stop_sequences, options.temperature, options.top_p, options.top_k,
        options.thinking, options.effort, options.service_tier, options.betas, options.extra,
    ]  # fmt: skip


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unmarked(inner) for name, inner in value.items() if name != "cache_control"}
    return [_unmarked(inner) for inner in value] if isinstance(value, list | tuple) else value
