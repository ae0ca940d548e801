"""What is being written: the text of a message, and what it brings along, each thing shown in the text as a chip."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..core.messages import Block, text_block

FIRST = ("document",)
"""Kinds of blocks that stand before the images: long texts first give better answers."""


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that a message brings along.

    Attributes:
        name: what the user and the model call it: "image 1", "notes.txt".
        label: how it stands in the text that is edited: "[image 1 · 1.2 MB · ~1,300 tokens]".
        block: its content block.
        source: what names it to whoever wants it again: its path; "" for what is nowhere.
        note: what the user should know of it, in one line; mostly nothing.
    """

    name: str
    label: str
    block: Block
    source: str = ""
    note: str = ""

    @property
    def short(self) -> str:
        """How it stands in the text that is sent."""
        return f"[{self.name}]"

    @property
    def typed(self) -> str:
        """How the user would type it, as the history of prompts keeps it."""
        return f"@{as_typed_path(self.source)}" if self.source else self.short


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that has not been sent: what stands in the prompt, or goes back there when sending fails."""

    text: str = ""
    chips: tuple[Chip, ...] = ()

    @property
    def used(self) -> tuple[Chip, ...]:
        """The chips whose label still stands in the text; whoever deletes a label takes that thing off."""
        return tuple(chip for chip in self.chips if chip.label in self.text)

    @property
    def content(self) -> tuple[Block, ...]:
        """The blocks to be sent: documents, images, then the text with the chips' short names in it."""
        text = self.text
        for chip in self.used:
            text = text.replace(chip.label, chip.short)
        documents = [chip.block for chip in self.used if chip.block.get("type") in FIRST]
        others = [chip.block for chip in self.used if chip.block.get("type") not in FIRST]
        return (*documents, *others, *([text_block(text)] if text.strip() else []))

    @property
    def remembered(self) -> str:
        """The text as it can be typed again, with paths in the place of chips."""
        text = self.text
        for chip in self.used:
            text = text.replace(chip.label, chip.typed)
        return text

    def with_chip(self, chip: Chip) -> Draft:
        """The draft with one thing more, its label at the end of the text."""
        gap = " " if self.text and not self.text[-1].isspace() else ""
        return replace(self, text=f"{self.text}{gap}{chip.label} ", chips=(*self.chips, chip))


def as_typed_path(path: str) -> str:
    """A path as one word of a text: quoted where it has blanks or quotes."""
    if not re.search(r"[\s\"'\\]", path):
        return path
    return f'"{path}"' if '"' not in path else re.sub(r"([\s\"'\\])", r"\\\1", path)
