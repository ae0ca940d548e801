"""Errors as a client of the gateway sees them: a status, and a body in OpenAI's form.

What is wrong behind the gateway is told without its internals: no address, no key, no name of an organisation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..core.budget import NoPriceError, UnkeptError
from ..core.errors import (
    AuthenticationError,
    BillingError,
    BreakerOpenError,
    BudgetReachedError,
    ClaudeError,
    ConnectionFailedError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    RefusedError,
    RequestRejectedError,
    ServerError,
    StreamInterruptedError,
    TimedOutError,
    UsageError,
)
from ..core.overflow import overflow_of
from ..core.retry import LONGEST_DELAY_S
from .compact import encode

_PASSED_ON = (400, 409, 413, 422)
_FINAL: Mapping[str, str] = {"x-should-retry": "false"}
"""Our own tries are spent, or would not have helped: OpenAI's clients, which try again by themselves, shall not."""
_LIMIT = re.compile(r"anthropic-ratelimit-(requests|tokens)-(limit|remaining|reset)")


class Refusal(Exception):
    """A request that is answered with an error; its text is one line, for the client.

    Attributes:
        status: HTTP's.
        type, param, code: as in OpenAI's error object.
        headers: further ones of the response, names in lower case.
    """

    def __init__(
        self, status: int, message: str, *, type: str = "invalid_request_error", param: str | None = None,
        code: str | None = None, headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Take all as they are."""
        super().__init__(message)
        self.status, self.type, self.param, self.code, self.headers = status, type, param, code, dict(headers or {})

    def object(self) -> dict[str, Any]:
        """The body: all four members, always."""
        return {"error": {"message": str(self), "type": self.type, "param": self.param, "code": self.code}}

    def body(self) -> bytes:
        """The body as JSON."""
        return encode(self.object())


def leaving() -> Refusal:
    """What is said while the gateway ends."""
    return Refusal(
        503, "the gateway is shutting down; try again in a moment", type="server_error", code="shutting_down",
        headers={"retry-after": "1"},
    )  # fmt: skip


def internal() -> Refusal:
    """What is said of a failure that nobody foresaw."""
    return Refusal(500, "the gateway failed; its log says more", type="server_error", code="internal_error")


class _Row(NamedTuple):
    """What is said of a class of errors. `words` "": its own; `waits`: with `retry-after`."""

    status: int
    code: str | None
    words: str = ""
    type: str = "server_error"
    headers: Mapping[str, str] = _FINAL
    waits: bool = False


_UPSTREAM_KEY = "the service behind the gateway does not accept the gateway's key; whoever runs it has to act"
_NO_CREDIT = "the gateway's account has no credit left, or has reached its limit; whoever runs it has to act"
_BUDGET = "the gateway's budget is used up, or too little of it is left for an answer as long as this one may get"
_ASIDE = "what is left of the gateway's budget is set aside for calls under way; try again when they are done"
_NO_PRICE = "the gateway has a budget, and knows no price of this model; ask another one"
_UNKEPT = "the gateway has a budget and cannot keep it just now; whoever runs it has to act"
_ROWS: tuple[tuple[type[ClaudeError], _Row], ...] = (
    (UsageError, _Row(400, None, type="invalid_request_error", headers={})),
    (NoPriceError, _Row(429, "insufficient_quota", _NO_PRICE, "insufficient_quota")),
    (UnkeptError, _Row(503, "ledger_unusable", _UNKEPT, waits=True)),
    (BudgetReachedError, _Row(429, "insufficient_quota", _BUDGET, "insufficient_quota")),
    (AuthenticationError, _Row(502, "upstream_auth_error", _UPSTREAM_KEY, "upstream_auth_error")),
    (PermissionDeniedError, _Row(502, "upstream_auth_error", _UPSTREAM_KEY, "upstream_auth_error")),
    (BillingError, _Row(502, "insufficient_quota", _NO_CREDIT, "insufficient_quota")),
    (RefusedError, _Row(400, "content_filter", type="invalid_request_error", headers={})),
    (RateLimitError, _Row(
        429, "rate_limit_exceeded", "the rate limit of the service behind the gateway is reached; try again later",
        "rate_limit_error", waits=True,
    )),
    (OverloadedError, _Row(503, "overloaded", "the model is overloaded just now; try again later", waits=True)),
    (ServerError, _Row(503, "server_error", "the model's server failed; try again later", waits=True)),
    (BreakerOpenError, _Row(
        503, "overloaded", "the model failed too often just now and is given a pause; try again later",
        headers={}, waits=True,
    )),
    (TimedOutError, _Row(504, "timeout", "the model did not answer in time")),
    (ConnectionFailedError, _Row(502, "connection", "the gateway has no connection to the service behind it")),
    (StreamInterruptedError, _Row(
        502, "stream_interrupted", "the answer is incomplete: its connection closed before its end", headers={},
    )),
    (ProviderError, _Row(502, "bad_upstream_answer", "the gateway cannot use what the service behind it answered")),
    (ClaudeError, _Row(500, "internal_error", "the gateway failed; its log says more")),
)  # fmt: skip
"""By class, the most exact first."""


def refusal_of(error: ClaudeError, *, now: float | None = None) -> Refusal:
    """What a client is told of `error`, which ended its call.

    Args:
        now: Unix time in seconds; with it the moments of the upstream's limits are told, as durations.
    """
    if isinstance(error, StreamInterruptedError) and isinstance(error.__cause__, ProviderError):
        if not isinstance(error.__cause__, StreamInterruptedError | ConnectionFailedError):
            return _broken_off(refusal_of(error.__cause__, now=now))
    elif isinstance(error, RequestRejectedError) and not _misdirected(error):
        return _rejected(error)
    elif isinstance(error.__cause__, BudgetReachedError):
        return refusal_of(error.__cause__, now=now)  # without the call that it was for, and why that was to be made
    row = next(row for kind, row in _ROWS if isinstance(error, kind))
    if type(error) is BudgetReachedError:
        row = _budget_row(error, row)
    headers = dict(row.headers)
    if row.waits:
        headers["retry-after"] = str(math.ceil(error.retry_after_s or LONGEST_DELAY_S))
    if isinstance(error, RateLimitError):
        headers.update(_limits(error.limits, now))
    return Refusal(
        row.status, _marked(row.words or str(error), error), type=row.type, code=row.code, headers=headers,
    )  # fmt: skip


def _budget_row(error: BudgetReachedError, row: _Row) -> _Row:
    """`row` for `error`: what is left of a key's own budget is its client's business; what is left of ours is not."""
    if error.retryable:
        row = row._replace(words=_ASIDE, headers={"retry-after": "1"})
    return row._replace(words="") if error.whose else row


def _marked(words: str, error: ClaudeError) -> str:
    """`words` with the id by which the provider knows the request."""
    return f"{words} (upstream request {error.request_id})" if error.request_id else words


def _broken_off(refusal: Refusal) -> Refusal:
    """`refusal` as the end of an answer that had begun: that was one try, which is never made again here."""
    kept = {name: text for name, text in refusal.headers.items() if name not in _FINAL}
    return Refusal(
        refusal.status, f"the answer is incomplete: {refusal}",
        type=refusal.type, param=refusal.param, code=refusal.code, headers=kept,
    )  # fmt: skip


def _misdirected(error: RequestRejectedError) -> bool:
    """Whether it was the gateway's address that was wrong, not the request: not even the API's words came."""
    return error.code == "redirect" or str(error).startswith("HTTP 404")


def _rejected(error: RequestRejectedError) -> Refusal:
    """The request's own fault, in the API's words."""
    words = str(error)
    if isinstance(error, NotFoundError):
        if words.startswith("model"):
            named = _marked(f"there is no such model: {words.removeprefix('model: ')}", error)
            return Refusal(404, named, param="model", code="model_not_found")
        return Refusal(404, _marked(words, error), code="not_found")
    if overflow_of(error):
        return Refusal(400, _marked(words, error), param="messages", code="context_length_exceeded")
    status = error.status if error.status in _PASSED_ON else 400
    code = error.code if error.code != RequestRejectedError.code else None
    return Refusal(status, _marked(words, error), code=code, headers=_FINAL if error.retryable else {})


def _limits(limits: Mapping[str, str], now: float | None) -> Iterator[tuple[str, str]]:
    """The upstream's `anthropic-ratelimit-*` by OpenAI's names; a moment becomes a duration."""
    for name, text in limits.items():
        found = _LIMIT.fullmatch(name)
        if not found:
            continue
        what, which = found.groups()
        said = _duration(text, now) if which == "reset" else text if text.isascii() and text.isdigit() else None
        if said:
            yield f"x-ratelimit-{which}-{what}", said


def _duration(moment: str, now: float | None) -> str | None:
    """How long it is until `moment` (RFC 3339), in whole seconds: "90s"; None where that cannot be said."""
    try:
        seconds = datetime.fromisoformat(moment).timestamp() - now if now is not None else None
    except (ValueError, OverflowError):
        return None
    return None if seconds is None else f"{max(0, math.ceil(seconds))}s"
