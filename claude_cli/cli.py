"""The command line: which words mean which command, and the one place where an error becomes an exit status.

Only the command that is called is loaded; `--help` loads them all, but nothing of the engine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.main

from .commands import ALIASES
from .core.errors import OutputError, UsageError
from .terminal.console import STDERR, STDIN, STDOUT, Console, is_terminal
from .terminal.signals import EXIT_CLOSED_PIPE, exit_status, stopped_by
from .terminal.stdin import kind_of

COMMANDS = {
    "chat": "Talk, in a conversation that is kept.",
    "complete": "Answer one prompt on standard output.",
    "batch": "Ask many prompts, and keep each answer.",
    "history": "List, show, search, export, import and remove conversations.",
    "config": "Show and change the settings.",
    "models": "List the models: prices, limits, abilities, lifecycle.",
    "tokens": "Count the tokens of a prompt.",
    "usage": "Show what was used and spent.",
    "templates": "List, show and edit prompt templates.",
    "keys": "Store, list, test and remove API keys.",
    "health": "Find out why it does not work: key, network, folders.",
    "serve": "Serve Claude to OpenAI clients, behind your own keys.",
    "simulate": "Simulate the Messages API on this machine.",
    "completions": "Print the completion script of bash, zsh or fish.",
}
_KEY_FLAG = re.compile(r"--(?:anthropic[-_])?(?:(?:api[-_]?)?key|(?:(?:api|auth)[-_])?token)(?:=.*)?", re.DOTALL)
EXAMPLES = """claude-cli: Claude in your terminal.

  claude-cli chat
  git diff | claude-cli "Write a commit message"
  claude-cli chat --offline                       (try it without a key)

All commands and options: claude-cli --help
"""
EPILOG = """\b
Examples:
  claude-cli chat
  claude-cli "Explain TLS in two sentences"
  git diff | claude-cli "Write a commit message"
  claude-cli keys set

\b
Exit statuses (docs/reference.md): 0 done, 2 usage, 3 key or payment,
4 rejected, 5 overloaded, 6 network, 7 incomplete, 8 refused, 9 budget,
10 wrong form, 11 failed rows.
"""
COMPLETE_EPILOG = """\b
Examples:
  claude-cli complete "Explain TLS in two sentences"
  claude-cli complete -f notes.txt "Summarise this"
  claude-cli complete -x "A Python function that slugifies a title" > slug.py
"""
CHAT_EPILOG = """\b
Examples:
  claude-cli chat
  claude-cli chat -c
  cat error.log | claude-cli chat "What went wrong?"
  claude-cli chat --no-input < questions.txt
