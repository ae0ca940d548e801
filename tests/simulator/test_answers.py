"""What the simulator says: a description of what it was sent, in the form that was asked for."""

from __future__ import annotations

import json

import pytest

TOOL = {
    "name": "look",
    "input_schema": {
        "type": "object",
        "properties": {
            "place": {"type": "string"},
            "count": {"type": "integer"},
            "unit": {"enum": ["m", "km"]},
            "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}},
        },
        "$defs": {"tag": {"anyOf": [{"const": "near"}, {"type": "null"}]}},
    },
}


def text_of(answer):
    return "".join(block["text"] for block in answer["content"] if block["type"] == "text")


def kinds(answer):
    return [block["type"] for block in answer["content"]]


def test_the_answer_says_that_it_is_none(caller):
    """Nobody must take it for a model's words."""
    answer = caller.post({"messages": [{"role": "user", "content": "Explain TLS in two sentences"}]}).json()

    assert text_of(answer).splitlines()[:5] == [
        "This is a **simulated** answer: no model was asked, and nothing left this machine.",
        "",
        "You asked:",
        "",
        "> Explain TLS in two sentences",
    ]
    assert (answer["stop_reason"], answer["stop_sequence"], answer["role"]) == ("end_turn", None, "assistant")


def test_the_answer_describes_the_request(caller, image):
    """Turns, system prompt, pictures, documents, tools and settings, each in a line."""
    pdf = {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}
    note = {"type": "text", "media_type": "text/plain", "data": "Grüße"}
    inner = {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}, image()]}}
    content = [
        image(),
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "document", "title": "Notes", "source": note},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
        pdf,
        inner,
        {"type": "text", "text": "a\n\nb"},
    ]
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": content},
    ]
    extra = {"stop_sequences": ["###"], "output_config": {"effort": "low"}, "tools": [TOOL]}
    lines = text_of(caller.post({"system": "You are brief.", "messages": messages, **extra}).json()).splitlines()

    assert lines[4:7] == ["> a", ">", "> b"]
    assert lines[lines.index("`claude-sonnet-5-5` would have been given:") + 2 :] == [
        "- 2 earlier messages",
        "- a system prompt of 14 characters: “You are brief.”",
        "- an image: image/png, 640×480 px, 29 bytes",
        "- an image: not fetched, file_1",
        "- a document: “Notes”, text/plain, 7 bytes",
        "- a document: application/pdf, 5 bytes",
        "- a document: not fetched, https://example.com/a.pdf",
        "- a document: 2 blocks of content",
        "- an image: image/png, 640×480 px, 29 bytes",
        "- tools: `look`",
        "- settings: `max_tokens` 1,000, `output_config` effort low, 1 `stop_sequences`",
    ]


def test_a_long_question_is_quoted_in_part(caller):
    """The answer stays short whatever is piped in."""
    answer = caller.post({"messages": [{"role": "user", "content": "word " * 50_000}]}).json()

    assert len(text_of(answer)) < 600


def test_the_same_request_has_the_same_answer(start):
    """Only the ids count on."""
    caller = start()
    first, second = caller.post().json(), caller.post().json()

    assert (first.pop("id"), second.pop("id")) == ("msg_sim_1", "msg_sim_2")
    assert first == second


@pytest.mark.parametrize(
    ("model", "thinking", "shown"),
    [
        pytest.param("claude-fable-5-2", None, "", id="always on, not shown"),
        pytest.param(
            "claude-opus-5-5", {"type": "adaptive", "display": "summarized"}, "The request", id="shown on wish"
        ),
        pytest.param("claude-opus-5", {"type": "disabled"}, None, id="switched off"),
        pytest.param("claude-opus-4-8", None, None, id="off by default"),
        pytest.param("claude-opus-4-6", {"type": "adaptive"}, "The request", id="shown by default"),
        pytest.param("claude-haiku-4-5", {"type": "enabled", "budget_tokens": 1024}, "The request", id="with a budget"),
        pytest.param("claude-sonnet-5-5", {"type": "between_tools"}, None, id="only between tools"),
    ],
)
def test_thinking_comes_first(caller, model, thinking, shown):
    """A signature always, words only where they are shown."""
    answer = caller.post({"model": model, "max_tokens": 2000, **({"thinking": thinking} if thinking else {})}).json()

    if shown is None:
        assert kinds(answer) == ["text"]
        assert answer["usage"]["output_tokens_details"] == {"thinking_tokens": 0}
    else:
        assert kinds(answer) == ["thinking", "text"]
        assert answer["content"][0]["thinking"].startswith(shown)
        assert bool(answer["content"][0]["thinking"]) == bool(shown)
        assert answer["content"][0]["signature"]
        assert 0 < answer["usage"]["output_tokens_details"]["thinking_tokens"] < answer["usage"]["output_tokens"]


@pytest.mark.parametrize("tokens", [1, 2, 3, 20])
def test_max_tokens_cuts(caller, tokens):
    """Thinking counts too, but leaves room for some text."""
    answer = caller.post({"max_tokens": tokens}).json()

    assert answer["stop_reason"] == "max_tokens"
    assert answer["usage"]["output_tokens"] <= tokens
    assert "This is a **simulated** answer".startswith(text_of(answer)[:20])


