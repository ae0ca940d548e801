"""Errors of the gateway's own on the paths of the Anthropic API, in that API's form."""

from __future__ import annotations

from typing import Any

from .compact import encode
from .refusal import Refusal

_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error",
    503: "overloaded_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip


def error_object(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """`refusal` as the API would say it: its status decides the type.

    Args:
        request_id: the visit's.
    """
    usual = "api_error" if refusal.status >= 500 else "invalid_request_error"
    kind = _TYPES.get(refusal.status, usual)
    return {"type": "error", "error": {"type": kind, "message": str(refusal)}, "request_id": request_id}


def error_body(refusal: Refusal, request_id: str) -> bytes:
    """`error_object` as JSON."""
    return encode(error_object(refusal, request_id))


def error_event(refusal: Refusal, request_id: str) -> bytes:
    """`error_object` as the last event of a stream that may have been cut anywhere, also within an event."""
    return b"\n\nevent: error\ndata: " + error_body(refusal, request_id) + b"\n\n"
