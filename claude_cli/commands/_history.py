"""What all of `history` does: open the store, and find the conversations that are meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from ..context import Context
from ..core.errors import UsageError
from ..terminal.console import STDOUT
from ._days import SINCE, begin_of, first_day, last_day

if TYPE_CHECKING:
    from ..storage.conversations import Entry, History

Since = Annotated[str, typer.Option("--since", metavar="WHEN", help=f"Only from then on: {SINCE}.")]
Until = Annotated[str | None, typer.Option("--until", metavar="DATE", help="Only to the end of that day: a date, today or yesterday. [default: no bound]", show_default=False)]  # fmt: skip
OfModel = Annotated[str | None, typer.Option("--model", "-m", metavar="MODEL", help="Only of this model, by a part of its name.")]  # fmt: skip
Limit = Annotated[int, typer.Option("--limit", "-n", metavar="N", help="So many at most; 0: all.")]
Conversations = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Ids or titles, or how one of them begins.", show_default=False)]  # fmt: skip


@contextmanager
def opened(context: Context) -> Iterator[History]:
    """All conversations; a store that cannot be used is a `UsageError`."""
    from ..storage.conversations import History
    from ..storage.database import DatabaseUnavailableError
    from ..storage.paths import data_dir

    try:
        yield History(data_dir(context.environ), notify=context.notify)
    except DatabaseUnavailableError as error:
        raise UsageError(str(error)) from error


def span(since: str, until: str | None) -> tuple[int | None, int | None]:
    """The time that both flags mean, in microseconds of Unix time: from the first one on, before the second.

    Raises:
        UsageError: they mean none.
    """
    first, last = first_day(since, date.today()), last_day(until, date.today())
    if first and last and first > last:
        raise UsageError(f"--until {last} is before the first day, {first}")
    return begin_of(first) if first else None, begin_of(last, days_later=1) if last else None


def at_most(limit: int) -> int | None:
    """What `--limit` means; None: no bound. Raises `UsageError`."""
    if limit < 0:
        raise UsageError(f"--limit is 0 or more, not {limit}")
    return limit or None


def meant(history: History, names: Iterable[str]) -> list[Entry]:
    """The conversations that are named, each once.

    Raises:
        UsageError: one is not there, or several are called so.
    """
    found: dict[str, Entry] = {}
    for name in names:
        entry = history.find(name)
        if entry is None:
            raise UsageError(f"there is no conversation {name!r}; claude-cli history list -n 0 has all")
        found[entry.id] = entry
    return list(found.values())


def meant_or_newest(history: History, names: list[str] | None) -> list[Entry]:
    """The conversations that are named; where none is, the newest one. Raises `UsageError`: there is none."""
    if names:
        return meant(history, names)
    newest = history.newest()
    if newest is None:
        raise UsageError("no conversation is kept yet; claude-cli chat begins one")
    return [newest]


def width(context: Context) -> int | None:
    """Columns of the terminal that standard output is; None: it is none."""
    if not context.console.out_is_terminal:
        return None
    from ..terminal.tty import size

    return size(STDOUT, context.environ)[0]
