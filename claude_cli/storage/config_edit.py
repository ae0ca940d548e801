"""Changing the user's `config.toml` from a command: one value or the whole text, checked before anything is replaced.

Comments, order and layout stay as the user has them. tomlkit, which knows how, is imported only here.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..core.address import endpoint
from ..core.errors import UsageError
from .files import locked, write_private
from .setting_values import Dollars, WrongValue, checked, dollars, nearest, parsed
from .settings import DEFAULT_PROFILE, KEYS_GO_ELSEWHERE, PROFILE_NAMES, all_fields, check_user_file, no_setting
from .settings_file import SettingsFile, parse, read_settings_file
from .settings_place import statements

_PROFILE = re.compile(
    r"profiles\.(?P<name>.+?)\.(?:headers\.(?P<header>.+)|(?P<key>base_url|model|key_command|headers))"
)

_ALIASES = "serve.aliases."
_PROFILE_KEYS = ", ".join((*PROFILE_NAMES, "headers.NAME such as headers.x-team"))


class ChangedMeanwhileError(UsageError):
    """Another program has written the file since it was read."""


def set_value(path: Path, name: str, text: str) -> Any:
    """Give the setting `name` the value written in `text`; returns the value.

    Args:
        name: a setting, or `profiles.NAME.KEY`.
        text: the value as a variable would have it; lists as JSON or with commas.
    Raises:
        UsageError: there is no such setting, it does not take this value, the value is a key, or the file is wrong or
            cannot be written. Nothing has been changed.
    """
    if "sk-ant-" in text.lower():
        raise UsageError(KEYS_GO_ELSEWHERE)
    if not text.isascii() and text != text.encode("utf-8", "replace").decode():
        raise UsageError(f"the value of {name} is not UTF-8 text")
    keys = _keys_of(name)
    value = _value_of(keys, text)
    if name == "profile":
        _check_profile(path, text)
    _change(path, lambda file: _with_value(file, keys, value), strict=True)
    return value


def unset_value(path: Path, name: str) -> bool:
    """Take the setting `name`, or the profile `profiles.NAME`, out of the file; returns whether it was there.

    What is in the file can be taken out, also where it is no setting.

    Raises:
        UsageError: there is no such setting, the rest would not do without it, or the file cannot be written.
    """
    held = read_settings_file(path).values
    keys = next((keys for keys in _readings(name) if _holds(held, keys)), None)
    if keys is None:
        if not name.startswith("profiles."):
            _keys_of(name)
        return False
    _change(path, lambda file: _without(file, keys), strict=False)
    return True


def replace_text(path: Path, before: str, after: str) -> None:
    """Put the text `after`, which must be right, in the place of `before`, which must still be there.

    Raises:
        ChangedMeanwhileError: something else is there.
        UsageError: `after` is wrong or cannot be written.
    """
    check_user_file(parse(path, after.encode()))
    try:
        with locked(path):
            if read_text(path) != before:
                raise ChangedMeanwhileError(f"{path} was changed by another program meanwhile, and is left as it is")
            write_private(path, after.encode())
    except OSError as error:
        raise _unwritable(path, error) from error


def read_text(path: Path) -> str:
    """The file's text, right or wrong; "" where there is none.

    Raises:
        UsageError: it cannot be read, or is not text.
    """
    try:
        return path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        raise UsageError(f"settings {path} are not UTF-8 text; save the file as UTF-8") from error
    except OSError as error:
        raise UsageError(f"settings {path} cannot be read: {error.strerror}") from error


# ------------------------------------------------------------------------------------------------ names and values
def _keys_of(name: str) -> tuple[str, ...]:
    """The place of the setting `name` in the file, outermost table first. Raises `UsageError`."""
    if name in all_fields():
        return tuple(name.split("."))
    if name.startswith(_ALIASES) and name != _ALIASES:
        return (*_ALIASES.split(".")[:2], name.removeprefix(_ALIASES))
    if found := _PROFILE.fullmatch(name):
        inner = ("headers", found["header"]) if found["header"] else (found["key"],)
        return ("profiles", found["name"], *inner)
    if name.startswith("profiles."):
        raise UsageError(f"a profile's setting is profiles.NAME.KEY; KEY is one of {_PROFILE_KEYS}")
    raise UsageError(no_setting(name))


def _value_of(keys: Sequence[str], text: str) -> Any:
    """The value that `text` means at `keys`, as TOML has it. Raises `UsageError`."""
    if keys[-2:-1] == ("headers",) or keys[1:-1] == ("aliases",):
        return text
    if keys[-1] == "headers":
        return _headers(text)
    item = all_fields()[keys[-1] if keys[0] == "profiles" else ".".join(keys)]
    value: Any = parsed(item, text)
    if isinstance(item.default, tuple) and text.lstrip().startswith(("[", "{")):
        with suppress(ValueError):
            value = json.loads(text)
    if type(item.default) is float and re.fullmatch(r"\d{1,15}", text):
        value = int(text)  # 5 stays 5
    try:
        kept = checked(item, value)
    except WrongValue as error:
        raise UsageError(str(error)) from error
    if isinstance(kept, Dollars) and kept:
        number = float(kept)
        value = int(kept) if kept.isdecimal() else number if dollars(number) == kept else str(kept)
    if item.name == "base_url" and value:
        endpoint(value)
    return value


def _headers(text: str) -> dict[str, str]:
    """The headers that `text` is as JSON. Raises `UsageError` without any of it: a header may be a secret."""
    try:
        headers = json.loads(text)
    except (ValueError, RecursionError):  # not chained: a decoder keeps what it read
        headers = None
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise UsageError(
            """headers are a table of texts as JSON, such as '{"x-team": "blue"}'; """
            "profiles.NAME.headers.x-team is one of them"
        )
    return headers


def _check_profile(path: Path, name: str) -> None:
    """Refuse a profile that the file does not have, before it is named in there. Raises `UsageError`."""
    tables = read_settings_file(path).values.get("profiles", {})
    if name and name != DEFAULT_PROFILE and isinstance(tables, dict) and name not in tables:
        add = f"; `claude-cli config set profiles.{name}.base_url URL` adds it"
        raise UsageError(f"there is no profile {name!r} in {path}{nearest(name, tables) or add}")


def _readings(name: str) -> list[tuple[str, ...]]:
    """The places that `name` may mean: a name may have dots, as hosts have."""
    readings: list[tuple[str, ...]] = [(name,), tuple(name.split("."))]
    if _PROFILE.fullmatch(name) or name.startswith(_ALIASES):
        readings.append(_keys_of(name))
    if name.startswith("profiles."):
        readings.append(("profiles", name.removeprefix("profiles.")))
    return readings


def _holds(values: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(values, dict) or key not in values:
            return False
        values = values[key]
    return True


# ------------------------------------------------------------------------------------------------ the text
_Change = Callable[[SettingsFile], tuple[str, dict[str, Any]]]


def _change(path: Path, change: _Change, *, strict: bool) -> None:
    """Replace the file by its changed text, if that says what it should.

    Args:
        change: the new text, and the values that it must have.
        strict: the new text must be right; else only if the old one was.
    """
    try:
        with locked(path):
            file = read_settings_file(path)
            changed = _checked_change(file, change)
            if strict or _is_right(file):
                check_user_file(changed)
            write_private(path, changed.text.encode())
    except OSError as error:
        raise _unwritable(path, error) from error


def _checked_change(file: SettingsFile, change: _Change) -> SettingsFile:
    """The file as `change` makes it. Raises `UsageError` where tomlkit cannot, or makes something else of it."""
    from tomlkit.exceptions import TOMLKitError

    try:
        text, wanted = change(file)
        changed = parse(file.path, text.encode())
        if changed.values == wanted:
            return changed
    except (TOMLKitError, LookupError, TypeError, ValueError, UsageError):
        check_user_file(file)  # says more, where what was there is wrong
    raise UsageError(f"{file.path} is laid out in a way that cannot be changed here; use `claude-cli config edit`")


def _is_right(file: SettingsFile) -> bool:
    try:
        check_user_file(file)
    except UsageError:
        return False
    return True


def _with_value(file: SettingsFile, keys: Sequence[str], value: Any) -> tuple[str, dict[str, Any]]:
    import tomlkit

    wanted = copy.deepcopy(file.values)
    _put(wanted, keys, value)
    head, tail = _halves(file.text) if len(keys) == 1 else (file.text, "")
    document = tomlkit.parse(head)
    if len(keys) > 2 and keys[0] not in document:
        document[keys[0]] = tomlkit.table(is_super_table=True)  # without a line [profiles] of its own
    _put(document, keys, value)
    return _joined(tomlkit.dumps(document), tail), wanted


def _put(table: Any, keys: Sequence[str], value: Any) -> None:
    """Set `keys` in nested dictionaries, making those that are missing."""
    for number, key in enumerate(keys[:-1], 1):
        if key not in table:
            for inner in reversed(keys[number:]):
                value = {inner: value}
            table[key] = value
            return
        table = table[key]
    table[keys[-1]] = value


def _without(file: SettingsFile, keys: Sequence[str]) -> tuple[str, dict[str, Any]]:
    import tomlkit

    document = tomlkit.parse(file.text)
    wanted = copy.deepcopy(file.values)
    for values in (document, wanted):
        place: Any = values
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]
    if len(keys) > 1 and not wanted[keys[0]]:
        for values in (document, wanted):
            del values[keys[0]]
    return tomlkit.dumps(document), wanted


def _halves(text: str) -> tuple[str, str]:
    """`text` before its first table, and from the comment above that table on: a new setting comes between these."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    first = next((line for line, _, _ in statements(text) if lines[line - 1].lstrip().startswith("[")), None)
    if first is None:
        return text, ""
    at = first - 1
    while at and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return "".join(lines[:at]), "".join(lines[at:])


def _joined(head: str, tail: str) -> str:
    """The halves with a blank line between them, and nothing else changed."""
    if not tail:
        return head
    return f"{head.rstrip()}\n\n{tail}" if head.strip() else head + tail


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"settings {path} cannot be written: {error.strerror}")
