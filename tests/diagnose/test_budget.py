"""What is left of a budget, by the ledger's own figures."""

from __future__ import annotations

from datetime import date

import pytest

from claude_cli.diagnose.budget import budget_check, judged
from claude_cli.storage.ledger_report import Spending

DOLLAR = 10**12
TODAY = date(2026, 12, 31)
DAY, MONTH = "budget.day", "budget.month"


@pytest.mark.parametrize(
    ("limits", "spending", "status", "detail", "advice"),
    [
        pytest.param({DAY: 5}, {}, "ok", "budget.day: $5.00 of $5.00 left, anew on 2027-01-01", "", id="unused"),
        pytest.param(
            {MONTH: 5}, {MONTH: Spending(DOLLAR, DOLLAR)}, "ok",
            "budget.month: $3.00 of $5.00 left, $1.00 set aside for calls under way, anew on 2027-01-01", "", id="used",
        ),
        pytest.param(
            {DAY: 1, MONTH: 5}, {DAY: Spending(DOLLAR), MONTH: Spending(DOLLAR)}, "warn", "budget.day: $0.00 of $1.00",
            "every call is refused: raise budget.day, or wait until 2027-01-01", id="spent",
        ),
        pytest.param({DAY: 0}, {}, "warn", "$0.00 of $0.00 left", "every call is refused", id="nothing is allowed"),
        pytest.param(
            {DAY: 1}, {DAY: Spending(0, DOLLAR)}, "warn", "$1.00 set aside", "when the calls under way are done",
            id="only set aside",
        ),
    ],
)  # fmt: skip
def test_what_is_left(limits, spending, status, detail, advice):
    """And when it begins anew. One that is used up is a warning: no call is let through."""
    found = judged({name: amount * DOLLAR for name, amount in limits.items()}, spending, TODAY)
    assert found.status == status and detail in found.detail and bool(found.advice) is bool(advice)
    assert advice in found.advice and found.data.keys() == limits.keys()


def test_ledgers(tmp_path):
    """None yet: nothing is spent. One that cannot be read is the affair of another check."""
    assert budget_check({}, tmp_path, TODAY).detail == "none is in force"
    assert budget_check({DAY: DOLLAR}, tmp_path, TODAY).status == "ok" and list(tmp_path.iterdir()) == []
    (tmp_path / "usage.db").write_text("a letter, not a ledger\n" * 400)
    assert budget_check({DAY: DOLLAR}, tmp_path, TODAY).status == "skipped"
