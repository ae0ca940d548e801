"""`/v1/messages`: what is refused or told by the gateway itself, always in the API's form."""

from __future__ import annotations

import json

import pytest

from claude_cli.core.breaker import BreakerLimits
from claude_cli.core.connection import Timeouts
from claude_cli.core.providers.base import LLMProvider
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.storage.books import RunBooks
from claude_cli.storage.gateway_keys import GatewayKey
from tests.gateway.conftest import CANARY, WAIT_S
from tests.loopback import EVENTS, MESSAGE, body_of, error_response, frames, head, response

MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
ASK = {"model": "claude-haiku-4-5", "max_tokens": 300, "messages": [{"role": "user", "content": "Grüß Gott"}]}
STREAM = {**ASK, "stream": True}
KEY = "sk-gw-anna"


def whole(value=MESSAGE):
    return response(json.dumps(value).encode(), kind="application/json")


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        pytest.param(error_response(401, "authentication_error", f"bad {CANARY}"), 502, "api_error", id="401"),
        pytest.param(error_response(403, "permission_error"), 502, "api_error", id="403"),
        pytest.param(response(b"", 302, "location: http://127.0.0.2/"), 502, "api_error", id="302"),
        pytest.param(response(b"<html>", kind="text/html"), 502, "api_error", id="a page"),
        pytest.param(whole()[:-10] + b"", 502, "api_error", id="half a message"),
        pytest.param(None, 502, "api_error", id="nothing"),
    ],
)
@pytest.mark.parametrize("path", [MESSAGES, COUNT], ids=["messages", "count"])
def test_what_is_no_answer_becomes_an_error_of_ours(gateway, upstream, answer, status, kind, path):
    """Our key's trouble, a redirect that no key follows, half a message: nothing a client could use as it is."""
    cut = answer if answer is None else lambda peer: peer.send(answer)
    running = gateway(upstream=upstream(cut, cut).url)
    found = running.ask("POST", path, ASK)
    (visit,) = running.wait_visits(1)

    assert (found.status, found.json["error"]["type"]) == (status, kind)
    assert found.json["request_id"] == visit.id
    assert CANARY.encode() not in found.body
    assert visit.code


def test_an_error_s_endless_page_is_not_read_to_its_end(gateway, upstream):
    """Its beginning says enough, and the status all that counts."""
    page = b"<html>" * 1_000_000
    found = gateway(upstream=upstream(response(page, 500, kind="text/html")).url).ask("POST", MESSAGES, ASK)

    assert (found.status, found.headers["content-type"]) == (500, "text/html")
    assert page.startswith(found.body)
    assert 250_000 < len(found.body) < 2_000_000


def test_a_server_that_repeats_our_key_is_not_repeated(gateway, upstream):
    """Some echo the headers they got into an error."""
    answer = error_response(400, "invalid_request_error", f"got x-api-key {CANARY}")
    found = gateway(upstream=upstream(answer).url).ask("POST", MESSAGES, ASK)

    assert (found.status, CANARY in found.body.decode()) == (400, False)
    assert found.json["error"]["message"] == "got x-api-key ***"


@pytest.mark.parametrize("path", [MESSAGES, COUNT], ids=["messages", "count"])
def test_an_open_breaker_answers_at_once(gateway, upstream, path):
    """Each failure was told it, and nothing is sent any more; the client knows for how long."""
    overloaded = error_response(529, "overloaded_error", "Overloaded", "retry-after: 1")
    server = upstream(overloaded, overloaded)
    running = gateway(upstream=server.url, breaker=BreakerLimits(consecutive=2))
    tried = [running.ask("POST", path, ASK).status for _ in range(2)]
    found = running.ask("POST", path, ASK)

    assert (tried, len(server.requests)) == ([529, 529], 2)
    assert (found.status, found.json["error"]["type"]) == (503, "overloaded_error")
    assert 0 < int(found.headers["retry-after"]) <= 30
    assert "x-should-retry" not in found.headers


@pytest.mark.parametrize("path", [MESSAGES, COUNT], ids=["messages", "count"])
def test_an_answer_closes_the_breaker(gateway, upstream, path):
    """Also one that says no: that is an answer."""
    overloaded = error_response(529, "overloaded_error")
    good = whole({"input_tokens": 3} if path == COUNT else MESSAGE)
    running = gateway(upstream=upstream(overloaded, good, overloaded).url, breaker=BreakerLimits(consecutive=2))
    for _ in range(3):
        running.ask("POST", path, ASK)

    assert running.call(running.gateway.around.board.states) == {"anthropic/claude-haiku-4-5-20251001": "closed"}


