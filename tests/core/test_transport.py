"""Both transports over real sockets: what is sent, however the answer's bytes come, wherever they end."""

from __future__ import annotations

import json
import sys
import time

import pytest

from claude_cli.core import transport
from claude_cli.core.errors import ConnectionFailedError, ProtocolError, RequestRejectedError, StreamInterruptedError
from claude_cli.core.events import MessageDone
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential

from ..loopback import (
    EVENTS,
    MESSAGE,
    REQUEST_ID,
    TEXT,
    WAIT_S,
    body_of,
    error_response,
    frames,
    head,
    headers_of,
    response,
)

LIBRARY = {"blocking": "httpcore/1.", "async": "httpcore/1."}


# ------------------------------------------------------------------------------------------------ what is sent
def test_the_request_on_the_wire(driver, serve):
    """Every byte is accounted for: no header twice, none that says what is not so, no compression asked for."""
    server = serve(response())

    driver.ask(server.url, key="sk-ant-api03-x")

    (request,) = server.requests
    start, _, rest = request.partition(b"\r\n")
    top, _, body = rest.partition(b"\r\n\r\n")
    lines = sorted(line.partition(":")[0].lower() for line in top.decode().split("\r\n"))
    assert start == b"POST /v1/messages HTTP/1.1"
    assert lines == [
        "accept", "accept-encoding", "anthropic-version", "content-length", "content-type", "host", "user-agent",
        "x-api-key",
    ]  # fmt: skip
    headers = headers_of(request)
    assert headers.pop("user-agent").startswith(f"claude-cli/test {LIBRARY[driver.kind]}")
    assert headers == {
        "host": f"127.0.0.1:{server.port}",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "anthropic-version": "2026-10-21",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "x-api-key": "sk-ant-api03-x",
    }
    assert body == (
        b'{"model":"claude-sonnet-5-5","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}'
    )
    assert len(body) <= 400


def test_a_get_has_no_body_and_no_length(driver, serve):
    """`GET /v1/models` is the health check of every gateway; some refuse a GET that has a body."""
    server = serve(response(b'{"data": []}', kind="application/json"))
    provider = AnthropicProvider.configured(ProviderConfig(credential("test-key", source="x"), server.url, environ={}))
    page = provider.models_exchange("a/b&c")

    (answer,) = driver.ask_all(server.url, 1, exchanges=[page])

    assert answer.error is None
    assert page.value == {"data": []}
    assert server.requests[0].startswith(b"GET /v1/models?limit=1000&after_id=a%2Fb%26c HTTP/1.1\r\n")
    assert "content-length" not in headers_of(server.requests[0])
    assert "content-type" not in headers_of(server.requests[0])


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_a_base_url_with_a_path_keeps_it(driver, serve, path):
    """Gateways live below paths, and people give the URL with or without `/v1`."""
    server = serve(response())
    driver.ask(f"{server.url}/team%20a{path}")
    assert server.requests[0].startswith(b"POST /team%20a/v1/messages HTTP/1.1\r\n")


def test_a_token_goes_as_bearer_and_alone(driver, serve):
    """With both headers the API takes the key and forgets the token."""
    server = serve(response())
    driver.ask(server.url, key="sk-ant-oat01-token")
    headers = headers_of(server.requests[0])
    assert headers["authorization"] == "Bearer sk-ant-oat01-token"
    assert headers["anthropic-beta"] == "oauth-2025-04-20"
    assert "x-api-key" not in headers


def test_without_a_key_none_is_sent(driver, serve):
    """llama.cpp and Ollama want none."""
    server = serve(response())
    assert driver.ask(server.url, key=None).text == TEXT
    assert not {"x-api-key", "authorization"} & headers_of(server.requests[0]).keys()


# ------------------------------------------------------------------------------------------------ what comes back
@pytest.mark.parametrize("step", [None, 1], ids=["at once", "one byte a write"])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_an_answer_is_whole_however_it_is_framed_and_cut(driver, serve, framing, step):
    """One byte a write splits every UTF-8 character, every field name and every chunk's size."""

    def play(peer):
        peer.answer(response(framing=framing), step=step)

    answer = driver.ask(serve(play).url)

    assert answer.error is None
    assert answer.text == TEXT
    assert answer.events[0].request_id == REQUEST_ID
    assert isinstance(answer.events[-1], MessageDone)


