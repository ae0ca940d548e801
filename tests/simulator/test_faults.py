"""Every fault that can be asked for, as it looks on the wire."""

from __future__ import annotations

import json
import socket

import httpx
import pytest


def chunks_of(caller, **changes):
    """The chunks of a stream as they came, and the error that ended it, if any."""
    found = []
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 1000,
        "stream": True,
        "messages": [{"role": "user", "content": "x"}],
    }
    try:
        with caller.http.stream(
            "POST", caller.url + "/v1/messages", json=body | changes, headers=caller.headers({})
        ) as response:
            for chunk in response.iter_raw():
                found.append(chunk)
    except httpx.TransportError as error:
        return found, error
    return found, None


def talk(caller, fault):
    """What a plain socket receives for a request with a fault, until the connection ends or the last byte is there."""
    request = f"GET /v1/models HTTP/1.1\r\nhost: x\r\nx-sim-fault: {json.dumps(fault)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(caller.url.rsplit(":", 1)[1])), timeout=10) as client:
        client.sendall(request.encode())
        found = b""
        while not found.endswith(b"Surprise\r\n\r\n") and (data := client.recv(65_536)):
            found += data
    return found


@pytest.mark.parametrize(
    ("step", "status", "kind"),
    [
        ({"status": 400}, 400, "invalid_request_error"),
        ({"status": 402}, 402, "billing_error"),
        ({"status": 403}, 403, "permission_error"),
        ({"status": 409}, 409, "conflict_error"),
        ({"status": 413}, 413, "request_too_large"),
        ({"status": 429}, 429, "rate_limit_error"),
        ({"status": 500}, 500, "api_error"),
        ({"status": 503}, 503, "api_error"),
        ({"status": 504}, 504, "timeout_error"),
        ({"status": 529}, 529, "overloaded_error"),
        ({"status": 422}, 422, "invalid_request_error"),
        ({"status": 500, "type": "strange_error"}, 500, "strange_error"),
    ],
)
def test_a_status_has_its_error(start, step, status, kind):
    """Type by status, unless told otherwise; the id in header and body."""
    response = start(script=[step]).post()

    assert (response.status_code, response.json()["error"]["type"]) == (status, kind)
    assert response.json()["error"]["message"]
    assert response.json()["request_id"] == response.headers["request-id"]


def test_an_error_can_be_given_in_full(start):
    """Message, details and headers."""
    step = {
        "status": 429,
        "message": "Monthly limit",
        "error_code": "enforced_spend_limit_reached",
        "details": {"a": 1},
        "retry_after": 12,
        "retry_after_ms": 1500,
        "should_retry": False,
        "headers": {"X-Extra": "yes", "content-type": "application/problem+json"},
    }
    response = start(script=[step]).post()

    assert response.json()["error"] == {
        "type": "rate_limit_error",
        "message": "Monthly limit",
        "details": {"a": 1, "error_code": "enforced_spend_limit_reached"},
    }
    assert {
        name: response.headers[name] for name in ("retry-after", "retry-after-ms", "x-should-retry", "x-extra")
    } == {
        "retry-after": "12",
        "retry-after-ms": "1500",
        "x-should-retry": "false",
        "x-extra": "yes",
    }
    assert response.headers.get_list("content-type") == ["application/problem+json"]


@pytest.mark.parametrize(
    ("step", "content_type", "body"),
    [
        pytest.param({"status": 502, "html": True}, "text/html; charset=utf-8", "<html>", id="a proxy's page"),
        pytest.param({"status": 413, "empty": True}, None, "", id="nothing"),
        pytest.param(
            {"status": 500, "body": "upstream reset"}, "text/plain; charset=utf-8", "upstream reset", id="a text"
        ),
        pytest.param(
            {"status": 200, "body": "fine"}, "text/plain; charset=utf-8", "fine", id="a text that is no message"
        ),
        pytest.param({"status": 204}, None, "", id="no content"),
        pytest.param({"status": 302, "location": "https://example.com/"}, None, "", id="a redirect"),
        pytest.param({"ok_error": True}, "application/json", '{"type":"error"', id="an error with status 200"),
    ],
)
def test_bodies_that_are_no_message(start, step, content_type, body):
    """What proxies and gateways put in the way."""
    response = start(script=[step]).post({"stream": True})

    assert response.status_code == step.get("status", 200)
    assert response.headers.get("content-type") == content_type
    assert response.text.startswith(body)
    assert bool(response.text) == bool(body)
    assert response.headers.get("location") == step.get("location")


