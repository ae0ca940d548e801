"""From an answer to OpenAI's chat completion, whole. Pure; a stream's chunks are `openai_chunks.py`'s."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..core.citations import source_of
from ..core.conversation import THINKING
from ..core.messages import Block, Completion, Usage, text_of
from .asked import Asked, Envelope
from .compact import JSON

LENGTH = ("max_tokens", "model_context_window_exceeded", "pause_turn")
"""Why an answer stops before its end; one that pauses has been continued as often as we do."""
_TIERS = {"standard": "default", "priority": "priority"}
_FENCED = re.compile(r"^[ \t]*```\w*[ \t]*\n(.*)\n[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)


def completion_object(asked: Asked, envelope: Envelope, done: Completion) -> dict[str, Any]:
    """The whole answer as a `chat.completion`."""
    message = _message(asked, done)
    calls = bool({"tool_calls", "function_call"} & message.keys())
    reason = finish_reason(done.stop_reason, calls=calls, functions=asked.functions)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": asked.model,
        **service_tier(done.usage.raw),
        "system_fingerprint": None,
        "choices": [choice],
        "usage": usage_object(done.usage),
    }


def usage_object(usage: Usage) -> dict[str, Any]:
    """Tokens as OpenAI counts them: the prompt with what the cache gave and took, the answer with its thinking."""
    prompt, answer = usage.total_input_tokens, usage.output_tokens
    cached = {"cached_tokens": usage.cache_read_tokens, "cache_write_tokens": usage.cache_write_tokens}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": cached,
        "completion_tokens_details": {"reasoning_tokens": usage.thinking_tokens},
    }


def finish_reason(stop_reason: str | None, *, calls: bool, functions: bool = False) -> str:
    """OpenAI's word for why an answer ended; no other word ever gets out.

    Args:
        calls: the client is to run tools.
        functions: it calls them functions.
    """
    if stop_reason == "refusal":
        return "content_filter"
    if stop_reason in LENGTH:
        return "length"
    if calls:
        return "function_call" if functions else "tool_calls"
    return "stop"


def service_tier(usage: Mapping[str, Any]) -> dict[str, str]:
    """The member that says how the call was served, by the API's usage object; none where that says nothing."""
    tier = _TIERS.get(str(usage.get("service_tier")))
    return {"service_tier": tier} if tier else {}


def refusal_text(stop_details: Mapping[str, Any] | None) -> str:
    """Why the model declined."""
    details = stop_details or {}
    category = details.get("category")
    return details.get("explanation") or "the model declined to answer" + (f" ({category})" if category else "")


def url_citations(citations: Iterable[Mapping[str, Any]], start: int, end: int) -> list[dict[str, Any]]:
    """The web pages that the text from `start` to `end` (characters of the answer) rests on, once each.

    Citations of documents have no address, and OpenAI no place for them.
    """
    pages = {source.url: source for source in map(source_of, citations) if source.url.startswith(("http:", "https:"))}
    return [
        {"type": "url_citation",
         "url_citation": {"start_index": start, "end_index": end, "url": page.url, "title": page.title}}
        for page in pages.values()
    ]  # fmt: skip


def tool_call(asked: Asked, block: Block, arguments: str) -> dict[str, Any]:
    """The client's tool that the model uses in `block`, by the client's own name."""
    name = str(block.get("name"))
    function = {"name": asked.tool_names.get(name, name), "arguments": arguments}
    return {"id": str(block.get("id")), "type": "function", "function": function}


def arguments_of(block: Block, *, cut: bool = False) -> str:
    """A tool call's arguments as JSON text, "{}" where it takes none; as far as they came, where they were cut."""
    arguments = block.get("input")
    if cut and isinstance(arguments, Mapping) and isinstance(arguments.get("partial_json"), str):
        partial: str = arguments["partial_json"]
        return partial
    return JSON(arguments or {})


def _message(asked: Asked, done: Completion) -> dict[str, Any]:
    if done.stop_reason == "refusal":  # what came before is to be thrown away, says the API
        return {"role": "assistant", "content": None, "refusal": refusal_text(done.stop_details), "annotations": []}
    cut = done.stop_reason in LENGTH
    uses = [block for block in done.content if block.get("type") == "tool_use"]
    forced = [block for block in uses if block.get("name") == asked.json_tool]
    calls = [tool_call(asked, block, arguments_of(block, cut=cut)) for block in uses if block not in forced]
    content = arguments_of(forced[0], cut=cut) if forced else text_of(done.content)
    if asked.json_text:
        content = unfenced(content)
    return {
        "role": "assistant",
        "content": None if calls and not content else content,
        "refusal": None,
        "annotations": [] if forced else [*_cited(done.content)],
        **(_called(asked, calls) if calls else {}),
        **(_reasoning(done.content) if asked.reasoning else {}),
    }


def _called(asked: Asked, calls: list[dict[str, Any]]) -> dict[str, Any]:
    return {"function_call": calls[0]["function"]} if asked.functions else {"tool_calls": calls}


def _cited(blocks: Iterable[Block]) -> Iterator[dict[str, Any]]:
    start = 0
    for block in blocks:
        end = start + len(text_of([block]))
        yield from url_citations(block.get("citations") or (), start, end)
        start = end


def _reasoning(blocks: Iterable[Block]) -> dict[str, Any]:
    """What the model thought: its words, and the sealed blocks, which a client sends back as they are."""
    thoughts = [block for block in blocks if block.get("type") in THINKING]
    if not thoughts:
        return {}
    words = "".join(block.get("thinking") or "" for block in thoughts)
    return {"reasoning_content": words or None, "thinking_blocks": thoughts}


def unfenced(text: str) -> str:
    """The JSON in `text` without the fence, and the words around it; `text` itself where it is JSON, or holds none."""
    if not _is_json(text):
        found = _FENCED.search(text)
        if found and _is_json(found[1]):
            return found[1].strip()
    return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
