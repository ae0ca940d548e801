"""Work beside the key loop, in a thread that nobody has to wait for: a disk or a clipboard may hang."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

from ..core.errors import ClaudeError

T = TypeVar("T")


async def in_thread(job: Callable[[], T]) -> T:
    """What `job` returns. Raises the `ClaudeError` it raises; who gives up waiting leaves it to itself."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def deliver(result: T | None, error: ClaudeError | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        elif result is None:
            done.cancel()  # a bug, which the thread itself has reported
        else:
            done.set_result(result)

    def work() -> None:
        result, error = None, None
        try:
            result = job()
        except ClaudeError as failure:
            error = failure
        finally:
            with suppress(RuntimeError):  # the loop has gone
                loop.call_soon_threadsafe(deliver, result, error)

    Thread(target=work, daemon=True).start()
    return await done
