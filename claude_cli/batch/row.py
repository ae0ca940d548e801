"""A row of a batch, and what became of it: the two values that all parts of a batch share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import ClaudeError, RefusedError
from ..core.form import Form
from ..core.messages import ChatRequest, Notice, Usage
from ..core.redact import redact

if TYPE_CHECKING:
    from ..core.surroundings import OnTruncate

RowId = str | int
"""As the input has it; in OUT it stands unchanged."""


@dataclass(frozen=True, slots=True)
class Row:
    """One question of the input, checked and ready to be sent.

    Attributes:
        number: its place among the rows, from 0.
        line: where it begins in the input, from 1.
        id: the input's; a row without one has its number, from 1, as text.
        named: whether the input gave it an id; what has none is found again by its digest alone.
        digest: 16 bytes of everything that decides its answer: another digest is another question.
        request: as its model takes it; not marked for the prompt cache.
        form: what of its answer is delivered.
        on_truncate: what is done with an answer that was cut.
        prefix: 16 bytes that are the same for rows which begin alike, and so share a prompt cache; None: no cache.
        shared_files: of the files that its first turn begins with, how many belong to the prefix; None: all of them.
        notices: what had to change for its model.
    """

    number: int
    line: int
    id: RowId
    named: bool
    digest: bytes
    request: ChatRequest
    form: Form = field(default_factory=Form)
    on_truncate: OnTruncate = "fail"
    prefix: bytes | None = None
    shared_files: int | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of the input that cannot be asked: the `line` at which it begins, from 1, and what is wrong with it."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row.

    Attributes:
        id: the row's.
        model: the one that answered, else the one that was asked.
        text: the answer in the form asked for; the part that came where the row failed.
        structured: its value, where a schema was asked for and is met; else what the row's own tools were called with.
        usage, cost_pico: of all tries that are paid for; None: no price is known.
        saved_pico: what the prompt cache saved; negative where writing it cost more.
        duration_ms, ttft_ms: from the row's first try to its end, and to the first text.
        tries: requests made for it.
        maybe_billed: of a try that failed it is not known whether it is billed; its estimate is in the cost.
        error: why it failed; None: it is done.
    """

    id: RowId
    model: str
    text: str = ""
    structured: Any = None
    stop_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    cost_pico: int | None = None
    saved_pico: int = 0
    duration_ms: int = 0
    ttft_ms: int | None = None
    request_id: str | None = None
    simulated: bool = False
    tries: int = 1
    maybe_billed: bool = False
    notices: tuple[Notice, ...] = ()
    error: ClaudeError | None = None

    @property
    def status(self) -> str:
        """`done` or `failed`."""
        return "failed" if self.error else "done"

    def as_json(self) -> dict[str, Any]:
        """The object of a line of OUT; members that the JSON output of `complete` has, too, mean the same."""
        error = self.error
        return {
            "id": self.id,
            "status": self.status,
            "text": "" if isinstance(error, RefusedError) else self.text,
            "structured": self.structured,
            "model": self.model,
            "stop_reason": self.stop_reason,
            "usage": self.usage.as_json(),
            "cost_usd": None if self.cost_pico is None or self.simulated else self.cost_pico / 1e12,
            "duration_ms": self.duration_ms,
            "ttft_ms": self.ttft_ms,
            "request_id": self.request_id,
            "simulated": self.simulated,
            "tries": self.tries,
            "maybe_billed": self.maybe_billed,
            "notices": [{"code": notice.code, "text": notice.text} for notice in self.notices],
            "error": {**error.as_json(), "message": redact(str(error))} if error else None,
        }


class Spent(NamedTuple):
    """What a row has cost that has no answer yet; the members are those of `Result`."""

    tries: int
    cost_pico: int | None
    maybe_billed: bool

    def added_to(self, result: Result) -> Result:
        """The row's result, with this in it."""
        both = self.plus(Spent(result.tries, result.cost_pico, result.maybe_billed))
        return replace(result, **both._asdict())

    def plus(self, other: Spent) -> Spent:
        """Both together."""
        known = self.cost_pico is not None and other.cost_pico is not None
        cost = (self.cost_pico or 0) + (other.cost_pico or 0) if known else None
        return Spent(self.tries + other.tries, cost, self.maybe_billed or other.maybe_billed)
