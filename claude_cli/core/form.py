"""The form an answer is asked for in: the code in it, the value of a schema, or as it comes; and whether it has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ClaudeError, NoCodeBlockError, SchemaNotMetError

if TYPE_CHECKING:
    from .messages import Completion
    from .schema import Schema


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
        from .server_tools import text_parts

        parts = text_parts(done.content)
        return self._code("\n\n".join(parts)) if self.schema is None else self._value(parts[-1].strip(), whole=whole)

    def _code(self, text: str) -> Delivered:
        from .extract import extract

        try:
            return Delivered(extract(text, self.extract or "first"))
        except NoCodeBlockError as error:
            return Delivered("", error=error)

    def _value(self, text: str, *, whole: bool) -> Delivered:
        from .schema_check import is_full, structured

        if self.schema is None or not whole:
            return Delivered(text)
        try:
            return Delivered(text, structured(text, self.schema.original, full=is_full()))
        except SchemaNotMetError as error:
            return Delivered(text, error=error)

    def hint(self) -> str | None:
        """How to have the answer checked in full, where it cannot be."""
        from .schema_check import is_full

        if self.schema is None or is_full():
            return None
        from .installed import install_line

        return f"the answer is checked against the schema in outline only; in full with: {install_line('schema')}"

    def request(self, extra: dict[str, Any]) -> dict[str, Any]:
        """The request's further fields with what this form needs. Raises `UsageError` for what does not go together."""
        if self.tools:
            from .server_tools import request_tools

            extra = request_tools(extra, self.tools, cited=self.schema is None)
        if self.schema is not None:
            from .schema import request_schema

            extra = request_schema(extra, self.schema)
        return extra
