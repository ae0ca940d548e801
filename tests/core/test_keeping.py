"""The books of a call: told before it is sent, settled once however it ends, and what a budget leaves is kept to."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.budget import Plan, Record
from claude_cli.core.call import Call
from claude_cli.core.client import Client
from claude_cli.core.errors import (
    BudgetReachedError,
    ClaudeError,
    ConnectionFailedError,
    RequestRejectedError,
    TimedOutError,
    UsageError,
)
from claude_cli.core.events import BlockStart, MessageDelta, MessageDone, MessageStart, TextDelta, ThinkingDelta
from claude_cli.core.messages import ChatRequest, LLMOptions, Usage
from claude_cli.core.models import catalogue
from claude_cli.core.prepare import surroundings
from claude_cli.core.pricing import cost_of
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.simulator import Simulator

from ..loopback import EVENTS, REQUEST_ID, WAIT_S, error_response, frames, head, response
from .conftest import REQUEST
from .stage import ASK, DOWN, SEARCH, TEXT, Book, Stage, end, start, whole, words

# Sonnet 5.5: 2 dollars a million tokens of input, 10 of output; "Why?" is estimated at 2 tokens, and 4 for its turn.
OPUS = ChatRequest("claude-opus-5-5", (ASK,), options=LLMOptions(max_tokens=100))
SONNET = ChatRequest("claude-sonnet-5-5", (ASK,), options=LLMOptions(max_tokens=2_000))
LOCAL = ChatRequest("my-own", (ASK,), options=LLMOptions(max_tokens=100))
IN, OUT = 4_000_000, 20_000_000
"""Pico-dollars a token of Opus 5.5, which answers on the stage."""
COST = 10 * IN + 5 * OUT
"""Of an answer on the stage."""
SLOW = TimedOutError("no byte for 600 s")
ONCE = RetryPolicy(retries=0)


def stage(*allows: int | None, policy: CallPolicy | None = None, request: ChatRequest = OPUS, **more: object) -> Stage:
    return Stage(policy or CallPolicy(flexible=True), request, recorder=Book(list(allows)), **more)


def test_a_call_is_told_before_it_is_sent_and_when_it_is_over():
    """One plan, one record; what the provider counted, at the prices of the model that answered."""
    played = stage().play([[start()], words("Hel", "lo"), end()])
    assert played.recorder.told == [Plan("claude-opus-5-5", 6, 100, True, 6 * IN, OUT)]
    assert played.recorder.record == Record(
        "claude-opus-5-5", "done", Usage(10, 5, raw={"input_tokens": 10, "output_tokens": 5}), COST, "req_1",
        duration_ms=3000, ttft_ms=2000, worst_pico=COST,
    )  # fmt: skip


def test_what_a_call_may_cost_is_not_reckoned_twice():
    """A batch has done so before it set that aside."""
    plan, book = Plan("claude-opus-5-5", 7, 100, False, 1, 2), Book([None])
    call = Call(OPUS, CallPolicy(), surroundings("anthropic", recorder=book), plan=plan)
    call.begin()
    call.close()
    assert book.told == [plan]


def test_without_a_recorder_there_are_no_books():
    """And no call is slower for them."""
    assert Stage().call._books is None


@pytest.mark.parametrize(
    ("reason", "status"),
    [("end_turn", "done"), ("stop_sequence", "done"), ("tool_use", "done"), ("max_tokens", "max_tokens"),
     ("refusal", "refusal"), ("nova", "nova")],
)  # fmt: skip
def test_the_status_of_an_answer_that_came_to_its_end(reason, status):
    """An end is an end; what cut or refused the answer is said by the provider's word."""
    assert stage().play([whole("Hi", reason=reason)]).recorder.record.status == status


def test_an_answer_that_says_nothing_of_usage_is_estimated():
    """A plugin may leave it out; nothing is free because nobody counted."""
    said = [MessageStart("msg_1", "claude-opus-5-5"), *words("Hello"), MessageDelta("end_turn"), MessageDone()]
    record = stage().play([said]).recorder.record
    assert (record.usage.input_tokens, record.usage.output_tokens, record.estimated) == (6, 2, True)
    assert record.cost_pico == 6 * IN + 2 * OUT


def test_a_model_without_a_price_is_recorded_without_a_cost():
    """Which is not 0."""
    events = [MessageStart("msg_1", "my-own", {"input_tokens": 10}), *words("Hi"), *end()]
    record = stage(request=LOCAL).play([events]).recorder.record
    assert (record.model, record.cost_pico, record.usage.input_tokens) == ("my-own", None, 10)


