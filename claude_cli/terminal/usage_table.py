"""What the ledger says, as a person reads it: a table, with bars on a terminal, and a line of totals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from textwrap import wrap
from typing import TYPE_CHECKING

from ..core.harmless import one_line
from ..core.pricing import money
from ..storage.ledger_report import sum_of
from .charts import beside
from .columns import GAP, cells, columns, cut

if TYPE_CHECKING:
    from ..storage.ledger_report import Report, Sums

MOST_ROWS = 40
"""On a terminal; what costs less is summed up in one more. Days and months are never left out."""
GAP_DAYS = 7
"""More days than these without a call are told in one line."""
_LEAST_KEY = 16
_NUMBERS = ("cost", "calls", "in", "out", "cached")
_Row = tuple[str, "Sums | None"]
"""What a line is called, and its sums; None: a day, or days, without calls."""


@dataclass(frozen=True, slots=True)
class Look:
    """How it is drawn: plain by default, as for a pipe.

    Attributes:
        width: cells of the terminal; None: there is none, so nothing is shortened and no bar drawn.
        blocks: whether it knows more than ASCII.
        colour: whether bars may be coloured.
    """

    width: int | None = None
    blocks: bool = True
    colour: bool = False


def usage_table(report: Report, by: str, look: Look) -> list[str]:
    """A line for each row below a header. The bars are of money, or of tokens where nothing has a price."""
    rows = list(_rows(report, by, look))
    if not rows:
        return []
    lines = [(by, *_NUMBERS), *((key, *_numbers(sums, look)) for key, sums in rows)]
    numbers = range(1, len(_NUMBERS) + 1)
    if look.width is None:
        return columns(lines, right=numbers)
    key, cost = (max(cells(line[number]) for line in lines) for number in (0, 1))
    # A fifth is for the bars at least, but never at the expense of what they measure.
    end = "…" if look.blocks else "..."
    room = min(look.width, max(look.width * 4 // 5 - GAP, min(key, _LEAST_KEY) + GAP + cost))
    lines = [(cut(line[0], max(_LEAST_KEY, room - GAP - cost), end), *line[1:]) for line in lines]
    values = [(sums.cost_pico if report.totals.cost_pico else _tokens(sums)) if sums else 0 for _, sums in rows]
    text = columns(lines, right=numbers, width=room)
    return beside(text, [0, *values], look.width, blocks=look.blocks, colour=look.colour)


def totals_line(report: Report, since: date | None, until: date | None, width: int | None) -> list[str]:
    """The sums of the whole table and how many calls are not quite in it, as one line, or more on a narrow terminal."""
    all_of_it = report.totals
    days = f"{since or 'the beginning'} to {until}" if until else f"since {since}" if since else "ever"
    share = _share(all_of_it)
    parts = [
        _cost(all_of_it),
        f"{all_of_it.calls:,} call{'s' * (all_of_it.calls != 1)}",
        f"{all_of_it.total_input_tokens:,} tokens in{share and f' ({share} from cache)'}",
        f"{all_of_it.output_tokens:,} out",
    ]
    states = (
        (report.failed_calls, "failed"),
        (all_of_it.estimated_calls, "estimated"),
        (report.lost_calls, "lost"),
        (report.open_calls, "still open"),
    )
    parts += [f"{number:,} {what}" for number, what in states if number]
    return fitted(f"total {days}: {', '.join(parts)}", width)


def fitted(text: str, width: int | None) -> list[str]:
    """`text` as lines that fit a terminal of `width` cells; None: as one."""
    return [text] if width is None else wrap(text, max(width, 1), break_on_hyphens=False)


def _rows(report: Report, by: str, look: Look) -> Iterator[_Row]:
    if by == "day":
        yield from _days(report, look)
        return
    few = look.width is None or by == "month" or len(report.rows) <= MOST_ROWS + 1
    shown = report.rows if few else report.rows[:MOST_ROWS]
    yield from ((one_line(key or "") or "-", sums) for key, sums in shown)
    if not few:
        rest = sum_of([sums for _, sums in report.rows[MOST_ROWS:]])
        yield f"{len(report.rows) - MOST_ROWS:,} others", rest


def _days(report: Report, look: Look) -> Iterator[_Row]:
    """The days with calls, on a terminal also those between them."""
    before: date | None = None
    for key, sums in report.rows:
        day = _date(key)
        missing = (day - before).days - 1 if day and before and look.width is not None else 0
        if before and missing > GAP_DAYS:
            yield f"{'…' if look.blocks else '...'} {missing:,} days", None
        elif before:
            yield from (((before + timedelta(days=number)).isoformat(), None) for number in range(1, missing + 1))
        yield one_line(key or ""), sums
        before = day or before


def _date(key: str | None) -> date | None:
    try:
        return date.fromisoformat(key or "")
    except ValueError:
        return None


def _numbers(sums: Sums | None, look: Look) -> tuple[str, ...]:
    if sums is None:
        return ("",) * len(_NUMBERS)
    counts = (sums.calls, sums.total_input_tokens, sums.output_tokens)
    return _cost(sums), *(_short(count) if look.width else f"{count:,}" for count in counts), _share(sums)


def _cost(sums: Sums) -> str:
    if sums.known_pico is None:
        return "unpriced"
    more = f" + {sums.unpriced_calls:,} unpriced" if sums.unpriced_calls else ""
    return money(sums.known_pico) + more


def _share(sums: Sums) -> str:
    """How much of the prompts the cache gave, in percent; nothing where it gave none."""
    if not sums.cache_read_tokens:
        return ""
    return f"{100 * sums.cache_read_tokens / sums.total_input_tokens:.0f}%"


def _tokens(sums: Sums) -> int:
    return sums.total_input_tokens + sums.output_tokens


def _short(number: int) -> str:
    """A number in at most five characters: "950", "9.5k", "950k", "1.2M"."""
    amount, unit = float(number), ""
    for larger in "kMG":
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.1f}{unit}" if unit and amount < 9.95 else f"{amount:.0f}{unit}"
