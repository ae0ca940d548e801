"""A whole batch: the input is checked, then its open rows are asked, and what comes is kept until OUT is whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core.errors import OutputError, UsageError
from .answering import Answerer, Rules
from .leading import AHEAD, PARKED, Line
from .row import Result, Row, Spent
from .runner import Runner
from .source import Source
from .stop import Stop
from .store import Store
from .survey import EXPECTED_OUTPUT, Survey, survey
from .tally import Tally

if TYPE_CHECKING:
    from ..core.models import Catalogue
    from ..core.providers.base import LLMProvider
    from ..core.surroundings import Surroundings
    from ..storage.books import Books
    from .gate import Gate

LOOK_S = 30.0
"""Seconds between two looks at the clock, for `Settings.end_at`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a batch is run.

    Attributes:
        most: rows under way at once, at most.
        retry_for_s, retries, timeout_s: for each row, as for one question.
        skip_invalid: rows that cannot be asked are left out, instead of ending the batch before it begins.
        stop_after_failures: failed rows after which no further ones are begun; None: however many.
        end_at: when no further rows are begun, in seconds since the epoch; None: never.
        simulated: the simulator answers.
    """

    most: int = 64
    retry_for_s: float = 600.0
    retries: int | None = None
    timeout_s: float | None = None
    skip_invalid: bool = False
    stop_after_failures: int | None = None
    end_at: float | None = None
    simulated: bool = False


@dataclass(slots=True)
class Job:
    """One run of a batch. First `check`, in which nothing is sent; then `run`, in an event loop.

    Attributes:
        wall: seconds since the epoch, for `Settings.end_at`.
        survey: what `check` found.
    """

    source: Source
    store: Store
    settings: Settings = field(default_factory=Settings)
    tally: Tally = field(default_factory=Tally)
    stop: Stop = field(default_factory=Stop)
    wall: Callable[[], float] = time.time
    survey: Survey = field(default_factory=Survey)
    _begun: set[int] = field(default_factory=set)
    _spent: dict[int, Spent] = field(default_factory=dict)
    _kept: int = 0
    _expect_output: int = EXPECTED_OUTPUT

    def check(self, models: Catalogue | None = None, *, expect_output: int = EXPECTED_OUTPUT) -> Survey:
        """Read the whole input, and compare it with what an earlier run left. The arguments are those of `survey`.

        Raises:
            UsageError: there is no row, two have one id, or (but for `skip_invalid`) one cannot be asked; names which.
        """
        self._expect_output = expect_output
        self.survey = found = survey(self.source, self.store, models, expect_output=expect_output)
        complaint = found.complaint(self.source.name)
        if complaint and not (self.settings.skip_invalid and found.rows):
            raise UsageError(complaint)
        return found

    async def run(self, provider: LLMProvider, around: Surroundings, gate: Gate, books: Books) -> None:
        """Ask all open rows, until they are over or `stop` says so; OUT is whole then, or what came is in the journal.

        Raises:
            OutputError: an answer cannot be written.
            UsageError: the input is no longer what was checked.
            ClaudeError: what concerns all rows alike (the key, a host that is not there); nothing is marked as failed.
        """
        settings = self.settings
        try:
            self.tally.start(self.survey.rows, self.survey.resumed)
            rules = Rules(
                settings.retry_for_s, settings.retries, settings.timeout_s, self._expect_output, settings.simulated
            )
            answerer = Answerer(
                provider, around, gate, books, self.stop, rules, began=self._began, spent=self._note_spent
            )
            line = Line(
                self._open_rows(), self.stop,
                shares=self.store.shares, models=around.models, clock=around.clock, most_parked=PARKED * settings.most,
            )  # fmt: skip
            runner = Runner(
                line, answerer, self.stop,
                over=self._over, under_way=lambda: answerer.under_way, hopeful=self.survey.resumed.done > 0,
            )  # fmt: skip
            with alarm(self.stop, settings.end_at, self.wall, asyncio.get_running_loop().call_later):
                await runner.run(settings.most + AHEAD)
            if self.stop.error:
                raise self.stop.error
            missing = self.survey.resumed.open - self._kept
            if missing and not self.stop:
                raise UsageError(
                    f"the input has changed while it was read: of {self.survey.rows:,} rows, {missing:,} are gone;"
                    " run the same command again"
                )
            if not missing:
                self.store.finish()
        finally:
            self.store.close()

    def _open_rows(self) -> Iterator[Row | None]:
        """The rows that are to be asked, and None for each of the others."""
        for row in self.source.rows():
            yield row if isinstance(row, Row) and self.store.is_open(row) else None

    def _began(self, row: Row) -> None:
        self._begun.add(row.number)
        self.tally.began(row)

    def _note_spent(self, row: Row, spent: Spent) -> None:
        self._spent[row.number] = spent

    async def _over(self, row: Row, result: Result | None) -> None:
        spent = self._spent.pop(row.number, None)
        try:
            if result is not None:
                self.store.put(row, result)
                self._kept += 1
            elif spent:
                self.store.note_spent(row, spent)
        except OutputError as error:
            self.stop.soon("error", error=error)
            if self.store.is_open(row):  # else there was room for its answer, but for no further one
                result = None
        if row.number in self._begun:
            self._begun.discard(row.number)
            self.tally.ended(row, result)
        most = self.settings.stop_after_failures
        if most is not None and self.tally.failed >= most:
            self.stop.soon("failures", f"{self.tally.failed:,} rows have failed")


@contextmanager
def alarm(
    stop: Stop, at: float | None, wall: Callable[[], float], call_later: Callable[..., asyncio.TimerHandle]
) -> Iterator[None]:
    """Within it no further row is begun from `at` on, by the clock on the `wall`; None: never.

    The loop's clock stands still while the machine sleeps, so the other is looked at every `LOOK_S`.
    """
    timer: asyncio.TimerHandle | None = None

    def look(end: float) -> None:
        nonlocal timer
        left = end - wall()
        if left <= 0:
            stop.soon("time")
        else:
            timer = call_later(min(left, LOOK_S), look, end)

    if at is not None:
        look(at)
    try:
        yield
    finally:
        if timer:
            timer.cancel()
