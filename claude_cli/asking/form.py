"""The form an answer is asked for in: the code in it, the value of a schema, or as it comes; and whether it has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import ClaudeError, NoCodeBlockError, SchemaNotMetError, UsageError

if TYPE_CHECKING:
    from ..core.messages import Completion
    from ..core.schema import Schema


@dataclass(frozen=True, slots=True)
class Delivered:
    """What of an answer is delivered: its text in the form asked for, a schema's value, and what is wrong with it."""

    text: str
    structured: Any = None
    error: ClaudeError | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The form asked for.

    Attributes:
        extract: which code block; None: the whole text.
        schema: what the answer has to fit; None: anything.
        tools: server tools, as entries of the request.
    """

    extract: str | None = None
    schema: Schema | None = None
    tools: Sequence[dict[str, Any]] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the text is for people, and so may be rendered and get notes."""
        return self.extract is None and self.schema is None

    def deliver(self, done: Completion, *, whole: bool) -> Delivered:
        """The answer `done` in this form; one that is not whole is not held against a schema."""
        if self.is_plain:
            return Delivered(done.text)
        from ..core.server_tools import text_parts

        parts = text_parts(done.content)
        return self._code("\n\n".join(parts)) if self.schema is None else self._value(parts[-1].strip(), whole=whole)

    def _code(self, text: str) -> Delivered:
        from ..core.extract import extract

        try:
            return Delivered(extract(text, self.extract or "first"))
        except NoCodeBlockError as error:
            return Delivered("", error=error)

    def _value(self, text: str, *, whole: bool) -> Delivered:
        from ..core.schema_check import is_full, structured

        if self.schema is None or not whole:
            return Delivered(text)
        try:
            return Delivered(text, structured(text, self.schema.original, full=is_full()))
        except SchemaNotMetError as error:
            return Delivered(text, error=error)

    def hint(self) -> str | None:
        """How to have the answer checked in full, where it cannot be."""
        from ..core.schema_check import is_full

        if self.schema is None or is_full():
            return None
        from ..core.installed import install_line

        return f"the answer is checked against the schema in outline only; in full with: {install_line('schema')}"

    def request(self, extra: dict[str, Any]) -> dict[str, Any]:
        """The request's further fields with what this form needs. Raises `UsageError` for what does not go together."""
        if self.tools:
            from ..core.server_tools import request_tools

            extra = request_tools(extra, self.tools, cited=self.schema is None)
        if self.schema is not None:
            from ..core.schema import request_schema

            extra = request_schema(extra, self.schema)
        return extra


def form(extract: str | None, schema: str | None, tools: Sequence[dict[str, Any]], *, on_truncate: str) -> Form:
    """The form that the flags of these names ask for.

    Raises:
        UsageError: a flag's value is wrong, or two contradict each other.
    """
    if extract is not None:
        from ..core.extract import check_choice

        extract = check_choice(extract)
    if schema is not None and extract is not None:
        raise UsageError("--schema and --extract contradict each other: an answer to a schema is JSON as a whole")
    if schema is not None and on_truncate == "continue":
        raise UsageError("--schema and --on-truncate continue contradict each other: JSON cannot be continued")
    return Form(extract, _schema(schema), tools)


def tools(web_search: bool, web_fetch: bool, code_execution: bool) -> list[dict[str, Any]]:
    """The request's entries for the server tools of the flags of these names."""
    if not (web_search or web_fetch or code_execution):
        return []
    from ..core.server_tools import CODE_EXECUTION, WEB_FETCH, WEB_SEARCH

    wanted = ((web_search, WEB_SEARCH), (web_fetch, WEB_FETCH), (code_execution, CODE_EXECUTION))
    return [tool for asked, tool in wanted if asked]


def _schema(source: str | None) -> Schema | None:
    if source is None:
        return None
    from ..core.schema import load_schema
    from ..core.schema_check import check_schema, is_full

    schema = load_schema(source)
    if is_full():
        check_schema(schema.original)
    return schema
