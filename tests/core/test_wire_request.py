"""Our request bytes, compared with bytes typed by hand; each field once, both API versions, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.errors import UsageError
from claude_cli.core.messages import (
    ChatRequest,
    LLMOptions,
    Message,
    document_block,
    image_block,
    pdf_block,
    text_block,
)
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.core.wire_request import (
    API_VERSION,
    SAMPLING_VERSION,
    api_version,
    encode,
    merge_turns,
    messages_from,
    request_object,
)

SAMPLE = (Path(__file__).with_name("fixtures") / "request.json").read_bytes().rstrip(b"\n")
ASK = Message("user", (text_block("hi"),))
PLAIN = ChatRequest("claude-sonnet-5-5", (ASK,), options=LLMOptions(max_tokens=64000))


def sent(**fields: object) -> bytes:
    return encode(request_object(ChatRequest("m", (ASK,), options=LLMOptions(max_tokens=1, **fields))))


def body_of(fields: bytes) -> bytes:
    return b'{"model":"m","max_tokens":1,"stream":true' + fields + b',"messages":[{"role":"user","content":"hi"}]}'


def test_the_worked_sample():
    """An image, a system prompt, thinking, effort and caching in one request, byte for byte."""
    request = ChatRequest(
        "claude-sonnet-5-5",
        (Message("user", (image_block("image/png", "iVBORw0KGgo="), text_block("What is shown?"))),),
        system="You are brief.",
        options=LLMOptions(
            max_tokens=16000,
            thinking={"type": "adaptive", "display": "summarized"},
            effort="medium",
            extra={"cache_control": {"type": "ephemeral"}},
        ),
    )
    assert encode(request_object(request)) == SAMPLE


def test_the_smallest_request():
    """400 bytes are the promise; a prompt of two letters needs a quarter of that."""
    body = encode(request_object(PLAIN))
    assert body == (
        b'{"model":"claude-sonnet-5-5","max_tokens":64000,"stream":true,"messages":[{"role":"user","content":"hi"}]}'
    )
    assert len(body) <= 400


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        pytest.param({}, b"", id="nothing that was not asked for"),
        pytest.param({"stop_sequences": ("END", "\n\n")}, rb',"stop_sequences":["END","\n\n"]', id="stop sequences"),
        pytest.param({"temperature": 0.0}, b',"temperature":0.0', id="temperature, also 0"),
        pytest.param({"top_p": 0.9}, b',"top_p":0.9', id="top_p"),
        pytest.param({"top_k": 0}, b',"top_k":0', id="top_k, also 0"),
        pytest.param({"thinking": {"type": "disabled"}}, b',"thinking":{"type":"disabled"}', id="thinking"),
        pytest.param({"effort": "low"}, b',"output_config":{"effort":"low"}', id="effort"),
        pytest.param({"service_tier": "auto"}, b',"service_tier":"auto"', id="service tier"),
        pytest.param({"betas": ("a-1",)}, b"", id="betas are a header"),
        pytest.param({"extra": {"metadata": {"user_id": "u"}}}, b',"metadata":{"user_id":"u"}', id="metadata"),
        pytest.param({"extra": {"inference_geo": "us"}}, b',"inference_geo":"us"', id="a field of no flag"),
        pytest.param({"extra": {"x": None}}, b',"x":null', id="null is sent where it was said"),
        pytest.param(
            {"effort": "low", "extra": {"output_config": {"format": {"type": "json_schema"}}}},
            b',"output_config":{"effort":"low","format":{"type":"json_schema"}}',
            id="objects are merged",
        ),
        pytest.param(
            {"effort": "low", "extra": {"output_config": {"effort": "max"}}},
            b',"output_config":{"effort":"max"}',
            id="the extra goes before the option",
        ),
        pytest.param(
            {"effort": "low", "extra": {"output_config": None}},
            b',"output_config":null',
            id="a value replaces an object",
        ),
    ],
)
def test_each_parameter_once(options, fields):
    """What is not asked for is not sent: then the API's own default holds, and models differ in theirs."""
    assert sent(**options) == body_of(fields)


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        pytest.param(
            ChatRequest("m", (ASK,), stream=False, options=LLMOptions(max_tokens=0)),
            {"model": "m", "max_tokens": 0, "messages": [{"role": "user", "content": "hi"}]},
            id="unstreamed, and a cache filled with max_tokens 0",
        ),
        pytest.param(
            ChatRequest("m", (ASK,), system=""),
            {"model": "m", "max_tokens": 64000, "stream": True, "messages": [{"role": "user", "content": "hi"}]},
            id="an empty system prompt is none",
        ),
        pytest.param(
            ChatRequest("m", (ASK,), system=({"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}},)),
            {
                "model": "m",
                "max_tokens": 64000,
                "stream": True,
                "system": [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}],
                "messages": [{"role": "user", "content": "hi"}],
            },
            id="a system prompt of blocks",
        ),
    ],
)
def test_the_fields_around_the_messages(request_, body):
    """The order in the bytes is ours; the object is what the API defines."""
    assert json.loads(encode(request_object(request_))) == body


