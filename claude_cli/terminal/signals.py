"""What this process does when it is told to stop. Only the program itself asks for it, never the package."""

from __future__ import annotations

import signal
from types import FrameType

EXIT_INTERRUPTED, EXIT_CLOSED_PIPE, EXIT_TERMINATED = 130, 141, 143  # 128 + the signal's number, as shells report them


class Terminated(KeyboardInterrupt):
    """SIGTERM came. It unwinds the stack as Ctrl-C does, also through asyncio, and so closes connections."""


def unwind_on_sigterm() -> None:
    """Make SIGTERM raise `Terminated` in this process."""

    def handler(number: int, frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, handler)


def exit_status(stop: KeyboardInterrupt) -> int:
    """What the program leaves with after `stop`."""
    return EXIT_TERMINATED if isinstance(stop, Terminated) else EXIT_INTERRUPTED
