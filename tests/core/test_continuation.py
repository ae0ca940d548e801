"""Answers that pause or are cut: the next leg is asked for, and the user sees one answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claude_cli.core.continuation import GO_ON, MAX_CONTINUATIONS, continue_truncated, joined
from claude_cli.core.errors import RequestRejectedError, StreamInterruptedError
from claude_cli.core.events import (
    BlockStart,
    BlockStop,
    InputJsonDelta,
    MessageDelta,
    MessageDone,
    MessageStart,
    Ping,
    TextDelta,
    fold,
)
from claude_cli.core.messages import ChatRequest, Message, text_block
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy

from .stage import ASK, DOWN, OPUS, SEARCH, SONNET, Stage, end, start, whole, words


def policy(*, prefill: bool = False, **more: object) -> CallPolicy:
    return CallPolicy(on_truncate="continue", prefill=lambda model: prefill, **more)


def test_a_cut_answer_is_continued_as_one():
    """One start, blocks numbered on, one end, the usage of both."""
    stage = Stage(policy()).play(
        [[start(1), *words("Hel")], end("max_tokens", 100)],
        [[start(2, input_tokens=111), *words("lo", index=0)], end("end_turn", 3)],
    )
    assert stage.shown == [
        start(1),
        *words("Hel", index=0),
        *words("lo", index=1),
        MessageDelta("end_turn", usage={"input_tokens": 121, "output_tokens": 103}),
        MessageDone(),
    ]
    done = stage.call.completion()
    assert fold(stage.shown) == replace(done, request_id="req_1", legs=())
    assert [leg.output_tokens for leg in done.legs] == [100, 3]
    assert (done.text, done.id, done.request_id) == ("Hello", "msg_1", "req_2")
    assert stage.said == ["continued: the answer was cut (max_tokens); asked for the rest, 1 of 5"]


@pytest.mark.parametrize(
    ("prefill", "turns"),
    [
        pytest.param(
            False,
            (ASK, Message("assistant", (text_block("Hello \n"),)), Message("user", (text_block(GO_ON),))),
            id="asked to go on",
        ),
        pytest.param(True, (ASK, Message("assistant", (text_block("Hello"),))), id="by prefill, without white space"),
    ],
)
def test_how_the_rest_is_asked_for(prefill, turns):
    """Newer models refuse a prefill; older ones take it, but no white space at its end."""
    stage = Stage(policy(prefill=prefill)).play([whole("Hello \n", reason="max_tokens")], [whole("x")])
    assert stage.asked == [OPUS, ChatRequest("opus", turns, options=OPUS.options)]


@pytest.mark.parametrize(
    ("thinking", "last"),
    [
        pytest.param({"type": "enabled", "budget_tokens": 2000}, "user", id="thinking"),
        pytest.param({"type": "disabled"}, "assistant", id="thinking off"),
    ],
)
def test_a_model_that_thinks_is_asked_to_go_on(thinking, last):
    """The API refuses a prefill beside thinking."""
    request = replace(OPUS, options=replace(OPUS.options, thinking=thinking))
    following = continue_truncated(request, [text_block("Hello")], prefill=True)
    assert following is not None and following.messages[-1].role == last


def test_thinking_is_not_sent_back_with_the_rest():
    """Its seal covers a history that has changed."""
    thinking = [BlockStart(0, {"type": "thinking", "thinking": "", "signature": "c2ln"}), BlockStop(0)]
    stage = Stage(policy()).play([[start(), *thinking, *words("Hi", index=1), *end("max_tokens")]], [whole("x")])
    assert stage.asked[1].messages[1] == Message("assistant", (text_block("Hi"),))
    assert [block["type"] for block in stage.call.completion().content] == ["thinking", "text", "text"]


@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded"])
def test_an_answer_is_continued_five_times_at_most(reason):
    """Each said; what is still cut then is handed on as cut."""
    tries = [[whole(str(number), reason=reason, number=number)] for number in range(MAX_CONTINUATIONS + 1)]
    stage = Stage(policy()).play(*tries)
    assert stage.call.text == "012345"
    assert stage.call.completion().stop_reason == reason
    assert [line[-6:] for line in stage.said] == ["1 of 5", "2 of 5", "3 of 5", "4 of 5", "5 of 5"]
    assert [event.index for event in stage.shown if isinstance(event, TextDelta)] == [0, 1, 2, 3, 4, 5]
    assert stage.asked[-1].messages[1].text == "01234"


@pytest.mark.parametrize("on_truncate", ["fail", "ok"])
def test_a_cut_answer_is_handed_on_where_it_was_not_asked_otherwise(on_truncate):
    """The caller judges."""
    stage = Stage(CallPolicy(on_truncate=on_truncate)).play([whole("Hel", reason="max_tokens")])
    assert stage.call.completion().stop_reason == "max_tokens"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([], id="nothing"),
        pytest.param(words(" \n"), id="white space"),
        pytest.param([BlockStart(0, {"type": "thinking", "thinking": "hm"})], id="only thinking"),
        pytest.param(
            [*words("So"), BlockStart(1, {"type": "tool_use", "input": {}}), InputJsonDelta(1, '{"a')],
            id="half a tool call",
        ),
        pytest.param([*SEARCH, *words("So", index=1)], id="a server's tool"),
    ],
)
def test_a_cut_answer_that_cannot_be_continued(content):
    """Half a tool call has no rest, and nothing has none either."""
    stage = Stage(policy()).play([[start(), *content, *end("max_tokens")]])
    assert stage.call.completion().stop_reason == "max_tokens"
    assert stage.said == []


def test_a_paused_turn_goes_on():
    """Unasked: the server's tools pause every ten rounds. The turn goes back unchanged."""
    stage = Stage().play([[start(), *SEARCH, *end("pause_turn")]], [[start(2), *words("Found"), *end()]])
    called = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}}
    assert stage.asked[1].messages == (ASK, Message("assistant", (called,)))
    assert [block["type"] for block in stage.call.completion().content] == ["server_tool_use", "text"]
    assert stage.call.text == "Found"
    assert [event.index for event in stage.shown if isinstance(event, BlockStart)] == [0, 1]


