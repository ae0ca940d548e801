"""What a batch will take: tokens, counted on a sample or estimated, and the money for them at list prices.

Money is counted for tokens as expected, in pico-dollars. What the prompt cache saves is
reckoned as if no entry were lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.errors import BudgetReachedError, ClaudeError
from ..core.models import Catalogue, catalogue
from ..core.pricing import PICO, money
from ..core.tokens import estimate
from .survey import Load

if TYPE_CHECKING:
    from ..core.providers.base import LLMProvider
    from .row import Row

SAMPLE_TIMEOUT_S = 10.0
"""For counting a sample."""
ENOUGH_ROWS = 20
"""Done rows from which on their own answers say how long the others will be."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How far our estimates of input are off.

    Attributes:
        ratios: by model, counted tokens for one estimated.
        rows: that were counted.
        failure: why none was, in a line; "" where some were.
    """

    ratios: Mapping[str, float] = field(default_factory=dict)
    rows: int = 0
    failure: str = ""


async def sample(provider: LLMProvider, rows: Sequence[Row], models: Catalogue | None = None) -> Sample:
    """Have `provider` count the prompts of `rows`, which costs nothing, and compare that with our estimates.

    Never fails: without a key or a network, and where a provider does not count, the estimates stand.

    Args:
        models: with which the rows were estimated; None: those shipped.
    """
    models = models or catalogue()
    counted: dict[str, tuple[int, int]] = {}
    failure, number = "", 0

    async def count(row: Row) -> None:
        nonlocal failure, number
        try:
            tokens = await provider.count_tokens(row.request)
        except ClaudeError as error:
            failure = failure or str(error).partition(";")[0]
            return
        model = row.request.model
        before = counted.get(model, (0, 0))
        counted[model] = before[0] + tokens, before[1] + estimate(row.request, models.find(model))
        number += 1

    try:
        async with asyncio.timeout(SAMPLE_TIMEOUT_S):
            await asyncio.gather(*map(count, rows))
    except TimeoutError:
        failure = failure or f"no answer in {SAMPLE_TIMEOUT_S:.0f} s"
    ratios = {model: tokens / estimated for model, (tokens, estimated) in counted.items() if estimated}
    return Sample(ratios, number, "" if number else failure)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the open rows will take; made by `forecast`.

    Attributes:
        loads: by model.
        counted: the sample that the input was corrected by.
    """

    loads: Mapping[str, Load] = field(default_factory=dict)
    counted: Sample = field(default_factory=Sample)

    @property
    def rows(self) -> int:
        """Open rows."""
        return sum(load.rows for load in self.loads.values())

    @property
    def method(self) -> str:
        """How the input was found: "count_tokens", of a sample, or "estimate"."""
        return "count_tokens" if self.counted.rows else "estimate"

    @property
    def input_tokens(self) -> int:
        """Of all prompts."""
        return sum(load.input_tokens for load in self.loads.values())

    @property
    def output_tokens(self) -> int:
        """Of all answers."""
        return sum(load.output_tokens for load in self.loads.values())

    @property
    def input_pico(self) -> int | None:
        """Pico-dollars for the prompts alone; None: no model has a price."""
        return _sum([load.input_pico for load in self.loads.values()])

    @property
    def output_pico(self) -> int | None:
        """Pico-dollars for the answers alone; None: no model has a price."""
        return _sum([load.output_pico for load in self.loads.values()])

    @property
    def cost_pico(self) -> int | None:
        """Pico-dollars for all of it; None: no model has a price."""
        return _sum([self.input_pico, self.output_pico]) if self.loads else 0

    @property
    def saved_pico(self) -> int:
        """Pico-dollars that the prompt cache takes off the prompts."""
        return sum(load.saved_pico for load in self.loads.values())

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models without a price, which are not in the money."""
        return tuple(model for model, load in self.loads.items() if load.input_pico is None)

    def again(self, done_rows: int, output_tokens: int) -> Forecast:
        """The same with the length of the answers that have come: `done_rows`, of `output_tokens` in all.

        Fewer than `ENOUGH_ROWS` say nothing.
        """
        if done_rows < ENOUGH_ROWS or not self.output_tokens:
            return self
        factor = output_tokens / done_rows * self.rows / self.output_tokens
        return Forecast({model: _scaled(load, 1.0, factor) for model, load in self.loads.items()}, self.counted)

    def to_come_pico(self, open_rows: int, done_rows: int, output_tokens: int) -> int | None:
        """What `open_rows` of these rows will cost, after `done_rows` that took `output_tokens`; None: no price."""
        whole = self.again(done_rows, output_tokens).cost_pico
        return whole * open_rows // self.rows if whole is not None and self.rows else None

    def as_json(self) -> dict[str, Any]:
        """The members of a JSON output that say what is expected."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "method": self.method,
            "counted_rows": self.counted.rows,
            "input_cost_usd": _usd(self.input_pico),
            "cost_usd": _usd(self.cost_pico),
            "cache_saved_usd": _usd(self.saved_pico),
            "models": {
                model: {
                    "rows": load.rows,
                    "input_tokens": load.input_tokens,
                    "output_tokens": load.output_tokens,
                    "cost_usd": _usd(_sum([load.input_pico, load.output_pico])),
                }
                for model, load in self.loads.items()
            },
        }

    def lines(self) -> list[str]:
        """What people want to know of it."""
        how = f"counted on {_rows(self.counted.rows)}" if self.counted.rows else "estimate"
        lines = [f"~{self.input_tokens:,} input tokens ({how}), {self.output_tokens:,} output tokens expected"]
        if self.counted.failure:
            lines.append(f"not counted: {self.counted.failure}")
        cost = f"expected cost: {_money(self.cost_pico)}"
        if self.cost_pico is not None:
            saved = f" ({money(self.saved_pico)} saved by the prompt cache)" if self.saved_pico > 0 else ""
            cost += f", {_money(self.input_pico)} of it for the input{saved}"
        lines.append(cost)
        if len(self.loads) > 1 or self.unpriced:
            lines += [
                f"{model}: {_rows(load.rows)}, {_money(_sum([load.input_pico, load.output_pico]))}"
                for model, load in self.loads.items()
            ]
        return lines


