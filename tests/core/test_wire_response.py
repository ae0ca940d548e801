"""Each event, delta and error once; what is missing, null, new or garbage; JSON where a stream was asked for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_cli.core import errors
from claude_cli.core.errors import ProtocolError, ProviderError
from claude_cli.core.events import (
    BlockStart,
    BlockStop,
    CitationDelta,
    InputJsonDelta,
    MessageDelta,
    MessageDone,
    MessageStart,
    OtherDelta,
    Ping,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    fold,
)
from claude_cli.core.messages import text_block
from claude_cli.core.wire_response import decode_count, decode_error, decode_event, decode_message

PLACE = {"type": "page_location", "cited_text": "x", "start_page_number": 1}


def event(**members: object) -> object:
    return decode_event(json.dumps(members).encode())


def delta(kind: str, **members: object) -> object:
    return event(type="content_block_delta", index=3, delta={"type": kind, **members})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(delta("text_delta", text="Grü"), TextDelta(3, "Grü"), id="text"),
        pytest.param(delta("text_delta", text=""), TextDelta(3, ""), id="empty text"),
        pytest.param(delta("thinking_delta", thinking="hm", estimated_tokens=2), ThinkingDelta(3, "hm"), id="thinking"),
        pytest.param(delta("input_json_delta", partial_json='{"a'), InputJsonDelta(3, '{"a'), id="arguments"),
        pytest.param(delta("signature_delta", signature="c2ln"), SignatureDelta(3, "c2ln"), id="signature"),
        pytest.param(delta("citations_delta", citation=PLACE), CitationDelta(3, PLACE), id="citation"),
        pytest.param(
            delta("compaction_delta", content="C"),
            OtherDelta(3, {"type": "compaction_delta", "content": "C"}),
            id="a delta of a beta",
        ),
        pytest.param(delta("nova", x=[1]), OtherDelta(3, {"type": "nova", "x": [1]}), id="a delta of tomorrow"),
        pytest.param(
            event(type="message_start", message={"id": "msg_1", "model": "m", "usage": {"input_tokens": 1}}),
            MessageStart("msg_1", "m", {"input_tokens": 1}),
            id="message_start",
        ),
        pytest.param(event(type="message_start", message={}), MessageStart("", "", {}), id="a bare message_start"),
        pytest.param(
            event(type="message_start", message={"id": None, "model": 5, "usage": []}),
            MessageStart("", "", {}),
            id="a message_start of other types",
        ),
        pytest.param(
            event(type="content_block_start", index=0, content_block={"type": "nova", "x": None}),
            BlockStart(0, {"type": "nova", "x": None}),
            id="content_block_start, kept as it is",
        ),
        pytest.param(event(type="content_block_stop", index=2), BlockStop(2), id="content_block_stop"),
        pytest.param(
            event(
                type="message_delta",
                delta={"stop_reason": "refusal", "stop_sequence": None, "stop_details": {"category": None}},
                usage={"output_tokens": 9},
            ),
            MessageDelta("refusal", None, {"category": None}, {"output_tokens": 9}),
            id="message_delta",
        ),
        pytest.param(
            event(type="message_delta", delta={"stop_reason": "stop_sequence", "stop_sequence": "END"}),
            MessageDelta("stop_sequence", "END", None, {}),
            id="message_delta without usage",
        ),
        pytest.param(
            event(type="message_delta", delta={"stop_reason": 5, "stop_details": "x"}, usage=7),
            MessageDelta(None, None, None, {}),
            id="a message_delta of other types",
        ),
        pytest.param(
            event(type="message_delta", delta={"stop_reason": "because"}), MessageDelta("because"), id="a new reason"
        ),
        pytest.param(event(type="message_stop"), MessageDone(), id="message_stop"),
        pytest.param(event(type="message_stop", x={"new": 1}), MessageDone(), id="a new member"),
        pytest.param(event(type="ping"), Ping(), id="ping"),
        pytest.param(event(type="nova", x=1), None, id="an event of tomorrow"),
        pytest.param(event(type=None), None, id="a null type"),
        pytest.param(decode_event(b'{"type":"ping","x":"\xff"}'), Ping(), id="bytes that are no UTF-8"),
    ],
)
def test_each_event_once(found, expected):
    """The types of the API's stream, each field; what is missing or null never stops the decoding."""
    assert found == expected


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[DONE]", id="another API's end"),
        pytest.param(b"<html><body>502</body></html>", id="HTML"),
        pytest.param(b'{"type":"ping"', id="cut JSON"),
        pytest.param(b"[1]", id="a list"),
        pytest.param(b"5", id="a number"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"ping"', id="a word"),
        pytest.param(b"{}", id="no type"),
        pytest.param(b'{"type":["ping"]}', id="a type that is no word"),
        pytest.param(b"[" * 200_000, id="nested too deep"),
        pytest.param(b'{"type":"ping","x":' + b"9" * 5000 + b"}", id="a number too long to read"),
        pytest.param(b'{"type":"content_block_delta"}', id="a delta without anything"),
        pytest.param(b'{"type":"content_block_delta","index":0,"delta":null}', id="a null delta"),
        pytest.param(b'{"type":"content_block_delta","index":0,"delta":{}}', id="a delta without type"),
        pytest.param(b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}', id="no text"),
        pytest.param(
            b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":null}}', id="null text"
        ),
        pytest.param(
            b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":5}}', id="a text that is none"
        ),
        pytest.param(
            b'{"type":"content_block_delta","index":"0","delta":{"type":"text_delta","text":"x"}}', id="a worded index"
        ),
        pytest.param(b'{"type":"content_block_delta","delta":{"type":"text_delta","text":"x"}}', id="no index"),
        pytest.param(
            b'{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":[]}}',
            id="thinking that is none",
        ),
        pytest.param(
            b'{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":{}}}',
            id="arguments that are no text",
        ),
        pytest.param(
            b'{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta"}}', id="a missing signature"
        ),
        pytest.param(
            b'{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":"x"}}',
            id="a citation that is no object",
        ),
        pytest.param(b'{"type":"message_start"}', id="a start without message"),
        pytest.param(b'{"type":"message_start","message":"x"}', id="a start with a word"),
        pytest.param(b'{"type":"content_block_start","index":0}', id="a block start without block"),
        pytest.param(b'{"type":"content_block_start","index":0,"content_block":"x"}', id="a block that is a word"),
        pytest.param(b'{"type":"content_block_start","index":null,"content_block":{}}', id="a null index"),
        pytest.param(b'{"type":"content_block_stop"}', id="a block stop without index"),
        pytest.param(b'{"type":"message_delta","delta":[]}', id="a message_delta with a list"),
        pytest.param(b'{"type":"message_delta"}', id="a message_delta without delta"),
    ],
)
def test_garbage_is_a_protocol_error_of_one_line(data):
    """A traceback helps nobody, and skipping it in silence would lose words of the answer."""
    with pytest.raises(ProtocolError, match="not an event of the Messages API") as caught:
        decode_event(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(max_size=5), deeper, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "error"]
)
DELTAS = st.sampled_from(["text_delta", "thinking_delta", "input_json_delta", "signature_delta", "citations_delta"])
BLOCKS = st.sampled_from(["text", "thinking", "tool_use", "nova"])


