"""Requests as they come: paths, methods, bodies, keys, and what the headers of responses say."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Mapping

import pytest

from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.gateway.app import headers_of
from claude_cli.gateway.body import parse_json
from claude_cli.gateway.limits import NoLimits
from claude_cli.gateway.refusal import Refusal
from claude_cli.storage.books import RunBooks
from claude_cli.storage.gateway_keys import GatewayKey

from ..loopback import error_response
from .conftest import CHAT, HELLO, chat_bytes, eventually

KEYS = {"sk-one": GatewayKey("one"), "sk-haiku": GatewayKey("few", models=("haiku",))}


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "application/json"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "text/plain"},
        {},
    ],
    ids=["json", "curl -d", "text", "none"],
)
def test_a_body_is_read_as_json_whatever_its_type_says(gateway, headers):
    """`curl -d` calls everything a form."""
    assert gateway().ask("POST", CHAT, HELLO, **headers).status == 200


@pytest.mark.parametrize(("method", "path"), [("GET", CHAT), ("PUT", CHAT), ("POST", "/v1/models"), ("OPTIONS", CHAT)])
def test_a_wrong_method_is_told_the_right_one(gateway, method, path):
    """With the header that HTTP wants."""
    answer = gateway().ask(method, path, HELLO if method != "GET" else None)
    assert answer.status == 405 and answer.error["code"] == "method_not_allowed"
    assert answer.headers["allow"] in ("POST", "GET")


@pytest.mark.parametrize("key", ["", "sk-wrong", "sk-onee"], ids=["missing", "wrong", "nearly"])
def test_a_wrong_key_is_refused_before_its_body_is_read(gateway, key):
    """Nobody without a key has us hold 32 MiB for them; the words are OpenAI's."""
    running = gateway(keys=KEYS)
    connection = running.connect()
    connection.putrequest("POST", CHAT)
    connection.putheader("content-length", "30000000")
    if key:
        connection.putheader("authorization", f"Bearer {key}")
    connection.endheaders()  # and not a byte of the body
    response = connection.getresponse()
    assert response.status == 401
    error = json.loads(response.read())["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, "invalid_api_key")
    assert not key or error["message"] == "Invalid API key"
    connection.close()
    assert running.upstream.requests == []


def test_a_key_may_ask_the_models_on_its_list_and_no_other(gateway):
    """By whichever of their names; what OpenAI says to a project without access."""
    running = gateway(keys=KEYS)
    allowed = ("haiku", "claude-3-5-haiku", "claude-haiku-5-5")
    for name in allowed:
        assert running.chat("sk-haiku", model=name).status == 200, name
    for stream in (False, True):
        answer = running.chat("sk-haiku", model="opus", stream=stream)
        assert (answer.status, answer.error["code"], answer.error["param"]) == (403, "model_not_found", "model")
    assert running.chat("sk-one", model="opus").status == 200
    assert len(running.upstream.requests) == len(allowed) + 1


def test_a_fallback_is_no_way_around_a_key_s_list(gateway):
    """The owner's list of fallbacks is for keys that may ask them."""
    script = [{"status": 529, "times": "always"}]
    once = CallPolicy(RetryPolicy(retries=0))
    running = gateway(script, keys=KEYS, config={"fallback_models": ("opus",)}, policy=once)
    answer = running.chat("sk-haiku", model="haiku")
    assert answer.status == 503
    assert not any("opus" in request.json["model"] for request in running.upstream.requests)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is empty"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"model": "\xc3"}', "not UTF-8"),
        (b'{"temperature": NaN}', "NaN is no number"),
        (b'{"temperature": -Infinity}', "-Infinity is no number"),
        (b'{"max_tokens": ' + b"9" * 5000 + b"}", "no JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b"[]", ""),
        (b'"hello"', ""),
        (b"null", ""),
        (b'\xef\xbb\xbf{"model": "haiku"}', "no JSON"),
    ],
    ids=[
        "empty", "cut", "utf-16-mark", "cut-utf-8", "nan", "infinity", "huge-number", "deep-list", "deep-object",
        "list", "text", "null", "byte-order-mark",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
def test_what_is_no_json_object_is_a_400(gateway, path, body, words):
    """And no stack, whatever the parser thinks of it."""
    answer = gateway().ask("POST", path, body)
    assert answer.status == 400
    message = answer.json["error"]["message"]
    assert words in message if path == CHAT else message
    assert "Traceback" not in answer.body.decode() and len(message) < 500


def test_json_as_deep_as_the_parser_takes_is_a_400_too(gateway):
    """What walks through it afterwards may give up earlier than the parser."""
    running = gateway()
    for depth in (200, 500, 900, 980):
        nested = "[" * depth + "]" * depth
        for member in ("messages", "tools", "metadata", "strange"):
            body = json.dumps({**HELLO, member: "@"}).replace('"@"', nested).encode()
            assert running.ask("POST", CHAT, body).status in (200, 400), (depth, member)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"messages": "' + b"x" * 1000 + b'"}', 413),
        (b'{"messages": {"image_url": "' + b"x" * 1000 + b'"}}', 400),
        (b'{"messages": {"image_url": "' + b"x" * 4000 + b'"}}', 413),
    ],
    ids=["text", "image", "huge-image"],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_body_over_its_limit_is_refused(gateway, body, status, chunked):
    """Files may be larger than words; and a length need not be told."""
    running = gateway(config={"body_bytes": 500, "image_body_bytes": 3000})
    connection = running.connect()
    connection.request("POST", CHAT, iter([body]) if chunked else body, encode_chunked=chunked)
    response = connection.getresponse()
    assert response.status == status
    said = json.loads(response.read())["error"]
    assert said["code"] == ("request_too_large" if status == 413 else said["code"])
    connection.close()
    assert running.chat().status == 200


