"""What `claude-cli batch run --dry-run` prints: the first requests, and what all of them will take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..context import Context
from ..core.harmless import one_line
from ._dry_run import laid_out, shown

if TYPE_CHECKING:
    from ..batch.forecast import Forecast
    from ..batch.survey import Survey
    from ..core.messages import ChatRequest
    from ..core.providers.base import LLMProvider


def show(
    context: Context,
    provider: LLMProvider,
    found: Survey,
    expected: Forecast,
    requests: Sequence[ChatRequest],
    affords: str = "",
    *,
    as_json: bool,
) -> None:
    """Print `requests`, the first that would be sent, each as `complete --dry-run` does, and what is expected.

    Args:
        found: the whole input.
        expected: what its open rows will take.
        affords: how far a budget goes, in a line; "" for none.
        as_json: all of it as one object.
    Raises:
        UsageError: the provider's requests are not known here.
    """
    first = [shown(context, provider, request) for request in requests]
    if as_json:
        context.console.answer(laid_out(_object(context, found, expected, first), indent=None))
        return
    lines = [*_counts(found), *expected.lines(), *([affords] if affords else [])]
    context.console.answer("".join(map(laid_out, first)) + "".join(f"{one_line(line, 1_000)}\n" for line in lines))


def _counts(found: Survey) -> list[str]:
    """How many rows there are, and what became of them."""
    resumed = found.resumed
    counts = [
        (resumed.open, "to ask"),
        (resumed.done, "done"),
        (resumed.failed, "failed, which --retry-failed asks again"),
        (found.refused_count, "that cannot be asked"),
    ]
    named = ", ".join(f"{count:,} {what}" for count, what in counts if count or what == "to ask")
    return [f"rows: {named}"]


def _object(context: Context, found: Survey, expected: Forecast, first: list[dict[str, Any]]) -> dict[str, Any]:
    resumed = found.resumed
    return {
        "version": 1,
        "rows": found.rows,
        "open": resumed.open,
        "done": resumed.done,
        "failed": resumed.failed,
        "refused": found.refused_count,
        "requests": first,
        "expected": expected.as_json(),
        "notices": [{"text": text, "rows": count} for text, count in found.notices.items()],
        "simulated": context.offline,
    }
