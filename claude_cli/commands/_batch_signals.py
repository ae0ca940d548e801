"""What Ctrl-C, SIGTERM and SIGHUP mean while a batch runs."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..terminal.signals import Terminated

if TYPE_CHECKING:
    import asyncio

    from ..batch.stop import Reason, Stop


class Signals:
    """Ctrl-C, SIGTERM and SIGHUP while a batch runs: the first lets rows under way end, the next one does not.

    Attributes:
        status: what the program leaves with for the first that came; None: none has.
    """

    def __init__(self, stop: Stop, say: Callable[[], None], *, kept: bool) -> None:
        """Tell `stop`, and at the first have something said.

        Args:
            kept: answers are kept in files, and writing those is never broken off. Where they are printed, nobody may
                be reading, and the loop waits for them with its ears shut: the third signal then ends it there.
        """
        self.status: int | None = None
        self._stop, self._say, self._kept = stop, say, kept
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on `loop` runs: `stop` is told inside it."""
        self._loop = loop

    def came(self, number: int) -> None:
        """A signal came, between any two instructions. Raises `Terminated` where it is to end at once."""
        self._count += 1
        if self.status is None:
            self.status = 128 + number
        if self._count > 2 and not self._kept:
            raise Terminated(self.status - 128)
        reason: Reason = "interrupted" if number == signal.SIGINT else "terminated"
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._act, reason, self._count == 1)
        else:
            self._act(reason, self._count == 1)

    def _act(self, reason: Reason, first: bool) -> None:
        if first:
            self._stop.soon(reason)
            self._say()
        else:
            self._stop.now(reason)
