"""One call, driven as a driver does, with scripted events: retries, fallbacks, continuations, what the user sees."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import (
    AuthenticationError,
    BreakerOpenError,
    ConnectionFailedError,
    NotFoundError,
    OverloadedError,
    ProtocolError,
    RateLimitError,
    RequestRejectedError,
    ServerError,
    StreamInterruptedError,
    TimedOutError,
    UsageError,
)
from claude_cli.core.events import (
    BlockStart,
    BlockStop,
    InputJsonDelta,
    MessageDelta,
    MessageDone,
    Ping,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    fold,
)
from claude_cli.core.messages import Notice
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.core.telemetry import CallError, RequestStart, RequestStop, Retry, StreamChunk

from .stage import DOWN, HAIKU, SONNET, TEXT, Book, Stage, end, start, whole, words

# --- a call that goes well

USAGE = {"input_tokens": 10, "output_tokens": 5}


def test_an_answer_is_handed_on_as_it_comes():
    """Every event, in its order, with one start and one end."""
    stage = Stage().play([[start()], words("Hel", "lo"), end()])
    assert stage.shown == [start(), *words("Hel", "lo"), MessageDelta("end_turn", usage=USAGE), MessageDone()]
    assert (stage.call.text, stage.call.completion().text) == ("Hello", "Hello")
    assert stage.call.completion() == fold(stage.shown)
    assert (stage.waits, stage.said) == ([], [])


THINKING = BlockStart(0, {"type": "thinking", "thinking": "", "signature": ""})
USE = BlockStart(0, {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}})


@pytest.mark.parametrize(
    ("block", "content"),
    [
        pytest.param(BlockStart(0, TEXT), TextDelta(0, "Hi"), id="text"),
        pytest.param(THINKING, ThinkingDelta(0, "hm"), id="thinking"),
        pytest.param(THINKING, SignatureDelta(0, "x"), id="thinking that is not told"),
        pytest.param(USE, InputJsonDelta(0, "{"), id="a tool"),
        pytest.param(USE, BlockStop(0), id="a tool without arguments"),
    ],
)
def test_the_start_is_held_until_the_first_content(block, content):
    """Nothing has been shown yet, so the try may still be made again."""
    call = Stage().call
    call.begin()
    assert list(call.receive([start(), Ping()])) == []
    assert list(call.receive([Ping()])) == []
    assert list(call.receive([Ping(), block])) == []
    assert list(call.receive([Ping(), content])) == [start(), block, content]
    assert list(call.receive([Ping()])) == [Ping()]


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(BlockStart(0, {"type": "text", "text": "x"}), id="a block with something in it"),
        pytest.param(BlockStart(0, {"type": "redacted_thinking", "data": "x"}), id="a block without deltas"),
        pytest.param(BlockStart(0, {"type": ["text"]}), id="a block of no kind"),
        pytest.param(TextDelta(0, "x"), id="text without a block"),
        pytest.param(ThinkingDelta(0, "x"), id="thinking without a block"),
        pytest.param(SignatureDelta(0, "x"), id="a signature without a block"),
        pytest.param(MessageDelta("end_turn"), id="an end without content"),
    ],
)
def test_whatever_is_no_start_and_no_ping_ends_the_holding(first):
    """A provider that leaves something out must not lose its first events."""
    stage = Stage().play([[start()], [first], end()])
    assert stage.shown[0] == start()
    assert fold(stage.shown) == stage.call.completion()
    assert [event for event in stage.shown if isinstance(event, MessageDone)] == [MessageDone()]


def test_hours_of_pings_are_not_kept():
    """A server that only pings must not fill the memory."""
    call = Stage().call
    call.begin()
    for _ in range(1000):
        assert list(call.receive([start(), Ping(), start(2)])) == []
    assert list(call.receive(words("Hi"))) == [start(2), *words("Hi")]


def test_blocks_that_stay_empty_are_not_kept():
    """Nor must one that only begins blocks."""
    call = Stage().call
    call.begin()
    assert list(call.receive([start(), BlockStart(0, TEXT)])) == []
    assert list(call.receive([BlockStart(1, TEXT)])) == [start(), BlockStart(0, TEXT), BlockStart(1, TEXT)]


def test_an_answer_without_a_start_is_an_answer():
    """Sloppy gateways leave it out."""
    stage = Stage().play([words("Hi"), end()])
    assert (stage.call.text, stage.call.completion().id) == ("Hi", "")


def test_when_the_first_text_came():
    """For `ttft_ms`: thinking is no text."""
    stage = Stage().play([[start()], [BlockStart(0, TEXT), ThinkingDelta(0, "hm")], words("Hi", index=1), end()])
    assert stage.call.first_text_at == 103.0
    assert stage.call.started_at == 100.0
    assert Stage().play([whole()]).call.first_text_at is None


@pytest.mark.parametrize("reason", ["end_turn", "stop_sequence", "tool_use", "refusal", "max_tokens", "nova"])
def test_every_reason_is_handed_on(reason):
    """What it means is the caller's to judge; a refusal may come before any word or after some."""
    for content in ([], ["I will not"]):
        stage = Stage().play([[start(), *(words(*content) if content else []), *end(reason)]])
        assert stage.call.completion().stop_reason == reason
        assert stage.call.text == "".join(content)


