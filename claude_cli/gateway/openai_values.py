"""Values of a request checked one by one, and what is found on the way: the state of one decoding.

Every value comes from outside and may be any JSON; what it is for is known to the other files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.messages import Block
from ..core.models import Model
from .asked import OnUnsupported
from .refusal import Refusal

LONGEST_NAME = 64
"""Characters of a tool's name at the API (`^[a-zA-Z0-9_-]{1,64}$`); its ids are held to the same."""
_DEEPEST = 100
_MOST_DROPPED = 32
_LONGEST_PARAM = 200
_NAMED = re.compile(rf"[a-zA-Z0-9_-]{{1,{LONGEST_NAME}}}")
_STRANGE = re.compile(r"[^a-zA-Z0-9_-]")
_UNPRINTED = re.compile(r"[^a-zA-Z0-9_.\[\]-]")
_PLACE_IN_LIST = re.compile(r"\[\d+\]")


class Renaming:
    """Words of a client's as words that the API takes, each of them another."""

    def __init__(self) -> None:
        """Begin with a request."""
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def new(self, word: str) -> str:
        """What stands for `word`, which has not been asked before: itself where that can be."""
        base = word if _NAMED.fullmatch(word) else _STRANGE.sub("_", word[:LONGEST_NAME]) or "_"
        found = base
        while found in self._taken:
            number = self._numbers[base] = self._numbers.get(base, 1) + 1
            found = f"{base[: LONGEST_NAME - len(str(number)) - 1]}_{number}"
        self._taken.add(found)
        return found


@dataclass(slots=True)
class Decoding:
    """One request while it is decoded.

    Attributes:
        id: of its model.
        model: what is known of it; None: nothing.
        on_unsupported: what is done with what cannot be honoured.
        dropped: names of what was left out or changed, in the order it was met.
        tool_names: the names of tools that are sent, by the client's own.
        hints: lines for the end of the system prompt, in place of what the model cannot be told otherwise.
        last_hints: such lines for this answer alone; where the model takes them, in a system turn at the end.
        prefill: where the answer stands that the model is to go on with; "": there is none.
        marked: the blocks and tools with a mark of the prompt cache, in the order of the prompt.
    """

    id: str
    model: Model | None
    on_unsupported: OnUnsupported
    dropped: dict[str, None] = field(default_factory=dict)
    tool_names: dict[str, str] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)
    last_hints: list[str] = field(default_factory=list)
    prefill: str = ""
    marked: list[Block] = field(default_factory=list)
    renaming: Renaming = field(default_factory=Renaming)

    def able(self, word: str) -> bool | None:
        """Whether the model has this ability, by the words of the catalogue; None where that is not known."""
        return self.model.able(word) if self.model else None

    def drop(self, name: str, why: str, param: str = "") -> None:
        """Do without a part of the request.

        Args:
            name: what it is called in the header.
            why: words that follow its name.
            param: where it stands; "": its name says so.
        Raises:
            Refusal: 400, such requests are to be refused.
        """
        if self.on_unsupported == "reject":
            param = (param or name)[:_LONGEST_PARAM]
            raise Refusal(400, f"{param} {why}", param=param, code="unsupported_parameter")
        if len(self.dropped) < _MOST_DROPPED:
            # It becomes part of a header, and may be a word of the client's own.
            self.dropped[_UNPRINTED.sub("_", name[:LONGEST_NAME])] = None

    def drop_strangers(self, given: Mapping[str, Any], known: Collection[str], path: str = "") -> None:
        """Do without the members of `given`, at `path`, that are none of `known`; empty ones meant nothing.

        Raises:
            Refusal: 400, such requests are to be refused.
        """
        for name in given:
            if name not in known and given[name] not in (None, "", [], {}):
                place = f"{path}.{name}" if path else name
                self.drop(f"{_PLACE_IN_LIST.sub('[]', path)}.{name}" if path else name, "is not known here", place)

    def tool_name(self, name: str) -> str:
        """The name that is sent for the tool `name`, always the same."""
        found = self.tool_names.get(name)
        if found is None:
            found = self.tool_names[name] = self.renaming.new(name)
        return found


def text(value: object, param: str) -> str:
    """`value`, a text. Raises `Refusal`: 400, it is none; as do all functions here."""
    if isinstance(value, str):
        return value
    raise wrong(value, param, "a text")


def flag(value: object, param: str) -> bool:
    """`value`, true or false; null is false."""
    if value is None or isinstance(value, bool):
        return bool(value)
    raise wrong(value, param, "true or false")


def whole(value: object, param: str, least: int | None = None) -> int:
    """`value`, a whole number from `least`; None: any."""
    if type(value) is int and (least is None or value >= least):
        return value
    raise wrong(value, param, "a whole number" if least is None else f"a whole number from {least}")


def number(value: object, param: str, least: float, most: float) -> float:
    """`value`, a number from `least` to `most`, as it is."""
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise wrong(value, param, f"a number from {least:g} to {most:g}")


def one_of(value: object, param: str, words: Collection[str]) -> str:
    """`value`, one of `words`."""
    if isinstance(value, str) and value in words:
        return value
    raise wrong(value, param, " or ".join(words))


def mapping(value: object, param: str) -> Mapping[str, Any]:
    """`value`, an object."""
    if isinstance(value, dict):
        return value
    raise wrong(value, param, "an object")


def listed(value: object, param: str) -> list[Any]:
    """`value`, a list; null is an empty one."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise wrong(value, param, "a list")


def plain(value: Any, param: str, depth: int = 0) -> Any:
    """`value`, JSON of any kind that can be sent on: not too deep, and its numbers are some (1e999 is none)."""
    if depth > _DEEPEST:
        raise Refusal(400, f"{param} is nested deeper than {_DEEPEST} levels", param=param)
    for each in value.values() if type(value) is dict else value if type(value) is list else (value,):
        kind = type(each)
        if kind is dict or kind is list:
            plain(each, param, depth + 1)
        elif kind is float and not math.isfinite(each):
            why = "is none (NaN)" if math.isnan(each) else "is too large"
            raise Refusal(400, f"{param} has a number in it that {why}", param=param)
    return value


def wrong(value: object, param: str, wanted: str) -> Refusal:
    """That `value` is none of what is wanted."""
    if value is None:
        return Refusal(400, f"{param} is missing; it is {wanted}", param=param)
    return Refusal(400, f"{param} is {shown(value)}; it is {wanted}", param=param)


def shown(value: object) -> str:
    """A short word for `value` in a message."""
    if isinstance(value, str | int | float | bool):
        # `repr` of the beginning only: the whole may have megabytes.
        return repr(value[:40] + "…" if isinstance(value, str) and len(value) > 40 else value)[:64]
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "null"
