"""Going on where an answer paused or was cut: the next request, and the legs as one answer.

A leg is one whole message of the provider. The user sees one answer: one start, blocks numbered on, one end, and
the usage of all legs together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from .events import Event, Fold, MessageDelta, MessageDone, MessageStart, Ping, usage_from
from .messages import Block, ChatRequest, Completion, Message, Usage, text_block, text_of

MAX_CONTINUATIONS = 5
"""Times an answer is continued at most; a server tool that pauses for ever must not cost for ever."""

GO_ON = (
    "Your answer was cut off at its length limit. Go on exactly where it stopped, in mid-sentence if need be:"
    " repeat nothing, add no introduction."
)


def continue_paused(request: ChatRequest, blocks: Sequence[Block]) -> ChatRequest:
    """`request` with the paused turn appended unchanged, as the API wants it."""
    return replace(request, messages=(*request.messages, Message("assistant", tuple(blocks))))


def continue_truncated(request: ChatRequest, blocks: Sequence[Block], *, prefill: bool) -> ChatRequest | None:
    """`request` asking for the rest of a cut answer; None where there is no text to go on from.

    Args:
        request: the original question.
        blocks: all that has come so far.
        prefill: the model continues an assistant turn by itself; else, and where it thinks, a user turn asks it to.
    """
    if any("input" in block for block in blocks):
        return None  # half a tool call cannot be continued
    text = text_of(blocks)
    if not text.strip():
        return None
    prefill = prefill and (request.options.thinking or {}).get("type") in (None, "disabled")
    said = Message("assistant", (text_block(text.rstrip() if prefill else text),))
    turns = (said,) if prefill else (said, Message("user", (text_block(GO_ON),)))
    return replace(request, messages=(*request.messages, *turns))


def joined(first: Sequence[Block], rest: Sequence[Block], *, trimmed: bool) -> tuple[Block, ...]:
    """The two halves of an answer as one: where they meet, their words are one text, "he" and "llo" are "hello".

    The thinking of the second half is left out: it is bound to a request that will never be made again. Of the first
    half's, that which had not come to its end and so lacks its signature; and its use of a tool that has no result.

    Args:
        trimmed: blanks at the end of the first half have not been sent, and so are no part of the whole.
    """
    answered = {block.get("tool_use_id") for block in first}
    thought = [block for block in first if block.get("type") != "thinking" or block.get("signature")]
    blocks = [dict(block) for block in thought if "input" not in block or block.get("id") in answered]
    if trimmed and blocks and blocks[-1].get("type") == "text":
        blocks[-1]["text"] = blocks[-1]["text"].rstrip()
    for block in rest:
        if block.get("type") in ("thinking", "redacted_thinking"):
            continue
        if blocks and block.get("type") == blocks[-1].get("type") == "text":
            blocks[-1] = _one_text(blocks[-1], block)
        else:
            blocks.append(block)
    return tuple(blocks)


def _one_text(one: Block, other: Block) -> Block:
    cited = [*(one.get("citations") or ()), *(other.get("citations") or ())]
    return {**one, "text": one["text"] + str(other.get("text") or ""), **({"citations": cited} if cited else {})}


class Legs:
    """Several messages, told and folded as one."""

    def __init__(self) -> None:
        """Start with the first leg."""
        self.number = 1
        self.finished = False
        self._fold = Fold()
        self._offset = 0
        self._before: tuple[Block, ...] = ()
        self._spent: list[dict[str, Any]] = []
        self._first: MessageStart | None = None
        self._whole: Completion | None = None

    def check(self) -> None:
        """Raises `StreamInterruptedError` where the present leg did not come to its end."""
        self._fold.check()

    @property
    def stop_reason(self) -> str | None:
        """Why the present leg ended."""
        return self._fold.stop_reason

    @property
    def ending(self) -> bool:
        """Whether the present leg's whole usage is known: the reason of its end has come."""
        return self.stop_reason is not None

    @property
    def spent(self) -> tuple[Usage, ...]:
        """The usage of each leg before the present one."""
        return tuple(map(usage_from, self._spent))

    def present(self) -> Completion:
        """The present leg alone, as far as it has come."""
        return self._whole if self._whole and self.number == 1 else self._fold.completion()

    @property
    def text(self) -> str:
        """The text of all legs so far."""
        return text_of(self.blocks())

    def blocks(self) -> tuple[Block, ...]:
        """The blocks of all legs so far."""
        return self._before + self._fold.blocks()

    def add(self, events: Sequence[Event]) -> Sequence[Event]:
        """Fold `events` in; returns them as parts of the one answer, without the end of a leg (see `last_events`)."""
        self._fold.add_all(events)
        if self._first is None:
            self._first = next((event for event in events if isinstance(event, MessageStart)), None)
        if self.number == 1 and not self._fold.ending:
            return events
        shown = [event for event in events if not isinstance(event, MessageDelta | MessageDone)]
        if self.number == 1:
            return shown
        return [_moved(event, self._offset) for event in shown if not isinstance(event, MessageStart)]

    def next(self) -> None:
        """Begin another leg."""
        self._before = self.blocks()
        self._spent.append(self._fold.completion().usage.raw)
        self._offset = len(self._before)
        self._fold = Fold()
        self.number += 1

    def last_events(self) -> list[Event]:
        """The end of the one answer: why it stopped, and what all legs used."""
        self.finished = True
        done = self._whole = self.completion()  # asked for again by the books, and by whoever made the call
        return [
            MessageDelta(done.stop_reason, done.stop_sequence, done.stop_details, done.usage.raw),
            MessageDone(),
        ]

    def completion(self) -> Completion:
        """All legs as one answer."""
        if self._whole:
            return self._whole
        last = self._fold.completion()
        if self.number == 1:
            return last
        first = self._first or MessageStart(last.id, last.model)
        used = [*self._spent, last.usage.raw]
        billed = self._spent if last.unbilled else used
        return replace(
            last, id=first.id, model=last.model or first.model, content=self.blocks(),
            usage=total(used), request_id=last.request_id or first.request_id,
            legs=tuple(map(usage_from, billed)),
        )  # fmt: skip


def _moved(event: Event, offset: int) -> Event:
    match event:
        case MessageStart() | MessageDelta() | MessageDone() | Ping():
            return event
        case _:
            return replace(event, index=event.index + offset)


def total(used: Sequence[dict[str, Any]]) -> Usage:
    """The API's usage objects of some messages, at least one, as one."""
    return usage_from(reduce(_sum, used))


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two usage objects as one: numbers added, objects likewise, words from the later one."""
    both = dict(one)
    for key, value in other.items():
        old = both.get(key)
        if isinstance(value, int) and isinstance(old, int):
            both[key] = old + value
        elif isinstance(value, dict) and isinstance(old, dict):
            both[key] = _sum(old, value)
        elif value is not None or key not in both:
            both[key] = value
    return both