def test_details_of_the_end_are_handed_on():
    """Category and words of a refusal, and the stop sequence."""
    last = MessageDelta("refusal", "END", {"category": "bio"}, {"output_tokens": 1})
    done = fold(Stage().play([[start(), last, MessageDone()]]).shown)
    assert (done.stop_reason, done.stop_sequence, done.stop_details) == ("refusal", "END", {"category": "bio"})


def test_several_message_deltas_are_one_end():
    """The grammar of the stream allows more than one."""
    stage = Stage().play([[start(), *words("Hi")], [MessageDelta(None, usage={"output_tokens": 1})], end()])
    assert [type(event) for event in stage.shown].count(MessageDelta) == 1
    assert stage.call.completion().stop_reason == "end_turn"


# --- tries


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([DOWN], id="at once"),
        pytest.param([[start()], DOWN], id="after the start"),
        pytest.param([[start(), Ping()], [Ping()], DOWN], id="after pings"),
        pytest.param([TimedOutError("no byte")], id="a timeout"),
        pytest.param([ConnectionFailedError("reset")], id="a broken connection"),
        pytest.param([[start(), BlockStart(0, TEXT)], DOWN], id="after the start of a block"),
        pytest.param([[start(), Ping(), USE], DOWN], id="after a tool's name"),
        pytest.param([[start()]], id="a stream that just ends"),
        pytest.param([[start()], [MessageDone()]], id="an end without anything"),
        pytest.param([], id="a stream of nothing"),
    ],
)
def test_until_the_first_content_a_try_is_made_again(before):
    """The user sees one answer, and its start once."""
    stage = Stage().play(before, [whole("Hi", number=2)])
    assert stage.shown == [start(2), *words("Hi"), MessageDelta("end_turn", usage=USAGE), MessageDone()]
    assert stage.waits == [0.5]
    assert [(notice.code, "; trying again in 0.5 s" in notice.text) for notice in stage.notices] == [("retry", True)]
    assert not stage.notices[0].changes_result


def test_a_try_after_a_timeout_may_be_billed_twice():
    """The request may have been processed: said, and marked."""
    stage = Stage(listens=True).play([TimedOutError("no byte for 600 s")], [whole("Hi")])
    assert stage.said == ["retry: no byte for 600 s; trying again in 0.5 s; the provider may bill both tries"]
    assert [event.maybe_billed for event in stage.heard if isinstance(event, Retry)] == [True]


