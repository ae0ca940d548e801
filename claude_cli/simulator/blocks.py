"""The content blocks a request may hold: which fields each kind has, and in which role it may stand.

What the bytes of a picture or a PDF must be is in `attachments.py`; the order of messages in `conversation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from .errors import reject
from .shapes import Check, anything, array, at, boolean, choice, mapping, maybe, record, string, tagged, text_or

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
SERVER_RESULTS = (
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "mcp_tool_result",
)
ECHOED = (*SERVER_RESULTS, "mcp_tool_use", "container_upload", "fallback", "compaction", "nova")
"""Kinds that only the service makes; they come back as they are. `nova` is the simulator's own unknown kind."""
CITATIONS = (
    "char_location",
    "page_location",
    "content_block_location",
    "web_search_result_location",
    "search_result_location",
)

CACHE_CONTROL = maybe(tagged({"ephemeral": record({}, {"ttl": choice("5m", "1h")})}))
MARKABLE: Mapping[str, Check] = {"cache_control": CACHE_CONTROL}
CITED: Mapping[str, Check] = {"citations": maybe(record({}, {"enabled": boolean}))}


def _text(*, cited: bool) -> Check:
    """A text block; where citations are not taken, an empty list or null still is."""
    inner = anything if cited else _no_citation
    return record(
        {"text": string}, {**MARKABLE, "citations": maybe(array(tagged({kind: inner for kind in CITATIONS})))}
    )


def _echoed(path: str, value: object) -> None:
    """A block the service made itself: only a cache mark may have been added."""
    if isinstance(value, dict):
        CACHE_CONTROL(at(path, "cache_control"), value.get("cache_control"))


def _no_citation(path: str, value: object) -> None:
    reject(path, "Extra inputs are not permitted")


def _image() -> Check:
    base64 = record({"media_type": choice(*IMAGE_TYPES), "data": string})
    source = tagged({"base64": base64, "url": record({"url": string}), "file": record({"file_id": string})})
    oversized = record({}, {"oversized_image": choice("downsize", "error")})
    return record({"source": source}, {**MARKABLE, "transformations": maybe(oversized)})


def _document(*, cited: bool) -> Check:
    source = tagged(
        {
            "base64": record({"media_type": choice("application/pdf"), "data": string}),
            "text": record({"media_type": choice("text/plain"), "data": string}),
            "content": record({"content": text_or(array(tagged({"text": _text(cited=cited), "image": _image()})))}),
            "url": record({"url": string}),
            "file": record({"file_id": string}),
        }
    )
    return record({"source": source}, {**MARKABLE, **CITED, "title": maybe(string), "context": maybe(string)})


def _search_result(*, cited: bool) -> Check:
    content = array(tagged({"text": _text(cited=cited)}))
    return record({"source": string, "title": string, "content": content}, {**MARKABLE, **CITED})


def _tool_result(*, cited: bool) -> Check:
    content = tagged(
        {
            "text": _text(cited=cited),
            "image": _image(),
            "document": _document(cited=cited),
            "search_result": _search_result(cited=cited),
            "tool_reference": anything,
            "browser_state": anything,
        }
    )
    return record({"tool_use_id": string}, {**MARKABLE, "content": text_or(array(content)), "is_error": boolean})


@cache
def blocks_of_role(role: str, version: str) -> Check:
    """The check for one block of a message by `role`, in an API version.

    Since 2026-10-21 a document may not stand in an assistant message, and what goes in may not bring citations.
    """
    old = version == "2023-06-01"
    call = record({"id": string, "name": string, "input": mapping}, {**MARKABLE, "caller": anything})
    user = {
        "text": _text(cited=old),
        "image": _image(),
        "document": _document(cited=old),
        "search_result": _search_result(cited=old),
        "tool_result": _tool_result(cited=old),
        "container_upload": record({"file_id": string}, MARKABLE),
    }
    assistant = {
        "text": _text(cited=True),
        "thinking": record({"thinking": string, "signature": string}),
        "redacted_thinking": record({"data": string}),
        "tool_use": record(
            {"id": string, "name": string, "input": mapping},
            {**MARKABLE, "caller": anything, "toolset_name": maybe(string)},
        ),
        "server_tool_use": call,
        **dict.fromkeys(ECHOED, _echoed),
        **({"document": _document(cited=True)} if old else {}),
    }
    return tagged({"user": user, "assistant": assistant, "system": {"text": _text(cited=False)}}[role])


def check_message(path: str, message: object, version: str) -> None:
    """One member of `messages`: its role first, for the role decides which blocks it may hold."""
    if isinstance(message, dict) and "role" in message:
        choice("user", "assistant", "system")(at(path, "role"), message["role"])
    role = message.get("role", "user") if isinstance(message, dict) else "user"
    record({"role": string, "content": text_or(array(blocks_of_role(role, version)))})(path, message)
