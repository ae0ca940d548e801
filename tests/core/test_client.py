"""Whole calls against the simulator, by `Client` and by the blocking driver: what is tried again, and what never is."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import traceback
from contextlib import aclosing
from dataclasses import replace

import pytest

from claude_cli.core.breaker import BreakerLimits
from claude_cli.core.call import Call
from claude_cli.core.client import Client, stepwise
from claude_cli.core.errors import (
    BreakerOpenError,
    ClaudeError,
    ConnectionFailedError,
    OverloadedError,
    StreamInterruptedError,
    TimedOutError,
)
from claude_cli.core.events import BlockStart, MessageDelta, MessageDone, MessageStart, TextDelta
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, text_block
from claude_cli.core.prepare import surroundings
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.base import LLMProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.core.telemetry import CallError, Emitter, LoggingSink, RequestStop, Retry
from claude_cli.simulator import Simulator

from ..loopback import REQUEST_ID, error_response, response

REQUEST = ChatRequest("claude-sonnet-5-5", (Message("user", (text_block("hi"),)),), options=LLMOptions(max_tokens=100))
HAIKU = replace(REQUEST, model="claude-haiku-5-5")
BUSY = {"status": 529}


def told(caller, kind):
    return [event for event in caller.told if isinstance(event, kind)]


# ------------------------------------------------------------------------------------------------ retries
def test_overloaded_twice_then_an_answer(caller, simulate):
    """The official delays; the user sees one answer, as if nothing had been."""
    simulator = simulate({**BUSY, "times": 2}, {"say": "Hello"})

    call = caller.call(simulator.url)

    assert caller.answer.error is None
    assert call.completion().text == caller.answer.text == "Hello"
    assert caller.waits == [0.5, 1.0]
    assert len(simulator.requests) == 3
    assert [type(event) for event in caller.answer.events].count(MessageStart) == 1
    assert [event.wait_s for event in told(caller, Retry)] == [0.5, 1.0]
    assert told(caller, RequestStop)[0].request_id == call.completion().request_id
    assert all(event.request_id for event in told(caller, CallError))


@pytest.mark.parametrize(
    ("step", "waits"),
    [
        pytest.param({"status": 429, "retry_after": 7}, [7.0], id="retry-after"),
        pytest.param({"status": 429, "retry_after": 7, "retry_after_ms": 250}, [0.25], id="retry-after-ms"),
        pytest.param({"status": 400, "should_retry": True}, [0.5], id="x-should-retry"),
        pytest.param({"status": 500, "html": True}, [0.5], id="a proxy's page"),
        pytest.param({"status": 502, "empty": True}, [0.5], id="an empty body"),
        pytest.param({"drop": True}, [0.5], id="no answer at all"),
        pytest.param({"cut_after": 0}, [0.5], id="cut at the first byte"),
        pytest.param({"cut_after": 1}, [0.5], id="cut after message_start"),
        pytest.param({"error_after": 0}, [0.5], id="an error event at once"),
        pytest.param({"error_after": 1}, [0.5], id="an error event before the first block"),
        pytest.param({"ok_error": True}, [0.5], id="status 200 with an error body"),
    ],
)
def test_what_is_tried_again(caller, simulate, step, waits):
    """Everything that may pass, as long as no word has come."""
    simulator = simulate(step, {"say": "Hello"})
    call = caller.call(simulator.url)
    assert (caller.answer.error, call.completion().text, caller.waits) == (None, "Hello", waits)
    assert len(simulator.requests) == 2


@pytest.mark.parametrize(
    ("step", "exit_code"),
    [
        pytest.param({"status": 400}, 4, id="400"),
        pytest.param({"status": 401}, 3, id="401"),
        pytest.param({"status": 404}, 4, id="404"),
        pytest.param({"status": 413}, 4, id="413"),
        pytest.param({"status": 529, "should_retry": False}, 5, id="x-should-retry says no"),
        pytest.param({"status": 429, "error_code": "enforced_spend_limit_reached"}, 3, id="the spend cap"),
        pytest.param({"status": 429, "error_code": "contract_spend_limit_reached"}, 3, id="the contract's spend cap"),
        pytest.param({"status": 302, "location": "https://elsewhere.test"}, 4, id="a redirect"),
        pytest.param({"status": 200, "html": True}, 6, id="HTML with status 200"),
        pytest.param({"garbage_after": 0}, 6, id="garbage instead of events"),
    ],
)
def test_what_is_not_tried_again(caller, simulate, step, exit_code):
    """Waiting would not help, and a person has to look."""
    simulator = simulate(step)
    caller.call(simulator.url)
    assert caller.answer.error.exit_code == exit_code
    assert caller.answer.error.request_id
    assert caller.waits == []
    assert len(simulator.requests) == 1


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"error_after": 8, "say": "one two three four"}, id="an error event"),
        pytest.param({"cut_after": 8, "say": "one two three four"}, id="cut"),
        pytest.param({"cut_after": 8, "reset": True, "say": "one two three four"}, id="reset"),
        pytest.param({"message_stop": False, "say": "one two three four"}, id="no last event"),
        pytest.param({"garbage_after": 8, "say": "one two three four"}, id="garbage"),
    ],
)
def test_after_the_first_block_nothing_is_repeated(caller, simulate, step):
    """What came is kept and told as incomplete; a second try would repeat it, and be billed."""
    simulator = simulate(step)

    call = caller.call(simulator.url, CallPolicy(fallbacks=(HAIKU,)))

    error = caller.answer.error
    assert isinstance(error, StreamInterruptedError)
    assert error.exit_code == 7
    assert error.partial == call.text == caller.answer.text
    assert error.partial.startswith("one")
    assert error.request_id == call.completion().request_id is not None
    assert caller.waits == []
    assert len(simulator.requests) == 1


def test_a_wait_longer_than_the_time_left_ends_at_once(caller, simulate):
    """Exit 5 with the seconds, so that a script knows when to come again."""
    simulator = simulate({"status": 429, "retry_after": 120})
    caller.call(simulator.url, CallPolicy(RetryPolicy(retry_for_s=60)))
    assert (caller.answer.error.exit_code, caller.answer.error.retry_after_s) == (5, 120)
    assert caller.waits == []


def test_retries_are_bounded_when_a_number_is_given(caller, simulate):
    """`--retries 2` is three requests."""
    simulator = simulate({**BUSY, "times": "always"})
    caller.call(simulator.url, CallPolicy(RetryPolicy(retries=2)))
    assert isinstance(caller.answer.error, OverloadedError)
    assert len(simulator.requests) == 3


def test_a_host_that_refuses_is_tried_twice(caller):
    """A typo does not heal in a minute."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    caller.call(f"http://127.0.0.1:{port}")
    assert caller.answer.error.kind == "refused"
    assert caller.waits == [0.5]


