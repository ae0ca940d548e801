"""The form that an answer is to have, `response_format`: JSON by a schema, or just any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import UsageError
from ..core.harmless import one_line
from ..core.schema_wire import for_api
from .openai_values import Decoding, flag, mapping, one_of, plain, text
from .refusal import Refusal

JSON_TOOL = "json_tool"
ANY_JSON = "Answer with one JSON object and nothing else: no words around it, no code fence."
_PARAM = "response_format"


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer has to look like.

    Attributes:
        format: the API's `output_config.format`; None: not sent.
        tool: whose input is the answer, for a model that knows no such format; None: there is none.
        json: it was asked for as JSON.
    """

    format: dict[str, Any] | None = None
    tool: dict[str, Any] | None = None
    json: bool = False


def decode_form(value: object, decoding: Decoding) -> Form:
    """What `response_format` asks for. Raises `Refusal`: 400, it is none, or its schema cannot be kept."""
    if value is None:
        return Form()
    given = mapping(value, _PARAM)
    kind = one_of(given.get("type"), f"{_PARAM}.type", ("text", "json_object", "json_schema"))
    decoding.drop_strangers(given, ("type", "json_schema"), _PARAM)
    if kind == "text":
        return Form()
    where = f"{_PARAM}.json_schema"
    wanted = mapping(given.get("json_schema"), where) if kind == "json_schema" else {}
    decoding.drop_strangers(wanted, ("name", "description", "schema", "strict"), where)
    if wanted.get("schema") is None:
        decoding.hints.append(ANY_JSON)
        return Form(json=True)
    schema = _schema(wanted, where)
    if decoding.able("schema") is False and decoding.able("forced"):
        tool = {"name": decoding.renaming.new(JSON_TOOL), "description": "Takes your answer.", "input_schema": schema}
        return Form(tool=tool, json=True)
    return Form({"type": "json_schema", "schema": schema}, json=True)


def _schema(wanted: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The schema as the API takes it, whether it is called strict or not: it knows no other way to keep one."""
    flag(wanted.get("strict"), f"{path}.strict")
    param = f"{path}.schema"
    try:
        schema = for_api(plain(mapping(wanted["schema"], param), param))
    except UsageError as error:
        raise Refusal(400, f"{param}: {one_line(str(error), 300)}", param=param) from error
    if wanted.get("description"):
        schema.setdefault("description", text(wanted["description"], f"{path}.description"))
    return schema
