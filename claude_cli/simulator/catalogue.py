"""The models the simulated service knows, read from the data file of the package, and the Models API's view of them.

The data file is all the simulator shares with the program: it is opened by its path, and read by code of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .errors import ApiError, reject

DATA_FILE = Path(__file__).resolve().parent.parent / "core" / "models.json"
EFFORT_LEVELS = ("low", "medium", "high", "xhigh", "max")
THINKING_TYPES = ("adaptive", "between_tools", "disabled", "enabled")
LIFECYCLES = ("active", "deprecated", "retired")
EPOCH = "1970-01-01"


@dataclass(frozen=True, slots=True)
class Model:
    """What one model takes and can do, as far as the rules of a request ask for it."""

    id: str
    line: str | None
    display_name: str
    aliases: tuple[str, ...]
    created: str
    lifecycle: str
    deprecated_on: str | None
    retires_on: str | None
    context_window: int
    max_output_tokens: int
    capabilities: Mapping[str, Any]
    thinking: Mapping[str, Any]
    effort_levels: tuple[str, ...]
    limits: Mapping[str, int]
    chars_per_token: float
    fast: bool

    def can(self, capability: str) -> bool:
        """Whether the data file grants a capability without a condition."""
        return self.capabilities.get(capability) is True

    @property
    def thinking_types(self) -> tuple[str, ...]:
        """The `thinking.type` values this model takes."""
        return tuple(self.thinking.get("types", ()))

    def as_listed(self) -> dict[str, Any]:
        """The model object of the Models API, with the full capability tree."""
        return {
            **self.as_listed_bare(),
            "lifecycle": self.lifecycle,
            "deprecated_at": _moment(self.deprecated_on),
            "retires_at": _moment(self.retires_on),
            "line": self.line,
            "max_input_tokens": self.context_window,
            "max_tokens": self.max_output_tokens,
            "capabilities": _capability_tree(self),
        }

    def as_listed_bare(self) -> dict[str, Any]:
        """The four fields that older gateways answer with."""
        return {
            "type": "model",
            "id": self.id,
            "display_name": self.display_name,
            "created_at": _moment(self.created),
        }


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models, newest first, retired ones included."""

    models: tuple[Model, ...]

    def find(self, name: str) -> Model:
        """The model of an id or alias, retired or not. Raises `ApiError` 404."""
        for model in self.models:
            if name == model.id or name in model.aliases:
                return model
        raise ApiError(404, f"model: {name}")

    def serving(self, name: str) -> Model:
        """The model of an id or alias that still answers. Raises `ApiError` 404, for a retired one too."""
        model = self.find(name)
        if model.lifecycle == "retired":
            raise ApiError(404, f"model: {name}")
        return model

    def page(self, query: Mapping[str, Sequence[str]], *, bare: bool = False) -> dict[str, Any]:
        """One page of GET /v1/models. Raises `ApiError` 400 for a query the service would not take."""
        wanted = _lifecycles(query)
        listed = [model for model in self.models if model.lifecycle in wanted]
        limit = _limit(query)
        after, before = _single(query, "after_id"), _single(query, "before_id")
        if after is not None and before is not None:
            reject("", "Only one of `after_id` and `before_id` may be given")
        if before is not None:
            ahead = listed[: _position(listed, before, "before_id")]
            found, has_more = ahead[-limit:], len(ahead) > limit
        else:
            rest = listed if after is None else listed[_position(listed, after, "after_id") + 1 :]
            found, has_more = rest[:limit], len(rest) > limit
        return {
            "data": [model.as_listed_bare() if bare else model.as_listed() for model in found],
            "has_more": has_more,
            "first_id": found[0].id if found else None,
            "last_id": found[-1].id if found else None,
        }


@cache
def load_catalogue(today: str | None = None) -> Catalogue:
    """The models of the data file.

    Args:
        today: a date as YYYY-MM-DD; models that retire on it or before answer 404. None takes each model as the data
            file has it, so that a test which passes today passes next year.
    """
    data = _data()
    rates = {name: float(tokenizer["chars_per_token"]) for name, tokenizer in data["tokenizers"].items()}
    models = [_model(entry, rates, today) for entry in data["models"]]
    models += [_retired(entry) for entry in data["retired"]]
    return Catalogue(tuple(sorted(models, key=lambda model: model.created, reverse=True)))