@pytest.mark.parametrize(
    ("blocks", "content"),
    [
        pytest.param([text_block("A")], "A", id="one text is a string"),
        pytest.param([text_block("A"), text_block("B")], [text_block("A"), text_block("B")], id="two texts"),
        pytest.param(
            [{"type": "text", "text": "A", "cache_control": {"type": "ephemeral"}}],
            [{"type": "text", "text": "A", "cache_control": {"type": "ephemeral"}}],
            id="a text with more to it",
        ),
        pytest.param([{"type": "nova", "text": "A"}], [{"type": "nova", "text": "A"}], id="another kind with a text"),
        pytest.param(
            [image_block("image/png", "AAAA")],
            [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}],
            id="an image",
        ),
        pytest.param(
            [pdf_block("AAAA")],
            [{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}],
            id="a PDF",
        ),
        pytest.param(
            [pdf_block("AAAA", "a.pdf")],
            [
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
                    "title": "a.pdf",
                }
            ],
            id="a PDF with a title",
        ),
        pytest.param(
            [document_block("T")],
            [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "T"}}],
            id="a document",
        ),
        pytest.param(
            [document_block("T", "notes")],
            [
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "T"},
                    "title": "notes",
                }
            ],
            id="a document with a title",
        ),
        pytest.param(
            [{"type": "thinking", "thinking": "", "signature": "c2ln"}, {"type": "redacted_thinking", "data": "x"}],
            [{"type": "thinking", "thinking": "", "signature": "c2ln"}, {"type": "redacted_thinking", "data": "x"}],
            id="thinking, verbatim",
        ),
        pytest.param(
            [{"type": "tool_use", "id": "t", "name": "n", "input": {}, "caller": {"type": "direct"}}],
            [{"type": "tool_use", "id": "t", "name": "n", "input": {}, "caller": {"type": "direct"}}],
            id="a tool call",
        ),
        pytest.param([], [], id="no block"),
    ],
)
def test_each_block_once(blocks, content):
    """A block is its JSON; only the plain text is shortened."""
    request = ChatRequest("m", (Message("user", tuple(blocks)),))
    assert json.loads(encode(request_object(request)))["messages"] == [{"role": "user", "content": content}]


# --- turns


def turns(*roles: str) -> list[Message]:
    return [Message(role, (text_block(str(number)),)) for number, role in enumerate(roles)]


@pytest.mark.parametrize(
    ("roles", "merged"),
    [
        pytest.param(["user"], ["user 0"], id="one"),
        pytest.param(["user", "assistant", "user"], ["user 0", "assistant 1", "user 2"], id="in turn"),
        pytest.param(["user", "user", "user"], ["user 012"], id="the user three times"),
        pytest.param(["user", "assistant", "assistant"], ["user 0", "assistant 12"], id="the assistant twice"),
        pytest.param(["user", "system", "system"], ["user 0", "system 1", "system 2"], id="system turns stay apart"),
    ],
)
def test_neighbours_of_one_role_are_merged(roles, merged):
    """The API's sources disagree on whether it does so itself; merged is right in both."""
    assert [f"{message.role} {message.text}" for message in merge_turns(turns(*roles))] == merged


def test_merging_leaves_the_given_messages_alone():
    """They belong to the caller's history."""
    given_ = turns("user", "user")
    merge_turns(given_)
    assert [message.text for message in given_] == ["0", "1"]


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        pytest.param([], "the conversation is empty", id="none"),
        pytest.param(["assistant", "user"], "this one with the assistant's", id="the assistant first"),
        pytest.param(["system"], "this one with the system's", id="a system turn first"),
    ],
)
def test_a_conversation_that_cannot_be_one_is_refused(roles, words):
    """Before any network, in words of ours."""
    with pytest.raises(UsageError, match=words):
        merge_turns(turns(*roles))


def test_messages_in_the_api_s_own_form():
    """Text becomes a block, blocks stay what they are."""
    raw = [{"role": "user", "content": "A"}, {"role": "assistant", "content": [{"type": "nova", "x": 1}]}]
    assert messages_from(raw) == (
        Message("user", (text_block("A"),)),
        Message("assistant", ({"type": "nova", "x": 1},)),
    )


@pytest.mark.parametrize(
    ("item", "words"),
    [
        pytest.param({"role": "tool", "content": "x"}, r"messages\[1\]\.role is 'tool'", id="another role"),
        pytest.param({"content": "x"}, r"messages\[1\]\.role is None", id="no role"),
        pytest.param({"role": ["user"], "content": "x"}, r"messages\[1\]\.role is", id="a role that is no word"),
        pytest.param({"role": "user"}, r"messages\[1\]\.content is a text or a list", id="no content"),
        pytest.param({"role": "user", "content": 5}, r"messages\[1\]\.content", id="a number"),
        pytest.param({"role": "user", "content": ["x"]}, r"messages\[1\]\.content", id="texts without a type"),
        pytest.param(
            {"role": "user", "content": [{"text": "x"}]}, r"messages\[1\]\.content", id="a block without a type"
        ),
        pytest.param("hi", r"messages\[1\] is no object", id="no object"),
    ],
)
def test_messages_in_another_form_are_refused(item, words):
    """The message names which one: conversations are long."""
    with pytest.raises(UsageError, match=words):
        messages_from([{"role": "user", "content": "fine"}, item])


