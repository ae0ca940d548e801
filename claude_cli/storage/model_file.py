"""The user's `models.toml`: models, prices and aliases of one's own, also for one profile alone. Read and checked here.

Everything in it is checked, also what another profile than the one in use says: a mistake is met when it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..core.errors import UsageError
from ..core.model_merge import EFFORT_LEVELS, THINKING_TYPES, OwnModels
from ..core.models import CAPABILITIES, Catalogue
from .setting_values import nearest
from .settings_file import SettingsFile

MAX_PRICE_USD = 1_000_000
"""Dollars per million tokens: what is dearer is a slip."""
_TABLES = ("aliases", "models")
_PRICE_KINDS = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
_Path = tuple[str, ...]


class _Wrong(Exception):
    """What is wrong in a file, and at which names in it."""

    def __init__(self, path: _Path, reason: str) -> None:
        super().__init__(reason)
        self.path = path


def own_models(file: SettingsFile, shipped: Catalogue, profile: str) -> OwnModels:
    """What `file` says while the profile `profile` is in use ("": none is).

    Raises:
        UsageError: something in it is wrong; names file, line and column.
    """
    try:
        return _own_models(file, shipped, profile)
    except _Wrong as wrong:
        raise UsageError(f"{file.where(*wrong.path)}: {wrong}") from wrong


def _own_models(file: SettingsFile, shipped: Catalogue, profile: str) -> OwnModels:
    values = file.values
    _check_names(values, (*_TABLES, "profiles"), (), "the file")
    common = _section(values, (), shipped)
    sections = {"": common}
    for name, table in _table(values.get("profiles", {}), ("profiles",)).items():
        path = ("profiles", name)
        _check_names(_table(table, path), _TABLES, path, "a profile here")
        sections[name] = _section(table, path, shipped)
    found: dict[str, OwnModels] = {}
    for name, (aliases, models) in sections.items():
        every = {**aliases, **{alias: target for alias, target in common[0].items() if alias not in aliases}}
        known = {**common[1], **{key: _over(common[1].get(key, {}), entry) for key, entry in models.items()}}
        prefix = ("profiles", name) if name else ()
        for alias in every:
            if hidden := next((each for each in known if each.lower() == alias), None):
                raise _Wrong((*prefix, "aliases", alias), f"the alias {alias!r} hides the model {hidden!r}; rename it")
        means = {alias: _meaning(alias, every, shipped, prefix) for alias in every}
        found[name] = OwnModels(str(file.path), means, known)
    return found.get(profile, found[""])


def _section(
    values: Mapping[str, Any], path: _Path, shipped: Catalogue
) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """The aliases and the models of the file's own level, or of a profile."""
    aliases: dict[str, str] = {}
    hidden = {
        name.lower(): name for model in (*shipped.models, *shipped.retired) for name in (model.id, *model.aliases)
    }
    for name, target in _table(values.get("aliases", {}), (*path, "aliases")).items():
        place, alias = (*path, "aliases", name), name.lower()
        if not name or name.startswith("-") or not name.isprintable() or {" ", ","} & {*name}:
            raise _Wrong(place, f"{name!r} is no alias: it is one word, without a comma")
        if not isinstance(target, str) or not target.strip():
            raise _Wrong(place, f"the alias {name!r} is the id of a model, as a text in quotes")
        target = _text(target, place)
        if alias in hidden:
            raise _Wrong(place, f"the alias {name!r} hides the model {hidden[alias]!r}; rename it")
        if alias in aliases:
            raise _Wrong(place, f"the alias {name!r} stands there twice; capitals do not count")
        aliases[alias] = target
    models = {
        name: _model(name, entry, (*path, "models", name), shipped)
        for name, entry in _table(values.get("models", {}), (*path, "models")).items()
    }
    return aliases, models


def _meaning(alias: str, aliases: Mapping[str, str], shipped: Catalogue, prefix: _Path) -> str:
    """The id that `alias` leads to: over other aliases, at last perhaps over a line's word."""
    way, target = [alias], aliases[alias]
    while target.lower() in aliases:
        if target.lower() in way:
            circle = " → ".join([*way, target.lower()])
            raise _Wrong((*prefix, "aliases", alias), f"these aliases lead in a circle: {circle}; let one name an id")
        way.append(target.lower())
        target = aliases[target.lower()]
    return shipped.resolve(target)