def test_a_turn_that_pauses_for_ever():
    """Must not cost for ever."""
    stage = Stage().play(*[[[start(), *SEARCH, *end("pause_turn")]]] * (MAX_CONTINUATIONS + 1))
    assert len(stage.asked) == 6
    assert len(stage.asked[-1].messages[1].content) == 5
    assert stage.call.completion().stop_reason == "pause_turn"


def test_a_paused_answer_is_handed_on_where_that_is_wanted():
    """Its caller goes on with it."""
    stage = Stage(CallPolicy(resume=False)).play([[start(), *SEARCH, *end("pause_turn")]])

    assert stage.call.completion().stop_reason == "pause_turn"
    assert not stage.call.going_on


def test_pings_go_on_through_a_continuation():
    """They have no block to be numbered."""
    stage = Stage(policy()).play([whole("A", reason="max_tokens")], [[start(2), *words("B")], [Ping()], end()])
    assert Ping() in stage.shown


def test_the_usage_of_all_legs_is_summed():
    """Also deeper down; a word is the last one's, null says nothing."""
    first = {"input_tokens": 10, "cache_creation": {"ephemeral_5m_input_tokens": 3}, "service_tier": "standard"}
    second = {"input_tokens": 20, "cache_creation": {"ephemeral_5m_input_tokens": 4}, "service_tier": None}
    more = {"output_tokens": 2, "output_tokens_details": {"thinking_tokens": 1}, "speed": None}
    stage = Stage(policy()).play(
        [
            [
                MessageStart("a", "m", first),
                *words("A"),
                MessageDelta("max_tokens", usage={"output_tokens": 1}),
                MessageDone(),
            ]
        ],
        [
            [
                MessageStart("b", "m", {**second, "speed": None}),
                *words("B"),
                MessageDelta("end_turn", usage=more),
                MessageDone(),
            ]
        ],
    )
    assert stage.call.completion().usage.raw == {
        "input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 7},
        "service_tier": "standard",
        "output_tokens": 3,
        "output_tokens_details": {"thinking_tokens": 1},
        "speed": None,
    }
    assert stage.call.completion().usage.thinking_tokens == 1


