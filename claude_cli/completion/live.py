"""The words a completion cannot know beforehand: models, profiles, templates. Loaded alone, so kept light."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ..core.errors import ClaudeError

if TYPE_CHECKING:
    from ..core.models import Catalogue


def live_words(kind: str, environ: Mapping[str, str]) -> list[str]:
    """A line for each word of `kind` ("models", "searches", "profiles", "templates"): the word, a tab, what it is.

    Completion never fails: of an unknown kind, or where a file cannot be read, there is no word.
    """
    words = _KINDS.get(kind)
    try:
        found = dict(words(environ)) if words else {}
    except (ClaudeError, OSError):
        return []
    # A word that would not be one word in the shell's list is left out.
    return [f"{word}\t{meaning}" for word, meaning in found.items() if word.isprintable() and " " not in word]


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


_KINDS: dict[str, Callable[[Mapping[str, str]], Iterator[tuple[str, str]]]] = {
    "models": _models,
    "searches": _searches,
    "profiles": _profiles,
    "templates": _templates,
}
