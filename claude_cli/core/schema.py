"""The schema of a structured answer: read from a file, JSON or its short form, and put into the request.

What of it the API takes is `schema_wire.py`'s matter, whether an answer fits it `schema_check.py`'s.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UsageError
from .schema_wire import for_api

MAX_BYTES = 1 << 20
SHORT_TYPES = {
    "str": "string", "string": "string", "int": "integer", "integer": "integer", "float": "number",
    "number": "number", "bool": "boolean", "boolean": "boolean",
}  # fmt: skip
_FIELD = re.compile(r"(?P<name>[\w-]+)(?:\s+(?P<type>\w+)(?P<many>\[\]|\s+\w+)?)?")


@dataclass(frozen=True, slots=True)
class Schema:
    """What an answer has to fit: as the user wrote it, for the check, and as it is sent."""

    original: dict[str, Any]
    sent: dict[str, Any]


def load_schema(source: str) -> Schema:
    """The schema that `source` names: JSON, a file with JSON in it, or the short form `name, age int, tags list`.

    Raises:
        UsageError: it cannot be read, or is nothing that can be asked for.
    """
    text, name = source.strip(), "--schema"
    if not text:
        raise UsageError("--schema is empty; it takes a file, JSON or a short form such as 'name, age int'")
    if text.startswith(("{", "[", '"')):
        original = _parsed(text, name)
    elif (path := _file(text)) is not None:
        original = _parsed(_read(path), str(path))
    else:
        original = short_form(text)
    return Schema(original, for_api(original))


def short_form(text: str) -> dict[str, Any]:
    """The schema of one object, whose fields are `text`: by lines where there are several, else by commas.

    A field is a name, then a type (str, int, float, bool, or list, also of one of these: `list int` or `int[]`), then
    after a colon a description. A field without a type is a str. All are required.

    Raises:
        UsageError: a field is not of that form; names it.
    """
    properties: dict[str, Any] = {}
    for field in filter(None, (part.strip() for part in text.split("\n" if "\n" in text else ","))):
        declaration, _, description = field.partition(":")
        found = _FIELD.fullmatch(declaration.strip())
        if not found:
            raise UsageError(f"--schema: {field!r} is no file and no field; a field is a name, a type and `: words`")
        if found["name"] in properties:
            raise UsageError(f"--schema: {found['name']!r} stands in it twice")
        words = {"description": description.strip()} if description.strip() else {}
        properties[found["name"]] = {**_short_type(found), **words}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def request_schema(extra: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The request's further fields `extra` with `schema` asked for.

    Raises:
        UsageError: they have a format already, or citations, which the API does not take beside one.
    """
    config = extra.get("output_config", {})
    if not isinstance(config, Mapping) or "format" in config:
        raise UsageError("--schema and -O output_config.format contradict each other")
    tools = extra.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, Mapping) and (tool.get("citations") or {}).get("enabled"):
            raise UsageError(f"--schema does not go with citations, which {tool.get('name')} has enabled")
    return {**extra, "output_config": {**config, "format": {"type": "json_schema", "schema": schema.sent}}}


def _short_type(found: re.Match[str]) -> dict[str, Any]:
    word, many = found["type"] or "str", (found["many"] or "").strip()
    if word == "list" and many != "[]":
        return {"type": "array", "items": {"type": _short(many or "str", found)}}
    if many not in ("", "[]"):
        raise UsageError(f"--schema: {found.group()!r} has one word too many; `: words` describe a field")
    one = {"type": _short(word, found)}
    return {"type": "array", "items": one} if many else one


def _short(word: str, found: re.Match[str]) -> str:
    if word not in SHORT_TYPES:
        raise UsageError(
            f"--schema: {word!r} in {found.group()!r} is no type; there are str, int, float, bool and list"
            " (with commas in a description, write one field a line)"
        )
    return SHORT_TYPES[word]


def _file(text: str) -> Path | None:
    """The file that `text` means; None where it is a short form. Raises `UsageError` for one that is not there."""
    path = Path(text)
    try:
        path = path.expanduser()
        # A folder called as a field is not meant; a pipe, as a shell's <(command) is one, may be.
        if path.exists() and not (path.is_dir() and _FIELD.fullmatch(text)):
            return path
    except (OSError, RuntimeError, ValueError):  # too long or strange for a name
        return None
    if text.endswith(".json") or ("/" in text and not re.search(r"[\s,:]", text)):
        raise UsageError(f"--schema {text}: there is no such file")
    return None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"--schema {path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"--schema {path} is larger than {MAX_BYTES:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"--schema {path} is not UTF-8 text (at {error.start:,})") from error


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{name}, line {error.lineno}, column {error.colno}: {error.msg}; it is not JSON") from error
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply") from error
    if not isinstance(value, dict):
        raise UsageError(f"{name} holds no JSON Schema: an object is needed")
    return value
