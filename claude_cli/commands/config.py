"""`claude-cli config`: the settings, shown with where each came from, and changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..context import Context, Overrides
from ..core.errors import UsageError
from ..core.harmless import one_line
from ..core.messages import Notice
from ..core.redact import redact
from ..storage.paths import MODELS_FILE_NAME, cache_dir, config_dir, data_dir
from ..storage.settings import FILE_NAME, unknown_variables, variables
from . import _options as options

if TYPE_CHECKING:
    from ..storage.settings import Settings
    from ..storage.settings_view import Row

group = typer.Typer()

STARTER = """\
# Settings of claude-cli, one `name = value` a line; `claude-cli config show` lists them all.

"""
_MARK = 2
"""Cells before the name of a setting."""
SettingName = Annotated[str, typer.Argument(metavar="NAME", help="A setting, or profiles.NAME.KEY.")]


@group.command()
def show(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this one: its value alone.", show_default=False)] = None,
    profile: options.Profile = None,
    as_json: options.AsJson = False,
) -> int:  # fmt: skip
    """Show every setting, its value and where it came from.

    A star marks what is not the default. Keys, headers and what follows the program of key_command are masked.
    """
    from ..storage.settings_view import find, rows

    context = Context(overrides=Overrides(profile=profile))
    settings, trouble = _settings(context)
    found = rows(settings, str(_file(context)), context.environ)
    if name:
        found = find(found, name)
    if as_json:
        told = {row.name: {"value": row.value, "source": row.source, "changed": row.changed} for row in found}
        _print(context, json.dumps({"version": 1, "settings": told}, ensure_ascii=False))
    elif name and [row.name for row in found] == [name]:
        _print(context, found[0].plain)
    else:
        _print(context, *_table(found, _columns(context)))
    if trouble:
        context.console.error(trouble)
    if not name:
        remarks = [settings.project.complaint] if settings.project else []
        for remark in filter(None, [*remarks, *unknown_variables(context.environ)]):
            context.console.say(f"claude-cli: {remark}")
    return 0


@group.command("set", context_settings={"ignore_unknown_options": True})  # -5 is a wrong number, and no option
def set_(
    name: SettingName,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value; a list with commas or as JSON; `--` goes before a value that begins with a dash.")],
) -> int:  # fmt: skip
    """Set NAME in the user's file. Comments and layout stay."""
    from ..storage.config_edit import set_value

    context = Context()
    if name == "template" and value:
        from ..storage.templates import load_template

        load_template(value, context.environ)  # or every later call would fail
    set_value(_file(context), name, value)
    context.notify(Notice("set", f"{name} is set in {_file(context)}", changes_result=False))
    stronger = [variable for variable in variables(name) if context.environ.get(variable)]
    if stronger:
        context.console.say(f"claude-cli: {stronger[0]} is set too, and goes before the file")
    if value and (name == "model" or re.fullmatch(r"profiles\..+\.model", name)):
        _say_unknown_model(context, value)
    return 0


@group.command()
def unset(name: Annotated[str, typer.Argument(metavar="NAME", help="A setting, profiles.NAME or profiles.NAME.KEY.")]) -> int:  # fmt: skip
    """Take NAME out of the user's file."""
    from ..storage.config_edit import unset_value

    context = Context()
    path = _file(context)
    if not unset_value(path, name):
        context.console.say(f"claude-cli: {name} is not set in {path}")
    return 0


@group.command()
def path(as_json: options.AsJson = False) -> int:
    """Print where the files lie. None of them need be there."""
    from ..storage.history_schema import FILE_NAME as HISTORY_NAME
    from ..storage.ledger_schema import FILE_NAME as LEDGER_NAME

    context = Context()
    folder, data = config_dir(context.environ), data_dir(context.environ)
    places = {
        "config": folder / FILE_NAME,
        "models": folder / MODELS_FILE_NAME,
        "templates": folder / "templates",
        "data": data,
        "history": data / HISTORY_NAME,
        "attachments": data / "attachments",
        "usage": data / LEDGER_NAME,
        "cache": cache_dir(context.environ),
    }
    if as_json:
        told = {name: str(place.absolute()) for name, place in places.items()}
        _print(context, json.dumps({"version": 1, **told}, ensure_ascii=False))
    else:
        from ..terminal.columns import wrapped

        columns = _columns(context)
        for name, place in places.items():
            _print(context, *wrapped(f"{name:11} {place.absolute()}", columns, indent=_MARK))
    return 0


