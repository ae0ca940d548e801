"""The budgets that are set: what is left of each, what is set aside, and when it begins anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from ..core.errors import UsageError
from ..core.pricing import PICO, money
from ..storage.ledger_report import Spending, read_report
from .check import Check, skipped


def budget_check(limits: Mapping[str, int], folder: Path, today: date) -> Check:
    """What the ledger in `folder` has left of `limits`, pico-dollars by the name of the setting; nothing is changed."""
    if not limits:
        return Check("budget", "ok", "none is in force")
    try:
        report = read_report(folder, "day", today, None, today)
    except UsageError:
        return next(skipped(("budget",), "what was spent is not known: see usage.db"))
    spending = {"budget.day": report.day, "budget.month": report.month} if report else {}
    return judged(limits, spending, today)


def judged(limits: Mapping[str, int], spending: Mapping[str, Spending], today: date) -> Check:
    """The check of `limits` of which `spending` is gone; a warning where one of them lets no call through."""
    said, advice = [], ""
    data: dict[str, dict[str, float | str]] = {}
    for name, limit in limits.items():
        gone, anew = spending.get(name, Spending()), _next(name, today).isoformat()
        left = max(limit - gone.spent_pico - gone.reserved_pico, 0)
        under_way = f", {money(gone.reserved_pico)} set aside for calls under way" if gone.reserved_pico else ""
        said.append(f"{name}: {money(left)} of {money(limit)} left{under_way}, anew on {anew}")
        amounts = {"limit_usd": limit, "left_usd": left, "set_aside_usd": gone.reserved_pico}
        data[name] = {"anew_on": anew, **{each: pico / PICO for each, pico in amounts.items()}}
        if left:
            continue
        if gone.spent_pico < limit:
            advice = advice or "try again when the calls under way are done"
        else:
            advice = f"every call is refused: raise {name}, or wait until {anew}"
    return Check("budget", "warn" if advice else "ok", "; ".join(said), advice, data=data)


def _next(name: str, today: date) -> date:
    """The day on which the budget called `name` begins anew, by the local clock."""
    if name == "budget.day":
        return today + timedelta(days=1)
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