@pytest.mark.parametrize("step", [None, 1], ids=["at once", "one byte a write"])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + response(), id="100"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 3 + response(framing="chunked"), id="three times 103"
        ),
        pytest.param(response().replace(b"\r\n", b"\n"), id="a head with bare line feeds"),
        pytest.param(b"HTTP/1.1 103 Early Hints\nlink: </a>\n\n" * 2 + response(), id="103 with bare line feeds"),
        pytest.param(response(kind="text/event-stream; charset=utf-8"), id="a charset"),
        pytest.param(response(kind=""), id="no content type"),
        pytest.param(response(frames(names=False)), id="frames without names"),
        pytest.param(response(frames() + b"data: garbage\n\n"), id="frames after the end"),
        pytest.param(response() + b"HTTP/1.1 200 Unasked\r\n\r\n", id="bytes after the body"),
        pytest.param(b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + frames(), id="HTTP/1.0"),
    ],
)
def test_odd_answers_that_are_right(driver, serve, data, step):
    """Proxies, gateways and small servers differ; none of this changes what was said."""

    def play(peer):
        peer.answer(data, step=step)

    answer = driver.ask(serve(play).url)
    assert (answer.error, answer.text) == (None, TEXT)


def test_a_large_head_is_taken(driver, serve):
    """Gateways add cookies and policies by the kilobyte; 60 of them are odd, but no attack."""
    data = response(None, 200, *(f"x-{number}: {'v' * 1000}" for number in range(60)))
    assert driver.ask(serve(data).url).text == TEXT


def test_json_instead_of_a_stream(driver, serve):
    """A gateway that does not stream still gives the answer."""
    answer = driver.ask(serve(response(json.dumps(MESSAGE).encode(), kind="application/json")).url)
    assert (answer.error, answer.text) == (None, TEXT)
    assert answer.events[0].request_id == REQUEST_ID


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(response(b"<html>Sign in</html>", kind="text/html"), "text/html", id="HTML with status 200"),
        pytest.param(response(b"", kind="text/html"), "nothing", id="nothing, as HTML"),
        pytest.param(response(b"", kind="application/json"), "nothing", id="nothing, as JSON"),
        pytest.param(response(b'{"hello": 1}', kind="application/json"), "no message", id="another JSON"),
        pytest.param(response(b'{"broken', kind="application/json"), "application/json", id="broken JSON"),
        pytest.param(response(frames(EVENTS[:4]) + b"data: {nope\n\n"), "not an event", id="a broken frame"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP", id="another protocol"),
        pytest.param(b"HTTP/1.1 2x0 OK\r\n\r\n", "does not speak HTTP", id="a status that is none"),
        pytest.param(head(200, "transfer-encoding: chunked") + b"zz\r\n", "does not speak HTTP", id="a bad chunk"),
        pytest.param(head(200, *(f"x-{n}: {'v' * 1000}" for n in range(200))), "does not speak HTTP", id="200 KB head"),
    ],
)
def test_what_is_no_answer_is_a_clear_error(driver, serve, data, words):
    """Never a traceback, never a hang, and not a retry either: it would come again."""

    def play(peer):
        peer.answer(data)
        peer.wait()

    error = driver.ask(serve(play).url).error

    assert isinstance(error, ProtocolError)
    assert words in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 600


@pytest.mark.parametrize("data", [response(b""), head(204, kind="")], ids=["200", "204, which never has a body"])
def test_a_stream_without_anything_is_an_interruption(driver, serve, data):
    """The answer never came, and no short answer is made of it; nor is it waited for."""
    error = driver.ask(serve(data).url).error
    assert isinstance(error, StreamInterruptedError)
    assert error.request_id == REQUEST_ID


def test_an_error_body_with_status_200(driver, serve):
    """Some gateways have no other way to say it."""
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    error = driver.ask(serve(response(body, kind="application/json")).url).error
    assert (error.code, error.request_id) == ("overloaded", REQUEST_ID)


def test_an_error_event_ends_the_answer_with_what_came_before(driver, serve):
    """Words that came are handed on; the error says the rest."""
    failed = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    answer = driver.ask(serve(response(frames([*EVENTS[:4], failed]))).url)
    assert answer.text == "Grüß "
    assert (answer.error.code, answer.error.request_id) == ("overloaded", REQUEST_ID)