def test_a_connection_lost_before_the_answer_is_told_as_that(caller, simulate):
    """When all retries are used up it is no interruption: nothing had come."""
    simulator = simulate({"cut_after": 1, "times": "always"})
    caller.call(simulator.url, CallPolicy(RetryPolicy(retries=1)))
    assert isinstance(caller.answer.error, ConnectionFailedError)
    assert caller.answer.error.exit_code == 6
    assert caller.answer.error.request_id


def test_the_deadline_bounds_the_whole_call(caller, simulate):
    """A provider that stalls after its first words: what came stays, and the time is over."""
    simulator = simulate({"stall_after": 8, "say": "one two three"})
    caller.call(simulator.url, CallPolicy(RetryPolicy(timeout_s=0.1)))
    error = caller.answer.error
    assert isinstance(error, StreamInterruptedError)
    assert isinstance(error.__cause__, TimedOutError)
    assert "--timeout" in str(error)
    assert error.partial.startswith("one")


def test_a_paused_turn_is_continued(caller, simulate):
    """A server tool paused: the same turn goes on in a second request, and is told as one answer."""
    simulator = simulate({"say": "Half. ", "stop_reason": "pause_turn"}, {"say": "Whole."})
    call = caller.call(simulator.url)
    assert (caller.answer.error, call.completion().text) == (None, "Half. Whole.")
    assert call.completion().stop_reason == "end_turn"
    assert [type(event) for event in caller.answer.events].count(MessageDone) == 1
    assert simulator.requests[1].json["messages"][-1]["role"] == "assistant"


