"""`claude-cli completions`: the script that lets a shell complete our commands, options and values."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from ..completion.tree import SHELLS, commands
from ..context import Context
from . import ALIASES
from . import _options as options

_PLACES = {
    "bash": "~/.local/share/bash-completion/completions/claude-cli",
    "zsh": "_claude-cli in a folder of $fpath",
    "fish": "~/.config/fish/completions/claude-cli.fish",
}


def command(
    context: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help=f"bash, zsh or fish. The script goes into a file: {'; '.join(f'{shell}: {place}' for shell, place in _PLACES.items())}.")],
) -> int:  # fmt: skip
    """Print the completion script of a shell; on a terminal also where it belongs."""
    options.one_of(shell, SHELLS, "completions")
    all_commands = [*commands(context.find_root().command, aliases=ALIASES)]
    script: str = import_module(f"..completion.{shell}", __package__).script(all_commands)
    console = Context().console
    console.answer(script)
    if console.out_is_terminal:
        console.line(f"the file for this script: {_PLACES[shell]}", dim=True)
    return 0