def test_the_waits_grow():
    """The official delays, with the lowest jitter."""
    assert Stage().play(*[[DOWN]] * 5, [whole("Hi")]).waits == [0.5, 1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([BlockStart(0, {"type": "redacted_thinking"})], id="a block without deltas"),
        pytest.param([BlockStart(0, TEXT), ThinkingDelta(0, "hm")], id="thinking"),
        pytest.param(words("Hel"), id="words"),
        pytest.param([*words("Hel"), MessageDelta("end_turn")], id="the reason, but no end"),
    ],
)
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(DOWN, id="overloaded"),
        pytest.param(ConnectionFailedError("reset", request_id="req_x"), id="reset"),
        pytest.param(AuthenticationError("expired", request_id="req_x"), id="a key that expired"),
        pytest.param(ProtocolError("garbage", request_id="req_x"), id="garbage"),
        pytest.param(StreamInterruptedError("closed", request_id="req_x"), id="closed"),
    ],
)
def test_after_the_first_content_nothing_is_repeated(after, error):
    """Words that have been shown cannot be taken back: no try, no other model, and the partial text with the error."""
    stage = Stage(CallPolicy(fallbacks=(SONNET,)))
    failure = stage.fail(StreamInterruptedError, [[start(), *after], error])
    assert str(failure) == f"the answer is incomplete: {error}"
    assert (failure.partial, failure.request_id, failure.exit_code) == (fold(after).text, "req_x", 7)
    assert failure.__cause__ is error
    assert len(stage.asked) == 1


def test_a_stream_without_its_end_carries_the_partial_text():
    """Also where the provider closed politely."""
    failure = Stage().fail(StreamInterruptedError, [[start(), *words("Hel", "lo")], []])
    assert (failure.partial, failure.code) == ("Hello", "stream_interrupted")
    assert "without its last event" in str(failure)


@pytest.mark.parametrize(
    "last",
    [
        pytest.param([MessageDone()], id="without a word on its end"),
        pytest.param([MessageDelta(None), MessageDone()], id="a reason of null"),
        pytest.param([MessageDelta(None, usage={"output_tokens": 9}), MessageDone()], id="only a count"),
    ],
)
def test_an_end_without_a_reason_is_an_interruption(last):
    """Whoever ends the stream does not know that the answer is whole: it is charged by what came, as a cut one is."""
    book = Book()
    failure = Stage(recorder=book).fail(StreamInterruptedError, [[start(), *words("Hel", "lo")], last])
    assert (str(failure), failure.partial) == (
        "the answer is incomplete: the stream ended without a stop reason",
        "Hello",
    )
    assert (book.record.status, book.record.estimated) == ("stream_interrupted", True)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RequestRejectedError("bad"), id="a rejected request"),
        pytest.param(AuthenticationError("no key"), id="a wrong key"),
        pytest.param(ProtocolError("HTML"), id="not the API"),
        pytest.param(UsageError("a bad value"), id="our own refusal"),
    ],
)
def test_what_another_try_cannot_mend_is_raised_as_it_is(error):
    """At once."""
    stage = Stage()
    assert stage.fail(type(error), [error]) is error
    assert stage.waits == []


def test_a_server_that_closes_before_its_first_word_for_ever():
    """Nothing came, so nothing was interrupted: a connection that failed, exit 6."""
    stage = Stage(CallPolicy(RetryPolicy(retries=1)))
    failure = stage.fail(ConnectionFailedError, [[start()]], [[start()]])
    assert (str(failure), failure.exit_code) == ("the connection closed before the answer began", 6)


def test_tries_end_with_the_time_for_them():
    """The last error is what the user sees; a wish longer than the time left ends at once."""
    stage = Stage(CallPolicy(RetryPolicy(retry_for_s=10.0)))
    assert stage.fail(OverloadedError, *[[DOWN]] * 4) is DOWN
    assert stage.waits == [0.5, 1.0, 2.0]
    late = RateLimitError("slow down", retry_after_s=61.0)
    stage = Stage()
    assert stage.fail(RateLimitError, [late]) is late
    assert stage.waits == []


