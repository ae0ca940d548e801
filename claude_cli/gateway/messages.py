"""`POST /v1/messages` and `/v1/messages/count_tokens`: the API's own form, handed through as it is.

Body, query, version and betas go on as they came, and the answer comes back byte for byte; the key alone is another.
What goes by is read along, for limits, budgets, the ledger and the breaker. There is one try: these clients try again
by themselves, and have to see why. How the answer goes by is `passing.py`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..core.budget import NoPriceError, Plan, plan_of
from ..core.errors import ClaudeError, UsageError
from ..core.messages import ChatRequest, LLMOptions, Message, text_block
from ..core.providers.anthropic import AnthropicProvider, RawExchange
from ..core.providers.manager import chat_request
from ..core.retry import RetryPolicy
from ..core.surroundings import CallPolicy
from .answering import Question, admitted, check_model, refused
from .body import parse_json
from .gateway import Gateway
from .other_models import Others, dearest, other_models
from .passing import Passing
from .refusal import Refusal, refusal_of
from .reply import Reply
from .visit import Scope, Visit

_HANDED_ON = frozenset(("anthropic-version", "anthropic-beta", "x-app"))
_OF_LIBRARY = "x-stainless-"
"""Of a client's headers those go on that say what is asked, and with which library; none that says who asks."""
_NAME_CHARS = 256
"""A longer name is no model's."""


async def messages(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """Hand a question on, and its answer back. Raises `Refusal`: before anything of that was sent."""
    fields = _fields(gateway, visit, body)
    try:
        provider, exchange = _exchange(gateway, "/v1/messages", scope, body, fields)
        async with admitted(gateway, visit, _question(gateway, visit.model, fields, body)) as call:
            await Passing(visit, reply, provider, exchange).answer(call)
    except NoPriceError as error:
        raise _unpriced(error, fields) from error
    except ClaudeError as error:
        raise _refused(gateway, visit, error) from error


async def count_tokens(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """The same for the question how many tokens a question has; it costs nothing, and none of a key's tokens."""
    fields = _fields(gateway, visit, body)
    try:
        provider, exchange = _exchange(gateway, "/v1/messages/count_tokens", scope, body, fields)
        lease = await gateway.limiter.admit(visit.key, None)
        visit.headers.update(lease.headers)
        used: int | None = None
        try:
            async with gateway.room.place():
                permit = gateway.around.board.breaker(f"{gateway.around.provider}/{visit.model}").admit()
                used = 0
                await Passing(visit, reply, provider, exchange).count(permit)
        finally:
            await lease.settle(used)
    except ClaudeError as error:
        raise _refused(gateway, visit, error) from error


def _fields(gateway: Gateway, visit: Visit, body: bytes) -> dict[str, Any]:
    """What `body` says. Raises `Refusal`: it is no question, or not one that this key may ask."""
    fields = parse_json(body, _DECODER)
    model = fields.get("model") if isinstance(fields, dict) else None
    if not (isinstance(model, str) and 0 < len(model) <= _NAME_CHARS and model.isascii() and model.isprintable()):
        raise Refusal(400, "model: the body is an object that names one")
    known = gateway.names.models.find(model)
    visit.model, visit.stream = known.id if known else model, fields.get("stream") is True
    check_model(gateway, visit, model, visit.model)
    assert isinstance(fields, dict)  # as it has a model
    _check_others(gateway, visit, other_models(fields))
    return fields


def _check_others(gateway: Gateway, visit: Visit, others: Others) -> None:
    """See to it that its key may ask all models that the request names. Raises `Refusal`: 403 or 404, it may not."""
    for name in others.named:
        known = gateway.names.models.find(name)
        check_model(gateway, visit, name[:_NAME_CHARS], known.id if known else name)
    if others.unnamed and visit.key.models:
        words = 'your key may ask certain models alone; name those of fallbacks and tools, as in {"model": …}'
        raise Refusal(403, words, code="model_not_found")


def _question(gateway: Gateway, model: str, fields: Mapping[str, Any], body: bytes) -> Question:
    """What is asked, in one try; its plan is that of the dearest model that may answer."""
    models, request = gateway.names.models, _request(model, fields, body)

    def plan(members: Mapping[str, Any]) -> Plan:
        return plan_of(_request(members["model"], {**fields, **members}, body), models, flexible=False)

    worst = dearest(plan_of(request, models, flexible=False), other_models(fields), plan)
    once = CallPolicy(RetryPolicy(retries=0, timeout_s=gateway.policy.retry.timeout_s), resume=False)
    return Question(request, once, worst)


def _unpriced(error: NoPriceError, fields: Mapping[str, Any]) -> Refusal:
    """What is said where there is a budget, and no telling what the request may cost."""
    if other_models(fields) == Others():
        return refusal_of(error)
    words = "there is a budget, and what fallbacks or tools' models may cost cannot be told; name priced fallbacks"
    return Refusal(400, words, headers={"x-should-retry": "false"})


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Which of two members of one name another parser takes is not known, and limits have to know."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member of an object comes twice")
    return members


_DECODER = json.JSONDecoder(object_pairs_hook=_members)


def _exchange(
    gateway: Gateway, path: str, scope: Scope, body: bytes, fields: Mapping[str, Any]
) -> tuple[AnthropicProvider, RawExchange]:
    """Who is asked, and what is sent. Raises `Refusal`: nobody, or it cannot be."""
    provider = gateway.provider
    if not isinstance(provider, AnthropicProvider):
        words = f"the provider {gateway.around.provider} takes no requests of this form; use /v1/chat/completions"
        raise Refusal(501, words, code="not_implemented", headers={"x-should-retry": "false"})
    query = _plain("the query", scope["query_string"])
    headers: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1")
        if name in _HANDED_ON or name.startswith(_OF_LIBRARY):
            text = _plain(f"the header {name}", value)
            headers[name] = f"{headers[name]},{text}" if name in headers else text
    return provider, provider.raw_exchange(f"{path}?{query}" if query else path, body, fields, headers)


def _plain(what: str, value: bytes) -> str:
    """`value` as the text that a request can carry. Raises `Refusal`: it is none."""
    text = value.decode("latin-1")
    if not (text.isascii() and text.isprintable()):
        raise Refusal(400, f"{what} holds something else than printable ASCII")
    return text


def _request(model: str, fields: Mapping[str, Any], body: bytes) -> ChatRequest:
    """`fields` as limits and budgets read them. What is wrong with them is the provider's to say; here it is text."""
    try:
        return chat_request({**fields, "model": model})
    except UsageError:
        told = Message("user", (text_block(body.decode()),))
        return ChatRequest(model, (told,), options=LLMOptions(max_tokens=fields.get("max_tokens")))


def _refused(gateway: Gateway, visit: Visit, error: ClaudeError) -> Refusal:
    """What the client is told of `error`. What may pass it may try again: nobody has done so here."""
    refusal = refused(gateway, visit, error)
    if error.retryable:
        refusal.headers.pop("x-should-retry", None)
    return refusal
