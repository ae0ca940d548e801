"""The settings: what they are, their defaults, and where each value came from.

A flag, which the commands know, goes before the environment (`CLAUDE_CLI_` and the name in capitals), that before the
project's file, that before the user's `config.toml`. What a value may be stands in `setting_values.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.models import DEFAULT_MODEL
from ..core.wire_request import API_VERSION
from .paths import config_dir, project_place
from .setting_values import Dollars, WrongValue, checked, name_of, nearest, parsed, setting

if TYPE_CHECKING:
    from .project_file import ProjectFile
    from .settings_file import SettingsFile

FILE_NAME = "config.toml"
EFFORTS = ("low", "medium", "high", "xhigh", "max")
KEEPING = ("auto", "always", "never")
OVERFLOWS = ("trim", "compact", "stop")
DEFAULT_PROFILE = "default"
"""What the profile is called where none is named: the file's own values."""
PROFILE_NAMES = ("base_url", "model", "key_command", "headers")
_PREFIX = "CLAUDE_CLI_"
_OTHER_VARIABLES = (f"{_PREFIX}HOME",)


@dataclass(frozen=True, slots=True)
class Profile:
    """A table `[profiles.NAME]` of the user's file: an address with the key, the model and the headers it wants.

    Attributes:
        base_url, model, key_command: as the settings of these names; empty: those hold.
        headers: sent with each request to the profile's address.
    """

    name: str
    base_url: str = ""
    model: str = ""
    key_command: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, each with its text and its default. `sources` names where a value that is not one came from."""

    model: str = setting(DEFAULT_MODEL, "model id or alias used when none is named")
    provider: str = setting("anthropic", "provider plugin that answers")
    base_url: str = setting("", "base URL of the API; empty: the official one")
    api_version: str = setting(API_VERSION, "anthropic-version sent where a request needs no other")
    profile: str = setting("", "profile in use, a table [profiles.NAME] of the file")
    key_command: tuple[str, ...] = setting(
        (), "program whose first line of output is the key; no shell", file_only=True, words=True
    )
    keyring: bool = setting(True, "look for keys in the keyring of the system")
    allow_http: tuple[str, ...] = setting((), "hosts that may be called by plain http", file_only=True)
    offline: bool = setting(False, "let the built-in simulator answer everything")
    max_tokens: int = setting(0, "output tokens at most; 0: 64,000 or the model's cap")
    effort: str = setting("", "low, medium, high, xhigh or max; empty: the API's own default", choices=("", *EFFORTS))
    system: str = setting("", "system prompt sent when none is named")
    template: str = setting("", "prompt template used when none is named")
    retry_for_s: float = setting(60.0, "seconds within which a failed call is tried again")
    connect_timeout_s: float = setting(10.0, "seconds to wait for a connection")
    first_byte_timeout_s: float = setting(600.0, "seconds to wait for the first byte of an answer")
    idle_timeout_s: float = setting(300.0, "seconds of silence in an answer; pings count as sound")
    pings_timeout_s: float = setting(900.0, "seconds of nothing but pings")
    screen_reader: bool = setting(False, "plain lines on a terminal: nothing drawn twice, no colours")
    stdin_wait_s: float = setting(60.0, "seconds to wait for piped input where nobody can see the wait; 0: no limit")
    budget_day: Dollars = setting(Dollars(), "US dollars that a day's calls may cost; empty: no limit", table="budget")
    budget_month: Dollars = setting(Dollars(), "US dollars that a month's calls may cost", table="budget")
    history_save: str = setting(
        "auto", "keep what is asked and answered: auto (in chats, and where a person is there), always or never",
        choices=KEEPING, table="history",
    )  # fmt: skip
    history_days: int = setting(0, "days that conversations are kept; 0: for ever", table="history")
    chat_overflow: str = setting(
        "trim", "what a chat does when the window is full: trim (the oldest turns), compact (sum up) or stop",
        choices=OVERFLOWS, table="chat",
    )  # fmt: skip
    chat_vi: bool = setting(False, "vi keys in the chat's prompt", table="chat")
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    project: ProjectFile | None = None
    home_base_url: str = ""
    """The base URL that the user's file has, whatever a flag or a variable say; empty: the official one."""
    serve: Mapping[str, Any] = field(default_factory=dict)
    """What the user's file has in its table [serve], by name; `serve_settings` makes the settings of it."""

    def value(self, name: str) -> Any:
        """The value of the setting `name`."""
        return getattr(self, FIELDS[name].name)

    @property
    def active(self) -> Profile:
        """The profile in use; one without values where none is."""
        return self.profiles.get(self.profile, Profile(self.profile))


