"""Server tools of the simulator: what a definition may hold, what is used and found, and what is cited."""

from __future__ import annotations

import pytest

SEARCH = {"type": "web_search_20260318", "name": "web_search"}
FETCH = {"type": "web_fetch_20260318", "name": "web_fetch"}
RUN = {"type": "code_execution_20260521", "name": "code_execution"}
TEXT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Once. Twice."}}
ON = {"citations": {"enabled": True}}


def ask(caller, *blocks, **members):
    """The message that answers some blocks."""
    content = [*blocks, {"type": "text", "text": "Well?"}]
    response = caller.post({"messages": [{"role": "user", "content": content}], **members})
    assert response.status_code == 200, response.text
    return response.json()


def citations(answer):
    """Kind and title of everything that is cited."""
    found = [each for block in answer["content"] for each in block.get("citations") or []]
    return [(each["type"], each.get("title") or each.get("document_title")) for each in found]


def test_each_tool_is_used_once(caller):
    """A call and its result, in the answer, before the text."""
    answer = ask(caller, tools=[SEARCH, FETCH, RUN])
    kinds = [block["type"] for block in answer["content"]]
    assert kinds[kinds.index("server_tool_use"):] == [
        "server_tool_use", "web_search_tool_result", "server_tool_use", "web_fetch_tool_result", "server_tool_use",
        "code_execution_tool_result", "text", "text", "text", "text",
    ]  # fmt: skip
    uses = [block for block in answer["content"] if block["type"] == "server_tool_use"]
    results = [block for block in answer["content"] if block["type"].endswith("_tool_result")]
    assert [use["id"] for use in uses] == [result["tool_use_id"] for result in results]
    assert answer["usage"]["server_tool_use"] == {"web_search_requests": 1, "web_fetch_requests": 1}


@pytest.mark.parametrize(
    ("blocks", "tools", "cited"),
    [
        pytest.param([], [SEARCH], [("web_search_result_location", "A simulated page")], id="a search"),
        pytest.param([], [FETCH], [], id="a page, unless asked"),
        pytest.param([], [FETCH | ON], [("char_location", "A simulated page")], id="a page"),
        pytest.param([], [RUN], [], id="code"),
        pytest.param([TEXT], [], [], id="a document, unless asked"),
        pytest.param([TEXT, TEXT | ON | {"title": "Second"}], [], [("char_location", "Second")], id="a document"),
    ],
)
def test_what_is_cited(caller, blocks, tools, cited):
    """Searches always, the rest where the request says so."""
    assert citations(ask(caller, *blocks, **({"tools": tools} if tools else {}))) == cited


def test_a_script_has_the_last_word(start):
    """What it says is all that is said."""
    answer = ask(start(script=[{"say": "Only this."}]), tools=[SEARCH])
    assert [block.get("text") for block in answer["content"] if block["type"] != "thinking"] == ["Only this."]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"tools": [SEARCH | {"name": "look"}]}, "tools.0.web_search_20260318.name: Input should be 'web_search'"),
        ({"tools": [SEARCH | {"max_uses": 0}]}, "max_uses: Input should be greater than or equal to 1"),
        ({"tools": [RUN | {"max_uses": 1}]}, "max_uses: Extra inputs are not permitted"),
        ({"tools": [FETCH | {"allowed_callers": ["anyone"]}]}, "allowed_callers.0: Input should be 'direct'"),
        ({"model": "claude-haiku-4-5", "tools": [SEARCH]}, "does not support programmatic tool calling"),
        (
            {"tools": [FETCH | ON], "output_config": {"format": {"type": "json_schema", "schema": {}}}},
            "citations are not supported",
        ),
    ],
    ids=["name", "number", "field", "caller", "an older model", "citations beside a format"],
)
def test_what_is_refused(caller, members, said):
    """As the service does, with the path."""
    response = caller.post(members)
    assert response.status_code == 400 and said in response.json()["error"]["message"]


def test_an_older_model_takes_older_and_direct_tools(caller):
    """Those need no code to call them."""
    direct = SEARCH | {"allowed_callers": ["direct"]}
    for tool in (direct, {"type": "web_search_20250305", "name": "web_search"}, RUN):
        assert caller.post({"model": "claude-haiku-4-5", "tools": [tool]}).status_code == 200
