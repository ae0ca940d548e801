"""Inputs and outputs of batches, as the tests of `batch run` have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .conftest import Program


def rows(*prompts: str) -> list[dict[str, Any]]:
    """A row for each prompt, with the id `q1`, `q2`, …"""
    return [{"id": f"q{number}", "prompt": prompt} for number, prompt in enumerate(prompts, 1)]


def write(claude: Program, *objects: object, name: str = "in.jsonl") -> Path:
    """The input `name` with a line for each object; text is a line as it is."""
    path = claude.folder / name
    lines = [each if isinstance(each, str) else json.dumps(each) for each in objects]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def read(claude: Program, name: str = "out.jsonl") -> list[dict[str, Any]]:
    """The rows of an output."""
    return [json.loads(line) for line in (claude.folder / name).read_text("utf-8").splitlines()]


def told(answers: list[dict[str, Any]]) -> list[tuple[Any, str, str]]:
    """Of each row its id, its status, and its text or the code of its error."""
    return [(each["id"], each["status"], each["error"]["code"] if each["error"] else each["text"]) for each in answers]
