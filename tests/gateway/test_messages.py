"""`/v1/messages` byte by byte: what a server behind the gateway gets, and what the client gets back."""

from __future__ import annotations

import http.client
import json
import socket
import threading

import pytest

from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.gateway.config import MIB
from claude_cli.storage.gateway_keys import GatewayKey
from tests.gateway.conftest import CANARY, WAIT_S
from tests.loopback import EVENTS, MESSAGE, body_of, error_response, frames, head, headers_of, response

MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
ASK = {"model": "claude-haiku-4-5", "max_tokens": 300, "messages": [{"role": "user", "content": "Grüß Gott"}]}
STREAM = {**ASK, "stream": True}
KEY = "sk-gw-anna"
ODD = (
    b' {"messages": [{"role":"user","content":"Gr\\u00fc\xc3\x9f"} ],\n"max_tokens":3e2, "model" :"claude-haiku-4-5"}\n'
)
"""Nobody would write it like that again."""


def whole(value=MESSAGE, *lines):
    return response(json.dumps(value).encode(), 200, *lines, kind="application/json")


def test_body_query_version_and_betas_go_on_as_they_came(gateway, upstream):
    """Also what this program would write another way, or does not know; the key alone is another."""
    server = upstream(whole())
    running = gateway(upstream=server.url, keys={KEY: GatewayKey("anna")})
    answer = running.ask(
        "POST", f"{MESSAGES}?beta=true&x=%20%C3%BC", ODD, x_api_key=KEY, anthropic_version="2023-06-01",
        anthropic_beta="a-1, b-2", x_app="cli", x_stainless_lang="js", x_claude_code_session_id="s-1", cookie="c=1",
        user_agent="theirs/1", x_forwarded_for="10.0.0.1", accept_encoding="gzip", anthropic_workspace_id="w",
    )  # fmt: skip
    (sent,) = server.requests
    headers = headers_of(sent)

    assert answer.status == 200
    assert sent.startswith(f"POST {MESSAGES}?beta=true&x=%20%C3%BC HTTP/1.1\r\n".encode())
    assert sent.partition(b"\r\n\r\n")[2] == ODD
    assert headers.pop("user-agent").startswith("claude-cli/")
    assert headers == {
        "host": server.url.removeprefix("http://"), "anthropic-version": "2023-06-01", "anthropic-beta": "a-1, b-2",
        "accept": "application/json", "accept-encoding": "identity", "content-type": "application/json",
        "content-length": str(len(ODD)), "x-app": "cli", "x-stainless-lang": "js", "x-api-key": CANARY,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "version"),
    [
        pytest.param({}, "2026-10-21", id="the provider's own"),
        pytest.param({"temperature": 0.5}, "2023-06-01", id="the last one that takes it"),
    ],
)
def test_a_request_without_a_version_gets_one(gateway, upstream, more, version):
    """The API refuses a request that has none."""
    server = upstream(whole())
    gateway(upstream=server.url).ask("POST", MESSAGES, {**ASK, **more})

    assert headers_of(server.requests[0])["anthropic-version"] == version


@pytest.mark.parametrize(
    ("theirs", "sent"),
    [
        pytest.param({}, "oauth-2025-04-20", id="none of theirs"),
        pytest.param({"anthropic_beta": "a-1"}, "a-1,oauth-2025-04-20", id="behind theirs"),
        pytest.param({"anthropic_beta": "oauth-2025-04-20"}, "oauth-2025-04-20", id="theirs already"),
    ],
)
def test_an_oauth_token_brings_its_beta(gateway, upstream, theirs, sent):
    """It is refused without."""
    server = upstream(whole())

    def signed_in(made):
        token = credential("sk-ant-oat01-x", source="the test")
        made.provider = AnthropicProvider.configured(ProviderConfig(token, server.url, environ={}))

    gateway(upstream=server.url, change=signed_in).ask("POST", MESSAGES, ASK, **theirs)
    headers = headers_of(server.requests[0])

    assert (headers["anthropic-beta"], headers["authorization"]) == (sent, "Bearer sk-ant-oat01-x")


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_answer_comes_back_byte_for_byte(gateway, upstream, framing, streamed):
    """With what its client can use of its headers, and nothing that tells who runs the gateway."""
    body = b": hello\n\n" + frames() if streamed else b" " + json.dumps(MESSAGE).encode() + b"\n"
    kind = "text/event-stream; charset=utf-8" if streamed else "application/json"
    lines = (
        "anthropic-ratelimit-requests-remaining: 7", "retry-after: 3", "x-should-retry: false", "set-cookie: a=b",
        "anthropic-organization-id: org", "server: cloudflare", "keep-alive: timeout=9", "cf-ray: 1",
    )  # fmt: skip
    running = gateway(upstream=upstream(response(body, 200, *lines, kind=kind, framing=framing)).url)
    answer = running.ask("POST", MESSAGES, STREAM if streamed else ASK)
    (visit,) = running.wait_visits(1)

    assert (answer.status, answer.body) == (200, body)
    ours = {"date", "x-request-id", "content-length", "transfer-encoding", "cache-control", "x-accel-buffering"}
    assert {name: text for name, text in answer.headers.items() if name not in ours} == {
        "content-type": kind, "request-id": "req_loopback_1", "anthropic-ratelimit-requests-remaining": "7",
        "retry-after": "3", "x-should-retry": "false",
    }  # fmt: skip
    assert answer.headers["x-request-id"] == visit.id
    assert (visit.settled.status, visit.settled.usage.output_tokens) == ("done", 5)
    assert visit.call.text == "Grüß Gott"


