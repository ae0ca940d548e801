"""The list of models: what a key may ask, in OpenAI's form or in Anthropic's. Pure.

OpenAI's has the gateway's aliases, too: any of its names may stand in a chat completion. Anthropic's has ids alone, as
`/v1/messages` takes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..core.models import Model
from ..storage.gateway_keys import GatewayKey
from .names import Names
from .refusal import Refusal

LIMIT, MOST = 20, 1000
"""Models on a page of Anthropic's list: unless told, and at most (the API's own)."""


def openai_list(names: Names, key: GatewayKey) -> dict[str, Any]:
    """All models that `key` may ask, by each of their names: ids first, then aliases."""
    found = [_openai_object(names, name, model) for name, model in _named(names, key).items()]
    return {"object": "list", "data": found}


def openai_model(names: Names, key: GatewayKey, name: str) -> dict[str, Any]:
    """The one called `name`, with dots or dashes in it as in a chat completion.

    Raises:
        Refusal: 404, there is none, or not for `key`.
    """
    named = _named(names, key)
    model = named.get(name) or named.get(name.replace(".", "-"))
    if model is None:
        raise _unknown(name)
    return _openai_object(names, name, model)


def anthropic_list(names: Names, key: GatewayKey, query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A page of the models that `key` may ask, newest first.

    Args:
        query: `limit`, and `after_id` or `before_id`, as `urllib.parse.parse_qs` has them.
    Raises:
        Refusal: 400, the page cannot be found.
    """
    limit = _limit(query)
    after, before = query.get("after_id"), query.get("before_id")
    if after and before:
        raise Refusal(400, "only one of after_id and before_id may be given", param="after_id")
    models = _models(names, key)
    if before:
        ahead = models[: _position(models, before[-1], "before_id")]
        page, more = ahead[-limit:], len(ahead) > limit
    else:
        rest = models[_position(models, after[-1], "after_id") + 1 if after else 0 :]
        page, more = rest[:limit], len(rest) > limit
    return {
        "data": [_anthropic_object(names, model) for model in page],
        "has_more": more,
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }


def anthropic_model(names: Names, key: GatewayKey, name: str) -> dict[str, Any]:
    """The one whose id, or alias of the API, `name` is. Raises `Refusal`: 404, there is none, or not for `key`."""
    model = next((each for each in _models(names, key) if name in (each.id, *each.aliases)), None)
    if model is None:
        raise _unknown(name)
    return _anthropic_object(names, model)


def _models(names: Names, key: GatewayKey) -> list[Model]:
    """What `key` may ask, newest first."""
    allowed = {_id(names, name) for name in key.models}
    models = [model for model in names.models.offered if not allowed or model.id in allowed]
    return sorted(models, key=lambda model: model.raw.get("created") or "", reverse=True)


def _named(names: Names, key: GatewayKey) -> dict[str, Model]:
    models = _models(names, key)
    by_id = {model.id: model for model in models}
    meant = {alias: by_id.get(_id(names, alias) or "") for alias in names.aliases}
    aliases = {alias: model for alias, model in meant.items() if model}
    return {**by_id, **{name: model for model in models for name in _own_names(names, model)}, **aliases}


def _own_names(names: Names, model: Model) -> Iterator[str]:
    yield from names.models.words(model)
    yield from model.aliases


def _id(names: Names, name: str) -> str | None:
    """The id of the model that `name` means; None where it is none that is known."""
    found = names.models.find(names.aliases.get(name, name))
    return found.id if found else None


def _day(names: Names, model: Model) -> str:
    """When it came out (YYYY-MM-DD); where nobody knows, the day of what we know of models."""
    return model.raw.get("created") or names.models.as_of


def _openai_object(names: Names, name: str, model: Model) -> dict[str, Any]:
    created = int(datetime.fromisoformat(_day(names, model)).replace(tzinfo=UTC).timestamp())
    return {"id": name, "object": "model", "created": created, "owned_by": "anthropic"}


def _anthropic_object(names: Names, model: Model) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.display_name,
        "created_at": _moment(_day(names, model)),
        "lifecycle": model.raw.get("lifecycle") or "active",
        "deprecated_at": _moment(model.raw.get("deprecated_on")),
        "retires_at": _moment(model.retires_on),
        "line": model.line or None,
        "max_input_tokens": model.context_window,
        "max_tokens": model.max_output_tokens,
        "capabilities": None,
    }


def _moment(day: str | None) -> str | None:
    return f"{day}T00:00:00Z" if day else None


def _limit(query: Mapping[str, Sequence[str]]) -> int:
    text = query.get("limit", [str(LIMIT)])[-1]
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST:
        return int(text)
    raise Refusal(400, f"limit has to be a whole number from 1 to {MOST}", param="limit")


def _position(models: Sequence[Model], name: str, parameter: str) -> int:
    for position, model in enumerate(models):
        if model.id == name:
            return position
    raise Refusal(400, f"{parameter} is no id of a listed model", param=parameter)


def _unknown(name: str) -> Refusal:
    shown = name if name.isprintable() and len(name) <= 200 else "of that name"
    return Refusal(404, f"there is no model {shown}", param="model", code="model_not_found")
