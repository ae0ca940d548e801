"""`claude-cli usage`: calls, tokens and money that the ledger has kept, as a table with a chart, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..context import Context, Overrides
from ..core.errors import UsageError
from ..storage.paths import data_dir
from ..terminal.console import STDOUT
from . import _options as options
from ._days import SINCE, first_day, last_day

if TYPE_CHECKING:
    from ..storage.ledger_report import Report, Sums
    from ..storage.settings import Settings
    from ..terminal.usage_table import Look

VERSION = 1
_CSV = (
    "calls", "unpriced_calls", "estimated_calls",
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "thinking_tokens",
)  # fmt: skip
BY = ("day", "month", "model", "command", "session", "profile")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: the sums `by` what, of which days; None: no bound."""

    by: str
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget in force, and what counts against it; money in pico-dollars."""

    name: str
    limit_pico: int
    spent_pico: int
    reserved_pico: int

    @property
    def left_pico(self) -> int:
        """What is left, once the calls under way have cost what they may; never less than nothing."""
        return max(0, self.limit_pico - self.spent_pico - self.reserved_pico)

    def line(self) -> str:
        """What a person wants to know of it."""
        from ..core.pricing import money

        under_way = f", {money(self.reserved_pico)} set aside for calls under way" if self.reserved_pico else ""
        return f"{self.name}: {money(self.left_pico)} of {money(self.limit_pico)} left{under_way}"

    def as_json(self) -> dict[str, Any]:
        """Its object in the JSON output."""
        amounts = ("limit", "spent", "reserved", "left")
        told = (_money(each, getattr(self, f"{each}_pico")) for each in amounts)
        return {"name": self.name, **{key: value for part in told for key, value in part.items()}}


def command(
    by: Annotated[str, typer.Option("--by", metavar="WHAT", help="One line for each day, month, model, command, session or profile.")] = "day",
    since: Annotated[str, typer.Option("--since", metavar="WHEN", help=f"The first day: {SINCE}; 7d are the last 7 days, today among them.")] = "30d",
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="The last day: a date, today or yesterday. [default: no bound]", show_default=False)] = None,
    as_json: options.AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values, with a header.")] = False,
    quiet: options.Quiet = False,
) -> int:  # fmt: skip
    """Show what was used and spent, from the ledger on this machine.

    Calls of --offline are not in it. Calls without a price are counted as unpriced, never as free.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv are two forms of the same; choose one")
    options.one_of(by, BY, "--by")
    today = date.today()
    asked = Asked(by, first_day(since, today), last_day(until, today))
    if asked.since and asked.until and asked.since > asked.until:
        raise UsageError(f"--until {asked.until} is before the first day, {asked.since}; say --since too")
    context = Context(overrides=Overrides(quiet=quiet))
    settings = context.settings  # wrong ones are told first
    from ..storage.ledger_report import Report, read_report

    found = read_report(data_dir(context.environ), by, asked.since, asked.until, today)
    report = found or Report()
    budgets = _budgets(settings, report)
    console = context.console
    if as_json:
        console.answer(json.dumps(_as_json(asked, report, budgets), ensure_ascii=False) + "\n")
    elif as_csv:
        console.answer(_as_csv(asked, report))
    elif report.rows or report.open_calls or budgets:
        console.draw("".join(f"{line}\n" for line in _as_table(asked, report, budgets, context)))
    if not (report.rows or report.open_calls or quiet):
        console.say(f"claude-cli: {_nothing(asked, ever=found is not None)}")
    return 0


def _budgets(settings: Settings, report: Report) -> list[Budget]:
    """Those that are set."""
    both = (
        ("budget.day", settings.budget_day.pico, report.day),
        ("budget.month", settings.budget_month.pico, report.month),
    )
    return [
        Budget(name, limit, spending.spent_pico, spending.reserved_pico)
        for name, limit, spending in both
        if limit is not None
    ]


def _nothing(asked: Asked, *, ever: bool) -> str:
    if not ever:
        return "no call is recorded yet: the first one begins the ledger"
    return (
        "no call is recorded"
        if asked == Asked(asked.by, None, None)
        else ("no call is recorded of these days; --since all has those of all time")
    )


def _as_table(asked: Asked, report: Report, budgets: list[Budget], context: Context) -> list[str]:
    from ..terminal.usage_table import fitted, totals_line, usage_table

    look = _look(context)
    lines = usage_table(_named(report, context) if asked.by == "session" else report, asked.by, look)
    lines += totals_line(report, asked.since, asked.until, look.width)
    return lines + [line for budget in budgets for line in fitted(budget.line(), look.width)]


def _named(report: Report, context: Context) -> Report:
    """`report` by sessions, each with what its conversation is called, where it is kept and the history can be read."""
    from ..storage.conversations import DatabaseUnavailableError, History

    titles: dict[str, str] = {}
    with suppress(DatabaseUnavailableError):
        titles = History(data_dir(context.environ), notify=context.notify).titles()
    rows = tuple((f"{key} {title}" if (title := titles.get(key or "")) else key, sums) for key, sums in report.rows)
    return replace(report, rows=rows)


def _look(context: Context) -> Look:
    """How standard output is drawn on."""
    from ..terminal.charts import draws_blocks
    from ..terminal.tty import size
    from ..terminal.usage_table import Look

    if not context.console.out_is_terminal:
        return Look()
    blocks = draws_blocks(context.environ, sys.stdout.encoding or "ascii")
    return Look(size(STDOUT, context.environ)[0], blocks, context.styled(terminal=True))


def _as_json(asked: Asked, report: Report, budgets: list[Budget]) -> dict[str, Any]:
    """The object of `--json`, described in docs/usage.md."""
    return {
        "version": VERSION,
        "by": asked.by,
        "since": asked.since and asked.since.isoformat(),
        "until": asked.until and asked.until.isoformat(),
        "rows": [{asked.by: key, **_sums(sums)} for key, sums in report.rows],
        "totals": {**_sums(report.totals), **_besides(report)},
        "budgets": [budget.as_json() for budget in budgets],
    }


def _sums(sums: Sums) -> dict[str, Any]:
    told = asdict(sums)
    del told["cost_pico"]
    return {**told, **_money("cost", sums.known_pico)}


def _besides(report: Report) -> dict[str, int]:
    """Counts that only the totals have."""
    return {name: getattr(report, name) for name in ("open_calls", "lost_calls", "failed_calls")}


def _money(name: str, pico: int | None) -> dict[str, Any]:
    """An amount as a number, and exactly: a text, since not every reader of JSON has integers of this size."""
    from ..core.pricing import PICO

    return {
        f"{name}_usd": None if pico is None else pico / PICO,
        f"{name}_pico_usd": None if pico is None else str(pico),
    }


def _as_csv(asked: Asked, report: Report) -> str:
    """RFC 4180; the cost exact, and empty where nothing of it has a price."""
    from ..core.pricing import dollars

    text = io.StringIO()
    out = csv.writer(text)
    out.writerow([asked.by, *_CSV, "cost_usd"])
    for key, sums in report.rows:
        cost = "" if sums.known_pico is None else dollars(sums.known_pico)
        out.writerow([_no_formula(key or ""), *(getattr(sums, name) for name in _CSV), cost])
    return text.getvalue()


def _no_formula(text: str) -> str:
    """`text` so that a spreadsheet takes it for one."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