def test_a_stream_begins_with_its_head_and_goes_on_piece_by_piece(gateway, upstream):
    """Nothing is held back until more has come."""
    first, last = frames()[:20], frames()[20:]  # not even one event

    seen_head, seen_first = threading.Event(), threading.Event()

    def in_two(peer):
        peer.send(head(200, "connection: close"))
        seen_head.wait(WAIT_S)
        peer.send(first)
        seen_first.wait(WAIT_S)
        peer.send(last)

    running = gateway(upstream=upstream(in_two).url)
    connection = running.connect()
    connection.request("POST", MESSAGES, json.dumps(STREAM))
    answer = connection.getresponse()
    seen_head.set()
    begun = answer.read(len(first))
    seen_first.set()

    assert (answer.status, begun, answer.read()) == (200, first, last)
    connection.close()


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(frames(EVENTS[:4]), id="between two events"),
        pytest.param(frames(EVENTS[:4])[:-9], id="within one"),
        pytest.param(frames(EVENTS[:1]), id="before any content"),
    ],
)
@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_stream_that_is_cut_ends_with_an_error_and_is_no_success(gateway, upstream, cut, framing):
    """However politely its connection closed: half an answer must not look like one, here or in the ledger."""
    lines = ("transfer-encoding: chunked",) if framing == "chunked" else ("connection: close",)
    sent = b"%x\r\n%b\r\n" % (len(cut), cut) if framing == "chunked" else cut
    running = gateway(upstream=upstream(lambda peer: peer.send(head(200, *lines) + sent)).url)
    answer = running.ask("POST", MESSAGES, STREAM)
    (visit,) = running.wait_visits(1)

    assert answer.body.startswith(cut)
    name, data = answer.body.removeprefix(cut).strip().split(b"\n")
    assert name == b"event: error"
    error = json.loads(data.removeprefix(b"data: "))
    assert (error["type"], error["error"]["type"], error["request_id"]) == ("error", "api_error", visit.id)
    assert visit.code in ("stream_interrupted", "connection")
    assert visit.settled.status in ("stream_interrupted", "connection")
    assert visit.settled.cost_pico
    assert visit.settled.estimated


def test_a_connection_that_breaks_behind_the_last_event_is_no_failure(gateway, upstream):
    """The answer is whole: nothing is added to it."""
    body = frames()
    sent = head(200, "transfer-encoding: chunked") + b"%x\r\n%b\r\n" % (len(body), body)
    running = gateway(upstream=upstream(lambda peer: peer.send(sent)).url)

    assert running.ask("POST", MESSAGES, STREAM).body == body
    (visit,) = running.wait_visits(1)
    assert (visit.code, visit.settled.status) == ("", "done")


def test_an_error_within_a_stream_goes_on_as_it_is(gateway, upstream):
    """The API says it in full; a second one behind it would be one too many."""
    body = frames([*EVENTS[:4], {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}])
    running = gateway(upstream=upstream(response(body)).url)
    answer = running.ask("POST", MESSAGES, STREAM)
    (visit,) = running.wait_visits(1)

    assert answer.body == body
    assert (visit.code, visit.settled.status) == ("overloaded", "stream_interrupted")