def test_a_body_that_says_it_is_too_large_is_refused_unread(gateway):
    """The length is enough."""
    running = gateway()
    connection = running.connect()
    connection.putrequest("POST", CHAT)
    connection.putheader("content-length", str(33 * 1024 * 1024))
    connection.putheader("expect", "100-continue")
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413 and b"32 MiB" in response.read()
    connection.close()


def test_a_body_that_does_not_come_is_not_waited_for(gateway):
    """A byte a minute holds a connection for ever otherwise."""
    running = gateway(config={"body_s": 0.05})
    connection = running.connect()
    connection.putrequest("POST", CHAT)
    connection.putheader("content-length", "100")
    connection.endheaders(b'{"model"')
    response = connection.getresponse()
    assert response.status == 408 and json.loads(response.read())["error"]["code"] == "timeout"
    connection.close()
    [visit] = running.wait_visits(1)
    assert (visit.status, visit.code) == (408, "timeout")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_the_headers_say_who_answered_and_by_which_ids(gateway, stream):
    """For support on either side, and for whoever asked by an alias."""
    running = gateway([{"say": "hi"}])
    answer = running.chat(model="claude-3-5-sonnet", stream=stream)
    [asked], [visit] = running.upstream.requests, running.wait_visits(1)
    assert answer.headers["x-claude-cli-model"] == asked.json["model"]
    assert answer.headers["x-upstream-request-id"] == "req_sim_1"
    assert answer.headers["x-request-id"] == visit.id
    assert ("x-claude-cli-cost-usd" in answer.headers) == (not stream)
    assert visit.model == asked.json["model"] and visit.status == 200 and visit.code == ""


@pytest.mark.parametrize(("policy", "status"), [("warn", 200), ("drop", 200), ("reject", 400)])
def test_what_cannot_be_honoured_is_named(gateway, policy, status):
    """Dropped in silence, a parameter is searched for in vain; refused, most agents never get started."""
    running = gateway(config={"on_unsupported": policy})
    answer = running.chat(model="claude-sonnet-5-5", temperature=0.5, seed=1)
    assert answer.status == status
    named = answer.headers.get("x-claude-cli-dropped-params", "")
    assert {"temperature", "seed"} <= set(named.split(", ")) if policy == "warn" else not named


def test_a_budget_shortens_an_answer_whose_length_nobody_named(gateway):
    """It is told; and where a length was named, the call is refused instead."""
    running = gateway(change=lambda gateway: setattr(gateway, "books", RunBooks(limit_pico=20 * 10**9)))
    answer = running.chat()
    [asked] = running.upstream.requests
    assert answer.status == 200 and asked.json["max_tokens"] < 64_000
    assert "max_tokens" in answer.headers["x-claude-cli-dropped-params"]
    refused = running.chat(max_tokens=60_000)
    assert refused.status == 429 and refused.error["code"] == "insufficient_quota"


