"""What a client is told of each error: a row of the table each, and never what is nobody's business."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_cli.core import errors
from claude_cli.core.budget import NoPriceError, UnkeptError
from claude_cli.core.errors import BudgetReachedError, ClaudeError, ProviderError, StreamInterruptedError
from claude_cli.core.wire_response import decode_error
from claude_cli.gateway.refusal import Refusal, refusal_of

NOW = 1_795_000_000.0
FINAL = {"x-should-retry": "false"}
SECRET = "https://upstream.internal:8443 refused sk-ant-api03-CANARY of organisation 7"
"""What an error may say that is for whoever runs the gateway."""


def api(status: int, message: str, *, kind: str = "x", code: str | None = None, **headers: str) -> ProviderError:
    """The error that the core makes of a response."""
    inner = {"type": kind, "message": message, **({"details": {"error_code": code}} if code else {})}
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return decode_error(status, named, json.dumps({"type": "error", "error": inner}).encode(), now=NOW)


def retryable(error: ClaudeError) -> ClaudeError:
    error.retryable = True
    return error


def of_key(error: BudgetReachedError) -> BudgetReachedError:
    error.whose = "key ci"
    return error


def after(cause: ClaudeError, error: ClaudeError) -> ClaudeError:
    error.__cause__ = cause
    return error


def broken(cause: Exception | None) -> ClaudeError:
    error = StreamInterruptedError(f"the answer is incomplete: {cause}", partial="x")
    error.__cause__ = cause
    return error


def seen(refusal: Refusal) -> tuple[Any, ...]:
    return refusal.status, refusal.type, refusal.param, refusal.code, refusal.headers


INVALID = "invalid_request_error"
SERVER = "server_error"
WAIT = {"retry-after": "8", **FINAL}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(errors.UsageError("no"), (400, INVALID, None, None, {}), id="usage"),
        pytest.param(api(400, "no"), (400, INVALID, None, None, {}), id="400"),
        pytest.param(
            api(400, "prompt is too long: 9 tokens > 8 maximum"),
            (400, INVALID, "messages", "context_length_exceeded", {}), id="400, too long",
        ),
        pytest.param(
            api(400, "input length and `max_tokens` exceed context limit: 5 + 4 > 8"),
            (400, INVALID, "messages", "context_length_exceeded", {}), id="400, too long with its answer",
        ),
        pytest.param(
            api(401, SECRET), (502, "upstream_auth_error", None, "upstream_auth_error", FINAL), id="401, our key"
        ),
        pytest.param(
            api(403, SECRET), (502, "upstream_auth_error", None, "upstream_auth_error", FINAL), id="403, our key"
        ),
        pytest.param(
            errors.AuthenticationError(SECRET, code="no_key"),
            (502, "upstream_auth_error", None, "upstream_auth_error", FINAL), id="no key of our own",
        ),
        pytest.param(
            api(402, SECRET), (502, "insufficient_quota", None, "insufficient_quota", FINAL), id="402"
        ),
        pytest.param(
            api(400, "Your credit balance is too low"),
            (502, "insufficient_quota", None, "insufficient_quota", FINAL), id="400, no credit",
        ),
        pytest.param(
            api(429, SECRET, code="enforced_spend_limit_reached"),
            (502, "insufficient_quota", None, "insufficient_quota", FINAL), id="429, a spend cap",
        ),
        pytest.param(
            errors.BudgetReachedError("no"), (429, "insufficient_quota", None, "insufficient_quota", FINAL),
            id="a budget of the gateway",
        ),
        pytest.param(
            retryable(errors.BudgetReachedError("set aside")),
            (429, "insufficient_quota", None, "insufficient_quota", {"retry-after": "1"}), id="a budget, for a moment",
        ),
        pytest.param(
            api(404, "model: claude-x"), (404, INVALID, "model", "model_not_found", {}), id="404, a model"
        ),
        pytest.param(api(404, "File not found"), (404, INVALID, None, "not_found", {}), id="404, something else"),
        pytest.param(
            decode_error(404, {"content-type": "text/html"}, b"<html>", now=NOW),
            (502, SERVER, None, "bad_upstream_answer", FINAL), id="404, our address",
        ),
        pytest.param(
            decode_error(302, {"location": SECRET}, b"", now=NOW),
            (502, SERVER, None, "bad_upstream_answer", FINAL), id="a redirect",
        ),
        pytest.param(api(409, "no"), (409, INVALID, None, "conflict", FINAL), id="409"),
        pytest.param(api(413, "no"), (413, INVALID, None, "request_too_large", {}), id="413"),
        pytest.param(api(422, "no"), (422, INVALID, None, None, {}), id="422"),
        pytest.param(api(418, "no"), (400, INVALID, None, None, {}), id="418"),
        pytest.param(
            api(429, SECRET), (429, "rate_limit_error", None, "rate_limit_exceeded", WAIT), id="429"
        ),
        pytest.param(
            api(429, SECRET, retry_after="2.2"),
            (429, "rate_limit_error", None, "rate_limit_exceeded", {"retry-after": "3", **FINAL}), id="429, and when",
        ),
        pytest.param(api(500, SECRET), (503, SERVER, None, SERVER, WAIT), id="500"),
        pytest.param(api(503, SECRET, retry_after="30"), (503, SERVER, None, SERVER, {**WAIT, "retry-after": "30"}),
                     id="503, and when"),
        pytest.param(api(529, SECRET), (503, SERVER, None, "overloaded", WAIT), id="529"),
        pytest.param(
            errors.BreakerOpenError(SECRET, retry_after_s=11.5),
            (503, SERVER, None, "overloaded", {"retry-after": "12"}),
            id="breaker open",
        ),
        pytest.param(api(504, SECRET), (504, SERVER, None, "timeout", FINAL), id="504"),
        pytest.param(errors.TimedOutError(SECRET), (504, SERVER, None, "timeout", FINAL), id="our own clocks"),
        pytest.param(
            errors.ConnectionFailedError(SECRET, kind="refused"), (502, SERVER, None, "connection", FINAL),
            id="no connection",
        ),
        pytest.param(
            errors.ProtocolError(SECRET), (502, SERVER, None, "bad_upstream_answer", FINAL), id="no Messages API"
        ),
        pytest.param(
            errors.TruncatedError(SECRET), (502, SERVER, None, "bad_upstream_answer", FINAL), id="truncated"
        ),
        pytest.param(errors.RefusedError("no"), (400, INVALID, None, "content_filter", {}), id="refused"),
        pytest.param(broken(None), (502, SERVER, None, "stream_interrupted", {}), id="broken off"),
        pytest.param(
            broken(StreamInterruptedError(SECRET)), (502, SERVER, None, "stream_interrupted", {}), id="cut off"
        ),
        pytest.param(
            broken(errors.ConnectionFailedError(SECRET)), (502, SERVER, None, "stream_interrupted", {}), id="reset"
        ),
        pytest.param(
            broken(errors.OverloadedError(SECRET)), (503, SERVER, None, "overloaded", {"retry-after": "8"}),
            id="overloaded within the answer",
        ),
        pytest.param(broken(errors.TimedOutError(SECRET)), (504, SERVER, None, "timeout", {}), id="fell silent"),
        pytest.param(broken(OSError(SECRET)), (502, SERVER, None, "stream_interrupted", {}), id="broken by the system"),
        pytest.param(ClaudeError(SECRET), (500, SERVER, None, "internal_error", FINAL), id="a bug"),
        pytest.param(errors.OutputError(SECRET), (500, SERVER, None, "internal_error", FINAL), id="an output"),
    ],
)  # fmt: skip
def test_what_a_client_is_told(error, expected):
    """Its own faults as its own, and ours as ours; whether waiting helps; all four members, on one line."""
    refusal = refusal_of(error)
    assert seen(refusal) == expected
    found = json.loads(refusal.body())
    assert found.keys() == {"error"}
    assert found["error"].keys() == {"message", "type", "param", "code"}
    assert found["error"]["message"]
    assert "\n" not in found["error"]["message"]


def classes(kind: type[ClaudeError] = ClaudeError) -> list[type[ClaudeError]]:
    """`kind` and all below it that `core/errors.py` names."""
    below = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    return [kind, *(each for under in below for each in classes(under))]


@pytest.mark.parametrize("kind", sorted({*classes()}, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_every_class_of_errors_is_told(kind):
    """A class of tomorrow, too; only of a request's own fault is more said than whose fault it is."""
    own = (errors.UsageError, errors.RequestRejectedError, errors.RefusedError)
    refusal = refusal_of(kind(SECRET))
    assert refusal.status in (400, 404, 429, 500, 502, 503, 504)
    assert all(text.isascii() for text in refusal.headers.values())
    if not issubclass(kind, own):
        assert "internal" not in str(refusal).replace("internal_error", "")
        assert "CANARY" not in str(refusal)


