"""The first look at a whole input: everything that can be checked before anything is sent, and what it may take.

Nothing here grows with the number of rows. What the rows may cost in the end is `forecast.py`'s.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core.budget import as_asked
from ..core.caching import beginning_of
from ..core.errors import UsageError
from ..core.messages import ChatRequest, Message, Usage, blocks_within
from ..core.models import Catalogue, Model, catalogue
from ..core.pricing import rates
from ..core.tokens import estimate
from ..core.wire_request import DEFAULT_MAX_TOKENS
from .row import Refused, Row
from .store import Resumed

if TYPE_CHECKING:
    from ..core.pricing import Rate
    from .source import Source
    from .store import Store

EXPECTED_OUTPUT = 1_000
"""Output tokens that a row is expected to take, where nobody says another number and no row is done yet."""
KEPT_REFUSED = 20
"""Refused rows that are kept with their reasons; the others are counted."""
FIRST = 3
"""Requests that a dry run shows."""
SAMPLE = 8
"""Rows that are counted exactly, at most."""
KEPT_SIZE = 1 << 20
"""Characters of a row, at most, for it to be kept in memory; but the first is kept however large."""
_KEPT_NOTICES = 20
"""Different notices that are kept; a notice may hold a number of its row, and so be another one in each."""
_KEPT_PREFIXES = 1_000
_REASONS = 3


@dataclass(slots=True)
class Load:
    """What the open rows of one model are expected to take.

    Attributes:
        rows: how many there are.
        input_tokens: of their prompts, by our estimate.
        output_tokens: of their answers: so many a row as is expected of all, and never more than its `max_tokens`.
        input_pico, output_pico: what these cost; None: the model has no price.
        saved_pico: what `input_pico` would be more without the prompt cache: by it rows that begin alike pay once.
    """

    rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_pico: int | None = 0
    output_pico: int | None = 0
    saved_pico: int = 0


@dataclass(slots=True)
class Survey:
    """What is known of an input before the first call.

    Attributes:
        rows: that can be asked, answered ones among them.
        refused: rows that cannot; the first `KEPT_REFUSED` of `refused_count`.
        first: the first open rows, for a dry run.
        sample: open rows from all over the input, to be counted exactly.
        loads: what the open rows are expected to take, by model.
        notices: what had to change for the models, and in how many open rows; the first of them.
        resumed: what an earlier run left.
    """

    rows: int = 0
    refused: list[Refused] = field(default_factory=list)
    refused_count: int = 0
    first: list[Row] = field(default_factory=list)
    sample: list[Row] = field(default_factory=list)
    loads: dict[str, Load] = field(default_factory=dict)
    notices: dict[str, int] = field(default_factory=dict)
    resumed: Resumed = field(default_factory=Resumed)

    def complaint(self, name: str) -> str:
        """Which rows of the input `name` cannot be asked, and why, in one line; "" where all can."""
        if not self.refused:
            return ""
        reasons = "; ".join(f"line {row.line}: {row.reason}" for row in self.refused[:_REASONS])
        others = ", ".join(str(row.line) for row in self.refused[_REASONS:])
        rest = self.refused_count - len(self.refused)
        more = f"; and lines {others}{f' and {rest:,} more' if rest else ''}" if others else ""
        count = f"{self.refused_count:,} rows" if self.refused_count > 1 else "a row"
        return f"{name} has {count} that cannot be asked: {reasons}{more}"


def survey(
    source: Source,
    store: Store,
    models: Catalogue | None = None,
    *,
    expect_output: int = EXPECTED_OUTPUT,
    draw: Callable[[], float] = random.random,
) -> Survey:
    """Read all of `source`, tell `store` of each row, and have it compare them with what an earlier run left.

    The input is read a second time only where an earlier run left some rows open and others not.

    Args:
        models: have the prices; None: those shipped.
        expect_output: output tokens that a row is expected to take.
        draw: random numbers in [0, 1), which choose the sample.
    Raises:
        UsageError: the input cannot be read, or has no row at all. Rows that cannot be asked are `Survey.refused`.
    """
    found = Survey()
    models = models or catalogue()

    def reckoned(rows: Iterable[Row]) -> None:
        reckoning = _Reckoning(found, models, expect_output, draw)
        for row in rows:
            reckoning.take(row)

    reckoned(_added(source, store, found))
    if not found.rows and not found.refused_count:
        raise UsageError(f"{source.name} has no row: there is nothing to ask")
    found.resumed = store.match()
    if found.resumed.open != found.rows:
        found.first, found.sample, found.loads, found.notices = [], [], {}, {}
        if found.resumed.open:
            reckoned(row for row in source.rows() if isinstance(row, Row) and store.is_open(row))
    found.sample = found.sample or found.first[:1]  # where all are large
    return found


def _added(source: Source, store: Store, found: Survey) -> Iterator[Row]:
    """The rows of `source`, each when `store` knows of it; `found` counts them, and those that cannot be asked."""
    for row in source.rows():
        if isinstance(row, Row):
            try:
                store.add(row)
            except UsageError as error:  # another row has its id: one run is to name all that is wrong
                _refuse(found, Refused(row.line, str(error)))
                continue
            found.rows += 1
            yield row
        else:
            _refuse(found, row)


def _refuse(found: Survey, row: Refused) -> None:
    found.refused_count += 1
    if len(found.refused) < KEPT_REFUSED:
        found.refused.append(row)


class _Reckoning:
    """Adds up what rows are expected to take, and keeps a few of them."""

    def __init__(self, found: Survey, models: Catalogue, expect_output: int, draw: Callable[[], float]) -> None:
        """Put all of it into `found`."""
        self._found, self._models, self._expect_output, self._draw = found, models, expect_output, draw
        self._count = 0
        self._beginnings: dict[bytes, tuple[int, int]] = {}  # by prefix: its tokens, and rows that begin so

    def take(self, row: Row) -> None:
        """Reckon with one more row."""
        found, request = self._found, row.request
        self._keep(row)
        load = found.loads.get(request.model)
        if load is None:
            load = found.loads[request.model] = Load()
        self._add(load, row)
        for notice in row.notices:
            if notice.text in found.notices or len(found.notices) < _KEPT_NOTICES:
                found.notices[notice.text] = found.notices.get(notice.text, 0) + 1

    def _keep(self, row: Row) -> None:
        """Keep it among the first, and in a sample for which each row has the same chance (Vitter's algorithm R)."""
        found = self._found
        self._count += 1
        if self._count <= FIRST and (self._count == 1 or _size(row.request) <= KEPT_SIZE):
            found.first.append(row)
        place = self._count - 1 if self._count <= SAMPLE else int(self._draw() * self._count)
        if place < SAMPLE and _size(row.request) <= KEPT_SIZE:
            found.sample[place : place + 1] = [row]

    def _add(self, load: Load, row: Row) -> None:
        request = row.request
        model, options = self._models.find(request.model), request.options
        tokens = estimate(request, model)
        limit = options.extra.get("max_tokens", options.max_tokens)
        output = min(self._expect_output, limit if isinstance(limit, int) and limit >= 0 else DEFAULT_MAX_TOKENS)
        load.rows += 1
        load.input_tokens += tokens
        load.output_tokens += output
        prices = rates(Usage(tokens, raw=as_asked(request)), model, None)
        if load.input_pico is None or load.output_pico is None or not {"input", "output"} <= prices.keys():
            load.input_pico = load.output_pico = None
            return
        saved = math.floor(self._saved(row, model, prices)) if row.prefix else 0
        load.saved_pico += saved
        load.input_pico += math.ceil(tokens * prices["input"]) - saved
        load.output_pico += math.ceil(output * prices["output"])

    def _saved(self, row: Row, model: Model | None, prices: Mapping[str, Rate]) -> Rate:
        """Pico-dollars by which `row` costs less because rows before it begin alike.

        The first of them writes the cache, which costs more than not doing so; that is taken off with the second.
        """
        assert row.prefix and model  # what has prices is known
        known = self._beginnings
        tokens, before = known.pop(row.prefix, (-1, 0))
        if not before:
            tokens = _cacheable(row, model)
        known[row.prefix] = tokens, before + 1
        if len(known) > _KEPT_PREFIXES:
            del known[next(iter(known))]
        if not before:
            return 0
        usual = prices["input"]
        written = prices.get("cache_write_5m", usual) - usual if before == 1 else 0
        return tokens * (usual - prices.get("cache_read", usual) - written)


def _cacheable(row: Row, model: Model) -> int:
    """Tokens of what `row` shares with those that begin like it; 0 where its model caches nothing so short."""
    system, files = beginning_of(row.request, files=row.shared_files)
    shared = ChatRequest(row.request.model, (Message("user", tuple(files)),), system=tuple(system))
    tokens = estimate(shared, model)
    return tokens if tokens >= ((model.raw.get("limits") or {}).get("cache_min_tokens") or 0) else 0


def _size(request: ChatRequest) -> int:
    """Characters of a request, about: those of its texts and of its attachments."""
    blocks = blocks_within([request.system, [message.content for message in request.messages]])
    size = len(request.system) if isinstance(request.system, str) else 0
    for block in blocks:
        source = block.get("source")
        inner = source.get("data") if isinstance(source, dict) else None
        size += sum(len(part) for part in (block.get("text"), inner) if isinstance(part, str))
    return size