def with_models(extra: Sequence[Mapping[str, Any]], today: str | None = None) -> Catalogue:
    """The models of the data file and `extra` ones, or in the place of those with their ids.

    Args:
        extra: entries in the form of the data file; what one does not say is as in the entry of its id, else as in the
            first of all.
        today: as for `load_catalogue`.
    """
    shipped = load_catalogue(today)
    if not extra:
        return shipped
    data = _data()
    rates = {name: float(tokenizer["chars_per_token"]) for name, tokenizer in data["tokenizers"].items()}
    plain = {**data["models"][0], "aliases": []}
    known = {entry["id"]: entry for entry in data["models"]}
    more = {entry["id"]: _model({**known.get(entry["id"], plain), **entry}, rates, today) for entry in extra}
    kept = [model for model in shipped.models if model.id not in more]
    return Catalogue(tuple(sorted([*more.values(), *kept], key=lambda model: model.created, reverse=True)))


@cache
def _data() -> Any:
    return json.loads(DATA_FILE.read_bytes())


def _model(entry: Mapping[str, Any], rates: Mapping[str, float], today: str | None) -> Model:
    retires_on = entry["retires_on"]
    gone = today is not None and retires_on is not None and retires_on <= today
    return Model(
        id=entry["id"],
        line=entry["line"],
        display_name=entry["display_name"],
        aliases=tuple(entry["aliases"]),
        created=entry["created"] or EPOCH,
        lifecycle="retired" if gone else entry["lifecycle"],
        deprecated_on=entry["deprecated_on"],
        retires_on=retires_on,
        context_window=entry["context_window"],
        max_output_tokens=entry["max_output_tokens"],
        capabilities=entry["capabilities"],
        thinking=entry["thinking"],
        effort_levels=tuple(entry["effort"]["levels"]),
        limits=entry["limits"],
        chars_per_token=rates[entry["tokenizer"]],
        fast="price_fast_mode" in entry,
    )


def _retired(entry: Mapping[str, Any]) -> Model:
    dated = re.search(r"(\d{4})(\d{2})(\d{2})$", entry["id"])
    return Model(
        id=entry["id"],
        line=entry.get("line"),
        display_name=entry["display_name"],
        aliases=tuple(entry["aliases"]),
        created="-".join(dated.groups()) if dated else EPOCH,
        lifecycle="retired",
        deprecated_on=None,
        retires_on=entry["retired_on"],
        context_window=entry["context_window"],
        max_output_tokens=entry["max_output_tokens"],
        capabilities={},
        thinking={},
        effort_levels=(),
        limits={},
        chars_per_token=3.4,
        fast=False,
    )


def _moment(day: str | None) -> str | None:
    return f"{day}T00:00:00Z" if day else None


def _supported(yes: object) -> dict[str, bool]:
    return {"supported": bool(yes)}


def _capability_tree(model: Model) -> dict[str, Any]:
    plain = {
        "batch": model.can("batch"),
        "citations": model.can("citations"),
        "code_execution": model.can("web_search"),
        "image_input": model.can("image_input"),
        "pdf_input": model.can("pdf_input"),
        "structured_outputs": model.can("structured_outputs"),
    }
    managed = ("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112")
    thinks = any(kind != "disabled" for kind in model.thinking_types)
    return {
        **{name: _supported(yes) for name, yes in plain.items()},
        "context_management": {"supported": True, **{name: _supported(True) for name in managed}},
        "effort": {
            **_supported(model.effort_levels),
            **{level: _supported(level in model.effort_levels) for level in EFFORT_LEVELS},
        },
        "server_tools": {
            name: _supported(model.can("web_search")) if name != "supported" else model.can("web_search")
            for name in ("supported", "web_search", "code_execution")
        },
        "thinking": {
            **_supported(thinks),
            "types": {kind: _supported(kind in model.thinking_types) for kind in THINKING_TYPES},
        },
    }


def _lifecycles(query: Mapping[str, Sequence[str]]) -> Sequence[str]:
    wanted = query.get("lifecycle[]", ())
    for name in wanted:
        if name not in LIFECYCLES:
            reject("lifecycle", "Input should be 'active', 'deprecated' or 'retired'")
    return wanted or ("active", "deprecated")


def _limit(query: Mapping[str, Sequence[str]]) -> int:
    text = _single(query, "limit")
    if text is None:
        return 20
    if not text.isascii() or not text.isdigit():
        reject("limit", "Input should be a valid integer, unable to parse string as an integer")
    if not 1 <= int(text[:9]) <= 1000:
        reject("limit", "Input should be greater than or equal to 1 and less than or equal to 1000")
    return int(text)


def _single(query: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = query.get(name)
    return values[-1] if values else None


def _position(models: Sequence[Model], model_id: str, name: str) -> int:
    for index, model in enumerate(models):
        if model.id == model_id:
            return index
    return reject(name, f"`{model_id}` is not the id of a listed model")
