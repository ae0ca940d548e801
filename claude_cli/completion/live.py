"""The words a completion cannot know beforehand: models, profiles, templates, sessions. Loaded alone, so kept light."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ..core.errors import ClaudeError

if TYPE_CHECKING:
    from ..core.models import Catalogue

SESSIONS = 200
"""How many conversations are offered at most, each by title and id."""


def live_words(kind: str, environ: Mapping[str, str]) -> list[str]:
    """A line for each word of `kind` ("models", "searches", "profiles", "templates", "sessions"): the word, a tab, and
    what it is.

    Completion never fails: of an unknown kind, or where a file cannot be read, there is no word.
    """
    words = _KINDS.get(kind)
    try:
        found = dict(words(environ)) if words else {}
    except (ClaudeError, OSError):
        return []
    # The shells quote a word; what they would show as something else than it is, is left out.
    return [f"{word}\t{meaning}" for word, meaning in found.items() if word.isprintable()]


def _models(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    known = _catalogue(environ)
    for name in known.names():
        model = known.find(name)
        if model:
            yield name, model.display_name if name == model.id else model.id
    yield from known.unknown_aliases.items()


def _searches(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What may stand behind `models`."""
    yield "show", "everything about one"
    yield from _models(environ)


def _catalogue(environ: Mapping[str, str]) -> Catalogue:
    """The models where the settings ask for answers; where the user's files are wrong, those that are shipped."""
    from ..core.models import catalogue
    from ..storage.model_list import has_more, known_models, list_place

    if not has_more(environ):
        return catalogue()
    from ..core.connection import DEFAULT_BASE_URL
    from ..storage.settings import load_settings

    with suppress(ClaudeError):
        settings = load_settings(environ)
        place = list_place(settings.provider, settings.base_url or DEFAULT_BASE_URL, offline=settings.offline)
        return known_models(environ, place, settings.profile)
    return catalogue()


def _profiles(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    from ..storage.paths import config_dir
    from ..storage.settings_file import read_settings_file

    profiles = read_settings_file(config_dir(environ) / "config.toml").values.get("profiles")
    for name in profiles if isinstance(profiles, dict) else ():
        yield name, "profile"


def _templates(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    from ..storage.templates import template_names

    for name in template_names(environ):
        yield name, "template"


def _sessions(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The titles and ids of the newest conversations; nothing is written or waited for."""
    import sqlite3
    from contextlib import closing

    from ..core.harmless import one_line
    from ..storage.history_schema import FILE_NAME
    from ..storage.paths import data_dir

    path = data_dir(environ) / FILE_NAME
    if not path.is_file():
        return
    newest = "SELECT id, title FROM conversations ORDER BY updated_at DESC LIMIT ?"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0)) as database:
            rows = [(str(id_), str(title)) for id_, title in database.execute(newest, (SESSIONS,))]
    except sqlite3.Error:
        return
    yield from ((title, id_) for id_, title in rows if title)
    yield from ((id_, one_line(title)) for id_, title in rows)


_KINDS: dict[str, Callable[[Mapping[str, str]], Iterator[tuple[str, str]]]] = {
    "models": _models,
    "searches": _searches,
    "profiles": _profiles,
    "templates": _templates,
    "sessions": _sessions,
}
