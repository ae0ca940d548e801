"""The catalogue: which models there are, what they take, and what their names mean.

The shipped data is `models.json` beside this file (each figure with its date and source in it). It goes stale, so an id
it does not know passes through untouched, and no model is ever swapped for another in silence. What the provider's own
list and the user's file say besides is laid over it by `model_merge.py`; any figure but the id may then be unknown.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

DEFAULT_MODEL = "sonnet"
DATA_FILE = Path(__file__).with_name("models.json")
RETIRING_DAYS = 60
"""How long before its end a model is said to retire."""
CAPABILITIES = {
    "vision": "image_input",
    "pdf": "pdf_input",
    "tools": "tools",
    "schema": "structured_outputs",
    "search": "web_search",
    "code": "code_execution",
    "batch": "batch",
    "citations": "citations",
    "caching": "prompt_caching",
    "prefill": "assistant_prefill",
    "sampling": "sampling_params",
    "forced": "forced_tool_choice",
    "system": "mid_conversation_system",
    "geo": "inference_geo",
    "batch300k": "extended_batch_output_300k",
}
"""Our words for abilities, and their names under `capabilities`."""
ABILITIES = (*CAPABILITIES, "thinking", "effort", "fast", "long")
"""All words that `Model.able` knows; "long" is a window of a million tokens."""
_LONG_TOKENS = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from.

    Attributes:
        kind: "shipped" with the program, "live" from the provider's own list, or the user's "own".
        where: the address of the list or the path of the file; "" for what is shipped.
        date: from when it is: a day, or a moment in UTC (ISO 8601); None for the user's own.
    """

    kind: Literal["shipped", "live", "own"]
    where: str = ""
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One model; `raw` is its whole entry, in the form of `models.json`.

    Attributes:
        line: "" where it belongs to none that is known.
        context_window, max_output_tokens: tokens; None: not known.
        source: of every figure that `sources` does not name ("context_window", "capabilities.tools", …).
        listed: whether the provider's own list has it; None: that list is not known.
    """

    id: str
    display_name: str
    line: str
    aliases: tuple[str, ...]
    context_window: int | None
    max_output_tokens: int | None
    raw: dict[str, Any]
    source: Source = Source("shipped")
    sources: Mapping[str, Source] = field(default_factory=dict)
    listed: bool | None = None

    def can(self, ability: str) -> Any:
        """The entry of `capabilities` by that name; None where it is not said."""
        return self.raw.get("capabilities", {}).get(ability)

    def able(self, word: str, today: str = "") -> bool | None:
        """Whether it has the ability that `word`, one of `ABILITIES`, means; None where that is not known.

        Args:
            today: YYYY-MM-DD; what has ended before is not there any more. "": nothing has ended.
        """
        if word == "thinking":
            return None if self.thinking_types is None else bool({*self.thinking_types} - {"disabled"})
        if word == "effort":
            return None if self.effort_levels is None else bool(self.effort_levels)
        if word == "fast":
            # Only the catalogue knows: of what it describes it names the price, where there is one.
            fast = self.raw.get("price_fast_mode")
            if fast:
                return bool((fast.get("until") or today) >= today)
            return False if self.source.kind == "shipped" and not self.is_retired else None
        if word == "long":
            return None if self.context_window is None else self.context_window >= _LONG_TOKENS
        found = self.can(CAPABILITIES[word])
        return None if found is None else bool(found)

    @property
    def thinking_types(self) -> tuple[str, ...] | None:
        """The `thinking.type` values it accepts; None where that is not known."""
        types = self.raw.get("thinking", {}).get("types")
        return None if types is None else tuple(types)

    @property
    def effort_levels(self) -> tuple[str, ...] | None:
        """The effort levels it accepts; empty where it takes none, None where that is not known."""
        levels = self.raw.get("effort", {}).get("levels")
        return None if levels is None else tuple(levels)

    @property
    def is_retired(self) -> bool:
        """Whether it is gone: a request for it is a 404."""
        return self.raw.get("lifecycle") == "retired"

    @property
    def is_own(self) -> bool:
        """Whether the user's file says something of it."""
        return any(source.kind == "own" for source in (self.source, *self.sources.values()))

    @property
    def retires_on(self) -> str | None:
        """The day it goes or went (YYYY-MM-DD); None where none is named."""
        return self.raw.get("retires_on") or self.raw.get("retired_on")

    def source_of(self, figure: str) -> Source:
        """Where `figure` comes from: "max_output_tokens", "price_usd_per_mtok.input"."""
        return self.sources.get(figure) or self.sources.get(figure.partition(".")[0]) or self.source


