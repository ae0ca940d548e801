"""A JSON Schema as structured output takes it. Pure; where a schema comes from is `schema.py`'s.

What the API refuses is told to the model in words: an unsupported keyword moves into the description beside it, as
the official SDK does it (anthropic 2.12.0, `lib/_parse/_transform.py`). The answer is checked against the original.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import UsageError

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
# The API's documentation of structured outputs, 2026-09: beyond these a schema is too complex to compile.
MAX_OPTIONAL = 24
MAX_UNIONS = 16

_KEPT = ("type", "enum", "const", "default", "required", "title", "description", "format", "minItems")
_NESTED = ("properties", "$defs", "definitions")
_NAMED = (*_NESTED, "patternProperties", "dependentSchemas")  # hold schemas by names, which are no keywords
_LISTS = ("anyOf", "allOf", "oneOf")
_DATA = ("enum", "const", "default", "examples")  # are no schema and may hold anything
_SILENT = ("$schema", "$id", "$comment", "$anchor", "additionalProperties", "deprecated", "readOnly", "writeOnly")
_DEEPEST = 100


def for_api(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` with closed objects, and with what structured output does not support put into words.

    Raises:
        UsageError: it is no schema, refers to itself or to another document, or is too large.
    """
    _check_references(schema)
    sent = _part(schema, "")
    _check_size(sent)
    return sent


def _part(schema: object, path: str) -> dict[str, Any]:
    """One schema of the whole; `path` is where it stands, for messages."""
    if isinstance(schema, bool):
        return {}
    if not isinstance(schema, Mapping):
        raise _wrong(path, "is no schema: an object is needed")
    _check_shape(schema, path)
    sent: dict[str, Any] = {}
    for key in _NESTED:
        if key in schema:
            sent[key] = {name: _part(each, f"{path}/{key}/{name}") for name, each in schema[key].items()}
    if "$ref" in schema:
        return _reference(schema, {key: sent[key] for key in ("$defs", "definitions") if key in sent})
    for key in _LISTS:
        # One of several is sent as any of them: the check of the answer sees the difference.
        name = "anyOf" if key == "oneOf" else key
        if key in schema and name not in sent:
            sent[name] = [_part(each, f"{path}/{key}/{index}") for index, each in enumerate(schema[key])]
    if "items" in schema:
        sent["items"] = _part(schema["items"], f"{path}/items")
    sent.update({key: schema[key] for key in _KEPT if key in schema and _supported(key, schema[key])})
    if _is_object(schema):
        sent["type"] = schema.get("type", "object")
        sent.setdefault("properties", {})
        sent["additionalProperties"] = False
    return _described(sent, schema)


