"""What is known of a row while it is asked, call by call, and the result that comes of it in the end."""

from __future__ import annotations

from ..core.call import Call
from ..core.continuation import total
from ..core.errors import ClaudeError, NoCodeBlockError, RefusedError
from ..core.extract import WHICH
from ..core.form import Delivered
from ..core.messages import Completion, Notice, Usage
from ..core.models import Catalogue
from ..core.pricing import saved_of
from ..core.verdict import judge
from .row import Result, Row, Spent


class Outcome:
    """Sums up the calls of one row.

    Attributes:
        started_at: when the first of them began, by the clock of the calls; None: none has.
        tries: requests made.
        reason: the error code of the try that failed last.
        heard: the usage of the last call, as far as the provider has said it.
    """

    __slots__ = (
        "_cost", "_first_text_at", "_last", "_maybe_billed", "_models", "_notices", "_raw", "_row", "_saved",
        "_simulated", "heard", "reason", "started_at", "tries",
    )  # fmt: skip

    def __init__(self, row: Row, models: Catalogue, *, simulated: bool) -> None:
        """Nothing has been sent; `models` have the prices."""
        self._row, self._models, self._simulated = row, models, simulated
        self.started_at: float | None = None
        self.tries = 0
        self.reason = ""
        self.heard: Usage | None = None
        self._notices: list[Notice] = []
        self._maybe_billed = False
        self._first_text_at: float | None = None
        self._raw: list[dict[str, object]] = []
        self._cost: int | None = 0
        self._saved = 0
        self._last: Completion | None = None

    def note(self, notice: Notice) -> None:
        """Take note of what a call tells its user."""
        if notice.changes_result:
            self._notices.append(notice)
        if notice.next_try:
            self.tries += 1
            self.reason = notice.next_try.reason
            self._maybe_billed = self._maybe_billed or notice.next_try.maybe_billed

    def add(self, call: Call) -> None:
        """A call is over, however it ended."""
        self._last = done = call.completion()
        self.heard = done.usage if done.usage.raw else None
        self.tries += max(len(done.legs), 1)
        if self.started_at is None:
            self.started_at = call.started_at
        if self._first_text_at is None:
            self._first_text_at = call.first_text_at
        if record := call.record:
            self._maybe_billed = self._maybe_billed or record.estimated or record.maybe_billed
            if record.usage.raw:
                self._raw.append(record.usage.raw)
            known = self._cost is not None and record.cost_pico is not None
            self._cost = (self._cost or 0) + (record.cost_pico or 0) if known else None
        if done.usage.cache_read_tokens or done.usage.cache_write_tokens:
            self._saved += saved_of(done, self._models, self._row.request.model) or 0

    def spent(self) -> Spent | None:
        """What the calls have cost, if anything: for a row that has no answer."""
        if self._simulated or not (self._cost != 0 or self._maybe_billed):
            return None
        return Spent(self.tries, self._cost, self._maybe_billed)

    def result(self, error: ClaudeError | None, now: float) -> Result:
        """The row's end at the time `now`; `error` is how its last call failed, if it did."""
        row, done = self._row, self._last
        assert done is not None and self.started_at is not None  # a call is over
        delivered = None if error else _called(row, done)
        if delivered is None:
            error = error or judge(done, row.on_truncate, command="a batch")
            delivered = _delivered(row, done, whole=error is None)
            error = error or delivered.error
        if error is not None and error.request_id is None:
            error.request_id = done.request_id
        return Result(
            id=row.id,
            model=done.model or row.request.model,
            text="" if isinstance(error, RefusedError) else delivered.text,
            structured=delivered.structured,
            stop_reason=done.stop_reason,
            usage=total(self._raw) if self._raw else done.usage,
            cost_pico=None if self._simulated else self._cost,
            saved_pico=self._saved,
            duration_ms=round((now - self.started_at) * 1000),
            ttft_ms=None if self._first_text_at is None else round((self._first_text_at - self.started_at) * 1000),
            request_id=done.request_id or (error.request_id if error else None),
            simulated=self._simulated,
            tries=self.tries,
            maybe_billed=self._maybe_billed,
            notices=(*row.notices, *self._notices),
            error=error,
        )


def _called(row: Row, done: Completion) -> Delivered | None:
    """What an answer that ends with calls of the row's own tools delivers; None: it is no such answer.

    A tool that has to be called is a usual way to get a value, and whoever made the row runs it; but where another
    form was asked for, its value is wanted.
    """
    if done.stop_reason != "tool_use" or not row.form.is_plain:
        return None
    calls = [block for block in done.content if block.get("type") == "tool_use"]
    if not calls:
        return None
    inputs = [{"name": call.get("name"), "input": call.get("input")} for call in calls]
    return Delivered(done.text, inputs[0]["input"] if len(inputs) == 1 else inputs)


def _delivered(row: Row, done: Completion, *, whole: bool) -> Delivered:
    """The answer in the form asked for; what has no code to extract was paid for, and is kept as it is."""
    delivered = row.form.deliver(done, whole=whole)
    if not isinstance(delivered.error, NoCodeBlockError):
        return delivered
    which = row.form.extract
    said = f"there is no {which} block" if which not in WHICH else "there is no code block"
    return Delivered(
        done.text, error=NoCodeBlockError(f"{said} in the answer, which is kept whole; have the prompt ask for one")
    )
