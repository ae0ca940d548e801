"""The program itself: versions, extras, terminal, settings, and the providers that are installed.

Its first check is seen before anything else is loaded, so most imports stand where they are needed.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.harmless import one_line
from ..storage.settings import Settings, unknown_variables
from .check import EXIT_DATA, Check, Step, failed

if TYPE_CHECKING:
    from ..core.models import Catalogue
    from ..core.providers.manager import PluginManager

STEPS = tuple(Step(name) for name in ("libraries", "extras"))
LIBRARIES = ("httpcore", "httpx", "typer", "rich", "keyring")
EXTRAS = {
    "media": ("pillow", "pillow-heif", "pypdf"),
    "schema": ("jsonschema-rs",),
    "serve": ("httptools", "limits", "prometheus-client", "starlette", "uvicorn", "websockets"),
}
"""Optional parts, each with the packages that make it up."""


def installed(package: str) -> str | None:
    """The version of `package`; None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def program_check(own: str) -> Check:
    """The program, of the version `own`, and what it runs on."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    data = {"version": own, "python": platform.python_version(), "executable": sys.executable, "platform": system}
    return Check("program", "ok", f"claude-cli {own}, Python {data['python']}, {system}", data=data)


def library_checks(number_of: Callable[[str], str | None] = installed) -> Iterator[Check]:
    """The checks of `STEPS`; `number_of` gives the version of a package."""
    import sqlite3
    import ssl

    found = {name: number_of(name) for name in LIBRARIES}
    # OpenSSL's own words hold a date, which is not what is looked for.
    found |= {"sqlite": sqlite3.sqlite_version, "openssl": ssl.OPENSSL_VERSION.split()[1]}
    missing = [name for name, number in found.items() if not number]
    shown = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    if missing:
        detail = f"{', '.join(missing)} missing; {shown}"
        yield Check("libraries", "fail", detail, "install claude-cli anew", data=found, exit_code=EXIT_DATA)
    else:
        yield Check("libraries", "ok", shown, data=found)
    yield _extras(number_of)


def _extras(number_of: Callable[[str], str | None]) -> Check:
    """Which optional parts are installed. To lack one is no fault."""
    from ..core.installed import install_line

    found = {name: all(number_of(package) for package in packages) for name, packages in EXTRAS.items()}
    there, lacking = ([name for name, whole in found.items() if whole is wanted] for wanted in (True, False))
    detail = ", ".join(there) or "none"
    if lacking:
        detail += f"; not {' and '.join(lacking)} (to add: {install_line(','.join(lacking))})"
    return Check("extras", "ok", detail, data=found)


def terminal_check(
    environ: Mapping[str, str], *, streams: Mapping[str, bool], size: tuple[int, int], colour: bool, encoding: str
) -> Check:
    """What the terminal is like, where there is one.

    Args:
        streams: "stdin", "stdout", "stderr": whether each is a terminal.
        size: columns and rows.
        colour: whether standard output is styled.
        encoding: of standard output.
    """
    term = environ.get("TERM", "")
    data: dict[str, Any] = {**streams, "columns": size[0], "rows": size[1], "term": term, "colour": colour}
    data |= {"colours": _colours(environ), "encoding": encoding, "links": "written out"}
    if not streams["stdout"]:
        here = [name for name, is_one in streams.items() if is_one]
        return Check(
            "terminal", "ok", "standard output is none" + (f"; {', '.join(here)} is" if here else ""), data=data
        )
    parts = [
        f"{size[0]} x {size[1]}",
        term or "TERM not set",
        f"{_colours(environ)} colours" if colour else "no colours",
    ]
    if encoding.lower().replace("-", "") == "utf8":
        return Check("terminal", "ok", ", ".join([*parts, "UTF-8"]), data=data)
    detail = ", ".join([*parts, f"letters as {encoding}"])
    return Check("terminal", "warn", detail, "set LANG to a UTF-8 locale, or other letters become ?", data=data)


def _colours(environ: Mapping[str, str]) -> str:
    """How many the terminal says it has."""
    if environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16.7 million"
    return "256" if "256color" in environ.get("TERM", "") else "16"


def settings_check(settings: Settings, path: str, environ: Mapping[str, str]) -> Check:
    """Settings that could be read: where from, and what looks like one and is none."""
    strange = unknown_variables(environ)
    project = settings.project
    if project and project.complaint:
        strange.append(project.complaint)
    changed = dict(settings.sources)
    where = path if os.path.lexists(path) else "no file"
    detail = f"{where}, {len(changed)} set" if changed else f"{where}, nothing set"
    data = {"file": path, "sources": changed, "remarks": strange}
    if strange:
        return Check("settings", "warn", "; ".join(strange), "correct or unset it", data=data)
    return Check("settings", "ok", detail, data=data)


def catalogue_check(read: Callable[[], Catalogue], default: str = "") -> tuple[Check, Catalogue]:
    """The models that are known, as `read` gives them; the shipped ones where the user's `models.toml` is wrong.

    Args:
        default: the model asked where none is named, which should be one of them; "": it is another provider's.
    """
    from ..core.models import catalogue

    try:
        found = read()
    except UsageError as error:
        return failed("catalogue", error), catalogue()
    data = {"models": len(found.models), "as_of": found.as_of, "live": found.live.date if found.live else None}
    if default and not found.find(default):
        advice = "choose another as the setting `model`; `claude-cli models` lists them"
        return Check("catalogue", "warn", _unknown(default, found), advice, data=data), found
    live = f", and the provider's list of {found.live.date}" if found.live else ""
    return Check("catalogue", "ok", f"{len(found.models)} models, shipped {found.as_of}{live}", data=data), found


def _unknown(default: str, models: Catalogue) -> str:
    """That the model of the settings is none, and what may have been meant."""
    gone = models.find_any(default)
    if gone is None:
        return f"no model called {default!r}, as the settings have it, is known; {models.nearest(default)}".rstrip("; ")
    heir = models.successor(gone.id)
    return f"{default!r}, the model of the settings, is retired" + (f"; its successor is {heir}" if heir else "")


def providers_check(chosen: str, manager: PluginManager, known_models: list[str]) -> Check:
    """Which providers are installed, loaded each; a broken one is named, and fails if it is the `chosen` one.

    Args:
        known_models: ids of the built-in provider's.
    """
    found: list[dict[str, Any]] = []
    broken: dict[str, str] = {}
    for name in manager.names():
        try:
            kind, has_key = manager.provider_class(name), manager.has_key(name)
        except UsageError as error:
            broken[name] = one_line(str(error), 200)
            found.append({"name": name, "module": None, "status": "broken", "error": broken[name]})
            continue
        status = "ready" if has_key or name == "anthropic" else "no key"
        models = known_models if name == "anthropic" else []
        # A breaker lives as long as the process that counts: in a new one it is closed.
        one = {"name": name, "module": kind.__module__, "status": status, "models": models, "breaker": "closed"}
        found.append(one)
    data = {"chosen": chosen, "providers": found}
    shown = ", ".join(f"{one['name']} ({one['status']})" for one in found if one["name"] not in broken)
    wanted = chosen.removesuffix("-default")
    if wanted in broken:
        return failed("providers", UsageError(broken[wanted]), advice="repair or remove its package", data=data)
    if wanted not in (one["name"] for one in found):
        return failed("providers", UsageError(f"no provider is called {chosen!r}; installed: {shown}"), data=data)
    if broken:
        detail = f"{shown}; {len(broken)} broken: {'; '.join(broken.values())}"
        return Check("providers", "warn", detail, "repair or remove its package", data=data)
    return Check("providers", "ok", f"{shown}, breakers closed", data=data)
