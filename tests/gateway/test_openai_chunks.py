"""A streamed answer in OpenAI's form: the order of its chunks, and what each event becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.events import (
    BlockStart,
    BlockStop,
    CitationDelta,
    Event,
    InputJsonDelta,
    MessageDelta,
    MessageDone,
    MessageStart,
    OtherDelta,
    Ping,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    fold,
)
from claude_cli.core.messages import ChatRequest, Usage
from claude_cli.gateway.asked import Asked, Envelope
from claude_cli.gateway.openai_chunks import ChunkEncoder
from claude_cli.gateway.openai_response import completion_object, usage_object
from claude_cli.gateway.refusal import Refusal

START = MessageStart("msg_1", "claude-sonnet-5-5", {"input_tokens": 3})
ENVELOPE = Envelope("chatcmpl-1", 1_795_000_000)
FIRST = {"role": "assistant", "content": "", "refusal": None}
PAGE = {"type": "web_search_result_location", "url": "https://a.example/1", "title": "One", "cited_text": "x"}
_END = [MessageDelta("end_turn"), MessageDone()]


def asked(model: str = "claude-3-5-sonnet", **members: Any) -> Asked:
    return Asked(model, ChatRequest("claude-sonnet-5-5", ()), stream=True, **members)


def text(*pieces: str, index: int = 0, citations: tuple[dict[str, Any], ...] = ()) -> list[Event]:
    deltas = [*(TextDelta(index, piece) for piece in pieces), *(CitationDelta(index, each) for each in citations)]
    return [BlockStart(index, {"type": "text", "text": ""}), *deltas, BlockStop(index)]


def use(*pieces: str, name: str = "weather", index: int = 1, kind: str = "tool_use", **members: Any) -> list[Event]:
    block = {"type": kind, "id": f"toolu_{index}", "name": name, "input": {}, **members}
    return [BlockStart(index, block), *(InputJsonDelta(index, piece) for piece in pieces), BlockStop(index)]


def thought(*pieces: str, index: int = 0) -> list[Event]:
    deltas = [ThinkingDelta(index, piece) for piece in pieces]
    begin = BlockStart(index, {"type": "thinking", "thinking": "", "signature": ""})
    return [begin, *deltas, SignatureDelta(index, "c2ln"), BlockStop(index)]


def objects(data: bytes) -> list[Any]:
    """The events in `data`, each a line of its own."""
    frames = data.decode().split("\n\n")
    assert frames.pop() == ""
    assert all(frame.startswith("data: ") and len(frame.splitlines()) == 1 for frame in frames)
    return [frame[6:] if frame[6:] == "[DONE]" else json.loads(frame[6:]) for frame in frames]


def stream(*events: Event, usage: Usage | None = None, start: MessageStart = START, **members: Any) -> list[Any]:
    encoder = ChunkEncoder(asked(**members), ENVELOPE)
    return objects(encoder.feed([start, *events]) + encoder.end(usage or Usage()))


def deltas(*events: Event, **members: Any) -> list[Any]:
    """What comes between the first chunk and the last."""
    found = [chunk["choices"][0]["delta"] for chunk in stream(*events, *_END, **members)[:-1]]
    assert (found[0], found[-1]) == (FIRST, {})
    return found[1:-1]


def begun(index: int, id: str, name: str) -> dict[str, Any]:
    function = {"name": name, "arguments": ""}
    return {"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}


def more(index: int, arguments: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}


def test_a_stream_from_its_first_chunk_to_its_last():
    """Role first, then words; one finish, then `[DONE]`; in every chunk all members, and the same id and time."""
    common = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_795_000_000,
        "model": "claude-3-5-sonnet", "system_fingerprint": None,
    }  # fmt: skip

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {**common, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}

    assert stream(*text("Grüß ", "Gott"), *_END) == [
        chunk(FIRST), chunk({"content": "Grüß "}), chunk({"content": "Gott"}), chunk({}, "stop"), "[DONE]",
    ]  # fmt: skip


def test_usage_comes_where_it_was_asked_for():
    """Null in each chunk, then one chunk without choices: clients sum what they see."""
    usage = Usage(3, 7, 100, 50, 2)
    *chunks, last, done = stream(*text("Hi"), *_END, usage=usage, include_usage=True)
    assert all(chunk["usage"] is None for chunk in chunks)
    assert (last["choices"], last["usage"], done) == ([], usage_object(usage), "[DONE]")
    assert last["id"] == chunks[0]["id"]


def test_the_service_tier_is_in_every_chunk():
    """The start of the message tells it."""
    start = MessageStart("msg_1", "m", {"service_tier": "priority"})
    assert {chunk["service_tier"] for chunk in stream(*text("Hi"), *_END, start=start)[:-1]} == {"priority"}


@pytest.mark.parametrize(
    ("events", "members", "expected"),
    [
        pytest.param(text(""), {}, [], id="an empty text is none"),
        pytest.param([BlockStart(0, {"type": "text", "text": "Hi"})], {}, [{"content": "Hi"}], id="text in its start"),
        pytest.param([TextDelta(0, "Hi")], {}, [{"content": "Hi"}], id="text without a start"),
        pytest.param([Ping(), OtherDelta(0, {"type": "nova"})], {}, [], id="nothing of use"),
        pytest.param([BlockStart(0, {"type": "nova", "text": "?"}), BlockStop(0)], {}, [], id="a block of tomorrow"),
        pytest.param(
            use("", '{"city"', "", ':"Köln"}'), {},
            [begun(0, "toolu_1", "weather"), more(0, '{"city"'), more(0, ':"Köln"}')],
            id="a call, empty pieces left out",
        ),
        pytest.param(use(), {}, [begun(0, "toolu_1", "weather"), more(0, "{}")], id="a call without arguments"),
        pytest.param(use(""), {}, [begun(0, "toolu_1", "weather"), more(0, "{}")], id="one empty piece"),
        pytest.param(
            use(input={"a": 1}), {}, [begun(0, "toolu_1", "weather"), more(0, '{"a":1}')], id="arguments in the start"
        ),
        pytest.param(
            [*text("x"), *use("{}"), *use("[]", index=2)], {},
            [{"content": "x"}, begun(0, "toolu_1", "weather"), more(0, "{}"), begun(1, "toolu_2", "weather"),
             more(1, "[]")],
            id="the index counts calls, not blocks",
        ),
        pytest.param(
            [*use('{"query"', ':"x"}', kind="server_tool_use", name="web_search"),
             BlockStart(2, {"type": "web_search_tool_result", "content": []}), BlockStop(2), *use("{}", index=3)],
            {}, [begun(0, "toolu_3", "weather"), more(0, "{}")], id="the server's own calls do not leak",
        ),
        pytest.param(
            use("{}"), {"tool_names": {"weather": "my.weather"}}, [begun(0, "toolu_1", "my.weather"), more(0, "{}")],
            id="by the client's name",
        ),
        pytest.param(
            [*text("So:"), *use('{"a":', "1}"), *text("!", index=2)], {"json_tool": "weather"},
            [{"content": '{"a":'}, {"content": "1}"}], id="a forced tool is unwrapped, words beside it are not JSON",
        ),
        pytest.param(use(), {"json_tool": "weather"}, [{"content": "{}"}], id="an empty forced tool"),
        pytest.param(text("No", "."), {"json_tool": "weather"}, [{"content": "No."}], id="a forced tool not used"),
        pytest.param(thought("Hm"), {}, [], id="thinking that nobody asked for"),
        pytest.param(
            thought("H", "", "m"), {"reasoning": True},
            [{"reasoning_content": "H"}, {"reasoning_content": "m"},
             {"thinking_blocks": [{"type": "thinking", "thinking": "Hm", "signature": "c2ln"}]}],
            id="thinking, then its sealed block",
        ),
        pytest.param(
            thought(), {"reasoning": True},
            [{"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "c2ln"}]}],
            id="thinking that is not shown still has a seal",
        ),
        pytest.param(
            [BlockStart(0, {"type": "redacted_thinking", "data": "AAAA"}), BlockStop(0)], {"reasoning": True},
            [{"thinking_blocks": [{"type": "redacted_thinking", "data": "AAAA"}]}], id="thinking behind a seal",
        ),
        pytest.param(
            [*text("Weather."), *text(" 3", "°", index=1, citations=(PAGE, PAGE))], {},
            [{"content": "Weather."}, {"content": " 3"}, {"content": "°"},
             {"annotations": [{"type": "url_citation", "url_citation":
                              {"start_index": 8, "end_index": 11, "url": "https://a.example/1", "title": "One"}}]}],
            id="pages follow the text that rests on them",
        ),
        pytest.param(
            text("x", citations=({"type": "char_location", "document_title": "P"},)), {}, [{"content": "x"}],
            id="documents have no address to name",
        ),
    ],
)  # fmt: skip
def test_what_events_become(events, members, expected):
    """Each rule of a delta once."""
    assert deltas(*events, **members) == expected


@pytest.mark.parametrize(
    ("events", "reason", "word"),
    [
        pytest.param(text("x"), "end_turn", "stop", id="end"),
        pytest.param(use(), "tool_use", "tool_calls", id="tools"),
        pytest.param(text("x"), "max_tokens", "length", id="cut"),
        pytest.param(text("x"), "nova", "stop", id="a reason of tomorrow"),
    ],
)
def test_one_finish(events, reason, word):
    """A client takes the first for the end."""
    *chunks, _ = stream(*events, MessageDelta(reason), MessageDone())
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert reasons == [None] * (len(reasons) - 1) + [word]


def test_a_forced_tool_ends_with_stop():
    """It is an answer, not a call."""
    *_, last, _ = stream(*use("{}"), MessageDelta("tool_use"), MessageDone(), json_tool="weather")
    assert last["choices"][0]["finish_reason"] == "stop"


def test_the_older_functions_are_called_in_their_own_form():
    """Whoever asks with `functions` knows no `tool_calls`, and no index."""
    *_, name, first, last, end, _ = stream(*use("{", "}"), MessageDelta("tool_use"), MessageDone(), functions=True)
    found = [chunk["choices"][0]["delta"] for chunk in (name, first, last)]
    assert [delta["function_call"] for delta in found] == [
        {"name": "weather", "arguments": ""}, {"arguments": "{"}, {"arguments": "}"},
    ]  # fmt: skip
    assert end["choices"][0]["finish_reason"] == "function_call"


def test_a_refusal_is_told_before_the_end():
    """With the model's reason, as the whole answer has it."""
    *_, why, last, _ = stream(*text("So"), MessageDelta("refusal", stop_details={"explanation": "No."}), MessageDone())
    assert why["choices"][0]["delta"] == {"refusal": "No."}
    assert last["choices"][0]["finish_reason"] == "content_filter"


