"""What is seen of a batch while it runs: two lines that move on a terminal, or a plain one now and then elsewhere.

Pure but for what it counts: the clock's readings are handed in, and `live.py` draws it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from ..core.messages import NextTry
from ..core.pricing import money
from .charts import gauge
from .columns import cells, cut

EVERY_S = 0.2
"""Seconds between two drawings."""
PLAIN_EVERY_S = 60.0
"""Seconds between two plain lines."""
RECENT_S = 30.0
"""Seconds that a rate is taken of; where nothing ended within them, it is that of the whole run."""
LEAST_BAR, MOST_BAR = 5, 30
"""Cells of the bar."""
UNKNOWN = "—"
_COLOUR, _PLAIN = "\x1b[22;36m", "\x1b[39;2m"
"""Around the bar, in a line that is dim otherwise."""


class Counts(Protocol):
    """What is counted of a batch, as its `Tally` does."""

    rows: int
    started_at: float
    under_way: int
    failed: int

    @property
    def over(self) -> int:
        """Rows that are done or have failed, also in an earlier run."""

    @property
    def finished(self) -> int:
        """Rows that ended in this run."""

    @property
    def output_tokens(self) -> int:
        """Of the rows that ended."""

    @property
    def cost_pico(self) -> int | None:
        """Spent so far, in pico-dollars; None: nothing has a price."""


class Pace(Protocol):
    """How fast it may go, as the gate's `State` tells it."""

    @property
    def allowed(self) -> int:
        """Rows that may be under way at once."""

    @property
    def under_way(self) -> int:
        """Rows that are."""

    @property
    def resting(self) -> int:
        """Rows that wait to be tried again."""

    @property
    def why(self) -> str:
        """What keeps further ones back, in words; empty: nothing."""


