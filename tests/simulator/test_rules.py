"""Requests that no model takes, and the words in which they are refused."""

from __future__ import annotations

import pytest

USER = {"role": "user", "content": "Hello"}
OLD = "2023-06-01"
NEW = "2026-10-21"


def says(*blocks):
    """A user message of these blocks."""
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def text(words="Hello", **members):
    return {"type": "text", "text": words, **members}


def asked(content):
    """A question, an answer of `content`, and a question."""
    return {"messages": [USER, {"role": "assistant", "content": content}, USER]}


TOOL = {"name": "look", "input_schema": {"type": "object"}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "seen"}
MARK = {"type": "ephemeral"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"max_tokens": ...}, "max_tokens: Field required", id="no max_tokens"),
        pytest.param({"model": ...}, "model: Field required", id="no model"),
        pytest.param({"model": 5}, "model: Input should be a valid string", id="a model that is a number"),
        pytest.param({"messages": ...}, "messages: Field required", id="no messages"),
        pytest.param({"messages": "Hello"}, "messages: Input should be a valid list", id="messages that are a text"),
        pytest.param({"messages": []}, "messages: at least one message is required", id="no message"),
        pytest.param({"messages": ["Hello"]}, "messages.0: Input should be a valid dictionary", id="a message as text"),
        pytest.param({"surprise": 1}, "surprise: Extra inputs are not permitted", id="an unknown field"),
        pytest.param(
            {"temperature": 1}, "temperature: Extra inputs are not permitted", id="temperature, at its default"
        ),
        pytest.param({"top_p": 0.9}, "top_p: Extra inputs are not permitted", id="top_p"),
        pytest.param({"top_k": 5}, "top_k: Extra inputs are not permitted", id="top_k"),
        pytest.param(
            {"fallbacks": "default"}, "fallbacks: Extra inputs are not permitted", id="a beta's field without it"
        ),
        pytest.param({"max_tokens": -1}, "max_tokens: Input should be greater than or equal to 0", id="below nothing"),
        pytest.param({"max_tokens": True}, "max_tokens: Input should be a valid integer", id="true is no number"),
        pytest.param(
            {"max_tokens": 5, "metadata": []}, "metadata: Input should be a valid dictionary", id="a list for an object"
        ),
        pytest.param(
            {"tools": [TOOL | {"input_schema": 1}]}, "input_schema: Input should be a valid dictionary", id="no schema"
        ),
        pytest.param({"tools": ["look"]}, "tools.0: Input should be a valid dictionary", id="a tool as text"),
        pytest.param({"thinking": "yes"}, "thinking: Input should be a valid dictionary", id="thinking as text"),
        pytest.param(
            {"thinking": {"type": "adaptive", "display": "updates"}},
            "thinking.adaptive.display: Input should be 'summarized' or 'omitted'",
            id="a beta's way to show thinking",
        ),
        pytest.param(
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "array", "maxItems": 3}}}},
            "For 'array' type",
            id="a bounded list",
        ),
        pytest.param(
            asked([{"type": "nova"}, "text"]),
            "messages.1.content.1: Input should be a valid dictionary",
            id="bare text",
        ),
        pytest.param(
            asked([{"type": "nova", "cache_control": 5}]), "messages.1.content.0.nova.cache_control", id="a bad mark"
        ),
        pytest.param({"stream": "yes"}, "stream: Input should be a valid boolean", id="stream as text"),
        pytest.param({"stop_sequences": [" "]}, "stop_sequences: each stop sequence must contain", id="a blank stop"),
        pytest.param({"service_tier": "gold"}, "service_tier: Input should be 'auto' or 'standard_only'", id="tier"),
        pytest.param({"metadata": {"name": "x"}}, "metadata.name: Extra inputs are not permitted", id="personal data"),
        pytest.param(
            {"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role: Input should be", id="no role"
        ),
        pytest.param({"messages": [{"role": "user"}]}, "messages.0.content: Field required", id="no content"),
        pytest.param(
            {"messages": [{"role": "assistant", "content": "x"}, USER]},
            'messages: first message must use the "user" role',
            id="the assistant begins",
        ),
        pytest.param(says(text("")), "messages: text content blocks must be non-empty", id="an empty text block"),
        pytest.param(says(text(" \n")), "must contain non-whitespace text", id="a blank text block"),
        pytest.param(
            {"messages": [{"role": "user", "content": ""}]}, "messages.0: all messages must have", id="nothing"
        ),
        pytest.param({"system": [text("")]}, "system: text content blocks must be non-empty", id="an empty system"),
        pytest.param(says({"type": "video"}), "messages.0.content.0: Input tag 'video' found using", id="a video"),
        pytest.param(says({"text": "x"}), "messages.0.content.0.type: Field required", id="a block without a type"),
        pytest.param(says(text(extra=1)), "messages.0.content.0.text.extra: Extra inputs", id="an unknown member"),
        pytest.param(asked([{"type": "image"}]), "messages.1.content.0: Input tag 'image'", id="an assistant's image"),
        pytest.param(
            asked([{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}]),
            "messages.1.content.0: Input tag 'document'",
            id="an assistant's document",
        ),
        pytest.param(
            says(text(citations=[{"type": "char_location"}])),
            "messages.0.content.0.text.citations.0.char_location: Extra inputs are not permitted",
            id="a citation by the user",
        ),
        pytest.param(
            says({"type": "document", "source": {"type": "text", "media_type": "text/html", "data": "x"}}),
            "messages.0.content.0.document.source.text.media_type: Input should be 'text/plain'",
            id="a document in HTML",
        ),
        pytest.param(
            says({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}}),
            "messages.0.content.0.document.source.base64.data: The PDF specified was not valid.",
            id="a PDF that is none",
        ),
        pytest.param({"tools": [{"name": "look"}]}, "tools.0.custom.input_schema: Field required", id="no schema"),
        pytest.param({"tools": [TOOL, TOOL]}, "tools: Tool names must be unique.", id="two tools of one name"),
        pytest.param(
            {"tools": [TOOL | {"name": "a b"}]},
            "tools.0.custom.name: String should match pattern",
            id="a blank in a name",
        ),
        pytest.param({"tools": [{"type": "oracle_20300101"}]}, "tools.0: Input tag 'oracle_20300101'", id="an oracle"),
        pytest.param(
            {"tools": [{"type": "web_search_20260318", "allowed_domains": ["a"], "blocked_domains": ["b"]}]},
            "tools.0.web_search_20260318: Only one of",
            id="domains both ways",
        ),
        pytest.param(
            {"tool_choice": {"type": "auto"}}, "only be specified while providing tools", id="choice, no tool"
        ),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "see"}},
            "Tool 'see' not found",
            id="an absent tool",
        ),
        pytest.param(
            {"messages": [USER, {"role": "assistant", "content": [CALL]}, USER]},
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1.",
            id="a call without a result",
        ),
        pytest.param(
            {"messages": [USER, {"role": "assistant", "content": [CALL]}]},
            "messages.1: `tool_use` ids were found without `tool_result`",
            id="a call at the end",
        ),
        pytest.param(
            {
                "messages": [
                    USER,
                    {"role": "assistant", "content": [CALL]},
                    {"role": "user", "content": [text(), RESULT]},
                ]
            },
            "messages.1: `tool_use` ids were found without `tool_result`",
            id="a result after text",
        ),
        pytest.param(
            {
                "messages": [
                    USER,
                    {"role": "assistant", "content": [CALL]},
                    {"role": "user", "content": [RESULT, RESULT]},
                ]
            },
            "messages.2.content: each tool_use must have a single result",
            id="two results",
        ),
        pytest.param(
            says(RESULT), "messages.0.content.0: unexpected `tool_use_id` found", id="a result without a call"
        ),
        pytest.param(
            says(*[text(cache_control=MARK)] * 5), "A maximum of 4 blocks with cache_control", id="five cache marks"
        ),
        pytest.param(
            says(*[text(cache_control=MARK)] * 4) | {"cache_control": MARK},
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
            id="the top level's mark is one too",
        ),
        pytest.param(
            says(text(cache_control=MARK), text(cache_control=MARK | {"ttl": "1h"})),
            "a ttl='1h' cache_control block must not come after",
            id="the longer cache behind the shorter",
        ),
        pytest.param(
            asked([{"type": "thinking", "thinking": "", "signature": "x", "cache_control": MARK}]),
            "messages.1.content.0.thinking.cache_control: Extra inputs",
            id="thinking cannot be marked",
        ),
        pytest.param({"max_tokens": 0, "stream": True}, "max_tokens: 0 is not supported", id="a warm-up as a stream"),
        pytest.param(
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
            "'additionalProperties' must be explicitly set to false",
            id="an open object",
        ),
        pytest.param(
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "integer", "minimum": 1}}}},
            "property 'minimum' is not supported",
            id="a bounded number",
        ),
    ],
)
def test_a_bad_request_is_refused_in_words(caller, changes, message):
    """The first broken rule is the answer, with the path of the field."""
    response = caller.post(changes)

    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert message in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"messages": [USER, USER]}, id="two user messages in a row"),
        pytest.param({"system": [text(cache_control=MARK | {"ttl": "1h"})], "cache_control": MARK}, id="cache marks"),
        pytest.param({"metadata": {"user_id": "abc"}, "service_tier": "auto"}, id="metadata"),
        pytest.param(asked([{"type": "nova", "light": "far"}, text()]), id="an unknown block comes back"),
        pytest.param(asked([text(citations=[{"type": "char_location"}])]), id="an assistant's citation"),
        pytest.param(says(text(citations=[])), id="no citations, in a list"),
        pytest.param({"tools": [TOOL | {"type": "custom", "description": "x"}]}, id="a custom tool that says so"),
        pytest.param(
            {"tools": [{"type": "web_search_20260318", "name": "web_search", "max_uses": 2}]}, id="a server tool"
        ),
        pytest.param(
            {
                "tools": [TOOL],
                "messages": [
                    USER,
                    {"role": "assistant", "content": [text(), CALL]},
                    {"role": "user", "content": [RESULT | {"content": [text()]}, text()]},
                ],
            },
            id="a tool call answered",
        ),
    ],
)
def test_a_good_request_passes(caller, changes):
    """What the rules allow is answered."""
    response = caller.post(changes)

    assert response.status_code == 200, response.text


