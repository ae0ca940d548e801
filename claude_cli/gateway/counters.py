"""Numbers that rate limits are counted in: in memory, or in a storage that several hosts share.

Of `limits` only the storages are used. Its strategies can neither give back what was set aside nor be told the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..core.errors import UsageError
from ..core.installed import install_line
from ..core.messages import Notice
from ..core.redact import without_keys

if TYPE_CHECKING:
    from limits.aio.storage import RedisStorage

MEMORY = "memory://"
_SCHEMES = ("redis", "rediss", "redis+unix")
TIMEOUT_S = 0.5
"""How long a request waits for the storage, all its numbers together."""
PAUSE_S = 5.0
"""How long a storage that failed is left alone, so that not every request waits for it."""
_AT_ONCE = 32
"""Connections to a shared storage at most."""
_PREFIX = "claude-cli"
_EXAMPLE = "redis://HOST:6379/0"


class Counters:
    """Numbers by name. Where their storage fails, this host goes on with numbers of its own: nobody is kept out."""

    def __init__(
        self, url: str, notify: Callable[[Notice], None], *, clock: Callable[[], float], timeout_s: float = TIMEOUT_S
    ) -> None:
        """Prepare; nothing is connected before the first number is wanted.

        Args:
            url: where they are kept; `MEMORY`, or redis://….
            notify: is told when the storage is gone, and when it is back.
            clock: monotonic, in seconds.
            timeout_s: how long one `add` may wait for the storage.
        Raises:
            UsageError: there is no such storage, or its package is missing.
        """
        from limits.aio.storage import MemoryStorage
        from limits.errors import StorageError

        self._local = MemoryStorage()
        self._shared = None if url == MEMORY else _shared(url)
        self._failures = (StorageError, OSError, TimeoutError)
        self._notify, self._clock, self._timeout_s = notify, clock, timeout_s
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._again_at = float("-inf")
        self.is_alone = False
        """Whether the shared storage failed when it was last asked."""

    @property
    def is_shared(self) -> bool:
        """Whether other hosts count in them, too."""
        return self._shared is not None

    async def add(self, changes: Sequence[tuple[str, int]], lifetime_s: int) -> list[int]:
        """Add to numbers, and return what each is then; adding 0 reads one.

        Args:
            changes: name and amount; one that is not there is 0.
            lifetime_s: how long after its first change a number is forgotten.
        """
        if self._shared and self._clock() >= self._again_at:
            try:
                return await self._add_shared(self._shared, changes, lifetime_s)
            except self._failures as error:
                self._left_alone(error)
        return [await self._local.incr(name, lifetime_s, amount) for name, amount in changes]

    async def aclose(self) -> None:
        """Close the connections."""
        if self._shared:
            from limits.aio.storage.redis.redispy import RedispyBridge

            assert isinstance(self._shared.bridge, RedispyBridge)  # see `_shared`
            await self._shared.bridge.storage.aclose()

    async def _add_shared(
        self, storage: RedisStorage, changes: Sequence[tuple[str, int]], lifetime_s: int
    ) -> list[int]:
        async def one(name: str, amount: int) -> int:
            async with self._places:
                return await storage.incr(name, lifetime_s, amount)

        async with asyncio.timeout(self._timeout_s):
            found = await asyncio.gather(*(one(name, amount) for name, amount in changes))
        if self.is_alone:
            self.is_alone = False
            self._notify(Notice("limits_shared", "the storage of the rate limits answers again"))
        return found

    def _left_alone(self, error: Exception) -> None:
        self._again_at = self._clock() + PAUSE_S
        if not self.is_alone:
            self.is_alone = True
            why = without_keys(str(error)) or "it does not answer"
            words = f"the storage of the rate limits cannot be used: {why}; until it can, this host counts alone"
            self._notify(Notice("limits_alone", words))


def check_url(url: str) -> None:
    """Refuse what is not the address of a kind of storage there is. Raises `UsageError`."""
    if url != MEMORY and url.partition("://")[0] not in _SCHEMES:
        raise UsageError(f"serve.limits_url is {MEMORY} or {_EXAMPLE}, not {without_keys(url)!r}")


def _shared(url: str) -> RedisStorage:
    from limits.aio.storage import RedisStorage
    from limits.errors import ConfigurationError

    check_url(url)
    if not find_spec("redis"):
        way = install_line("redis")
        raise UsageError(
            f"serve.limits_url with {url.partition(':')[0]}:// wants the package redis; install it with: {way}"
        )
    try:
        return RedisStorage(f"async+{url}", wrap_exceptions=True, implementation="redispy", key_prefix=_PREFIX)
    except (ConfigurationError, ValueError) as error:
        raise UsageError(f"serve.limits_url is no address of a storage, such as {_EXAMPLE}") from error
