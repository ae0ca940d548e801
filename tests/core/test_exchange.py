"""One HTTP exchange without the HTTP: how the head decides the body, what ends it, and what its errors carry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claude_cli.core import exchange as module
from claude_cli.core.errors import (
    NotFoundError,
    OverloadedError,
    ProtocolError,
    ProviderError,
    ServerError,
    StreamInterruptedError,
)
from claude_cli.core.events import MessageStart, Ping, TextDelta, fold
from claude_cli.core.exchange import HttpRequest, JsonExchange, MessagesExchange, auth_header, only_pings
from claude_cli.core.redact import Credential, Secret

HI = (Path(__file__).with_name("fixtures") / "hi.sse").read_bytes()
MESSAGE = json.dumps(
    {"id": "msg_1", "model": "m", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}
).encode()
ERROR = json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}).encode()
SSE = {"content-type": "text/event-stream", "request-id": "req_1"}
JSON = {"content-type": "application/json", "request-id": "req_1"}
JSON_ALONE = {"content-type": "application/json"}
HTML = {"content-type": "text/html; charset=utf-8", "request-id": "req_1"}
CANARY = "gw-CANARY-0123456789"
PASS = f"{CANARY}-and-more"


def hint(error: ProviderError) -> str:
    return " (a hint)" if isinstance(error, NotFoundError) else ""


def ask(kind: type = MessagesExchange) -> MessagesExchange | JsonExchange:
    own = (("x-gateway-pass", Secret(PASS)),)
    request = HttpRequest("POST", "/v1/messages", (), b"{}", Credential(Secret(CANARY)), hint, own)
    return kind(request, wall_clock=lambda: 0.0)


def play(status: int, headers: dict[str, str], *chunks: bytes) -> list:
    """The events of a whole exchange, as a transport drives it."""
    exchange = ask()
    exchange.head(status, headers)
    events = []
    for chunk in chunks:
        events += exchange.feed(chunk)
        if exchange.done:
            break
    return events + exchange.end()


def failure(status: int, headers: dict[str, str], *chunks: bytes) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        play(status, headers, *chunks)
    assert "\n" not in str(caught.value)
    assert CANARY not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(SSE, HI, id="a stream"),
        pytest.param({**SSE, "content-type": "text/event-stream; charset=utf-8"}, HI, id="a stream with a charset"),
        pytest.param({**SSE, "content-type": "Text/Event-Stream"}, HI, id="in capitals"),
        pytest.param({"request-id": "req_1"}, HI, id="a stream without a type"),
        pytest.param(SSE, HI.replace(b"event: ", b"x: "), id="frames without names"),
        pytest.param(SSE, HI + b"data: <html>\n\n" * 3, id="bytes after the end"),
        pytest.param(JSON, MESSAGE, id="JSON"),
        pytest.param({**JSON, "content-type": "application/json; charset=utf-8"}, MESSAGE, id="JSON with a charset"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_the_head_decides_how_the_body_is_read(headers, body, size):
    """Not what was asked for: some gateways answer a streaming request with JSON, and the other way round."""
    done = fold(play(200, headers, *(body[number : number + size] for number in range(0, len(body), size))))
    assert (done.text, done.stop_reason, done.request_id) == ("Hi", "end_turn", "req_1")


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        pytest.param(
            HTML, b"<html>\n<h1>Welcome</h1>", "answered with text/html, not with the Messages API", id="HTML"
        ),
        pytest.param(HTML, b"", "answered with nothing", id="nothing"),
        pytest.param(JSON, b"", "answered with nothing", id="JSON of nothing"),
        pytest.param(JSON, b"{}", "no message of the Messages API", id="another JSON"),
        pytest.param(JSON, MESSAGE[:40], "not with the Messages API", id="cut JSON"),
        pytest.param({"content-type": "text/plain"}, b"\xff\x00x", "answered with text/plain", id="bytes"),
        pytest.param(
            SSE, b"<html></html>\n\ndata: <html>\n\n", "not an event of the Messages API", id="a false stream"
        ),
        pytest.param(HTML, f"<p>{CANARY}".encode(), r"<p>\*\*\*", id="a page that shows the key"),
    ],
)
def test_a_success_that_is_no_answer(headers, body, words):
    """The base URL is wrong, most likely: the message says where to look."""
    error = failure(200, headers, body)
    assert type(error) is ProtocolError
    with pytest.raises(ProtocolError, match=words):
        raise error
    assert error.request_id == headers.get("request-id")


def test_an_error_body_with_a_success_is_its_error():
    """Proxies lose statuses."""
    error = failure(200, JSON, ERROR)
    assert (type(error), str(error), error.request_id) == (OverloadedError, "Overloaded", "req_1")


def test_a_status_that_is_no_success_is_its_error():
    """Whatever the content type promises."""
    error = failure(529, SSE, ERROR)
    assert (type(error), str(error), error.status, error.request_id) == (OverloadedError, "Overloaded", 529, "req_1")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param("req_1", "req_1", id="an id"),
        pytest.param("", None, id="empty"),
        pytest.param(CANARY, None, id="our key"),
        pytest.param(f"req_{CANARY}", None, id="our key inside"),
        pytest.param("sk-ant-api03-another", None, id="somebody's key"),
        pytest.param("a b\x1b[31m", None, id="no id"),
        pytest.param("x" * 101, None, id="too long"),
    ],
)
def test_what_is_taken_for_a_request_id(said, kept):
    """It is shown and recorded: from the header or the error's body, of an answer that is cut or refused."""
    for headers, body in (
        ({**JSON, "request-id": said}, ERROR),
        (JSON_ALONE, json.dumps({"request_id": said}).encode()),
    ):
        assert failure(529, headers, body).request_id == kept
    exchange = ask()
    exchange.head(200, {**SSE, "request-id": said})
    assert exchange.request_id == kept == exchange.headers.get("request-id")


