"""One run of `claude-cli batch run`: the input is checked, its open rows are asked, and what came is told."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..asking.live import say_retirement
from ..context import Context
from ..core.errors import ClaudeError, UsageError
from ..core.messages import Notice
from ..core.sources import is_stdin
from ..terminal.console import STDIN, STDOUT, write_all
from ..terminal.signals import handed_over
from . import _batch_told as told
from ._batch_shown import Shown
from ._batch_signals import Signals
from ._check import check_key

if TYPE_CHECKING:
    from ..batch.common import Common
    from ..batch.forecast import Forecast, Sample
    from ..batch.gate import Gate
    from ..batch.job import Settings
    from ..batch.report import Report
    from ..batch.row import Refused, Row
    from ..batch.source import Source
    from ..batch.stop import Stop
    from ..batch.store import Store
    from ..batch.survey import Survey
    from ..batch.tally import Tally
    from ..core.providers.base import LLMProvider
    from ..core.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Asked:
    """One `batch run`, as the command line has it.

    Attributes:
        input: a path, or "-".
    """

    input: str
    common: Common
    settings: Settings
    output: str | None = None
    as_completed: bool = False
    input_format: str = "auto"
    files_root: str | None = None
    dry_run: bool = False
    expect_output: int = 1000
    retry_failed: bool = False
    restart: bool = False
    as_json: bool = False


class Counted:
    """A source that says how many rows were read of it."""

    def __init__(self, source: Source) -> None:
        """Read `source`."""
        self.name, self.read = source.name, 0
        self._source = source

    def rows(self) -> Iterator[Row | Refused]:
        """All rows from the first; see `Source`."""
        self.read = 0
        for row in self._source.rows():
            self.read += 1
            yield row


def run_batch(context: Context, asked: Asked) -> int:
    """Check, ask and tell; returns the exit status.

    Raises:
        UsageError: an option or the input cannot be used; nothing has been sent.
        OutputError: the answers cannot be written.
        ClaudeError: what concerns all rows alike.
    """
    if asked.as_json and asked.output is None and not asked.dry_run:
        raise UsageError("--json prints the report where the answers go without -o; name a file for them: -o FILE")
    from ..batch.rows_input import STDIN as STDIN_NAME
    from ..batch.stop import Stop
    from ..batch.tally import Tally

    _collect_garbage()
    with context.closing, ExitStack() as closing:
        context.say_project_file()
        provider = closing.enter_context(context.provider())
        if not asked.dry_run:
            check_key(provider)
            told.whom(context, provider, asked.common.form)
        tally, stop = Tally(simulated=context.offline), Stop()
        name = STDIN_NAME if is_stdin(asked.input) else asked.input
        with Shown(context, name, tally, stop, rows_printed=asked.output is None) as shown:
            return Run(context, asked, provider, tally, stop, shown, closing).run()


class Run:
    """One run, from its input to its report."""

    def __init__(
        self, context: Context, asked: Asked, provider: LLMProvider, tally: Tally, stop: Stop, shown: Shown,
        closing: ExitStack,
    ) -> None:  # fmt: skip
        """Open the output and the input, which `closing` closes.

        Raises:
            UsageError: one of them cannot be used.
        """
        from ..batch.job import Job
        from ..batch.rows import open_source

        self.context, self.asked, self.provider = context, asked, provider
        self.tally, self.stop, self.shown = tally, stop, shown
        self.around: Surroundings = context.surroundings()
        store = self._store()
        closing.callback(store.close)
        rows = open_source(
            asked.input, asked.common, input_format=asked.input_format, files_root=asked.files_root,
            notify=context.notify,
        )  # fmt: skip
        self.source = Counted(closing.enter_context(rows))
        shown.reading(lambda: self.source.read)
        self.job = Job(self.source, store, asked.settings, tally, stop)

    def _store(self) -> Store:
        """Where the answers go. Raises `UsageError`: they cannot be written there."""
        from ..batch.store_file import FileStore
        from ..batch.store_stream import StreamStore

        asked = self.asked
        if asked.output is None:
            return StreamStore(self._print)
        return FileStore(
            asked.output, notify=self.context.notify, as_completed=asked.as_completed, retry_failed=asked.retry_failed,
            restart=asked.restart, simulated=self.context.offline, looking=asked.dry_run,
            source=_file_of(asked.input),
        )  # fmt: skip

    def _print(self, line: bytes) -> None:
        """Print a row that is over; where nobody reads them any more, nothing more is paid for."""
        try:
            if self.context.console.out_is_terminal:
                self.context.console.answer(line.decode())
            else:
                write_all(STDOUT, line)
        except BrokenPipeError:
            self.stop.now("error")
            raise

    def run(self) -> int:
        """Check, ask and tell; returns the exit status."""
        survey = self._checked()
        if self.asked.dry_run:
            return self._dry_run(survey)
        self.tally.start(survey.rows, survey.resumed)
        signals = Signals(self.stop, self._say_stopping, kept=self.asked.output is not None)
        error = None if survey.resumed.whole else self._ask(survey, signals)
        self.shown.close()
        return self._tell(self._report(survey, signals, error), error)

    # -------------------------------------------------------------------------------------------- before the first call
    def _checked(self) -> Survey:
        """What is known of the input and of an earlier run, said as far as it matters. Raises `UsageError`."""
        from ..core.models import today

        asked, context = self.asked, self.context
        try:
            survey = self.job.check(context.catalogue, expect_output=asked.expect_output)
        except UsageError as error:
            found = self.job.survey
            if not found.refused or (asked.settings.skip_invalid and not found.rows):
                raise
            raise told.refused(context, found, self.source.name) from error
        if survey.refused:
            told.left_out(context, survey, self.source.name)
        for text, count in survey.notices.items():
            context.notify(Notice("changed", f"{text} ({told.rows(count)})"))
        for model in survey.loads if not asked.dry_run else ():
            say_retirement(context, model, today())
        if told.watched(context):
            for line in told.earlier(survey, retries=asked.retry_failed):
                context.console.line(line, dim=True)
        return survey

    def _dry_run(self, survey: Survey) -> int:
        import asyncio

        from ..batch.forecast import affords, forecast
        from ..batch.leading import marked
        from ..core.budget import plan_of
        from ._batch_dry_run import show

        async def sampled() -> Sample:
            try:
                return await self._sample(survey)
            finally:
                await self.provider.aclose()

        expected = forecast(survey.loads, asyncio.run(sampled()))
        models = self.context.catalogue
        first = [marked(row, models) if self.job.store.shares(row) else row.request for row in survey.first]
        left = self._left_pico()
        worst = max((plan_of(each, models, flexible=False).worst_pico or 0 for each in first), default=0)
        said = affords(expected, left, worst) if left is not None and first else ""
        show(self.context, self.provider, survey, expected, first, said, as_json=self.asked.as_json)
        return 0

    async def _sample(self, survey: Survey) -> Sample:
        """A sample of the prompts, counted by the provider."""
        from ..batch.forecast import Sample, sample
        from ..batch.stop import StoppedError

        try:
            async with self.stop.waiting():
                return await sample(self.provider, survey.sample, self.context.catalogue)
        except StoppedError:
            return Sample()

    # -------------------------------------------------------------------------------------------- while it runs
    def _ask(self, survey: Survey, signals: Signals) -> ClaudeError | None:
        """Ask the open rows; returns what went wrong for all of them alike."""
        import asyncio

        with handed_over(signals.came):
            try:
                asyncio.run(self._asking(survey, signals))
            except ClaudeError as error:
                return error
        return None

    async def _asking(self, survey: Survey, signals: Signals) -> None:
        import asyncio

        signals.attach(asyncio.get_running_loop())
        books, gate = self.context.books(), self._gate()
        telling = asyncio.create_task(self.shown.lines())
        try:
            expected = await self._expected(survey)
            self.shown.running(expected, gate)
            await self.job.run(self.provider, self.around, gate, books)
        finally:
            telling.cancel()
            await books.aclose()
            await self.provider.aclose()

    async def _expected(self, survey: Survey) -> Forecast:
        """What the open rows will take. Raises `BudgetReachedError`: their prompts alone are more than is left."""
        from ..batch.forecast import Sample, check_affordable, forecast

        context, left = self.context, self._left_pico()
        wanted = told.watched(context) and not context.offline
        counts = bool(survey.resumed.open) and (left is not None or wanted)
        expected = forecast(survey.loads, await self._sample(survey) if counts else Sample())
        if wanted and expected.rows:
            context.console.line(told.expected(expected), dim=True)
        check_affordable(expected, left)
        return expected

    def _left_pico(self) -> int | None:
        """What the tightest budget leaves; None: there is none."""
        settings, recorder = self.context.settings, self.around.recorder
        limits = (self.context.overrides.max_cost_pico, settings.budget_day.pico, settings.budget_month.pico)
        return recorder.left_pico() if recorder and any(limit is not None for limit in limits) else None

    def _gate(self) -> Gate:
        from ..batch.gate import Gate

        return Gate(self.asked.settings.most, clock=self.around.clock)

    def _say_stopping(self) -> None:
        if told.watched(self.context):
            count = told.rows(self.tally.under_way)
            again = "Ctrl-C again" if self.stop.reason == "interrupted" else "a second signal"
            self.context.console.line(f"finishing {count} under way; {again} stops now")

    # -------------------------------------------------------------------------------------------- when it is over
    def _report(self, survey: Survey, signals: Signals, error: ClaudeError | None) -> Report:
        from ..batch.report import ended_by, report_of

        self.job.store.close()  # which takes away what is empty
        asked, whole = self.asked, error is None and not self.tally.open
        report = report_of(
            self.tally, self.stop, signalled=signals.status, skipped=survey.refused_count,
            output=asked.output if whole else None, journal=_journal(asked.output),
        )  # fmt: skip
        return report if error is None else ended_by(error, report)

    def _tell(self, report: Report, error: ClaudeError | None) -> int:
        """Print the report; returns the exit status. Raises `error`."""
        told.outcome(self.context, report, kept=self.asked.output is not None)
        if self.asked.as_json:
            self.context.console.answer(json.dumps(report.as_json(), ensure_ascii=False) + "\n")
        if error is not None:
            error.shown = self.asked.as_json
            raise error
        return report.exit_status


def _file_of(source: str) -> os.stat_result | None:
    """The file that the input `source` is, by whatever name; None where it is a pipe, or cannot be had."""
    try:
        found = os.fstat(STDIN) if is_stdin(source) else Path(source).stat()
    except (OSError, ValueError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _journal(output: str | None) -> str | None:
    """The journal beside `output`, where there is one: it is made with the first answer."""
    if output is None:
        return None
    from ..storage.output import output_target

    target = output_target(output)
    path = target.with_name(f"{target.name}.journal")
    if not path.exists():
        return None
    return str(path) if Path(output).is_symlink() else f"{output}.journal"


def _collect_garbage() -> None:
    """Collect it from now on: one-shot commands end before they have made any, a batch may last a night."""
    import gc

    gc.freeze()  # modules are none
    gc.enable()