def _model(name: str, entry: Any, path: _Path, shipped: Catalogue) -> dict[str, Any]:
    known = shipped.find(name)
    if not name or not name.isprintable():
        raise _Wrong(path, "this is no id of a model")
    if known and known.id != name:
        raise _Wrong(path, f"{name!r} is another name of {known.id!r}; write that in its place")
    table = _table(entry, path)
    _check_names(table, tuple(_FIGURES), path, "a model")
    figures: dict[str, Any] = {}
    for figure, value in table.items():
        place, into = _FIGURES[figure]
        checked = into(value, (*path, figure))
        if len(place) == 2:
            figures[place[0]] = {place[1]: checked}
        else:
            figures[place[0]] = checked
    if (
        known is None
        and "price_usd_per_mtok" not in figures
        and figures.keys() & {"price_long_prompt", "price_fast_mode"}
    ):
        raise _Wrong(path, "a model with other prices has price_usd_per_mtok, too")
    tokenizer = figures.get("tokenizer")
    if tokenizer is not None and tokenizer not in shipped.data["tokenizers"]:
        raise _Wrong((*path, "tokenizer"), f"tokenizer is one of {', '.join(shipped.data['tokenizers'])}")
    return figures


def _over(common: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """What a profile says of a model over what the file says of it for all: single figures, but prices as a whole."""
    if "price_usd_per_mtok" in entry:
        common = {name: value for name, value in common.items() if not name.startswith("price_")}
    parts = {name: {**common[name], **entry[name]} for name in ("capabilities",) if name in common and name in entry}
    return {**common, **entry, **parts}


# ------------------------------------------------------------------------------------------------ values
def _text(value: Any, path: _Path) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _Wrong(path, f"{path[-1]} is a text of one line")
    return value.strip()


def _tokens(value: Any, path: _Path) -> int:
    if type(value) is not int or not 0 < value <= 10**10:
        raise _Wrong(path, f"{path[-1]} is a number of tokens, 1 or more")
    return value


def _capabilities(value: Any, path: _Path) -> dict[str, bool]:
    table = _table(value, path)
    _check_names(table, tuple(CAPABILITIES.values()), path, "capabilities")
    for name, able in table.items():
        if not isinstance(able, bool):
            raise _Wrong((*path, name), f"{name} is true or false")
    return dict(table)


def _choice(names: tuple[str, ...]) -> Callable[[Any, _Path], list[str]]:
    def check(value: Any, path: _Path) -> list[str]:
        if not isinstance(value, list) or not all(each in names for each in value):
            raise _Wrong(path, f"{path[-1]} is a list of {', '.join(names)}")
        return [name for name in names if name in value]

    return check


def _prices(value: Any, path: _Path) -> dict[str, Any]:
    """Prices by kind; a kind that is not named has none, also where a shipped model has one."""
    return _price_table(value, path, _PRICE_KINDS)


def _long_prompt(value: Any, path: _Path) -> dict[str, Any]:
    table = dict(_table(value, path))
    above = _tokens(table.pop("above_prompt_tokens", None), (*path, "above_prompt_tokens"))
    return {"above_prompt_tokens": above, **_price_table(table, path, _PRICE_KINDS)}


def _fast_mode(value: Any, path: _Path) -> dict[str, Any]:
    return _price_table(value, path, ("input", "output"))


def _price_table(value: Any, path: _Path, kinds: tuple[str, ...]) -> dict[str, Any]:
    table = _table(value, path)
    _check_names(table, kinds, path, path[-1])
    if missing := [kind for kind in ("input", "output") if kind not in table]:
        raise _Wrong(path, f"{path[-1]} lacks {' and '.join(missing)}: dollars per million tokens")
    for kind, price in table.items():
        number = isinstance(price, int | float) and not isinstance(price, bool)
        if not number or not 0 <= price <= MAX_PRICE_USD:  # which nan is not, either
            raise _Wrong((*path, kind), f"{kind} is dollars per million tokens, 0 to {MAX_PRICE_USD:,}")
    return {**dict.fromkeys(kinds), **table}


_FIGURES: dict[str, tuple[_Path, Callable[[Any, _Path], Any]]] = {
    "display_name": (("display_name",), _text),
    "line": (("line",), _text),
    "context_window": (("context_window",), _tokens),
    "max_output_tokens": (("max_output_tokens",), _tokens),
    "capabilities": (("capabilities",), _capabilities),
    "thinking_types": (("thinking", "types"), _choice(THINKING_TYPES)),
    "effort_levels": (("effort", "levels"), _choice(EFFORT_LEVELS)),
    "tokenizer": (("tokenizer",), _text),
    "price_usd_per_mtok": (("price_usd_per_mtok",), _prices),
    "price_long_prompt": (("price_long_prompt",), _long_prompt),
    "price_fast_mode": (("price_fast_mode",), _fast_mode),
}
"""What may be said of a model: where it stands in an entry of `models.json`, and what checks it."""


def _table(value: Any, path: _Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(path, f"{path[-1]} is a table")
    return value


def _check_names(table: Mapping[str, Any], known: tuple[str, ...], path: _Path, what: str) -> None:
    for name, value in table.items():
        if name in known:
            continue
        hint = nearest(name, known) or f"; it may have {', '.join(known)}"
        if what == "a model" and isinstance(value, dict):
            hint += '; an id with a dot in it stands in quotes: [models."a.b"]'
        raise _Wrong((*path, name), f"{what} has no {name!r}{hint}")
