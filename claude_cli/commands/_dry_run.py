"""What `--dry-run` shows: a request as it would be sent, and nothing that is secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..context import Context
from ..core.errors import UsageError

if TYPE_CHECKING:
    from ..core.messages import ChatRequest
    from ..core.providers.base import LLMProvider


def shown(context: Context, provider: LLMProvider, request: ChatRequest) -> dict[str, Any]:
    """What would be sent: without the key, and with the values of a profile's headers masked.

    Raises:
        UsageError: the provider is not the built-in one, whose requests are known here.
    """
    from ..core.providers.anthropic import AnthropicProvider
    from ..core.redact import MASK

    if not isinstance(provider, AnthropicProvider):
        raise UsageError(f"--dry-run shows requests of the Messages API; provider {context.provider_name} has its own")
    key = provider.config.key
    masked = dict.fromkeys(provider.config.headers, MASK)  # a profile's may be secrets, too
    if key is not None:
        masked["authorization" if key.kind == "bearer" else "x-api-key"] = MASK
    return {
        "method": "POST",
        "url": provider.endpoint.url("/v1/messages"),
        "headers": {**dict(provider.headers_for(request)), **masked},
        "body": provider.request_object(request),
    }


def laid_out(value: Any, indent: int | None = 2) -> str:
    """`value` as JSON, with the data of attachments shortened and what looks like a key masked; ends with a newline."""
    from ..core.redact import redact

    return redact(json.dumps(value, ensure_ascii=False, indent=indent)) + "\n"
