"""A whole answer in OpenAI's form: each rule of its members a row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_cli.core.messages import ChatRequest, Completion, Usage
from claude_cli.gateway.asked import Asked, Envelope
from claude_cli.gateway.openai_response import completion_object, finish_reason, usage_object

ENVELOPE = Envelope("chatcmpl-1", 1_795_000_000)
TEXT = {"type": "text", "text": "Grüß Gott"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Köln", "days": [1, 2]}}
OTHER = {"type": "tool_use", "id": "toolu_2", "name": "clock", "input": {}}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
THOUGHT = {"type": "thinking", "thinking": "Hm. ", "signature": "c2ln"}
SEALED = {"type": "redacted_thinking", "data": "AAAA"}
PAGE = {"type": "web_search_result_location", "url": "https://a.example/1", "title": "One", "cited_text": "x"}
DOCUMENT = {"type": "page_location", "cited_text": "x", "document_title": "Paper", "start_page_number": 1}


def asked(**members: Any) -> Asked:
    return Asked("claude-3-5-sonnet", ChatRequest("claude-sonnet-5-5", ()), **members)


def whole(
    *blocks: dict[str, Any], reason: str | None = "end_turn", details: dict[str, Any] | None = None,
    raw: dict[str, Any] | None = None, **members: Any,
) -> dict[str, Any]:  # fmt: skip
    done = Completion("msg_1", "claude-sonnet-5-5", blocks, reason, Usage(raw=raw or {}), stop_details=details)
    return completion_object(asked(**members), ENVELOPE, done)


def message(*blocks: dict[str, Any], **members: Any) -> dict[str, Any]:
    return whole(*blocks, **members)["choices"][0]["message"]


def call(block: dict[str, Any], arguments: str, name: str = "") -> dict[str, Any]:
    return {"id": block["id"], "type": "function", "function": {"name": name or block["name"], "arguments": arguments}}


def test_an_answer_is_a_chat_completion():
    """With our own id, and the model by the name that was asked for; nothing of the upstream's shows."""
    assert whole(TEXT) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_795_000_000,
        "model": "claude-3-5-sonnet",
        "system_fingerprint": None,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": "Grüß Gott", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }],
        "usage": usage_object(Usage()),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("blocks", "content"),
    [
        pytest.param([TEXT], "Grüß Gott", id="one text"),
        pytest.param([TEXT, SEARCH, FOUND, {"type": "text", "text": "!"}], "Grüß Gott!", id="texts without separator"),
        pytest.param([USE], None, id="null where there are only calls"),
        pytest.param([{"type": "text", "text": ""}, USE], None, id="an empty text beside a call is none"),
        pytest.param([TEXT, USE], "Grüß Gott", id="text beside a call"),
        pytest.param([], "", id="nothing"),
        pytest.param([THOUGHT, TEXT], "Grüß Gott", id="thinking is no text"),
        pytest.param([TEXT, {"type": "nova", "text": "?"}], "Grüß Gott", id="a block of tomorrow is no text"),
    ],
)
def test_the_content(blocks, content):
    """As one text; null is for calls alone."""
    assert message(*blocks, reason="tool_use" if USE in blocks else "end_turn")["content"] == content


@pytest.mark.parametrize(
    ("blocks", "members", "calls"),
    [
        pytest.param([USE], {}, [call(USE, '{"city":"Köln","days":[1,2]}')], id="compact JSON"),
        pytest.param([OTHER], {}, [call(OTHER, "{}")], id="no arguments"),
        pytest.param([USE, OTHER], {}, [call(USE, '{"city":"Köln","days":[1,2]}'), call(OTHER, "{}")], id="in order"),
        pytest.param([SEARCH, FOUND, OTHER], {}, [call(OTHER, "{}")], id="not those of the server"),
        pytest.param([SEARCH, FOUND, TEXT], {}, None, id="no member where there are none"),
        pytest.param(
            [OTHER], {"tool_names": {"clock": "my.clock"}}, [call(OTHER, "{}", "my.clock")], id="by the client's name"
        ),
        pytest.param([USE, OTHER], {"json_tool": "weather"}, [call(OTHER, "{}")], id="beside the unwrapped one"),
        pytest.param(
            [{**USE, "input": {"partial_json": '{"city":"K'}}], {"reason": "max_tokens"}, [call(USE, '{"city":"K')],
            id="cut: as far as it came",
        ),
        pytest.param(
            [{**USE, "input": {"partial_json": "x"}}], {}, [call(USE, '{"partial_json":"x"}')],
            id="a member of that name",
        ),
    ],
)  # fmt: skip
def test_tool_calls(blocks, members, calls):
    """Without the index that streams have; a client parses the arguments: they are JSON also where there are none."""
    assert message(*blocks, **{"reason": "tool_use", **members}).get("tool_calls") == calls


