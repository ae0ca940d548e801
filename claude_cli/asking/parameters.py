"""The parameters of a request, by name: what values each takes, and a question with one of them changed.

The flags of `complete` and `chat` and the `/set` of a chat are checked by the same rules. What a model takes is
`capabilities.py`'s matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.messages import LLMOptions
from ..storage.settings import EFFORTS

if TYPE_CHECKING:
    from ..core.caching import Ttl
    from .run import Asked

ENDLESS = float("inf")
TTLS: Mapping[str, Ttl | None] = {"auto": "5m", "off": None, "1h": "1h"}
"""What `cache` means: how long the provider keeps the prompt; None: not at all."""
CACHES = tuple(TTLS)
TIERS = ("auto", "standard_only")
ON_TRUNCATE = ("fail", "continue", "ok")
BOUNDS: Mapping[str, tuple[float, float]] = {
    "max_tokens": (0, ENDLESS), "temperature": (0, 1), "top_p": (0, 1), "top_k": (0, ENDLESS),
    "timeout": (0.001, 1e9), "retry_for": (0, 1e9), "retries": (0, ENDLESS),
}  # fmt: skip
"""Least and most of the numbers that have a flag, by the flag's name with underscores."""
UNSET = "default"
_SWITCHES = {"on": True, "off": False}
_TOOLS = ("web_search", "web_fetch", "code_execution")


# ------------------------------------------------------------------------------------------------ checks
def one_of(value: str | None, choices: tuple[str, ...], flag: str) -> str | None:
    """`value`, if it is None or one of `choices`.

    Raises:
        UsageError: it is another word; the message lists the choices.
    """
    if value is not None and value not in choices:
        raise UsageError(f"{flag} {value} is not known; choose {', '.join(choices[:-1])} or {choices[-1]}")
    return value


def in_range(value: float | None, least: float, most: float, flag: str) -> None:
    """Refuse a number outside `least` to `most`, or none at all (nan).

    Raises:
        UsageError: names the flag and the range.
    """
    if value is not None and not least <= value <= most:
        bound = f"{least:g} or more" if most >= 1e9 else f"{least:g} to {most:g}"
        raise UsageError(f"{flag} is {bound}, not {value:g}")


def thinking_object(choice: str | None, *, show: bool, flag: str = "--thinking") -> dict[str, Any] | None:
    """The API's thinking object for on, off or a number of tokens; shown thinking has to be asked for, or comes empty.

    Raises:
        UsageError: it is another word.
    """
    display = {"display": "summarized"} if show else {}
    if choice is None:
        return {"type": "adaptive", **display} if show else None
    if choice in ("on", "off"):
        return {"type": "adaptive", **display} if choice == "on" else {"type": "disabled"}
    if not choice.isdecimal():
        raise UsageError(f"{flag} {choice} is not known; choose on, off or a number of tokens")
    return {"type": "enabled", "budget_tokens": int(choice), **display}


def key_values(pairs: Sequence[str]) -> dict[str, Any]:
    """`K=V` words as one object: V is JSON where it parses, else text; dots in K go deeper.

    Raises:
        UsageError: a word without `=`, or a key that goes through a value that is no object.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        path, sign, text = pair.partition("=")
        if not sign or not path or ".." in f".{path}.":
            raise UsageError(f"--option {pair!r} is not of the form name=value")
        *outer, last = path.split(".")
        place = found
        for name in outer:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise UsageError(f"--option {path}: {name!r} has a value already, so nothing can go into it")
        place[last] = _value(text)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


# ------------------------------------------------------------------------------------------------ by name
@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that can be changed between two questions.

    Attributes:
        name: as `/set` has it.
        takes: what its value is, in words; where there are `choices`, these.
        read: a value of the words typed. Raises `UsageError`.
        choices: the only words it takes; () where it takes others.
    """

    name: str
    takes: str
    read: Callable[[str], Any]
    choices: tuple[str, ...] = ()


def _choice(name: str, *choices: str) -> Parameter:
    return Parameter(
        name, f"{', '.join(choices[:-1])} or {choices[-1]}", lambda text: one_of(text, choices, name), choices
    )


def _number(name: str, kind: type[int] | type[float], takes: str) -> Parameter:
    def read(text: str) -> float:
        try:
            value = kind(text.replace(",", "").replace("_", "") if kind is int else text)
        except ValueError as error:
            raise UsageError(f"{name} is {takes}, not {text!r}") from error
        in_range(value, *BOUNDS[name], name)
        return value

    return Parameter(name, takes, read)


def _stops(text: str) -> tuple[str, ...]:
    """One text, or a JSON list of them."""
    found = _value(text)
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        return tuple(found)
    return (found if isinstance(found, str) else text,)


def _think(text: str) -> dict[str, Any] | None:
    return thinking_object(text, show=False, flag="thinking")


PARAMETERS: Mapping[str, Parameter] = {
    each.name: each
    for each in (
        _number("max_tokens", int, "a whole number, 0 or more"),
        _choice("effort", *EFFORTS),
        Parameter("thinking", "on, off or a number of tokens", _think),
        _choice("show_thinking", *_SWITCHES),
        _number("temperature", float, "a number from 0 to 1"),
        _number("top_p", float, "a number from 0 to 1"),
        _number("top_k", int, "a whole number, 0 or more"),
        Parameter("stop", 'a text, or a JSON list such as ["END", "###"]', _stops),
        _choice("service_tier", *TIERS),
        _choice("cache", *CACHES),
        _choice("on_truncate", *ON_TRUNCATE),
        _choice("strict", *_SWITCHES),
        *(_choice(name, *_SWITCHES) for name in _TOOLS),
    )
}
"""All that have a name of their own, in the order in which they are listed."""
_FIELDS = {"stop": "stop_sequences"}
_OPTIONS = {_FIELDS.get(name, name) for name in PARAMETERS} & {field.name for field in fields(LLMOptions)}