def test_the_id_of_the_upstream_request_is_told():
    """Whoever runs the gateway needs it to ask the provider; in a stream there is no header left to tell it in."""
    error = errors.ServerError(SECRET, request_id="req_1")
    assert str(refusal_of(error)).endswith("(upstream request req_1)")
    assert str(refusal_of(broken(error))).startswith("the answer is incomplete: ")
    assert "req_1" in str(refusal_of(broken(error)))


def test_a_refused_request_is_told_in_the_words_of_the_api():
    """They name the member that is wrong."""
    assert str(refusal_of(api(400, "max_tokens: 9 > 8"))) == "max_tokens: 9 > 8"
    assert str(refusal_of(api(404, "model: claude-x"))) == "there is no such model: claude-x"


def test_the_limits_of_the_upstream_are_told_by_openai_names():
    """What is no number, no moment, or has no name there, is left out: a server can send anything."""
    error = api(
        429, "no", retry_after="60",
        anthropic_ratelimit_requests_limit="50", anthropic_ratelimit_requests_remaining="0",
        anthropic_ratelimit_requests_reset="2026-11-18T10:28:00Z", anthropic_ratelimit_tokens_limit="sk-ant-CANARY",
        anthropic_ratelimit_tokens_remaining="٣", anthropic_ratelimit_tokens_reset="soon",
        anthropic_ratelimit_input_tokens_limit="7", x_other="1",
    )  # fmt: skip
    expected = {
        **FINAL, "retry-after": "60", "x-ratelimit-limit-requests": "50", "x-ratelimit-remaining-requests": "0",
    }  # fmt: skip
    assert refusal_of(error).headers == expected
    moment = 1_794_997_680.0  # 2026-11-18T10:28:00Z
    assert refusal_of(error, now=moment - 89.5).headers == {**expected, "x-ratelimit-reset-requests": "90s"}
    assert refusal_of(error, now=moment + 5).headers == {**expected, "x-ratelimit-reset-requests": "0s"}


