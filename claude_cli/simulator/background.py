"""A simulator in a thread with an event loop of its own, for programs and tests that are busy with theirs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from .connection import Sleep
from .journal import RecordedRequest
from .server import Simulator

CLOSING_S = 5.0
"""Seconds to wait for the thread at the end; it is a daemon, so the program ends in any case."""


class Options(TypedDict, total=False):
    """The arguments of `Simulator`."""

    script: Sequence[Mapping[str, Any]]
    pace_s: float
    keys: Collection[str] | None
    bare_models: bool
    host: str
    port: int
    sleep: Sleep
    today: str | None
    clock: Callable[[], float]
    extra_models: Sequence[Mapping[str, Any]]
    recorded: int
    limits: Mapping[str, int] | None
    burst_s: float


class BackgroundSimulator:
    """A context manager around a running `Simulator`; takes the same arguments. The port is open when it is entered."""

    def __init__(self, **options: Unpack[Options]) -> None:
        self._simulator = Simulator(**options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open = threading.Event()
        self._leave = asyncio.Event()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="claude-simulator", daemon=True)

    @property
    def url(self) -> str:
        """The base URL."""
        return self._simulator.url

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests so far."""
        return self._simulator.requests

    def settled(self, timeout_s: float = 10.0) -> None:
        """Wait until no request is being answered. Raises `TimeoutError` after so many seconds."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._simulator.settled(), self._loop).result(timeout_s)

    def __enter__(self) -> Self:
        self._thread.start()
        self._open.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join(CLOSING_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self._simulator.start()
        except OSError as error:
            self._failure = error
            return
        finally:
            self._open.set()
        await self._leave.wait()
        await self._simulator.stop()
