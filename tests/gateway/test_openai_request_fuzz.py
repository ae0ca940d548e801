"""Whatever is sent: a request that can go out, or a refusal that says why. Never another exception."""

from __future__ import annotations

import copy
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_cli.core.budget import plan_of
from claude_cli.core.errors import UsageError
from claude_cli.core.models import catalogue
from claude_cli.core.prepare import prepare
from claude_cli.core.wire_request import encode, request_object
from claude_cli.gateway.openai_request import decode
from claude_cli.gateway.refusal import Refusal

from .openai_asking import NAMES, OLD, data_url, png, simulated

_CALLS = [{"id": "call.1", "type": "function", "function": {"name": "get.weather", "arguments": '{"city": "Ulm"}'}}]
_SCHEMA = {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/b"}]}},
           "$defs": {"b": {"type": "integer", "minimum": 1}}, "required": ["a"]}  # fmt: skip
WHOLE = [
    {
        "model": "claude-3-5-sonnet", "stream": True, "stream_options": {"include_usage": True}, "max_tokens": 2000,
        "temperature": 0.5, "top_p": 0.9, "stop": ["END", " "], "n": 1, "seed": 1, "user": "u", "metadata": {"a": "b"},
        "logit_bias": {"1": 2}, "service_tier": "auto", "reasoning_effort": "low", "parallel_tool_calls": False,
        "tools": [{"type": "function", "function": {"name": "get.weather", "description": "d", "parameters": _SCHEMA,
                                                    "strict": True}, "cache_control": {"type": "ephemeral"}}],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {
            "mode": "required", "tools": [{"type": "function", "function": {"name": "get.weather"}}]}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": _SCHEMA, "strict": True}},
        "web_search_options": {"user_location": {"type": "approximate", "approximate": {"city": "Ulm"}}},
        "messages": [
            {"role": "developer", "content": [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}]},
            {"role": "user", "name": "Ann", "content": [
                {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
                {"type": "image_url", "image_url": {"url": data_url(png(), "image/png"), "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "file", "file": {"file_data": data_url(b"words", "text/plain"), "filename": "a.txt"}}]},
            {"role": "assistant", "content": "wait", "refusal": None, "tool_calls": _CALLS, "thinking_blocks": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"}]},
            {"role": "tool", "tool_call_id": "call.1", "content": [{"type": "text", "text": "sunny"}]},
            {"role": "system", "content": "T"},
            {"role": "user", "name": "Bob", "content": "b"},
        ],
    },
    {
        "model": OLD, "functions": [{"name": "f", "parameters": {}}], "function_call": {"name": "f"},
        "thinking": {"type": "enabled", "budget_tokens": 1024}, "max_completion_tokens": 4000, "top_k": 3,
        "safety_identifier": "a@example.com", "modalities": ["text"], "logprobs": True, "top_logprobs": 2,
        "response_format": {"type": "json_object"},
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}],
             "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
        ],
    },
]  # fmt: skip
"""Requests in which everything stands that may stand somewhere."""

WORDS = st.sampled_from(
    [*re.findall(r"[a-z_]{3,}", json.dumps(WHOLE)), "", " ", "none", "required", "\ud800", "\0\r\n"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=8
)
QUICK = settings(max_examples=settings().max_examples * 4, suppress_health_check=[HealthCheck.too_slow])


def places(value, path=()):
    """Where something stands in `value`, as paths."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(each, dict | list):
            yield from places(each, (*path, key))


PLACES = [[*places(body)] for body in WHOLE]


def changed(body, path, value):
    """A copy of `body` with something else at `path`; `...` takes it out."""
    body = copy.deepcopy(body)
    *way, last = path
    inside = body
    for key in way:
        inside = inside[key]
    if value is ...:
        del inside[last]
    else:
        inside[last] = value
    return body


def check(body, on_unsupported="warn"):
    """Decode `body`, and let it go on as far as it can without a network. The simulator's answer; None: refused."""
    before = repr(body)
    try:
        asked = decode(body, NAMES, on_unsupported=on_unsupported)
    except Refusal as refusal:
        assert refusal.status in (400, 404)
        assert refusal.param or not isinstance(body, dict)
        assert 0 < len(str(refusal)) < 500
        assert str(refusal).isprintable() or "\ud800" in str(refusal)
        refusal.body()
        return None
    finally:
        assert repr(body) == before
    assert all(re.fullmatch(r"[a-zA-Z0-9_.\[\]-]*", name) for name in asked.dropped)
    try:
        request, _ = prepare(asked.request)
    except UsageError:
        return None
    plan_of(request, catalogue())
    sent = json.loads(encode(request_object(request)))
    if request.model not in {model.id for model in catalogue().models}:
        return None
    status, answer = simulated(sent)
    assert status == 200, answer
    return answer


@pytest.mark.parametrize("body", WHOLE)
def test_the_whole_requests_are_taken(body):
    """Else their variations would prove little."""
    assert check(body)


@QUICK
@given(st.sampled_from([0, 1]), st.data(), st.just(...) | ANYTHING)
def test_whatever_stands_in_one_place(which, data, value):
    """A member taken out, or with any JSON in its place."""
    check(changed(WHOLE[which], data.draw(st.sampled_from(PLACES[which])), value))


@given(st.sampled_from([0, 1]), st.data())
def test_whatever_comes_from_another_place(which, data):
    """Values that are right, but elsewhere: a part among the tools, a message as content."""
    here, there = (data.draw(st.sampled_from(PLACES[which])) for _ in range(2))
    value = WHOLE[which]
    for key in there:
        value = value[key]

    check(changed(WHOLE[which], here, value), data.draw(st.sampled_from(["warn", "drop", "reject"])))


@given(ANYTHING)
def test_whatever_is_sent(body):
    """Also what is no request at all."""
    check(body)


@given(st.lists(st.sampled_from([
    {"role": "system", "content": "S"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "a"},
    {"role": "assistant", "content": ""}, {"role": "assistant", "content": None, "tool_calls": _CALLS},
    {"role": "tool", "tool_call_id": "call.1", "content": "r"}, {"role": "developer", "content": ""},
    {"role": "assistant", "content": "a", "function_call": {"name": "f", "arguments": ""}},
    {"role": "function", "name": "f", "content": ""},
]), max_size=9), st.sampled_from(["claude-sonnet-5-5", "claude-sonnet-5", OLD]))  # fmt: skip
def test_whatever_order_messages_come_in(messages, model):
    """What is taken is a conversation that the API takes."""
    check({"model": model, "messages": messages})


@pytest.mark.parametrize("place", ["content", "parameters", "arguments", "schema", "unknown"])
def test_deep_json(place):
    """As deep as a parser lets it be."""
    deep = json.loads("[" * 900 + "]" * 900)
    body = {"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": "hi"}]}
    changes = {
        "content": {"messages": [{"role": "user", "content": deep}]},
        "parameters": {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"x": deep}}}]},
        "arguments": {"thinking": {"type": "adaptive", "x": deep}},
        "schema": {"response_format": {"type": "json_schema", "json_schema": {"schema": {"default": deep}}}},
        "unknown": {"x": deep},
    }

    check({**body, **changes[place]})


@pytest.mark.parametrize("model", [model.id for model in catalogue().models])
@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 0.5, "top_p": 0.5, "top_k": 5},
        {"tool_choice": "required", "tools": WHOLE[0]["tools"], "parallel_tool_calls": False},
        {"reasoning_effort": "none"},
        {"reasoning_effort": "minimal", "temperature": 0.2, "tools": WHOLE[0]["tools"], "tool_choice": "required"},
        {"reasoning_effort": "xhigh", "max_tokens": 1500},
        {"reasoning_effort": "max"},
        {"thinking": {"type": "enabled", "budget_tokens": 5000}},
        {"thinking": {"type": "disabled"}, "reasoning_effort": "max"},
        {"response_format": WHOLE[0]["response_format"]},
        {"messages": WHOLE[0]["messages"]},
    ],
    ids=["sampling", "forced tools", "no thinking", "forced tools and thinking", "little room", "most thinking",
         "a budget", "no thinking, most effort", "a schema", "later instructions"],
)  # fmt: skip
def test_every_model_takes_what_is_made_of_it(model, changes):
    """The simulator knows what each refuses, from code of its own."""
    assert check({"model": model, "messages": [{"role": "user", "content": "hi"}], **changes})