# ------------------------------------------------------------------------------------------------ statuses
@pytest.mark.parametrize(
    ("data", "code", "exit_code", "retryable"),
    [
        (error_response(400, "invalid_request_error"), "invalid_request", 4, False),
        (error_response(401, "authentication_error"), "authentication", 3, False),
        (error_response(402, "billing_error"), "billing", 3, False),
        (error_response(403, "permission_error"), "permission", 3, False),
        (error_response(404, "not_found_error"), "not_found", 4, False),
        (error_response(409, "conflict_error"), "conflict", 4, True),
        (error_response(413, "request_too_large"), "request_too_large", 4, False),
        (error_response(429, "rate_limit_error"), "rate_limit", 5, True),
        (error_response(500, "api_error"), "server_error", 6, True),
        (error_response(504, "timeout_error"), "timeout", 6, True),
        (error_response(529, "overloaded_error"), "overloaded", 5, True),
        (response(b"<html>Bad Gateway</html>", 502, kind="text/html"), "server_error", 6, True),
        (response(b"", 529, kind=""), "overloaded", 5, True),
        (response(b"", 503, "x-should-retry: false", kind=""), "server_error", 6, False),
        (response(b"x" * 3_000_000, 500, kind="text/html"), "server_error", 6, True),
        (response(b"too long", 413, kind="text/plain", framing="close"), "request_too_large", 4, False),
        (response(b"slow", 408, kind="text/plain", framing="chunked"), "timeout", 6, True),
    ],
    ids=lambda value: value.split(b"\r\n")[0].decode() if isinstance(value, bytes) else "",
)
def test_a_status_is_its_error(driver, serve, data, code, exit_code, retryable):
    """Whatever the body: the API's, a proxy's page, nothing, or far too much."""
    error = driver.ask(serve(data).url).error
    assert (error.code, error.exit_code, error.retryable) == (code, exit_code, retryable)
    assert error.request_id == REQUEST_ID


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_status_counts_also_where_its_body_breaks_off(driver, serve, framing):
    """A 401 whose page is cut is still a 401, and not worth a minute of retries."""
    data = response(b"<html>" + b"x" * 500, 401, kind="text/html", framing=framing)[:-200]

    def play(peer):
        peer.answer(data)

    error = driver.ask(serve(play).url).error
    assert (error.code, error.request_id) == ("authentication", REQUEST_ID)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(driver, serve, status):
    """A key goes to the address it was meant for and to no other."""
    other = serve(response())
    server = serve(response(b"", status, f"location: {other.url}/v1/messages", kind=""))

    error = driver.ask(server.url).error

    assert isinstance(error, RequestRejectedError)
    assert (error.code, error.exit_code) == ("redirect", 4)
    assert other.url in str(error)
    assert other.connections == 0
    assert len(server.requests) == 1


# ------------------------------------------------------------------------------------------------ bounds
def too_long_line(peer):
    peer.answer(head(200) + b"data: ")
    for _ in range(100):
        peer.send(b"x" * 1_000_000)


def endless_json(peer):
    peer.answer(head(200, kind="application/json") + b'{"a": "')
    for _ in range(200):
        peer.send(b"x" * 1_000_000)


def endless_error(peer):
    peer.answer(head(500, kind="text/html"))
    for _ in range(100):
        peer.send(b"x" * 1_000_000)