@pytest.mark.parametrize(("timeout_s", "deadline"), [(None, None), (7.5, 107.5)])
def test_the_deadline_of_the_whole_call(timeout_s, deadline):
    """Its retries included; the driver keeps it, and no wait goes past it."""
    stage = Stage(CallPolicy(RetryPolicy(timeout_s=timeout_s)))
    assert stage.call.deadline == deadline
    if timeout_s:
        stage.fail(OverloadedError, *[[DOWN]] * 4)
        assert stage.now <= stage.call.deadline


# --- the breaker


def test_an_open_breaker_is_waited_for():
    """Where it closes in time; the call was not sent, so nothing was started."""
    stage = Stage(listens=True)
    trip(stage, "opus")
    stage.play([whole("Hi")])
    assert stage.waits == [30.0]
    assert stage.board.states() == {"anthropic/opus": "closed"}
    assert [type(event) for event in stage.heard][:3] == [CallError, Retry, RequestStart]


def trip(stage: Stage, model: str) -> None:
    for _ in range(5):
        stage.board.breaker(f"anthropic/{model}").admit().failed(DOWN)


def test_an_open_breaker_without_time_to_wait():
    """Exit 5, at once, with the seconds."""
    stage = Stage(CallPolicy(RetryPolicy(retry_for_s=10.0)))
    trip(stage, "opus")
    failure = stage.fail(BreakerOpenError)
    assert (failure.retry_after_s, stage.asked) == (30.0, [])


def test_an_open_breaker_falls_back_at_once():
    """What it is for."""
    stage = Stage(CallPolicy(fallbacks=(SONNET,)))
    trip(stage, "opus")
    stage.play([whole("Hi")])
    assert ([request.model for request in stage.asked], stage.waits) == (["sonnet"], [0.0])


def test_the_failures_of_a_call_are_evidence():
    """Five tries of one call open the breaker for the next, but do not stop the call itself."""
    stage = Stage().play(*[[DOWN]] * 5, [whole("Hi")])
    assert stage.board.states() == {"anthropic/opus": "open"}
    assert stage.call.text == "Hi"


def test_a_cancelled_call_gives_its_probe_back():
    """The driver closes the call whatever happens."""
    stage = Stage()
    trip(stage, "opus")
    stage.now += 30.0
    stage.call.begin()
    stage.call.close()
    stage.call.close()
    assert stage.board.breaker("anthropic/opus").admit().probe


def test_a_probe_that_got_its_first_content_closes_the_breaker():
    """Long before the answer ends: others may go."""
    stage = Stage()
    trip(stage, "opus")
    stage.now += 30.0
    stage.call.begin()
    stage.call.receive([start(), *words("Hel")])
    assert stage.board.states() == {"anthropic/opus": "closed"}


# --- fallback


def test_each_switch_is_said():
    """The answer is another model's: nobody may find out by the bill."""
    stage = Stage(CallPolicy(fallbacks=(SONNET, HAIKU)), listens=True)
    stage.play(*[[DOWN]] * 3, [NotFoundError("model: sonnet")], [whole("Hi")])
    assert [request.model for request in stage.asked] == ["opus"] * 3 + ["sonnet", "haiku"]
    assert stage.waits == [0.5, 1.0, 0.0, 0.0]
    assert stage.said[-2:] == [
        "fallback: opus failed (Overloaded); now asking sonnet",
        "fallback: sonnet failed (model: sonnet); now asking haiku",
    ]
    assert all(notice.changes_result for notice in stage.notices if notice.code == "fallback")
    assert [(event.model, event.next_model, event.attempt) for event in stage.heard if isinstance(event, Retry)] == [
        ("opus", "opus", 1),
        ("opus", "opus", 2),
        ("opus", "sonnet", 3),
        ("sonnet", "haiku", 1),
    ]


def test_what_changes_for_the_other_model_is_said_when_it_is_asked():
    """Not before: the first model may well answer."""
    dropped = Notice("dropped_parameter", "temperature not sent")
    policy = CallPolicy(RetryPolicy(retries=0), fallbacks=(SONNET,), fallback_notices={"sonnet": [dropped]})
    assert Stage(policy).play([whole("Hi")]).notices == []
    assert Stage(policy).play([DOWN], [whole("Hi")]).notices[1:] == [dropped]


