"""What goes wrong behind the gateway, and what its client gets: a row for each fault."""

from __future__ import annotations

import asyncio
import socket

import pytest

from claude_cli.core.breaker import BreakerLimits
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy

from ..loopback import EVENTS, WAIT_S, Loopback, frames, head
from .conftest import chat_bytes, eventually

OVERLOADED, BROKEN, LIMITED = {"status": 529}, {"status": 500}, {"status": 429, "retry_after": 1}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("script", "tries", "waits"),
    [
        ([{**OVERLOADED, "times": 2}, {"say": "ok"}], 3, 2),
        ([{**BROKEN, "times": 2}, {"say": "ok"}], 3, 2),
        ([LIMITED, {"say": "ok"}], 2, [1.0]),
        ([{"drop": True}, {"say": "ok"}], 2, 1),
        ([{"error_after": 1}, {"say": "ok"}], 2, 1),
        ([{"cut_after": 1}, {"say": "ok"}], 2, 1),
        ([{"say": "ok", "cut_after": 2}, {"say": "ok"}], 2, 1),
    ],
    ids=[
        "529-529", "500-500", "429-retry-after", "dropped", "error-before-content", "cut-before-content",
        "cut-in-empty-block",
    ],
)  # fmt: skip
def test_a_fault_that_passes_costs_the_client_nothing_but_time(gateway, script, tries, waits, stream):
    """Before the first content nothing has been shown, so a try may be made again, after what the provider asks for."""
    running = gateway(script)
    answer = running.chat(stream=stream)
    assert (answer.status, answer.text) == (200, "ok")
    assert len(running.upstream.requests) == tries
    assert running.waits == waits if isinstance(waits, list) else len(running.waits) == waits


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("fault", "status", "kind", "code"),
    [
        ({"status": 400}, 400, "invalid_request_error", None),
        ({"status": 401}, 502, "upstream_auth_error", "upstream_auth_error"),
        ({"status": 403}, 502, "upstream_auth_error", "upstream_auth_error"),
        ({"status": 413}, 413, "invalid_request_error", "request_too_large"),
    ],
    ids=["400", "our-key", "our-permission", "413"],
)
def test_a_fault_that_stays_is_told_after_one_try(gateway, fault, status, kind, code, stream):
    """Sending it again cannot help; and what is wrong with our key is not what is wrong with the client's."""
    running = gateway([{**fault, "times": "always"}])
    answer = running.chat(stream=stream)
    assert answer.status == status
    assert (answer.error["type"], answer.error["code"]) == (kind, code)
    assert len(running.upstream.requests) == 1
    assert answer.headers["x-upstream-request-id"] == "req_sim_1"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_once_our_tries_are_spent_the_client_is_told_not_to_try_on(gateway, stream):
    """OpenAI's clients try three times by themselves: ours times theirs is a storm on a provider that is ill."""
    running = gateway([{**OVERLOADED, "times": "always"}], policy=CallPolicy(RetryPolicy(retries=2)))
    answer = running.chat(stream=stream)
    assert answer.status == 503 and answer.error["code"] == "overloaded"
    assert answer.headers["x-should-retry"] == "false" and int(answer.headers["retry-after"]) > 0
    assert len(running.upstream.requests) == 3


def test_a_breaker_that_is_open_is_told_at_once(gateway):
    """A client that hears at once, and for how long, can wait or ask elsewhere; one that hangs cannot."""
    policy = CallPolicy(RetryPolicy(retries=0))
    running = gateway([{**OVERLOADED, "times": "always"}], policy=policy, breaker=BreakerLimits(consecutive=1))
    assert running.chat().status == 503
    answer = running.chat()
    assert answer.status == 503 and 0 < int(answer.headers["retry-after"]) <= 30
    assert "x-should-retry" not in answer.headers
    assert len(running.upstream.requests) == 1 and running.waits == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_another_model_answers_where_the_first_one_fails(gateway, stream):
    """And the response says which: a cheaper model's answer must not pass for a dear one's."""
    script = [{**OVERLOADED, "model": "claude-haiku-4-5-20251001", "times": "always"}]
    running = gateway(script, config={"fallback_models": ("claude-haiku-4-5", "sonnet")})
    answer = running.chat(stream=stream)
    assert answer.status == 200
    asked = [request.json["model"] for request in running.upstream.requests]
    assert asked[:-1] == ["claude-haiku-4-5-20251001"] * 3 and asked[-1].startswith("claude-sonnet")
    assert answer.headers["x-claude-cli-model"] == asked[-1]
    named = answer.json if not stream else answer.data[0]
    assert named["model"] == "claude-haiku-4-5"