def test_what_we_cannot_read_goes_by_all_the_same(gateway, upstream):
    """An event of tomorrow's API, or none at all, is between the server and its client."""
    body = frames(EVENTS[:4]) + b'data: [1, 2]\n\nevent: new\ndata: {"type": "new"}\n\n' + frames(EVENTS[4:])
    running = gateway(upstream=upstream(response(body)).url)

    assert running.ask("POST", MESSAGES, STREAM).body == body
    assert running.wait_visits(1)[0].settled.status == "stream_interrupted"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_client_that_leaves_closes_the_connection_behind(gateway, upstream, stream):
    """Nobody pays for what nobody reads; the row says that it was broken off."""

    begun = threading.Event()

    def begin(peer):
        begun.set()
        if stream:
            peer.send(head(200, "connection: close") + frames(EVENTS[:4]))
        peer.wait()

    server = upstream(begin)
    running = gateway(upstream=server.url)
    connection = running.connect()
    connection.request("POST", MESSAGES, json.dumps(STREAM if stream else ASK))
    if stream:
        assert connection.getresponse().read(20)
    assert begun.wait(WAIT_S)
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()

    (visit,) = running.wait_visits(1)
    assert server.left.wait(WAIT_S)
    assert visit.settled.status == "aborted"


def test_a_client_that_does_not_read_slows_the_server_and_is_cut(gateway, upstream):
    """What it leaves lying is left with the server, and not for ever."""
    many = frames([EVENTS[3]] * 1000)

    def pour(peer):
        peer.send(head(200, "connection: close") + frames(EVENTS[:2]))
        while not peer.server.stopping.is_set() and peer.server.sent < 256 * MIB:
            peer.send(many)

    server = upstream(pour)
    running = gateway(upstream=server.url, config={"stalled_s": 0.3})
    connection = running.connect()
    connection.request("POST", MESSAGES, json.dumps(STREAM))
    assert connection.getresponse().status == 200
    (visit,) = running.wait_visits(1)

    assert server.sent < 32 * MIB
    assert visit.settled.status == "aborted"
    connection.close()


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"messages": "hi"}, id="messages"),
        pytest.param({"messages": [{"role": "king", "content": 5}]}, id="a role"),
        pytest.param({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, id="a block without a type"),
        pytest.param({"max_tokens": "many"}, id="max_tokens"),
        pytest.param({"max_tokens": -1}, id="fewer than none"),
        pytest.param({"max_tokens": None, "stream": "yes"}, id="null and words"),
        pytest.param({"system": 5, "tools": "none", "tool_choice": [], "stop_sequences": {"a": 1}}, id="members"),
        pytest.param({"speed": [], "inference_geo": {}, "output_config": 1, "thinking": "much"}, id="prices"),
        pytest.param({"tools": [5, {"type": "web_search_1", "max_uses": []}], "system": [1]}, id="tools"),
    ],
)
@pytest.mark.parametrize("path", [MESSAGES, COUNT], ids=["messages", "count"])
def test_the_server_judges_a_strange_request(gateway, upstream, more, path):
    """It is sent as it is, and its answer is the client's; for the limits it is so much text."""
    refusal = error_response(400, "invalid_request_error", "messages: wrong")
    server = upstream(refusal)
    found = gateway(upstream=server.url).ask("POST", path, {**ASK, **more})

    assert (found.status, found.json["error"]["message"]) == (400, "messages: wrong")
    assert body_of(server.requests[0]) == {**ASK, **more}


def test_an_answer_that_pauses_is_handed_on_paused(gateway, upstream):
    """To go on with it is this client's own work; doing so here would change its bytes."""
    server = upstream(whole({**MESSAGE, "stop_reason": "pause_turn"}))
    running = gateway(upstream=server.url)

    assert running.ask("POST", MESSAGES, ASK).json["stop_reason"] == "pause_turn"
    assert running.wait_visits(1)[0].settled.status == "pause_turn"


def test_short_names_and_aliases_mean_nothing_here(gateway, upstream):
    """The server is asked for what the client named, and says that there is no such model."""
    server = upstream(error_response(404, "not_found_error", "model: sonnet"))
    found = gateway(upstream=server.url).ask("POST", MESSAGES, {**ASK, "model": "claude-3-5-sonnet"})

    assert (found.status, body_of(server.requests[0])["model"]) == (404, "claude-3-5-sonnet")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_somebody_is_there(gateway, method):
    """Claude Code asks before its first question, without a key."""
    running = gateway(keys={KEY: GatewayKey("anna")})
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=WAIT_S)
    connection.request(method, "/")
    answer = connection.getresponse()

    assert (answer.status, len(answer.read()) < 100) == (200, True)
    connection.close()
