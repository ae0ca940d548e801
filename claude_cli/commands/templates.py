"""`claude-cli templates`: the prompt templates, listed, shown and edited."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..context import Context
from ..core.errors import UsageError
from ..storage.templates import (
    SHIPPED,
    SKELETON,
    describe,
    find_template,
    is_name,
    parse_template,
    read_template,
    save_template,
    template_names,
)
from . import _options as options

group = typer.Typer()


@dataclass(frozen=True, slots=True)
class _Listed:
    """One line of the list; `problem` says why the template cannot be used, "" where it can."""

    name: str
    description: str
    path: Path
    shipped: bool
    hides_shipped: bool
    problem: str

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""
        if self.shipped:
            return "shipped"
        return f"{self.path}, in place of the shipped one" if self.hides_shipped else str(self.path)


@group.command("list")
def list_(as_json: options.AsJson = False) -> int:
    """List the templates: name, what it is for, where it comes from."""
    context = Context()
    found = [_listed(name, context) for name in template_names(context.environ)]
    if as_json:
        context.console.answer(json.dumps({"version": 1, "templates": [_as_json(each) for each in found]}) + "\n")
        return 0
    width = max(len(each.name) for each in found)
    for each in found:
        text = f"cannot be used: {each.problem}" if each.problem else f"{each.description} ({each.origin})"
        context.console.answer(f"{each.name:{width}}  {text}\n")
    return 0


def _listed(name: str, context: Context) -> _Listed:
    path = find_template(name, context.environ)
    shipped, twin = path.parent == SHIPPED, (SHIPPED / path.name).exists()
    try:
        text = read_template(path)
        template = parse_template(text, name=name, path=path)
    except UsageError as error:
        return _Listed(name, "", path, shipped, twin and not shipped, str(error))
    words = describe(text).removesuffix(".") or " ".join((template.prompt or template.system).split())
    return _Listed(name, words if len(words) <= 100 else f"{words[:99]}…", path, shipped, twin and not shipped, "")


def _as_json(listed: _Listed) -> dict[str, str | bool | None]:
    return {
        "name": listed.name,
        "description": listed.description,
        "source": "shipped" if listed.shipped else "user",
        "path": str(listed.path),
        "replaces_shipped": listed.hides_shipped,
        "problem": listed.problem or None,
    }


@group.command("show")
def show(name: Annotated[str, typer.Argument(help="Name or path.")]) -> int:
    """Print a template's file."""
    context = Context()
    text = read_template(find_template(name, context.environ))
    context.console.answer(text if text.endswith("\n") else f"{text}\n")
    return 0


@group.command("edit")
def edit(name: Annotated[str, typer.Argument(help="Name; a new one makes a template, a shipped one's a copy.")]) -> int:
    """Edit a template of your own; it is checked before it is saved."""
    from ..terminal.ask import can_ask, confirm
    from ..terminal.editor import edit as edited
    from ..terminal.editor import keep

    context = Context()
    console = context.console
    if not is_name(name):
        raise UsageError(f"{name!r} is no template's name: letters, digits, '-', '_' and '.', and no path")
    known = name in template_names(context.environ)
    text = before = read_template(find_template(name, context.environ)) if known else SKELETON
    while (text := edited(text, environ=context.environ, tell=console.line, suffix=".toml")) != before and text.strip():
        try:
            parse_template(text, name=name, path=Path(f"{name}.toml"))
            path = save_template(name, text, context.environ)
        except UsageError as error:
            if can_ask(console) and confirm(console, f"{error}; edit it again?"):
                continue
            raise UsageError(f"{error}; nothing is saved, what you wrote is kept in {keep(text, '.toml')}") from error
        console.say(f"claude-cli: saved as {path}; use it with -t {name}")
        return 0
    console.say("claude-cli: nothing was changed, so nothing is saved")
    return 0
