"""Streams: their grammar, and that they say the same as the answer in one piece."""

from __future__ import annotations

import json
from itertools import groupby

import pytest


def fold(events):
    """A stream's message, put together the plainest way."""
    message = events[0]["message"]
    for event in events[1:]:
        match event:
            case {"type": "content_block_start", "content_block": block}:
                message["content"].append(dict(block))
                parts = []
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}:
                message["content"][-1]["text"] += text
            case {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": text}}:
                message["content"][-1]["thinking"] += text
            case {"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": signature}}:
                message["content"][-1]["signature"] = signature
            case {"type": "content_block_delta", "delta": {"type": "citations_delta", "citation": citation}}:
                message["content"][-1].setdefault("citations", []).append(citation)
            case {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": text}}:
                parts.append(text)
            case {"type": "content_block_stop"} if parts:
                message["content"][-1]["input"] = json.loads("".join(parts) or "{}")
            case {"type": "message_delta", "delta": delta, "usage": usage}:
                message.update(delta)
                message["usage"].update(usage)
    return message


CONTENT = [
    {"type": "redacted_thinking", "data": "c2VjcmV0"},
    {"type": "text", "text": "Über alles", "citations": [{"type": "char_location", "cited_text": "x"}]},
    {
        "type": "server_tool_use",
        "id": "srvtoolu_1",
        "name": "web_search",
        "input": {"query": "a long enough query, “x”"},
    },
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}},
]


@pytest.mark.parametrize(
    ("step", "changes"),
    [
        pytest.param({}, {}, id="the plain answer"),
        pytest.param({}, {"thinking": {"type": "adaptive", "display": "summarized"}}, id="with thinking"),
        pytest.param({}, {"max_tokens": 20}, id="cut"),
        pytest.param({}, {"stop_sequences": [" answer"]}, id="stopped"),
        pytest.param({}, {"speed": "fast", "model": "claude-opus-5", "inference_geo": "us"}, id="fast, in one place"),
        pytest.param({"stop_reason": "refusal"}, {}, id="refused at once"),
        pytest.param(
            {"stop_reason": "refusal", "output": True, "stop_details": {"category": "bio"}}, {}, id="refused late"
        ),
        pytest.param({"stop_reason": "pause_turn"}, {}, id="paused"),
        pytest.param({"stop_reason": "tool_use", "tool_input": {"a": "x" * 60}}, {}, id="a tool"),
        pytest.param({"stop_reason": "tool_use"}, {}, id="a tool without input"),
        pytest.param({"stop_reason": "stop_sequence", "stop_sequence": "END"}, {}, id="a stop by script"),
        pytest.param({"stop_reason": "model_context_window_exceeded"}, {}, id="a full window"),
        pytest.param({"say": "Grüß Gott 👋 \u2028 line"}, {}, id="letters of every length"),
        pytest.param({"say": ""}, {}, id="no text"),
        pytest.param({"content": CONTENT}, {}, id="every kind of block"),
        pytest.param({"flood": 500}, {}, id="a flood"),
        pytest.param({"usage": {"output_tokens": 12345}}, {}, id="a usage by script"),
    ],
)
def test_a_stream_says_the_same_as_the_whole(start, step, changes):
    """Content, reason and usage are equal; only the id differs."""
    caller = start(script=[step | {"times": 2}])
    whole = caller.post(changes).text
    streamed = fold(caller.events(changes))

    assert streamed == json.loads(whole.replace("_sim_1", "_sim_2"))


@pytest.mark.parametrize("step", [{}, {"stop_reason": "pause_turn"}, {"stop_reason": "refusal"}, {"content": CONTENT}])
def test_the_grammar_of_a_stream(start, step):
    """Blocks one after the other from 0, between a start and a delta; a ping somewhere; the stop last."""
    events = start(script=[step]).events()
    names = [event["type"] for event in events]
    blocks = [event for event in events if "index" in event]

    assert (names[0], names[-2], names[-1]) == ("message_start", "message_delta", "message_stop")
    assert "ping" in names
    for index, (number, of_block) in enumerate(groupby(blocks, key=lambda event: event["index"])):
        kinds = [event["type"] for event in of_block]
        assert number == index
        assert (kinds[0], kinds[-1]) == ("content_block_start", "content_block_stop")
        assert set(kinds[1:-1]) <= {"content_block_delta"}


def test_each_frame_names_its_event(caller):
    """`event:` and the type of the data agree, and each is one line."""
    response = caller.post({"stream": True})
    frames = response.text.removesuffix("\n\n").split("\n\n")

    assert response.headers["content-type"].startswith("text/event-stream")
    for frame in frames:
        name, data = frame.split("\n")
        assert json.loads(data.removeprefix("data: "))["type"] == name.removeprefix("event: ")


def test_the_usage_grows(caller):
    """The first count is provisional, the last one whole, and what was said for good is not said again."""
    events = caller.events({"cache_control": {"type": "ephemeral"}})
    first, last = events[0]["message"]["usage"], events[-2]["usage"]

    assert (first["output_tokens"], first["service_tier"]) == (1, "standard")
    assert last["output_tokens"] > 50
    assert last["output_tokens_details"]["thinking_tokens"] == 16
    assert "cache_creation" not in last
    assert "service_tier" not in last


def test_thinking_that_is_not_shown_is_a_signature(caller):
    """Start, signature, stop."""
    events = [event for event in caller.events() if event.get("index") == 0]

    assert events[0]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}
    assert [event["delta"]["type"] for event in events[1:-1]] == ["signature_delta"]


def test_tool_input_begins_with_nothing(start):
    """The first piece of JSON is empty, as at the service."""
    events = start(script=[{"stop_reason": "tool_use", "tool_input": {"a": 1}}]).events()
    pieces = [e["delta"]["partial_json"] for e in events if e.get("delta", {}).get("type") == "input_json_delta"]

    assert (pieces[0], "".join(pieces)) == ("", '{"a": 1}')


def test_a_stream_that_breaks_a_rule_is_an_ordinary_error(caller):
    """The status says so before any event."""
    response = caller.post({"stream": True, "model": "gpt"})

    assert (response.status_code, response.headers["content-type"]) == (404, "application/json")


def test_deltas_are_paced(start):
    """One wait for each delta, by the injected sleep."""
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    caller = start(pace_s=0.25, sleep=sleep, script=[{"say": "one two three"}, {"say": "one", "pace_s": 2}])
    caller.events()
    caller.events()

    assert waits == [0.25] * 4 + [2] * 2
