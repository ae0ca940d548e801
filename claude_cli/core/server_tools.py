"""Tools that run at the provider: how they are asked for, and what is told of them while they run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .errors import UsageError
from .events import BlockStart, BlockStop, Event, InputJsonDelta
from .messages import Block, Notice, text_of

# The newest type of each, from the official SDK's types (anthropic 2.12.0, 2026-11). Called directly: the newest
# versions would else be called from code, which some models cannot do (Haiku 4.5 answers 400), and whose searches
# are not seen as they happen. Web search always cites, web fetch has to be told to.
WEB_SEARCH = {"type": "web_search_20260318", "name": "web_search", "allowed_callers": ["direct"]}
WEB_FETCH = {
    "type": "web_fetch_20260318",
    "name": "web_fetch",
    "allowed_callers": ["direct"],
    "citations": {"enabled": True},
}
CODE_EXECUTION = {"type": "code_execution_20260521", "name": "code_execution"}


def request_tools(extra: Mapping[str, Any], tools: Sequence[Mapping[str, Any]], *, cited: bool) -> dict[str, Any]:
    """The request's further fields `extra` with `tools` asked for; a tool of the same name in them stays as it is.

    Args:
        extra: the fields so far.
        tools: of the constants above.
        cited: False: without citations, which do not go with a schema.
    Raises:
        UsageError: the tools in `extra` are no list.
    """
    if not tools:
        return dict(extra)
    given = extra.get("tools", [])
    if not isinstance(given, list):
        raise UsageError("-O tools is a JSON list of tools")
    names = [tool.get("name") for tool in given if isinstance(tool, Mapping)]
    added = [dict(tool) for tool in tools if tool["name"] not in names]
    if not cited:
        for tool in added:
            tool.pop("citations", None)
    return {**extra, "tools": [*given, *added]}


class ToolWatch:
    """Follows an answer's events and says which server tools run in it, and which fail."""

    def __init__(self) -> None:
        """Begin with an answer."""
        self._calls: dict[int, Block] = {}
        self._inputs: dict[int, list[str]] = {}

    def notices(self, events: Iterable[Event]) -> list[Notice]:
        """What is to be said of `events`: a call once its input is whole, a failed one with its code."""
        found = []
        for event in events:
            match event:
                case BlockStart(index, {"type": "server_tool_use"} as block):
                    self._calls[index] = block
                case BlockStart(_, {"type": str(kind), "content": {"error_code": code}}) if kind.endswith("_result"):
                    name = kind.removesuffix("_tool_result").replace("_", " ")
                    found.append(Notice("tool_failed", f"{name} failed: {code}"))
                case InputJsonDelta(index, piece) if index in self._calls:
                    self._inputs.setdefault(index, []).append(piece)
                case BlockStop(index) if index in self._calls:
                    words = activity(self._whole(index))
                    found.append(Notice("tool", words, changes_result=False))
        return found

    def _whole(self, index: int) -> Block:
        block, pieces = self._calls.pop(index), "".join(self._inputs.pop(index, []))
        try:
            return {**block, "input": json.loads(pieces)} if pieces else block
        except (ValueError, RecursionError):
            return block


def text_parts(blocks: Iterable[Block]) -> list[str]:
    """The text of an answer, in a new part wherever a tool was used in it; one part at least, which may be empty."""
    parts = [""]
    for block in blocks:
        if block.get("type") == "text":
            parts[-1] += text_of([block])
        elif parts[-1] and block.get("type") not in ("thinking", "redacted_thinking"):
            parts.append("")
    return parts


def activity(call: Block) -> str:
    """What a whole `server_tool_use` block does, in a few words."""
    name, given = str(call.get("name")), call.get("input")
    given = given if isinstance(given, Mapping) else {}
    match name:
        case "web_search":
            return f'searching: "{_short(given.get("query"))}"'
        case "web_fetch":
            return f"fetching {_short(given.get('url'))}"
        case "code_execution" | "bash_code_execution":
            return "running code"
        case "text_editor_code_execution":
            return "working on a file"
    return f"using {_short(name)}"


def _short(words: object, limit: int = 200) -> str:
    text = " ".join(str(words or "").split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
