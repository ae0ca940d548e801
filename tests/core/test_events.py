"""The fold: what each event adds, what is kept raw, and what goes back to the API unchanged."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.events import (
    BlockStart,
    BlockStop,
    CitationDelta,
    Fold,
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
    usage_from,
)
from claude_cli.core.messages import ChatRequest, Message, Usage, text_block
from claude_cli.core.wire_request import encode, request_object

TEXT = {"type": "text", "text": ""}
THINKING = {"type": "thinking", "thinking": "", "signature": ""}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
PLACE = {"type": "char_location", "cited_text": "x", "document_index": 0}
SEARCH = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result"}]}


def content(*events: object) -> list[dict]:
    return list(fold(events).content)


@pytest.mark.parametrize(
    ("events", "block"),
    [
        pytest.param([BlockStart(0, TEXT)], TEXT, id="an empty text"),
        pytest.param([BlockStart(0, TEXT), TextDelta(0, "Grü"), TextDelta(0, "ße")], text_block("Grüße"), id="text"),
        pytest.param(
            [BlockStart(0, text_block("A")), TextDelta(0, "B")], text_block("AB"), id="text begun at the start"
        ),
        pytest.param(
            [BlockStart(0, {"type": "text"}), TextDelta(0, "A")], text_block("A"), id="a start without its text"
        ),
        pytest.param(
            [BlockStart(0, {"type": "text", "text": None}), TextDelta(0, "A")], text_block("A"), id="null text"
        ),
        pytest.param([TextDelta(0, "A")], text_block("A"), id="text without a start"),
        pytest.param(
            [BlockStart(0, THINKING), ThinkingDelta(0, "so "), ThinkingDelta(0, "be it"), SignatureDelta(0, "c2ln")],
            {"type": "thinking", "thinking": "so be it", "signature": "c2ln"},
            id="thinking with its signature",
        ),
        pytest.param(
            [BlockStart(0, THINKING), SignatureDelta(0, "c2ln")],
            {"type": "thinking", "thinking": "", "signature": "c2ln"},
            id="thinking that is not shown",
        ),
        pytest.param(
            [BlockStart(0, {"type": "thinking", "thinking": None}), ThinkingDelta(0, "A")],
            {"type": "thinking", "thinking": "A"},
            id="null thinking",
        ),
        pytest.param(
            [BlockStart(0, {"type": "redacted_thinking", "data": "x"})],
            {"type": "redacted_thinking", "data": "x"},
            id="redacted thinking, whole at the start",
        ),
        pytest.param([BlockStart(0, TOOL), BlockStop(0)], TOOL, id="a tool call without any delta"),
        pytest.param([BlockStart(0, TOOL), InputJsonDelta(0, "")], TOOL, id="an empty buffer is no arguments"),
        pytest.param(
            [BlockStart(0, TOOL), InputJsonDelta(0, ""), InputJsonDelta(0, '{"a": "ü'), InputJsonDelta(0, '"}')],
            {**TOOL, "input": {"a": "ü"}},
            id="a tool call's arguments in pieces",
        ),
        pytest.param(
            [BlockStart(0, TOOL), InputJsonDelta(0, '{"a": 1')],
            {**TOOL, "input": {"partial_json": '{"a": 1'}},
            id="cut arguments stay visible",
        ),
        pytest.param(
            [BlockStart(0, TOOL), InputJsonDelta(0, "[" * 200_000)],
            {**TOOL, "input": {"partial_json": "[" * 200_000}},
            id="arguments nested too deep to read",
        ),
        pytest.param(
            [BlockStart(0, {**TOOL, "input": {"a": 1}}), InputJsonDelta(0, "")],
            {**TOOL, "input": {"a": 1}},
            id="arguments whole at the start",
        ),
        pytest.param(
            [BlockStart(0, TEXT), TextDelta(0, "A"), CitationDelta(0, PLACE), CitationDelta(0, PLACE)],
            {"type": "text", "text": "A", "citations": [PLACE, PLACE]},
            id="citations",
        ),
        pytest.param(
            [BlockStart(0, {**TEXT, "citations": None}), CitationDelta(0, PLACE)],
            {"type": "text", "text": "", "citations": [PLACE]},
            id="citations begun as null",
        ),
        pytest.param([BlockStart(0, SEARCH)], SEARCH, id="a server tool's result, whole"),
        pytest.param([BlockStart(0, {"type": "nova", "x": [1]})], {"type": "nova", "x": [1]}, id="a kind of tomorrow"),
        pytest.param(
            [
                BlockStart(0, {"type": "compaction", "content": None}),
                OtherDelta(0, {"type": "compaction_delta", "content": "C"}),
            ],
            {"type": "compaction", "content": "C"},
            id="a delta of a kind not known here is set",
        ),
    ],
)
def test_what_becomes_of_a_block(events, block):
    """A block is kept as it would be sent back: an answer that cannot be continued is half lost."""
    assert content(MessageStart("msg_1", "m"), *events, MessageDone()) == [block]


def test_reasoning_never_becomes_text():
    """Also where a provider forgot to announce its block."""
    done = fold([ThinkingDelta(0, "hidden"), BlockStart(1, TEXT), TextDelta(1, "shown")])
    assert done.text == "shown"
    assert done.content[0] == {"type": "thinking", "thinking": "hidden"}


def test_blocks_stand_in_the_order_of_their_index():
    """Whatever order a gateway sends them in."""
    assert content(BlockStart(1, text_block("B")), BlockStart(0, text_block("A"))) == [text_block("A"), text_block("B")]


def test_the_text_is_all_text_blocks_and_nothing_else():
    """`content[0].text` is the classic mistake: thinking comes first, and searches split the text."""
    total = Fold()
    total.add_all(
        [BlockStart(0, THINKING), ThinkingDelta(0, "no"), BlockStart(1, TEXT), TextDelta(1, "A"), BlockStart(2, SEARCH)]
    )
    assert total.text == "A"
    total.add_all([BlockStart(3, TEXT), TextDelta(3, "B"), TextDelta(3, "C")])
    assert total.text == "ABC"
    assert total.completion().text == "ABC"


@pytest.mark.parametrize("block", [{"type": "text"}, {"type": "text", "text": None}, {"type": "text", "text": 5}])
def test_a_text_block_without_text_is_no_text(block):
    """A sloppy gateway costs its own words, not the whole answer."""
    assert fold([BlockStart(0, block), BlockStart(1, TEXT), TextDelta(1, "A")]).text == "A"
    assert Message("assistant", (block, text_block("A"))).text == "A"


def test_the_start_gives_id_model_and_request():
    """They are what a bill and a support case are about."""
    done = fold([MessageStart("msg_1", "claude-haiku-5-5", {}, "req_1"), Ping(), MessageDone()])
    assert (done.id, done.model, done.request_id) == ("msg_1", "claude-haiku-5-5", "req_1")
    assert Fold().completion(request_id="req_2").request_id == "req_2"


def test_the_end_gives_reason_sequence_and_details():
    """The last `message_delta` counts."""
    details = {"type": "refusal", "category": "bio"}
    done = fold([MessageDelta("end_turn"), MessageDelta("refusal", "END", details)])
    assert (done.stop_reason, done.stop_sequence, done.stop_details) == ("refusal", "END", details)


@pytest.mark.parametrize(
    ("events", "ending", "done"),
    [
        pytest.param([MessageStart("a", "b"), TextDelta(0, "x")], False, False, id="under way"),
        pytest.param([MessageDelta("end_turn")], True, False, id="the reason has come"),
        pytest.param([MessageDelta("end_turn"), MessageDone()], True, True, id="over"),
        pytest.param([MessageDone()], True, False, id="over without a reason"),
        pytest.param([MessageDelta(None), MessageDone()], True, False, id="over with a reason of null"),
    ],
)
def test_how_far_an_answer_is(events, ending, done):
    """Only the explicit end makes it whole, and only where it says why."""
    total = Fold()
    total.add_all(events)
    assert (total.ending, total.done) == (ending, done)


START_USAGE = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 3,
    "cache_read_input_tokens": 100,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 1,
    "service_tier": "standard",
}


@pytest.mark.parametrize(
    ("update", "usage"),
    [
        pytest.param({}, Usage(12, 1, 100, 3, 0), id="nothing new"),
        pytest.param({"output_tokens": 9}, Usage(12, 9, 100, 3, 0), id="output is cumulative, not added"),
        pytest.param(
            {"input_tokens": None, "cache_read_input_tokens": None, "output_tokens": 9},
            Usage(12, 9, 100, 3, 0),
            id="null says nothing",
        ),
        pytest.param(
            {"input_tokens": 20, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 7, "output_tokens": 9},
            Usage(20, 9, 7, 0, 0),
            id="what is not null replaces",
        ),
        pytest.param(
            {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 5}},
            Usage(12, 9, 100, 3, 5),
            id="thinking",
        ),
    ],
)
def test_usage_is_merged(update, usage):
    """Source: the documentation of `message_delta`; the cache split and the tier are only in the start."""
    done = fold([MessageStart("a", "b", START_USAGE), MessageDelta("end_turn", usage=update)])
    assert done.usage.as_json() == usage.as_json()
    assert done.usage.raw["cache_creation"] == START_USAGE["cache_creation"]
    assert done.usage.raw["service_tier"] == "standard"
    assert START_USAGE["output_tokens"] == 1  # an event is never changed


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({}, id="absent"),
        pytest.param({"input_tokens": None, "output_tokens_details": None}, id="null"),
        pytest.param({"input_tokens": "12", "output_tokens": [1], "output_tokens_details": "x"}, id="no numbers"),
        pytest.param({"output_tokens_details": {"thinking_tokens": {}}}, id="no number deeper down"),
        pytest.param({"input_tokens": -5, "output_tokens": True}, id="below nothing, and a truth"),
    ],
)
def test_counts_that_are_none_are_zero(raw):
    """A gateway's odd usage must not cost the answer."""
    assert usage_from(raw) == Usage(raw=raw)


