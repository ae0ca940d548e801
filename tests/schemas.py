"""The forms that docs/ publishes, held to the word: a member that they do not speak of is refused here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

DOCS = Path(__file__).resolve().parents[1] / "docs"


def strict(schema: Any) -> Any:
    """`schema`, and nothing beside what it names: readers have to let new members pass, we have to describe them."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema else {}
    return {**{name: strict(each) for name, each in schema.items()}, **closed}


def check(value: object, name: str) -> None:
    """Raise what is wrong with `value` where it is not as docs/`name`.schema.json has it."""
    schema = json.loads((DOCS / f"{name}.schema.json").read_text("utf-8"))
    jsonschema_rs.validator_for(strict(schema)).validate(value)
