"""`claude-cli models`: what is known of each model, without key or network; `--refresh` asks the provider's own list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..context import Context, Overrides
from ..core.errors import UsageError
from ..core.messages import Notice
from . import _options as options

if TYPE_CHECKING:
    from ..core.models import Catalogue, Model

_LEAST_NAME = 26
"""Cells that a terminal's table gives the names at least: as many as those of the catalogue need."""


def command(
    words: Annotated[list[str] | None, typer.Argument(metavar="SEARCH | show ID", help="Only models whose id, name, line or alias holds this; 'show ID' tells everything about one.", show_default=False)] = None,
    can: Annotated[list[str] | None, typer.Option("--can", metavar="ABILITY", help="Only models that are known to have it: vision, pdf, tools, thinking, effort, schema, long (1M tokens), …; repeatable.")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the API for its list first: a free call, kept for the next time.")] = False,
    retired: Annotated[bool, typer.Option("--retired", help="Models that are gone, too.")] = False,
    as_json: options.AsJson = False,
    profile: options.Profile = None,
    base_url: options.BaseUrl = None,
    offline: options.Offline = False,
    timeout: options.Timeout = None,
    quiet: options.Quiet = False,
) -> int:  # fmt: skip
    """List the models: prices in US dollars per million tokens, limits, abilities, lifecycle."""
    from ..core.models import today

    options.in_range(timeout, 0.001, 1e9, "--timeout")
    abilities, day = _abilities(can or ()), today()
    context = Context(overrides=Overrides(None, base_url, offline, timeout, quiet, profile=profile))
    show, *rest = words or [""]
    if show == "show" and len(rest) != 1:
        raise UsageError(
            "models show takes the id or the alias of one model, for example: claude-cli models show sonnet"
        )
    if show == "show" and (abilities or retired):
        raise UsageError("models show takes neither --can nor --retired: it tells everything about one model")
    searched = rest if show in ("list", "ls") else words or []
    known = context.catalogue
    if refresh:
        from ._model_list import refresh as refreshed

        known = refreshed(context)
    if show == "show":
        found = [_one(known, rest[0])]
    else:
        found = [
            model
            for model in (*known.offered, *(known.retired if retired else ()))
            if _holds(model, known, searched) and all(model.able(word, day) for word in abilities)
        ]
        if not found:
            _refuse_slip(searched)
    if as_json:
        _print_json(context, known, found)
    elif show == "show":
        from ._model_text import about

        _print(context, about(found[0], known, day, _width(context)))
    else:
        _print_table(context, known, found, day)
        _say_the_rest(context, known, found, asked=bool(searched or abilities))
    return 0


def _abilities(can: Sequence[str]) -> list[str]:
    """The words of `--can`, which may also stand behind one another with commas."""
    from ..core.models import ABILITIES

    words = [word.strip().lower() for each in can for word in each.split(",")]
    for word in words:
        options.one_of(word, ABILITIES, "--can")
    return words


def _one(known: Catalogue, name: str) -> Model:
    model = known.find_any(name)
    if model is None and (meant := known.resolve(name)) != name:
        raise UsageError(f"{name!r} means {meant!r}, of which nothing is known here; --refresh asks the API")
    if model is None:
        from ..storage.setting_values import nearest

        near = nearest(name, known.names()) or "; `claude-cli models` lists them"
        raise UsageError(f"no model is called {name!r}{near}")
    return model


def _holds(model: Model, known: Catalogue, words: Sequence[str]) -> bool:
    """Whether each of `words` is in what the model is called."""
    held = " ".join([model.id, model.display_name, model.line, *model.aliases, *known.words(model)]).lower()
    return all(word.lower() in held for word in words)


def _refuse_slip(words: Sequence[str]) -> None:
    """Refuse an option's word in place of the option; called where no model holds `words`."""
    from ..core.models import ABILITIES

    for word in words:
        if word.lower() in ABILITIES:
            raise UsageError(f"no model is called {word!r}; did you mean --can {word.lower()}?")
        if word in ("refresh", "retired"):
            raise UsageError(f"no model is called {word!r}; did you mean --{word}?")


def _print_json(context: Context, known: Catalogue, found: Sequence[Model]) -> None:
    from ._model_text import as_json

    live = known.live
    told = {
        "version": 1,
        "as_of": known.as_of,
        "live": {"where": live.where, "fetched_at": live.date} if live else None,
        "models": [as_json(model, known) for model in found],
    }
    context.console.answer(json.dumps(told, ensure_ascii=False) + "\n")


def _print_table(context: Context, known: Catalogue, found: Sequence[Model], day: str) -> None:
    from ..terminal.columns import columns, cut
    from ._model_text import HEADER, RIGHT, row

    if found:
        width, rows = _width(context), [HEADER, *(row(model, known, day) for model in found)]
        if width is not None:  # an endless name must not leave out all columns of all others
            rows = [(cut(name, max(_LEAST_NAME, width // 2)), *rest) for name, *rest in rows]
        _print(context, columns(rows, right=RIGHT, width=width))


def _say_the_rest(context: Context, known: Catalogue, found: Sequence[Model], *, asked: bool) -> None:
    """Say what the table cannot: that nothing was found, what is left out, and how old it is."""
    from datetime import UTC, datetime

    from ._model_text import age

    if not found:
        context.console.say(
            "claude-cli: no model " + ("matches; `claude-cli models` lists them all" if asked else "is listed")
        )
    left_out = len(known.models) - len(known.offered)
    notes = [age(known, datetime.now(UTC))]
    if left_out:
        notes.append(f"{left_out} of the catalogue are not on that list")
    if any(model.raw.get("price_long_prompt") for model in found):
        notes.append("* more for long prompts")
    notes += [f"{word} means {name}, of which nothing is known" for word, name in known.unknown_aliases.items()]
    notes.append("`claude-cli models show ID` tells everything about one")
    context.notify(Notice("models", "; ".join(notes), changes_result=False))


def _width(context: Context) -> int | None:
    """Cells of the terminal; None for a pipe, whose lines stay whole."""
    from ..terminal.console import STDOUT
    from ..terminal.tty import size

    return size(STDOUT, context.environ)[0] if context.console.out_is_terminal else None


def _print(context: Context, lines: Sequence[str]) -> None:
    context.console.answer("".join(f"{line}\n" for line in lines))