def test_a_bug_is_a_500_that_tells_nothing_and_a_line_in_the_log(gateway, caplog):
    """Whatever it is: an answer in the form that clients read, and no stack for strangers."""

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise ZeroDivisionError("sk-ant-secret")

    running = gateway(change=lambda gateway: setattr(gateway, "limiter", Broken()))
    with caplog.at_level(logging.ERROR, "claude_cli.gateway"):
        for stream in (False, True):
            answer = running.chat(stream=stream)
            assert (answer.status, answer.error["code"]) == (500, "internal_error")
            assert b"secret" not in answer.body and b"Traceback" not in answer.body
    running.wait_visits(2)
    assert "ZeroDivisionError" in caplog.text
    running.gateway.limiter = NoLimits()
    assert running.chat().status == 200


def test_a_bug_outside_of_the_border_reaches_the_log_and_a_client_that_leaves_does_not(gateway, caplog):
    """It was seen by nobody; but the server tells of both with the same words."""

    def broken(visit) -> None:
        raise ZeroDivisionError

    running = gateway([{"say": "hi", "stall_after": 1}])
    with caplog.at_level(logging.DEBUG):
        with socket.create_connection(("127.0.0.1", running.port), 10) as client:
            client.sendall(chat_bytes())
            assert eventually(lambda: running.upstream.requests)
        assert running.wait_visits(1)[0].code == "cancelled"
        running.gateway.log = broken
        running.get("/healthz")
        assert eventually(lambda: [each for each in caplog.records if each.name == "uvicorn.error"])
    [record] = [each for each in caplog.records if each.name.startswith("uvicorn")]
    assert record.levelname == "ERROR" and record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "client"),
    [
        (False, "203.0.113.9", "127.0.0.1"),
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (True, None, "127.0.0.1"),
        (True, "203.0.113.9:51234", "203.0.113.9"),
        (True, "[2001:db8::7]:443", "2001:db8::7"),
        (True, "2001:db8::7", "2001:db8::7"),
        (True, "sk-gw-a-whole-key", "127.0.0.1"),
        (True, "x" * 9000, "127.0.0.1"),
        (True, "fe80::1%sk-gw-a-whole-key", "127.0.0.1"),
    ],
    ids=[
        "no-proxy", "proxy", "client-lies", "proxy-is-silent", "with a port", "ipv6 with a port", "ipv6",
        "a key for an address", "a long line", "a key for a zone",
    ],
)  # fmt: skip
def test_who_calls_is_believed_of_a_proxy_alone(gateway, behind_proxy, forwarded, client):
    """Anybody can write the header; the last entry is the proxy's own, and goes into the log only as an address."""
    running = gateway(config={"behind_proxy": behind_proxy})
    running.chat(headers={"x-forwarded-for": forwarded} if forwarded else {})
    [visit] = running.wait_visits(1)
    assert visit.client == client


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_what_the_upstream_says_of_its_limits_goes_before_ours(gateway, upstream, stream):
    """It is its refusal: told that 28 requests of ours are left, a client asks again at once."""

    class Ours(NoLimits):
        headers: Mapping[str, str] = {"x-ratelimit-remaining-requests": "28", "x-ratelimit-limit-tokens": "5"}

    limits = "anthropic-ratelimit-requests-remaining: 0"
    answer = error_response(429, "rate_limit_error", "slow down", limits, "retry-after: 3600")
    running = gateway(upstream=upstream(answer).url, change=lambda gateway: setattr(gateway, "limiter", Ours()))
    answer = running.chat(stream=stream)
    assert answer.status == 429
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"
    assert answer.headers["x-ratelimit-limit-tokens"] == "5"


def test_requests_may_come_one_behind_the_other(gateway):
    """Pipelined: each gets its own answer, in order."""
    running = gateway([{"say": f"answer {number}"} for number in range(3)])
    with socket.create_connection(("127.0.0.1", running.port), 10) as client:
        client.sendall(chat_bytes() * 3)
        data = b""
        while data.count(b"answer ") < 3:
            data += client.recv(65_536)
    assert [data.index(f"answer {number}".encode()) for number in range(3)] == sorted(
        data.index(f"answer {number}".encode()) for number in range(3)
    )


def test_headers_sent_twice_are_one():
    """So that a second `host` or `origin` cannot hide behind the first."""
    scope = {"headers": [(b"host", b"localhost"), (b"x", b"1"), (b"host", b"evil")]}
    assert headers_of(scope) == {"host": "localhost, evil", "x": "1"}


def test_json_keeps_what_it_says():
    """Unicode, large whole numbers and floats as they are."""
    assert parse_json('{"a": "Grüß", "b": 12345678901234567890, "c": 0.9}'.encode()) == {
        "a": "Grüß", "b": 12345678901234567890, "c": 0.9,
    }  # fmt: skip
    with pytest.raises(Refusal):
        parse_json(b"{]")
