"""A batch from Python: requests in, results out, with the pace, the retries and the cache of the command."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from dataclasses import replace

from ..core.caching import beginning_of, mark_beginning
from ..core.errors import OverloadedError, UsageError
from ..core.messages import ChatRequest
from ..core.models import Catalogue
from ..core.prepare import prepare, surroundings
from ..core.providers.base import LLMProvider
from ..core.surroundings import OnTruncate
from ..storage.books import RunBooks
from .answering import Answerer, Rules
from .gate import Gate
from .leading import AHEAD, PARKED, Line
from .requests_digest import canonical, digest
from .row import Result, Row, RowId
from .runner import Runner
from .stop import Stop

Asked = ChatRequest | tuple[RowId, ChatRequest]
"""A request, alone or with an id."""
REMEMBERED = 1_000
"""Beginnings of requests that are told apart from new ones."""


async def run_batch(
    provider: LLMProvider,
    requests: Iterable[Asked],
    *,
    concurrency: int = 64,
    retry_for_s: float = 600.0,
    retries: int | None = None,
    timeout_s: float | None = None,
    on_truncate: OnTruncate = "fail",
    caching: bool = True,
    models: Catalogue | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[Result, None]:
    """Answer `requests`, many at once; yields each result as it comes, in whatever order that is.

    Requests are read as they are needed, and results that nobody takes hold them up, so there may be any number of
    both.
    A request that fails is a result with an `error`.

    Args:
        provider: is not closed.
        requests: each alone, or with an id; what has none has its number as its id, from 0.
        concurrency: under way at once, at most; the provider's words decide how many of these.
        retry_for_s, retries: seconds for which, and how often, a request is tried again at most.
        timeout_s: seconds that it may take with all that.
        on_truncate: "fail", "ok", or "continue", as in `complete`.
        caching: requests that begin alike (system prompt, first files) share the prompt cache.
        models: the models known; None: those shipped.
        clock: seconds, monotonic.
    Raises:
        ClaudeError: what concerns all alike: the key, a host that is not there, a provider that answers nobody.
    """
    around = surroundings(provider.PROVIDER_NAME, clock=clock, models=models)
    stop, results, room = Stop(), asyncio.Queue[Result | None](), asyncio.Semaphore(2 * concurrency)
    reading = _Reading(requests, around.models, on_truncate, caching=caching)
    answerer = Answerer(
        provider, around, Gate(concurrency, clock=clock), RunBooks(), stop, Rules(retry_for_s, retries, timeout_s)
    )

    async def answer(row: Row, begun: Callable[[], None]) -> Result | None:
        wrong = reading.wrong.pop(row.number, None)
        return Result(row.id, row.request.model, error=wrong, tries=0) if wrong else await answerer(row, begun)

    async def over(row: Row, result: Result | None) -> None:
        if result is not None:
            await room.acquire()
            results.put_nowait(result)

    line = Line(
        reading.rows(), stop,
        shares=reading.shares, models=around.models, clock=clock, most_parked=PARKED * concurrency,
    )  # fmt: skip
    runner = Runner(line, answer, stop, over=over, under_way=lambda: answerer.under_way)
    running = asyncio.create_task(runner.run(concurrency + AHEAD))
    running.add_done_callback(lambda _: results.put_nowait(None))
    try:
        while (result := await results.get()) is not None:
            room.release()
            yield result
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    if stop:
        raise stop.error or OverloadedError(stop.detail)


class _Reading:
    """Requests, read as rows.

    Attributes:
        wrong: what is wrong with those that cannot be asked, by number, until they are.
    """

    def __init__(
        self, requests: Iterable[Asked], models: Catalogue, on_truncate: OnTruncate, *,
        caching: bool,
    ) -> None:  # fmt: skip
        self._requests, self._models, self._on_truncate, self._caching = requests, models, on_truncate, caching
        self._seen: OrderedDict[bytes | None, None] = OrderedDict()
        self.wrong: dict[int, UsageError] = {}

    def rows(self) -> Iterator[Row]:
        """All of them."""
        for number, given in enumerate(self._requests):
            key, request = (number, given) if isinstance(given, ChatRequest) else given
            row = Row(number, number + 1, key, True, b"", request, on_truncate=self._on_truncate)
            try:
                fitted, notices = prepare(request, models=self._models)
                row = replace(row, request=fitted, notices=tuple(notices), prefix=self._prefix(fitted))
            except UsageError as error:
                self.wrong[number] = error
            yield row

    def _prefix(self, request: ChatRequest) -> bytes | None:
        if not self._caching or mark_beginning(request, self._models.find(request.model), "5m") is request:
            return None
        options = request.options
        tools = [options.extra.get(name) for name in ("tools", "tool_choice", "output_config")]
        return digest(canonical([request.model, tools, options.thinking, options.effort, beginning_of(request)]))

    def shares(self, row: Row) -> bool:
        """Whether an earlier one begins like `row`; of later ones nothing is known, and marking one in vain costs."""
        known = row.prefix in self._seen
        self._seen[row.prefix] = None
        self._seen.move_to_end(row.prefix)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return known