@pytest.mark.parametrize(
    ("reason", "calls", "word"),
    [
        pytest.param("end_turn", False, "stop", id="end"),
        pytest.param("stop_sequence", False, "stop", id="stop sequence"),
        pytest.param("tool_use", True, "tool_calls", id="tools"),
        pytest.param("tool_use", False, "stop", id="only the tool that stands for the answer"),
        pytest.param("max_tokens", False, "length", id="cut"),
        pytest.param("max_tokens", True, "length", id="cut in a call, which must not be run"),
        pytest.param("model_context_window_exceeded", False, "length", id="window full"),
        pytest.param("pause_turn", False, "length", id="paused too often"),
        pytest.param("refusal", False, "content_filter", id="declined"),
        pytest.param("refusal", True, "content_filter", id="declined in a call"),
        pytest.param("nova", False, "stop", id="a reason of tomorrow"),
        pytest.param("nova", True, "tool_calls", id="a reason of tomorrow, with calls"),
        pytest.param(None, False, "stop", id="no reason"),
    ],
)
def test_finish_reasons(reason, calls, word):
    """Clients know four words: another one would stop them."""
    assert finish_reason(reason, calls=calls) == word
    blocks = [USE] if calls else [TEXT]
    assert whole(*blocks, reason=reason)["choices"][0]["finish_reason"] == word


@pytest.mark.parametrize(
    ("details", "words"),
    [
        pytest.param({"category": "cyber", "explanation": "No exploits."}, "No exploits.", id="explained"),
        pytest.param({"category": "cyber", "explanation": None}, "the model declined to answer (cyber)", id="its kind"),
        pytest.param({"category": None, "explanation": None}, "the model declined to answer", id="neither"),
        pytest.param(None, "the model declined to answer", id="no details"),
    ],
)
def test_a_refusal_says_why_and_has_no_content(details, words):
    """What had come before is to be thrown away, and a half call must not be run."""
    found = message(TEXT, USE, reason="refusal", details=details)
    assert found == {"role": "assistant", "content": None, "refusal": words, "annotations": []}


def test_the_older_functions_are_called_in_their_own_form():
    """Whoever asks with `functions` knows no `tool_calls`."""
    found = whole(USE, reason="tool_use", functions=True)["choices"][0]
    assert found["message"]["function_call"] == {"name": "weather", "arguments": '{"city":"Köln","days":[1,2]}'}
    assert (found["message"]["content"], "tool_calls" in found["message"]) == (None, False)
    assert found["finish_reason"] == "function_call"


def test_a_forced_tool_is_unwrapped():
    """The old bug of gateways: a schema's answer came as a call, or ended with `tool_calls`."""
    found = whole(TEXT, USE, reason="tool_use", json_tool="weather")["choices"][0]
    assert found["message"]["content"] == '{"city":"Köln","days":[1,2]}'
    assert "tool_calls" not in found["message"]
    assert found["finish_reason"] == "stop"


def test_a_forced_tool_that_was_not_used_leaves_the_text():
    """Nothing of an answer is lost because it is not what was asked for."""
    assert message(TEXT, json_tool="weather")["content"] == "Grüß Gott"


def test_a_cut_forced_tool_is_the_text_so_far():
    """Not an object of ours around it."""
    cut = {**USE, "input": {"partial_json": '{"city":"K'}}
    found = whole(cut, reason="max_tokens", json_tool="weather")["choices"][0]
    assert (found["message"]["content"], found["finish_reason"]) == ('{"city":"K', "length")