# ------------------------------------------------------------------------------------------------ fallback
def test_another_model_answers_where_it_was_asked_for(caller, simulate):
    """After the tries a model gets when another stands ready; and it is said."""
    simulator = simulate({**BUSY, "model": REQUEST.model, "times": "always"}, {"say": "Hello"})

    call = caller.call(simulator.url, CallPolicy(fallbacks=(HAIKU,)))

    assert (caller.answer.error, call.completion().text) == (None, "Hello")
    assert call.completion().model == HAIKU.model
    assert [request.json["model"] for request in simulator.requests] == [REQUEST.model] * 3 + [HAIKU.model]
    (notice,) = [notice for notice in caller.notices if notice.code == "fallback"]
    assert notice.changes_result
    assert REQUEST.model in notice.text
    assert HAIKU.model in notice.text


def test_without_being_asked_no_other_model_answers(caller, simulate):
    """The client never substitutes a model in silence."""
    simulator = simulate({**BUSY, "times": "always"})
    caller.call(simulator.url, CallPolicy(RetryPolicy(retries=3)))
    assert {request.json["model"] for request in simulator.requests} == {REQUEST.model}


# ------------------------------------------------------------------------------------------------ leaving
def test_who_stops_reading_closes_the_upstream_connection(caller, simulate):
    """Ctrl-C, a closed pipe, a `break`: the provider must not go on working for nobody."""
    simulator = simulate({"say": "one two three", "stall_after": 8})
    caller.call(simulator.url, until_text=True)
    simulator.settled()
    assert caller.answer.text.startswith("one")
    assert [request.aborted for request in simulator.requests] == [True]


def provider_for(url: str, key: str = "test-key") -> AnthropicProvider:
    return AnthropicProvider.configured(ProviderConfig(credential(key, source="the test"), url, environ={}))


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"delay_s": 60}, id="before the head"),
        pytest.param({"stall_after": 0}, id="before the first event"),
        pytest.param({"stall_after": 8}, id="in the midst"),
        pytest.param({"stall_after": 2, "pings": True, "ping_s": 0.005}, id="among pings"),
    ],
)
def test_a_cancelled_call_closes_the_upstream_connection(step):
    """Wherever it stood; and it says nothing about the provider's health."""

    async def main() -> tuple[bool, str]:
        async with Simulator(script=[step]) as simulator, provider_for(simulator.url) as provider:
            around = surroundings("anthropic")
            task = asyncio.ensure_future(Client(provider, around).complete(REQUEST))
            while not simulator.requests:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(simulator.settled(), 10)
            return simulator.requests[0].aborted, around.board.breaker(f"anthropic/{REQUEST.model}").state

    assert asyncio.run(main()) == (True, "closed")


