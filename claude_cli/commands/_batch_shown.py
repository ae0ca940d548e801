"""How a batch under way is seen: lines that move on a terminal, or a plain one now and then."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from ..context import Context
from ..core.harmless import one_line
from ..terminal.console import STDERR, STDOUT
from ..terminal.stdin import kind_of
from ._batch_told import watched

if TYPE_CHECKING:
    from ..batch.forecast import Forecast
    from ..batch.gate import Gate
    from ..batch.stop import Stop
    from ..batch.tally import Tally
    from ..terminal.live import Live

NAME_LENGTH = 40
"""Characters that are shown of the input's name."""


class Shown:
    """The progress of a batch, as a context manager; it has gone from the terminal when that is left, or `close` called."""

    def __init__(self, context: Context, name: str, tally: Tally, stop: Stop, *, rows_printed: bool) -> None:
        """Show what `tally` and `stop` say of the batch of the input `name`.

        Args:
            rows_printed: its rows go to standard output; where people may see them there, on a terminal or behind a
                pipe whose reader has one, they are progress enough, and nothing is drawn over them.
        """
        from ..terminal.batch_progress import BatchProgress
        from ..terminal.charts import draws_blocks

        console = context.console
        self._context, self._tally = context, tally
        self._printed = rows_printed and kind_of(STDOUT) in ("terminal", "pipe")
        blocks = draws_blocks(context.environ, console.err_encoding)
        self._progress = BatchProgress(tally, one_line(name, NAME_LENGTH), blocks=blocks, colour=console.colour)
        self._progress.stopping = lambda: bool(stop)
        self._live: Live | None = None

    def __enter__(self) -> Shown:
        """Begin, with an input of which nothing was read yet."""
        self.reading(lambda: 0)
        if self._moves():
            from ..terminal.live import Live

            console, environ = self._context.console, self._context.environ
            self._live = Live(
                console, environ, status=self._progress, mute=console.out_is_terminal, clock=self._tally.clock
            )
            self._live.start()
            self._live.requested()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave no trace."""
        self.close()

    def close(self) -> None:
        """Leave no trace; may be called again."""
        if self._live:
            self._live.finish()

    def reading(self, count: Callable[[], int]) -> None:
        """The input is being read: `count` says how many rows have been."""
        self._progress.reading = count

    def running(self, expected: Forecast, gate: Gate) -> None:
        """The rows are being asked, of which so much is `expected`, through `gate`."""
        done = self._tally
        self._progress.to_come = lambda: expected.to_come_pico(done.open, done.done, done.output_tokens)
        self._progress.pace = gate.state
        self._progress.reading = None

    async def lines(self) -> None:
        """Say a plain line now and then, where nothing moves and somebody wants to know; until it is cancelled."""
        import asyncio

        from ..terminal.batch_progress import tell

        console = self._context.console
        if watched(self._context) and self._live is None and (console.verbose or not self._printed):
            await tell(lambda: self._progress.line(self._tally.clock()), console.line, asyncio.sleep)

    def _moves(self) -> bool:
        """Whether lines can move: on a terminal that can draw again what stands on it, for people who see it."""
        context, console = self._context, self._context.console
        if not console.err_is_terminal or console.quiet or self._printed or context.settings.screen_reader:
            return False
        from ..terminal.tty import can_redraw

        return can_redraw(STDERR, context.environ)
