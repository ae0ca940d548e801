"""In which order rows go: those that begin alike wait until the first of them has filled the prompt cache.

An entry of the cache can be read from the moment on in which the answer that wrote it begins. So of rows with one
prefix the first goes ahead; the others are parked here, outside the workers, while rows of other prefixes go on.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from ..core.caching import mark_beginning
from ..core.messages import ChatRequest
from ..core.models import Catalogue
from .row import Row
from .stop import Stop

LIFE_S = 285.0
"""Seconds after which an entry that was not used needs a new leader: it lives for 5 minutes from its last use
(the provider's documentation, November 2026), and a row may still have to wait for its turn."""
KEPT_PREFIXES = 1_000
"""Prefixes that are remembered; one that is met again after so many others has a new leader."""
AHEAD = 16
"""Rows beyond those that may be under way that are given out, so that they have all but the gate's leave: as many as
answers come while one group of calls is written to the ledger."""
PARKED = 4
"""Rows that may wait for another to fill the cache, for each that may be under way."""
_AT_ONCE = 64
"""Rows that are passed over before others get a chance to go on."""


@dataclass(slots=True)
class _Prefix:
    """Rows that begin alike: who leads them, by number, until its answer begins; when the cache had their beginning."""

    leader: int | None = None
    used_at: float = float("-inf")
    parked: deque[Row] = field(default_factory=deque)


def marked(row: Row, models: Catalogue) -> ChatRequest:
    """The request of `row`, which others begin like, as it is sent; unchanged where that is too short for the cache."""
    return mark_beginning(row.request, models.find(row.request.model), "5m", files=row.shared_files)


class Line:
    """The rows that are to be asked, each given out once, when it may go."""

    def __init__(
        self, rows: Iterator[Row | None], stop: Stop, *,
        shares: Callable[[Row], bool], models: Catalogue, clock: Callable[[], float], most_parked: int,
    ) -> None:  # fmt: skip
        """Read `rows` as they are asked for.

        Args:
            rows: None stands for one that is passed over: a long run of them must not hold up the rest.
            stop: when no more are given out.
            shares: whether another row that is to be asked has the `prefix` of this one.
            models: say how long a beginning must be to be cached.
            clock: seconds, monotonic.
            most_parked: when so many are parked, none is read until some may go.
        """
        self._rows, self._stop, self._shares, self._models = rows, stop, shares, models
        self._clock, self._most_parked = clock, most_parked
        self._prefixes: OrderedDict[bytes, _Prefix] = OrderedDict()
        self._freed: deque[Row] = deque()
        self._parked = 0
        self._changed = asyncio.Event()
        self._exhausted = False
        stop.listen(self._changed.set)

    @property
    def drained(self) -> bool:
        """Whether every row has been given out."""
        return self._exhausted and not self._parked and not self._freed

    async def next(self) -> Row | None:
        """The next row that may go; None: there is none left, or none is to be begun any more.

        Raises:
            UsageError: the input cannot be read any further, or is not what it was.
        """
        passed = 0
        while not self._stop:
            self._changed.clear()
            if self._freed:
                row: Row | None = self._freed.popleft()
            elif self.drained:
                return None
            elif self._exhausted or self._parked >= self._most_parked:
                await self._changed.wait()
                continue
            else:
                row = self._read()
            if row is None:
                passed += 1
                if passed % _AT_ONCE == 0:
                    await asyncio.sleep(0)
            elif self._may_go(row):
                return self._as_it_goes(row)
        return None

    def _read(self) -> Row | None:
        try:
            row = next(self._rows)
        except StopIteration:
            self._exhausted = True
            self._changed.set()
            return None
        return row if row is None or row.prefix is None else self._marked(row)

    def _marked(self, row: Row) -> Row:
        """`row` marked for the cache, if it shares its beginning; else without its prefix."""
        if row.prefix in self._prefixes or self._shares(row):
            request = marked(row, self._models)
            if request is not row.request:
                return replace(row, request=request)
        return replace(row, prefix=None)

    def _may_go(self, row: Row) -> bool:
        """Whether `row` goes now, be it as a leader; else it is parked."""
        if row.prefix is None:
            return True
        prefix = self._prefix(row.prefix)
        if prefix.leader is not None:
            prefix.parked.append(row)
            self._parked += 1
            return False
        if self._clock() - prefix.used_at >= LIFE_S:
            prefix.leader = row.number
        return True

    def _as_it_goes(self, row: Row) -> Row:
        """`row`; a leader's answer is streamed, so that those who wait need not wait for its end."""
        leads = row.prefix is not None and self._prefixes[row.prefix].leader == row.number
        return replace(row, request=replace(row.request, stream=True)) if leads else row

    def _prefix(self, key: bytes) -> _Prefix:
        prefix = self._prefixes.setdefault(key, _Prefix())
        self._prefixes.move_to_end(key)
        if len(self._prefixes) > KEPT_PREFIXES:  # the oldest that nobody leads, and so nobody waits for
            forgotten = next((other for other, kept in self._prefixes.items() if kept.leader is None), key)
            if forgotten != key:
                del self._prefixes[forgotten]
        return prefix

    def begun(self, row: Row) -> None:
        """The answer to `row` has begun: what it begins with is in the cache."""
        if row.prefix is not None:
            prefix = self._prefix(row.prefix)
            prefix.used_at = self._clock()
            self._free(prefix)

    def over(self, row: Row) -> None:
        """`row` is no longer under way; where it led and its answer never began, another one leads."""
        prefix = self._prefixes.get(row.prefix) if row.prefix is not None else None
        if prefix and prefix.leader == row.number:
            self._free(prefix)

    def _free(self, prefix: _Prefix) -> None:
        prefix.leader = None
        if prefix.parked:
            self._parked -= len(prefix.parked)
            self._freed.extend(prefix.parked)
            prefix.parked.clear()
            self._changed.set()
