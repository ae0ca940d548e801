"""What a batch may spend and has spent: the budgets of all processes and of this run, written in groups."""

from __future__ import annotations

from typing import Protocol

from ..core.budget import Plan, Recorder


class Books(Protocol):
    """Who is asked before each call. Nothing of it waits for a disk in the event loop's thread."""

    async def reserve(self, plan: Plan) -> Recorder:
        """Set aside what a call may cost at most; returns the recorder for that one call, which does not wait.

        Raises:
            BudgetReachedError: it must not be sent; `retryable` where calls under way may leave enough.
        """

    async def aclose(self) -> None:
        """Everything is written."""
