"""The prompt cache: what of a prompt was read before, what is kept for the next time, and how long."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from .request import Call, canonical, last_markable
from .tokens import Segment

LOOK_BACK = 20
"""Blocks in which an earlier entry is found, counted back from a breakpoint with that as the first."""
LIFETIME_S = {"5m": 300.0, "1h": 3600.0}
"""Seconds from its last use that an entry is kept."""
MAX_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Tokens of a prompt by how they were paid for; the four add up to the whole prompt."""

    fresh: int
    read: int = 0
    written_5m: int = 0
    written_1h: int = 0


@dataclass(frozen=True, slots=True)
class _Breakpoint:
    position: int
    ttl: str


@dataclass(slots=True)
class _Entry:
    lifetime_s: float
    until: float


class PromptCache:
    """Prefixes seen so far, by their hash."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Empty; `clock` gives seconds."""
        self._entries: dict[bytes, _Entry] = {}
        self._clock = clock

    def use(self, call: Call, prompt: list[Segment]) -> CacheUse:
        """Look the prompt up and remember it, where the request has cache marks.

        Prefixes under the model's minimum are silently not kept. Another model, thinking or effort is another cache.
        """
        total = sum(segment.tokens for segment in prompt)
        marks = _breakpoints(call, prompt)
        if not marks:
            return CacheUse(fresh=total)
        hashes, sums = _prefixes(call, prompt)
        minimum = call.model.limits["cache_min_tokens"]
        read = self._longest_read(marks, hashes, sums)
        covered = read
        written = {"5m": 0, "1h": 0}
        for mark in marks:
            reached = sums[mark.position]
            if reached >= minimum:
                written[mark.ttl] += max(0, reached - covered)
                covered = max(covered, reached)
                self._keep(hashes[mark.position], LIFETIME_S[mark.ttl])
        return CacheUse(fresh=total - covered, read=read, written_5m=written["5m"], written_1h=written["1h"])

    def known(self, call: Call, prompt: list[Segment]) -> int:
        """Tokens that `use` would read, with nothing kept of the prompt."""
        marks = _breakpoints(call, prompt)
        return self._longest_read(marks, *_prefixes(call, prompt)) if marks else 0

    def _longest_read(self, marks: list[_Breakpoint], hashes: list[bytes], sums: list[int]) -> int:
        """Tokens of the longest known prefix that ends within the look-back of a breakpoint."""
        for mark in reversed(marks):
            for position in range(mark.position, max(-1, mark.position - LOOK_BACK), -1):
                if self._use(hashes[position]):
                    return sums[position]
        return 0

    def _use(self, key: bytes) -> bool:
        """Whether there is an entry; if so it lives as long again as it did before."""
        entry, now = self._entries.pop(key, None), self._clock()
        if entry is None or entry.until <= now:
            return False
        entry.until = now + entry.lifetime_s
        self._entries[key] = entry
        return True

    def _keep(self, key: bytes, lifetime_s: float) -> None:
        """Keep it for `lifetime_s`, or longer where it was marked so before."""
        if self._use(key):
            lifetime_s = max(lifetime_s, self._entries[key].lifetime_s)
        self._entries[key] = _Entry(lifetime_s, self._clock() + lifetime_s)
        while len(self._entries) > MAX_ENTRIES:
            del self._entries[next(iter(self._entries))]


def _breakpoints(call: Call, prompt: list[Segment]) -> list[_Breakpoint]:
    marks = [
        _Breakpoint(position, segment.block["cache_control"].get("ttl", "5m"))
        for position, segment in enumerate(prompt)
        if segment.block.get("cache_control")
    ]
    top = call.body.get("cache_control")
    last = last_markable([segment.block for segment in prompt]) if top else None
    # On a block that is marked anyway it changes nothing.
    if top and last is not None and not prompt[last].block.get("cache_control"):
        marks.append(_Breakpoint(last, top.get("ttl", "5m")))
    return marks


def _prefixes(call: Call, prompt: list[Segment]) -> tuple[list[bytes], list[int]]:
    """For each position the hash of all up to and with it, and the tokens of that."""
    running = hashlib.sha256(f"{call.model.id} {call.thinking} {call.effort}".encode())
    hashes, sums, tokens = [], [], 0
    for segment in prompt:
        running.update(json.dumps([segment.part, canonical(segment.block)], sort_keys=True).encode())
        tokens += segment.tokens
        hashes.append(running.copy().digest())
        sums.append(tokens)
    return hashes, sums