def test_the_whole_prompt_counts_the_cache_too():
    """`input_tokens` alone leaves out what was cached: the classic mistake in bills."""
    assert usage_from(START_USAGE).total_input_tokens == 115


def test_many_events_at_once_are_the_same_as_one_by_one():
    """The fast way for floods of text must not differ."""
    events = [MessageStart("a", "b", {"input_tokens": 1}), BlockStart(0, TEXT)]
    events += [TextDelta(0, str(number)) for number in range(50)] + [TextDelta(1, "new"), MessageDelta("end_turn")]
    one_by_one = Fold()
    for event in events:
        one_by_one.add(event)
    assert one_by_one.completion() == fold(events)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda deeper: st.lists(deeper, max_size=3))
NAMES = st.text("abcdefgh_", min_size=1, max_size=8).filter(lambda name: name not in ("text", "thinking", "input"))


@given(st.dictionaries(NAMES, JSON, max_size=5))
def test_a_block_of_any_kind_goes_back_unchanged(members):
    """A saved conversation with blocks of a newer API must stay valid: the next request carries them as they came."""
    block = {"type": "nova", **{name: value for name, value in members.items() if name != "type"}}
    done = fold([BlockStart(0, block), BlockStop(0), MessageDelta("end_turn"), MessageDone()])
    ask = Message("user", (text_block("hi"),))
    asked = (ask, Message("assistant", done.content), ask)
    sent = json.loads(encode(request_object(ChatRequest("m", asked))))
    assert sent["messages"][1]["content"] == [json.loads(json.dumps(block))]