def test_the_hint_is_added_once():
    """For a retired model: its successor."""
    assert str(failure(404, JSON, b'{"error":{"message":"model: x"}}')) == "model: x (a hint)"


def test_the_key_is_taken_out_of_what_a_server_says():
    """Also one that does not look like a key: an echoing proxy is enough."""
    assert str(failure(400, JSON, f'{{"error":{{"message":"got {CANARY}"}}}}'.encode())) == "got ***"
    assert str(failure(400, JSON, f'{{"error":"{CANARY}"}}'.encode())) == "***"


@pytest.mark.parametrize("cut", range(0, len(HI), 37))
def test_a_stream_without_its_end_is_interrupted(cut):
    """A polite close after half an answer must not pass for a whole one."""
    error = failure(200, SSE, HI[:cut])
    assert (type(error), error.request_id) == (StreamInterruptedError, "req_1")


def test_good_events_before_an_error_are_handed_on():
    """What came was paid for; the error follows at the end, once."""
    exchange = ask()
    exchange.head(200, SSE)
    events = exchange.feed(HI[: HI.index(b"event: content_block_stop")] + b"data: " + ERROR + b"\n\n" + HI)
    assert type(events[0]) is MessageStart
    assert exchange.done
    assert exchange.feed(HI) == []
    with pytest.raises(OverloadedError, match="Overloaded") as caught:
        exchange.end()
    assert caught.value.request_id == "req_1"


def test_nothing_after_the_end_is_looked_at():
    """A server may keep talking; the answer is whole."""
    exchange = ask()
    exchange.head(200, SSE)
    events = exchange.feed(HI + HI)
    assert exchange.done
    assert [event for event in events if isinstance(event, TextDelta)] == [TextDelta(1, "Hi")]
    assert exchange.feed(b"data: <html>\n\n") == []
    assert exchange.end() == []


# --- bounds


def test_a_line_that_is_too_long_ends_the_exchange():
    """A line of 100 MB is met by the decoder's bound."""
    error = failure(200, SSE, b"data: ", *([b"x" * 1_000_000] * 100))
    assert type(error) is ProtocolError
    assert "larger than 16,777,216 bytes" in str(error)
    assert error.request_id == "req_1"


@pytest.mark.parametrize(
    ("name", "headers", "chunk"),
    [
        pytest.param("MAX_STREAM_BYTES", SSE, b": comment\n" * 100, id="a stream of comments without end"),
        pytest.param("MAX_STREAM_BYTES", SSE, b'data: {"type":"nova"}\n\n' * 50, id="unknown events without end"),
        pytest.param("MAX_BODY_BYTES", JSON, b" " * 1000, id="JSON without end"),
        pytest.param("MAX_BODY_BYTES", HTML, b"<p>" * 300, id="a page without end"),
    ],
)
def test_a_body_without_end_is_ended(monkeypatch, name, headers, chunk):
    """Neither memory nor time is the server's to take."""
    monkeypatch.setattr(module, name, 10_000)
    error = failure(200, headers, *([chunk] * 1000))
    assert type(error) is ProtocolError
    assert "larger than 10,000 bytes" in str(error)
    assert error.request_id == "req_1"


