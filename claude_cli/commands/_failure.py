"""A failure as its user meets it: one line on standard error, the JSON object where one was asked for, a status."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import typer

from ..asking.outcome import Outcome
from ..asking.sentence import sentence
from ..core.errors import ClaudeError, OutputError, UsageError
from ..core.redact import redact
from ..terminal.console import STDERR, STDOUT, Console, is_terminal

_MEANT = {
    "get": ("show",),
    "cat": ("show",),
    "ls": ("list", "show"),
    "list": ("show",),
    "add": ("set", "edit"),
    "new": ("edit",),
    "delete": ("rm", "unset"),
    "remove": ("rm", "unset"),
    "rm": ("unset",),
    "unset": ("rm",),
}
"""Other programs' words for commands inside a group, and what they are here: the first that the group has."""
_PROMPTED = ("complete", "tokens")
"""Commands that take a prompt."""
_SIMILAR = re.compile(r"(?P<name>--\S+) (?:\(Possible options: |Did you mean )(?P<others>[^)?]+)[)?]")
"""How the parser names options that are similar to one that there is not."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def report(error: Exception, words: Sequence[str]) -> int:
    """Say what went wrong with the command line `words`; returns the exit status.

    Raises:
        BrokenPipeError: the reader of the JSON object has gone.
    """
    failure = _named(error)
    asked = words[: words.index("--")] if "--" in words else words
    verbose = _verbosity(asked)
    console = Console(is_terminal(STDOUT), is_terminal(STDERR), verbose=verbose)
    status = failure.exit_code
    if not failure.shown and not isinstance(failure, OutputError) and (form := _json_form(asked)):
        result = _object(failure, asked)
        try:
            console.answer(json.dumps(result if form == "json" else {"type": "result", **result}) + "\n")
        except OutputError as unwritten:
            failure, status = unwritten, unwritten.exit_code
    console.error(redact(sentence(failure)))
    if verbose > 1:
        import traceback

        console.say(redact("".join(traceback.format_exception(error))))
    return status


def _object(failure: ClaudeError, words: Sequence[str]) -> dict[str, Any]:
    """The object of the command's JSON output where nothing came of it but `failure`."""
    if words[0] == "batch":
        from ..batch.report import ended_by

        return ended_by(failure).as_json()
    return Outcome("", error=failure).as_json()


def _named(error: Exception) -> ClaudeError:
    """`error` as one of ours: the command line's parser has its own, and so has every bug."""
    if isinstance(error, ClaudeError):
        return error
    if isinstance(error, typer.TyperException):
        message = error.format_message().rstrip(".")
        context = getattr(error, "ctx", None)
        return UsageError(_of_group(message, context) or _usage(message, context.info_name if context else ""))
    if isinstance(error, OSError) and error.errno in _FULL:  # the parser prints help itself
        return OutputError(f"the output cannot be written: {error.strerror}")
    return ClaudeError(f"unexpected {type(error).__name__}: {error}; please report it with the output of -vv")


def _of_group(message: str, group: Any) -> str:
    """What to say where a group of commands was called with none of its own, or with another's word for one; else "".

    Args:
        group: the parser's context, None where it has none.
    """
    inside = list(getattr(group.command, "commands", ())) if group else []
    if not inside:
        return ""
    if message == "Missing command":
        return (
            f"missing command: {', '.join(inside[:-1])} or {inside[-1]}; {group.command_path} --help says what they do"
        )
    if not message.startswith("No such command '"):
        return ""
    word = message.split("'")[1]
    meant = [own for own in _MEANT.get(word, ()) if own in inside] or get_close_matches(word, inside, 1)
    ways = f"did you mean {group.command_path} {meant[0]}?" if meant else f"there are {', '.join(inside)}"
    return f"{group.command_path} has no command {word!r}; {ways}"


def _usage(message: str, command: str) -> str:
    message = _SIMILAR.sub(_really_similar, message)
    if message.endswith("?"):
        return f"{message[0].lower()}{message[1:]}"
    if message.startswith("Got unexpected extra argument"):
        advice = "a prompt of several words needs quotes" if command in _PROMPTED else "--help says what it takes"
        return f"{message[0].lower()}{message[1:]}; {advice}"
    message = re.sub(r"is not a valid int(?:eger)?(?: range)?", "is not a whole number", message)
    message = re.sub(r"is not a valid float(?: range)?", "is not a number", message)
    return f"{message[0].lower()}{message[1:]}; --help lists the options"


def _really_similar(found: re.Match[str]) -> str:
    """The option that was not there, and of those that the parser finds similar the one that is."""
    near = get_close_matches(found["name"], found["others"].split(", "), 1, 0.7)
    return found["name"] + (f"; did you mean {near[0]}?" if near else "")


def _json_form(words: Sequence[str]) -> str:
    """ "json" or "jsonl" where the words ask for it, else "": asked only where they failed before they were used."""
    for number, word in enumerate(words):
        following = words[number + 1] if number + 1 < len(words) else ""
        chosen = "json" if word == "--json" else following if word == "--format" else word.removeprefix("--format=")
        if chosen in ("json", "jsonl") and word.startswith("--"):
            return chosen
    return ""


def _verbosity(words: Sequence[str]) -> int:
    short = sum(word.count("v") for word in words if re.fullmatch(r"-[a-zA-Z]+", word))
    return short + sum(word == "--verbose" for word in words)
