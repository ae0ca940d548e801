"""The flags that say in which form an answer is wanted, and with which tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.form import Form

if TYPE_CHECKING:
    from ..core.schema import Schema


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