def test_max_tokens_of_nothing_fills_the_cache(caller):
    """A warm-up has no content and costs no output."""
    answer = caller.post({"max_tokens": 0}).json()

    assert (answer["content"], answer["stop_reason"], answer["usage"]["output_tokens"]) == ([], "max_tokens", 0)


@pytest.mark.parametrize(
    ("sequences", "text", "found"),
    [
        pytest.param([" answer"], "This is a **simulated**", " answer", id="one"),
        pytest.param(["answer", "simulated"], "This is a **", "simulated", id="the first to come"),
        pytest.param(["nowhere"], None, None, id="none"),
    ],
)
def test_stop_sequences_stop(caller, sequences, text, found):
    """The text ends before the sequence, which is named."""
    answer = caller.post({"stop_sequences": sequences}).json()

    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence" if found else "end_turn", found)
    assert text is None or text_of(answer) == text


def test_a_full_window_ends_the_answer(caller):
    """Prompt and answer together do not fit: the reason is not max_tokens."""
    messages = [{"role": "user", "content": "x" * 679_900}]
    answer = caller.post({"model": "claude-haiku-4-5", "max_tokens": 64_000, "messages": messages}).json()

    assert answer["stop_reason"] == "model_context_window_exceeded"


def test_structured_output_fits_its_schema(caller):
    """The text is JSON with every property."""
    properties = {
        "name": {"type": "string"},
        "when": {"type": "string", "format": "date"},
        "size": {"type": "number"},
        "big": {"type": "boolean"},
        "none": {"type": ["null", "string"]},
        "list": {"type": "array", "items": {"type": "integer"}},
    }
    schema = {"type": "object", "additionalProperties": False, "properties": properties, "required": list(properties)}
    answer = caller.post({"output_config": {"format": {"type": "json_schema", "schema": schema}}}).json()

    assert json.loads(text_of(answer)) == {
        "name": "simulated",
        "when": "2026-11-22",
        "size": 1.5,
        "big": True,
        "none": None,
        "list": [1],
    }


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "look"}])
def test_a_forced_tool_is_called(caller, choice):
    """With an input made from its schema."""
    answer = caller.post({"model": "claude-opus-4-8", "tools": [TOOL], "tool_choice": choice}).json()

    assert answer["stop_reason"] == "tool_use"
    assert answer["content"] == [
        {
            "type": "tool_use",
            "id": "toolu_sim_1",
            "name": "look",
            "input": {"place": "simulated", "count": 1, "unit": "m", "tags": ["near"]},
        }
    ]


def test_a_tool_loop_goes_round(start):
    """The call comes by script; the result is accepted and described."""
    caller = start(script=[{"stop_reason": "tool_use", "tool_input": {"place": "here"}, "say": "Let me look."}])
    question = {"role": "user", "content": "Where?"}
    call = caller.post({"tools": [TOOL], "messages": [question]}).json()
    result = {"type": "tool_result", "tool_use_id": "toolu_sim_1", "content": "by the sea", "is_error": True}
    messages = [question, {"role": "assistant", "content": call["content"]}, {"role": "user", "content": [result]}]
    answer = caller.post({"tools": [TOOL], "messages": messages}).json()

    assert kinds(call) == ["thinking", "text", "tool_use"]
    assert call["content"][2]["input"] == {"place": "here"}
    assert "- a tool result (an error): “by the sea”" in text_of(answer)
    assert "> Where?" in text_of(answer)


def test_thinking_between_tools(start):
    """That mode thinks only after a result."""
    caller = start(script=[{"stop_reason": "tool_use"}])
    common = {"tools": [TOOL], "thinking": {"type": "between_tools"}}
    question = {"role": "user", "content": "Where?"}
    call = caller.post({**common, "messages": [question]}).json()
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_sim_1", "content": "x"}]}
    answer = caller.post({**common, "messages": [question, {"role": "assistant", "content": call["content"]}, result]})

    assert kinds(call) == ["tool_use"]
    assert kinds(answer.json()) == ["thinking", "text"]


def test_a_paused_answer_goes_on(start):
    """It is sent back unchanged, which is no prefill, and comes back with the rest."""
    caller = start(script=[{"stop_reason": "pause_turn"}])
    question = {"role": "user", "content": "Search"}
    paused = caller.post({"messages": [question]}).json()
    rest = caller.post({"messages": [question, {"role": "assistant", "content": paused["content"]}]}).json()
    whole = [*paused["content"], *rest["content"]]
    after = caller.post({"messages": [question, {"role": "assistant", "content": whole}, question]})

    assert paused["stop_reason"] == "pause_turn"
    assert kinds(paused) == ["thinking", "text", "server_tool_use"]
    assert kinds(rest) == ["thinking", "web_search_tool_result", "text"]
    assert rest["content"][1]["tool_use_id"] == paused["content"][2]["id"]
    assert rest["stop_reason"] == "end_turn"
    assert rest["usage"]["server_tool_use"] == {"web_search_requests": 1, "web_fetch_requests": 0}
    assert after.status_code == 200, after.text


def test_a_prefill_is_answered_where_it_is_allowed(caller):
    """Only by the 4.5 generation."""
    messages = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "So"}]

    assert caller.post({"model": "claude-haiku-4-5", "messages": messages}).status_code == 200
