"""Who keeps count of a command's calls and money: the ledger that all processes share, and the limit of one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .core.budget import Limits, RunLimit
from .storage.ledger import About, Ledger
from .storage.ledger_schema import FILE_NAME
from .storage.paths import data_dir

if TYPE_CHECKING:
    from .core.budget import Recorder
    from .core.messages import Notice
    from .storage.books import Books
    from .storage.settings import Settings


def recorder(
    about: About,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    offline: bool,
    run_limit_pico: int | None,
    notify: Callable[[Notice], None],
) -> Recorder | None:
    """Who is told of each call; None: nobody has to be.

    Args:
        about: whose calls they are.
        settings: have the budgets of the day and of the month.
        environ: says where the ledger is.
        offline: nothing is spent, so there is no ledger; a run's limit is kept all the same, as a rehearsal.
        run_limit_pico: pico-dollars that all calls of this process may cost; None: no limit.
        notify: is told what hinders the ledger.
    """
    ledger = None if offline else _ledger(about, settings, environ, notify)
    return ledger if run_limit_pico is None else RunLimit(run_limit_pico, ledger)


def grouped_books(
    about: About,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    offline: bool,
    run_limit_pico: int | None,
    notify: Callable[[Notice], None],
) -> Books:
    """The same for many calls at once, which are recorded in groups; for use in an event loop. Arguments as above."""
    from .storage.books import RunBooks
    from .storage.ledger_grouped import GroupedLedger

    if offline:
        return RunBooks(run_limit_pico)
    ledger = GroupedLedger(lambda tell: _ledger(about, settings, environ, tell), notify)
    return RunBooks(run_limit_pico, ledger)


def _ledger(about: About, settings: Settings, environ: Mapping[str, str], notify: Callable[[Notice], None]) -> Ledger:
    limits = Limits(settings.budget_day.pico, settings.budget_month.pico)
    return Ledger(data_dir(environ) / FILE_NAME, about, limits, notify=notify)
