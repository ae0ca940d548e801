"""How a batch came out, for people: counts, failures, latencies, throughput, money.

It is made of the JSON object that `--json` prints, so the two cannot say different things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.harmless import one_line
from ..core.pricing import PICO, money
from .batch_progress import clock, short, short_rate
from .charts import beside
from .columns import columns, wrapped
from .usage_table import Look

MOST_BARS = 8
"""Lines of the plot of the throughput."""
_NAME_LENGTH = 40
"""Characters that are shown of a row's id, and of a model's name."""
_STATES = (("done", "done"), ("failed", "failed"), ("open", "open"), ("skipped", "left out"))


def report_lines(report: Mapping[str, Any], look: Look) -> list[str]:
    """The lines of a `report`, as `--json` has it."""
    lines = [line for text in _counts(report) for line in wrapped(text, look.width, indent=2)]
    lines += _failures(report["failures"], look)
    if latency := report["latency_ms"]:
        p50, p90, p99, most = (_seconds(latency[name]) for name in ("p50", "p90", "p99", "max"))
        times = f"time for a row: {p50} (half of them), {p90} (90%), {p99} (99%), {most} at most"
        lines += wrapped(times, look.width, indent=2)
    lines += _plot(report["throughput"], look)
    for text in _paid(report):
        lines += wrapped(text, look.width, indent=2)
    return lines


def _counts(report: Mapping[str, Any]) -> Iterator[str]:
    rows, seconds = report["rows"], report["duration_ms"] / 1000
    ended = rows["done"] + rows["failed"] - rows["earlier"]
    rate = f" ({short_rate(ended / seconds)})" if ended and seconds else ""
    states = ", ".join(f"{rows[key]:,} {word}" for key, word in _STATES if rows[key])
    took = f"in {_seconds(report['duration_ms'])}{rate}"
    yield f"{_rows(rows['total'])}: {states}" + ("" if rows["earlier"] else f" {took}")
    if rows["earlier"] and ended:
        yield f"in this run {_rows(ended)} {took}"


def _failures(failures: Sequence[Mapping[str, Any]], look: Look) -> Iterator[str]:
    """A line for each class, with its first row: where that is, and what was said of it."""
    table = []
    for failure in failures:
        example = failure["example"]
        where = f"line {example['line']}, id {one_line(str(example['id']), _NAME_LENGTH)}"
        table.append((f"{failure['count']:,}", one_line(failure["code"]), f"{where}: {one_line(example['message'])}"))
    for line in columns(table, right={0}):
        yield from wrapped(f"  {line}", look.width, indent=4)


def _plot(spans: Sequence[Mapping[str, Any]], look: Look) -> list[str]:
    """How many rows ended in each part of the time, if that is more than one."""
    group = -(-len(spans) // MOST_BARS)
    if look.width is None or len(spans) < 3:
        return []
    parts = [spans[at : at + group] for at in range(0, len(spans), group)]
    counts = [sum(span["done"] + span["failed"] for span in part) for part in parts]
    seconds = group * (spans[0]["to_s"] - spans[0]["from_s"])
    rows = [(clock(part[0]["from_s"]), f"{count:,}") for part, count in zip(parts, counts, strict=True)]
    lines = [f"  {line}" for line in columns(rows, right={0, 1})]
    return [
        f"rows in each {clock(seconds)}:",
        *beside(lines, counts, look.width, blocks=look.blocks, colour=look.colour),
    ]


def _paid(report: Mapping[str, Any]) -> Iterator[str]:
    usage = report["usage"]
    tokens_in = usage["input_tokens"] + usage["cache_read_tokens"] + usage["cache_write_tokens"]
    if not tokens_in + usage["output_tokens"]:
        return
    cached = f" ({100 * usage['cache_read_tokens'] / tokens_in:.0f}% from cache)" if usage["cache_read_tokens"] else ""
    tokens = f"{short(tokens_in)} tokens in{cached}, {short(usage['output_tokens'])} out"
    if report["simulated"]:
        yield f"{tokens}, all simulated: nothing was paid"
        return
    yield f"{_cost(report)} for {tokens}"
    if len(report["cost_by_model"]) > 1:
        each = (f"{one_line(row['model'], _NAME_LENGTH)} {_usd(row['cost_usd'])}" for row in report["cost_by_model"])
        yield f"by model: {', '.join(each)}"
    saved = report["cache_saved_usd"]
    if saved:
        yield f"the prompt cache {'saved' if saved > 0 else 'cost'} {_usd(abs(saved))}{'' if saved > 0 else ' more'}"
    if report["maybe_billed_rows"]:
        yield f"{_rows(report['maybe_billed_rows'])} may have been billed for a try that failed"


def _cost(report: Mapping[str, Any]) -> str:
    unpriced = sum(row["unpriced_rows"] for row in report["cost_by_model"])
    more = f" + {_rows(unpriced)} without a price" if unpriced and report["cost_usd"] is not None else ""
    return _usd(report["cost_usd"]) + more


def _usd(amount: float | None) -> str:
    return "unpriced" if amount is None else money(round(amount * PICO))


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"


def _seconds(ms: int) -> str:
    """Milliseconds as people say them: "0.21 s", "3.4 s", "2:05"."""
    return f"{ms / 1000:.2g} s" if ms < 9_950 else f"{ms / 1000:.0f} s" if ms < 120_000 else clock(ms / 1000)
