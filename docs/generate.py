"""Writes docs/reference.md from the program itself: commands, options, settings, exit statuses, variables.

And two tables of docs/chat-commands.md. `make docs` writes the files, `python docs/generate.py --check` and
tests/test_docs.py compare them. What the program knows is asked of it; the two tables below are what no code can say:
the meaning of a status and of a variable.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer.main

from claude_cli.asking.parameters import PARAMETERS
from claude_cli.storage.paths import PROJECT_FILE_NAME
from claude_cli.storage.project_file import ALLOWED
from claude_cli.storage.settings import FILE_NAME, all_fields, variables
from claude_cli.terminal.slash import COMMANDS, Slash

REFERENCE = Path(__file__).with_name("reference.md")
CHAT_COMMANDS = Path(__file__).with_name("chat-commands.md")

INTRODUCTION = """\
# Reference

Written by `make docs` from the program itself: change the program, not this file.

`claude-cli` and `clc` are the same program. `claude-cli "a prompt with a blank"`, `… | claude-cli` and
`claude-cli -p "prompt"` mean `claude-cli complete`. Everything here is also in `claude-cli COMMAND --help`.
"""

EXIT_STATUSES = {
    0: "done",
    1: "unexpected (a bug), or output that could not be written",
    2: "usage, settings or bad input: change the command line",
    3: "key, permission or payment (401, 402, 403, the provider's spend cap): a person must act",
    4: "request rejected (400, 404, 409, 413, 422): sending it again cannot help",
    5: "rate limited or overloaded after all retries (429, 529), or the circuit breaker is open: try again later",
    6: "network, timeout (408, 504) or another 5xx: try again later",
    7: "answer incomplete (max_tokens, context window full, stream cut): what came stays on standard output",
    8: "refused by the model",
    9: "a budget is reached (--max-cost, budget.day, budget.month): nothing was sent, or the answer was cut there",
    10: "the answer does not fit the schema asked for, or has no code block to extract",
    11: "a batch is over, and rows of it have failed",
    129: "the terminal went away (SIGHUP)",
    130: "stopped by Ctrl-C",
    141: "the reader of standard output went away (closed pipe); nothing is printed",
    143: "stopped by SIGTERM",
}

ENVIRONMENT = {
    "ANTHROPIC_API_KEY": "The key. Sent to the base URL in force and nowhere else; never printed.",
    "ANTHROPIC_AUTH_TOKEN": "A bearer token, for a gateway that wants one in place of a key.",
    "ANTHROPIC_BASE_URL": "Where the Messages API is. Plain `http` only to this machine.",
    "CLAUDE_CLI_HOME": "One folder for everything of this program; else the platform's own folders.",
    "HTTPS_PROXY": "Proxy for `https` addresses; `HTTP_PROXY` and `ALL_PROXY` as in curl. Never used for this machine.",
    "NO_PROXY": "Hosts that are reached without the proxy.",
    "SSL_CERT_FILE": "Certificates to trust, in PEM, in place of the system's; `SSL_CERT_DIR` names a folder of them.",
    "NO_COLOR": "Set to anything: no colour. `FORCE_COLOR` asks for it where there is no terminal.",
    "TERM": "`dumb`: no escape sequence at all, nothing is drawn twice.",
    "COLUMNS": "Width of `--format rendered` where there is no terminal; 80 unless set.",
}


def reference(app: typer.Typer) -> str:
    """The whole page for `app`."""
    root = typer.main.get_command(app)
    sections = [INTRODUCTION, *command_sections("claude-cli", root), settings(), exit_statuses(), environment()]
    return "\n".join(sections)


def command_sections(name: str, command: Any) -> Iterator[str]:
    """The section of a command, then those of the commands inside it; hidden ones are left out."""
    yield command_section(name, command)
    for word, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from command_sections(f"{name} {word}", inner)


def command_section(name: str, command: Any) -> str:
    """One command: its help text, then a table of its arguments and one of its options."""
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = [parameter for parameter in shown if parameter.param_type_name == "argument"]
    options = [parameter for parameter in shown if parameter.param_type_name == "option"]
    parts = [f"## `{name}`", paragraphs(command.help or "")]
    if arguments:
        parts.append(table(("Argument", "Meaning"), [(argument_name(each), meaning(each)) for each in arguments]))
    if options:
        context = typer.Context(command)
        rows = [(flags(each, context), meaning(each), default(each)) for each in options]
        parts.append(table(("Option", "Meaning", "Default"), rows))
    return "\n\n".join(part for part in parts if part) + "\n"


def paragraphs(text: str) -> str:
    """A help text without its indentation and without the mark Typer uses for kept line breaks."""
    return "\n".join(line.strip() for line in text.replace("\b", "").strip().splitlines())


def argument_name(parameter: Any) -> str:
    """The argument as in the usage line: upper case, in brackets where it may be left out."""
    name = parameter.metavar or parameter.name.upper()
    return f"`{name}`" if parameter.required else f"`[{name}]`"


def flags(parameter: Any, context: typer.Context) -> str:
    """All spellings of an option, the long ones first, with the kind of value it takes, as in `--help`."""
    spellings = sorted([*parameter.opts, *parameter.secondary_opts], key=lambda flag: not flag.startswith("--"))
    text = ", ".join(f"`{flag}`" for flag in spellings)
    alone = parameter.is_flag or parameter.count
    return text if alone else f"{text} `{parameter.make_metavar(context)}`"


def meaning(parameter: Any) -> str:
    """The help text, with what follows from the option's kind: repeatable, and the variable that sets it."""
    text, _ = help_and_default(parameter)
    if parameter.param_type_name == "option" and parameter.multiple and "repeatable" not in text:
        text += " Repeatable."
    names = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or []
    return text + "".join(f" Variable: `{name}`." for name in names)


