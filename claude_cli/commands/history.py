"""`claude-cli history`: conversations that were kept, listed, shown, searched, exported, imported and removed."""

from __future__ import annotations

import json
import time
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from ..context import Context, Overrides
from ..core.errors import UsageError
from . import _history as about
from . import _options as options
from ._days import begin_of, day
from ._history_files import export, import_

if TYPE_CHECKING:
    from ..storage.conversations import Entry, History

VERSION = 1
group = typer.Typer()


@group.command("list")
def list_(
    limit: about.Limit = 20,
    since: about.Since = "all",
    until: about.Until = None,
    model: about.OfModel = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> int:
    """List the conversations that are kept, the last used first."""
    most, (first, end) = about.at_most(limit), about.span(since, until)
    context = Context(overrides=Overrides(quiet=quiet))
    with about.opened(context) as history:
        # One more than is shown tells whether there are more.
        found = history.entries(most and most + 1, since=first, until=end, model=model)
    shown = found[:most]
    from ._history_text import entry_object, rows

    if as_json:
        told = {"version": VERSION, "conversations": [entry_object(entry) for entry in shown]}
        context.console.answer(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    lines = rows(shown, now=int(time.time() * 1e6), width=about.width(context)) if shown else []
    context.console.answer("".join(f"{line}\n" for line in lines))
    if quiet:
        return 0
    if not found:
        asked = (since, until, model) != ("all", None, None)
        context.console.line("no conversation is like that" if asked else "no conversation is kept yet")
    elif len(found) > len(shown) and context.console.err_is_terminal:
        context.console.line(f"these are the last {most}; -n 0 shows all", dim=True)
    return 0


@group.command("show")
def show(
    name: Annotated[
        str | None,
        typer.Argument(help="Id or title, or how one of them begins. [default: the newest]", show_default=False),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Show all branches, not only the one in use.")] = False,
    as_json: options.AsJson = False,
) -> int:
    """Show a conversation: who said what."""
    context = Context()
    with about.opened(context) as history:
        (entry,) = about.meant_or_newest(history, [name] if name else None)
        conversation = history.load(entry.id)
    if not as_json:
        from . import _history_text

        _history_text.show(context, conversation, all_branches=all_)
        return 0
    from ..storage.exchange import exported

    if not all_:
        conversation.turns = {turn.id: turn for turn in conversation.path}
    for piece in exported([conversation]):
        context.console.answer(piece)
    return 0


@group.command("search")
def search(
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS...", help='All of them are found; "two words" side by side, wor* by how one begins.')
    ],
    rank: Annotated[bool, typer.Option("--rank", help="The best first, not the newest.")] = False,
    limit: about.Limit = 20,
    since: about.Since = "all",
    until: about.Until = None,
    model: about.OfModel = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> int:  # fmt: skip
    """Search all that was said, on every branch: the newest first."""
    most, (first, end) = about.at_most(limit), about.span(since, until)
    context = Context(overrides=Overrides(quiet=quiet))
    with about.opened(context) as history:
        found = history.search(" ".join(words), rank=rank, since=first, until=end, model=model, limit=most)
    from . import _history_text

    if as_json:
        told = {"version": VERSION, "hits": [_history_text.hit_object(hit) for hit in found]}
        context.console.answer(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    _history_text.show_hits(context, found, now=int(time.time() * 1e6))
    if not found and not quiet:
        context.console.line("nothing is found; a word is found whole, and by its beginning with a * behind it")
    return 0


group.command("export")(export)
group.command("import")(import_)


@group.command("rm")
def remove(
    names: about.Conversations = None,
    all_: Annotated[bool, typer.Option("--all", help="Remove every conversation.")] = False,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="DATE", help="Remove those that were last used before that day."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without a question.")] = False,
    quiet: options.Quiet = False,
) -> int:
    """Remove conversations, with attachments that no other one has."""
    if (bool(names), all_, before is not None).count(True) != 1:
        raise UsageError("say which: history rm NAME…, --before DATE, or --all")
    context = Context(overrides=Overrides(quiet=quiet))
    with about.opened(context) as history:
        found = _doomed(history, names or [], before)
        if not found:
            if not quiet:
                context.console.line("nothing to remove: no conversation is like that")
            return 0
        if not yes and not _agreed(context, found):
            return 0
        history.remove([entry.id for entry in found])
    context.console.answer(f"removed {_what(found)}\n")
    return 0


def _doomed(history: History, names: list[str], before: str | None) -> list[Entry]:
    """The conversations to remove: those that are named, or those before a day, or all."""
    if names:
        return about.meant(history, names)
    end = None if before is None else begin_of(day(before, "--before", date.today()))
    return history.entries(until=end)


def _agreed(context: Context, found: list[Entry]) -> bool:
    """Whether a person wants it. Raises `UsageError`: nobody is there."""
    from ..terminal.ask import can_ask, confirm

    what = _what(found)
    if not can_ask(context.console):
        raise UsageError(f"nobody is there to confirm the removal of {what}; say --yes")
    return confirm(context.console, f"remove {what}?")


def _what(found: list[Entry]) -> str:
    from ._history_text import counted, named

    if len(found) == 1:
        return named(found[0])
    turns = sum(entry.turns for entry in found)
    return f"{counted(len(found), 'conversation')} with {counted(turns, 'turn')}"
