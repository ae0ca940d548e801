"""From the bytes that come back to events and errors. Pure; what goes out is `wire_request.py`'s.

Fields that are missing, null or new never stop the decoding: an older gateway leaves out, a newer API adds.
Unknown events are skipped, unknown blocks and deltas are kept as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .errors import (
    AuthenticationError,
    BillingError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    ProviderError,
    RateLimitError,
    RequestRejectedError,
    ServerError,
    TimedOutError,
)
from .events import (
    BlockStart,
    BlockStop,
    CitationDelta,
    Event,
    InputJsonDelta,
    MessageDelta,
    MessageDone,
    MessageStart,
    OtherDelta,
    Ping,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
)
from .harmless import one_line
from .redact import redact
from .retry import retry_after_seconds, should_retry

_T = TypeVar("_T")

_RAW_DECODE = json.JSONDecoder().raw_decode

_SPEND_CAPS = ("enforced_spend_limit_reached", "contract_spend_limit_reached")
_MONEY_WORDS = ("credit balance is too low", "reached your specified api usage limits")

_BY_STATUS: dict[int, type[ProviderError]] = {
    401: AuthenticationError,
    402: BillingError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: TimedOutError,
    429: RateLimitError,
    504: TimedOutError,
    529: OverloadedError,
}
_BY_TYPE: dict[str, type[ProviderError]] = {
    "invalid_request_error": RequestRejectedError,
    "authentication_error": AuthenticationError,
    "billing_error": BillingError,
    "permission_error": PermissionDeniedError,
    "not_found_error": NotFoundError,
    "conflict_error": RequestRejectedError,
    "request_too_large": RequestRejectedError,
    "rate_limit_error": RateLimitError,
    "timeout_error": TimedOutError,
    "api_error": ServerError,
    "overloaded_error": OverloadedError,
}
_CODES = {409: "conflict", 413: "request_too_large"}


def decode_event(data: bytes) -> Event | None:
    """The event in one frame's data, or None for one we have no use for.

    The `type` inside the data decides, not the frame's name: some gateways send frames without names.

    Raises:
        ProviderError: the frame is an `error` event; its class tells which.
        ProtocolError: the data is not JSON, or lacks what its type must have.
    """
    try:
        value = _object(data.decode("utf-8", "replace"))
        kind = value["type"]
        if kind == "content_block_delta":
            index, delta = value["index"], value["delta"]
            # Nearly all events are text: the shortest way for them keeps a flood cheap.
            if delta["type"] == "text_delta" and type(delta["text"]) is str and type(index) is int:
                return TextDelta(index, delta["text"])
            return _delta(_must(index, int), delta)
        decode = _DECODERS.get(kind)
        return decode(value) if decode else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        shown = one_line(redact(data[:200].decode("utf-8", "replace")), 80)
        raise ProtocolError(f"the stream holds something that is not an event of the Messages API: {shown}") from error


def _object(text: str) -> Any:
    """The JSON value that is all of `text`. Raises `ValueError`."""
    value, end = _RAW_DECODE(text) if text[:1] == "{" else (None, None)  # a third less than `loads`, for each word
    return value if end == len(text) else json.loads(text)


def _must(value: Any, kind: type[_T]) -> _T:
    """`value`, which only a `kind` can be: text, a number, an object. Raises TypeError."""
    if type(value) is not kind:
        raise TypeError(f"not of type {kind.__name__}")
    return value


def _may(value: Any, kind: type[_T]) -> _T | None:
    """`value` where it is a `kind`; None for what is absent, null or something else."""
    return value if type(value) is kind else None


def _delta(index: int, delta: dict[str, Any]) -> Event:
    match delta["type"]:
        case "text_delta":
            return TextDelta(index, _must(delta["text"], str))
        case "thinking_delta":
            return ThinkingDelta(index, _must(delta["thinking"], str))
        case "input_json_delta":
            return InputJsonDelta(index, _must(delta["partial_json"], str))
        case "signature_delta":
            return SignatureDelta(index, _must(delta["signature"], str))
        case "citations_delta":
            return CitationDelta(index, _must(delta["citation"], dict))
        case _:
            return OtherDelta(index, delta)


def _message_start(value: dict[str, Any]) -> Event:
    message = _must(value["message"], dict)
    return MessageStart(
        _may(message.get("id"), str) or "",
        _may(message.get("model"), str) or "",
        _may(message.get("usage"), dict) or {},
    )


def _block_start(value: dict[str, Any]) -> Event:
    return BlockStart(_must(value["index"], int), _must(value["content_block"], dict))


def _message_delta(value: dict[str, Any]) -> Event:
    delta = _must(value["delta"], dict)
    return MessageDelta(
        _may(delta.get("stop_reason"), str),
        _may(delta.get("stop_sequence"), str),
        _may(delta.get("stop_details"), dict),
        _may(value.get("usage"), dict) or {},
    )


def _error(value: dict[str, Any]) -> Event:
    raise error_of(value, status=None)


_DECODERS: dict[str, Callable[[dict[str, Any]], Event]] = {
    "message_start": _message_start,
    "content_block_start": _block_start,
    "content_block_stop": lambda value: BlockStop(_must(value["index"], int)),
    "message_delta": _message_delta,
    "message_stop": lambda value: MessageDone(),
    "ping": lambda value: Ping(),
    "error": _error,
}


def decode_message(body: bytes) -> list[Event]:
    """A whole message, as the events that would have streamed it.

    Raises:
        ProviderError: the body is an error object, whatever the status said.
        ProtocolError: it is neither a message nor an error.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(not_the_api("application/json", body)) from error
    if isinstance(value, dict) and (value.get("type") == "error" or isinstance(value.get("error"), dict)):
        raise error_of(value, status=None)
    blocks = value.get("content") if isinstance(value, dict) else None
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise ProtocolError("the server answered with JSON that is no message of the Messages API; check the base URL")
    events: list[Event] = [_message_start({"message": value})]
    for index, block in enumerate(blocks):
        events.append(BlockStart(index, _emptied(block)))
        if block.get("type") == "text":
            events.append(TextDelta(index, _may(block.get("text"), str) or ""))
        elif block.get("type") == "thinking":
            events.append(ThinkingDelta(index, _may(block.get("thinking"), str) or ""))
        events.append(BlockStop(index))
    events.append(_message_delta({"delta": value, "usage": value.get("usage")}))
    events.append(MessageDone())
    return events