def test_json_instead_of_a_stream(start):
    """A gateway that ignores `stream`."""
    response = start(script=[{"as_json": True}]).post({"stream": True})

    assert (response.headers["content-type"], response.json()["type"]) == ("application/json", "message")


def test_bare_models_by_script(start):
    """A step can be for another path."""
    caller = start(script=[{"path": "/v1/models", "bare_models": True}])

    assert [len(caller.get("/v1/models").json()["data"][0]) for _ in range(2)] == [4, 11]


@pytest.mark.parametrize(
    ("step", "reason", "text"),
    [
        ({"stop_reason": "end_turn", "say": "Hi"}, "end_turn", "Hi"),
        ({"stop_reason": "max_tokens", "say": "Hi"}, "max_tokens", "Hi"),
        ({"stop_reason": "model_context_window_exceeded", "say": "Hi"}, "model_context_window_exceeded", "Hi"),
        ({"stop_reason": "stop_sequence", "say": "Hi"}, "stop_sequence", "Hi"),
        ({"stop_reason": "refusal", "say": "Hi", "output": True}, "refusal", "Hi"),
        ({"stop_reason": "refusal", "say": "Hi"}, "refusal", ""),
        ({"stop_reason": "brand_new_reason", "say": "Hi"}, "brand_new_reason", "Hi"),
    ],
)
def test_every_reason_to_stop(start, step, reason, text):
    """By script, with the text that belongs to it."""
    answer = start(script=[step]).post().json()

    assert answer["stop_reason"] == reason
    assert "".join(block.get("text", "") for block in answer["content"]) == text


@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded", "stop_sequence"])
def test_an_answer_cut_by_script_is_cut(start, reason):
    """Without words of its own it ends in the middle."""
    caller = start(script=[{"stop_reason": reason}])
    cut, whole = (caller.post().json()["content"][-1]["text"] for _ in range(2))

    assert whole.startswith(cut)
    assert len(cut) == len(whole) // 2


def test_a_refusal_has_details(start):
    """Those of the script over the usual ones; nothing is billed before any output."""
    step = {"stop_reason": "refusal", "stop_details": {"category": "cyber"}}
    answer = start(script=[step]).post().json()

    assert answer["content"] == []
    assert answer["usage"]["output_tokens"] == 0
    assert answer["stop_details"] == {
        "type": "refusal",
        "category": "cyber",
        "explanation": "The simulator was asked to refuse.",
    }


def test_thinking_by_script(start):
    """Its summary, where it is shown."""
    caller = start(script=[{"think": "Hm."}])
    answer = caller.post({"thinking": {"type": "adaptive", "display": "summarized"}}).json()

    assert answer["content"][0]["thinking"] == "Hm."


@pytest.mark.parametrize(
    ("step", "kind", "message"),
    [
        ({"error_after": 4}, "overloaded_error", "Overloaded"),
        ({"error_after": 4, "type": "api_error", "message": "Oops"}, "api_error", "Oops"),
    ],
)
def test_an_error_event_ends_the_stream(start, step, kind, message):
    """After N events, with status 200 long sent."""
    events = start(script=[step]).events()

    assert len(events) == 5
    assert events[-1] == {"type": "error", "error": {"type": kind, "message": message}}


def test_a_stream_without_its_last_event(start):
    """Everything came but message_stop."""
    assert start(script=[{"message_stop": False}]).events()[-1]["type"] == "message_delta"