def test_a_continuation_is_tried_again_like_a_first_leg():
    """Before its first block nothing of it was shown; the words so far stay."""
    stage = Stage(policy()).play(
        [whole("Hel", reason="max_tokens")], [DOWN], [[start(2)], DOWN], [whole("lo", number=3)]
    )
    assert stage.waits == [0.5, 1.0]
    assert stage.call.text == "Hello"
    assert [type(event) for event in stage.shown].count(MessageStart) == 1


@pytest.mark.parametrize(
    ("tries", "cause"),
    [
        pytest.param([[RequestRejectedError("too long", request_id="req_2")]], "too long", id="refused"),
        pytest.param([[DOWN], [DOWN]], "Overloaded", id="overloaded"),
        pytest.param([[[start(2)]], [[start(2)]]], "the stream ended without its last event", id="closed"),
    ],
)
def test_a_continuation_that_fails_is_an_interruption(tries, cause):
    """What came stays: exit 7 with the partial text. No other model: it would answer from the start."""
    stage = Stage(policy(retry=RetryPolicy(retries=1), fallbacks=(SONNET,)))
    failure = stage.fail(StreamInterruptedError, [whole("Hel", reason="max_tokens")], *tries)
    assert (str(failure), failure.partial) == (f"the answer is incomplete: {cause}", "Hel")
    assert {request.model for request in stage.asked} == {"opus"}


def test_a_continuation_that_breaks_off_keeps_all_words():
    """Of every leg."""
    failure = Stage(policy()).fail(
        StreamInterruptedError, [whole("Hel", reason="max_tokens")], [[start(2), *words("lo")], DOWN]
    )
    assert failure.partial == "Hello"


def test_a_fallback_is_continued_as_itself():
    """Its own request and its own model, not the first one's."""
    stage = Stage(policy(retry=RetryPolicy(retries=0), fallbacks=(SONNET,)))
    stage.play([DOWN], [whole("Hel", reason="max_tokens")], [whole("lo")])
    assert [request.model for request in stage.asked] == ["opus", "sonnet", "sonnet"]


# ------------------------------------------------------------------------------------------------ two halves
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
TOOL = {"type": "tool_use", "id": "1", "name": "clock", "input": {}}


@pytest.mark.parametrize(
    ("first", "rest", "trimmed", "whole"),
    [
        pytest.param([text_block("he")], [text_block("llo")], False, [text_block("hello")], id="within a word"),
        pytest.param([text_block("a ")], [text_block("b")], False, [text_block("a b")], id="behind a blank"),
        pytest.param([text_block("a \n")], [text_block(" b")], True, [text_block("a b")], id="a blank not sent"),
        pytest.param([THOUGHT, text_block("a")], [THOUGHT, text_block("b")], False, [THOUGHT, text_block("ab")],
                     id="thinking of the first half alone"),
        pytest.param([{**THOUGHT, "signature": ""}, text_block("a")], [text_block("b")], False, [text_block("ab")],
                     id="thinking that had not ended"),
        pytest.param([text_block("a")], [text_block("b"), TOOL, text_block("c")], False,
                     [text_block("ab"), TOOL, text_block("c")], id="other blocks keep their places"),
        pytest.param([{**text_block("a"), "citations": [1]}], [{**text_block("b"), "citations": [2]}], False,
                     [{**text_block("ab"), "citations": [1, 2]}], id="citations of both"),
        pytest.param([text_block("a")], [], False, [text_block("a")], id="nothing more"),
        pytest.param([], [text_block("b")], False, [text_block("b")], id="nothing before"),
    ],
)  # fmt: skip
def test_halves_become_one(first, rest, trimmed, whole):
    """Where they meet their words are one text; neither half is changed by it."""
    before = [dict(block) for block in first]
    assert joined(first, rest, trimmed=trimmed) == tuple(whole)
    assert first == before