FIELDS: Mapping[str, Field[Any]] = {name_of(item): item for item in fields(Settings) if item.metadata}
"""The settings by their names, those of a table with a dot: `budget.day`; but for those of `serve`."""
_TABLES = {"serve", *(name.partition(".")[0] for name in FIELDS if "." in name)}
KEYS_GO_ELSEWHERE = "keys are not kept among the settings; `claude-cli keys set` stores one safely"
_KEY_NAME = re.compile(
    r"(?:^|[._-])(?:(?:api|auth|access)?key|secret|password)s?$|(?:^|(?:api|auth|access|bearer)[._-]?)token$",
    re.IGNORECASE,
)
"""What a key may be called; other tokens are counted."""
_LISTED = "; `claude-cli config show` lists them"
Layer = dict[str, tuple[Any, str]]
"""Values by name, each with where it came from."""


def all_fields() -> Mapping[str, Field[Any]]:
    """`FIELDS` and those of [serve], which few need: making their class takes longer than all else about settings."""
    from .settings_serve import SERVE_FIELDS

    return {**FIELDS, **SERVE_FIELDS}


@dataclass(frozen=True, slots=True)
class UserFile:
    """The user's file, checked: its own values and its profiles."""

    path: Path
    values: Mapping[str, Any]
    profiles: Mapping[str, Profile]

    def of_profile(self, name: str) -> dict[str, Any]:
        """What the profile `name` says of settings; nothing for "", or "default" where the file has no such table.

        Raises:
            ValueError: there is none of this name.
        """
        if not name or (name == DEFAULT_PROFILE and name not in self.profiles):
            return {}
        if name not in self.profiles:
            known = ", ".join(self.profiles) or "none is"
            raise ValueError(f"there is no profile {name!r} (known: {known}); add a table [profiles.{name}]")
        found = self.profiles[name]
        values = {"base_url": found.base_url, "model": found.model, "key_command": found.key_command}
        return {name: value for name, value in values.items() if value}


def load_settings(environ: Mapping[str, str], profile: str | None = None, folder: Path | None = None) -> Settings:
    """The settings in force.

    Args:
        profile: the one named by a flag; its values go before the environment's, those of one named elsewhere just
            before what named it.
        folder: where the search for a project file begins; None: none is read.
    Raises:
        UsageError: a file cannot be read, a name or value in it or in the environment is wrong, or there is no such
            profile.
    """
    user = _user_file(config_dir(environ) / FILE_NAME)
    project = _project_file(folder, environ) if folder else None
    by_variable = environ.get(f"{_PREFIX}PROFILE", "")
    named = profile or by_variable or user.values.get("profile", "")
    try:
        of_profile = user.of_profile(named)
    except ValueError as error:
        raise UsageError(f"{'--profile' if profile else f'{_PREFIX}PROFILE'}: {error} to {user.path}") from error
    path = str(user.path)
    layers: list[Layer] = [
        {name: (value, path) for name, value in user.values.items()},
        _of_project(project) if project else {},
        of_environment(environ, FIELDS),
    ]
    rank = 3 if profile else 2 if by_variable else 1
    layers.insert(rank, {name: (value, f"profile {named} of {path}") for name, value in of_profile.items()})
    if profile:
        layers.append({"profile": (profile, "--profile")})
    found = {name: pair for layer in layers for name, pair in layer.items()}
    sources = {name: source for name, (_, source) in found.items()}
    serve = {name: found.pop(name)[0] for name in [name for name in found if name not in FIELDS]}
    values = {FIELDS[name].name: value for name, (value, _) in found.items()}
    home = of_profile.get("base_url") or user.values.get("base_url", "")
    return Settings(**values, profiles=user.profiles, sources=sources, project=project, home_base_url=home, serve=serve)


