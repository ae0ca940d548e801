"""One catalogue out of three: what is shipped, the provider's own list over it, and the user's file over both.

Servers send anything, and older gateways give four fields: a figure that is missing or nonsense says nothing, and the
one below it stands. The list of `GET /v1/models` has no prices, aliases, prefill or sampling; those stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .models import CAPABILITIES, Catalogue, Model, Source, model_of

LIFECYCLES = ("active", "deprecated", "retired")
EFFORT_LEVELS = ("low", "medium", "high", "xhigh", "max")
THINKING_TYPES = ("adaptive", "between_tools", "enabled", "disabled")
LISTED_FIELDS = (
    "id", "display_name", "created_at", "lifecycle", "deprecated_at", "retires_at", "line", "max_input_tokens",
    "max_tokens", "capabilities",
)  # fmt: skip
"""What we read of a model object of the Models API."""
_LIMITS, _CHOSEN = ("context_window", "max_output_tokens"), ("thinking", "effort")
_SERVER_TOOLS = ("web_search", "code_execution")
_MAX_NAME = 200
_MAX_TOKENS = 10**10
_DAY = len("2026-11-22")
_OLDEST = "2020"  # what was made before is a server's way to say that it does not know
_PRICES = ("price_usd_per_mtok", "price_long_prompt", "price_fast_mode", "price_history")


# No dataclasses: every call has to wait for what they take to be made, once a list is kept.
class LiveList(NamedTuple):
    """What a server answered to `GET /v1/models`.

    Attributes:
        place: the address it came from, or the name of a provider that has none.
        fetched_at: seconds since the epoch.
        models: the server's objects, unchecked.
    """

    place: str
    fetched_at: float
    models: tuple[Any, ...]

    @property
    def source(self) -> Source:
        """What its figures come from."""
        moment = datetime.fromtimestamp(self.fetched_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Source("live", self.place, moment)


class OwnModels(NamedTuple):
    """What the user's file says, checked.

    Attributes:
        aliases: names in lower case, each with the id it means.
        models: what it says of each id, in the form of `models.json`.
    """

    path: str
    aliases: Mapping[str, str]
    models: Mapping[str, Mapping[str, Any]]


def merge(shipped: Catalogue, live: LiveList | None, own: OwnModels | None) -> Catalogue:
    """The catalogue of `shipped`, what the server lists and what the user says: the later, the stronger."""
    listed = {entry["id"]: entry for entry in map(figures_of, live.models) if entry} if live else {}
    told = own.models if own else {}
    by_alias = {alias: model.id for model in (*shipped.models, *shipped.retired) for alias in model.aliases}
    listed = {by_alias.get(name, name): entry for name, entry in listed.items()}
    known = {model.id: model for model in (*shipped.models, *shipped.retired)}
    merged = []
    for name in dict.fromkeys((*known, *listed, *told)):
        layers: list[tuple[Mapping[str, Any], Source]] = []
        if name in listed and live:
            layers.append((listed[name], live.source))
        if name in told and own:
            layers.append((told[name], Source("own", own.path)))
        merged.append(_merged(name, known.get(name), layers, listed=name in listed if live else None))
    return Catalogue(
        shipped.data, models=merged, aliases=own.aliases if own else None, live=live.source if live else None
    )


def _merged(
    name: str, known: Model | None, layers: list[tuple[Mapping[str, Any], Source]], *, listed: bool | None
) -> Model:
    entry: dict[str, Any] = dict(known.raw) if known else {"id": name}
    sources: dict[str, Source] = {}
    for figures, source in layers:
        if source.kind == "own":
            _prepare_for_own(entry, figures)
        elif entry.get("lifecycle") == "retired" and figures.get("lifecycle", "retired") != "retired":
            _bring_back(entry)
        for figure, value in figures.items():
            if isinstance(value, dict) and not figure.startswith("price_"):
                entry[figure] = {**entry.get(figure, {}), **value}
                sources.update({f"{figure}.{part}": source for part in value})
            else:
                entry[figure] = value
                sources[figure] = source
    entry["id"] = name
    _mend(entry)
    return model_of(entry, known.source if known else layers[0][1], sources, listed=listed)


def _prepare_for_own(entry: dict[str, Any], figures: Mapping[str, Any]) -> None:
    """What the user says of a model takes the place of whole price lists, and means that somebody serves it."""
    if "price_usd_per_mtok" in figures:
        for name in _PRICES:  # prices of two sellers make no price list
            entry.pop(name, None)
    if entry.get("lifecycle") == "retired":
        _bring_back(entry)


def _bring_back(entry: dict[str, Any]) -> None:
    """Forget the end of a model that somebody serves after all."""
    for name in ("lifecycle", "retired_on", "retires_on", "replacement"):
        entry.pop(name, None)


def _mend(entry: dict[str, Any]) -> None:
    """Let what follows from thinking types and effort levels follow from the merged ones."""
    types = entry.get("thinking", {}).get("types")
    if types is not None:
        entry["thinking"] = {**entry["thinking"], "can_disable": "disabled" in types}
    effort = entry.get("effort", {})
    if effort.get("default") not in (None, *effort.get("levels", ())):
        entry["effort"] = {**effort, "default": None}


# ------------------------------------------------------------------------------------------------ a server's object
def figures_of(listed: Any) -> dict[str, Any] | None:
    """What an object of the Models API says, in the form of `models.json`; None where it names no model."""
    if not isinstance(listed, dict) or not _is_name(listed.get("id")) or " " in listed["id"]:
        return None
    return {"id": listed["id"], **dict(_plain_figures(listed)), **dict(_abilities(listed.get("capabilities")))}


def _plain_figures(listed: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if _is_name(listed.get("display_name")):
        yield "display_name", listed["display_name"]
    line = listed.get("line")
    if isinstance(line, str) and line.isidentifier() and _is_name(line):
        yield "line", line.lower()
    if listed.get("lifecycle") in LIFECYCLES:
        yield "lifecycle", listed["lifecycle"]
    created = _day(listed.get("created_at"))
    if created and created > _OLDEST:
        yield "created", created
    for figure, name in (("deprecated_on", "deprecated_at"), ("retires_on", "retires_at")):
        if name in listed and (listed[name] is None or _day(listed[name])):
            yield figure, _day(listed[name])
    for figure, name in (("context_window", "max_input_tokens"), ("max_output_tokens", "max_tokens")):
        value = listed.get(name)
        if type(value) is int and 0 < value < _MAX_TOKENS:
            yield figure, value


def _abilities(tree: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The capability tree in our words: each leaf is `{"supported": bool}`, or missing where it is not said."""
    if not isinstance(tree, dict):
        return
    server = _table(tree.get("server_tools"))
    places = {**tree, **{name: server[name] for name in _SERVER_TOOLS if name in server}}
    found = {name: _supported(places.get(name)) for name in CAPABILITIES.values()}
    yield "capabilities", {name: yes for name, yes in found.items() if yes is not None}
    thinking, effort = _table(tree.get("thinking")), _table(tree.get("effort"))
    for figure, part, whole, choices, names in (
        ("thinking", "types", thinking, _table(thinking.get("types")), THINKING_TYPES),
        ("effort", "levels", effort, effort, EFFORT_LEVELS),
    ):
        said = {name: _supported(choices.get(name)) for name in names}
        if any(yes is not None for yes in said.values()):
            yield figure, {part: [name for name, yes in said.items() if yes]}
        elif _supported(whole) is False:
            yield figure, {part: []}


