"""Members of a request that nobody knows here, at any depth, and what a client notes about its request."""

from __future__ import annotations

import json

import pytest

from claude_cli.core.server_tools import WEB_SEARCH

from .openai_asking import ASK, NEW, OLD, ask, refused, send

TOOL = {"type": "function", "function": {"name": "f"}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
FORM = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "properties": {}}}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CACHED = {"type": "ephemeral"}


def user(part):
    return {"messages": [{"role": "user", "content": [part]}]}


def called(call):
    result = {"role": "tool", "tool_call_id": "c", "content": "1"}
    return {"messages": [ASK, {"role": "assistant", "tool_calls": [call]}, result], "tools": [TOOL]}


def searching(**options):
    return {"web_search_options": options}


@pytest.mark.parametrize(
    ("changes", "name", "param"),
    [
        pytest.param({"tools": [TOOL | {"bar": 1}]}, "tools[].bar", "tools[0].bar", id="a tool's"),
        pytest.param({"tools": [{**TOOL, "function": {"name": "f", "baz": 1}}]}, "tools[].function.baz",
                     "tools[0].function.baz", id="a tool's function's"),
        pytest.param({"functions": [{"name": "f", "baz": 1}]}, "functions[].baz", "functions[0].baz",
                     id="a function's"),
        pytest.param({"tools": [TOOL], "tool_choice": {**TOOL, "foo": 1}, "model": "claude-haiku-5-5"},
                     "tool_choice.foo", "tool_choice.foo", id="a choice's"),
        pytest.param(user({"type": "text", "text": "a", "foo": 1}), "messages[].content[].foo",
                     "messages[0].content[0].foo", id="a text's"),
        pytest.param(user({**IMAGE, "foo": 1}), "messages[].content[].foo", "messages[0].content[0].foo",
                     id="a picture's"),
        pytest.param(user({**IMAGE, "image_url": {**IMAGE["image_url"], "foo": 1}}),
                     "messages[].content[].image_url.foo", "messages[0].content[0].image_url.foo", id="its address's"),
        pytest.param(user({"type": "file", "file": {"file_data": "YQ==", "foo": 1}}), "messages[].content[].file.foo",
                     "messages[0].content[0].file.foo", id="a file's"),
        pytest.param(user({"type": "text", "text": "a", "cache_control": {**CACHED, "foo": 1}}),
                     "messages[].content[].cache_control.foo", "messages[0].content[0].cache_control.foo",
                     id="a mark's"),
        pytest.param(called({**CALL, "foo": 1}), "messages[].tool_calls[].foo", "messages[1].tool_calls[0].foo",
                     id="a call's"),
        pytest.param({"response_format": {**FORM, "zap": 1}}, "response_format.zap", "response_format.zap",
                     id="a form's"),
        pytest.param({"response_format": {**FORM, "json_schema": {**FORM["json_schema"], "zip": 1}}},
                     "response_format.json_schema.zip", "response_format.json_schema.zip", id="its schema's"),
        pytest.param({"stream_options": {"foo": 1}}, "stream_options.foo", "stream_options.foo", id="a stream's"),
        pytest.param(searching(foo=1), "web_search_options.foo", "web_search_options.foo", id="a search's"),
        pytest.param(searching(filters={"foo": 1}), "web_search_options.filters.foo", "web_search_options.filters.foo",
                     id="its filters'"),
        pytest.param(searching(user_location={"type": "approximate", "approximate": {"city": "Ulm", "x": 1}}),
                     "web_search_options.user_location.approximate.x",
                     "web_search_options.user_location.approximate.x", id="its place's"),
        pytest.param({"foo": 1}, "foo", "foo", id="the request's own"),
    ],
)  # fmt: skip
def test_members_nobody_knows_are_reported_where_they_stand(changes, name, param):
    """They may have meant something; whoever wants no such request is told the place."""
    assert send(changes).dropped == (name,)
    refusal = refused(changes, on_unsupported="reject")
    assert (refusal.status, refusal.param, refusal.code) == (400, param, "unsupported_parameter")


@pytest.mark.parametrize("empty", [None, "", [], {}], ids=["null", "no text", "no list", "no object"])
def test_empty_members_nobody_knows_meant_nothing(empty):
    """SDKs send null for what was not said."""
    assert send({"tools": [{**TOOL, "bar": empty}], **user({"type": "text", "text": "a", "foo": empty})}).dropped == ()


def test_what_comes_back_with_an_answer_is_known():
    """The pieces of a stream have the place of a call, and clients send it back."""
    assert send(called({**CALL, "index": 0})).dropped == ()
    assert send({"messages": [{**ASK, "prompt_cache_breakpoint": {"mode": "explicit"}}]}).dropped == ()


def test_names_come_in_the_order_of_the_request():
    """Else the header, and what `reject` names first, would change from start to start."""
    names = ["zeta", "seed", "alpha", "store", "mid", "logprobs", "beta"]
    changes = {name: True if name in ("store", "logprobs") else 1 for name in names}

    assert list(ask(changes).dropped) == names
    assert refused(changes, on_unsupported="reject").param == "zeta"