def _reference(schema: Mapping[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """`sent` with the `$ref` of `schema`, which the API takes alone: what stands beside it goes around it."""
    alone = {"$ref": schema["$ref"]}
    words = {key: value for key, value in schema.items() if key not in (*sent, *_SILENT, "$ref")}
    if not words:
        return {**sent, **alone}
    sent |= {"anyOf": [alone]} | {key: words.pop(key) for key in ("title", "description", "default") if key in words}
    return _worded(sent, words)


def _described(sent: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """`sent` with the keywords of `schema` that are not in it as words of its description."""
    silent = _SILENT if "anyOf" in schema else (*_SILENT, "oneOf")
    moved = {key: value for key, value in schema.items() if key not in sent and key not in silent}
    if isinstance(schema.get("additionalProperties"), Mapping):
        moved["additionalProperties"] = schema["additionalProperties"]
    return _worded(sent, moved)


def _worded(sent: dict[str, Any], moved: Mapping[str, Any]) -> dict[str, Any]:
    """`sent` with the keywords `moved` behind its description."""
    if not moved:
        return sent
    words = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in moved.items())
    return {**sent, "description": "\n\n".join(filter(None, [sent.get("description"), f"{{{words}}}"]))}


def _supported(key: str, value: Any) -> bool:
    match key:
        case "format":
            return value in FORMATS
        case "minItems":
            return value in (0, 1)
        case "enum":
            return not any(isinstance(each, list | dict) for each in value)
        case "const":
            return not isinstance(value, list | dict)
    return True


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type", "object" if "properties" in schema else None)
    return "object" in kind if isinstance(kind, list) else kind == "object"


def _check_shape(schema: Mapping[str, Any], path: str) -> None:
    """Refuse keywords whose value is of a wrong kind, before anything relies on it."""
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in TYPES:
            raise _wrong(path, f"has the type {json.dumps(kind)}; there are {', '.join(TYPES)}")
    for key in _NESTED:
        if not isinstance(schema.get(key, {}), Mapping):
            raise _wrong(path, f"has {key} that are no object")
    for key in ("enum", "required", *_LISTS):
        if not isinstance(schema.get(key, []), list):
            raise _wrong(path, f"has {key} that is no list")
    if not all(isinstance(name, str) for name in schema.get("required", [])):
        raise _wrong(path, "has required that is no list of texts")
    if not isinstance(schema.get("description", ""), str):
        raise _wrong(path, "has a description that is no text")


def _check_references(schema: Mapping[str, Any]) -> None:
    """Refuse a `$ref` out of this document, to nothing in it, or in a circle.

    Each definition is visited once, so many references to one cost nothing.
    """
    done: set[str] = set()

    def visit(part: object, trail: tuple[str, ...]) -> None:
        for reference in _references(part):
            target = _resolve(schema, reference)
            if reference in trail or reference == "#":
                raise UsageError(f"the schema refers to itself at {reference}, which structured output does not take")
            if len(trail) > _DEEPEST:
                raise UsageError(f"the schema's references are longer than {_DEEPEST} steps")
            if reference not in done:
                visit(target, (*trail, reference))
                done.add(reference)

    visit(schema, ())


def _references(part: object) -> Iterator[str]:
    """The `$ref` of `part` and of all schemas in it."""
    waiting = [(part, 0, False)]
    while waiting:
        value, depth, named = waiting.pop()
        if depth > _DEEPEST:
            raise UsageError(f"the schema is nested deeper than {_DEEPEST} levels")
        if isinstance(value, Mapping):
            if not named and isinstance(value.get("$ref"), str):
                yield value["$ref"]
            inner = value.items() if named else [each for each in value.items() if each[0] not in _DATA]
            waiting += [(each, depth + 1, not named and key in _NAMED) for key, each in inner]
        elif isinstance(value, list):
            waiting += [(each, depth + 1, False) for each in value]


def _resolve(schema: Mapping[str, Any], reference: str) -> Any:
    if not reference.startswith("#"):
        raise UsageError(f"the schema refers to {reference}; only references inside it (#/$defs/…) can be sent")
    found: Any = schema
    for name in reference.removeprefix("#").split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or name not in found:
            raise UsageError(f"the schema refers to {reference}, which is not in it")
        found = found[name]
    return found


def _check_size(sent: Mapping[str, Any]) -> None:
    parts = list(_parts(sent))
    optional = sum(len(part.get("properties", {}).keys() - set(part.get("required", ()))) for part in parts)
    unions = sum("anyOf" in part or isinstance(part.get("type"), list) for part in parts)
    for number, most, what in ((optional, MAX_OPTIONAL, "optional properties"), (unions, MAX_UNIONS, "unions")):
        if number > most:
            raise UsageError(f"the schema has {number} {what}; structured output takes {most} at most")


def _parts(sent: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """`sent`, which has passed its checks, and all schemas in it."""
    yield sent
    inner = [each for key in _NESTED for each in sent.get(key, {}).values()]
    inner += [each for key in _LISTS for each in sent.get(key, [])]
    for each in [*inner, *([sent["items"]] if "items" in sent else [])]:
        yield from _parts(each)


def _wrong(path: str, what: str) -> UsageError:
    return UsageError(f"the schema is wrong: {f'what stands at {path}' if path else 'it'} {what}")
