"""The tools of a request and the choice among them: their fields, names and how they fit together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .blocks import CACHE_CONTROL
from .errors import reject
from .server_tools import check_definition
from .shapes import Check, array, at, boolean, choice, mapping, maybe, pattern, record, string, tagged

NAME = "^[a-zA-Z0-9_-]{1,64}$"

SERVER_TOOLS = frozenset(
    [
        "web_search_20250305",
        "web_search_20260209",
        "web_search_20260318",
        "web_fetch_20250910",
        "web_fetch_20260209",
        "web_fetch_20260309",
        "web_fetch_20260318",
        "code_execution_20250522",
        "code_execution_20250825",
        "code_execution_20260120",
        "code_execution_20260521",
        "bash_20250124",
        "text_editor_20250124",
        "text_editor_20250429",
        "text_editor_20250728",
        "memory_20250818",
        "computer_toolset_20260801",
        "browser_toolset_20260801",
        "mcp_toolset",
        "tool_search_tool_regex_20251119",
        "tool_search_tool_bm25_20251119",
    ]
)

CUSTOM = record(
    {"name": pattern(NAME), "input_schema": mapping},
    {
        "type": maybe(choice("custom")),
        "description": string,
        "strict": maybe(boolean),
        "cache_control": CACHE_CONTROL,
        "defer_loading": boolean,
        "eager_input_streaming": maybe(boolean),
        "input_examples": array(mapping),
        "allowed_callers": array(string),
    },
)

_PARALLEL: Mapping[str, Check] = {"disable_parallel_tool_use": boolean}

TOOL_CHOICE = tagged(
    {
        "auto": record({}, _PARALLEL),
        "any": record({}, _PARALLEL),
        "none": record({}),
        "tool": record({"name": string}, _PARALLEL),
    }
)


def check_tool(path: str, tool: object) -> None:
    """One member of `tools`: the caller's own, or a server tool by its dated type."""
    if not isinstance(tool, dict):
        reject(path, "Input should be a valid dictionary")
    kind = tool.get("type") or "custom"
    if kind == "custom":
        CUSTOM(at(path, "custom"), tool)
        if tool["input_schema"].get("type") != "object":
            reject(at(path, "custom.input_schema.type"), "Input should be 'object'")
    elif not isinstance(kind, str) or kind not in SERVER_TOOLS:
        reject(path, f"Input tag '{kind}' found using 'type' does not match any of the expected tags: 'custom', …")
    else:
        _check_server_tool(at(path, kind), tool)


def _check_server_tool(path: str, tool: Mapping[str, Any]) -> None:
    for name, check in (("name", string), ("cache_control", CACHE_CONTROL)):
        if name in tool:
            check(at(path, name), tool[name])
    if tool.get("allowed_domains") and tool.get("blocked_domains"):
        reject(path, "Only one of `allowed_domains` and `blocked_domains` may be given")
    check_definition(path, tool)


CHECK_TOOLS = array(check_tool)


def check_tools_together(body: Mapping[str, Any]) -> None:
    """What holds for the tools and the choice as a whole. Raises `ApiError` 400."""
    names = [tool["name"] for tool in body.get("tools") or () if "name" in tool]
    if len(set(names)) < len(names):
        reject("tools", "Tool names must be unique.")
    chosen = body.get("tool_choice")
    if not chosen:
        return
    if not body.get("tools"):
        reject("", "tool_choice: tool_choice may only be specified while providing tools")
    if chosen["type"] == "tool" and chosen["name"] not in names:
        reject("", f"Tool '{chosen['name']}' not found in provided tools")


def tool_overhead(model_id: str, body: Mapping[str, Any]) -> int:
    """Tokens the service's own prompt about tools costs (documentation of August 2026; Sonnet 5's for the rest)."""
    if not body.get("tools"):
        return 0
    table = {
        "claude-opus-5": (286, 406),
        "claude-opus-4-8": (290, 410),
        "claude-opus-4-7": (675, 804),
        "claude-opus-4-6": (497, 589),
        "claude-opus-4-5-20251101": (496, 588),
        "claude-sonnet-4-5-20250929": (496, 588),
        "claude-haiku-4-5-20251001": (496, 588),
    }
    auto, forced = table.get(model_id, (354, 474))
    return forced if is_forced(body) else auto


def is_forced(body: Mapping[str, Any]) -> bool:
    """Whether the model must use a tool."""
    return (body.get("tool_choice") or {}).get("type") in ("any", "tool")
