"""JSON Schemas of structured output and tools: which ones the service refuses, and a value that fits one.

No general validator: just what the documented subset has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import reject

UNSUPPORTED = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength")
MAX_DEPTH = 24
"""Nesting after which a value is cut to null, for schemas of tools that refer to themselves."""
STRINGS: Mapping[str, str] = {
    "date": "2026-11-22",
    "time": "10:00:00Z",
    "date-time": "2026-11-22T10:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "hostname": "example.com",
    "duration": "PT1S",
}
SCALARS: Mapping[str, Any] = {"integer": 1, "number": 1.5, "boolean": True}


def check_schema(path: str, schema: Any) -> None:
    """Raise `ApiError` 400 for a schema that structured output does not support."""
    for part in _subschemas(schema):
        for keyword in UNSUPPORTED:
            if keyword in part:
                reject(path, f"For '{part.get('type')}' type, property '{keyword}' is not supported")
        if part.get("minItems", 0) not in (0, 1) or "maxItems" in part:
            reject(path, "For 'array' type, 'minItems' values other than 0 or 1 and 'maxItems' are not supported")
        if part.get("type") == "object" and part.get("additionalProperties") is not False:
            reject(path, "For 'object' type, 'additionalProperties' must be explicitly set to false")


def example(schema: Any, root: Any = None, depth: int = 0) -> Any:
    """A value that fits a schema, always the same one; null where the schema is no schema."""
    root = schema if root is None else root
    if depth > MAX_DEPTH or not isinstance(schema, dict):
        return None
    if "$ref" in schema:
        return example(_resolve(schema["$ref"], root), root, depth + 1)
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    for value in _items(schema.get("enum")):
        return value
    for keyword in ("anyOf", "oneOf", "allOf"):
        for inner in _items(schema.get(keyword)):
            return example(inner, root, depth + 1)
    return _by_type(schema, root, depth)


def _by_type(schema: Mapping[str, Any], root: Any, depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match next(iter(_items(kind)), kind):
        case "object":
            members = _members(schema.get("properties"))
            return {name: example(member, root, depth + 1) for name, member in members.items()}
        case "array":
            return [example(schema.get("items", {}), root, depth + 1)]
        case "string":
            return STRINGS.get(str(schema.get("format")), "simulated")
        case other:
            return SCALARS.get(str(other))


def _resolve(reference: object, root: Any) -> Any:
    """What a local reference points to, or None."""
    found = root
    for name in str(reference).removeprefix("#").split("/")[1:]:
        found = _members(found).get(name)
    return found


def _subschemas(schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schema and all below it, without recursion, so that depth costs nothing."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += [part.get("items"), *_items(part.get("anyOf")), *_items(part.get("allOf"))]
            for keyword in ("properties", "$defs", "definitions"):
                waiting += list(_members(part.get(keyword)).values())


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _members(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