@st.composite
def near_misses(draw: st.DrawFn) -> bytes:
    """An event with any value in any of its places."""
    inner = st.fixed_dictionaries({"type": DELTAS | BLOCKS | JSON}, optional={
        name: JSON for name in ("text", "thinking", "partial_json", "signature", "citation", "stop_reason", "message",
                                "citations", "input", "details", "id", "model", "usage")
    })  # fmt: skip
    members = {name: inner | JSON for name in ("delta", "content_block", "message", "error", "usage", "request_id")}
    shape = st.fixed_dictionaries({"type": KINDS, "index": st.just(0) | JSON}, optional=members)
    return json.dumps(draw(shape)).encode()


@settings(deadline=None)
@given(st.lists(near_misses(), max_size=6))
def test_whatever_a_server_sends_is_an_event_or_a_provider_error(stream):
    """And what is an event can be folded: no type of any field gets past the decoder and crashes later."""
    events = []
    for data in stream:
        try:
            found = decode_event(data)
        except ProviderError as error:
            assert "\n" not in str(error)
            continue
        events += [found] if found else []
    done = fold(events)
    assert isinstance(done.text, str)
    assert done.usage.total_input_tokens + done.usage.output_tokens >= 0 or done.usage.raw


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_message_or_a_provider_error(body):
    """The same for what comes in one piece, with a success or without."""
    try:
        fold(decode_message(body))
    except ProviderError as error:
        assert "\n" not in str(error)
    assert "\n" not in str(decode_error(500, {}, body, now=0.0))