@pytest.mark.parametrize("kind", [MessagesExchange, JsonExchange])
@pytest.mark.parametrize("size", [1000, 300_000], ids=["in pieces", "in one read"])
def test_a_long_error_is_read_in_part(kind, size):
    """A quarter of a megabyte says enough; the status speaks for the rest."""
    exchange = ask(kind)
    exchange.head(502, HTML)
    fed = 0
    while not exchange.done:
        assert fed < 600_000
        assert exchange.feed(b"x" * size) == []
        fed += size
    exchange.feed(b"more")
    with pytest.raises(ServerError, match=r"HTTP 502 \(text/html\)"):
        exchange.end()


# --- one JSON object


def read(status: int, headers: dict[str, str], body: bytes) -> JsonExchange:
    exchange = ask(JsonExchange)
    exchange.head(status, headers)
    assert exchange.feed(body[:3]) == exchange.feed(body[3:]) == []
    assert exchange.end() == []
    return exchange


def test_a_json_answer_is_kept():
    """Lists of models, and counts of tokens."""
    exchange = read(200, JSON, b'{"data": []}')
    assert (exchange.value, exchange.done, exchange.request_id) == ({"data": []}, True, "req_1")


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected", "words"),
    [
        pytest.param(200, JSON, b"[]", ProtocolError, "JSON that is no object", id="a list"),
        pytest.param(200, HTML, b"<html>", ProtocolError, "answered with text/html", id="HTML"),
        pytest.param(200, JSON, b"", ProtocolError, "answered with nothing", id="nothing"),
        pytest.param(200, JSON, b"[" * 200_000, ProtocolError, "not with the Messages API", id="nested too deep"),
        pytest.param(529, JSON, ERROR, OverloadedError, "Overloaded", id="an error"),
        pytest.param(404, JSON, b"{}", NotFoundError, r"\(a hint\)", id="an error with its hint"),
    ],
)
def test_an_answer_that_is_no_object(status, headers, body, expected, words):
    """As clear as for a message."""
    with pytest.raises(ProviderError, match=words) as caught:
        read(status, headers, body)
    assert type(caught.value) is expected
    assert caught.value.request_id == "req_1"


def test_a_json_answer_is_bounded(monkeypatch):
    """The list of models is no place for a flood either."""
    monkeypatch.setattr(module, "MAX_BODY_BYTES", 100)
    exchange = ask(JsonExchange)
    exchange.head(200, JSON)
    with pytest.raises(ProtocolError, match="larger than 100 bytes"):
        exchange.feed(b"x" * 101)


# --- small things


@pytest.mark.parametrize(
    ("kind", "header"), [("api_key", ("x-api-key", CANARY)), ("bearer", ("authorization", f"Bearer {CANARY}"))]
)
def test_the_header_of_a_key(kind, header):
    """Never both: servers disagree on which one wins."""
    assert auth_header(Credential(Secret(CANARY), kind)) == header


def test_a_request_does_not_show_its_key():
    """It is a dataclass, and those are printed."""
    assert CANARY not in repr(ask().request)
    assert HttpRequest("GET", "/v1/models", ()).hint(ServerError("x")) == ""


@pytest.mark.parametrize(
    ("events", "only"), [([], True), ([Ping()], True), ([Ping(), Ping()], True), ([Ping(), TextDelta(0, "x")], False)]
)
def test_signs_of_life(events, only):
    """Pings keep a connection, but not for ever."""
    assert only_pings(events) is only


@pytest.mark.parametrize("status", [200, 400])
def test_a_server_that_repeats_what_it_got_shows_no_secret(status):
    """A profile's headers are secrets as the key is, also where one begins with the other."""
    message = f"bad headers: x-gateway-pass={PASS} x-api-key={CANARY} {PASS}"
    body = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": message}}).encode()
    assert "and-more" not in str(failure(status, JSON, body))