def test_the_last_model_s_error_is_what_the_user_sees():
    """After the chain there is nothing else."""
    policy = CallPolicy(RetryPolicy(retries=0), fallbacks=(SONNET,))
    failure = Stage(policy).fail(RateLimitError, [DOWN], [RateLimitError("slow down")])
    assert str(failure) == "slow down"


@pytest.mark.parametrize(
    ("error", "falls"),
    [
        pytest.param(OverloadedError("x"), True, id="overloaded"),
        pytest.param(RateLimitError("x"), True, id="rate limit"),
        pytest.param(ServerError("x"), True, id="5xx"),
        pytest.param(TimedOutError("x"), True, id="timeout"),
        pytest.param(NotFoundError("x"), True, id="unknown model"),
        pytest.param(RequestRejectedError("x"), False, id="a rejected request"),
        pytest.param(AuthenticationError("x"), False, id="a wrong key"),
        pytest.param(ProtocolError("x"), False, id="not the API"),
        pytest.param(ConnectionFailedError("x", kind="refused"), False, id="no connection: the same host"),
    ],
)
def test_what_is_worth_another_model(error, falls):
    """What the model failed, not what the request or the network did."""
    stage = Stage(CallPolicy(RetryPolicy(retries=0), fallbacks=(SONNET,)))
    if falls:
        assert stage.play([error], [whole("Hi")]).asked[-1].model == "sonnet"
    else:
        stage.fail(type(error), [error])


def test_the_other_model_has_a_breaker_of_its_own():
    """And the first one's permit is given back."""
    stage = Stage(CallPolicy(RetryPolicy(retries=0), fallbacks=(SONNET,)))
    stage.play([DOWN], [whole("Hi")])
    assert set(stage.board.states()) == {"anthropic/opus", "anthropic/sonnet"}


# --- telemetry


def test_what_is_told_of_a_call():
    """One call, all its tries, in order; and no content."""
    stage = Stage(CallPolicy(on_truncate="continue"), listens=True)
    stage.play([DOWN], [[start(), *words("Hel")], end("max_tokens")], [[start(2), *words("lo"), *end()]])
    common = {"provider": "anthropic", "model": "opus", "call": "7"}
    failed, first, second = ({**common, "request_id": name} for name in ("req_x", "req_1", "req_2"))
    before = {**common, "request_id": None}
    assert stage.heard == [
        RequestStart(**before, attempt=1, leg=1),
        CallError(**failed, code="overloaded", status=529, message="Overloaded", attempt=1),
        Retry(**failed, attempt=1, wait_s=0.5, next_model="opus", maybe_billed=False),
        RequestStart(**before, attempt=2, leg=1),
        StreamChunk(**first, events=4),
        StreamChunk(**first, events=2),
        RequestStart(**before, attempt=1, leg=2),
        StreamChunk(**second, events=6),
        RequestStop(
            **second,
            stop_reason="end_turn",
            input_tokens=20,
            output_tokens=10,
            duration_ms=4500,
            ttft_ms=2500,
        ),
    ]
    assert "Hel" not in repr(stage.heard)


def test_a_call_without_text_has_no_first_text():
    """A tool call, or a refusal."""
    stage = Stage(listens=True).play([[start(), *end("refusal")]])
    assert [event.ttft_ms for event in stage.heard if isinstance(event, RequestStop)] == [None]


def test_two_calls_can_be_told_apart():
    """Many calls write into one log; what belongs together has one word."""
    heard = []
    for _ in range(2):
        stage = Stage(listens=True, name="").play([[start(), *words("Hi"), *end()]])
        heard.append({event.call for event in stage.heard})
    assert [len(calls) for calls in heard] == [1, 1]
    assert heard[0] != heard[1]
