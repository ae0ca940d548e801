"""What the line says that is seen while an answer is waited for: model, seconds, and the wait before a next try.

Pure: the clock's readings are handed in, and `live.py` draws it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..core.messages import NextTry

REASONS = {
    "rate_limit": "rate limited",
    "overloaded": "overloaded",
    "server_error": "server error",
    "timeout": "timed out",
    "connection": "no connection",
    "breaker_open": "paused after failures",
}


@dataclass(slots=True)
class Status:
    """What is known while nothing of the answer is shown.

    Attributes:
        model: as the user named it, or the one that is asked in its place.
        started: when the call began, by the clock that `text` is asked with.
        words: how many have come, where the answer is shown only when it is whole.
    """

    model: str
    started: float
    words: int = 0
    _next: NextTry | None = None
    _until: float = 0.0

    def failed(self, next_try: NextTry, now: float) -> None:
        """A try failed; the next one follows."""
        self.model = next_try.model or self.model
        self._next, self._until = next_try, now + next_try.wait_s

    def text(self, now: float, columns: int) -> str:
        """The line as it is now, less than `columns` long, so that the cursor stays in it."""
        said = next((line for line in self._lines(now) if len(line) < columns), None)
        return said if said is not None else self._lines(now)[-1][: max(columns - 1, 0)]

    def changes_in(self, now: float) -> float:
        """Seconds until it says something else."""
        if self._next and now < self._until:
            return (self._until - now) % 1.0 or 1.0
        return 1.0 - (now - self.started) % 1.0

    def _lines(self, now: float) -> list[str]:
        """The line and shorter forms of it."""
        if self._next and now < self._until:
            seconds = f"trying again in {math.ceil(self._until - now)} s"
            tries = "1 try" if self._next.tries == 1 else f"{self._next.tries} tries"
            reason = REASONS.get(self._next.reason, "failed")
            bare = f"{self.model} · {seconds}"
            return [f"{self.model} · {reason}, {seconds} ({tries} so far)", f"{self.model} · {reason}, {seconds}", bare]
        elapsed = f"{self.model} · {int(now - self.started)} s"
        return [f"{elapsed} · {self.words:,} words", elapsed] if self.words else [elapsed]