def forecast(loads: Mapping[str, Load], counted: Sample | None = None) -> Forecast:
    """What the rows of `loads` will take, with the input as `counted` has it."""
    counted = counted or Sample()
    ratios = counted.ratios
    return Forecast({model: _scaled(load, ratios.get(model, 1.0), 1.0) for model, load in loads.items()}, counted)


def check_affordable(expected: Forecast, left_pico: int | None) -> None:
    """Refuse a batch whose prompts alone cost more than is left of a budget; the answers are the budget's own to stop.

    An estimate that nobody has counted refuses nothing: it may be far too high, and the batch stops in time anyway.

    Args:
        left_pico: of the tightest budget; None: there is none.
    Raises:
        BudgetReachedError: with both amounts.
    """
    cost = expected.input_pico
    if left_pico is None or cost is None or not expected.counted.rows or cost <= left_pico:
        return
    raise BudgetReachedError(
        f"the input alone costs about {money(cost)}, and {money(left_pico)} of the budget is left; raise the budget,"
        " or ask fewer rows"
    )


def affords(expected: Forecast, left_pico: int, row_pico: int) -> str:
    """How far `left_pico` of a budget goes, in a line; "" where it is enough.

    Args:
        row_pico: the most that the first rows may cost, which has to be set aside before they are sent.
    """
    left, cost = f"{money(left_pico)} that the budget leaves", expected.cost_pico or 0
    if expected.counted.rows and (expected.input_pico or 0) > left_pico:
        return f"the {left} does not afford the input: the run would not begin"
    if row_pico > left_pico:
        return f"the {left} is less than a row may cost, {money(row_pico)}: a smaller --max-tokens sets less aside"
    if cost <= left_pico:
        return ""
    return f"the {left} affords about {expected.rows * left_pico // cost:,} of {_rows(expected.rows)}"


def _scaled(load: Load, input_: float, output: float) -> Load:
    return Load(
        load.rows,
        round(load.input_tokens * input_),
        round(load.output_tokens * output),
        None if load.input_pico is None else round(load.input_pico * input_),
        None if load.output_pico is None else round(load.output_pico * output),
        round(load.saved_pico * input_),
    )


def _sum(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _usd(pico: int | None) -> float | None:
    return None if pico is None else pico / PICO


def _money(pico: int | None) -> str:
    return "unpriced" if pico is None else money(pico)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"