class BatchProgress:
    """The state of a batch in words, at any width.

    Attributes:
        reading: rows that were read so far, while the input is checked; None: it has been.
        pace: how many rows may be under way, and why no more are; None: it does not run yet.
        stopping: no further rows are begun.
        to_come: what the open rows are expected to cost, in pico-dollars; None: not known.
        words: not used; see `live.Waiting`.
    """

    words = 0

    def __init__(self, counts: Counts, name: str, *, blocks: bool, colour: bool) -> None:
        """Show `counts` of the input `name`, which is harmless; `blocks` and `colour` as in `charts.py`."""
        self.reading: Callable[[], int] | None = None
        self.pace: Callable[[], Pace] | None = None
        self.stopping: Callable[[], bool] = lambda: False
        self.to_come: Callable[[], int | None] = lambda: None
        self._counts, self._name, self._blocks, self._colour = counts, name, blocks, colour
        self._seen: deque[tuple[float, int, int]] = deque(maxlen=int(RECENT_S) + 1)

    def failed(self, next_try: NextTry, now: float) -> None:
        """A try of some row failed, which is no news."""

    def changes_in(self, now: float) -> float:
        """Seconds until it is drawn again."""
        return EVERY_S

    def text(self, now: float, columns: int) -> str:
        """Two lines, each less than `columns` long, so that the cursor stays in the last; one while it is checked."""
        room = columns - 1
        if self.reading is not None:
            return cut(f"reading {self._name} · {self.reading():,} rows", room)
        rate, tokens = self._rates(now)
        counts = self._counts
        share = counts.over / counts.rows if counts.rows else 1.0
        first = fitting([(0, f"{counts.over:,}/{counts.rows:,}"), (2, self._failures()), (1, self._left(rate))], room)
        width = min(MOST_BAR, room - cells(first) - 1)
        if width >= LEAST_BAR:
            bar = gauge(share, width, blocks=self._blocks)
            first = f"{_COLOUR}{bar}{_PLAIN} {first}" if self._colour else f"{bar} {first}"
        under_way, again, why = self._pace()
        second = [
            (0, short_rate(rate)),
            (5, f"{short(tokens)} tokens/s" if tokens else ""),
            (3, self._money()),
            (2, under_way),
            (4, again),
            (1, why),
        ]
        return f"{first}\n{fitting(second, room)}"

    def line(self, now: float) -> str:
        """The same as one plain line."""
        counts = self._counts
        rate, tokens = self._rates(now)
        parts = [
            f"{counts.over:,} of {counts.rows:,} rows",
            f"{counts.failed:,} failed" if counts.failed else "",
            short_rate(rate),
            f"{short(tokens)} tokens/s" if tokens else "",
            self._money(),
            self._left(rate),
            *self._pace(),
        ]
        return ", ".join(part for part in parts if part)

    def _rates(self, now: float) -> tuple[float, float]:
        """Rows and output tokens a second: those of the last `RECENT_S`, else of the whole run; 0: not known."""
        counts, seen = self._counts, self._seen
        if not seen or now - seen[-1][0] >= 1.0:
            seen.append((now, counts.finished, counts.output_tokens))
        while len(seen) > 1 and now - seen[0][0] > RECENT_S:
            seen.popleft()
        then, ended, tokens = seen[0]
        if now - then < 1.0 or counts.finished == ended:
            then, ended, tokens = counts.started_at, 0, 0
        passed = now - then
        if passed < 1.0:
            return 0.0, 0.0  # too short to tell
        return (counts.finished - ended) / passed, (counts.output_tokens - tokens) / passed

    def _pace(self) -> tuple[str, str, str]:
        """What is under way, what waits for another try, and what keeps further rows back; "" for nothing."""
        if self.pace is None:
            return "", "", ""
        pace = self.pace()
        again = f"{pace.resting:,} waiting to be tried again" if pace.resting else ""
        return f"{pace.under_way} of {pace.allowed} under way", again, pace.why

    def _failures(self) -> str:
        return f"{self._counts.failed:,} failed" if self._counts.failed else ""

    def _money(self) -> str:
        """What was spent, and what it will be in the end."""
        spent, more = self._counts.cost_pico, self.to_come()
        if spent is None:
            return ""
        return f"{money(spent)} of ~{money(spent + more)}" if more else money(spent)

    def _left(self, rate: float) -> str:
        """How long the open rows take at this rate."""
        counts = self._counts
        if self.stopping():
            return f"finishing {counts.under_way:,}"
        return f"{clock((counts.rows - counts.over) / rate) if rate else UNKNOWN} left"


def fitting(parts: list[tuple[int, str]], room: int) -> str:
    """The parts that are not empty, in order; of those that need more than `room` cells, what fits, by rank."""
    kept: list[tuple[int, str]] = []
    for part in sorted(part for part in parts if part[1]):
        more = [each for each in parts if each in kept or each == part]
        if not kept or cells(_joined(more)) <= room:
            kept = more
    return cut(_joined(kept), max(room, 0))


def _joined(parts: list[tuple[int, str]]) -> str:
    return " · ".join(text for _, text in parts)


def clock(seconds: float) -> str:
    """A length of time as clocks show it: "0:28", "6:12", "2:10:05"."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def short_rate(rate: float) -> str:
    """Rows in a second, or where that is less than one in a minute, or an hour."""
    for unit, factor in (("s", 1), ("min", 60)):
        if rate * factor >= 0.95:
            return f"{_digits(rate * factor)} rows/{unit}"
    return f"{_digits(rate * 3600)} rows/h" if rate else f"{UNKNOWN} rows/s"


def short(number: float) -> str:
    """A number in at most five characters: "950", "9.5k", "950k", "1.2M"."""
    unit = ""
    for larger in "kMG":
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    return f"{_digits(number) if unit else round(number)}{unit}"


def _digits(number: float) -> str:
    """Two digits, or all of a whole number."""
    return f"{number:.1f}" if number < 9.95 else f"{number:,.0f}"


async def tell(line: Callable[[], str], say: Callable[[str], None], sleep: Callable[[float], Awaitable[None]]) -> None:
    """Say a plain line every `PLAIN_EVERY_S`, until it is cancelled."""
    while True:
        await sleep(PLAIN_EVERY_S)
        say(line())
