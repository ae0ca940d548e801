"""Rate limits: requests, tokens and streams at once, of each key and of all together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from ..core.budget import Plan
from ..core.messages import Notice
from ..storage.gateway_keys import GatewayKey
from .at_once import AtOnce
from .config import Config
from .counters import MEMORY, Counters
from .refusal import Refusal
from .windows import Rule, Wanted, Windows

if TYPE_CHECKING:
    from .windows import Standing

ALL = "all keys together"
ANSWER_TOKENS = 4096
"""Set aside for an answer whose length nobody named: the model's own limit would keep most requests out."""


class Lease(Protocol):
    """What one request took of the limits."""

    headers: Mapping[str, str]
    """`x-ratelimit-*`, for its response."""

    async def settle(self, tokens: int | None) -> None:
        """The request is over, and used so many tokens; None: it was never sent."""


class Limiter(Protocol):
    """Keeps the limits."""

    async def admit(self, key: GatewayKey, plan: Plan | None) -> Lease:
        """Let a request of `key` in.

        Args:
            plan: its tokens are set aside; None: it uses none.
        Raises:
            Refusal: 429, a limit is reached.
        """

    async def aclose(self) -> None:
        """Let go of the storage."""

    @property
    def is_alone(self) -> bool:
        """Whether this host counts by itself, as the storage that it shares with others cannot be used."""


class NoLimits:
    """Lets everybody in."""

    headers: Mapping[str, str] = {}
    is_alone = False

    async def admit(self, key: GatewayKey, plan: Plan | None) -> Lease:
        """See `Limiter`."""
        return self

    async def settle(self, tokens: int | None) -> None:
        """See `Lease`."""

    async def aclose(self) -> None:
        """See `Limiter`."""


_FREE = NoLimits()


class RateLimits:
    """The limits of `config`, and those of each key."""

    def __init__(
        self, config: Config, notify: Callable[[Notice], None],
        *, wall: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Prepare; a storage of this process's own is made when it is first needed.

        Args:
            config: the limits of all together, and where they are counted.
            notify: is told when that place is gone, and when it is back.
            wall: Unix time in seconds, the same for all hosts.
            clock: monotonic, in seconds.
        Raises:
            UsageError: there is no such storage.
        """
        self._config, self._notify, self._wall, self._clock = config, notify, wall, clock
        self._kept: tuple[Counters, Windows, AtOnce] | None = None
        if config.limits_url != MEMORY:
            self._parts()

    async def admit(self, key: GatewayKey, plan: Plan | None) -> Lease:
        """See `Limiter`."""
        streams = _rules("streams", key.name, key.streams_at_once, self._config.streams_at_once)
        requests = _rules("requests", key.name, key.requests_per_minute, self._config.requests_per_minute)
        tokens = _rules("tokens", key.name, key.tokens_per_minute, self._config.tokens_per_minute) if plan else []
        if not (streams or requests or tokens):
            return _FREE
        wanted = [*((rule, 1) for rule in requests), *((rule, _set_aside(rule, plan)) for rule in tokens if plan)]
        _, windows, at_once = self._parts()
        if streams:
            await at_once.enter(streams)
        if not wanted:
            return _Taken(windows, at_once, streams, (), (), 0, {})
        try:
            minute, standings = await windows.take(wanted)
        except BaseException:  # also where the client left meanwhile
            await at_once.leave(streams)
            raise
        taken, of_tokens = wanted[: len(requests)], wanted[len(requests) :]
        return _Taken(windows, at_once, streams, taken, of_tokens, minute, _headers(standings))

    async def aclose(self) -> None:
        """See `Limiter`."""
        if self._kept:
            counters, _, at_once = self._kept
            await at_once.aclose()
            await counters.aclose()

    @property
    def is_alone(self) -> bool:
        """See `Limiter`."""
        return self._kept is not None and self._kept[0].is_alone

    def _parts(self) -> tuple[Counters, Windows, AtOnce]:
        if self._kept is None:
            counters = Counters(self._config.limits_url, self._notify, clock=self._clock)
            self._kept = counters, Windows(counters, self._wall), AtOnce(counters, self._wall)
        return self._kept


class _Taken:
    """See `Lease`."""

    __slots__ = ("_at_once", "_minute", "_requests", "_streams", "_tokens", "_windows", "headers")

    def __init__(
        self, windows: Windows, at_once: AtOnce, streams: list[Rule], requests: Wanted, tokens: Wanted, minute: int,
        headers: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._windows, self._at_once, self._minute = windows, at_once, minute
        self._streams, self._requests, self._tokens, self.headers = streams, requests, tokens, headers

    async def settle(self, tokens: int | None) -> None:
        """See `Lease`."""
        try:
            if tokens is None:
                await self._windows.give_back([*self._requests, *self._tokens], self._minute)
            else:
                await self._windows.settle([(rule, tokens - amount) for rule, amount in self._tokens], self._minute)
        finally:
            if self._streams:
                await self._at_once.leave(self._streams)


def make_limiter(config: Config, notify: Callable[[Notice], None] = lambda notice: None) -> Limiter:
    """Who keeps the limits of a gateway; `notify` is told what hinders it.

    Raises:
        UsageError: `limits_url` is none.
    """
    limited = config.streams_at_once or config.requests_per_minute or config.tokens_per_minute
    if not (config.authenticate or limited):
        return _FREE
    return RateLimits(config, notify)


def _rules(what: str, name: str, own: int, of_all: int) -> list[Rule]:
    found = [Rule(f"key {name}", what, own)] if own else []
    return [*found, Rule(ALL, what, of_all)] if of_all else found


def _set_aside(rule: Rule, plan: Plan) -> int:
    """The tokens of `plan` that are taken of `rule` before it is sent: never more than all of it.

    So whoever may ask for longer answers than a minute allows gets in when nothing else is under way, and pays
    afterwards for what it was.

    Raises:
        Refusal: 429, the prompt alone is more than that.
    """
    if plan.input_tokens > rule.most:
        words = (
            f"this prompt has about {plan.input_tokens:,} tokens, and the limit of {rule.whose} is {rule.most:,} a"
            " minute; send less"
        )
        headers = {"x-should-retry": "false"}
        raise Refusal(429, words, type="rate_limit_error", code="rate_limit_exceeded", headers=headers)
    answer = min(plan.max_tokens, ANSWER_TOKENS) if plan.flexible else plan.max_tokens
    return min(plan.input_tokens + answer, rule.most)


def _headers(standings: list[Standing]) -> dict[str, str]:
    """What a client is told: of requests and of tokens the rule of which less is left."""
    tightest: dict[str, Standing] = {}
    for standing in standings:
        known = tightest.get(standing.rule.what)
        if known is None or standing.remaining < known.remaining:
            tightest[standing.rule.what] = standing
    return {name: text for standing in tightest.values() for name, text in standing.headers().items()}
