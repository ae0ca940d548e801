"""Every failure the program can name.

ClaudeError                          exit 1   a bug
├── UsageError                       exit 2   the command line, a setting or an input must change
├── OutputError                      exit 1   the answer could not be written
├── SchemaNotMetError                exit 10  the answer is whole, but does not fit the schema asked for
├── NoCodeBlockError                 exit 10  the answer is whole, but has no code block to take out
├── BudgetReachedError               exit 9   a budget does not allow the call, or has cut its answer
└── ProviderError                    exit 6   the model's side
    ├── AuthenticationError          exit 3   401: no key, or a wrong one
    ├── PermissionDeniedError        exit 3   403
    ├── BillingError                 exit 3   402, a spend cap, no credit: a person must act
    ├── RequestRejectedError         exit 4   400, 409, 413, 422: sending it again cannot help
    │   └── NotFoundError            exit 4   404: model or path
    ├── ProtocolError                exit 6   the answer is not the Messages API's
    ├── TransientError               exit 6   may pass: retried unless said otherwise
    │   ├── RateLimitError           exit 5   429
    │   ├── OverloadedError          exit 5   529
    │   ├── BreakerOpenError         exit 5   not sent: the provider failed too often just now
    │   ├── ServerError              exit 6   every other 5xx
    │   ├── TimedOutError            exit 6   408, 504, and our own clocks
    │   ├── ConnectionFailedError    exit 6   no connection, or it broke before the answer
    │   └── StreamInterruptedError   exit 7   words came, the end did not
    ├── TruncatedError               exit 7   stopped by max_tokens or a full context window
    └── RefusedError                 exit 8   the model declined

The exit statuses are the table in docs/reference.md. This module imports nothing of the project, so
anything may raise these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class ClaudeError(Exception):
    """Base of all errors a caller may catch; its text is one line, shown to the user as it is.

    Attributes:
        code: a stable word for scripts, as in `error.code` of the JSON output.
        exit_code: what the program leaves with.
        retryable: whether the same request may succeed later.
        retry_after_s: seconds the provider asked for, if it did.
        request_id: the provider's id of the failed request, if one came.
    """

    code: str = "internal"
    exit_code: ClassVar[int] = 1
    retryable: bool = False
    retry_after_s: float | None = None
    request_id: str | None = None
    shown: bool = False
    """Whether the JSON output has told it already."""
    advice: str | None = None
    """What to do about it, where that is not what is said of every error with its code."""
    maybe_billed: bool = False
    """Whether the request may have been worked on, and have to be paid for."""
    partial_file: str | None = None
    """The file that holds what had come, where the answer was to go to a file."""

    def as_json(self) -> dict[str, Any]:
        """The `error` member of the JSON output."""
        return {
            "code": self.code,
            "message": str(self),
            "retryable": self.retryable,
            "retry_after_s": self.retry_after_s,
            "request_id": self.request_id,
        }


class UsageError(ClaudeError):
    """The command line, a setting or an input must change before another try."""

    code = "usage"
    exit_code = 2


class OutputError(ClaudeError):
    """The answer came, but could not be written (full disk, closed file)."""

    code = "output"


class SchemaNotMetError(ClaudeError):
    """The answer is whole, but not of the form asked for: it does not fit the schema."""

    code = "schema_not_met"
    exit_code = 10


class NoCodeBlockError(ClaudeError):
    """The answer is whole, but has no code block to take out."""

    code = "no_code_block"
    exit_code = 10


class BudgetReachedError(ClaudeError):
    """A budget does not allow the call, or its answer was cut where the budget ended.

    Attributes:
        budget: its name, as in "--max-cost"; "" where that was not told.
        whose: who alone it holds for, where one process makes the calls of many: "key ci"; "": for all.
    """

    budget: str = ""
    whose: str = ""
    code = "budget"
    exit_code = 9


class ProviderError(ClaudeError):
    """Something on the way to the model, or the model's side itself, failed."""

    code = "provider"
    exit_code = 6

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        retryable: bool | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        """Build the error from what the provider said.

        Args:
            message: one line; the API's own words where there are any.
            code: overrides the class's stable word.
            status: HTTP status, None when no response came.
            request_id: from the `request-id` header or the error body.
            retry_after_s: seconds, from `retry-after-ms` or `retry-after`.
            retryable: overrides the class, as `x-should-retry` does.
            details: the error body's `details`, untouched.
        """
        super().__init__(message)
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.details = details or {}
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable


class AuthenticationError(ProviderError):
    """401, or no key at all."""

    code = "authentication"
    exit_code = 3


class PermissionDeniedError(ProviderError):
    """403: the key may not do this."""

    code = "permission"
    exit_code = 3


class BillingError(ProviderError):
    """402, a spend cap or no credit: waiting does not help, a person must act."""

    code = "billing"
    exit_code = 3


class RequestRejectedError(ProviderError):
    """The request itself is wrong; sending it again cannot help."""

    code = "invalid_request"
    exit_code = 4


class NotFoundError(RequestRejectedError):
    """404: the model is unknown, retired or not granted, or the path is wrong."""

    code = "not_found"


class ProtocolError(ProviderError):
    """What answered does not speak the Messages API."""

    code = "protocol"


class TransientError(ProviderError):
    """May pass by itself; retried unless the provider says otherwise."""

    code = "server_error"
    retryable = True


class RateLimitError(TransientError):
    """429. `limits` are the `anthropic-ratelimit-*` headers that came with it."""

    code = "rate_limit"
    exit_code = 5
    limits: Mapping[str, str] = {}


class OverloadedError(TransientError):
    """529: the provider has no capacity just now."""

    code = "overloaded"
    exit_code = 5


class BreakerOpenError(TransientError):
    """The call was not sent: its circuit breaker is open; `retry_after_s` says for how long."""

    code = "breaker_open"
    exit_code = 5


class ServerError(TransientError):
    """Any 5xx without a class of its own."""


class TimedOutError(TransientError):
    """408, 504, or one of our own clocks ran out: unless there was no connection yet, it may be billed."""

    code = "timeout"
    maybe_billed = True


class ConnectionFailedError(TransientError):
    """No connection, or it broke before the answer began.

    `kind` is "refused", "unresolved", "untrusted", "proxy" or "broken"; the first three are tried twice only.
    """

    code = "connection"

    def __init__(self, message: str, *, kind: str = "broken", **more: Any) -> None:
        """Build the error; `kind` is one of the words above."""
        super().__init__(message, **more)
        self.kind = kind


class StreamInterruptedError(TransientError):
    """The stream ended without its last event. `partial` is the text that had come."""

    code = "stream_interrupted"
    exit_code = 7
    withheld: bool = False
    """Whether that text is not shown, as it has none of the code that was asked for."""

    def __init__(self, message: str, *, partial: str = "", **more: Any) -> None:
        """Build the error; `partial` is the answer's text so far, "" when none came."""
        super().__init__(message, **more)
        self.partial = partial


class TruncatedError(ProviderError):
    """The answer stopped at max_tokens or at the end of the context window."""

    code = "truncated"
    exit_code = 7


class RefusedError(ProviderError):
    """The model declined to answer, or to go on."""

    code = "refused"
    exit_code = 8
