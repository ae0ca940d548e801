"""`claude-cli models`: the models this version knows."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ..context import Context
from . import _options as options


def command(
    search: Annotated[str | None, typer.Argument(help="Only models whose id, name or line holds this.", show_default=False)] = None,
    as_json: options.AsJson = False,
) -> int:  # fmt: skip
    """List the models this version knows: id, context window, output cap, state."""
    from ..core.models import catalogue

    known = catalogue()
    word = (search or "").lower()
    found = [model for model in known.models if word in f"{model.id} {model.display_name} {model.line}".lower()]
    console = Context().console
    if as_json:
        console.answer(
            json.dumps({"version": 1, "as_of": known.as_of, "models": [model.raw for model in found]}) + "\n"
        )
        return 0
    lines = []
    for model in found:
        word_for_it = f" = {model.line}" if known.resolve(model.line) == model.id else ""
        state = "" if model.raw["lifecycle"] == "active" else f"  {model.raw['lifecycle']}"
        window, most = model.context_window // 1000, model.max_output_tokens // 1000
        lines.append(f"{model.id + word_for_it:36} {window:>5}k in {most:>4}k out{state}")
    console.answer("".join(f"{line}\n" for line in lines))
    if not found:
        console.say(f"claude-cli: no model matches {search!r}; `claude-cli models` lists them all")
    return 0
