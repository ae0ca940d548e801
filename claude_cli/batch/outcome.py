"""What is known of a row while it is asked, call by call, and the result that comes of it in the end."""

from __future__ import annotations

from ..core.call import Call
from ..core.continuation import total
from ..core.errors import ClaudeError, RefusedError
from ..core.messages import Completion, Notice, Usage
from ..core.models import Catalogue
from ..core.pricing import saved_of
from ..core.verdict import judge
from .row import Result, Row


class Outcome:
    """Sums up the calls of one row.

    Attributes:
        started_at: when the first of them began, by the clock of the calls; None: none has.
        calls: how many are over.
        tries: requests made.
        reason: the error code of the try that failed last.
        heard: the usage of the last call, as far as the provider has said it.
    """

    __slots__ = (
        "_cost", "_first_text_at", "_last", "_maybe_billed", "_models", "_notices", "_raw", "_row", "_saved",
        "_simulated", "calls", "heard", "reason", "started_at", "tries",
    )  # fmt: skip

    def __init__(self, row: Row, models: Catalogue, *, simulated: bool) -> None:
        """Nothing has been sent; `models` have the prices."""
        self._row, self._models, self._simulated = row, models, simulated
        self.started_at: float | None = None
        self.calls = self.tries = 0
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
        self.calls += 1
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

    def result(self, error: ClaudeError | None, now: float) -> Result:
        """The row's end at the time `now`; `error` is how its last call failed, if it did."""
        row, done = self._row, self._last
        assert done is not None and self.started_at is not None  # a call is over
        error = error or judge(done, row.on_truncate)
        delivered = row.form.deliver(done, whole=error is None)
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