def test_a_beta_brings_its_fields(caller):
    """The same field is unknown without the beta."""
    beta = "server-side-fallback-2026-07-01"

    assert caller.post({"fallbacks": "default"}, anthropic_beta=beta).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}], id="document"
        ),
        pytest.param([text(citations=[{"type": "char_location"}])], id="citation"),
    ],
)
def test_the_old_version_takes_more_blocks(caller, content):
    """Documents of the assistant and citations of the user are refused only since 2026-10-21."""
    role = "assistant" if content[0]["type"] == "document" else "user"
    changes = {"messages": [USER, {"role": role, "content": content}, USER]}

    assert caller.post(changes, anthropic_version=OLD).status_code == 200
    assert caller.post(changes, anthropic_version=NEW).status_code == 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"{", "The request body is not valid JSON", id="half an object"),
        pytest.param(b"", "The request body is not valid JSON", id="nothing"),
        pytest.param(b'{"max_tokens": NaN}', "The request body is not valid JSON", id="not a number"),
        pytest.param(b"[1]", "Input should be a valid dictionary", id="a list"),
        pytest.param(b'{"a":' * 100_000, "The request body is not valid JSON", id="very deep"),
    ],
)
def test_what_is_no_json_object_is_400(caller, body, message):
    """Also where the parser itself would give up."""
    response = caller.http.post(caller.url + "/v1/messages", content=body, headers=caller.headers({}))

    assert (response.status_code, response.json()["error"]["message"]) == (400, message)


def test_deep_tool_input_is_400(caller):
    """JSON that can be read but is too deep to be walked is refused, not a crash."""
    value = {}
    for _ in range(450):
        value = {"a": value}
    changes = {
        "messages": [
            USER,
            {"role": "assistant", "content": [CALL | {"input": value}]},
            {"role": "user", "content": [RESULT]},
        ]
    }

    assert caller.post(changes | {"cache_control": MARK}).status_code in (200, 400)


@pytest.mark.parametrize("field", ["max_tokens", "stream", "stop_sequences", "metadata", "service_tier"])
def test_counting_knows_fewer_fields(caller, field):
    """What only concerns the answer is no field of count_tokens."""
    values = {"max_tokens": 5, "stream": False, "stop_sequences": ["x"], "metadata": {}, "service_tier": "auto"}
    response = caller.post({"max_tokens": ..., field: values[field]}, path="/v1/messages/count_tokens")

    assert response.status_code == 400
    assert response.json()["error"]["message"] == f"{field}: Extra inputs are not permitted"
