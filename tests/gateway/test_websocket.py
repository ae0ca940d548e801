"""`/socket`: conversations over a WebSocket, several at once, cancelled and broken off."""

from __future__ import annotations

import socket

import pytest

from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.gateway.limits import make_limiter
from claude_cli.storage.books import RunBooks

from ..loopback import EVENTS, WAIT_S, Loopback, frames, head
from .conftest import HELLO
from .sockets import Talk, text_of

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
def talk(gateway):
    """Starts a gateway and connects to it."""
    open_talks = []

    def start(*given, **options):
        running = gateway(*given, **options)
        open_talks.append(Talk(running))
        return running, open_talks[-1]

    yield start
    for each in open_talks:
        each.close()


def test_a_conversation_begins_comes_in_deltas_and_ends_with_its_usage(talk):
    """The four kinds of messages, in the order and form that the protocol tells; each delta is OpenAI's."""
    running, client = talk([{"say": "Grüß Gott, 世界 🙂"}])
    client.ask("a")
    start, *deltas, done = client.answer()
    assert start["event"] == "chat:start" and start["payload"]["model"] == HELLO["model"]
    assert start["payload"]["id"].startswith("chatcmpl-") and start["payload"]["created"] > 0
    assert start["payload"]["headers"]["x-claude-cli-model"].startswith("claude-haiku-4-5")
    assert {each["event"] for each in deltas} == {"chat:delta"} and text_of(deltas) == "Grüß Gott, 世界 🙂"
    assert {each["ref"] for each in (start, *deltas, done)} == {"a"}
    assert done["event"] == "chat:done"
    payload = done["payload"]
    assert payload["finish_reason"] == "stop" and payload["cost_usd"] > 0 and not payload["estimated"]
    usage = payload["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    visit = running.wait_visits(1)[0]
    assert (visit.method, visit.route, visit.status, visit.stream) == ("WS", "/socket", 200, True)
    assert visit.id == start["payload"]["headers"]["x-request-id"] and visit.settled.cost_pico > 0


def test_the_same_words_as_over_http(gateway):
    """Neither way of asking may know more than the other."""
    running = gateway()
    with Talk(running) as client:
        client.ask()
        heard = client.answer()
    assert text_of(heard) == running.chat(stream=True).text
    assert heard[0]["ref"] is None


@pytest.mark.parametrize("ref", ["a", "", "\ud83d", 'say "hi"', 0, 1.5, -7, 2**53], ids=repr)
def test_a_ref_comes_back_as_it_was(talk, ref):
    """Whatever a client calls its conversation, it finds it by that, half a character included."""
    _, client = talk()
    client.ask(ref)
    assert {type(each["ref"]) for each in client.answer()} == {type(ref)}
    client.say("ping", ref=ref)
    assert client.hear() == {"event": "pong", "ref": ref, "payload": {}}


def test_a_tool_call_comes_as_openai_s_deltas(talk):
    """The same pieces that the chunks of HTTP have, so that one program can put either together."""
    _, client = talk([{"stop_reason": "tool_use", "tool": "weather", "tool_input": {"city": "Rome"}}])
    client.ask(tools=[TOOL])
    heard = client.answer()
    calls = [call for each in heard if each["event"] == "chat:delta" for call in each["payload"].get("tool_calls", ())]
    assert calls[0]["function"]["name"] == "weather" and calls[0]["id"]
    assert "".join(call["function"]["arguments"] for call in calls).replace(" ", "") == '{"city":"Rome"}'
    assert heard[-1]["payload"]["finish_reason"] == "tool_calls"


def test_several_conversations_at_once_do_not_mix(talk):
    """Each has its ref; one that waits does not hold up the others."""
    words = {ref: " ".join(f"{ref}{number}" for number in range(50)) for ref in "abcdef"}
    _, client = talk([{"say": text, "delay_s": 0.01} for text in words.values()])
    for ref in words:
        client.ask(ref)
    heard = []
    for _ in words:
        heard += client.answer()
    answers = {ref: [each for each in heard if each["ref"] == ref] for ref in words}
    assert {text_of(each) for each in answers.values()} == set(words.values())
    assert all([each[0]["event"], each[-1]["event"]] == ["chat:start", "chat:done"] for each in answers.values())


def test_a_ref_in_use_is_refused_and_free_again_afterwards(talk):
    """Two conversations of one name could not be told apart; the first goes on."""
    _, client = talk([{"say": "one two three", "delay_s": 0.2}])
    client.ask(7)
    client.ask(7.0)
    error = client.error()
    assert (error["status"], error["error"]["code"], error["error"]["param"]) == (409, "ref_in_use", "ref")
    assert text_of(client.answer()) == "one two three"
    client.ask(7)
    assert client.answer()[-1]["event"] == "chat:done"


def test_there_are_only_so_many_conversations_on_a_connection(talk):
    """The bound is the gateway's; nothing that was begun suffers."""
    _, client = talk([{"say": "ok", "delay_s": 0.2, "times": 2}], config={"socket_chats": 2})
    for ref in range(3):
        client.ask(ref)
    error = client.error()
    assert (error["status"], error["error"]["code"]) == (429, "too_many_conversations")
    assert [client.answer()[-1]["event"] for _ in range(2)] == ["chat:done", "chat:done"]


def test_a_cancelled_conversation_is_closed_upstream_and_said_to_be(gateway):
    """Nobody pays for words that nobody wants; the others go on."""
    running = gateway([{"say": "word " * 500}, {"say": "ok"}], pace_s=0.02)
    with Talk(running) as client:
        client.ask("long")
        client.until("chat:delta")
        client.say("chat:cancel", ref="long")
        client.say("chat:cancel", ref="long")
        client.say("chat:cancel", ref="never begun")
        done = client.answer()[-1]
        assert (done["ref"], done["payload"]["finish_reason"]) == ("long", "cancelled")
        assert done["payload"]["estimated"] and done["payload"]["usage"]["total_tokens"] > 0
        running.upstream.settled()
        visit = running.wait_visits(1)[0]
        assert (visit.code, visit.settled.status) == ("cancelled", "aborted")
        client.ask("long")
        assert text_of(client.answer()) == "ok"


@pytest.mark.parametrize("how", ["cancels", "leaves"])
def test_an_upstream_that_is_silent_is_left_at_once(gateway, how):
    """Where no more words come, nothing else would tell it that they are not wanted."""

    def play(peer):
        peer.request()
        peer.send(head() + frames(EVENTS[:4]))
        peer.wait()

    with Loopback(play) as silent:
        running = gateway(upstream=silent.url)
        with Talk(running) as client:
            client.ask()
            client.until("chat:delta")
            if how == "cancels":
                client.say("chat:cancel")
                assert client.answer()[-1]["payload"]["finish_reason"] == "cancelled"
        assert silent.left.wait(WAIT_S)
        assert running.wait_visits(1)[0].code == "cancelled"


def test_what_is_cancelled_before_its_first_word_ends_too(talk):
    """Even where it has not been sent; both messages may come in one packet."""
    running, client = talk([{"say": "late", "delay_s": 5}])
    client.ask("a")
    client.say("chat:cancel", ref="a")
    assert client.hear()["payload"]["finish_reason"] == "cancelled"
    assert running.wait_visits(1)[0].status == 499


def test_who_leaves_ends_all_its_conversations(gateway):
    """Without a goodbye, too: each is closed upstream and counted."""
    running = gateway([{"say": "word " * 500, "times": 2}], pace_s=0.02)
    client = Talk(running)
    client.ask("a")
    client.ask("b")
    client.until("chat:delta")
    client.socket.socket.shutdown(socket.SHUT_RDWR)
    assert [visit.code for visit in running.wait_visits(2)] == ["cancelled", "cancelled"]
    running.upstream.settled()
    assert running.call(lambda: sum(running.gateway.sockets.values())) == 0


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        ([{"status": 400, "message": "no good"}], 400, None),
        ([{"status": 529, "times": "always"}], 503, "overloaded"),
        ([{"status": 401}], 502, "upstream_auth_error"),
        ([{"say": "Half an answer", "cut_after": 5}], 502, "stream_interrupted"),
        ([{"say": "Half an answer", "error_after": 5}], 503, "overloaded"),
    ],
    ids=["rejected", "overloaded", "our own key", "cut in the middle", "error in the middle"],
)
def test_what_goes_wrong_upstream_is_a_chat_error_and_the_connection_stays(talk, script, status, code):
    """By the same table as over HTTP, with the status and the headers that a response would have there."""
    running, client = talk(script, policy=CallPolicy(RetryPolicy(retries=1)))
    client.ask("a")
    end = client.answer()[-1]
    assert (end["event"], end["payload"]["status"]) == ("chat:error", status), end
    assert end["payload"]["error"]["code"] == code and "x-request-id" in end["payload"]["headers"]
    assert running.wait_visits(1)[0].status == status
    client.say("ping")
    assert client.hear()["event"] == "pong"


