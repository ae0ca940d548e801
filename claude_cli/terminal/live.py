"""What moves on a terminal while an answer is under way: a status line, then the answer's open end.

One thread owns the drawing. Whatever is to be seen meanwhile goes to it as a job: text, lines of others, the end. So
two streams on one terminal never write into each other's lines, drawing never holds up the network, and Ctrl-C, which
interrupts only the main thread, cuts no drawing in two.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Protocol

from ..core.errors import OutputError
from ..core.messages import NextTry, Notice
from ..core.threads import start_unsignalled
from .console import STDERR, STDOUT, Console, write_all
from .tty import Echo, in_front, size

HEAD_START_S = 0.03
"""Seconds that a request has to itself before the drawing is loaded beside it: both want the same interpreter."""
BEHIND_S = 0.5
"""How often a job that was sent behind looks whether it is in front again, in seconds."""
PATIENCE_S = 2.0
"""How long a second Ctrl-C still waits for the drawing, in seconds: the terminal may be stopped (Ctrl-S)."""
_UP = "\x1b[A"


class Drawing(Protocol):
    """Draws the answer, as `MarkdownStream` does."""

    def feed(self, text: str) -> None:
        """Take more text."""

    def due(self) -> float | None:
        """Seconds until `draw` is wanted; None: nothing waits."""

    def draw(self) -> None:
        """Show what is new, and what `clear` took away."""

    def clear(self) -> None:
        """Take what is not finished off the screen."""

    def finish(self) -> None:
        """Print what is left."""


class Waiting(Protocol):
    """Says what is waited for, as `Status` does: one line, or always as many."""

    words: int

    def failed(self, next_try: NextTry, now: float) -> None:
        """A try failed; the next one follows."""

    def text(self, now: float, columns: int) -> str:
        """What is shown now, each line less than `columns` long."""

    def changes_in(self, now: float) -> float:
        """Seconds until it says something else."""


class Live:
    """The moving part of one command's terminal; from `start` to `finish`, and gone without trace."""

    def __init__(
        self, console: Console, environ: Mapping[str, str], *, status: Waiting | None = None,
        drawing: Callable[[], Drawing] | None = None, mute: bool = False, keeps_typed: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Prepare.

        Args:
            console: other lines go through it.
            environ: see `tty.size`.
            status: what is shown, on standard error, until `answering`; None: nothing.
            drawing: loads what draws the answer; called by the thread, beside the request. None: others print it.
            mute: keep keys from showing meanwhile; not in a pipeline, where a pager may have the terminal.
            keeps_typed: see `Echo`.
            clock: seconds, the same as the status was started with.
        """
        self.waiting = status is not None
        self._console, self._environ, self._clock = console, environ, clock
        self._status, self._make = status, drawing
        self._drawing: Drawing | None = None
        self._fed = False
        self._shown = 0  # lines of the status that are on the screen
        self._open = False  # a line of another's has begun and not ended: nothing is drawn into it
        self._requested = False
        self._tick_at = math.inf
        self._load_at = math.inf
        self._terminal = STDERR if status else STDOUT
        self._mute, self._echo = mute, Echo(self._terminal, keeps_typed=keeps_typed)
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._ended, self._paused, self._resumed = threading.Event(), threading.Event(), threading.Event()
        self._running = False
        self._failure: Exception | None = None

    # -------------------------------------------------------------------------------------------- the main thread
    def start(self) -> None:
        """Show the status; lines of the console make room from now on.

        It stands still until `requested`: a program that is asked for the key may want the terminal for itself. Where
        no thread can be had (a container may limit them), nothing moves, and `console.front` stays empty.
        """
        self._running = True
        self._console.front.live = self
        if signal.getsignal(signal.SIGTSTP) == signal.SIG_DFL:
            signal.signal(signal.SIGTSTP, self._suspend)
        if not start_unsignalled(threading.Thread(target=self._run, name="claude-live", daemon=True)):
            self._ended.set()
            self.finish()

    def requested(self) -> None:
        """The request is about to go out: the status moves, and after a head start the drawing is loaded."""
        self._jobs.put(self._begin)

    def shows(self, notice: Notice) -> bool:
        """Take a notice of a next try into the status; True where that says it all, and no line is needed."""
        following, status = notice.next_try, self._status
        if following is None or status is None or not self.waiting:
            return False

        def show() -> None:
            status.failed(following, self._clock())
            self._tick_at = self._clock()

        self._jobs.put(show)
        return following.model is None and not following.maybe_billed

    def received(self, words: int) -> None:
        """So many words came that are not shown yet."""
        if self._status:
            self._status.words += words

    def answering(self) -> None:
        """Something of the answer is about to be shown: the status goes."""
        if not self.waiting:
            return
        self.waiting = False
        if self._make is None:
            self.finish()
        else:
            self._jobs.put(self._end_status)

    def feed(self, text: str) -> None:
        """Hand on text of the answer.

        Raises:
            BrokenPipeError, OutputError: what was handed on before could not be printed.
        """
        self.answering()
        self._raise_failure()
        self._jobs.put(lambda: self._feed(text))

    def say(self, data: bytes, *, whole: bool) -> bool:
        """Print `data` on standard error, where it disturbs nothing; `whole` lines or not. False: it is too late."""
        if self._ended.is_set():
            return False
        self._jobs.put(lambda: self._print(data, whole=whole))
        return True

    def finish(self) -> None:
        """Show everything and leave the terminal as it was; may be called again.

        Raises:
            BrokenPipeError, OutputError: something could not be printed.
        """
        if not self._running:
            return
        stop: KeyboardInterrupt | None = None
        self._jobs.put(None)
        while True:
            try:
                self._ended.wait(PATIENCE_S if stop else None)
                break
            except KeyboardInterrupt as again:
                stop = again
        self._echo.restore()
        if signal.getsignal(signal.SIGTSTP) == self._suspend:
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        self._console.front.live = None
        self._running = self.waiting = False  # last: who is interrupted before comes here again
        if stop:
            raise stop
        self._raise_failure()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure:
            raise failure

    def _suspend(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: stop on a clean terminal, go on drawing when continued."""
        self._paused.clear()
        self._resumed.clear()
        self._jobs.put(self._pause)
        try:
            self._paused.wait(PATIENCE_S)
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTSTP)  # returns when we are continued
            signal.signal(signal.SIGTSTP, self._suspend)
        finally:
            self._resumed.set()

    # -------------------------------------------------------------------------------------------- the thread
    def _run(self) -> None:
        try:
            self._paint()
            while (job := self._next()) is not None:
                job()
                if self._wait() == 0:
                    self._paint()
            self._end_status()
            if self._drawing and self._fed:
                self._drawing.finish()
            while not self._jobs.empty():  # what the end itself had to say
                (self._jobs.get() or self._clear)()
        except Exception as error:  # a border: it is raised again in the main thread, nothing is swallowed
            self._failure = error
        finally:
            self._ended.set()

    def _next(self) -> Callable[[], None] | None:
        """The next job; what is due to be drawn is one."""
        try:
            return self._jobs.get(timeout=self._wait())
        except Empty:
            return self._paint

    def _wait(self) -> float | None:
        """Seconds until something is due to be drawn; None: not before a job has come."""
        at, now = self._load_at, self._clock()
        if self._status:
            at = min(at, self._tick_at)
        elif not self._open and self._drawing and self._fed and (due := self._drawing.due()) is not None:
            at = min(at, now + due)
        if at == math.inf:
            return None
        return max(at - now, 0.0) if in_front(self._terminal) else BEHIND_S

    def _paint(self) -> None:
        if not in_front(self._terminal):
            return
        if self._requested and self._mute:
            self._echo.off()
        if self._load_at <= self._clock():
            self._load()
        if self._open:
            return
        if self._status:
            self._show_status(self._status)
        elif self._drawing and self._fed:
            self._drawing.draw()

    def _show_status(self, status: Waiting) -> None:
        now = self._clock()
        self._tick_at = now + status.changes_in(now) if self._requested else math.inf
        lines = status.text(now, size(STDERR, self._environ)[0]).split("\n")
        if self._shown > len(lines):
            self._clear()
        styled = [f"\x1b[2m{line}\x1b[0m\x1b[K" if self._console.colour else f"{line}\x1b[K" for line in lines]
        self._tell("\r" + _UP * (self._shown - 1) + "\r\n".join(styled))
        self._shown = len(lines)

    def _end_status(self) -> None:
        self._clear()
        self._status = None

    def _clear(self) -> None:
        if self._shown:
            self._tell("\r\x1b[K" + f"{_UP}\x1b[K" * (self._shown - 1))
            self._shown = 0
        elif self._drawing and self._fed and not self._open:
            self._drawing.clear()

    def _begin(self) -> None:
        self._requested, self._tick_at = True, self._clock()
        if self._make and self._drawing is None:
            self._load_at = self._clock() + HEAD_START_S

    def _load(self) -> Drawing:
        self._load_at = math.inf
        if self._drawing is None:
            assert self._make  # text is fed only where it is drawn
            self._drawing = self._make()
        return self._drawing

    def _feed(self, text: str) -> None:
        self._requested = self._fed = True
        self._load().feed(text)

    def _print(self, data: bytes, *, whole: bool) -> None:
        self._clear()
        with suppress(OSError, OutputError):
            write_all(STDERR, data)
        self._open = not whole
        if whole:
            self._paint()

    def _tell(self, text: str) -> None:
        with suppress(OSError, OutputError):  # nobody there to read it is no failure
            write_all(STDERR, text.encode(self._console.err_encoding, "replace"))

    def _pause(self) -> None:
        self._clear()
        self._echo.restore()
        self._paused.set()
        self._resumed.wait()
        self._paint()
