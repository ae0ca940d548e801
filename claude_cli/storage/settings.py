"""The settings: what they are, their defaults, and where each value came from.

Environment (`CLAUDE_CLI_` and the name in capitals) goes before the user's `config.toml`; flags, which the
commands know, go before both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.models import DEFAULT_MODEL
from ..core.wire_request import API_VERSION
from .paths import config_dir

FILE_NAME = "config.toml"


EFFORTS = ("low", "medium", "high", "xhigh", "max")


def _setting(
    default: Any, text: str, *, file_only: bool = False, choices: tuple[str, ...] = (), words: bool = False
) -> Any:
    return field(default=default, metadata={"text": text, "file_only": file_only, "choices": choices, "words": words})


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

    model: str = _setting(DEFAULT_MODEL, "model id or alias used when none is named")
    provider: str = _setting("anthropic", "provider plugin that answers")
    base_url: str = _setting("", "base URL of the API; empty: the official one")
    api_version: str = _setting(API_VERSION, "anthropic-version sent where a request needs no other")
    profile: str = _setting("", "profile in use, a table [profiles.NAME] of the file")
    key_command: tuple[str, ...] = _setting(
        (), "program whose first line of output is the key; no shell", file_only=True, words=True
    )
    keyring: bool = _setting(True, "look for keys in the keyring of the system")
    allow_http: tuple[str, ...] = _setting((), "hosts that may be called by plain http", file_only=True)
    offline: bool = _setting(False, "let the built-in simulator answer everything")
    max_tokens: int = _setting(0, "output tokens at most; 0: 64,000 or the model's cap")
    effort: str = _setting("", "low, medium, high, xhigh or max; empty: the API's own default", choices=("", *EFFORTS))
    retry_for_s: float = _setting(60.0, "seconds within which a failed call is tried again")
    connect_timeout_s: float = _setting(10.0, "seconds to wait for a connection")
    first_byte_timeout_s: float = _setting(600.0, "seconds to wait for the first byte of an answer")
    idle_timeout_s: float = _setting(300.0, "seconds of silence in an answer; pings count as sound")
    pings_timeout_s: float = _setting(900.0, "seconds of nothing but pings")
    stdin_wait_s: float = _setting(60.0, "seconds to wait for piped input where nobody can see the wait; 0: no limit")
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def active(self) -> Profile:
        """The profile in use; one without values where none is."""
        return self.profiles.get(self.profile, Profile(self.profile))


_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_WANTED = {
    bool: "true or false",
    int: "a whole number, 0 or more",
    float: "a number of seconds, 0 or more",
    tuple: "a list of texts",
    str: "a text",
}
NAMES = tuple(item.name for item in fields(Settings) if item.metadata)


def load_settings(environ: Mapping[str, str], profile: str | None = None) -> Settings:
    """The settings in force.

    Args:
        profile: the one named by a flag; its values go before the environment's, those of one named elsewhere after.
    Raises:
        UsageError: the file cannot be read, a name or value in it or in the environment is wrong, or there is no
            such profile.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    path = config_dir(environ) / FILE_NAME
    content = _read(path)
    profiles = _profiles(content.pop("profiles", {}), path)
    for name, value in content.items():
        if name not in NAMES:
            raise UsageError(f"{path}: there is no setting {name!r}{_nearest(name)}")
        values[name], sources[name] = _checked(name, value, str(path)), str(path)
    named = profile or environ.get("CLAUDE_CLI_PROFILE") or values.get("profile", "")
    of_profile = _of_profile(named, profiles, path) if named else {}
    values.update(of_profile)
    sources.update(dict.fromkeys(of_profile, f"profile {named} of {path}"))
    for name, variable, value in _from_environment(environ):
        if not (profile and name in of_profile):
            values[name], sources[name] = _checked(name, _parsed(name, value), variable), variable
    if profile:
        values["profile"], sources["profile"] = profile, "--profile"
    return Settings(**values, profiles=profiles, sources=sources)


def _profiles(tables: Any, path: Path) -> dict[str, Profile]:
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UsageError(f"{path}: profiles are tables: [profiles.NAME]")
    return {name: _profile(name, table, f"{path}: profile {name}") for name, table in tables.items()}


def _profile(name: str, table: Mapping[str, Any], where: str) -> Profile:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key == "headers":
            if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
                raise UsageError(f"{where}: headers is a table of texts, not {value!r}")
            values[key] = value
        elif key in ("base_url", "model", "key_command"):
            values[key] = _checked(key, value, where)
        else:
            raise UsageError(f"{where}: there is no {key!r}; it may have base_url, model, key_command and headers")
    return Profile(name, **values)


def _of_profile(name: str, profiles: Mapping[str, Profile], path: Path) -> dict[str, Any]:
    """What the profile called `name` says of settings."""
    if name not in profiles:
        known = ", ".join(profiles) or "none is"
        raise UsageError(f"there is no profile {name!r} in {path} (known: {known}); add a table [profiles.{name}]")
    found = profiles[name]
    values = {"base_url": found.base_url, "model": found.model, "key_command": found.key_command}
    return {name: value for name, value in values.items() if value}


def _read(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UsageError(f"settings {path} cannot be read: {error.strerror}") from error
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"settings {path} are not UTF-8 text (at line {line}); correct the file") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"settings {path} are not valid TOML: {error}; correct the file") from error


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    found = []
    if environ.get("ANTHROPIC_BASE_URL"):
        found.append(("base_url", "ANTHROPIC_BASE_URL", environ["ANTHROPIC_BASE_URL"]))
    for item in fields(Settings):
        variable = f"CLAUDE_CLI_{item.name.upper()}"
        if item.metadata and not item.metadata["file_only"] and environ.get(variable):
            found.append((item.name, variable, environ[variable]))
    return found


def _parsed(name: str, text: str) -> Any:
    """A variable's text as a value of the setting's type; as it is where it cannot be, for `_checked` to refuse."""
    kind = type(_default(name))
    if kind is bool:
        return _WORDS.get(text.lower(), text)
    try:
        return kind(text) if kind in (int, float) else text
    except ValueError:
        return text


def _checked(name: str, value: Any, where: str) -> Any:
    kind = type(_default(name))
    if _field(name).metadata["words"] and isinstance(value, str):
        import shlex

        try:
            value = shlex.split(value)
        except ValueError as error:
            raise UsageError(f"{where}: {name} cannot be split into words: {error}") from error
    if kind is float and type(value) is int:
        value = float(value)
    if kind is tuple and isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = tuple(value)
    negative = kind in (int, float) and type(value) is kind and not 0 <= value < float("inf")
    if type(value) is not kind or negative:
        raise UsageError(f"{where}: {name} is {_WANTED[kind]}, not {value!r}")
    choices = _field(name).metadata["choices"]
    if choices and value not in choices:
        raise UsageError(f"{where}: {name} is one of {', '.join(filter(None, choices))}; not {value!r}")
    return value


def _default(name: str) -> Any:
    return _field(name).default


def _field(name: str) -> Field[Any]:
    return next(item for item in fields(Settings) if item.name == name)


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, NAMES, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
