"""What this process does when it is told to stop. Only the program itself asks for it, never the package."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_INTERRUPTED, EXIT_CLOSED_PIPE = 130, 141  # 128 + the signal's number, as shells report them


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP came. It unwinds the stack as Ctrl-C does, also through asyncio, and so closes connections.

    Attributes:
        status: what the program leaves with: 143, or 129 where its terminal has gone.
    """

    def __init__(self, number: int = signal.SIGTERM) -> None:
        """Note which signal came."""
        super().__init__()
        self.status = 128 + number


def unwind_on_signals() -> None:
    """Make SIGTERM and SIGHUP raise `Terminated` in this process; a SIGHUP that `nohup` has set aside stays so."""

    def handler(number: int, frame: FrameType | None) -> None:
        raise Terminated(number)

    signal.signal(signal.SIGTERM, handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Hold back Ctrl-C, SIGTERM and SIGHUP while something is finished that must not be lost; they come right after it.

    For the main thread, which alone acts on signals; nothing that may take long belongs inside.
    """
    came: list[int] = []
    worst_first: tuple[int, ...] = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in worst_first}
    inside = True

    def hold(number: int, frame: FrameType | None) -> None:
        if inside:
            came.append(number)
        else:  # a signal has kept us from giving this one back: that is done now
            signal.signal(number, before[number])
            signal.raise_signal(number)

    try:
        for number in before:
            signal.signal(number, hold)
        yield
    finally:
        inside = False
        try:
            for number, handler in before.items():
                signal.signal(number, handler)
        finally:
            if came:
                signal.raise_signal(min(came, key=worst_first.index))


@contextmanager
def handed_over(told: Callable[[int], None]) -> Iterator[None]:
    """Tell `told` of Ctrl-C, SIGTERM and SIGHUP instead of unwinding the stack; one that is ignored stays so.

    For the main thread. It calls `told` between any two instructions, so that may do no more than make a note of it.
    """
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    inside = True

    def hand_over(number: int, frame: FrameType | None) -> None:
        if inside:
            told(number)
        else:  # a signal has kept us from giving this one back: that is done now
            signal.signal(number, before[signal.Signals(number)])
            signal.raise_signal(number)

    try:
        for number, handler in before.items():
            if handler != signal.SIG_IGN:
                signal.signal(number, hand_over)
        yield
    finally:
        inside = False
        for number, handler in before.items():
            signal.signal(number, handler)


def stopped_by(error: BaseException | None) -> Terminated | None:
    """The signal that the program was about to end by when `error` came up; None: it was none."""
    while error is not None and not isinstance(error, Terminated):
        error = error.__context__
    return error


def exit_status(stop: KeyboardInterrupt) -> int:
    """What the program leaves with after `stop`."""
    return stop.status if isinstance(stop, Terminated) else EXIT_INTERRUPTED
