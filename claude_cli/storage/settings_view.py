"""The settings as a person may see them: each with where it came from, secrets masked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..core.errors import UsageError
from ..core.redact import MASK, redact
from .setting_values import Table, nearest
from .settings import FIELDS, PROFILE_NAMES, Settings
from .settings_serve import SERVE_FIELDS, serve_settings

DEFAULT = "default"
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Row:
    """One setting.

    Attributes:
        name: of the setting, or `profiles.NAME.KEY`.
        value: as JSON has it, secrets masked.
        source: a file, a variable, a flag or a profile; "default" for none.
    """

    name: str
    value: Any
    source: str = DEFAULT

    @property
    def changed(self) -> bool:
        """Whether the value is not simply the default."""
        return self.source != DEFAULT

    @property
    def literal(self) -> str:
        """The value on one line, as it would stand in the file: what TOML and JSON share."""
        return json.dumps(self.value, ensure_ascii=False)

    @property
    def plain(self) -> str:
        """The value alone, for a script: a text as it is, the rest as in the file."""
        return self.value if isinstance(self.value, str) else self.literal


def rows(settings: Settings, user_file: str, environ: Mapping[str, str] = _NOTHING) -> list[Row]:
    """Every setting, in the order of their subjects, then what the profiles of `user_file` have.

    Raises:
        UsageError: a variable for `serve` has a wrong value; the others were judged before.
    """
    serve, sources = serve_settings(settings, environ)
    values = {name: settings.value(name) for name in FIELDS}
    values |= {name: getattr(serve, item.name) for name, item in SERVE_FIELDS.items()}
    sources = {**settings.sources, **sources}
    own = [Row(name, _harmless(name, value), sources.get(name, DEFAULT)) for name, value in values.items()]
    return own + [Row(name, value, user_file) for name, value in _of_profiles(settings)]


def find(found: list[Row], name: str) -> list[Row]:
    """The row called `name`, or the rows below it: `profiles`, `profiles.work`.

    Raises:
        UsageError: there is none; names the nearest.
    """
    exact = [row for row in found if row.name == name]
    below = exact or [row for row in found if row.name.startswith(f"{name}.")]
    if not below and name != "profiles":
        names = [row.name for row in found]
        raise UsageError(f"there is no setting {name!r}{nearest(name, names) or '; without a name all are listed'}")
    return below


def _of_profiles(settings: Settings) -> Iterator[tuple[str, Any]]:
    for name, profile in settings.profiles.items():
        for key in PROFILE_NAMES:
            value = getattr(profile, key)
            if key == "headers":
                for header in value:
                    yield f"profiles.{name}.headers.{header}", MASK  # any of them may be a secret
            elif value:
                yield f"profiles.{name}.{key}", _harmless(key, value)


def _harmless(name: str, value: Any) -> Any:
    """The `value` of the setting `name` without keys and passwords: they may have got into a command or an address."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Table):
        return {key: redact(text) for key, text in value}
    if name == "key_command" and len(value) > 1:
        return [redact(value[0]), "…"]
    return [redact(word) for word in value] if isinstance(value, tuple) else value
