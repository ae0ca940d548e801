"""The prompt cache: what of a prompt was read before, what is kept for the next time.

There is no clock in it: an entry never grows old, only too many of them do.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from .request import Call, canonical
from .tokens import Segment

LOOK_BACK = 20
"""Blocks before a breakpoint in which an earlier entry is found."""
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


class PromptCache:
    """Prefixes seen so far, by their hash."""

    def __init__(self) -> None:
        self._seen: dict[bytes, None] = {}

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
                self._remember(hashes[mark.position])
        return CacheUse(fresh=total - covered, read=read, written_5m=written["5m"], written_1h=written["1h"])

    def _longest_read(self, marks: list[_Breakpoint], hashes: list[bytes], sums: list[int]) -> int:
        """Tokens of the longest known prefix that ends within the look-back of a breakpoint."""
        for mark in reversed(marks):
            for position in range(mark.position, max(-1, mark.position - LOOK_BACK), -1):
                if hashes[position] in self._seen:
                    return sums[position]
        return 0

    def _remember(self, key: bytes) -> None:
        self._seen.pop(key, None)
        self._seen[key] = None
        while len(self._seen) > MAX_ENTRIES:
            del self._seen[next(iter(self._seen))]


def _breakpoints(call: Call, prompt: list[Segment]) -> list[_Breakpoint]:
    marks = [
        _Breakpoint(position, segment.block["cache_control"].get("ttl", "5m"))
        for position, segment in enumerate(prompt)
        if segment.block.get("cache_control")
    ]
    top = call.body.get("cache_control")
    if top and prompt:
        marks.append(_Breakpoint(len(prompt) - 1, top.get("ttl", "5m")))
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