@pytest.mark.parametrize(
    "step",
    [{"error_after": 5, "type": "overloaded_error"}, {"cut_after": 5}, {"cut_after": 5, "reset": True}],
    ids=["error-event", "cut", "reset"],
)
def test_a_stream_that_breaks_ends_with_one_error_and_no_done(gateway, step):
    """A half answer that looks whole is the worst of all; and what has been shown is never asked for again."""
    running = gateway([{"say": "one two three four five six", **step}])
    answer = running.chat(stream=True)
    assert answer.status == 200
    *chunks, last = answer.data
    assert chunks and all("error" not in chunk and chunk["choices"][0]["finish_reason"] is None for chunk in chunks)
    assert set(last["error"]) == {"message", "type", "param", "code"}
    assert b"[DONE]" not in answer.body
    assert len(running.upstream.requests) == 1
    [visit] = running.wait_visits(1)
    assert visit.code == last["error"]["code"]


def _unreasoned(peer):
    """An end that does not say why."""
    peer.answer(head() + frames([*EVENTS[:6], EVENTS[7]]))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_answer_that_ends_without_a_reason_is_a_broken_one(gateway, stream):
    """We do not make one up: "stop" would say that this is all of it."""
    with Loopback(_unreasoned) as upstream:
        running = gateway(upstream=upstream.url)
        answer = running.chat(stream=stream)
    [visit] = running.wait_visits(1)
    assert visit.call.record.status == visit.code == "stream_interrupted" and visit.call.record.estimated
    if not stream:
        assert (answer.status, answer.error["code"]) == (502, "stream_interrupted")
        return
    *chunks, last = answer.data
    assert answer.text == "Grüß Gott" and all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks)
    assert last["error"]["code"] == "stream_interrupted" and b"[DONE]" not in answer.body


def test_a_whole_answer_that_breaks_is_an_error_and_no_half(gateway):
    """The same unstreamed: nothing has left, so it can be a real status."""
    running = gateway([{"say": "one two three four", "cut_after": 5}], policy=CallPolicy(RetryPolicy(retries=0)))
    answer = running.chat()
    assert answer.status == 502 and answer.error["code"]


def _until_left(peer):
    """Send an answer's beginning, and wait for the reader to leave."""
    if peer.request() is not None:
        peer.send(head() + frames(EVENTS[:4]))
        peer.wait()


def _silent(peer):
    """Never answer."""
    if peer.request() is not None:
        peer.wait()


@pytest.mark.parametrize(
    ("play", "stream"),
    [(_until_left, True), (_silent, True), (_until_left, False), (_silent, False)],
    ids=["in-stream", "before-stream", "unstreamed-begun", "unstreamed-silent"],
)
def test_a_client_that_leaves_is_not_paid_for_any_longer(gateway, play, stream):
    """Upstream goes on writing, and billing, until somebody hangs up."""
    with Loopback(play) as upstream:
        running = gateway(upstream=upstream.url)
        with socket.create_connection(("127.0.0.1", running.port), WAIT_S) as client:
            client.sendall(chat_bytes(stream=stream))
            if stream and play is _until_left:
                assert client.recv(1) == b"H"
            else:
                assert eventually(lambda: upstream.requests)
        assert upstream.left.wait(1.0), "upstream is still being read"
        [visit] = running.wait_visits(1)
        assert visit.code == "cancelled" and visit.status == (200 if stream and play is _until_left else 499)
        assert running.gateway.room.inside == 0
        assert visit.call.record.status == "aborted"


def test_a_client_that_leaves_while_a_retry_is_waited_for_ends_it(gateway):
    """No try is made for nobody."""
    waiting = []

    async def forever(seconds: float) -> None:
        waiting.append(seconds)
        await asyncio.Event().wait()

    running = gateway([{**OVERLOADED, "times": "always"}], sleep=forever)
    with socket.create_connection(("127.0.0.1", running.port), WAIT_S) as client:
        client.sendall(chat_bytes())
        assert eventually(lambda: waiting)
    [visit] = running.wait_visits(1)
    assert (visit.code, len(running.upstream.requests)) == ("cancelled", 1)


def test_a_client_that_leaves_the_queue_makes_room_in_it(gateway):
    """Else a few impatient clients fill the queue for everybody."""
    with Loopback(_silent) as upstream:
        running = gateway(upstream=upstream.url, config={"at_once": 1, "waiting": 1})
        with socket.create_connection(("127.0.0.1", running.port), WAIT_S) as first:
            first.sendall(chat_bytes())
            assert eventually(lambda: upstream.requests)
            with socket.create_connection(("127.0.0.1", running.port), WAIT_S) as second:
                second.sendall(chat_bytes())
                assert eventually(lambda: running.gateway.room.waiting == 1)
                refused = running.chat()
                assert refused.status == 503 and refused.error["code"] == "overloaded"
                assert int(refused.headers["retry-after"]) > 0
            assert eventually(lambda: running.gateway.room.waiting == 0)
        running.wait_visits(3)
        assert running.gateway.room.inside == 0 and len(upstream.requests) == 1
