"""Errors as a client of the gateway sees them: a status, and a body in OpenAI's form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..core.errors import ClaudeError


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
        return json.dumps(self.object(), ensure_ascii=False).encode(errors="replace")


def refusal_of(error: ClaudeError) -> Refusal:
    """What a client is told of `error`, which ended its call."""
    return Refusal(500, str(error), type="server_error", code=error.code)