def changed(asked: Asked, name: str, text: str) -> Asked:
    """`asked` with the parameter `name` as `text` has it; any other name is a field of the request, as `-O` has it.

    Args:
        name: as in `PARAMETERS`, with underscores or hyphens; dots go deeper into a field.
        text: `default` takes it back.
    Raises:
        UsageError: the value is none of those it takes; names them.
    """
    known = PARAMETERS.get(name.replace("-", "_"))
    if known is None:
        return _with_field(asked, name, text)
    value = None if text == UNSET else known.read(text)
    if known.name in _TOOLS:
        return _with_tool(asked, known.name, wanted=value == "on")
    return _with_value(asked, known.name, value)


def _with_value(asked: Asked, name: str, value: Any) -> Asked:
    if name == "cache":
        return replace(asked, cache=TTLS[value or "auto"])
    if name == "strict":
        return replace(asked, strict=value == "on")
    if name == "on_truncate":
        return replace(asked, on_truncate=value or "fail")
    if name == "show_thinking":
        return _shown(asked, shown=value == "on")
    if name == "thinking" and value is not None and asked.show_thinking and value["type"] != "disabled":
        value = {**value, "display": "summarized"}
    if name == "stop":
        value = value or ()
    return replace(asked, options=replace(asked.options, **{_FIELDS.get(name, name): value}))


def _shown(asked: Asked, *, shown: bool) -> Asked:
    """Thinking comes with its text only where that is asked for."""
    now = asked.options.thinking or {}
    kept = {key: value for key, value in now.items() if key != "display"}
    if shown and now.get("type") != "disabled":
        kept = {**(kept or {"type": "adaptive"}), "display": "summarized"}
    elif kept == {"type": "adaptive"} and asked.show_thinking:
        kept = {}  # it was asked for to be shown, by nothing else
    return replace(asked, show_thinking=shown, options=replace(asked.options, thinking=kept or None))


def _with_tool(asked: Asked, name: str, *, wanted: bool) -> Asked:
    from ..core.server_tools import CODE_EXECUTION, WEB_FETCH, WEB_SEARCH

    tools: list[dict[str, Any]] = [WEB_SEARCH, WEB_FETCH, CODE_EXECUTION]
    ours = [tool for tool in tools if tool in asked.form.tools and tool["name"] != name]
    ours += [tool for tool in tools if tool["name"] == name and wanted]
    extra = {key: value for key, value in asked.options.extra.items() if key != "tools"}
    given = asked.options.extra.get("tools", [])
    others = [tool for tool in given if tool not in asked.form.tools] if isinstance(given, list) else given
    form = replace(asked.form, tools=ours)
    extra = form.request({**extra, "tools": others} if others else extra)
    return replace(asked, form=form, options=replace(asked.options, extra=extra))


def _with_field(asked: Asked, name: str, text: str) -> Asked:
    extra = json.loads(json.dumps(asked.options.extra))
    if text == UNSET:
        _take_out(extra, name.split("."))
    else:
        _merge(extra, key_values([f"{name}={text}"]))
    from ..core.raw_options import lifted

    options = replace(asked.options, extra=extra)
    lifted(options, judged=True)  # so that a wrong value is refused here, and not with each question
    return replace(asked, options=options)


def _take_out(extra: dict[str, Any], path: Sequence[str]) -> None:
    """Take the field at `path` out, where it is, and what is empty without it."""
    inner = extra.get(path[0])
    if len(path) > 1 and isinstance(inner, dict):
        _take_out(inner, path[1:])
    if len(path) == 1 or inner == {}:
        extra.pop(path[0], None)


def _merge(extra: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(extra.get(name), dict):
            _merge(extra[name], value)
        else:
            extra[name] = value


# ------------------------------------------------------------------------------------------------ as they are
def standing(asked: Asked) -> Iterator[tuple[str, str]]:
    """Each parameter with its value as it would be typed, "" where it is not set; then the further fields that are."""
    for name in PARAMETERS:
        yield name, _shown_value(asked, name)
    names = {tool["name"] for tool in asked.form.tools}
    for name, value in asked.options.extra.items():
        if name == "tools" and isinstance(value, list) and all(tool.get("name") in names for tool in value):
            continue
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown_value(asked: Asked, name: str) -> str:
    if name in _TOOLS:
        return "on" if any(tool["name"] == name for tool in asked.form.tools) else ""
    if name == "cache":
        return next(word for word, ttl in TTLS.items() if ttl == asked.cache)
    if name in ("strict", "show_thinking"):
        return "on" if getattr(asked, name) else ""
    if name == "on_truncate":
        return asked.on_truncate
    value = getattr(asked.options, _FIELDS.get(name, name))
    if value is None or value == ():
        return ""
    if name == "thinking":
        return {"adaptive": "on", "disabled": "off"}.get(value.get("type"), str(value.get("budget_tokens", "on")))
    if name == "stop":
        return json.dumps(list(value), ensure_ascii=False) if len(value) > 1 else str(value[0])
    return f"{value:,}" if name == "max_tokens" else str(value)