# ------------------------------------------------------------------------------------------------ tries
def test_a_call_is_one_call_however_often_it_is_tried():
    """Tries of the same request keep the ticket; what was turned away cost nothing."""
    record = stage().play([DOWN], [DOWN], [whole("Hi", number=2)]).recorder.record
    assert (record.status, record.cost_pico, record.request_id, record.maybe_billed) == ("done", COST, "req_2", False)


@pytest.mark.parametrize(
    ("error", "status", "cost", "marks"),
    [
        pytest.param(RequestRejectedError("bad", request_id="req_x"), "invalid_request", 0, (False, False), id="400"),
        pytest.param(DOWN, "overloaded", 0, (False, False), id="529"),
        pytest.param(ConnectionFailedError("x", kind="refused"), "connection", 0, (False, False), id="refused"),
        pytest.param(UsageError("it cannot be written"), "usage", 0, (False, False), id="our own refusal"),
        pytest.param(SLOW, "timeout", 6 * IN, (True, True), id="timeout: its prompt may have been read"),
    ],
)
def test_a_call_that_failed_for_good(error, status, cost, marks):
    """What was never answered is charged only where it may have been worked on."""
    played = stage(policy=CallPolicy(ONCE))
    played.fail(type(error), [error])
    record = played.recorder.record
    assert (record.status, record.cost_pico, (record.estimated, record.maybe_billed)) == (status, cost, marks)
    assert record.request_id == getattr(error, "request_id", None)


NOBODY = ConnectionFailedError("refused", kind="refused")
UNSENT = TimedOutError("no connection within the time allowed")
UNSENT.maybe_billed = False
PROMPT = 6 * IN
"""By our estimate."""


@pytest.mark.parametrize(
    ("tries", "cost", "marks"),
    [
        pytest.param([[SLOW], [whole("Hi")]], COST + PROMPT, (True, True), id="a timeout, then the answer"),
        pytest.param([[SLOW], [SLOW], [NOBODY]], 2 * PROMPT, (True, True), id="two timeouts, then nobody there"),
        pytest.param([[NOBODY], [SLOW], [SLOW]], 2 * PROMPT, (True, True), id="the same in another order"),
        pytest.param([[[start()], DOWN], [whole("Hi")]], COST + 10 * IN, (True, True), id="begun, then the answer"),
        pytest.param([[DOWN], [DOWN], [[start()], DOWN]], 10 * IN, (True, True), id="begun, and the last"),
        pytest.param([[SLOW], [KeyboardInterrupt()]], 2 * PROMPT, (True, True), id="a timeout, then stopped"),
        pytest.param([[UNSENT], [whole("Hi")]], COST, (False, False), id="no connection, so nothing was sent"),
        pytest.param([[UNSENT], [UNSENT], [UNSENT]], 0, (False, False), id="never a connection"),
    ],
)
def test_what_a_failed_try_cost_does_not_depend_on_what_came_after_it(tries, cost, marks):
    """Each that may have been worked on is charged its prompt, however the call ended."""
    played = stage(policy=CallPolicy(RetryPolicy(retries=2)))
    with suppress(ClaudeError, KeyboardInterrupt):
        played.play(*tries)
    record = played.recorder.record
    assert (record.cost_pico, (record.estimated, record.maybe_billed)) == (cost, marks)


HERE = {"inference_geo": "us"}
MARKED = {**ASK.content[0], "cache_control": {"type": "ephemeral", "ttl": "1h"}}


