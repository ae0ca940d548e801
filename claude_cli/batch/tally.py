"""The running count of a batch: what the progress shows while it runs, and what the report is made of."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..core.harmless import one_line
from ..core.messages import Usage
from ..core.redact import redact
from .row import Result, Row, RowId
from .store import Resumed

MOST_KEYS = 50
"""Models, and classes of failure, that are counted apart; what comes after them is counted as `OTHERS`."""
OTHERS = "others"
MESSAGE_LENGTH = 300
"""Characters that are kept of a failure's message."""


class Latencies:
    """Milliseconds, in buckets whose borders grow by `STEP`: a percentile is off by half a step, 4 %, at most."""

    STEP = 1.08
    _SCALE = 1 / math.log(STEP)

    def __init__(self) -> None:
        """None yet; the buckets reach to 30 days."""
        self._counts = [0] * (2 + int(math.log(30 * 86_400_000) * self._SCALE))
        self.count = self.most = 0

    def add(self, ms: int) -> None:
        """Count one more."""
        self._counts[min(int(math.log(ms) * self._SCALE) + 1, len(self._counts) - 1) if ms > 0 else 0] += 1
        self.count += 1
        self.most = max(self.most, ms)

    def percentile(self, share: float) -> int | None:
        """What `share` of them (0 to 1) do not exceed, in milliseconds; None: there are none."""
        wanted, seen = math.ceil(self.count * share), 0
        for number, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(round(self.STEP ** (number - 0.5)), self.most) if number else 0
        return None


@dataclass(slots=True)
class Span:
    """What ended within a span of time."""

    done: int = 0
    failed: int = 0
    output_tokens: int = 0

    def __add__(self, other: Span) -> Span:
        """Both spans as one."""
        return Span(self.done + other.done, self.failed + other.failed, self.output_tokens + other.output_tokens)


class Spans:
    """What ended when: at most `MOST` spans of equal length; where time outgrows them, two and two become one."""

    MOST = 64

    def __init__(self) -> None:
        """Spans of a second, none of which has begun."""
        self.seconds = 1.0
        self.spans: list[Span] = []

    def at(self, elapsed_s: float) -> Span:
        """The span that is under way `elapsed_s` seconds after the start."""
        while (number := int(max(elapsed_s, 0.0) / self.seconds)) >= self.MOST:
            self.spans = [sum(self.spans[at : at + 2], Span()) for at in range(0, len(self.spans), 2)]
            self.seconds *= 2
        while len(self.spans) <= number:
            self.spans.append(Span())
        return self.spans[number]


@dataclass(slots=True)
class ModelCount:
    """What one model did: rows that ended, tokens, and pico-dollars; `unpriced` rows are not in the money."""

    rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_pico: int = 0
    unpriced: int = 0


@dataclass(slots=True)
class Failure:
    """A class of failures: how many there are, and the first of them."""

    count: int
    id: RowId
    line: int
    message: str


@dataclass(slots=True)
class Tally:
    """Counts of one run; however many rows there are, it stays small.

    Attributes:
        clock: seconds; `started_at` is its reading at `start`.
        rows: of the input; `resumed` says what an earlier run left of them.
        under_way: rows that have begun and not ended.
        done, failed: rows that ended in this run.
        tries: requests made; `maybe_billed` counts the rows with one of which that is not known.
        saved_pico: what the prompt cache saved; negative where writing it cost more.
        latencies: of the rows that are done.
    """

    clock: Callable[[], float] = time.monotonic
    started_at: float = 0.0
    rows: int = 0
    resumed: Resumed = field(default_factory=Resumed)
    under_way: int = 0
    done: int = 0
    failed: int = 0
    tries: int = 0
    maybe_billed: int = 0
    saved_pico: int = 0
    simulated: bool = False
    latencies: Latencies = field(default_factory=Latencies)
    spans: Spans = field(default_factory=Spans)
    models: dict[str, ModelCount] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    _counts: list[int] = field(default_factory=lambda: [0] * 5)

    def start(self, rows: int, resumed: Resumed) -> None:
        """The input has so many `rows`, of which `resumed` says what an earlier run left."""
        self.rows, self.resumed, self.started_at = rows, resumed, self.clock()

    def began(self, row: Row) -> None:
        """A row is under way."""
        self.under_way += 1

    def ended(self, row: Row, result: Result | None) -> None:
        """A row is no longer under way; None: it was given up, and stays open."""
        self.under_way -= 1
        if result is None:
            return
        span = self.spans.at(self.elapsed_s)
        if result.error is None:
            self.done += 1
            span.done += 1
            self.latencies.add(result.duration_ms)
        else:
            self.failed += 1
            span.failed += 1
            self._fail(row, result)
        span.output_tokens += result.usage.output_tokens
        self.tries += result.tries
        self.maybe_billed += result.maybe_billed
        self.simulated = self.simulated or result.simulated
        self._pay(result)

    @property
    def elapsed_s(self) -> float:
        """Seconds since `start`."""
        return self.clock() - self.started_at

    @property
    def open(self) -> int:
        """Rows that have not ended."""
        return self.rows - self.over

    @property
    def over(self) -> int:
        """Rows that are done or have failed, also in an earlier run."""
        return self.resumed.done + self.resumed.failed + self.finished

    @property
    def finished(self) -> int:
        """Rows that ended in this run."""
        return self.done + self.failed

    @property
    def output_tokens(self) -> int:
        """Of the rows that ended in this run."""
        return self._counts[1]

    @property
    def cost_pico(self) -> int | None:
        """What the run has cost so far; None: nothing of it has a price, or the simulator answers."""
        if self.simulated or all(count.unpriced == count.rows for count in self.models.values()):
            return None
        return sum(count.cost_pico for count in self.models.values())

    @property
    def usage(self) -> Usage:
        """The tokens of all rows that ended."""
        fresh, output, read, written, thinking = self._counts
        return Usage(fresh, output, read, written, thinking)

    def _pay(self, result: Result) -> None:
        usage, counts = result.usage, self._counts
        counts[0] += usage.input_tokens
        counts[1] += usage.output_tokens
        counts[2] += usage.cache_read_tokens
        counts[3] += usage.cache_write_tokens
        counts[4] += usage.thinking_tokens
        self.saved_pico += result.saved_pico
        model = self.models.get(result.model)
        if model is None:
            model = self.models.setdefault(result.model if len(self.models) < MOST_KEYS else OTHERS, ModelCount())
        model.rows += 1
        model.input_tokens += usage.total_input_tokens
        model.output_tokens += usage.output_tokens
        if result.cost_pico is None:
            model.unpriced += 1
        else:
            model.cost_pico += result.cost_pico

    def _fail(self, row: Row, result: Result) -> None:
        assert result.error  # a row without one is done
        code = result.error.code
        if code not in self.failures and len(self.failures) >= MOST_KEYS:
            code = OTHERS
        known = self.failures.get(code)
        if known:
            known.count += 1
        else:
            message = one_line(redact(str(result.error)), MESSAGE_LENGTH)
            self.failures[code] = Failure(1, result.id, row.line, message)
