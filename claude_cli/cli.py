"""The command line: which words mean which command, and the one place where an error becomes an exit status.

Only the command that is called is loaded; `--help` loads them all, but nothing of the engine.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Annotated, Any

import typer

from .core.errors import ClaudeError, OutputError
from .terminal.console import STDERR, STDIN, Console, is_terminal
from .terminal.stdin import kind_of

COMMANDS = {
    "complete": "Answer one prompt on standard output.",
    "models": "List the models this version knows.",
    "health": "Check key, address and network with one free call.",
    "simulate": "Run the built-in simulator of the Messages API on this machine.",
}
ALIASES = {"ask": "complete", "doctor": "health"}
EXAMPLES = """claude-cli: Claude in your terminal.

  claude-cli complete "Explain TLS in two sentences"
  git diff | claude-cli complete "Write a commit message"
  claude-cli complete --offline "Try it without a key"

All commands and options: claude-cli --help"""
EXIT_INTERRUPTED, EXIT_CLOSED_PIPE, EXIT_TERMINATED = 130, 141, 143  # 128 + the signal's number, as shells report them


class Terminated(BaseException):
    """SIGTERM came."""


def build(only: str | None = None) -> typer.Typer:
    """The Typer application: with one command where it is known which, else with all of them."""
    app = typer.Typer(
        name="claude-cli",
        help="Claude in your terminal: one-shot answers, pipelines and scripts.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_global_options)
    for name in [only] if only else COMMANDS:
        command = import_module(f".commands.{name}", __package__).command
        app.command(name, help=COMMANDS[name])(command)
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
    _die_politely()
    words = route(list(arguments))
    if words is None:
        print(EXAMPLES)
        return 0
    name = words[0] if words and words[0] in COMMANDS else None
    try:
        result = build(name)(words, standalone_mode=False, prog_name="claude-cli")
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except Terminated:
        return EXIT_TERMINATED
    except BrokenPipeError:
        return EXIT_CLOSED_PIPE
    except ClaudeError as error:
        return report(error, words)
    except typer.TyperException as error:
        return report_usage(error.format_message(), words, error.exit_code)
    except Exception as error:  # the one border: a bug becomes a line too, its traceback only on request
        return _bug(error, words)
    return result if isinstance(result, int) else 0


def route(words: list[str]) -> list[str] | None:
    """The words with their command: a bare prompt means `complete`. None: nothing was asked for on a terminal."""
    if not words:
        return ["complete"] if kind_of(STDIN) in ("pipe", "file") else None
    first = words[0]
    if first in ALIASES:
        return [ALIASES[first], *words[1:]]
    if first in ("--help", "-h", "--version", "-V") or first in COMMANDS:
        return words
    if (first.startswith("-") and len(first) > 1) or " " in first.strip() or "\n" in first or first == "-":
        # `-p "prompt"` is what other tools say for one shot; here the prompt needs no flag.
        if "-p" in words:
            words.remove("-p")
        return ["complete", *words]
    return words


def report(error: ClaudeError, words: Sequence[str]) -> int:
    """Print a failure and return its exit status; with -vv also its traceback."""
    console = Console(False, is_terminal(STDERR))
    if not isinstance(error, OutputError) and not getattr(error, "shown", False) and _wants_json(words):
        from .commands._outcome import failure

        try:
            sys.stdout.write(failure(error))
        except (OSError, AttributeError):
            return OutputError.exit_code
    suffix = f" (request {error.request_id})" if error.request_id else ""
    console.error(f"{error}{suffix}")
    _traceback(words)
    return error.exit_code


def report_usage(message: str, words: Sequence[str], status: int) -> int:
    """Print what is wrong with the command line itself, the nearest command's name where one was meant."""
    from .core.errors import UsageError

    if words and words[0] not in COMMANDS and not words[0].startswith("-"):
        from difflib import get_close_matches

        near = get_close_matches(words[0], [*COMMANDS, *ALIASES], 1)
        hint = f"did you mean `claude-cli {near[0]}`? " if near else ""
        message = f"there is no command {words[0]!r}; {hint}A prompt of one word goes behind `complete`"
    return report(UsageError(message.rstrip(".")), words) if status == 2 else status


def _wants_json(words: Sequence[str]) -> bool:
    """Whether the words ask for JSON; asked only where they could not be parsed, or failed before they were used."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    return any(word in ("--json", "--format=json") or (word, value) == ("--format", "json") for word, value in pairs)


def _bug(error: Exception, words: Sequence[str]) -> int:
    from .core.redact import redact

    console = Console(False, is_terminal(STDERR))
    console.error(redact(f"unexpected {type(error).__name__}: {error}; please report it with the output of -vv"))
    _traceback(words)
    return 1


def _traceback(words: Sequence[str]) -> None:
    """The traceback of the error being handled, where -vv asks for it; keys taken out."""
    if any(word.startswith("-vv") for word in words) or words.count("-v") > 1:
        import traceback

        from .core.redact import redact

        Console(False, is_terminal(STDERR)).say(redact(traceback.format_exc()))


def _die_politely() -> None:
    """Let SIGTERM unwind the stack, so that the connection is closed before the program is gone."""

    def handler(number: int, frame: FrameType | None) -> None:
        raise Terminated

    try:
        signal.signal(signal.SIGTERM, handler)
    except ValueError:
        return  # not the main thread: an embedding program's signals are its own
