"""How a run of a batch came out, as a value: what the report shows, what its JSON object says, and the exit status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..core.errors import BudgetReachedError, ClaudeError
from ..core.messages import Usage
from ..core.redact import redact
from .stop import Reason, Stop, exit_status
from .tally import Failure, ModelCount, Span, Tally

VERSION = 1
_ALWAYS = ("interrupted", "terminated", "error")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of the input by what became of them; `total` is their sum.

    Attributes:
        done, failed: also those that an earlier run left.
        open: to be asked by the next run.
        skipped: cannot be asked, and were left out.
        earlier: of those done and failed, what an earlier run left.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    open: int = 0
    skipped: int = 0
    earlier: int = 0


@dataclass(frozen=True, slots=True)
class Latency:
    """How long rows that are done took from their first try to their end, in milliseconds."""

    p50: int
    p90: int
    p99: int
    most: int


@dataclass(frozen=True, slots=True)
class Report:
    """How a run came out. Money is in pico-dollars.

    Attributes:
        failures: of this run, by code, the most frequent first.
        latency: None where no row is done.
        spans: what ended in each `span_s` seconds from the start.
        usage, models, saved_pico: of this run.
        tries: requests made; `maybe_billed` rows may have cost more than is known.
        duration_s: of the run.
        stopped: why rows are left open; None where nothing stopped it. `detail` says it in words.
        error: what concerned all rows alike and ended it, also before the first was asked; None: nothing did.
        exit_status: what the program leaves with.
        output, journal: the files, where there are such.
        simulated: the simulator answered, and nothing was paid.
    """

    rows: Rows = field(default_factory=Rows)
    failures: tuple[tuple[str, Failure], ...] = ()
    latency: Latency | None = None
    spans: tuple[Span, ...] = ()
    span_s: float = 1.0
    usage: Usage = field(default_factory=Usage)
    models: Mapping[str, ModelCount] = field(default_factory=dict)
    saved_pico: int = 0
    tries: int = 0
    maybe_billed: int = 0
    duration_s: float = 0.0
    stopped: Reason | None = None
    detail: str = ""
    error: ClaudeError | None = None
    exit_status: int = 0
    output: str | None = None
    journal: str | None = None
    simulated: bool = False

    @property
    def cost_pico(self) -> int | None:
        """What the run cost; None where no row has a known price, or nothing was paid."""
        if self.simulated or (self.models and all(each.unpriced == each.rows for each in self.models.values())):
            return None
        return sum(each.cost_pico for each in self.models.values())

    def as_json(self) -> dict[str, Any]:
        """The object of `--json`, described by docs/batch-report.schema.json."""
        rows, latency, error = self.rows, self.latency, self.error
        return {
            "version": VERSION,
            "rows": {
                "total": rows.total,
                "done": rows.done,
                "failed": rows.failed,
                "open": rows.open,
                "skipped": rows.skipped,
                "earlier": rows.earlier,
            },
            "failures": [
                {
                    "code": code,
                    "count": failure.count,
                    "example": {"id": failure.id, "line": failure.line, "message": failure.message},
                }
                for code, failure in self.failures
            ],
            "latency_ms": latency and {"p50": latency.p50, "p90": latency.p90, "p99": latency.p99, "max": latency.most},
            "throughput": [
                {
                    "from_s": number * self.span_s,
                    "to_s": (number + 1) * self.span_s,
                    "done": span.done,
                    "failed": span.failed,
                    "output_tokens": span.output_tokens,
                }
                for number, span in enumerate(self.spans)
            ],
            "usage": self.usage.as_json(),
            "cost_usd": _usd(self.cost_pico),
            "cost_by_model": [
                {
                    "model": model,
                    "rows": count.rows,
                    "input_tokens": count.input_tokens,
                    "output_tokens": count.output_tokens,
                    "cost_usd": None if self.simulated or count.unpriced == count.rows else _usd(count.cost_pico),
                    "unpriced_rows": count.unpriced,
                }
                for model, count in self.models.items()
            ],
            "cache_saved_usd": None if self.simulated else _usd(self.saved_pico),
            "tries": self.tries,
            "maybe_billed_rows": self.maybe_billed,
            "duration_ms": round(self.duration_s * 1000),
            "stopped": self.stopped,
            "stopped_text": self.detail if self.stopped else "",
            "error": {**error.as_json(), "message": redact(str(error))} if error else None,
            "exit_status": self.exit_status,
            "output": self.output,
            "journal": self.journal,
            "simulated": self.simulated,
        }


def ended_by(error: ClaudeError, report: Report | None = None) -> Report:
    """What `report` is with the `error` that has ended the run; without one none has begun."""
    stopped: Reason = "budget" if isinstance(error, BudgetReachedError) else "error"
    detail = redact(str(error))
    return replace(report or Report(), stopped=stopped, detail=detail, error=error, exit_status=error.exit_code)


def report_of(
    tally: Tally, stop: Stop, *, signalled: int | None = None, skipped: int = 0, output: str | None = None,
    journal: str | None = None,
) -> Report:  # fmt: skip
    """The report of a run that is over.

    Args:
        stop: says why it ended before its rows were over, if it did.
        signalled: what the signal that came first wants the program to leave with; None: none came.
        skipped: rows that cannot be asked, and were left out.
        output, journal: the files that are there now.
    """
    before, spans = tally.resumed, tally.spans
    rows = Rows(
        total=tally.rows + skipped,
        done=before.done + tally.done,
        failed=before.failed + tally.failed,
        open=tally.open,
        skipped=skipped,
        earlier=before.done + before.failed,
    )
    # Budget and time that ran out with the last row have stopped nothing. Who pressed Ctrl-C wants his loop to end.
    reason = stop.reason if rows.open or stop.reason in _ALWAYS else None
    report = Report(
        rows=rows,
        failures=tuple(sorted(tally.failures.items(), key=lambda each: -each[1].count)),
        latency=_latency(tally),
        spans=tuple(spans.spans),
        span_s=spans.seconds,
        usage=tally.usage,
        models=dict(sorted(tally.models.items(), key=lambda each: -each[1].cost_pico)),
        saved_pico=tally.saved_pico,
        tries=tally.tries,
        maybe_billed=tally.maybe_billed,
        duration_s=tally.elapsed_s,
        stopped=reason,
        detail=stop.detail,
        output=output,
        journal=journal,
        simulated=tally.simulated,
    )
    return replace(report, exit_status=_status(report, stop, signalled))


def _status(report: Report, stop: Stop, signalled: int | None) -> int:
    """What the program leaves with: why it was stopped, else whether rows have failed."""
    if report.stopped in ("interrupted", "terminated") and signalled is not None:
        return signalled
    return exit_status(stop if report.stopped else Stop(), report.rows.failed)


def _latency(tally: Tally) -> Latency | None:
    percentiles = [tally.latencies.percentile(share) for share in (0.5, 0.9, 0.99)]
    p50, p90, p99 = (each or 0 for each in percentiles)
    return Latency(p50, p90, p99, tally.latencies.most) if tally.latencies.count else None


def _usd(pico: int | None) -> float | None:
    return None if pico is None else pico / 1e12