@pytest.mark.parametrize(
    ("step", "body"),
    [
        pytest.param({"cut_at": 100}, 100, id="in the middle of an event"),
        pytest.param({"cut_at": 0}, 0, id="before the first byte"),
        pytest.param({"cut_at": 150, "chunk": 7}, 150, id="in small pieces"),
    ],
)
def test_a_cut_ends_the_connection_at_a_byte(start, step, body):
    """The client has exactly so many bytes, and no proper end."""
    found, error = chunks_of(start(script=[step]))

    assert len(b"".join(found)) == body
    assert isinstance(error, httpx.RemoteProtocolError)


def test_a_cut_after_events(start):
    """At the border between two events, where nothing looks broken."""
    found, error = chunks_of(start(script=[{"cut_after": 3}]))

    assert b"".join(found).count(b"\n\n") == 3
    assert b"".join(found).endswith(b"\n\n")
    assert isinstance(error, httpx.RemoteProtocolError)


def test_a_cut_in_a_json_body(start):
    """The announced length does not come."""
    with pytest.raises(httpx.RemoteProtocolError):
        start(script=[{"cut_at": 50}]).post()


@pytest.mark.parametrize("step", [{"cut_after": 0, "reset": True}, {"cut_at": 0, "reset": True}])
def test_a_reset(start, step):
    """Rougher than a close: what was sent may be lost too."""
    _, error = chunks_of(start(script=[step]))

    assert isinstance(error, httpx.ReadError | httpx.RemoteProtocolError)


def test_no_answer_at_all(start):
    """The connection closes without a byte; the next request gets through."""
    caller = start(script=[{"drop": True}])

    with pytest.raises(httpx.RemoteProtocolError):
        caller.post()
    assert caller.post().status_code == 200


@pytest.mark.parametrize("size", [1, 7])
def test_bytes_come_in_pieces(start, size):
    """So that every border of characters and fields is crossed."""
    caller = start(script=[{"chunk": size, "say": "Grüß Gott"}, {"say": "Grüß Gott"}])
    found, _ = chunks_of(caller)
    whole, _ = chunks_of(caller)

    assert max(map(len, found)) == size
    assert b"".join(found).replace(b"sim_1", b"sim_2") == b"".join(whole)


@pytest.mark.parametrize(("name", "end"), [("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")])
def test_line_ends(start, name, end):
    """All three that the standard knows."""
    found, _ = chunks_of(start(script=[{"line_end": name, "comment": True}]))
    text = b"".join(found).decode()

    assert text.startswith(f": a comment{end}{end}event: message_start{end}data: ")
    assert text.endswith(end + end)


def test_a_byte_order_mark(start):
    """Before the first event."""
    found, _ = chunks_of(start(script=[{"bom": True}]))

    assert b"".join(found).startswith(b"\xef\xbb\xbfevent: message_start")


def test_frames_without_names(start):
    """Only data lines, as some gateways send them."""
    found, _ = chunks_of(start(script=[{"event_names": False, "long_line_mb": 0.001}]))

    assert b"event:" not in b"".join(found)


def test_unknown_kinds(start):
    """An event, a delta and a block that no client knows."""
    events = start(script=[{"unknown": True}]).events()
    names = {event["type"] for event in events}
    deltas = {event["delta"]["type"] for event in events if event["type"] == "content_block_delta"}
    blocks = {event["content_block"]["type"] for event in events if event["type"] == "content_block_start"}

    assert "nova" in names
    assert "nova_delta" in deltas
    assert "nova" in blocks


@pytest.mark.parametrize(
    ("kind", "garbage"),
    [("json", b'"delta":{"ty\n\n'), ("bytes", b"\x80\x81\x82"), ("event", b'data: ["neither"')],
)
def test_garbage(start, kind, garbage):
    """In the middle of a stream that goes on."""
    found, error = chunks_of(start(script=[{"garbage_after": 2, "garbage": kind}]))
    before, after = b"".join(found).split(garbage)

    assert error is None
    assert before.count(b"data: ") == (3 if kind == "json" else 2)
    assert b"message_stop" in after


def test_a_very_long_line(start):
    """Ten megabytes without an end of line."""
    found, _ = chunks_of(start(script=[{"long_line_mb": 10}]))

    assert max(map(len, b"".join(found).split(b"\n"))) > 10_000_000