def help_and_default(parameter: Any) -> tuple[str, str]:
    """The help text as one sentence, and the default where it is told in words, as in `[default: none]`."""
    text = " ".join((parameter.help or "").split())
    told = re.search(r" ?\[default: (.+)\]\.?$", text)
    text = text[: told.start()] if told else text
    return text.removesuffix(".") + ".", told[1] if told else ""


def default(parameter: Any) -> str:
    """The default as a reader would type it; empty where nothing is sent or done unless asked."""
    _, told = help_and_default(parameter)
    if told:
        return told
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = parameter.default
    if (
        value is None
        or value is False
        or callable(value)
        or value in ((), [], "", 0)
        or parameter.show_default is False
    ):
        return ""
    value = getattr(value, "value", value)
    return "on" if value is True else f"`{value}`"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; a bar inside a cell is escaped, or it would end the cell."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def settings() -> str:
    """The section of the settings; where one can be set by a variable, its name."""
    rows = []
    for name, setting in all_fields().items():
        variable = "".join(f"`{each}`" for each in variables(name)[:1])
        rows.append((f"`{name}`", setting.metadata["text"], written(setting.default), variable))
    words = (
        f"A flag wins over a variable, a variable over the project's `{PROJECT_FILE_NAME}`, that over the user's\n"
        f"`{FILE_NAME}` (TOML, one `name = value` a line). A project may set "
        f"{', '.join(f'`{name}`' for name in ALLOWED)}.\n"
        "[How to use them](settings.md)."
    )
    return f"## Settings\n\n{words}\n\n{table(('Setting', 'Meaning', 'Default', 'Variable'), rows)}\n"


def written(value: Any) -> str:
    """A default as it would stand in the file; empty for none."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "" if value in ("", ()) else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def exit_statuses() -> str:
    """The section of the exit statuses."""
    rows = [(str(status), text) for status, text in EXIT_STATUSES.items()]
    words = 'Statuses differ by what a script does next; 5 and 6 mean "try again".'
    return f"## Exit statuses\n\n{words}\n\n{table(('Status', 'Meaning'), rows)}\n"


def environment() -> str:
    """The section of the environment variables."""
    rows = [(f"`{name}`", text) for name, text in ENVIRONMENT.items()]
    return f"## Environment variables\n\nBeside those of the settings.\n\n{table(('Variable', 'Meaning'), rows)}\n"


def chat_commands(page: str) -> str:
    """The page about the chat's commands with its tables made anew, each between its two comments."""
    commands = [(f"`{f'/{each.name} {each.usage}'.strip()}`", sentences(each)) for each in COMMANDS]
    parameters = [(f"`{each.name}`", each.takes) for each in PARAMETERS.values()]
    tables = {
        "commands": table(("Command", "What it does"), commands),
        "parameters": table(("Parameter", "Its value"), parameters),
    }
    for name, text in tables.items():
        before, after = (re.search(rf"<!-- {mark}[^\n]*-->", page) for mark in (f"{name}:", f"/{name}"))
        assert before and after  # the page's own text, which a test reads
        page = f"{page[: before.end()]}\n{text}\n{page[after.start() :]}"
    return page


def sentences(command: Slash) -> str:
    """All that `/help NAME` says of a command."""
    also = f"Also {', '.join(f'`/{name}`' for name in command.aliases)}." if command.aliases else ""
    return " ".join(part for part in (command.help, command.more, also) if part)


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or with `--check` say whether they are fresh (exit 1 when one is not)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check = parser.parse_args(arguments).check

    from claude_cli.cli import app  # the page of the program that is installed here

    texts = {REFERENCE: reference(app), CHAT_COMMANDS: chat_commands(CHAT_COMMANDS.read_text("utf-8"))}
    if not check:
        for path, text in texts.items():
            path.write_text(text, "utf-8")
        return 0
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        print(f"docs/{path.name} is stale: run `make docs` and commit the result", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