LEFT = "$0.01 of --max-cost of $5.00 is left, too little; raise the budget"
OWN = "$0.01 of key ci's day budget of $5.00 (starts again tomorrow) is left"
BUDGET = "the gateway's budget is used up"


@pytest.mark.parametrize(
    ("error", "status", "code", "words"),
    [
        pytest.param(BudgetReachedError(LEFT), 429, "insufficient_quota", BUDGET, id="of the gateway"),
        pytest.param(
            retryable(BudgetReachedError(LEFT)), 429, "insufficient_quota", "what is left of the gateway's budget",
            id="of the gateway, for a moment",
        ),
        pytest.param(of_key(BudgetReachedError(OWN)), 429, "insufficient_quota", OWN, id="of the key"),
        pytest.param(
            of_key(retryable(BudgetReachedError(OWN))), 429, "insufficient_quota", OWN, id="of the key, for a moment"
        ),
        pytest.param(
            after(BudgetReachedError(LEFT), BudgetReachedError(f"{SECRET}: {LEFT}")), 429, "insufficient_quota", BUDGET,
            id="another model's",
        ),
        pytest.param(
            after(of_key(BudgetReachedError(OWN)), BudgetReachedError(f"{SECRET}: {OWN}")), 429, "insufficient_quota",
            OWN, id="another model's, of the key",
        ),
        pytest.param(
            NoPriceError("m", "--max-cost of $5.00"), 429, "insufficient_quota", "the gateway has a budget, and knows",
            id="no price",
        ),
        pytest.param(
            after(NoPriceError("m", "--max-cost of $5.00"), errors.UsageError("--max-cost, models.toml")), 429,
            "insufficient_quota", "the gateway has a budget, and knows no", id="no such model and no price",
        ),
        pytest.param(
            UnkeptError("a budget cannot be kept: /home/me/usage.db is locked"), 503, "ledger_unusable",
            "the gateway has a budget and cannot keep it just now", id="no ledger",
        ),
    ],
)  # fmt: skip
def test_only_what_is_left_of_its_own_budget_is_told_to_a_client(error, status, code, words):
    """Amounts, options and paths are those of whoever runs the gateway."""
    refusal = refusal_of(error)
    assert (refusal.status, refusal.code) == (status, code)
    assert str(refusal).startswith(words)
    assert not any(word in str(refusal) for word in ("--", "/home", "CANARY", ".toml"))
    assert ("$" in str(refusal)) is (words == OWN)


@pytest.mark.parametrize(
    ("model", "body"),
    [("claude-nonsense", {}), ("claude-haiku-3", {"tools": [{"name": "web_search", "type": "web_search_20250305"}]})],
)
def test_a_hint_for_the_command_line_is_no_part_of_what_is_told(gateway, model, body):
    """A client has no `claude-cli models` to look at."""
    running = gateway([{"status": 404, "message": f"model: {model}", "times": "always"}])
    answer = running.chat(model=model, **body)
    assert answer.status in (400, 404) and "claude-cli" not in answer.error["message"]


def test_text_that_is_no_unicode_can_be_told():
    """A body quotes what a client sent."""
    assert json.loads(Refusal(400, "no \ud83d").body())["error"]["message"] == "no ?"