# --- errors inside a stream


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("invalid_request_error", errors.RequestRejectedError),
        ("authentication_error", errors.AuthenticationError),
        ("billing_error", errors.BillingError),
        ("permission_error", errors.PermissionDeniedError),
        ("not_found_error", errors.NotFoundError),
        ("conflict_error", errors.RequestRejectedError),
        ("request_too_large", errors.RequestRejectedError),
        ("rate_limit_error", errors.RateLimitError),
        ("timeout_error", errors.TimedOutError),
        ("api_error", errors.ServerError),
        ("overloaded_error", errors.OverloadedError),
        ("nova_error", errors.ServerError),
    ],
)
def test_an_error_event_is_raised_as_what_it_is(kind, expected):
    """It comes after a 200, so its type is all there is."""
    with pytest.raises(ProviderError, match="Something") as caught:
        event(type="error", error={"type": kind, "message": "Something"}, request_id="req_1")
    assert type(caught.value) is expected
    assert caught.value.request_id == "req_1"
    assert caught.value.status is None


@pytest.mark.parametrize(
    ("members", "words"),
    [
        pytest.param({"error": {"type": "overloaded_error"}}, "overloaded_error", id="no message"),
        pytest.param({"error": {}}, "no message", id="an empty error"),
        pytest.param({}, "no message", id="no error at all"),
        pytest.param({"error": None}, "no message", id="null"),
        pytest.param({"error": "broken"}, "broken", id="a word"),
        pytest.param({"error": {"message": {"deep": 1}}}, "no message", id="a message that is an object"),
        pytest.param({"error": {"type": 5, "message": "  "}}, "no message", id="blanks"),
        pytest.param({"error": {"message": "a\n\x1b[31mb\u202ec"}}, "a bc", id="what would upset a terminal"),
        pytest.param({"error": {"message": "key sk-ant-api03-CANARY"}}, "key sk-ant-***", id="a key"),
    ],
)
def test_the_words_of_an_error_event(members, words):
    """One harmless line, whatever stands there."""
    with pytest.raises(ProviderError) as caught:
        event(type="error", **members)
    assert str(caught.value) == words


# --- errors by status


def body(kind: str, message: str = "Words", **more: object) -> bytes:
    return json.dumps({"type": "error", "error": {"type": kind, "message": message, **more}}).encode()


