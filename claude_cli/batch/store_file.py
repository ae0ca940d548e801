"""The answers of a batch in a file: OUT when it is whole, OUT.partial until then, and OUT.journal for good.

What a row was answered is in the journal, the index says where; so OUT can be made of the two at any time.
"""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from ..core.errors import OutputError, UsageError
from ..core.messages import Notice
from ..storage.output import Write
from .index import Index, Place, State, named_key, nameless_key
from .journal import Journal
from .journal_line import GivenUp, Kept, Made, answer_line, encode_row, made_line, renumbered, spent_line
from .row import Result, Row, Spent
from .store import Resumed
from .store_out import OutFile, Print

_CATCH_UP = 256
"""Rows that go into OUT.partial at once when the one they waited for has come; with the next answer further ones do."""


class _Answer(NamedTuple):
    """What `put` was given: the row's number, its state and its line of OUT; `kept` has that from `offset` on."""

    number: int
    state: State
    line: bytes
    kept: bytes
    offset: int


class FileStore:
    """Implements `Store` for `-o OUT`."""

    def __init__(
        self,
        out: str,
        *,
        notify: Callable[[Notice], None],
        as_completed: bool = False,
        retry_failed: bool = False,
        restart: bool = False,
        simulated: bool = False,
        looking: bool = False,
        source: os.stat_result | None = None,
        fsync: Callable[[int], None] = os.fsync,
        write: Write = os.write,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """See whether `out` can be written, and hold the journal of an earlier run.

        Args:
            out: as the user wrote it; a link is followed.
            notify: is told what the user should know of an earlier run's files.
            as_completed: OUT has the rows in the order in which they were answered; else in that of the input.
            retry_failed: rows that have failed are asked again.
            restart: nothing counts of what an earlier run left; it goes with the first answer of this one.
            simulated: the simulator answers. What it answered before counts for nothing in a run where it does not.
            looking: nothing is to be put: no file is made, changed or held, for a dry run.
            source: the file that the rows are read from, which is never written; None: it is none.
            fsync, write: put an open file on the disk, and bytes at its end.
            clock: seconds, monotonic.
        Raises:
            UsageError: it cannot be written; it is the input, or not from a batch; or another process writes it.
            OutputError: the disk is full.
        """
        self._out = OutFile(out, write=write)
        if source is not None:
            self._refuse_source(out, source)
        self._notify, self._as_completed, self._simulated = notify, as_completed, simulated
        self._retry_failed, self._restart, self._looking = retry_failed, restart, looking
        self._open_journal = partial(Journal, self._out.journal, looking=looking, fsync=fsync, write=write, clock=clock)
        self._unkept: deque[_Answer] = deque()
        self._spent: dict[tuple[bytes, bytes], Spent] = {}  # by key and digest: a few rows, those that were under way
        self._last = -1  # the number of the last row in OUT.partial
        self._next: int | None = None  # that of the next one, which is open; None: it is not known
        self._print: Print | None = None
        self._whole = self._broken = self._real = False
        self._again = 0
        self._journal: Journal | None = None
        if os.path.lexists(self._out.journal):
            self._journal = self._open_journal()
        elif not restart:
            self._refuse_others()
        self._index = Index()

    def _refuse_source(self, out: str, source: os.stat_result) -> None:
        """None of the files may be what is read, by whatever name: the first answer would overwrite it."""
        for path in (self._out.target, self._out.partial, self._out.journal):
            with suppress(OSError):
                if os.path.samestat(path.stat(), source):
                    beside = "" if path == self._out.target else f" would write {path}, which"
                    raise UsageError(f"-o {out}{beside} is the input itself; name another file with -o")

    def _refuse_others(self) -> None:
        """Where there is no journal, what is there is not from a batch, or can no longer be told from what is not."""
        for path in (self._out.target, self._out.partial):
            with suppress(OSError):
                if path.stat().st_size or path == self._out.target:
                    raise UsageError(
                        f"{path} is there already, without the journal of a batch beside it: name another file with"
                        " -o, or let --restart replace it"
                    )

    def add(self, row: Row) -> None:
        """Take note of a row; see `Store`."""
        self._index.add(row)

    def match(self) -> Resumed:
        """Compare all rows with the journal, and begin OUT.partial with those that are answered.

        Raises:
            UsageError: OUT is not as an earlier run has made it, or a file cannot be written.
            OutputError: the disk is full.
        """
        if self._journal is None and not self._looking:
            self._journal = self._open_journal()
        self._print = self._out.print()
        newest = None
        if self._journal is not None and not self._restart:
            newest = self._recall(self._journal)
        counts = self._index.counts()
        if self._real and self._simulated and counts.open and not self._looking:
            raise UsageError(
                f"{self._out.journal} has answers of the provider, among which the simulator's would stand: name"
                " another file with -o, or begin anew with --restart"
            )
        if counts.pretended:
            self._notify(Notice("simulated_answers", "what the simulator answered in an earlier run does not count"))
        made = self._print and Made(*self._print, self._index.rows(), self._as_completed)
        self._whole = bool(made and made == newest and not counts.open)
        if not (self._whole or self._looking):
            self._out.open()
            if not self._restart:
                self._rebuild()
        return Resumed(counts.done, counts.failed, counts.open, counts.changed, counts.gone, self._again, self._whole)

    def _recall(self, journal: Journal) -> Made | None:
        """Take over what the journal has; returns how OUT was made last, if nothing came since."""
        damaged, ours, newest = 0, self._print is None, None
        for start, line in journal.read():
            newest = line if isinstance(line, Made) else None
            if isinstance(line, Kept):
                self._recall_answer(start, line)
                self._real |= not line.simulated
            elif isinstance(line, GivenUp):
                known, spent = (_key(line), line.digest), line.spent
                self._spent[known] = spent.plus(self._spent[known]) if known in self._spent else spent
            elif newest:
                ours |= newest[:2] == self._print
            else:
                damaged += 1
        if not ours:
            raise UsageError(
                f"{self._out.target} is not as this batch has left it: move it away, and it is made again from"
                f" {journal.path}; or name another file with -o, or begin anew with --restart"
            )
        if self._retry_failed:
            self._again = self._index.reopen_failed()
        if damaged and self._index.counts().open:
            lines = "a line is" if damaged == 1 else f"{damaged:,} lines are"
            said = f"{journal.path}: {lines} damaged; a row that has no other answer is asked again"
            self._notify(Notice("journal_damaged", said))
        return newest

    def _recall_answer(self, start: int, kept: Kept) -> None:
        key = _key(kept)
        self._spent.pop((key, kept.digest), None)  # it is in there
        state = State.FAILED if kept.failed else State.DONE
        place = Place(-1, kept.nth is None, state, start + kept.start, kept.size)
        self._index.recall(key, kept.digest, place, counts=self._simulated or not kept.simulated)

    def is_open(self, row: Row) -> bool:
        """Whether `row` is to be asked; see `Store`."""
        return self._index.is_open(row)

    def shares(self, row: Row) -> bool:
        """Whether another open row begins like `row`."""
        return self._index.shares(row)

    def put(self, row: Row, result: Result) -> None:
        """Keep an answer; see `Store`. What cannot be written is tried again with each that comes, and at the end.

        Where the disk is full OUT.partial gives its room to the answers: they are paid for, and it can be made again.
        Then this is raised for one row, which is kept, and for no further one as long as that room lasts.
        """
        nth = self._index.nth(row)
        key = named_key(row.id) if nth is None else nameless_key(row.digest, nth)
        if spent := self._spent.pop((key, row.digest), None):
            result = spent.added_to(result)
        line = encode_row(result)
        kept, offset = answer_line(row.digest, nth, line)
        state = State.FAILED if result.error else State.DONE
        self._unkept.append(_Answer(row.number, state, line, kept, offset))
        self._keep()

    def _keep(self) -> None:
        try:
            self._keep_all()
        except OutputError as error:
            if not _is_full(error):
                raise
            self._broken = True
            with suppress(OutputError):
                self._out.clear()
            self._keep_all()
            raise

    def _keep_all(self) -> None:
        journal = self._begun()
        while self._unkept:
            number, state, line, kept, offset = self._unkept[0]
            start = journal.append(kept) + offset
            self._unkept.popleft()
            self._index.answered(number, state, start, len(line))
            self._deliver(number, line)

    def _begun(self) -> Journal:
        """The journal, from which `restart` has taken what was there before, now that there is something new for it."""
        journal = self._journal
        assert journal is not None
        if self._restart:
            journal.restart(self._print and Made(*self._print, "", False))
            self._restart = False
            self._rebuild()
        return journal

    def note_spent(self, row: Row, spent: Spent) -> None:
        """Keep what a row has cost that was given up; see `Store`. It is no answer: `restart` takes nothing for it."""
        if self._journal is not None and not self._restart:
            self._journal.append(spent_line(row, self._index.nth(row), spent))

    def _deliver(self, number: int, line: bytes) -> None:
        """Row `number` has its answer: put what may follow into OUT.partial."""
        if self._broken:
            return
        if self._as_completed:
            self._broken = True  # unless it gets there: then it is made anew in the end
            self._out.write(line + b"\n")
            self._broken = False
        elif number == self._next:
            self._out.write(line + b"\n")
            self._last = number
            self._catch_up(_CATCH_UP)
        elif self._next is None:
            self._catch_up(_CATCH_UP)

    def _catch_up(self, most: int = -1) -> None:
        """Put the next rows into OUT.partial, `most` of them, up to one that is open."""
        self._next = None
        for place in self._index.after(self._last, most):
            if place.state == State.OPEN:
                self._next = place.number
                return
            self._out.write(self._line(place))
            self._last = place.number

    def _rebuild(self) -> None:
        """Make OUT.partial anew."""
        self._out.clear()
        self._last, self._broken = -1, False
        if not self._as_completed:
            self._catch_up()
            return
        for place in self._index.as_answered():
            self._out.write(self._line(place))

    def _line(self, place: Place) -> bytes:
        assert self._journal is not None
        row = self._journal.bytes_at(place.start, place.size)
        return (row if place.named else renumbered(row, place.number)) + b"\n"

    def finish(self) -> None:
        """Make OUT whole, unless it is; see `Store`."""
        if self._whole:
            return
        self._keep()
        if self._index.counts().open:
            raise ValueError("there are rows without an answer")
        if self._broken:
            self._rebuild()
        elif not self._as_completed:
            self._catch_up()
        self._out.place(self._made)
        self._whole = True

    def _made(self, made: Print) -> None:
        """Note in the journal what OUT will be: should that be all that gets done, it is made again."""
        journal = self._begun()
        journal.append(made_line(Made(*made, self._index.rows(), self._as_completed)))
        journal.sync()

    def close(self) -> None:
        """Put everything on the disk, and let others have the files; see `Store`."""
        try:
            if self._unkept:
                self._keep()
        except OutputError:
            count = len(self._unkept)
            if not count:
                return  # the disk was full, but for what OUT.partial had taken
            answers = "an answer that came" if count == 1 else f"{count:,} answers that came"
            self._notify(Notice("answers_lost", f"{answers} could not be kept: the next run asks again"))
            self._unkept.clear()
        finally:
            self._out.close()
            self._index.close()
            if self._journal is not None:
                self._journal.close()


def _key(kept: Kept | GivenUp) -> bytes:
    """What stands in the index for the row of a line."""
    return named_key(kept.id) if kept.nth is None else nameless_key(kept.digest, kept.nth)


def _is_full(error: OutputError) -> bool:
    """Whether a file could not be written as there is no room for it."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