"""
_EPILOGS = {"chat": CHAT_EPILOG, "complete": COMPLETE_EPILOG}


def build(only: str | None = None) -> typer.Typer:
    """The Typer application: with one command where it is known which, else with all of them."""
    app = typer.Typer(
        name="claude-cli",
        help="Claude in your terminal: one-shot answers, pipelines, scripts. A prompt with a blank needs no command.",
        epilog=EPILOG,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_global_options)
    for name in [only] if only else COMMANDS:
        module = import_module(f".commands.{name}", __package__)
        if hasattr(module, "group"):
            app.add_typer(module.group, name=name, help=COMMANDS[name])
        else:
            app.command(name, help=COMMANDS[name], epilog=_EPILOGS.get(name))(module.command)
    return app


def _global_options(
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and leave.")] = False,
) -> None:
    """Claude in your terminal."""
    if version:
        from . import __version__

        typer.echo(f"claude-cli {__version__}")
        raise typer.Exit


def __getattr__(name: str) -> Any:
    """`app`, the whole application, for tools that look for it: the generator of the reference among them."""
    if name == "app":
        return build()
    raise AttributeError(name)


def main(arguments: Sequence[str]) -> int:
    """Run `arguments` and return the exit status. Every failure becomes one line on standard error here."""
    words = list(arguments)
    try:
        return _run(words)
    except KeyboardInterrupt as stop:
        return exit_status(stop)
    except BrokenPipeError:
        return EXIT_CLOSED_PIPE
    except OutputError as error:
        stopped = stopped_by(error)  # with SIGHUP the terminal has gone, and takes nothing more
        return stopped.status if stopped else _report(error, words)
    except Exception as error:  # the one border: also a bug becomes a line, its traceback only on request
        cause = error.__cause__
        if isinstance(cause, KeyboardInterrupt):  # it came while a class was made, where Python 3.11 wraps it
            return exit_status(cause)
        return _report(error, words)


def _run(words: list[str]) -> int:
    console = Console(is_terminal(STDOUT), is_terminal(STDERR))
    console.check()
    _refuse_keys(words)
    routed = route(words)
    if routed is None:
        console.answer(EXAMPLES)
        return 0
    # One command is loaded where it is known which; completions are made of all.
    name = routed[0] if routed and routed[0] in COMMANDS and routed[0] != "completions" else None
    command = typer.main.get_command(build(name))
    try:
        # Not by calling it: that would turn Ctrl-C, SIGTERM and a closed pipe into errors of its own.
        with command.make_context("claude-cli", routed) as context:
            result = command.invoke(context)
    except typer.Exit as leave:
        return leave.exit_code
    return result if isinstance(result, int) else 0


def route(words: Sequence[str]) -> list[str] | None:
    """The words with their command: a bare prompt means `complete`. None: nothing was asked for on a terminal.

    Raises:
        UsageError: the first word is no command and no prompt, or options stand before a command.
    """
    if not words:
        return ["complete"] if kind_of(STDIN) in ("pipe", "file") else None
    first, *rest = words
    if first in ALIASES:
        return [ALIASES[first], *rest]
    if first == "help":
        return [*rest[:1], "--help"]
    if first in COMMANDS or first in ("--help", "-h", "--version", "-V"):
        return [*words]
    if not first.startswith("-"):
        if first and len(first.split()) < 2:
            raise UsageError(_no_command(words))
        return ["complete", *words]
    return ["complete", *_bare(words)]


def _bare(words: Sequence[str]) -> list[str]:
    """The words of a prompt without a command, which options precede; `-p`, other tools' word for it, is taken out."""
    own = words[: words.index("--")] if "--" in words else words
    if "-p" in own:
        at = own.index("-p")
        return [*words[:at], *words[at + 1 :]]
    command = next((word for word in own if word in COMMANDS or word in ALIASES), None)
    if command:
        raise UsageError(f"options go behind the command: claude-cli {command} {words[0]} …")
    return [*words]


def _refuse_keys(words: Sequence[str]) -> None:
    """Say where a key belongs, wherever one is given as an option; the option's value is not repeated.

    Raises:
        UsageError: a word is such an option.
    """
    own = words[: words.index("--")] if "--" in words else words
    if any(_KEY_FLAG.fullmatch(word) for word in own):
        raise UsageError(
            "a key never goes on the command line: other users of this machine can read it there, and the shell's"
            " history keeps it; replace it if they might have, and store it with: claude-cli keys set"
        )


def _no_command(words: Sequence[str]) -> str:
    """What to say of `words`, whose first is no command: the nearest one, and the line that makes a prompt of them."""
    from difflib import get_close_matches
    from shlex import join

    first = words[0]
    count = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    prompt = " ".join(words[:count])
    plain = count > 1 and not set(prompt) & set('"$`!\\')
    quoted = f'"{prompt}"' if plain else join([prompt])
    line = " ".join(["claude-cli", *(["complete"] if count == 1 else []), quoted])
    line = f"{line} {join(words[count:])}".rstrip()
    near = get_close_matches(first, [*COMMANDS, *ALIASES], 1, 0.7)
    meant = f"did you mean {near[0]}? If it is a prompt" if near else "if it is a prompt"
    return f"there is no command {first!r}; {meant}{', quote it' if count > 1 else ''}: {line}"


def _report(error: Exception, words: Sequence[str]) -> int:
    from .commands._failure import report

    try:
        return report(error, words)
    except KeyboardInterrupt as stop:
        return exit_status(stop)
    except BrokenPipeError:
        return EXIT_CLOSED_PIPE