@pytest.mark.parametrize(
    "body",
    [{}, {"model": "claude-haiku-4-5"}, {**HELLO, "messages": []}, {**HELLO, "model": "nobody"}, {**HELLO, "n": 2},
     {**HELLO, "temperature": "hot"}, [], "text", 7],
    ids=["empty", "no messages", "none in them", "no such model", "n", "no number", "a list", "a string", "a number"],
)  # fmt: skip
def test_a_malformed_body_is_refused_as_over_http(talk, body):
    """One decoder stands behind both."""
    running, client = talk()
    client.say("chat:stream", body, "a")
    error = client.error()
    if isinstance(body, dict):
        over_http = running.ask("POST", "/v1/chat/completions", body)
        assert (error["status"], error["error"]) == (over_http.status, over_http.error)
    else:
        assert (error["status"], error["error"]["param"]) == (400, "payload")
    assert running.upstream.requests == []


def test_a_budget_that_is_reached_refuses_the_conversation(talk):
    """Money is kept by the same books."""

    def broke(made):
        made.books = RunBooks(limit_pico=1)

    _, client = talk(change=broke)
    client.ask()
    error = client.error()
    assert (error["status"], error["error"]["code"]) == (429, "insufficient_quota")


def test_rate_limits_hold_and_are_told_as_over_http(talk):
    """The same counters; what a response has in its headers stands in the payload."""

    def strict(made):
        made.limiter = make_limiter(made.config)

    _, client = talk(config={"requests_per_minute": 1}, change=strict)
    client.ask("a")
    assert client.answer()[0]["payload"]["headers"]["x-ratelimit-remaining-requests"] == "0"
    client.ask("b")
    error = client.error()
    assert (error["status"], error["error"]["code"]) == (429, "rate_limit_exceeded")
    assert int(error["headers"]["retry-after"]) > 0


def test_the_gateway_ends_answers_before_it_goes(gateway):
    """What runs ends whole, new ones are refused, and the close code says that somebody will be there again soon."""
    running = gateway([{"say": "one two three four five six"}], pace_s=0.05)
    with Talk(running) as client, Talk(running) as idle:
        client.ask("a")
        heard = client.until("chat:delta")
        running.stop()
        assert idle.closed() == 1012
        client.ask("b")
        while heard[-1]["event"] != "chat:done":
            heard.append(client.hear())
        refused = [each for each in heard if each["ref"] == "b"]
        assert [each["payload"]["error"]["code"] for each in refused] == ["shutting_down"]
        assert text_of(heard) == "one two three four five six"
        assert client.closed() == 1012
    assert running.ended.wait(WAIT_S)


def test_a_gateway_that_waits_no_longer_says_so(gateway):
    """The second signal, or the end of its patience: a close code even then, no broken line."""
    running = gateway([{"say": "word " * 500}], pace_s=0.05)
    with Talk(running) as client:
        client.ask()
        client.until("chat:delta")
        running.stop()
        running.stop()
        assert client.closed() == 1012
    assert running.ended.wait(WAIT_S)
