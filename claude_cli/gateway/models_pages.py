"""`GET /v1/models` and `/v1/models/{id}`, for whoever asks: Anthropic's clients name a version, OpenAI's do not."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from .anthropic_errors import error_body
from .compact import encode
from .gateway import Gateway
from .models_list import anthropic_list, anthropic_model, openai_list, openai_model
from .refusal import Refusal
from .reply import Reply
from .visit import Scope, Visit

_VERSION = b"anthropic-version"


async def model_list(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """The models that the key of `visit` may ask. Raises `Refusal`."""
    if _for_anthropic(scope):
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        await _json(reply, anthropic_list(gateway.names, visit.key, query))
    else:
        await _json(reply, openai_list(gateway.names, visit.key))


async def one_model(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """The model that the path names. Raises `Refusal`: 404, there is none, or not for this key."""
    find = anthropic_model if _for_anthropic(scope) else openai_model
    await _json(reply, find(gateway.names, visit.key, scope["path_params"]["model"]))


def models_error(refusal: Refusal, request_id: str, scope: Scope) -> bytes:
    """The body of an error, in the form that its client reads."""
    return error_body(refusal, request_id) if _for_anthropic(scope) else refusal.body()


def _for_anthropic(scope: Scope) -> bool:
    return any(name == _VERSION for name, _ in scope["headers"])


async def _json(reply: Reply, value: Any) -> None:
    await reply.whole(200, {"content-type": "application/json"}, encode(value))
