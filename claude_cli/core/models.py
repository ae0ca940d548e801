"""The catalogue: which models there are, what they take, and what their names mean.

The data is `models.json` beside this file (each figure with its date and source in it). It goes stale, so an id
it does not know passes through untouched, and no model is ever swapped for another in silence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DEFAULT_MODEL = "sonnet"
DATA_FILE = Path(__file__).with_name("models.json")


@dataclass(frozen=True, slots=True)
class Model:
    """One current model; `raw` is its whole entry."""

    id: str
    display_name: str
    line: str
    aliases: tuple[str, ...]
    context_window: int
    max_output_tokens: int
    raw: dict[str, Any]

    def can(self, ability: str) -> Any:
        """The entry of `capabilities` by that name; None where it is not said."""
        return self.raw["capabilities"].get(ability)

    @property
    def thinking_types(self) -> tuple[str, ...]:
        """The `thinking.type` values it accepts."""
        return tuple(self.raw["thinking"]["types"])

    @property
    def effort_levels(self) -> tuple[str, ...]:
        """The effort levels it accepts; empty where it takes none."""
        return tuple(self.raw["effort"]["levels"])


class Catalogue:
    """The models of one `models.json`."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Index `data`, an object of format 1."""
        self.as_of: str = data["as_of"]
        self.models = tuple(_model(entry) for entry in data["models"])
        self._retired = {name: entry for entry in data["retired"] for name in (entry["id"], *entry["aliases"])}
        self._names = {name: model for model in self.models for name in (model.id, *model.aliases)}
        self._lines: dict[str, str] = data["line_defaults"]

    def find(self, name: str) -> Model | None:
        """The current model called `name`: a line's word (opus), an alias or an id. None for any other."""
        return self._names.get(self._lines.get(name.lower(), name))

    def resolve(self, name: str) -> str:
        """The id to send for `name`: the line's default for its bare word, any other name untouched."""
        return self._lines.get(name.lower(), name)

    def successor(self, name: str) -> str | None:
        """The model that took the place of the retired `name`, if it is one."""
        entry = self._retired.get(name)
        return entry["replacement"] if entry else None

    def names(self) -> list[str]:
        """Every word that means a model here, for completion and for hints."""
        return [*self._lines, *(name for model in self.models for name in (model.id, *model.aliases))]


def _model(entry: dict[str, Any]) -> Model:
    return Model(
        id=entry["id"],
        display_name=entry["display_name"],
        line=entry["line"],
        aliases=tuple(entry["aliases"]),
        context_window=entry["context_window"],
        max_output_tokens=entry["max_output_tokens"],
        raw=entry,
    )


@cache
def catalogue() -> Catalogue:
    """The shipped catalogue, read once."""
    return Catalogue(json.loads(DATA_FILE.read_bytes()))
