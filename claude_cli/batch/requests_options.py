"""The parameters and the form of a row: what it says itself goes before what all rows have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.form import Form
from ..core.messages import LLMOptions
from ..core.raw_options import lifted
from .requests_members import kind_of, text_in

if TYPE_CHECKING:
    from ..core.schema import Schema
    from .common import Common
    from .requests_files import RowFiles

_KEPT_SCHEMAS = 100
_KINDS: Mapping[str, tuple[type, str]] = {
    "output_config": (dict, "an object"),
    "tool_choice": (dict, "an object with a type"),
    "tools": (list, "a list"),
}
"""Fields that the rules for models rely on to be of one kind."""


class RowOptions:
    """Reads parameters and forms of rows."""

    def __init__(self, common: Common, files: RowFiles) -> None:
        """Lay them over those of `common`; schemas may lie in `files`."""
        _check_limit(common.options.extra, "-O ")
        base = lifted(common.options, judged=False)
        if common.form.schema is not None:  # it is put in at the end, by `wanted`: a row may want another form
            base = replace(base, extra=_without_format(base.extra))
        self._base, self._common, self._files = base, common, files
        self._schemas: dict[str, Schema] = {}

    def said(self, members: Mapping[str, Any], fields: Mapping[str, Any], *, judged: bool) -> LLMOptions:
        """The parameters of a row, but for the schema of its form.

        Args:
            fields: of the request, by their names there.
            judged: whether its model is known, so that wrong kinds can be told.
        Raises:
            UsageError: a value is of a wrong kind.
        """
        base, effort = self._base, text_in(members, "effort")
        if effort is not None:
            base = replace(base, effort=effort)
        if not fields:
            return base
        for name, (kind, what) in _KINDS.items():
            if fields.get(name) is not None and not isinstance(fields[name], kind):
                raise UsageError(f"{name} is {kind_of(fields[name])}; it is {what}")
        _check_limit(fields)
        extra = {**base.extra, **fields}
        config = base.extra.get("output_config")
        if config and fields.get("output_config"):
            extra["output_config"] = {**config, **fields["output_config"]}
        if "thinking" in fields:
            base = replace(base, thinking=None)
        try:
            return lifted(replace(base, extra=extra), judged=judged)
        except UsageError as error:
            raise UsageError(str(error).removeprefix("-O ")) from error

    def form(self, members: Mapping[str, Any], options: LLMOptions) -> Form:
        """The form of a row's answer.

        Args:
            options: the row's; they may have a schema of their own.
        Raises:
            UsageError: its schema or its choice of code blocks is none, or it has two forms.
        """
        common = self._common.form
        schema, extract, own = members.get("schema"), text_in(members, "extract"), _format(options)
        if sum(each is not None for each in (schema, extract, own)) > 1:
            raise UsageError("the answer has two forms; leave one of schema, extract and output_config.format")
        if schema is not None:
            if self._common.on_truncate == "continue":
                raise UsageError("a schema does not go with --on-truncate continue: JSON cannot be continued")
            return replace(common, extract=None, schema=self._schema(schema))
        if extract is not None:
            from ..core.extract import check_choice

            return replace(common, extract=check_choice(extract), schema=None)
        if own is None:
            return common
        return replace(common, extract=None, schema=_as_it_is(own))

    def wanted(self, options: LLMOptions, form: Form) -> LLMOptions:
        """`options` with the schema of `form`, where it is not there already."""
        if form.schema is None or _format(options) is not None:
            return options
        from ..core.schema import request_schema

        return replace(options, extra=request_schema(options.extra, form.schema))

    def _schema(self, value: object) -> Schema:
        """The schema that a row names: an object, JSON, a file, or the short form."""
        if not isinstance(value, str | dict):
            raise UsageError(f"schema is {kind_of(value)}; it is an object, a file or a short form")
        text = value.strip() if isinstance(value, str) else json.dumps(value)
        found = self._schemas.get(text)
        if found is None:
            try:
                found = self._loaded(text)
            except UsageError as error:
                raise UsageError(str(error).replace("--schema", "schema", 1)) from error
            if len(self._schemas) >= _KEPT_SCHEMAS:
                self._schemas.clear()
            self._schemas[text] = found
        return found

    def _loaded(self, text: str) -> Schema:
        from ..core.schema import load_schema, short_form
        from ..core.schema_check import check_schema, is_full

        if text.endswith(".json") or ("/" in text and not any(sign in text for sign in " ,:{\n")):
            name, text = text, self._files.text(text).strip()
            if not text.startswith("{"):
                raise UsageError(f"{name} holds no JSON Schema: an object is needed")
        if text and not text.startswith(("{", "[", '"')):
            text = json.dumps(short_form(text))  # by itself, `load_schema` takes it for a file where there is one
        schema = load_schema(text)
        if is_full():
            check_schema(schema.original)
        return schema


def _check_limit(fields: Mapping[str, Any], whose: str = "") -> None:
    """Refuse a `max_tokens` that is none, whatever the model: money and streaming are decided by it.

    Raises:
        UsageError: says what it is; `whose` goes before its name.
    """
    value = fields.get("max_tokens")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and (not is_number or isinstance(value, float) or value < 0):
        given = value if is_number else kind_of(value)
        raise UsageError(f"{whose}max_tokens is {given}; it is a whole number from 0")


def _format(options: LLMOptions) -> Any:
    """What the request itself asks for as the form of its answer."""
    config = options.extra.get("output_config")
    return config.get("format") if isinstance(config, Mapping) else None


def _as_it_is(own: object) -> Schema | None:
    """The schema of a request's own format, for the check of the answer; None: it has none."""
    schema = own.get("schema") if isinstance(own, Mapping) else None
    if not isinstance(schema, dict):
        return None
    from ..core.schema import Schema

    return Schema(schema, schema)


def _without_format(extra: Mapping[str, Any]) -> dict[str, Any]:
    config = {name: value for name, value in extra.get("output_config", {}).items() if name != "format"}
    rest = {name: value for name, value in extra.items() if name != "output_config"}
    return {**rest, "output_config": config} if config else rest