# --- where a search may look


@pytest.mark.parametrize(
    ("filters", "sent"),
    [
        pytest.param({"allowed_domains": ["python.org"]}, {"allowed_domains": ["python.org"]}, id="there alone"),
        pytest.param({"allowed_domains": None}, {}, id="null in it"),
        pytest.param({"allowed_domains": []}, {}, id="empty"),
        pytest.param(None, {}, id="null"),
    ],
)
def test_a_search_keeps_to_its_domains(filters, sent):
    """A search that was to stay with some pages and did not would be another answer."""
    found = send(searching(filters=filters))

    assert (found.body["tools"], found.dropped) == ([{**WEB_SEARCH, **sent}], ())


@pytest.mark.parametrize(
    ("filters", "param"),
    [
        pytest.param([], "web_search_options.filters", id="filters that are none"),
        pytest.param({"allowed_domains": "a.b"}, "web_search_options.filters.allowed_domains", id="a text"),
        pytest.param({"allowed_domains": [1]}, "web_search_options.filters.allowed_domains[0]", id="a number"),
    ],
)  # fmt: skip
def test_domains_that_are_refused(filters, param):
    """By the place."""
    assert refused(searching(filters=filters)).param == param


# --- metadata


@pytest.mark.parametrize("policy", ["warn", "drop", "reject"])
def test_metadata_is_kept_for_the_log_and_sent_to_nobody(policy):
    """It is honoured, so nothing is reported of it, and nothing refused."""
    found = send({"metadata": {"job": "nightly"}}, on_unsupported=policy)

    assert (found.asked.metadata, found.dropped) == ({"job": "nightly"}, ())
    assert "metadata" not in found.body


def test_metadata_goes_as_far_as_openais():
    """No further, so that a line of the log stays one."""
    most = {f"{number:064}": "v" * 512 for number in range(16)}

    assert ask({"metadata": most}).metadata == most


@pytest.mark.parametrize(
    ("metadata", "param", "words"),
    [
        pytest.param("x", "metadata", "an object", id="a text"),
        pytest.param({str(number): "" for number in range(17)}, "metadata", "16", id="too many"),
        pytest.param({"k" * 65: "v"}, "metadata", "64", id="a long name"),
        pytest.param({"k": "v" * 513}, "metadata", "512", id="a long value"),
        pytest.param({"k": 1}, "metadata", "a text", id="a value that is none"),
        pytest.param({"k": {"a": "b"}}, "metadata", "a text", id="a value that is an object"),
    ],
)
def test_metadata_that_is_refused(metadata, param, words):
    """As OpenAI's API does."""
    refusal = refused({"metadata": metadata})

    assert (refusal.status, refusal.param) == (400, param)
    assert words in str(refusal)


def test_metadata_reaches_the_visit(gateway):
    """By the way of a whole request; without any it has none."""
    running = gateway()

    assert running.chat(metadata={"job": "nightly"}).status == 200
    assert running.chat().status == 200

    assert [dict(visit.metadata) for visit in running.wait_visits(2)] == [{"job": "nightly"}, {}]
    assert "metadata" not in running.upstream.requests[0].json
    assert json.dumps(running.upstream.requests[0].json).count("nightly") == 0


# --- what is wrong with a number


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"seed": 1.5}, "seed is 1.5; it is a whole number", id="a seed"),
        pytest.param({"tools": [{**TOOL, "function": {"name": "f", "parameters": {"default": float("nan")}}}]},
                     "a number in it that is none (NaN)", id="NaN"),
        pytest.param({"tools": [{**TOOL, "function": {"name": "f", "parameters": {"default": 1e999}}}]},
                     "a number in it that is too large", id="beyond all"),
    ],
)  # fmt: skip
def test_numbers_are_refused_in_words_that_help(changes, words):
    """To the point, with no figure that nobody can use."""
    assert str(refused(changes)).endswith(words)


# --- an answer begun, beside what does not go with it


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"reasoning_effort": "low"}, id="thinking"),
        pytest.param({"thinking": {"type": "enabled", "budget_tokens": 1024}}, id="thinking in the API's words"),
        pytest.param({"response_format": FORM}, id="a schema"),
    ],
)
def test_an_answer_begun_is_refused_with_its_place(changes):
    """The core would refuse it, too, but knows no place."""
    messages = [{"role": "system", "content": "S"}, ASK, {"role": "assistant", "content": "It is"}]

    refusal = refused({"model": OLD, "messages": messages, **changes})

    assert (refusal.status, refusal.param) == (400, "messages[2]")
    assert "without" in str(refusal)


def test_calls_go_on_without_the_thinking_that_led_to_them():
    """A model that thinks unasked tells nobody what it thought, so a client has nothing to send back."""
    found = send({**called(CALL), "model": NEW})

    assert "thinking" not in found.body
    assert [block["type"] for block in found.turns[1][1]] == ["tool_use"]
