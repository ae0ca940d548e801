"""The errors the simulated service answers with, and the body they travel in.

Only the shape: which rule is broken is said where the rule stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

MESSAGES: Mapping[int, str] = {
    400: "Simulated rejection of the request",
    401: "invalid x-api-key",
    402: "Your credit balance is too low to access the API.",
    403: "Your API key does not have permission to use the specified resource.",
    404: "Not Found",
    409: "Conflict",
    413: "Request exceeds the maximum size",
    429: "This request would exceed your organization's rate limit.",
    500: "Internal server error",
    503: "Service unavailable",
    504: "The request timed out.",
    529: "Overloaded",
}


class ApiError(Exception):
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status.
        kind: `error.type` of the body; by default the one that belongs to the status.
        details: `error.details` of the body, left out when None.
        headers: what the response has besides.
    """

    def __init__(
        self, status: int, message: str, *, kind: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind or type_of(status)
        self.details = details
        self.headers: list[tuple[str, str]] = []

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON body that names this error."""
        return error_body(self.kind, str(self), request_id, self.details)


def type_of(status: int) -> str:
    """The `error.type` that goes with an HTTP status."""
    return TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


def error_body(
    kind: str, message: str, request_id: str | None, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An error body; `request_id` is left out of it when None, as inside a running stream."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if details:
        error["details"] = dict(details)
    body: dict[str, Any] = {"type": "error", "error": error}
    if request_id is not None:
        body["request_id"] = request_id
    return body


def reject(path: str, text: str) -> NoReturn:
    """Refuse the request with 400; `path` is where in the body, empty for the whole of it."""
    raise ApiError(400, f"{path}: {text}" if path else text)
