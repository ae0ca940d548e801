"""What `batch run` says besides the answers: of the input, of an earlier run, of the money, and how it came out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..context import Context
from ..core.errors import UsageError
from ..core.harmless import one_line
from ..core.messages import Notice
from ..terminal.console import STDERR

if TYPE_CHECKING:
    from ..batch.forecast import Forecast
    from ..batch.report import Report
    from ..batch.survey import Survey
    from ..core.form import Form
    from ..core.providers.base import LLMProvider
    from ..terminal.usage_table import Look

_WHY = {
    "interrupted": "stopped by Ctrl-C",
    "terminated": "stopped by a signal",
    "budget": "the budget is reached",
    "time": "the time is over",
    "pace": "the provider answers no more",
    "failures": "too many rows have failed",
}


def watched(context: Context) -> bool:
    """Whether somebody wants to know more than what went wrong."""
    console = context.console
    return bool(console.err_is_terminal or console.verbose) and not console.quiet


def whom(context: Context, provider: LLMProvider, form: Form) -> None:
    """With -v: where it is asked, with whose key, and how far answers are checked."""
    from ..core.providers.anthropic import AnthropicProvider

    if not context.console.verbose:
        return
    if isinstance(provider, AnthropicProvider):
        key = provider.config.key
        source = f"key from {key.source}" if key else "without a key"
        context.console.line(f"asking at {provider.endpoint.origin}, {source}", dim=True)
    if hint := form.hint():
        context.console.line(hint, dim=True)


def refused(context: Context, survey: Survey, name: str) -> UsageError:
    """Name the rows that cannot be asked; returns the error that ends the run because of them."""
    count, lines = survey.refused_count, _refused_lines(survey, name)
    if count == 1:
        return UsageError(f"{lines[0]}; nothing was sent, --skip-invalid leaves it out")
    for line in lines:
        context.console.error(line)
    return UsageError(f"{rows(count)} cannot be asked; nothing was sent, --skip-invalid leaves them out")


def left_out(context: Context, survey: Survey, name: str) -> None:
    """Say which rows are left out."""
    for line in _refused_lines(survey, name):
        context.notify(Notice("left_out", f"left out: {line}"))


def _refused_lines(survey: Survey, name: str) -> list[str]:
    lines = [one_line(f"{name}:{row.line}: {row.reason}") for row in survey.refused]
    more = survey.refused_count - len(lines)
    return [*lines, f"and {more:,} more"] if more else lines


def earlier(survey: Survey, *, retries: bool) -> Iterator[str]:
    """What an earlier run left, in a line, and another where nothing is left to do."""
    before = survey.resumed
    if not (before.done or before.failed or before.changed or before.gone or before.again):
        return
    new = before.open - before.changed - before.again
    parts = [f"{before.done:,} of {rows(survey.rows)} are done" if not before.whole else ""]
    parts += [f"{before.changed:,} changed since and {_is(before.changed)} asked anew" if before.changed else ""]
    parts += [f"{before.again:,} failed and {_is(before.again)} asked again" if before.again else ""]
    parts += [f"{new:,} {_is(new)} open" if new else ""]
    parts += [f"{before.gone:,} {_is(before.gone)} gone" if before.gone else ""]
    if before.failed and not retries:
        parts += [f"{before.failed:,} failed and {'stays' if before.failed == 1 else 'stay'} so without --retry-failed"]
    found = "; ".join(part for part in parts if part)
    if before.whole:
        yield f"nothing to ask: all {rows(survey.rows)} are over{found and f'; {found}'} (--restart asks all anew)"
    else:
        yield f"resuming: {found}"


def expected(forecast: Forecast) -> str:
    """What the open rows are expected to take, in one line."""
    from ..core.pricing import money
    from ..terminal.batch_progress import short

    tokens = f"{short(forecast.input_tokens)} tokens in, {short(forecast.output_tokens)} out"
    cost = "without a price" if forecast.cost_pico is None else f"about {money(forecast.cost_pico)}"
    return f"{rows(forecast.rows)} to ask, {cost} ({tokens} expected)"


def outcome(context: Context, report: Report, *, kept: bool) -> None:
    """Tell how it came out: all of it where somebody watches, else only what is wrong with it.

    Args:
        kept: answers are kept in a file, and so can be gone on from.
    """
    console = context.console
    if watched(context):
        from ..terminal.batch_report import report_lines
        from ..terminal.columns import wrapped

        look = _look(context)
        for line in report_lines(report.as_json(), look):
            console.say(line)
        for said in _next(report, kept=kept):
            for line in wrapped(f"claude-cli: {one_line(said)}", look.width, indent=2):
                console.say(line)
    elif (report.stopped not in (None, "interrupted", "terminated") and not report.error) or report.rows.failed:
        counts = report.rows
        parts = [_stopped(report), _failed(report)]
        parts += [f"{counts.open:,} open" if counts.open else ""]
        console.error("; ".join([*(part for part in parts if part), *_ways(report, kept=kept)]))


def _failed(report: Report) -> str:
    """How many rows have failed, and of this run the most frequent class with its first row; "": none has."""
    counts = report.rows
    if not counts.failed:
        return ""
    said = f"{counts.failed:,} of {rows(counts.total)} failed"
    for code, failure in report.failures[:1]:
        said += f" ({failure.count:,} {one_line(code)}; line {failure.line}: {one_line(failure.message)})"
    return said


def _look(context: Context) -> Look:
    from ..terminal.charts import draws_blocks
    from ..terminal.tty import size
    from ..terminal.usage_table import Look

    console, environ = context.console, context.environ
    if not console.err_is_terminal:
        return Look()
    blocks = draws_blocks(environ, console.err_encoding)
    return Look(size(STDERR, environ)[0], blocks=blocks, colour=console.colour)


def _next(report: Report, *, kept: bool) -> Iterator[str]:
    """What was written, and what to type next."""
    if report.output:
        yield f"all rows are in {report.output}"
    elif report.journal:
        yield f"what came is kept in {report.journal}"
    if said := "; ".join([part for part in (_stopped(report),) if part] + _ways(report, kept=kept)):
        yield said


def _ways(report: Report, *, kept: bool) -> list[str]:
    """How to go on from here."""
    if not kept:
        return ["without -o nothing is kept to go on from"] if report.rows.open else []
    ways = ["the same command goes on"] if report.rows.open else []
    if report.stopped == "budget" and not report.tries:
        # The same command would stop there again.
        ways = [] if report.error else ["a smaller --max-tokens sets less aside for each row"]
    return [*ways, *(["--retry-failed asks the failed ones again"] if report.rows.failed else [])]


def _stopped(report: Report) -> str:
    """Why rows were left open; of an error nothing, as it is told by itself."""
    if report.stopped is None or report.error:
        return ""
    return one_line(report.detail) or _WHY[report.stopped]


def rows(count: int) -> str:
    """So many of them."""
    return f"{count:,} row{'s' * (count != 1)}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
