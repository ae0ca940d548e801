"""Commands and options as the scripts of all shells need them, read from the command line itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..core.models import ABILITIES
from ..storage.settings import EFFORTS, all_fields
from ..storage.settings_serve import ON_UNSUPPORTED

FIELDS = all_fields()
NAMES = tuple(FIELDS)
SHELLS = ("bash", "zsh", "fish")
DEFAULT = "complete"
"""The command that words without a command mean."""

_FILES = ("PATH", "FILE", "SCHEMA", "DIR")  # how the help calls a value that is, or may be, the name of a file
_LIVE = {
    "--model": "models", "--fallback-model": "models", "--profile": "profiles", "--template": "templates",
    "--session": "sessions",
}  # fmt: skip
# By the flag, or by the command and the flag, where that flag takes other words there.
_CHOICES = {
    "--before": ("today", "yesterday"),
    "--by": ("day", "month", "model", "command", "session", "profile"),
    "--since": ("today", "yesterday", "week", "month", "all", "7d", "30d"),
    "--until": ("today", "yesterday"),
    "batch run --until": (),
    "--cache": ("auto", "off", "1h"),
    "batch run --cache": ("auto", "off"),
    "--input-format": ("auto", "jsonl", "csv", "lines"),
    "--effort": EFFORTS,
    "--extract": ("first", "last", "all"),
    "--format": ("auto", "text", "rendered", "json", "jsonl"),
    "history export --format": ("md", "json"),
    "--color": ("auto", "always", "never"),
    "--on-truncate": ("fail", "continue", "ok"),
    "--on-unsupported": ON_UNSUPPORTED,
    "--service-tier": ("auto", "standard_only"),
    "--store": ("keyring", "file"),
    "--thinking": ("on", "off"),
    "--can": ABILITIES,
}


@dataclass(frozen=True, slots=True)
class Value:
    """What may stand for an option's value or an argument.

    Attributes:
        name: as the help calls it.
        kind: "files", "words" (those of `words`), what `live.py` knows ("models", "searches", "profiles", "templates",
            "sessions"), or "" where nobody can know.
    """

    name: str
    kind: str = ""
    words: tuple[str, ...] = ()


_ARGUMENTS = {
    "batch run": Value("IN", "files"),
    "completions": Value("SHELL", "words", SHELLS),
    "config set": Value("NAME", "words", NAMES),
    "config show": Value("NAME", "words", NAMES),
    "config unset": Value("NAME", "words", NAMES),
    "history import": Value("FILE", "files"),
    **dict.fromkeys(("history show", "history export", "history rm"), Value("NAME", "sessions")),
    "models": Value("SEARCH", "searches"),
    "templates edit": Value("NAME", "templates"),
    "templates show": Value("NAME", "templates"),
}

_NONE: Mapping[str, str] = MappingProxyType({})
_LIVE_SETTINGS = {"model": "models", "profile": "profiles", "serve.fallback_models": "models", "template": "templates"}
_NO_VALUE = Value("VALUE")


def _setting_value(name: str) -> Value:
    """What the setting `name` may be set to."""
    item = FIELDS[name]
    words = ("true", "false") if isinstance(item.default, bool) else tuple(filter(None, item.metadata["choices"]))
    return Value("VALUE", _LIVE_SETTINGS.get(name, "words" if words else ""), words)


_BEHIND: dict[str, dict[str, Value]] = {
    "config set": {name: _setting_value(name) for name in NAMES},
    "config show": dict.fromkeys(NAMES, _NO_VALUE),
    "config unset": dict.fromkeys(NAMES, _NO_VALUE),
}


@dataclass(frozen=True, slots=True)
class Flag:
    """An option: its spellings, what it does, its value (None: it takes none), and whether it may stand twice."""

    spellings: tuple[str, ...]
    help: str
    value: Value | None = None
    repeatable: bool = False


_HELP = Flag(("--help", "-h"), "Show what there is.")


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        path: its words, with a blank between; "" for the program itself.
        inner: the words that may follow, each with what it does.
        argument: what its arguments are.
        behind: what stands behind an argument that is one of some words: those words, and the value.
    """

    path: str
    help: str
    flags: tuple[Flag, ...]
    inner: tuple[tuple[str, str], ...] = ()
    argument: Value | None = None
    behind: tuple[tuple[tuple[str, ...], Value], ...] = ()


def commands(root: Any, path: str = "", *, aliases: Mapping[str, str] = _NONE) -> Iterator[Command]:
    """The command `root`, as Typer has it, and all inside it that are not hidden, outermost first.

    Args:
        aliases: other words for commands directly inside.
    """
    inside = {word: each for word, each in getattr(root, "commands", {}).items() if not each.hidden}
    inside |= {alias: inside[word] for alias, word in aliases.items() if word in inside}
    options = [each for each in root.params if each.param_type_name == "option" and not each.hidden]
    yield Command(
        path,
        _brief(root.help),
        (*(_flag(path, option) for option in options), _HELP),
        tuple((word, _brief(each.help)) for word, each in inside.items()),
        _ARGUMENTS.get(path),
        tuple((tuple(words), value) for value, words in _by_value(_BEHIND.get(path, {})).items()),
    )
    for word, each in inside.items():
        yield from commands(each, f"{path} {word}".strip())


def _by_value(behind: dict[str, Value]) -> dict[Value, list[str]]:
    words: dict[Value, list[str]] = {}
    for word, value in behind.items():
        words.setdefault(value, []).append(word)
    return words


def _flag(path: str, option: Any) -> Flag:
    spellings = (*option.opts, *option.secondary_opts)
    alone = option.is_flag or option.count
    repeatable = bool(option.multiple or option.count)
    value = None if alone else _value(path, spellings, option.metavar or "")
    return Flag(spellings, _brief(option.help), value, repeatable)


def _value(path: str, spellings: tuple[str, ...], name: str) -> Value:
    for flag in spellings:
        if flag in _LIVE:
            return Value(name, _LIVE[flag])
        if choices := _CHOICES.get(f"{path} {flag}", _CHOICES.get(flag)):
            return Value(name, "words", choices)
    return Value(name, "files" if name in _FILES else "")


def _brief(text: str | None) -> str:
    """The first sentence of a help text, without the default told at its end."""
    first = " ".join((text or "").split("\n\n")[0].split())
    return re.sub(r" ?\[default: .*\]$", "", first).removesuffix(".")
