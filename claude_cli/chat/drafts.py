"""A message that has been kept, back in the prompt: its text, and a chip for each thing that it brought along."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..core.conversation import Conversation, Turn
from ..core.messages import Block
from ..core.sizes import readable_size
from ..terminal.chips import Attacher
from ..terminal.draft import Chip, Draft
from ..terminal.slash import as_message


def count(attacher: Attacher, conversation: Conversation, draft: Draft) -> None:
    """Have attachments counted on behind those of the branch in use, and of a `draft` that stands in the prompt."""
    sent = [block for turn in conversation.path for block in turn.content]
    attacher.begin([*sent, *(chip.block for chip in draft.chips)])


def draft_of(turn: Turn) -> Draft:
    """The user's `turn` as it may stand in the prompt; what its text does not speak of stands before it."""
    text = as_message(turn.text)
    chips: list[Chip] = []
    taken: set[str] = set()
    for block in turn.content:
        if block.get("type") != "text":
            name = _name(block, text, taken)
            taken.add(name)
            chips.append(Chip(name, f"[{name} · {_size(block)}]", block))
    before = ""
    for chip in chips:
        if chip.short in text:
            text = text.replace(chip.short, chip.label)
        else:
            before += f"{chip.label} "
    return Draft(before + text, tuple(chips))


def _name(block: Block, text: str, taken: set[str]) -> str:
    """What the message calls `block`; where it does not speak of it, a name of its own."""
    source = _source(block)
    title = str(block.get("title") or "")
    if block.get("type") == "document" and source.get("type") != "base64":
        return _free(lambda number: title if title and number == 1 else f"{title or 'document'} ({number})", taken)
    kind = "image" if block.get("type") == "image" else "pdf" if block.get("type") == "document" else "attachment"
    told = sorted({int(number) for number in re.findall(rf"\[{kind} (\d{{1,9}})\]", text)})
    named = next((f"{kind} {number}" for number in told if f"{kind} {number}" not in taken), None)
    return named or _free(lambda number: f"{kind} {number}", taken)


def _free(name: Callable[[int], str], taken: set[str]) -> str:
    number = 1
    while name(number) in taken:
        number += 1
    return name(number)


def _source(block: Block) -> Mapping[str, Any]:
    """Where the data of `block` is; nothing where that was damaged."""
    source = block.get("source")
    return source if isinstance(source, Mapping) else {}


def _size(block: Block) -> str:
    source = _source(block)
    data = source.get("data")
    if not isinstance(data, str):
        return "not in the message itself"
    return readable_size(len(data) * 3 // 4 if source.get("type") == "base64" else len(data.encode("utf-8", "replace")))