@pytest.mark.parametrize(
    ("text", "content"),
    [
        pytest.param('{"a": 1}', '{"a": 1}', id="plain JSON is left as it is"),
        pytest.param('```json\n{"a": 1}\n```', '{"a": 1}', id="fenced"),
        pytest.param("```\n[1]\n```\n", "[1]", id="fenced without a word"),
        pytest.param('Here it is:\n\n```json\n{"a": 1}\n```\nEnjoy.', '{"a": 1}', id="words around it"),
        pytest.param('```json\n{"a": "```"}\n```', '{"a": "```"}', id="a fence in a string"),
        pytest.param('{"a": "\\n```\\n1\\n```"}', '{"a": "\\n```\\n1\\n```"}', id="a fence only in a string"),
        pytest.param("```json\n{oops}\n```", "```json\n{oops}\n```", id="no JSON in the fence"),
        pytest.param("Sorry, no.", "Sorry, no.", id="no JSON at all"),
        pytest.param("[" * 100_000, "[" * 100_000, id="too deep to be read"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_json_loses_its_fence(text, content):
    """Where JSON was asked for, a client parses the content; what is no JSON either way is left to be seen."""
    block = {"type": "text", "text": text}
    assert message(block, json_text=True)["content"] == content
    assert message(block)["content"] == text


def test_annotations_name_the_pages_that_a_text_rests_on():
    """Once each, with where their text stands in the answer; a document has no address to name."""
    cited = {"type": "text", "text": " It is 3°.", "citations": [PAGE, PAGE, DOCUMENT, {**PAGE, "url": "javascript:x"}]}
    found = message({"type": "text", "text": "Weather."}, cited, {"type": "text", "text": "End", "citations": None})
    citation = {"start_index": 8, "end_index": 18, "url": "https://a.example/1", "title": "One"}
    assert found["annotations"] == [{"type": "url_citation", "url_citation": citation}]
    assert found["content"][8:18] == " It is 3°."


@pytest.mark.parametrize(
    ("blocks", "members"),
    [
        pytest.param([THOUGHT, TEXT], {"reasoning_content": "Hm. ", "thinking_blocks": [THOUGHT]}, id="thought"),
        pytest.param([SEALED, TEXT], {"reasoning_content": None, "thinking_blocks": [SEALED]}, id="sealed"),
        pytest.param(
            [THOUGHT, USE, THOUGHT],
            {"reasoning_content": "Hm. Hm. ", "thinking_blocks": [THOUGHT, THOUGHT]},
            id="twice",
        ),
        pytest.param([TEXT], {}, id="none"),
    ],
)
def test_thinking_is_told_where_it_was_asked_for(blocks, members):
    """With its seal, as it must be sent back while a tool is used; and never to whom it would surprise."""
    found = message(*blocks, reasoning=True)
    assert {name: value for name, value in found.items() if name in ("reasoning_content", "thinking_blocks")} == members
    assert not {"reasoning_content", "thinking_blocks"} & message(*blocks).keys()


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param(Usage(3, 7), (3, 7, 10, 0, 0, 0), id="plain"),
        pytest.param(Usage(3, 7, 100, 50), (153, 7, 160, 100, 50, 0), id="the cache gave and took"),
        pytest.param(Usage(3, 30, thinking_tokens=20), (3, 30, 33, 0, 0, 20), id="thinking is part of the answer"),
    ],
)
def test_usage(usage, expected):
    """A prompt without what the cache gave and took makes bills wrong."""
    found = usage_object(usage)
    prompt, answer = found["prompt_tokens_details"], found["completion_tokens_details"]
    counts = (found["prompt_tokens"], found["completion_tokens"], found["total_tokens"])
    assert (*counts, prompt["cached_tokens"], prompt["cache_write_tokens"], answer["reasoning_tokens"]) == expected


@pytest.mark.parametrize(
    ("tier", "word"),
    [("standard", "default"), ("priority", "priority"), ("batch", None), ("nova", None), (None, None), (7, None)],
)
def test_the_service_tier(tier, word):
    """In OpenAI's words; one that it has no word for is not told."""
    assert whole(TEXT, raw={"service_tier": tier}).get("service_tier") == word


def test_text_that_is_no_unicode_can_be_written():
    """A model may say half a character."""
    found = json.dumps(whole({"type": "text", "text": "\ud83d"}), ensure_ascii=False).encode(errors="replace")
    assert json.loads(found)["choices"][0]["message"]["content"] == "?"