def _emptied(block: dict[str, Any]) -> dict[str, Any]:
    """`block` as it would have started: what its delta brings is not in it yet, and a missing text is none."""
    kind = block.get("type")
    return {**block, kind: ""} if kind in ("text", "thinking") else block


def not_the_api(content_type: str, body: bytes) -> str:
    """One line for an answer that is no answer: what came, and what to look at."""
    if not body:
        return "the server answered with nothing; check the base URL"
    shown = one_line(redact(body[:300].decode("utf-8", "replace")), 80)
    return f"the server answered with {_kind(content_type)}, not with the Messages API; check the base URL ({shown})"


def _kind(content_type: str) -> str:
    return one_line(redact(content_type.partition(";")[0]), 60) or "something without a type"


def decode_count(answer: Mapping[str, Any]) -> int:
    """The number in an answer of count_tokens. Raises `ProtocolError` where there is none."""
    found = answer.get("input_tokens")
    if not isinstance(found, int) or isinstance(found, bool):
        raise ProtocolError("the server's answer has no count of tokens; check the base URL")
    return found


def decode_error(status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> ProviderError:
    """The error that a response of `status` means. The body may be the API's, HTML, or nothing.

    Args:
        status: HTTP status, not 2xx.
        headers: names in lower case.
        body: as much of it as was read.
        now: the wall clock, seconds since the epoch, for `retry-after` dates.
    """
    request_id = headers.get("request-id")
    if 300 <= status < 400:
        where = one_line(redact(headers.get("location", "nowhere")), 120)
        return RequestRejectedError(
            f"the server redirects to {where}; a key never follows a redirect: set the base URL to the right address",
            code="redirect", status=status, request_id=request_id,
        )  # fmt: skip
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        value = {}
    error = error_of(value, status=status, request_id=request_id, without_words=_status_line(status, headers, body))
    error.retry_after_s = retry_after_seconds(headers, now=now)
    if not isinstance(error, BillingError):
        error.retryable = should_retry(status, headers)
    if isinstance(error, RateLimitError):
        error.limits = {name: text for name, text in headers.items() if name.startswith("anthropic-ratelimit-")}
    return error


def _status_line(status: int, headers: Mapping[str, str], body: bytes) -> str:
    return f"HTTP {status} ({_kind(headers.get('content-type', '')) if body else 'empty body'})"


def error_of(
    value: Mapping[str, Any], *, status: int | None, request_id: str | None = None, without_words: str = "no message"
) -> ProviderError:
    """The error in an error object; the status decides the class where there is one, else the object's type.

    Args:
        value: the object; servers that are not the API's put their words elsewhere, or have none.
        status: HTTP status, None for an error that came with a success.
        request_id: from the header; it goes before the object's own.
        without_words: what is said where the server says nothing.
    """
    inner = _may(value.get("error"), dict) or {}
    kind = _may(inner.get("type"), str) or ""
    said = (inner.get("message"), value.get("error"), value.get("message"), value.get("detail"), kind)
    words = next((text for text in said if isinstance(text, str) and text.strip()), without_words)
    message = one_line(redact(words))
    details = _may(inner.get("details"), dict) or {}
    chosen = _class_of(kind, status)
    if details.get("error_code") in _SPEND_CAPS or (
        chosen is RequestRejectedError and any(known in message.lower() for known in _MONEY_WORDS)
    ):
        chosen = BillingError
    return chosen(
        message,
        code=_CODES.get(status or 0),
        status=status,
        details=details,
        request_id=request_id or _may(value.get("request_id"), str),
    )


def _class_of(kind: str, status: int | None) -> type[ProviderError]:
    if status is None:
        return _BY_TYPE.get(kind, ServerError)
    known = _BY_STATUS.get(status)
    if known:
        return known
    if status >= 500:
        return OverloadedError if kind == "overloaded_error" else ServerError
    return BillingError if kind == "billing_error" else RequestRejectedError