def _table(part: Any) -> dict[str, Any]:
    return part if isinstance(part, dict) else {}


def _supported(leaf: Any) -> bool | None:
    yes = leaf.get("supported") if isinstance(leaf, dict) else None
    return yes if isinstance(yes, bool) else None


def _is_name(text: Any) -> bool:
    """Whether it is a text that a terminal may see as it is, and of a length that a name has."""
    return isinstance(text, str) and text.isprintable() and text == text.strip() and 0 < len(text) <= _MAX_NAME


def _day(moment: Any) -> str | None:
    """The day (YYYY-MM-DD) of an RFC 3339 moment; None where it is none."""
    if not isinstance(moment, str):
        return None
    try:
        day = datetime.fromisoformat(moment).date().isoformat()
    except ValueError:
        return None
    return day if day == moment[:_DAY] else None  # ISO 8601 knows further forms


# ------------------------------------------------------------------------------------------------ what has changed
def changes(before: Catalogue, after: Catalogue) -> list[str]:
    """What a newer list of the same server brought: a line for the new models, one for those gone, one a change."""
    old = {model.id: model for model in (*before.models, *before.retired)}
    now = {model.id: model for model in (*after.models, *after.retired)}
    lines = []
    if new := [name for name in now if name not in old]:
        lines.append(f"new: {_some(new)}")
    if gone := [name for name, model in old.items() if model.listed and not (name in now and now[name].listed)]:
        lines.append(f"no longer listed: {_some(gone)}")
    for name, model in now.items():
        told = [f"{what} {was} → {is_}" for what, was, is_ in _differences(old[name], model)] if name in old else []
        if told:
            lines.append(f"{name}: {', '.join(told)}")
    return lines


def _differences(old: Model, now: Model) -> Iterator[tuple[str, str, str]]:
    """What was known and is not so any more; what was not known has not changed."""
    was, is_ = _comparable(old), _comparable(now)
    for what, value in is_.items():
        if was.get(what) not in (None, value):
            yield what.replace("_", " "), str(was[what]), str(value or "none")


def _comparable(model: Model) -> dict[str, str | None]:
    figures = (model.context_window, model.max_output_tokens)
    choices = (model.thinking_types, model.effort_levels)
    return {
        **{name: None if each is None else f"{each:,}" for name, each in zip(_LIMITS, figures, strict=True)},
        "lifecycle": model.raw.get("lifecycle"),
        "retires on": None if model.is_retired else model.retires_on,
        **{name: None if each is None else "/".join(sorted(each)) for name, each in zip(_CHOSEN, choices, strict=True)},
        **{
            name: "yes" if able else "no"
            for name, able in model.raw.get("capabilities", {}).items()
            if able is not None
        },
    }


def _some(names: list[str], most: int = 10) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