# --- the version, and the headers


@pytest.mark.parametrize(
    ("options", "version"),
    [
        pytest.param({}, API_VERSION, id="none"),
        pytest.param({"temperature": 0.5}, SAMPLING_VERSION, id="temperature"),
        pytest.param({"top_p": 0.5}, SAMPLING_VERSION, id="top_p"),
        pytest.param({"top_k": 5}, SAMPLING_VERSION, id="top_k"),
        pytest.param({"extra": {"temperature": 1}}, SAMPLING_VERSION, id="temperature as an extra field"),
        pytest.param({"extra": {"x": {"temperature": 1}}}, API_VERSION, id="the word deeper down"),
    ],
)
def test_the_version_a_request_needs(options, version):
    """From 2026-10-21 on the API refuses sampling parameters on every model."""
    body = request_object(ChatRequest("m", (ASK,), options=LLMOptions(**options)))
    assert api_version(body) == version


def headers(request: ChatRequest, key: str = "gw-key", **config: object) -> dict[str, str]:
    provider = AnthropicProvider.configured(ProviderConfig(credential(key, source="test"), environ={}, **config))
    sent_headers = provider.http_request(request).headers
    assert len(dict(sent_headers)) == len(sent_headers)  # a doubled anthropic-version is a 400
    return dict(sent_headers)


@pytest.mark.parametrize(
    ("options", "beta"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"betas": ("a-1", "b-2")}, "a-1,b-2", id="two"),
    ],
)
def test_the_headers_of_a_request(options, beta):
    """Betas only on demand: an unknown one is a 400."""
    found = headers(ChatRequest("m", (ASK,), options=LLMOptions(**options)))
    assert found.pop("anthropic-beta", None) == beta
    assert found == {
        "anthropic-version": "2026-10-21",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "content-type": "application/json",
    }


def test_the_headers_that_follow_from_the_request():
    """An OAuth token wants its beta once; an unstreamed answer is JSON; a setting chooses the version."""
    oauth = headers(ChatRequest("m", (ASK,), options=LLMOptions(betas=("a-1",))), key="sk-ant-oat01-x")
    assert oauth["anthropic-beta"] == "a-1,oauth-2025-04-20"
    unstreamed = ChatRequest("m", (ASK,), options=LLMOptions(max_tokens=10, temperature=0.5), stream=False)
    found = headers(unstreamed)
    assert (found["accept"], found["anthropic-version"]) == ("application/json", "2023-06-01")
    assert headers(PLAIN, api_version="2023-06-01")["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize(("max_tokens", "stream"), [(21_333, None), (21_334, True)])
def test_a_long_answer_is_streamed_also_where_it_was_not_asked_for(max_tokens, stream):
    """The official rule: above 21,333 tokens an unstreamed answer may take longer than the server waits."""
    request = ChatRequest("m", (ASK,), options=LLMOptions(max_tokens=max_tokens), stream=False)
    provider = AnthropicProvider.configured(ProviderConfig(None, "http://127.0.0.1:1", environ={}))
    assert provider.request_object(request).get("stream") == stream


# --- bytes


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("plain", b'"plain"', id="ASCII"),
        pytest.param("Grüße 日本", '"Grüße 日本"'.encode(), id="not escaped: shorter"),
        pytest.param("🙂", '"🙂"'.encode(), id="outside the basic plane"),
        pytest.param('a"\\\n\x01', rb'"a\"\\\n\u0001"', id="what JSON escapes"),
        pytest.param("\u2028", '"\u2028"'.encode(), id="a line separator"),
        pytest.param("a\udcffb", '"a\ufffdb"'.encode(), id="a byte of a file name that was no UTF-8"),
        pytest.param("\ud83d\ude42", '"🙂"'.encode(), id="two halves of one character"),
        pytest.param("\ud83d", '"\ufffd"'.encode(), id="half a character"),
    ],
)
def test_text_becomes_utf_8(text, written):
    """A lone surrogate, as `sys.argv` may hold, must not end in a traceback."""
    assert encode({"t": text}) == b'{"t":' + written + b"}"


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=20))
def test_any_text_can_be_sent(text):
    """Also one no file could hold."""
    read = json.loads(encode({text: text}))
    assert len(read) == 1


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(float("nan"), id="no number"),
        pytest.param(float("inf"), id="infinite"),
        pytest.param({1, 2}, id="a set"),
        pytest.param(b"x", id="bytes"),
    ],
)
def test_what_json_cannot_say_is_a_usage_error(value):
    """`-O x=NaN` and a library's caller are told, not shown a traceback."""
    with pytest.raises(UsageError, match="cannot be written as JSON"):
        encode({"x": value})
