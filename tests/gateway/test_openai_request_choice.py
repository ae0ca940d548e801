"""The choice among tools: in which form it stands, where it is said that none can be forced, tools that are gone."""

from __future__ import annotations

import json

import pytest

from claude_cli.core.server_tools import WEB_SEARCH

from .openai_asking import ASK, NEW, OLD, refused, send, talk

TOOL = {"type": "function", "function": {"name": "f"}}
FUNCTION = {"name": "f"}
OFFERED = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
HINT = "Answer by calling one of the tools, not in words."
CALL = {"role": "assistant", "content": None,
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}  # fmt: skip
RESULT = {"role": "tool", "tool_call_id": "c", "content": "1"}
SYSTEM_TURN = {"role": "system", "content": "S"}


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        pytest.param({"tools": [TOOL], "function_call": {"name": "f"}}, "function_call", id="tools, and a function"),
        pytest.param({"tools": [TOOL], "function_call": "none"}, "function_call", id="tools, and no function"),
        pytest.param({"tools": [TOOL], "function_call": 12345}, "function_call", id="tools, and nonsense"),
        pytest.param({"functions": [FUNCTION], "tool_choice": "none"}, "tool_choice", id="functions, and no tool"),
        pytest.param({"functions": [FUNCTION], "tool_choice": TOOL}, "tool_choice", id="functions, and a tool"),
        pytest.param({"function_call": {"name": "f"}}, "function_call", id="a function of none"),
    ],
)
def test_a_choice_in_the_other_form_is_refused(changes, param):
    """Passed over, a tool that was forbidden may be called."""
    refusal = refused(changes)

    assert (refusal.status, refusal.param) == (400, param)


def test_null_in_the_other_form_is_no_choice():
    """SDKs send it."""
    assert send({"tools": [TOOL], "function_call": None}).dropped == ()
    assert send({"functions": [FUNCTION], "tool_choice": None}).dropped == ()
    assert send({"function_call": "auto"}).dropped == ()


# --- a tool that cannot be forced


@pytest.mark.parametrize(
    ("messages", "turns"),
    [
        pytest.param([ASK], [("user", "Hello"), ("system", HINT)], id="a question"),
        pytest.param([ASK, SYSTEM_TURN],
                     [("user", "Hello"), ("system", [{"type": "text", "text": "S"}, {"type": "text", "text": HINT}])],
                     id="a question and an instruction"),
        pytest.param([ASK, CALL, RESULT],
                     [("user", "Hello"), ("assistant", [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]),
                      ("user", [{"type": "tool_result", "tool_use_id": "c", "content": "1"}]), ("system", HINT)],
                     id="results of tools"),
    ],
)  # fmt: skip
def test_the_hint_is_the_last_turn_where_there_are_such_turns(messages, turns):
    """Agents ask for a tool once and leave it open then: what is before the hint stays as it was, and cached."""
    found = talk({"role": "system", "content": "P"}, *messages, tools=[TOOL], tool_choice="required")

    assert found.turns == turns
    assert found.body["system"] == [{"type": "text", "text": "P"}]
    assert found.dropped == ("tool_choice",)


def test_the_hint_is_in_the_system_prompt_where_there_are_none():
    """A model of before."""
    found = talk(ASK, model=OLD, reasoning_effort="low", tools=[TOOL], tool_choice="required")

    assert found.body["system"] == [{"type": "text", "text": HINT}]
    assert found.turns == [("user", "Hello")]


@pytest.mark.parametrize(
    "marks",
    [
        pytest.param({"cache_control": {"type": "ephemeral"}}, id="for the whole request"),
        pytest.param({}, id="on a message"),
    ],
)
def test_the_next_request_reads_what_the_one_with_the_hint_cached(gateway, marks):
    """A prompt paid twice is what this is about."""
    running = gateway()
    question = {"role": "user", "content": "word " * 2000}
    if not marks:
        question["cache_control"] = {"type": "ephemeral"}
    setting = {"model": NEW, "tools": [TOOL], **marks}
    first = running.chat(messages=[question], tool_choice="required", **setting).json["usage"]["prompt_tokens_details"]
    assert first["cache_write_tokens"] > 1000

    second = running.chat(messages=[question, CALL, RESULT], **setting).json["usage"]["prompt_tokens_details"]

    assert second["cached_tokens"] == first["cache_write_tokens"]
    assert json.dumps(running.upstream.requests[0].json).count('"cache_control"') == 1


@pytest.mark.parametrize("messages", [[ASK], [ASK, SYSTEM_TURN], [ASK, CALL, RESULT]], ids=["user", "system", "tool"])
def test_a_mark_for_the_whole_request_stands_before_the_hint(messages):
    """Behind it nothing is the same in the next request."""
    body = talk(*messages, tools=[TOOL], tool_choice="required", cache_control={"type": "ephemeral", "ttl": "1h"}).body

    assert "cache_control" not in body
    blocks = [block for turn in body["messages"] if isinstance(turn["content"], list) for block in turn["content"]]
    marked = [block for block in blocks if "cache_control" in block]
    assert [block["cache_control"] for block in marked] == [{"type": "ephemeral", "ttl": "1h"}]
    assert HINT not in marked[0].values()


# --- tools that were used, and are gone


def test_tools_that_are_gone_are_declared_beside_a_search():
    """The search is no reason to leave them out."""
    body = talk(ASK, CALL, RESULT, web_search_options={}).body

    assert [tool["name"] for tool in body["tools"]] == ["f", "web_search"]
    assert body["tools"][1] == WEB_SEARCH
    assert "tool_choice" not in body


def test_tools_that_are_there_are_not_declared_again():
    """Once is enough, and twice is a 400."""
    assert talk(ASK, CALL, RESULT, tools=[TOOL], web_search_options={}).body["tools"] == [OFFERED, WEB_SEARCH]