@group.command()
def edit() -> int:
    """Edit the user's file in VISUAL or EDITOR.

    The editor has a copy, which replaces the file once it is right.
    """
    from ..storage.config_edit import read_text, replace_text
    from ..terminal.editor import edit as edited
    from ..terminal.editor import keep

    context = Context()
    file = _file(context)
    before = read_text(file)
    text = before or STARTER
    tell = context.console.line
    while (after := edited(text, environ=context.environ, tell=tell, suffix=".toml")) not in (before, STARTER):
        try:
            replace_text(file, before, after)
        except UsageError as error:
            if not _again(context, error):
                raise UsageError(f"{error} (what you wrote is in {keep(after, '.toml')})") from error
            text = after
        else:
            return 0
    _say_nothing_changed(context, file, before)
    return 0


def _say_unknown_model(context: Context, name: str) -> None:
    """Say that the catalogue does not have the model `name`, which may be newer, another provider's or a slip."""
    from ..storage.setting_values import nearest

    try:
        known = context.catalogue
    except UsageError:
        return  # the setting is set; what is wrong with models.toml is told where a model is asked
    if known.find(name) is None:
        near = nearest(name, known.names()) or "; it is sent as it stands"
        context.console.say(f"claude-cli: the catalogue does not know the model {one_line(name, 72)!r}{near}")


def _say_nothing_changed(context: Context, file: Path, text: str) -> None:
    """Say that `text`, the file's, stays; and where it is wrong, if it is."""
    from ..storage.settings import check_user_file
    from ..storage.settings_file import parse

    said = f"nothing was changed in {file}"
    try:
        check_user_file(parse(file, text.encode()))
    except UsageError as error:
        said = f"nothing was changed, and the file is still wrong: {redact(str(error))}"
    context.console.say(f"claude-cli: {said}")


def _again(context: Context, error: UsageError) -> bool:
    """Whether the user, told of `error`, wants to go on editing; nobody there does not."""
    from ..storage.config_edit import ChangedMeanwhileError
    from ..terminal.ask import can_ask, confirm

    console = context.console
    if isinstance(error, ChangedMeanwhileError) or not can_ask(console):
        return False
    console.error(redact(str(error)))
    return confirm(console, "edit again?", default=True)


def _settings(context: Context) -> tuple[Settings, str]:
    """The settings, and what is wrong with a project's file: that does not keep the user's own from being shown."""
    try:
        return context.settings, ""
    except UsageError as error:
        return Context(overrides=context.overrides, uses_project=False).settings, redact(str(error))


def _file(context: Context) -> Path:
    return config_dir(context.environ) / FILE_NAME


def _print(context: Context, *lines: str) -> None:
    context.console.answer("".join(f"{line}\n" for line in lines))


def _columns(context: Context) -> int | None:
    """Of the terminal; None for a pipe, whose lines stay whole."""
    from ..terminal.console import STDOUT
    from ..terminal.tty import size

    return size(STDOUT, context.environ)[0] if context.console.out_is_terminal else None


def _table(found: list[Row], columns: int | None) -> Iterator[str]:
    """The rows as a table; long values are cut, and a terminal's lines of `columns` broken before what does not fit."""
    from ..terminal.columns import wrapped

    names = max((len(row.name) for row in found), default=0)
    values = min(max((len(row.literal) for row in found), default=0), 32)
    for row in found:
        mark = "*" if row.changed else " "
        line = f"{mark} {row.name:{names}}  {one_line(row.literal, 72):{values}}  {row.source}"
        yield from wrapped(line, columns, indent=_MARK + 2)