def test_an_error_is_the_last_of_a_stream():
    """An object with all four members; neither an end nor `[DONE]`, or a client would take the half for the whole."""
    encoder = ChunkEncoder(asked(), ENVELOPE)
    data = encoder.feed([START, *text("half")]) + encoder.error(Refusal(503, "no\u2028more", type="server_error"))
    *chunks, error = objects(data)
    assert error == {"error": {"message": "no\u2028more", "type": "server_error", "param": None, "code": None}}
    assert {chunk["choices"][0]["finish_reason"] for chunk in chunks} == {None}


def test_the_first_event_need_not_be_a_start():
    """A provider of a plugin may leave it out."""
    encoder = ChunkEncoder(asked(), ENVELOPE)
    assert [each["choices"][0]["delta"] for each in objects(encoder.feed([TextDelta(0, "Hi")]))] == [
        FIRST, {"content": "Hi"},
    ]  # fmt: skip


@given(
    words=st.lists(st.text(st.characters(exclude_categories=())), max_size=5),
    model=st.text(st.characters(exclude_categories=()), max_size=20),
    include_usage=st.booleans(),
    tier=st.sampled_from([None, "standard"]),
)
def test_a_chunk_is_the_json_of_its_object(words, model, include_usage, tier):
    """Text takes a short way past the encoder; it must lead to the same bytes for any text, also half characters.

    Only Unicode's line ends are written otherwise, which some clients take for the end of an event.
    """
    envelope = Envelope("chatcmpl-1", 7)
    encoder = ChunkEncoder(asked(model, include_usage=include_usage), envelope)
    encoder.feed([MessageStart("m", "m", {"service_tier": tier})])
    for word in filter(None, words):
        value = {
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": model,
            **({"service_tier": "default"} if tier else {}), "system_fingerprint": None,
            "choices": [{"index": 0, "delta": {"content": word}, "logprobs": None, "finish_reason": None}],
            **({"usage": None} if include_usage else {}),
        }  # fmt: skip
        plain = f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"
        for end in "\x85\u2028\u2029":
            plain = plain.replace(end, f"\\u{ord(end):04x}")
        assert encoder.feed([TextDelta(0, word)]) == plain.encode(errors="replace")
    assert encoder.feed([TextDelta(0, word) for word in words]) == b"".join(
        encoder.feed([TextDelta(0, word)]) for word in words
    )