def test_bytes_after_the_end(start):
    """More in the body after message_stop."""
    found, error = chunks_of(start(script=[{"after_end": "event: ping\ndata: {}\n\n"}]))

    assert b"".join(found).endswith(b'{"type":"message_stop"}\n\nevent: ping\ndata: {}\n\n')
    assert error is None


def test_bytes_after_the_body(start):
    """On the connection itself, where no bytes are due."""
    found = talk(start(), {"raw_after_end": "HTTP/1.1 500 Surprise\r\n\r\n"})

    assert found.endswith(b"}HTTP/1.1 500 Surprise\r\n\r\n")


def test_a_flood_is_counted(start):
    """Many deltas; tokens by their number."""
    events = start(script=[{"flood": 3000}]).events()

    assert sum(event.get("delta", {}).get("type") == "text_delta" for event in events) == 3000
    assert events[-2]["usage"]["output_tokens"] == 3016


def test_silence_then_the_rest(start):
    """A stall for a while, with pings or without; waits go through the injected sleep."""
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    steps = [{"stall_after": 1, "stall_s": 30}, {"stall_after": 1, "stall_s": 30, "pings": True, "ping_s": 10}]
    caller = start(script=steps, sleep=sleep)
    names = [[event["type"] for event in caller.events()] for _ in range(2)]

    assert waits == [30, 10, 10, 10]
    assert [row.count("ping") for row in names] == [1, 4]
    assert {row[-1] for row in names} == {"message_stop"}


def test_a_slow_first_byte(start):
    """The wait is before the head of the response."""
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    assert start(script=[{"delay_s": 2.5}], sleep=sleep).post().status_code == 200
    assert waits == [2.5]


@pytest.mark.parametrize("step", [{"stall_after": 2}, {"stall_after": 2, "pings": True, "ping_s": 0.001}])
def test_silence_for_good_ends_when_the_client_leaves(start, step):
    """The simulator notices, and says so in its records."""
    caller = start(script=[step])
    body = {"model": "claude-opus-5", "max_tokens": 10, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    with caller.http.stream("POST", caller.url + "/v1/messages", json=body, headers=caller.headers({})) as response:
        next(response.iter_raw())
    caller.simulator.settled()

    assert caller.simulator.requests[0].aborted


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        pytest.param("529", 529, None, id="a number is a status"),
        pytest.param("refusal", 200, "refusal", id="a word is a reason to stop"),
        pytest.param("status=503, retry_after=1", 503, None, id="names and values"),
        pytest.param('{"stop_reason": "max_tokens"}', 200, "max_tokens", id="JSON"),
        pytest.param("say=Hi,chunk=1", 200, "end_turn", id="a text without quotes"),
        pytest.param("", 200, "end_turn", id="nothing"),
    ],
)
def test_a_fault_by_header(start, text, status, reason):
    """For one request, and the script stays as it is."""
    caller = start(script=[{"status": 418}])
    response = caller.post(x_sim_fault=text)

    assert response.status_code == status
    assert response.json().get("stop_reason") == reason
    assert caller.post().status_code == 418


@pytest.mark.parametrize("text", ["tpyo", "{", "[]", "chunk=0", '{"say": 5}', "status=no", "{" * 5000])
def test_a_bad_header_is_400(caller, text):
    """With a word about what is wrong."""
    response = caller.post(x_sim_fault=text)

    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith("x-sim-fault: ")


def test_a_header_that_contradicts_the_body_ends_the_connection(start):
    """A script may announce a length that does not come: the client sees a broken answer."""
    caller = start(script=[{"headers": {"content-length": "5000"}}])

    with pytest.raises(httpx.RemoteProtocolError):
        caller.post()
    assert caller.post().status_code == 200


def test_a_connection_can_be_closed_after_an_answer(start):
    """By the header that says so: the socket ends by itself."""
    assert b"connection: close" in talk(start(), {"headers": {"connection": "close"}}).lower()
