"""A provider with rate limits in virtual time, and a batch that asks it as `Pace` allows: hours in milliseconds."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from claude_cli.batch.pace import Cost, Pace, Try
from claude_cli.core.messages import Usage

NAMES = ("requests", "input-tokens", "output-tokens")


@dataclass
class Server:
    """Token buckets as the provider's: `limits` a minute, `burst_s` seconds of which fit into a bucket.

    Attributes:
        others: the share of each limit that other users take, all the time.
        late: whether heads tell what remains when they leave, rather than when the request came.
        silent: heads tell nothing of limits.
    """

    limits: dict[str, int]
    burst_s: float = 60.0
    others: float = 0.0
    late: bool = False
    silent: bool = False
    now: float = 0.0
    left: dict[str, float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=lambda: dict.fromkeys(NAMES, 0.0))

    def __post_init__(self) -> None:
        self.left = {name: self.capacity(name) for name in self.limits}

    def capacity(self, name: str) -> float:
        return max(1.0, self.limits[name] * self.burst_s / 60)

    def pass_to(self, now: float) -> None:
        """Refill, less what the others take of it."""
        for name, limit in self.limits.items():
            flow = (1 - self.others) * limit / 60 * (now - self.now)
            self.left[name] = min(self.capacity(name), self.left[name] + flow)
        self.now = now

    def take(self, name: str, amount: float) -> None:
        self.used[name] += amount
        if name in self.left:
            self.left[name] -= amount

    def ask(self, now: float, tokens: int) -> float | None:
        """Seconds after which to ask again, None where the request is let in."""
        self.pass_to(now)
        wanted = {"requests": 1.0, "input-tokens": float(tokens), "output-tokens": 1.0}
        waits = [
            (min(wanted[name], self.capacity(name)) - left) * 60 / self.limits[name] for name, left in self.left.items()
        ]
        if max(waits, default=0.0) > 0:
            return float(math.ceil(max(waits)))
        self.take("requests", 1)
        self.take("input-tokens", tokens)
        return None

    def headers(self) -> dict[str, str]:
        found = {}
        for name, limit in {} if self.silent else self.limits.items():
            left = max(0.0, self.left[name])
            found[f"anthropic-ratelimit-{name}-limit"] = str(limit)
            rounded = int(left) if name == "requests" else round(left / 1000) * 1000
            found[f"anthropic-ratelimit-{name}-remaining"] = str(rounded)
        return found


@dataclass
class Run:
    """A batch without an end against `server`; `latency`, `tokens_in`, `tokens_out` draw what a row is like.

    Attributes:
        expected: what the batch believes a row to take, before it knows better.
        fails: the status that a request gets for reasons of its own, None for none.
    """

    server: Server
    latency: Callable[[random.Random], float]
    tokens_in: Callable[[random.Random], int] = lambda chance: 500
    tokens_out: Callable[[random.Random], int] = lambda chance: 200
    expected: Callable[[int], Cost] = lambda tokens: Cost(tokens, 1000)
    fails: Callable[[random.Random], int | None] = lambda chance: None
    most: int = 64
    head_at: float = 0.5
    retry_after_s: float | None = 1.0
    seed: int = 1
    answers: int = 0
    statuses: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.pace = Pace(self.most, 0.0)
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.order = itertools.count()
        self.now = 0.0
        self.rested: list[int] = []
        self.following = self.tokens_in(self.chance)
        self.highest = 0
        self.looking = False

    def at(self, when: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self.events, (when, next(self.order), what))

    def until(self, end: float) -> Run:
        """Let time pass."""
        self.let()
        while self.events and self.events[0][0] <= end:
            self.now, _, what = heapq.heappop(self.events)
            what(self.now)
            self.let()
        self.now = end
        self.server.pass_to(end)
        return self

    def let(self) -> None:
        """Send what may be sent, rested rows first; look again when the pace says so."""
        while True:
            tokens = self.rested[0] if self.rested else self.following
            wait = self.pace.wait_s(self.expected(tokens), self.now)
            if wait:
                break
            if self.rested:
                self.rested.pop(0)
            else:
                self.following = self.tokens_in(self.chance)
            self.send(tokens)
        if wait < math.inf and not self.looking:
            self.looking = True
            self.at(self.now + max(wait, 0.001), self.look)

    def look(self, now: float) -> None:
        """Nothing but time has passed."""
        self.looking = False

    def send(self, tokens: int) -> None:
        tried = self.pace.sent(self.expected(tokens), self.now)
        self.highest = max(self.highest, self.pace.under_way)
        lasts = self.latency(self.chance)
        status = self.fails(self.chance)
        if status:
            self.at(self.now + min(lasts, 0.1), lambda now: self.turned_away(tried, tokens, status, {}, now))
            return
        self.at(self.now + 0.02, lambda now: self.arrives(tried, tokens, lasts, now))

    def turned_away(self, tried: Try, tokens: int, status: int, headers: dict[str, str], now: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        asked = self.retry_after_s if status == 429 and "retry-after" not in headers else None
        asked = float(headers["retry-after"]) if "retry-after" in headers else asked
        self.pace.heard(tried, status, headers, now, asked)
        self.pace.failed(tried, "rate_limit" if status == 429 else "overloaded", now)
        self.at(now + (asked or 0.5), lambda now: self.rested.append(tokens))

    def arrives(self, tried: Try, tokens: int, lasts: float, now: float) -> None:
        refused = self.server.ask(now, tokens)
        headers = self.server.headers()
        if refused is not None:
            headers["retry-after"] = str(int(refused))
            self.at(now + 0.02, lambda now: self.turned_away(tried, tokens, 429, headers, now))
            return
        begins, ends = now + lasts * self.head_at, now + lasts
        words = self.tokens_out(self.chance)
        parts = 4
        for part in range(parts):
            self.at(begins + (ends - begins) * (part + 1) / parts, lambda now: self.produce(words / parts, now))
        self.at(begins, lambda now: self.begins(tried, headers, now))
        self.at(ends + 0.02, lambda now: self.ends(tried, tokens, words, now))

    def produce(self, tokens: float, now: float) -> None:
        self.server.pass_to(now)
        self.server.take("output-tokens", tokens)

    def begins(self, tried: Try, headers: dict[str, str], now: float) -> None:
        if self.server.late:
            self.server.pass_to(now)
            headers = self.server.headers()
        self.pace.heard(tried, 200, headers, now)

    def ends(self, tried: Try, tokens: int, words: int, now: float) -> None:
        self.answers += 1
        self.pace.over(tried, Usage(input_tokens=tokens, output_tokens=words), now)

    def share(self, name: str) -> float:
        """How much of what the limit allowed was used, 0 to 1."""
        allowed = (self.server.limits[name] * self.now / 60) * (1 - self.server.others)
        return self.server.used[name] / allowed

    @property
    def refused(self) -> float:
        """The share of requests that were answered 429."""
        sent = self.answers + sum(self.statuses.values())
        return self.statuses.get(429, 0) / max(1, sent)
