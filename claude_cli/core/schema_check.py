"""Whether an answer is what a schema asked for: in full with the package jsonschema-rs, else in outline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from .errors import SchemaNotMetError, UsageError
from .harmless import one_line

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip
_MANY = 3  # reasons named at most
_REASON = 120  # characters of each; it quotes the answer


def is_full() -> bool:
    """Whether the package for the full check, the extra `schema`, is installed."""
    return find_spec("jsonschema_rs") is not None


def check_schema(schema: dict[str, Any]) -> None:
    """Refuse what is no JSON Schema. Wants the package; what it would find else comes to light with the answer.

    Raises:
        UsageError: names the place and the reason.
    """
    import jsonschema_rs

    try:
        _validator(schema)
    except jsonschema_rs.ValidationError as error:
        raise UsageError(f"the schema is wrong at {_place(error.instance_path)}: {error.message}") from error


def structured(text: str, schema: dict[str, Any], *, full: bool) -> Any:
    """The value that `text` holds.

    Args:
        text: the answer.
        schema: what it has to fit.
        full: with the package; else the type of the whole and its required members are looked at.
    Raises:
        SchemaNotMetError: it is no JSON, or does not fit `schema`; names the places and the reasons.
    """
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise SchemaNotMetError(f"the answer is not JSON: {error}") from error
    reasons = _reasons(value, schema) if full else _outline(value, schema)
    if reasons:
        named = "; ".join(one_line(each, _REASON) for each in reasons[:_MANY])
        more = f", and {len(reasons) - _MANY} more" if len(reasons) > _MANY else ""
        raise SchemaNotMetError(f"the answer does not fit the schema: {named}{more}")
    return value


def _reasons(value: Any, schema: dict[str, Any]) -> list[str]:
    return [f"{_place(error.instance_path)}: {error.message}" for error in _validator(schema).iter_errors(value)]


def _validator(schema: dict[str, Any]) -> Any:
    """The validator of `schema`, by the draft it names, else the newest; formats count, nothing is fetched."""
    import jsonschema_rs

    return jsonschema_rs.validator_for(schema, validate_formats=True, retriever=_refuse)


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")


def _outline(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """The type of the whole, and the members it must have."""
    named = schema.get("type", "object" if "properties" in schema else [])
    kinds = named if isinstance(named, list) else [named]
    if kinds and not any(_is_a(value, kind) for kind in kinds):
        return [f"the whole: it is not of type {' or '.join(kinds)}"]
    if not isinstance(value, dict):
        return []
    return [f"the whole: {json.dumps(name)} is missing" for name in schema.get("required", []) if name not in value]


def _is_a(value: Any, kind: str) -> bool:
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _place(path: list[str | int]) -> str:
    return "/" + "/".join(map(str, path)) if path else "the whole"


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")