@pytest.mark.parametrize("floor", ["client", "provider"])
def test_a_generator_that_is_left_closes_the_upstream_connection(floor):
    """`aclose` reaches the socket at every floor, without waiting for the collector."""

    async def main() -> list[bool]:
        async with (
            Simulator(script=[{"say": "one two", "stall_after": 8}]) as simulator,
            provider_for(simulator.url) as provider,
        ):
            source = Client(provider, surroundings("anthropic")) if floor == "client" else provider
            async with aclosing(source.stream(REQUEST)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        break
            await asyncio.wait_for(simulator.settled(), 10)
            return [request.aborted for request in simulator.requests]

    assert asyncio.run(main()) == [True]


# ------------------------------------------------------------------------------------------------ breaker
class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_of_a_hundred_calls_on_a_half_open_breaker_one_gets_through():
    """It is the probe: the others fail at once, and when it succeeds all may go."""
    clock = Clock()

    async def main():
        script = [{**BUSY, "times": 2}, {"say": "Hello", "delay_s": 0.1}]
        async with Simulator(script=script) as simulator, provider_for(simulator.url) as provider:
            around = surroundings("anthropic", clock=clock, limits=BreakerLimits(consecutive=2))
            client, once = Client(provider, around), CallPolicy(RetryPolicy(retries=0))
            for _ in range(2):
                with pytest.raises(OverloadedError):
                    await client.complete(REQUEST, once)
            with pytest.raises(BreakerOpenError):
                await client.complete(REQUEST, once)
            clock.now += 31
            results = await asyncio.gather(
                *(client.complete(REQUEST, once) for _ in range(100)), return_exceptions=True
            )
            after = await client.complete(REQUEST, once)
            return len(simulator.requests), results, after

    requests, results, after = asyncio.run(main())

    assert requests == 4
    assert [type(result) for result in results].count(BreakerOpenError) == 99
    assert [getattr(result, "text", "") for result in results].count("Hello") == 1
    assert after.text


def test_a_hundred_calls_share_a_few_connections():
    """More than the pool holds: they wait for their turn, and all are answered."""

    async def main() -> set[str]:
        async with (
            Simulator(script=[{"say": "Hello", "times": "always"}]) as simulator,
            provider_for(simulator.url) as provider,
        ):
            client = Client(provider, surroundings("anthropic"))
            answers = await asyncio.gather(*(client.complete(REQUEST) for _ in range(100)))
            return {answer.text for answer in answers}

    assert asyncio.run(main()) == {"Hello"}


# ------------------------------------------------------------------------------------------------ plugins' answers
class Scripted(LLMProvider):
    """A provider that yields the given batches."""

    PROVIDER_NAME, DISPLAY_NAME, API_KEY_NAME = "scripted", "Scripted", "SCRIPTED_KEY"

    def __init__(self, *batches):
        super().__init__()
        self.batches = batches

    async def stream_batches(self, request):
        for batch in self.batches:
            if isinstance(batch, Exception):
                raise batch
            if batch == 143.0:
                asyncio.get_running_loop().call_soon(sys.exit, 143)  # as SIGTERM does it, in the midst of a step
            if isinstance(batch, float):
                await asyncio.sleep(batch)
            else:
                yield batch

    async def stream(self, request):
        yield MessageDone()

    async def get_available_models(self):
        return []


WORDS = (MessageStart("msg_1", "m"), BlockStart(0, {"type": "text", "text": ""}), TextDelta(0, "Hello"))
END = (MessageDelta("end_turn"), MessageDone())


def test_an_empty_batch_is_not_the_end():
    """A provider that knows better than one event at a time may have had nothing to say."""
    done = asyncio.run(Client(Scripted((), WORDS, (), END), surroundings("scripted")).complete(REQUEST))
    assert done.text == "Hello"


def test_the_deadline_holds_for_every_provider():
    """Also for one that keeps no clocks of its own; what came is in the error."""
    client = Client(Scripted(WORDS, 60.0), surroundings("scripted"))
    with pytest.raises(StreamInterruptedError, match="--timeout") as caught:
        asyncio.run(client.complete(REQUEST, CallPolicy(RetryPolicy(timeout_s=0.05))))
    assert caught.value.partial == "Hello"


@pytest.mark.parametrize("timeout_s", [None, 60.0])
def test_a_timeout_of_the_providers_own_is_not_the_deadline(timeout_s):
    """A plugin that lets one of its library's errors through is not told to have run out of time."""
    client = Client(Scripted(TimeoutError("the parrot's own")), surroundings("scripted"))
    with pytest.raises(TimeoutError, match="parrot"):
        asyncio.run(client.complete(REQUEST, CallPolicy(RetryPolicy(timeout_s=timeout_s))))


def test_a_step_that_is_broken_off_ends_first():
    """SIGTERM leaves it under way: it is closed before the program goes, with the status that is meant."""
    around = surroundings("scripted")
    batches = stepwise(Scripted(WORDS, 143.0), Call(REQUEST, CallPolicy(), around), around)
    assert tuple(next(batches)) == WORDS
    with pytest.raises(SystemExit) as caught:
        next(batches)
    assert caught.value.code == 143


def test_a_signal_between_two_steps_stops_no_later_one():
    """A step that is over has still to stop its loop; where a signal comes first, that must not stop the next one."""

    class Stopped(Scripted):
        async def stream_batches(self, request):
            yield WORDS
            asyncio.get_running_loop().call_soon(sys.exit, 143)
            yield (TextDelta(0, "!"),)

        async def aclose(self):
            await asyncio.sleep(0)

    around = surroundings("scripted")
    batches = stepwise(Stopped(), Call(REQUEST, CallPolicy(), around), around)
    assert tuple(next(batches)) == WORDS
    with pytest.raises(SystemExit) as caught:
        next(batches)
    assert caught.value.code == 143


def test_client_stream_gives_the_events_one_by_one():
    """The same events as in batches, for people who write `async for event in …`."""

    async def main():
        return [event async for event in Client(Scripted(WORDS, END), surroundings("scripted")).stream(REQUEST)]

    events = asyncio.run(main())
    assert events[:3] == list(WORDS)
    assert isinstance(events[-1], MessageDone)


# ------------------------------------------------------------------------------------------------ secrets and ids
CANARIES = ("sk-ant-api03-canary_0123456789", "gateway-canary-0123456789")


@pytest.mark.parametrize("key", CANARIES, ids=["Anthropic's", "another"])
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda key: error_response(401, "authentication_error", f"invalid x-api-key {key}"), id="message"),
        pytest.param(lambda key: response(f"<p>x-api-key: {key}".encode(), 200, kind="text/html"), id="HTML"),
        pytest.param(lambda key: response(f"data: {key}\n\n".encode()), id="frame"),
        pytest.param(lambda key: response(b"", 302, f"location: https://x.test/?key={key}", kind=""), id="location"),
        pytest.param(lambda key: response(b"", 529, kind=""), id="nothing"),
        pytest.param(lambda key: f"HTTP/1.1 {key}\r\n\r\n".encode(), id="status line"),
        pytest.param(lambda key: f"{key}\r\n\r\n".encode(), id="no HTTP"),
        pytest.param(lambda key: b"", id="cut"),
    ],
)
def test_a_key_is_nowhere_but_on_the_wire(caller, serve, caplog, capsys, answer, key):
    """Not in a message, a repr, a traceback or a log, also when the server says it back."""
    caplog.set_level(logging.DEBUG, logger="claude_cli")
    server = serve(lambda peer: peer.answer(answer(key)))
    sink = LoggingSink(logging.getLogger("claude_cli.test"))

    caller.call(server.url, CallPolicy(RetryPolicy(retries=1)), key=key)
    for event in caller.told:
        sink(event)

    assert key.encode() in server.requests[0]
    error = caller.answer.error
    assert isinstance(error, ClaudeError)
    config = provider_for(server.url, key).config
    shown = [
        str(error), repr(error), repr(error.args), repr(vars(error)), "".join(traceback.format_exception(error)),
        caplog.text, repr(caller.told), repr(caller.notices), repr(config), repr(config.key), *capsys.readouterr(),
    ]  # fmt: skip
    assert len(caplog.records) >= 2
    assert "canary" not in "\n".join(shown)


@pytest.mark.parametrize(
    "step",
    [
        {"status": 529}, {"status": 401}, {"error_after": 0}, {"error_after": 8, "say": "a b c"}, {"cut_after": 0},
        {"cut_after": 8, "say": "a b c"}, {"garbage_after": 0}, {"status": 200, "html": True},
    ],
    ids=str,
)  # fmt: skip
def test_every_failure_names_its_request(caller, simulate, step):
    """The id is what the provider's support asks for first."""
    simulator = simulate(step)
    caller.call(simulator.url, CallPolicy(RetryPolicy(retries=0)))
    assert caller.answer.error.request_id.startswith("req_")
    assert [event.request_id for event in told(caller, CallError)] == [caller.answer.error.request_id]


def test_a_log_is_written_while_somebody_listens_and_only_then(serve):
    """Telemetry is free when nobody does: the emitter is falsy, and nothing is built."""
    assert not Emitter()
    server = serve(response())

    async def main():
        async with provider_for(server.url) as provider:
            return await Client(provider, surroundings("anthropic", emitter=Emitter())).complete(REQUEST)

    assert asyncio.run(main()).request_id == REQUEST_ID