def check_user_file(file: SettingsFile) -> UserFile:
    """The settings that the user's file has.

    Raises:
        UsageError: a name or a value in it is wrong; the message says where, and which name is near.
    """
    values = dict(_own(file))
    tables = file.values.get("profiles", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UsageError(f"{file.where('profiles')}: profiles are tables: [profiles.NAME]")
    profiles = {name: _profile(file, name, table) for name, table in tables.items()}
    user = UserFile(file.path, values, profiles)
    try:
        user.of_profile(values.get("profile", ""))
    except ValueError as error:
        raise UsageError(f"{file.where('profile')}: {error}") from error
    return user


def no_setting(name: str) -> str:
    """Why there is no setting called `name`, and what may have been meant."""
    if _KEY_NAME.search(name):
        return KEYS_GO_ELSEWHERE
    return f"there is no setting {name!r}{nearest(name, (*all_fields(), 'profiles')) or _LISTED}"


def variables(name: str) -> tuple[str, ...]:
    """The variables that the setting `name` is read from; the first that is set counts."""
    item = FIELDS.get(name) or all_fields().get(name)
    if item is None or item.metadata["file_only"]:
        return ()
    own = _variable(name)
    return (own, "ANTHROPIC_BASE_URL") if name == "base_url" else (own,)


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A line for each variable that looks like a setting of ours and is none, with the nearest that is."""
    strange = (name for name in sorted(environ) if name.startswith(_PREFIX) and name not in _OTHER_VARIABLES)
    known = {_variable(name): name for name in all_fields()}
    lines = []
    for name in strange:
        if name not in known:
            near = nearest(name, [variable for variable, each in known.items() if variables(each)], 0.8)
            lines.append(f"{name} is set, but there is no such setting{near}")
        elif not variables(known[name]):
            lines.append(f"{name} is set, but only {FILE_NAME} may set this")
    return lines


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper().replace('.', '_')}"


# What reads and judges files is loaded when there is a file: most calls are made with none, or with one.
def _user_file(path: Path) -> UserFile:
    if not os.path.lexists(path):
        return UserFile(path, {}, {})
    from .settings_file import read_settings_file

    return check_user_file(read_settings_file(path))


def _project_file(folder: Path, environ: Mapping[str, str]) -> ProjectFile | None:
    place = project_place(folder, environ)
    if place is None:
        return None
    from .project_file import read_project_file

    return read_project_file(*place)


def _own(file: SettingsFile) -> Iterator[tuple[str, Any]]:
    """The file's own settings by their names, each checked."""
    for name, value in file.values.items():
        if name not in _TABLES:
            if name != "profiles":
                yield name, _value(file, (name,), value)
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield f"{name}.{key}", _value(file, (name, key), inner)
        else:
            raise UsageError(f"{file.where(name)}: {name} is a table: [{name}]")


def _value(file: SettingsFile, keys: tuple[str, ...], value: Any) -> Any:
    name = ".".join(keys)
    item = (all_fields() if keys[0] == "serve" else FIELDS).get(name)
    if item is None:
        raise UsageError(f"{file.where(*keys)}: {no_setting(name)}")
    try:
        return checked(item, value)
    except WrongValue as error:
        raise UsageError(f"{file.where(*keys)}: {error}") from error


def _profile(file: SettingsFile, name: str, table: Mapping[str, Any]) -> Profile:
    values: dict[str, Any] = {}
    for key, value in table.items():
        try:
            values[key] = _profile_value(key, value)
        except ValueError as error:
            raise UsageError(f"{file.where('profiles', name, key)}: {error}") from error
    return Profile(name, **values)


def _profile_value(key: str, value: Any) -> Any:
    """`value` as a profile keeps it. Raises `ValueError`."""
    if key not in PROFILE_NAMES:
        has = nearest(key, PROFILE_NAMES) or f"; it may have {', '.join(PROFILE_NAMES)}"
        raise ValueError(f"a profile has no {key!r}{has}")
    if key != "headers":
        return checked(FIELDS[key], value)
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        # The value is not repeated: a header may be a secret.
        raise ValueError("headers are a table of texts")
    return value


def _of_project(project: ProjectFile) -> Layer:
    """What a project's file sets. Its values are not repeated in errors: it may be anything."""
    layer: Layer = {}
    for name, value in project.values.items():
        try:
            layer[name] = checked(FIELDS[name], value), str(project.file.path)
        except WrongValue as error:
            raise UsageError(f"{project.file.where(name)}: {error.rule}") from error
    if layer.get("template", ("", ""))[0]:
        from .templates import is_name

        if not is_name(layer["template"][0]):
            # A path could lead to a template of the repository's own, and that to any file of the user.
            raise UsageError(f"{project.file.where('template')}: a project names a template by its name, not by a path")
    return layer


def of_environment(environ: Mapping[str, str], known: Mapping[str, Field[Any]]) -> Layer:
    """What variables say of the settings `known`. Raises `UsageError`: one of them has a wrong value."""
    layer: Layer = {}
    for name, item in known.items():
        variable = next((each for each in variables(name) if environ.get(each)), None)
        if variable is None:
            continue
        try:
            layer[name] = checked(item, parsed(item, environ[variable])), variable
        except WrongValue as error:
            raise UsageError(f"{variable}: {error}") from error
    return layer
