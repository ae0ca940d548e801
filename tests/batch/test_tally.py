"""The running count: right in its sums, close in its percentiles, and small however many rows there are."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import pytest

from claude_cli.batch.row import Result, Row
from claude_cli.batch.store import Resumed
from claude_cli.batch.tally import MOST_KEYS, OTHERS, Latencies, Spans, Tally
from claude_cli.core.errors import OverloadedError, ProviderError, SchemaNotMetError
from claude_cli.core.messages import ChatRequest, Message, Usage, text_block

CENT = 10**10
ASKED = ChatRequest("claude-sonnet-5", (Message("user", (text_block("hi"),)),))


def row(number: int) -> Row:
    """A row of the input, one a line."""
    return Row(number, number + 1, f"row {number}", True, b"", ASKED)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def counted(*results: Result | None, every_s: float = 0.0, resumed: Resumed | None = None) -> Tally:
    """A tally of a hundred rows after these."""
    clock = Clock()
    tally = Tally(clock=clock)
    tally.start(100, resumed or Resumed())
    for number, result in enumerate(results):
        tally.began(row(number))
        clock.now += every_s
        tally.ended(row(number), result)
    return tally


def test_what_is_counted():
    """Rows by what became of them, tokens and money of all, also of those that failed."""
    usage = Usage(100, 20, 3000, 400, 5)
    done = Result("a", "claude-sonnet-5", usage=usage, cost_pico=3 * CENT, saved_pico=CENT, tries=2)
    failed = Result("b", "claude-sonnet-5", usage=usage, cost_pico=CENT, maybe_billed=True, error=OverloadedError("x"))
    free = Result("c", "a-model-without-a-price", usage=usage)
    tally = counted(done, failed, free, None, resumed=Resumed(done=10, failed=1, open=89))
    tally.began(row(9))
    assert (tally.done, tally.failed, tally.under_way, tally.over, tally.open) == (2, 1, 1, 14, 86)
    assert (tally.tries, tally.maybe_billed, tally.saved_pico, tally.cost_pico) == (4, 1, CENT, 4 * CENT)
    assert tally.usage == Usage(300, 60, 9000, 1200, 15) and tally.output_tokens == 60
    assert {name: (each.rows, each.cost_pico, each.unpriced) for name, each in tally.models.items()} == {
        "claude-sonnet-5": (2, 4 * CENT, 0),
        "a-model-without-a-price": (1, 0, 1),
    }


@pytest.mark.parametrize(
    ("results", "pico"),
    [
        pytest.param([Result("a", "m")], None, id="no price"),
        pytest.param([Result("a", "m", cost_pico=CENT, simulated=True)], None, id="simulated"),
        pytest.param([Result("a", "m", cost_pico=CENT), Result("b", "m")], CENT, id="one of two"),
        pytest.param([Result("a", "m", cost_pico=0)], 0, id="for nothing"),
    ],
)
def test_money_that_is_not_known_is_not_0(results, pico):
    """What has no price is not free."""
    assert counted(*results).cost_pico == pico


def test_a_class_of_failures_keeps_its_first_row():
    """One example is enough to look at; its message is one line, without a key and harmless."""
    said = "no\n\x1b[31msk-ant-api03-" + "a" * 40 + " " + "b" * 500
    tally = counted(
        Result("a", "m", error=ProviderError(said, code="odd")),
        Result(7, "m", error=SchemaNotMetError("no")),
        Result("c", "m", error=ProviderError("another", code="odd")),
    )
    odd, other = tally.failures["odd"], tally.failures["schema_not_met"]
    assert (odd.count, odd.id, odd.line, other.count, other.id, other.line) == (2, "a", 1, 1, 7, 2)
    assert "api03" not in odd.message and odd.message.isprintable() and len(odd.message) <= 300


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 1.0])
@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda rng: rng.lognormvariate(7, 1), id="skewed"),
        pytest.param(lambda rng: rng.uniform(150, 250), id="narrow"),
        pytest.param(lambda rng: 3_600_000, id="all the same"),
    ],
)
def test_a_percentile_is_within_5_percent(draw: Callable[[random.Random], float], share):
    """Buckets that grow by a factor are as exact for milliseconds as for hours."""
    rng = random.Random(6)
    values = sorted(round(draw(rng)) for _ in range(2000))
    found = Latencies()
    for value in values:
        found.add(value)
    assert found.percentile(share) == pytest.approx(values[round(share * len(values)) - 1], rel=0.05)


def test_percentiles_at_the_ends():
    """None of nothing; 0 and what is longer than the buckets reach are values like others."""
    found = Latencies()
    assert found.percentile(0.5) is None
    found.add(0)
    assert (found.percentile(0.5), found.most) == (0, 0)
    found.add(10**12)
    assert found.percentile(0.5) == 0 and found.percentile(0.99) > 30 * 86_400_000 / Latencies.STEP


def test_spans_become_longer_with_the_time():
    """A night has as many of them as an hour has, and nothing is lost when two become one."""
    spans = Spans()
    for second in range(10_000):
        spans.at(second).done += 1
    assert spans.seconds == 256 and len(spans.spans) == 40
    assert [span.done for span in spans.spans] == [256] * 39 + [16]
    spans.at(0.5).failed += 1  # a clock that went back
    spans.at(10.0**9).failed += 1
    assert sum(span.done for span in spans.spans) == 10_000 and len(spans.spans) <= Spans.MOST


def test_it_stays_small():
    """A name of its own in each row fills it no further than a few dozen do."""
    tally = counted()

    def size() -> int:
        parts = (tally.models, tally.failures, tally.spans.spans, tally.latencies._counts)
        return sum(map(sys.getsizeof, parts))

    sizes = []
    for number in range(3 * MOST_KEYS):
        error = ProviderError("x", code=f"code {number}") if number % 2 else None
        tally.began(row(number))
        tally.ended(row(number), Result(f"row {number}", f"model {number}", duration_ms=number, error=error))
        sizes.append(size())
    assert sizes[-1] == sizes[2 * MOST_KEYS]
    assert tally.models[OTHERS].rows == 2 * MOST_KEYS and tally.failures[OTHERS].count == MOST_KEYS // 2