def test_a_client_may_try_again_what_may_pass(gateway, upstream):
    """Nobody has done so for it: there was one try, and no `x-should-retry` forbids another."""
    server = upstream(lambda peer: peer.wait())
    running = gateway(upstream=server.url, timeouts=Timeouts(first_byte=0.05))
    found = running.ask("POST", MESSAGES, STREAM)

    assert (found.status, found.json["error"]["type"], len(server.requests)) == (504, "timeout_error", 1)
    assert "x-should-retry" not in found.headers


def test_the_time_for_a_whole_call_holds_here_too(gateway, upstream):
    """A stream that is not over then is broken off, and its client told."""
    server = upstream(lambda peer: (peer.send(head(200, "connection: close") + frames(EVENTS[:4])), peer.wait()))
    running = gateway(upstream=server.url, policy=CallPolicy(RetryPolicy(timeout_s=0.2)))
    found = running.ask("POST", MESSAGES, STREAM)

    assert b'"type":"timeout_error"' in found.body
    assert server.left.wait(WAIT_S)


def test_a_kept_connection_that_has_died_is_no_failure(gateway, upstream):
    """It is noticed before a byte is answered: another one is opened, at once."""
    server = upstream(whole(), None, whole())
    running = gateway(upstream=server.url)

    assert [running.ask("POST", MESSAGES, ASK).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"", "the body is empty", id="nothing"),
        pytest.param(b"\xff", "not UTF-8", id="no text"),
        pytest.param(b"[]", "names one", id="no object"),
        pytest.param(b"{}", "names one", id="no model"),
        pytest.param(b'{"model": 5}', "names one", id="a number for a model"),
        pytest.param(b'{"model": "a\\u0007"}', "names one", id="no name"),
        pytest.param(b'{"model": "%b"}' % (b"a" * 300), "names one", id="a long name"),
        pytest.param(b'{"model": "a", "mod\\u0065l": "b"}', "comes twice", id="two models"),
        pytest.param(b'{"model": "a", "x": {"y": 1, "y": 2}}', "comes twice", id="a member twice"),
        pytest.param(b'{"model": "a", "x": ' + b"[" * 100_000, "nested too deeply", id="deep"),
    ],
)
def test_a_body_that_says_no_model_is_refused_here(gateway, upstream, body, said):
    """Whose limits it counts against could not be told; nothing is sent."""
    server = upstream()
    found = gateway(upstream=server.url).ask("POST", MESSAGES, body)

    assert (found.status, found.json["error"]["type"]) == (400, "invalid_request_error")
    assert said in found.json["error"]["message"]
    assert server.requests == []


def test_a_budget_keeps_a_question_in(gateway, upstream):
    """Its `max_tokens` is the client's own, and is not lowered: the body would be another."""
    server = upstream()

    def poor(made):
        made.books = RunBooks(1_000_000_000)  # a tenth of a cent, and 300 tokens may cost more

    found = gateway(upstream=server.url, change=poor).ask("POST", MESSAGES, ASK)

    assert (found.status, found.json["error"]["type"]) == (429, "rate_limit_error")
    assert found.headers["x-should-retry"] == "false"
    assert server.requests == []


@pytest.mark.parametrize("name", ["claude-haiku-4-5", "claude-haiku-4-5-20251001"])
def test_the_models_of_a_key_are_meant_however_they_are_called(gateway, upstream, name):
    """What is sent is what the client has written."""
    server = upstream(whole())
    running = gateway(upstream=server.url, keys={KEY: GatewayKey("anna", models=(name,))})
    refused = running.ask("POST", COUNT, {**ASK, "model": "claude-opus-5-5"}, x_api_key=KEY)

    assert running.ask("POST", MESSAGES, ASK, x_api_key=KEY).status == 200
    assert (refused.status, refused.json["error"]["type"]) == (403, "permission_error")
    assert [body_of(request)["model"] for request in server.requests] == [ASK["model"]]


def test_another_provider_has_no_such_form(gateway):
    """One that a plugin brought speaks to the other path."""

    class Plugin(LLMProvider):
        def stream(self, request):
            raise AssertionError

        async def get_available_models(self):
            return []

    def change(made):
        made.provider = Plugin("key")

    found = gateway(change=change).ask("POST", MESSAGES, ASK)

    assert (found.status, found.json["error"]["type"]) == (501, "api_error")
    assert "/v1/chat/completions" in found.json["error"]["message"]
    assert found.headers["x-should-retry"] == "false"


def test_what_no_request_can_carry_is_refused_here(gateway):
    """Or it would break on the way."""
    running = gateway()
    found = running.ask("POST", MESSAGES, ASK, anthropic_beta="\xfc")

    assert (found.status, found.json["error"]["type"]) == (400, "invalid_request_error")
    assert running.upstream.requests == []