@pytest.mark.parametrize(
    ("tries", "cost"),
    [
        pytest.param([SLOW], 6 * 2 * IN * 11 // 10, id="no answer: all that was set aside for the prompt"),
        pytest.param([[start()], DOWN], 10 * IN * 11 // 10, id="begun: what it was asked for"),
        pytest.param([[start(), BlockStart(0, TEXT)], DOWN], 10 * IN * 11 // 10, id="broken off: likewise"),
    ],
)
def test_what_was_asked_for_besides_is_not_lost_with_the_answer(tries, cost):
    """US inference costs more, and so does the cache for an hour: also where the provider could not say so any more."""
    asked = replace(OPUS, messages=(replace(ASK, content=(MARKED,)),), options=replace(OPUS.options, extra=HERE))
    played = stage(policy=CallPolicy(ONCE), request=asked)
    with suppress(ClaudeError):
        played.play(tries)
    assert played.recorder.record.cost_pico == cost


def test_a_refusal_before_any_word_costs_nothing():
    """It is not billed; one in mid-answer is, and so is the part before a continuation that is refused."""
    silent = [start(), *end("refusal")]
    assert stage().play([silent]).recorder.record.cost_pico == 0
    assert stage().play([whole("Hi", reason="refusal")]).recorder.record.cost_pico == COST
    further = stage(policy=CallPolicy(on_truncate="continue")).play([whole("Hel", reason="max_tokens")], [silent])
    assert (further.recorder.record.cost_pico, cost_of(further.call.completion(), catalogue())) == (COST, COST)


def test_a_continued_answer_without_a_price_counts_what_it_could_be():
    """Each of its parts at its worst, while it goes on and when it is over: nothing is free for being unpriced."""
    cut = [start(service_tier="priority"), *words("Hel"), *end("max_tokens")]
    played = stage(policy=CallPolicy(on_truncate="continue")).play(*[[cut]] * 2, [whole("lo")])
    plans = [told[0] for told in played.recorder.told[1:]]
    worst = [played.recorder.told[0].worst_pico, *(plan.worst_pico for plan in plans)]
    assert [spent for _, spent in played.recorder.told[1:]] == [worst[0], worst[0] + worst[1]]
    record = played.recorder.record
    assert (record.cost_pico, record.worst_pico) == (None, worst[0] + worst[1] + COST)


@pytest.mark.parametrize(
    ("events", "output"),
    [
        pytest.param([], 1, id="nothing but the start"),
        pytest.param([BlockStart(0, TEXT), TextDelta(0, "x" * 100)], 40, id="words"),
        pytest.param([BlockStart(0, {"type": "thinking"}), ThinkingDelta(0, "x" * 100)], 40, id="thinking"),
        pytest.param([*words("x" * 100), MessageDelta("end_turn", usage={"output_tokens": 30})], 30, id="counted"),
    ],
)
def test_an_answer_that_broke_off_is_estimated_by_what_came(events, output):
    """Its prompt is counted by the provider, what it wrote is reckoned until the provider has said it."""
    played = stage(policy=CallPolicy(ONCE))
    with suppress(ClaudeError):
        played.play([[start(output_tokens=1), *events], ConnectionFailedError("reset")])
    record = played.recorder.record
    assert (record.usage.input_tokens, record.usage.output_tokens) == (10, output)
    assert (record.cost_pico, record.estimated) == (10 * IN + output * OUT, output != 30)


def test_a_search_that_had_begun_is_charged():
    """A cent each, though the provider has not counted it yet."""
    played = stage(policy=CallPolicy(ONCE))
    with suppress(ClaudeError):
        played.play([[start(), *SEARCH], DOWN])
    assert played.recorder.record.cost_pico > 10**10


def test_a_call_that_was_never_sent_is_not_recorded():
    """Its breaker was open."""
    played = stage(policy=CallPolicy(ONCE))
    for _ in range(5):
        played.board.breaker("anthropic/claude-opus-5-5").admit().failed(DOWN)
    with suppress(ClaudeError):
        played.play()
    assert (played.recorder.told, played.recorder.records) == ([], [])


# ------------------------------------------------------------------------------------------------ what goes on
def test_a_continued_answer_is_one_call():
    """The next request is told with what the answer has cost, and the record is the sum."""
    played = stage(policy=CallPolicy(on_truncate="continue"))
    played.play([whole("Hel", reason="max_tokens")], [whole("lo", number=2)])
    first, (second, spent) = played.recorder.told
    assert (spent, second.input_tokens > first.input_tokens) == (COST, True)
    assert (played.recorder.record.cost_pico, played.recorder.record.usage.output_tokens) == (2 * COST, 10)


def test_a_continued_answer_that_breaks_off():
    """What came to its end is exact, the rest estimated."""
    played = stage(policy=CallPolicy(ONCE, on_truncate="continue"))
    with suppress(ClaudeError):
        played.play([whole("Hel", reason="max_tokens")], [[start(2)], DOWN])
    record = played.recorder.record
    assert (record.status, record.estimated, record.cost_pico) == ("stream_interrupted", True, COST + 10 * IN)


def test_another_model_goes_on_with_the_call():
    """The first one's tries cost nothing; its worst case is given back."""
    played = stage(policy=CallPolicy(ONCE, fallbacks=(SONNET,)))
    answer = [MessageStart("msg_1", "claude-sonnet-5-5", {"input_tokens": 10}), *words("Hi"), *end()]
    played.play([DOWN], [answer])
    assert played.recorder.told[1] == (Plan("claude-sonnet-5-5", 6, 2_000, False, 6 * 2_000_000, 10_000_000), 0)
    assert (played.recorder.record.model, played.recorder.record.cost_pico) == ("claude-sonnet-5-5", COST // 2)


# ------------------------------------------------------------------------------------------------ budgets
def test_a_lowered_max_tokens_is_sent_and_said():
    """Also where nobody watches: the answer may be shorter for it."""
    played = stage(40).play([whole("Hi")])
    assert played.asked[0].options.max_tokens == 40
    assert played.said == ["lowered_max_tokens: max_tokens lowered to 40: $0.00082 of the budget is left"]
    assert played.notices[0].changes_result and played.call.lowered


def test_each_try_and_each_leg_is_asked_for_what_was_allowed_it():
    """A lowered number holds for tries of the same request, and is looked at anew for the next."""
    played = stage(40, None, policy=CallPolicy(on_truncate="continue", flexible=True))
    played.play([DOWN], [whole("Hel", reason="max_tokens")], [whole("lo")])
    assert [request.options.max_tokens for request in played.asked] == [40, 40, 100]
    assert not played.call.lowered


def test_thinking_gets_less_where_the_answer_does():
    """Its budget has to be below max_tokens."""
    thinking = {"type": "enabled", "budget_tokens": 9_000}
    asked = replace(LOCAL, model="claude-haiku-4-5", options=LLMOptions(max_tokens=10_000, thinking=thinking))
    played = stage(2_000, request=asked).play([whole("Hi")])
    assert played.asked[0].options.thinking == {"type": "enabled", "budget_tokens": 1_999}
    assert "9,000 to 1,999" in played.said[1]
    assert stage(1_024, request=asked).fail(BudgetReachedError).exit_code == 9


@pytest.mark.parametrize(
    ("policy", "allows", "tries", "said"),
    [
        pytest.param(CallPolicy(), [0], [], "the purse is empty", id="the first request"),
        pytest.param(
            CallPolicy(on_truncate="continue"), [None, 0], [[whole("Hel", reason="max_tokens")]],
            "the answer is incomplete: the purse is empty", id="the rest of a cut answer",
        ),
        pytest.param(
            CallPolicy(), [None, 0], [[[start(), *SEARCH, *end("pause_turn")]]],
            "the answer is incomplete: the purse is empty", id="the rest of a paused answer",
        ),
        pytest.param(
            CallPolicy(ONCE, fallbacks=(SONNET,)), [None, 0], [[DOWN]],
            "claude-opus-5-5 failed (Overloaded), and claude-sonnet-5-5 is not asked: the purse is empty",
            id="another model",
        ),
    ],
)  # fmt: skip
def test_what_a_budget_does_not_allow_is_not_sent(policy, allows, tries, said):
    """It ends the call, what came stays, and what it cost is recorded exactly."""
    played = stage(*allows, policy=policy)
    assert str(played.fail(BudgetReachedError, *tries)) == said
    assert played.said == [] and len(played.asked) == len(tries)
    if tries:
        record = played.recorder.record
        searched = tries[0] != [DOWN]
        assert (record.status, record.estimated, record.cost_pico) == ("budget", False, COST if searched else 0)
    else:
        assert played.recorder.records == []


# ------------------------------------------------------------------------------------------------ whatever happens
TRIES = st.sampled_from(
    [
        [DOWN], [SLOW], [[start()], SLOW], [RequestRejectedError("bad")], [UsageError("bad")], [whole("Hi")],
        [whole("Hi", reason="refusal")], [whole("Hi", reason="max_tokens")], [[start(), *words("Hi")], DOWN],
        [[start(), *SEARCH, *end("pause_turn")]], [[start(), *words("Hi")], KeyboardInterrupt()], [KeyboardInterrupt()],
        [[start()]], [],
    ]
)  # fmt: skip


@given(
    st.lists(TRIES, max_size=8),
    st.lists(st.sampled_from([None, None, None, 50, 0]), max_size=4),
    st.sampled_from(["fail", "continue", "ok"]),
    st.booleans(),
)
def test_every_call_that_was_begun_is_settled_once(tries, allows, on_truncate, falls_back):
    """Whatever comes, in whatever order; `Book` fails where a ticket is settled twice or never given."""
    book = Book(list(allows))
    policy = CallPolicy(RetryPolicy(retries=2), (SONNET,) if falls_back else (), on_truncate=on_truncate)
    played = Stage(policy, OPUS, recorder=book)
    with suppress(ClaudeError, KeyboardInterrupt, IndexError, AssertionError):
        played.play(*tries)
    played.call.close()  # a second time, as a careless driver might
    assert not book.open and len(book.records) == book.begun <= 1


def held(peer, data: bytes) -> None:
    """Answer with `data`, and wait until the client leaves."""
    peer.answer(data)
    peer.wait()


BEGUN = head() + frames(EVENTS[:4])


@pytest.mark.parametrize(
    ("play", "policy", "leave", "status", "usage", "marks"),
    [
        pytest.param(
            lambda peer: peer.answer(response()), CallPolicy(), False, "done", (3, 5), (False, False), id="done"
        ),
        pytest.param(
            lambda peer: peer.answer(error_response(400, "invalid_request_error")), CallPolicy(), False,
            "invalid_request", (0, 0), (False, False), id="400",
        ),
        pytest.param(
            lambda peer: peer.answer(error_response(529, "overloaded_error")), CallPolicy(ONCE), False,
            "overloaded", (0, 0), (False, False), id="529",
        ),
        pytest.param(
            lambda peer: held(peer, b""), CallPolicy(RetryPolicy(timeout_s=0.1)), False,
            "timeout", (5, 0), (True, True), id="no answer in time",
        ),
        pytest.param(
            lambda peer: held(peer, BEGUN), CallPolicy(RetryPolicy(timeout_s=0.3)), False,
            "stream_interrupted", (3, 2), (True, False), id="the rest not in time",
        ),
        pytest.param(
            lambda peer: peer.answer(BEGUN), CallPolicy(), False,
            "stream_interrupted", (3, 2), (True, False), id="cut",
        ),
        pytest.param(
            lambda peer: held(peer, BEGUN), CallPolicy(), True, "aborted", (3, 2), (True, False), id="left",
        ),
    ],
)  # fmt: skip
def test_the_ends_of_a_real_call(caller, serve, play, policy, leave, status, usage, marks):
    """By both drivers. The server is left before that is written down."""
    gone = []
    server = serve(play)
    caller.recorder = Book(on_settle=lambda record: gone.append(server.left.wait(WAIT_S) if leave else True))
    caller.call(server.url, policy, until_text=leave)
    record = caller.recorder.record
    assert (record.status, record.model, gone) == (status, "claude-sonnet-5-5", [True])
    assert (record.usage.input_tokens, record.usage.output_tokens) == usage
    assert record.cost_pico == usage[0] * 2_000_000 + usage[1] * 10_000_000
    assert (record.estimated, record.maybe_billed) == marks
    assert record.request_id == (None if status == "timeout" else REQUEST_ID)
    assert record.duration_ms is not None and (record.ttft_ms is None) == (usage[1] == 0)


def test_a_connection_that_was_refused_costs_nothing(caller):
    """Nobody was there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    caller.recorder = Book()
    caller.call(url, CallPolicy(RetryPolicy(retries=1)))
    assert (caller.recorder.record.status, caller.recorder.record.cost_pico) == ("connection", 0)


@pytest.mark.parametrize(
    ("step", "cost"),
    [
        pytest.param({"delay_s": 60}, 5 * 2_000_000, id="before the head"),
        pytest.param({"say": "one two", "stall_after": 8}, None, id="in the midst"),
    ],
)
def test_a_cancelled_task_is_recorded(step, cost):
    """As aborted; before the answer began its prompt is charged by our estimate."""
    book = Book()

    async def main() -> None:
        async with Simulator(script=[step]) as simulator:
            config = ProviderConfig(credential("test-key", source="the test"), simulator.url, environ={})
            async with AnthropicProvider.configured(config) as provider:
                around = surroundings("anthropic", recorder=book)
                call = Call(REQUEST, CallPolicy(), around)

                async def consume() -> None:
                    async for _ in Client(provider, around).run(call):
                        pass

                task = asyncio.ensure_future(consume())
                while not (call.text if cost is None else simulator.requests):
                    await asyncio.sleep(0.005)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

    asyncio.run(main())
    assert (book.record.status, book.record.estimated, book.record.maybe_billed) == ("aborted", True, False)
    assert cost in (None, book.record.cost_pico)