def endless_headers(peer):
    peer.answer(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        peer.send(b"x-more: " + b"x" * 1_000_000)


@pytest.mark.parametrize(
    ("play", "most_mb", "kind"),
    [
        pytest.param(too_long_line, 30, "protocol", id="a line of 100 MB"),
        pytest.param(endless_json, 90, "protocol", id="a JSON body of 200 MB"),
        pytest.param(endless_error, 10, "server_error", id="an error page of 100 MB"),
        pytest.param(endless_headers, 10, "protocol", id="headers of 100 MB"),
    ],
)
def test_no_answer_is_read_without_bound(driver, serve, play, most_mb, kind):
    """The server is cut off soon after the bound: what it could send is what sockets buffer."""
    server = serve(play)
    error = driver.ask(server.url).error
    assert error.code == kind
    assert server.sent < most_mb * 1_000_000
    if kind != "protocol" or play is not endless_headers:
        assert error.request_id == REQUEST_ID


def test_who_sends_more_after_the_end_is_left(driver, serve):
    """The answer is whole; a server that talks on holds nobody up."""

    def play(peer):
        peer.answer(head(200) + frames())
        while not peer.server.stopping.is_set():
            peer.send(b": more\n\n" * 1000)

    answer = driver.ask(serve(play).url)
    assert (answer.error, answer.text) == (None, TEXT)


def test_an_end_that_stays_away_is_not_waited_for(driver, serve):
    """The last event has come: whether the body ends behind it is only about using the connection again."""

    def play(peer):
        peer.answer(head(200, "content-length: 100000") + frames())
        peer.wait()

    answer = driver.ask(serve(play).url)
    assert (answer.error, answer.text) == (None, TEXT)


# ------------------------------------------------------------------------------------------------ cuts
@pytest.mark.parametrize("how", ["closed", "reset"])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_cut_at_any_byte_is_an_error_and_loses_nothing(driver, serve, framing, how):
    """From before the head to before the last event: never a short answer, never another error than a broken line."""
    data = response(framing=framing)
    end = len(data) - (200 if framing == "chunked" else 60)  # in the midst of the last event
    body = data.index(b"\r\n\r\n") + 4
    cuts = [0, 1, body - 2, body, *range(body + 1, end, 83), end]
    todo = list(cuts)

    def play(peer):
        peer.request()
        peer.send(data[: todo.pop(0)])
        if how == "reset":
            peer.reset()

    server = serve(play)
    answers = driver.ask_all(server.url, len(cuts))

    assert server.connections == len(cuts), "a fresh connection that dies is not tried again here"
    for cut, answer in zip(cuts, answers, strict=True):
        assert isinstance(answer.error, ConnectionFailedError | StreamInterruptedError), cut
        assert answer.error.retryable
        assert TEXT.startswith(answer.text)
        if cut >= body and how == "closed":
            assert answer.error.request_id == REQUEST_ID, cut


# ------------------------------------------------------------------------------------------------ kept connections
AGAIN = error_response(529, "overloaded_error")


def test_a_kept_connection_is_used_again(driver, serve):
    """A retry does not pay for another handshake."""

    def play(peer):
        peer.answer(AGAIN)
        peer.answer(response())

    server = serve(play)
    first, second = driver.ask_all(server.url, 2)
    assert (first.error.code, second.text) == ("overloaded", TEXT)
    assert server.connections == 1


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_kept_connection_that_died_is_replaced_at_once(driver, serve, how):
    """The server had closed it before the request came: it never saw it, and nobody has to wait."""

    def play(peer):
        peer.answer(AGAIN if peer.number == 1 else response())
        if peer.number == 1:
            peer.request()
            if how == "reset":
                peer.reset()

    server = serve(play)
    _, second = driver.ask_all(server.url, 2)

    assert (second.error, second.text) == (None, TEXT)
    assert server.connections == 2
    assert len(server.requests) == 3


def test_a_kept_connection_that_breaks_late_had_taken_the_request(driver, serve):
    """It may have been answered, and paid for: only the retries, which say so, send it again."""
    waited = [0.0]

    def play(peer):
        peer.answer(AGAIN)
        peer.request()
        waited[0] = 30.0
        peer.reset()

    server = serve(play)
    _, second = driver.ask_all(server.url, 2, clock=lambda: time.monotonic() + waited[0])
    assert (second.error.kind, second.error.maybe_billed, len(server.requests)) == ("broken", True, 2)


def test_a_kept_connection_closed_meanwhile_is_not_even_tried(driver, serve):
    """The pool sees that it is closed."""

    def play(peer):
        peer.answer(AGAIN if peer.number == 1 else response())
        peer.socket.close()
        peer.server.left.set()

    server = serve(play)
    _, second = driver.ask_all(server.url, 2, between=lambda: server.left.wait(WAIT_S))
    assert (second.error, second.text) == (None, TEXT)
    assert len(server.requests) == 2


def test_the_second_try_is_the_last_one(driver, serve):
    """A server that closes every connection is down, and that is for the retries with their waits."""

    def play(peer):
        if peer.number == 1:
            peer.answer(AGAIN)
        peer.request()

    server = serve(play)
    _, second = driver.ask_all(server.url, 2)
    assert isinstance(second.error, ConnectionFailedError)
    assert server.connections == 2


def test_a_fresh_connection_that_dies_is_not_tried_again(driver, serve):
    """The server may have begun to work, and to bill."""
    server = serve(lambda peer: peer.request())
    error = driver.ask(server.url).error
    assert isinstance(error, ConnectionFailedError)
    assert error.kind == "broken"
    assert server.connections == len(server.requests) == 1


# ------------------------------------------------------------------------------------------------ loading
@pytest.mark.parametrize("there", [False, True])
def test_httpx_is_loaded_without_its_command_line(monkeypatch, there):
    """With click installed it would bring a hundred modules; one that is loaded already stays as it is."""
    monkeypatch.delitem(sys.modules, "httpx._main", raising=False)
    if there:
        monkeypatch.setitem(sys.modules, "httpx._main", sys)
    with transport._without_its_command_line():
        assert sys.modules["httpx._main"] is (sys if there else None)
    assert ("httpx._main" in sys.modules) is there


# ------------------------------------------------------------------------------------------------ leaving
def test_who_stops_reading_closes_the_connection(driver, serve):
    """The provider stops working, and billing, when it sees that nobody listens."""

    def play(peer):
        peer.answer(head(200) + frames(EVENTS[:4]))
        peer.wait()

    server = serve(play)
    gone = []
    (answer,) = driver.ask_all(server.url, 1, stop_after=1, between=lambda: gone.append(server.left.wait(WAIT_S)))
    assert answer.error is None
    assert gone == [True]
    assert body_of(server.requests[0])["model"] == "claude-sonnet-5-5"