class Catalogue:
    """Models, and what their names mean.

    Attributes:
        as_of: the day of the shipped data.
        models: those in service; `retired` those that are gone.
        live: the provider's own list that is part of it, None where there is none.
        data: the shipped data, an object of format 1.
    """

    def __init__(
        self,
        data: dict[str, Any],
        *,
        models: Sequence[Model] | None = None,
        aliases: Mapping[str, str] | None = None,
        live: Source | None = None,
    ) -> None:
        """Index `models`, by default those of `data`.

        Args:
            aliases: the user's own names in lower case, and the id that each means.
        """
        self.data, self.live = data, live
        self.as_of: str = data["as_of"]
        if models is None:
            shipped = Source("shipped", date=self.as_of)
            models = [model_of(entry, shipped) for entry in (*data["models"], *data["retired"])]
        self.models = tuple(model for model in models if not model.is_retired)
        self.retired = tuple(model for model in models if model.is_retired)
        self._names = {name: model for model in self.models for name in (model.id, *model.aliases)}
        gone = self.retired
        self._retired = {name: model for model in gone for name in (_undated(model.id), model.id, *model.aliases)}
        self._lines = {line: self._in_service(line, name) for line, name in data["line_defaults"].items()}
        self._words = {**self._lines, **(aliases or {})}

    def find(self, name: str) -> Model | None:
        """The model in service called `name`: a line's word (opus), an alias or an id. None for any other."""
        return self._names.get(self.resolve(name))

    def resolve(self, name: str) -> str:
        """The id to send for `name`: what the user's alias or the line's word means, any other name untouched."""
        return self._words.get(name.lower(), name)

    def find_any(self, name: str) -> Model | None:
        """As `find`, but also a model that is gone."""
        return self.find(name) or self._retired.get(self.resolve(name))

    @property
    def offered(self) -> tuple[Model, ...]:
        """The models in service that the provider's list has, where that is known, and those the user named."""
        return tuple(model for model in self.models if model.listed is not False or model.is_own)

    def successor(self, name: str, today: str = "") -> str | None:
        """The model that took the place of the retired `name`, if it is one.

        Args:
            today: YYYY-MM-DD; a model that was to retire by then counts as retired.
        """
        model = self._retired.get(name) or self.find(name)
        if model is None or not (model.is_retired or (model.retires_on or "9") <= today):
            return None
        replacement = model.raw.get("replacement")
        found = replacement if replacement in self._names else self._lines.get(model.line, replacement)
        return found if found != model.id else None

    def retirement(self, name: str, today: str) -> str | None:
        """That the model `name` retires, when, and what takes its place; None where that is more than 60 days off."""
        model = self.find(name)
        if model is None or model.retires_on is None:
            return None
        from datetime import date

        days = (date.fromisoformat(model.retires_on) - date.fromisoformat(today)).days
        if days > RETIRING_DAYS:
            return None
        when = "was to retire" if days < 0 else "retires today" if days == 0 else f"retires in {_days(days)}"
        heir = self.successor(name, model.retires_on)
        return f"{model.id} {when} ({model.retires_on})" + (f"; its successor is {heir}" if heir else "")

    def words(self, model: Model) -> list[str]:
        """The line's word and the user's aliases that mean `model`."""
        return [word for word, name in self._words.items() if name == model.id or name in model.aliases]

    @property
    def unknown_aliases(self) -> dict[str, str]:
        """The user's aliases that mean an id of which nothing is known here, and that id."""
        return {word: name for word, name in self._words.items() if name not in self._names | self._retired}

    def names(self) -> list[str]:
        """Every word that means a model here, for completion and for hints."""
        return [*self._words, *(name for model in self.models for name in (model.id, *model.aliases))]

    def nearest(self, name: str) -> str:
        """Asks whether a name here that is close to `name` was meant; "" where none is."""
        from difflib import get_close_matches

        near = get_close_matches(name, self.names(), 1)
        return f"did you mean {near[0]}? " if near else ""

    def _in_service(self, line: str, name: str) -> str:
        """What the word of `line` means: `name`, unless that is gone and a newer model of the line is there."""
        heirs = [model for model in self.models if model.line == line and model.raw.get("lifecycle") == "active"]
        if name in self._names or not heirs:
            return name
        return max(heirs, key=lambda model: model.raw.get("created") or "").id


def model_of(
    entry: dict[str, Any],
    source: Source,
    sources: Mapping[str, Source] | None = None,
    *,
    listed: bool | None = None,
) -> Model:
    """The model of an entry of which only the id is needed; see `Model` for the rest."""
    return Model(
        id=entry["id"],
        display_name=entry.get("display_name") or entry["id"],
        line=entry.get("line") or "",
        aliases=tuple(entry.get("aliases", ())),
        context_window=entry.get("context_window"),
        max_output_tokens=entry.get("max_output_tokens"),
        raw=entry,
        source=source,
        sources=sources or {},
        listed=listed,
    )


def _undated(name: str) -> str:
    """An id without the day at its end, which nobody remembers once the model is gone."""
    return name[:-9] if name[-9:-8] == "-" and name[-8:].isdecimal() else name


def today() -> str:
    """The day (YYYY-MM-DD) in UTC, by which models come and go wherever one sits."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def _days(number: int) -> str:
    return f"{number} day{'s' * (number != 1)}"


@cache
def catalogue() -> Catalogue:
    """The shipped catalogue, read once."""
    return Catalogue(json.loads(DATA_FILE.read_bytes()))
