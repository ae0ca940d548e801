"""Server tools: what is asked for, and what is told of them while an answer comes."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.core.events import BlockStart, BlockStop, InputJsonDelta, TextDelta
from claude_cli.core.server_tools import (
    CODE_EXECUTION,
    WEB_FETCH,
    WEB_SEARCH,
    ToolWatch,
    activity,
    request_tools,
    text_parts,
)

OWN = {"name": "web_search", "type": "web_search_20250305"}


def test_what_is_asked_for():
    """Behind the tools that are there; one of the same name stays as it is. The constants are never changed."""
    assert request_tools({"a": 1}, [], cited=True) == {"a": 1}
    assert request_tools({"a": 1}, [WEB_SEARCH, CODE_EXECUTION], cited=True) == {
        "a": 1, "tools": [WEB_SEARCH, CODE_EXECUTION],
    }  # fmt: skip
    assert request_tools({"tools": [OWN, 1]}, [WEB_SEARCH, WEB_FETCH], cited=True) == {"tools": [OWN, 1, WEB_FETCH]}
    assert "citations" not in request_tools({}, [WEB_FETCH], cited=False)["tools"][0]
    assert WEB_FETCH["citations"] == {"enabled": True}
    with pytest.raises(UsageError, match="-O tools"):
        request_tools({"tools": {}}, [WEB_SEARCH], cited=True)


def call(index, name, *pieces, **start):
    """A server tool's call as it streams."""
    block = {"type": "server_tool_use", "id": "s", "name": name, "input": {}, **start}
    return [BlockStart(index, block), *(InputJsonDelta(index, piece) for piece in pieces), BlockStop(index)]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        pytest.param(call(0, "web_search", "", '{"que', 'ry": "a\\nb"}'), 'searching: "a b"', id="a search"),
        pytest.param(call(0, "web_fetch", '{"url": "https://x.example/"}'), "fetching https://x.example/", id="a page"),
        pytest.param(call(0, "web_search", input={"query": "q"}), 'searching: "q"', id="whole from the start"),
        pytest.param(call(0, "code_execution", '{"code": "1"}'), "running code", id="code"),
        pytest.param(call(0, "bash_code_execution"), "running code", id="a shell"),
        pytest.param(call(0, "text_editor_code_execution"), "working on a file", id="a file"),
        pytest.param(call(0, "tool_search_tool_bm25"), "using tool_search_tool_bm25", id="another"),
        pytest.param(call(0, "web_search", '{"que'), 'searching: ""', id="a broken input"),
        pytest.param(call(0, "web_search", "[1]"), 'searching: ""', id="an input that is no object"),
        pytest.param(call(0, "web_search", f'{{"query": "{"x" * 300}"}}'), f'searching: "{"x" * 199}…"', id="long"),
    ],
)
def test_what_is_said_of_a_call(events, said):
    """One line once its input is whole; it changes nothing of the result."""
    watch = ToolWatch()
    notices = [notice for event in events for notice in watch.notices([event])]
    assert [(notice.code, notice.text, notice.changes_result) for notice in notices] == [("tool", said, False)]


def test_what_is_said_of_a_failure():
    """A tool's error comes inside a good answer, and changes it; results and texts are silent."""
    failed = {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
    notices = ToolWatch().notices(
        [
            BlockStart(0, {"type": "web_search_tool_result", "tool_use_id": "s", "content": failed}),
            BlockStart(1, {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}),
            BlockStart(2, {"type": "code_execution_tool_result", "content": {"return_code": 1}}),
            BlockStart(3, {"type": "nova", "content": failed}),
            TextDelta(4, "x"),
            BlockStop(4),
            InputJsonDelta(5, "{}"),
        ]
    )
    assert [(notice.text, notice.changes_result) for notice in notices] == [
        ("web search failed: max_uses_exceeded", True)
    ]


def test_a_call_without_an_input_object():
    """A provider's odd block is told of, too."""
    assert activity({"name": None, "input": 1}) == "using None"


@pytest.mark.parametrize(
    ("kinds", "parts"),
    [
        ([], [""]),
        (["a", "b"], ["ab"]),
        ([{"type": "thinking"}, "a", {"type": "thinking"}, "b"], ["ab"]),
        ([{"type": "server_tool_use"}, "a"], ["a"]),
        (["a", {"type": "server_tool_use"}, {"type": "web_search_tool_result"}, "b", "c"], ["a", "bc"]),
        (["a", {"type": "server_tool_use"}], ["a", ""]),
    ],
    ids=["none", "text", "thinking", "a tool first", "a tool between", "a tool last"],
)
def test_text_in_parts(kinds, parts):
    """What is said before a tool is used is no beginning of what is said with its result."""
    assert text_parts({"type": "text", "text": each} if isinstance(each, str) else each for each in kinds) == parts