STATUSES = [
    (400, body("invalid_request_error"), errors.RequestRejectedError, "invalid_request", False, 4),
    (401, body("authentication_error"), errors.AuthenticationError, "authentication", False, 3),
    (402, body("billing_error"), errors.BillingError, "billing", False, 3),
    (403, body("permission_error"), errors.PermissionDeniedError, "permission", False, 3),
    (404, body("not_found_error"), errors.NotFoundError, "not_found", False, 4),
    (408, b"", errors.TimedOutError, "timeout", True, 6),
    (409, body("conflict_error"), errors.RequestRejectedError, "conflict", True, 4),
    (412, body("x"), errors.RequestRejectedError, "invalid_request", False, 4),
    (413, b"<html>too large</html>", errors.RequestRejectedError, "request_too_large", False, 4),
    (422, body("x"), errors.RequestRejectedError, "invalid_request", False, 4),
    (431, b"", errors.RequestRejectedError, "invalid_request", False, 4),
    (429, body("rate_limit_error"), errors.RateLimitError, "rate_limit", True, 5),
    (500, body("api_error"), errors.ServerError, "server_error", True, 6),
    (501, b"", errors.ServerError, "server_error", True, 6),
    (502, b"<html></html>", errors.ServerError, "server_error", True, 6),
    (503, body("api_error"), errors.ServerError, "server_error", True, 6),
    (503, body("overloaded_error"), errors.OverloadedError, "overloaded", True, 5),
    (504, body("timeout_error"), errors.TimedOutError, "timeout", True, 6),
    (529, body("overloaded_error"), errors.OverloadedError, "overloaded", True, 5),
    (529, b"", errors.OverloadedError, "overloaded", True, 5),
    # The body's type does not overrule a status that says enough, but names a payment where it says little.
    (400, body("rate_limit_error"), errors.RequestRejectedError, "invalid_request", False, 4),
    (400, body("billing_error"), errors.BillingError, "billing", False, 3),
    (418, body("nova_error"), errors.RequestRejectedError, "invalid_request", False, 4),
    # Money: waiting does not help, whatever the status.
    (400, body("invalid_request_error", "Your credit balance is too low to"), errors.BillingError, "billing", False, 3),
    (
        400,
        body("invalid_request_error", "You have reached your specified API usage limits. On 2026-12-01"),
        errors.BillingError,
        "billing",
        False,
        3,
    ),
    (500, body("api_error", "credit balance is too low"), errors.ServerError, "server_error", True, 6),
    (
        429,
        body("rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}),
        errors.BillingError,
        "billing",
        False,
        3,
    ),
    (
        429,
        body("rate_limit_error", details={"error_code": "contract_spend_limit_reached"}),
        errors.BillingError,
        "billing",
        False,
        3,
    ),
    (
        429,
        body("rate_limit_error", details={"error_code": "ramp_limit_exceeded"}),
        errors.RateLimitError,
        "rate_limit",
        True,
        5,
    ),
    (429, body("rate_limit_error", details={"error_code": ["x"]}), errors.RateLimitError, "rate_limit", True, 5),
    (429, body("rate_limit_error", details="x"), errors.RateLimitError, "rate_limit", True, 5),
]


@pytest.mark.parametrize(
    ("status", "content", "expected", "code", "retryable", "exit_code"),
    STATUSES,
    ids=[f"{status} is a {error.__name__}" for status, _, error, *_ in STATUSES],
)
def test_each_status_has_its_error(status, content, expected, code, retryable, exit_code):
    """The statuses of the API's documentation, with the class, the word for scripts and the exit status of ours."""
    error = decode_error(status, {"content-type": "application/json"}, content, now=0.0)
    assert type(error) is expected
    assert (error.code, error.retryable, error.exit_code, error.status) == (code, retryable, exit_code, status)
    assert error.as_json()["code"] == code


def test_details_are_kept():
    """`paths` and `max_side_length_pixels` tell which image was too large."""
    content = body("invalid_request_error", details={"error_code": "image_dimensions_too_large", "paths": ["a"]})
    assert decode_error(400, {}, content, now=0.0).details["paths"] == ["a"]
    assert decode_error(400, {}, b"", now=0.0).details == {}


@pytest.mark.parametrize(
    ("content", "headers", "words"),
    [
        pytest.param(body("x", "model: claude-9"), {}, "model: claude-9", id="the API's words"),
        pytest.param(b'{"error":{"type":"not_found_error"}}', {}, "not_found_error", id="a type alone"),
        pytest.param(b'{"error":"Not here"}', {}, "Not here", id="an error that is a text"),
        pytest.param(b'{"message":"no Route matched"}', {}, "no Route matched", id="a gateway's message"),
        pytest.param(b'{"detail":"Not Found"}', {}, "Not Found", id="a framework's detail"),
        pytest.param(b"{}", {"content-type": "application/json"}, "HTTP 404 (application/json)", id="an empty object"),
        pytest.param(b"[]", {"content-type": "application/json"}, "HTTP 404 (application/json)", id="a list"),
        pytest.param(b"", {"content-type": "application/json"}, "HTTP 404 (empty body)", id="nothing"),
        pytest.param(b"<h1>404</h1>", {"content-type": "text/html; charset=x"}, "HTTP 404 (text/html)", id="HTML"),
        pytest.param(b"nope", {}, "HTTP 404 (something without a type)", id="text without a type"),
        pytest.param(b"[" * 100_000, {"content-type": "a/b"}, "HTTP 404 (a/b)", id="nested too deep"),
        pytest.param(
            b"x", {"content-type": "a\x9b2J/b" + "c" * 99}, f"HTTP 404 (a/b{'c' * 56}…)", id="a type that is none"
        ),
        pytest.param(b"\xff\xfe\x00", {"content-type": "a/b"}, "HTTP 404 (a/b)", id="bytes of another kind"),
        pytest.param(body("x", "a\r\n\x07b"), {}, "a b", id="more than one line"),
        pytest.param(body("x", "y " * 900), {}, "y " * 199 + "y…", id="very long"),
        pytest.param(body("x", "Bearer abcdefgh12345"), {}, "Bearer ***", id="a token"),
    ],
)
def test_the_words_of_an_error_response(content, headers, words):
    """What the server says, wherever it says it; else its status and kind: never a page, never two lines."""
    assert str(decode_error(404, headers, content, now=0.0)) == words


@pytest.mark.parametrize(
    ("headers", "content", "request_id"),
    [
        pytest.param({"request-id": "req_h"}, b"", "req_h", id="header"),
        pytest.param({}, b'{"error":{},"request_id":"req_b"}', "req_b", id="body"),
        pytest.param({"request-id": "req_h"}, b'{"error":{},"request_id":"req_b"}', "req_h", id="both: the header"),
        pytest.param({}, b'{"error":{},"request_id":{"x":1}}', None, id="no word"),
        pytest.param({}, b"", None, id="none"),
    ],
)
def test_the_request_id(headers, content, request_id):
    """It is what the provider's support asks for."""
    assert decode_error(500, headers, content, now=0.0).request_id == request_id


@pytest.mark.parametrize(
    ("status", "wish", "content", "retryable"),
    [
        pytest.param(500, "false", b"", False, id="no more, though a 500"),
        pytest.param(400, "true", b"", True, id="again, though a 400"),
        pytest.param(429, " FALSE ", b"", False, id="in capitals"),
        pytest.param(429, "maybe", b"", True, id="no word we know"),
        pytest.param(
            429,
            "true",
            body("rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}),
            False,
            id="a spend cap never",
        ),
    ],
)
def test_the_server_decides_about_another_try(status, wish, content, retryable):
    """Source: the official SDK. A spend cap stays what it is: waiting cannot help."""
    assert decode_error(status, {"x-should-retry": wish}, content, now=0.0).retryable is retryable


def test_how_long_to_wait_is_read_from_the_headers():
    """Milliseconds go before seconds."""
    headers = {"retry-after": "12", "retry-after-ms": "1500"}
    assert decode_error(429, headers, b"", now=0.0).retry_after_s == 1.5


@pytest.mark.parametrize(
    ("headers", "where"),
    [
        pytest.param({"location": "https://other.example/v1"}, "https://other.example/v1", id="elsewhere"),
        pytest.param({"location": "https://u:p@h/\n"}, "https://***@h/", id="with a password"),
        pytest.param({}, "nowhere", id="without a place"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
def test_a_redirect_is_told_not_followed(status, headers, where):
    """The key would go to a host that nobody chose."""
    error = decode_error(status, {**headers, "request-id": "req_1"}, b"", now=0.0)
    assert f"redirects to {where}; a key never follows" in str(error)
    assert (type(error), error.code, error.retryable) == (errors.RequestRejectedError, "redirect", False)
    assert (error.status, error.request_id) == (status, "req_1")


# --- a whole message

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-5-5",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "thinking", "thinking": "", "signature": "c2ln"},
        {"type": "text", "text": "A", "citations": [PLACE]},
        {"type": "tool_use", "id": "toolu_1", "name": "n", "input": {"a": 1}},
        {"type": "nova", "x": [None]},
        {"type": "text", "text": "B"},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "stop_details": None,
    "usage": {"input_tokens": 3, "output_tokens": 4},
}


def test_a_message_in_one_piece_is_the_same_answer():
    """JSON instead of a stream, as some gateways answer: every block as it came, the counts, the reason."""
    done = fold(decode_message(json.dumps(MESSAGE).encode()))
    assert list(done.content) == MESSAGE["content"]
    assert (done.id, done.model, done.text, done.stop_reason) == ("msg_1", "claude-haiku-5-5", "AB", "tool_use")
    assert (done.usage.input_tokens, done.usage.output_tokens) == (3, 4)


def test_a_message_in_one_piece_streams_its_text():
    """Who prints deltas prints it too."""
    events = decode_message(json.dumps(MESSAGE).encode())
    assert [item.text for item in events if isinstance(item, TextDelta)] == ["A", "B"]
    assert events[-1] == MessageDone()


@pytest.mark.parametrize(
    ("members", "text"),
    [
        pytest.param({"content": []}, "", id="no content"),
        pytest.param({"content": [text_block("x")]}, "x", id="nothing but content"),
        pytest.param({"content": [{"type": "text"}]}, "", id="no text"),
        pytest.param({"content": [{"type": "text", "text": None}]}, "", id="null text"),
        pytest.param({"content": [{"type": "text", "text": 5}]}, "", id="a text that is none"),
        pytest.param({"content": [{"type": "thinking", "thinking": 5}]}, "", id="thinking that is none"),
        pytest.param({"content": [{}]}, "", id="a block without type"),
        pytest.param({"content": [text_block("x")], "usage": "y", "id": 5, "stop_reason": []}, "x", id="other types"),
    ],
)
def test_a_message_that_lacks_things(members, text):
    """An older gateway leaves out."""
    assert fold(decode_message(json.dumps(members).encode())).text == text


@pytest.mark.parametrize(
    ("content", "expected", "words"),
    [
        pytest.param(body("overloaded_error"), errors.OverloadedError, "Words", id="an error body with a 200"),
        pytest.param(b'{"error":{"message":"bad"}}', errors.ServerError, "bad", id="an error of another shape"),
        pytest.param(b'{"type":"error"}', errors.ServerError, "no message", id="an error without anything"),
        pytest.param(b'{"choices":[]}', ProtocolError, "no message of the Messages API", id="another API's answer"),
        pytest.param(b'{"content":"x"}', ProtocolError, "no message of the Messages API", id="content that is a text"),
        pytest.param(b'{"content":["x"]}', ProtocolError, "no message of the Messages API", id="blocks that are texts"),
        pytest.param(b"[]", ProtocolError, "no message of the Messages API", id="a list"),
        pytest.param(b"<html>\n</html>", ProtocolError, "not with the Messages API", id="HTML called JSON"),
        pytest.param(b"", ProtocolError, "answered with nothing", id="nothing"),
        pytest.param(b"[" * 200_000, ProtocolError, "not with the Messages API", id="nested too deep"),
        pytest.param(b'{"content":[', ProtocolError, "not with the Messages API", id="cut"),
    ],
)
def test_a_body_that_is_no_message(content, expected, words):
    """A clear error of one line, never a short answer."""
    with pytest.raises(ProviderError, match=words) as caught:
        decode_message(content)
    assert type(caught.value) is expected
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("answer", [{}, {"input_tokens": None}, {"input_tokens": "5"}, {"input_tokens": True}])
def test_an_answer_without_a_count_is_none(answer):
    """A number is never made up."""
    assert decode_count({"input_tokens": 5}) == 5
    with pytest.raises(ProtocolError, match="no count of tokens"):
        decode_count(answer)
