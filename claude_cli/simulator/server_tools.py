"""Tools that run at the service: what their definitions may hold, and what the simulated ones do and find.

Nothing is searched, fetched or run: each tool that a request has is used once, and its page is one of example.com.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .blocks import CACHE_CONTROL
from .errors import reject
from .request import Block, Call, blocks_of
from .shapes import Check, array, boolean, choice, integer, mapping, maybe, record, string

PAGE = "https://example.com/"
TITLE = "A simulated page"
PAGE_TEXT = "This page was made up by the simulator."

_COMMON: Mapping[str, Check] = {
    "cache_control": CACHE_CONTROL,
    "defer_loading": boolean,
    "strict": boolean,
    "allowed_callers": array(
        choice("direct", "code_execution_20250825", "code_execution_20260120", "code_execution_20260521")
    ),
}
_WEB: Mapping[str, Check] = {
    **_COMMON,
    "max_uses": maybe(integer(1)),
    "allowed_domains": maybe(array(string)),
    "blocked_domains": maybe(array(string)),
    "response_inclusion": choice("full", "excluded"),
}
DEFINITIONS: Mapping[str, Check] = {
    "web_search": record({"name": choice("web_search")}, {**_WEB, "user_location": maybe(mapping)}),
    "web_fetch": record(
        {"name": choice("web_fetch")},
        {
            **_WEB,
            "citations": maybe(record({}, {"enabled": boolean})),
            "max_content_tokens": maybe(integer(1)),
            "url_sources": maybe(mapping),
            "use_cache": boolean,
        },
    ),
    "code_execution": record({"name": choice("code_execution")}, _COMMON),
}
"""By what stands before the date in a tool's type; the official SDK's types, anthropic 2.12.0."""
FIRST_FILTERING = "20260209"
"""From this date on web tools are called from code, unless they say otherwise (documentation of July 2026)."""


def check_definition(path: str, tool: Mapping[str, Any]) -> None:
    """Raise `ApiError` 400 for fields that a web tool or code execution does not have; other tools pass."""
    check = DEFINITIONS.get(_kind(tool))
    if check:
        check(path, {name: value for name, value in tool.items() if name != "type"})


def check_callers(call: Call) -> None:
    """A model that cannot call tools from code has to be allowed to call them directly."""
    if not call.model.id.startswith("claude-haiku-4-5"):
        return
    for index, tool in enumerate(call.body.get("tools") or ()):
        filtering = _kind(tool).startswith("web_") and str(tool["type"]).rpartition("_")[2] >= FIRST_FILTERING
        if filtering and "direct" not in tool.get("allowed_callers", ()):
            reject(
                f"tools.{index}",
                f"'{call.model.id}' does not support programmatic tool calling. Set `allowed_callers` to"
                f" [\"direct\"] on the '{tool['name']}' tool.",
            )


def uses(call: Call, number: int) -> list[dict[str, Any]]:
    """The blocks in which the model uses each server tool of the request once: the call and its result.

    Args:
        number: of the request, for the ids.
    """
    found: list[dict[str, Any]] = []
    for tool in call.body.get("tools") or ():
        kind = _kind(tool)
        if kind in DEFINITIONS:
            use_id = f"srvtoolu_sim_{number}_{len(found)}"
            value, result = _use(kind)
            found.append({"type": "server_tool_use", "id": use_id, "name": kind, "input": value})
            found.append({"type": f"{kind}_tool_result", "tool_use_id": use_id, "content": result})
    return found and [{"type": "text", "text": "I will use the tools."}, *found]


def cited_text(call: Call, used: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Text that cites what was found, and the first document that may be cited; none where there is nothing."""
    citations = [dict(each) for each in (*_page_citations(call, used), *_document_citations(call))]
    if citations:
        yield {"type": "text", "text": "\n"}
        yield {"type": "text", "text": "This sentence rests on its sources", "citations": citations}
        yield {"type": "text", "text": ".\n"}


def search_result() -> dict[str, Any]:
    """The page that every search finds."""
    encrypted = "c2ltdWxhdGVk"
    return {
        "type": "web_search_result", "url": PAGE, "title": TITLE, "encrypted_content": encrypted, "page_age": None,
    }  # fmt: skip


def _kind(tool: Mapping[str, Any]) -> str:
    return str(tool.get("type")).rpartition("_")[0]


def _use(kind: str) -> tuple[dict[str, Any], Any]:
    """The input and the result of a tool."""
    if kind == "web_search":
        return {"query": "simulated search"}, [search_result()]
    if kind == "web_fetch":
        source = {"type": "text", "media_type": "text/plain", "data": PAGE_TEXT}
        document = {"type": "document", "source": source, "title": TITLE, "citations": None}
        page = {"type": "web_fetch_result", "url": PAGE, "retrieved_at": "2026-11-22T10:00:00Z", "content": document}
        return {"url": PAGE}, page
    output = {"type": "code_execution_result", "stdout": "4\n", "stderr": "", "return_code": 0, "content": []}
    return {"code": "print(2 + 2)"}, output


def _page_citations(call: Call, used: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Searches are always cited, fetched pages where their tool says so."""
    kinds = [block["type"] for block in used]
    if "web_search_tool_result" in kinds:
        yield {
            "type": "web_search_result_location", "url": PAGE, "title": TITLE, "encrypted_index": "c2lt",
            "cited_text": PAGE_TEXT,
        }  # fmt: skip
    cited = any((tool.get("citations") or {}).get("enabled") for tool in call.body.get("tools") or ())
    if "web_fetch_tool_result" in kinds and cited:
        yield _char_location(0, TITLE, PAGE_TEXT)


def _document_citations(call: Call) -> Iterator[Mapping[str, Any]]:
    documents = [b for message in call.messages for b in blocks_of(message) if b["type"] == "document"]
    for index, document in enumerate(documents):
        if (document.get("citations") or {}).get("enabled"):
            yield _location(index, document)
            return


def _location(index: int, document: Block) -> Mapping[str, Any]:
    source, title = document["source"], document.get("title")
    if source["type"] == "text":
        return _char_location(index, title, source["data"][:80])
    return {
        "type": "page_location", "cited_text": "A simulated page of it.", "document_index": index,
        "document_title": title, "start_page_number": 1, "end_page_number": 2, "file_id": None,
    }  # fmt: skip


def _char_location(index: int, title: str | None, text: str) -> Mapping[str, Any]:
    return {
        "type": "char_location", "cited_text": text, "document_index": index, "document_title": title,
        "start_char_index": 0, "end_char_index": len(text), "file_id": None,
    }  # fmt: skip
