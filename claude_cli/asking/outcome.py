"""How a call came out: done, cut, refused or failed; and the JSON object that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.errors import ClaudeError, RefusedError
from ..core.messages import Completion, Notice, Usage
from ..core.redact import redact

if TYPE_CHECKING:
    from ..core.budget import Record
    from ..core.models import Catalogue

VERSION = 1


@dataclass(slots=True)
class Outcome:
    """What is known when a call is over; a failure before any answer leaves most of it empty.

    `duration_ms` and `ttft_ms` (start to first text) are milliseconds. `text` is the answer in the form that was asked
    for, `structured` its value where it fits a schema. `models` has the prices; None: those that are shipped.
    `estimate` is what the books say of an answer that was stopped. `session` is the conversation it is kept in.
    """

    model: str
    completion: Completion | None = None
    text: str = ""
    structured: Any = None
    duration_ms: int = 0
    ttft_ms: int | None = None
    simulated: bool = False
    notices: Sequence[Notice] = field(default_factory=list)
    error: ClaudeError | None = None
    models: Catalogue | None = None
    estimate: Record | None = None
    session: str | None = None

    @property
    def usage(self) -> Usage:
        """The tokens, as the provider has counted them, or as they are estimated."""
        if self.estimate:
            return self.estimate.usage
        return self.completion.usage if self.completion else Usage()

    @property
    def cost_pico(self) -> int | None:
        """What the answer cost, in pico-dollars; None where nothing came, it was simulated or has no list price."""
        if self.simulated or not self.completion:
            return None
        if self.estimate:
            return self.estimate.cost_pico
        from ..core.pricing import cost_of

        return cost_of(self.completion, self.catalogue, self.model)

    @property
    def catalogue(self) -> Catalogue:
        """What has the prices."""
        from ..core.models import catalogue

        return self.models or catalogue()

    def as_json(self) -> dict[str, Any]:
        """The object of the JSON output, described by docs/json-output.schema.json."""
        done, error, pico = self.completion, self.error, self.cost_pico
        refused = isinstance(error, RefusedError)
        return {
            "version": VERSION,
            "text": "" if refused else self.text,
            "structured": self.structured,
            "model": (done.model if done else "") or self.model,
            "stop_reason": done.stop_reason if done else None,
            "usage": self.usage.as_json(),
            "cost_usd": None if pico is None else pico / 1e12,
            "duration_ms": self.duration_ms,
            "ttft_ms": self.ttft_ms,
            "request_id": (done.request_id if done else None) or (error.request_id if error else None),
            "session": self.session,
            "simulated": self.simulated,
            "notices": [{"code": notice.code, "text": notice.text} for notice in self.notices],
            "error": {**error.as_json(), "message": redact(str(error))} if error else None,
        }


def usage_line(outcome: Outcome) -> str:
    """Tokens, money, what the cache saved, and seconds in one line, for `-u`."""
    usage, about = outcome.usage, "about " if outcome.estimate else ""
    by_cache = ((usage.cache_read_tokens, "from cache"), (usage.cache_write_tokens, "to cache"))
    cached = ", ".join(f"{count:,} {what}" for count, what in by_cache if count)
    thought = f" ({usage.thinking_tokens:,} thinking)" if usage.thinking_tokens else ""
    first = f", first text after {_seconds(outcome.ttft_ms)}" if outcome.ttft_ms is not None else ""
    seconds = outcome.duration_ms / 1000
    rate = f", {usage.output_tokens / seconds:,.0f} tokens/s" if seconds > 0 and usage.output_tokens else ""
    tokens = f"{usage.total_input_tokens:,} tokens in{cached and f' ({cached})'}, {usage.output_tokens:,} out{thought}"
    return f"{about}{tokens}, {_price(outcome)}{_seconds(outcome.duration_ms)}{first}{rate}"


def _seconds(ms: int) -> str:
    """Milliseconds as seconds, in two digits that count, or in whole seconds."""
    return f"{ms / 1000:.2g} s" if ms < 10_000 else f"{ms / 1000:,.0f} s"


def _price(outcome: Outcome) -> str:
    done = outcome.completion
    if outcome.simulated or not done or not (done.stop_reason or outcome.estimate):
        return ""
    from ..core.pricing import money, saved_of

    pico = outcome.cost_pico
    if pico is None:
        return "unpriced, "
    if outcome.estimate:
        return f"about {money(pico)}, "
    saved = saved_of(done, outcome.catalogue, outcome.model) or 0
    cache = f"cache saved {money(saved)}, " if saved > 0 else f"cache cost {money(-saved)} more, " if saved else ""
    return f"{money(pico)}, {cache}"