_BLOCKS = st.lists(
    st.one_of(
        st.builds(lambda pieces: text(*pieces), st.lists(st.text(max_size=3), max_size=3)),
        st.builds(lambda pieces: thought(*pieces), st.lists(st.text(max_size=3), max_size=3)),
        st.builds(lambda value: use(json.dumps({"a": value})), st.integers()),
        st.just(use()),
        st.just(use("{}", kind="server_tool_use")),
    ),
    max_size=6,
)


@given(blocks=_BLOCKS, reasoning=st.booleans(), reason=st.sampled_from(["end_turn", "max_tokens", "tool_use"]))
def test_a_stream_sums_up_to_the_whole_answer(blocks, reasoning, reason):
    """Streamed or not, a client sees the same answer: content, calls, thoughts and why it ends."""
    events: list[Event] = [START]
    for index, block in enumerate(blocks):
        events += [type(event)(**{**_fields(event), "index": index}) for event in block]
    events += [MessageDelta(reason), MessageDone()]
    request = asked(reasoning=reasoning)
    encoder = ChunkEncoder(request, ENVELOPE)
    chunks = objects(encoder.feed(events))
    summed: dict[str, Any] = {"content": "", "calls": [], "reasoning": "", "blocks": []}
    for delta in (chunk["choices"][0]["delta"] for chunk in chunks):
        summed["content"] += delta.get("content") or ""
        summed["reasoning"] += delta.get("reasoning_content") or ""
        summed["blocks"] += delta.get("thinking_blocks") or []
        for piece in delta.get("tool_calls") or []:
            if "id" in piece:
                summed["calls"].append("")
            summed["calls"][piece["index"]] += piece["function"]["arguments"]
    choice = completion_object(request, ENVELOPE, fold(events))["choices"][0]
    whole = choice["message"]
    assert summed["content"] == (whole["content"] or "")
    assert summed["reasoning"] == (whole.get("reasoning_content") or "")
    assert summed["blocks"] == whole.get("thinking_blocks", [])
    calls = [call["function"]["arguments"] for call in whole.get("tool_calls", [])]
    assert [json.loads(call) for call in summed["calls"]] == [json.loads(call) for call in calls]
    assert chunks[-1]["choices"][0]["finish_reason"] == choice["finish_reason"]


def _fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}
