"""Where our files lie. No folder is made before something is put into it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

APP_NAME = "claude-cli"
PROJECT_FILE_NAME = ".claude-cli.toml"
MODELS_FILE_NAME = "models.toml"


def config_dir(environ: Mapping[str, str]) -> Path:
    """The folder of settings and templates: `CLAUDE_CLI_HOME`, else the platform's (~/.config/claude-cli on Linux)."""
    return _home(environ) or _platform("user_config_dir")


def data_dir(environ: Mapping[str, str]) -> Path:
    """The folder of what is kept: `CLAUDE_CLI_HOME`, else the platform's (~/.local/share/claude-cli on Linux)."""
    return _home(environ) or _platform("user_data_dir")


def cache_dir(environ: Mapping[str, str]) -> Path:
    """The folder of what can be had again: `CLAUDE_CLI_HOME`, else the platform's (~/.cache/claude-cli on Linux)."""
    return _home(environ) or _platform("user_cache_dir")


def project_place(folder: Path, environ: Mapping[str, str]) -> tuple[Path, Path] | None:
    """The nearest project file of `folder`, which is absolute, and the last folder upwards that was to be searched.

    That is the root of the repository or the home folder, whichever comes first; in neither, `folder` itself.
    """
    home = environ.get("HOME", "")
    homes = {home.rstrip("/"), os.path.realpath(home)} if home else set()
    places = (folder, *folder.parents)
    ends = (place for place in places if str(place) in homes or os.path.lexists(place / ".git"))
    limit = next(ends, folder)
    for place in places[: places.index(limit) + 1]:
        if os.path.lexists(place / PROJECT_FILE_NAME):
            return place / PROJECT_FILE_NAME, limit
    return None


def make_private(folder: Path) -> None:
    """Make `folder`, and those above it, where they are missing; a new one is its owner's alone. Raises `OSError`."""
    if not folder.parent.exists():
        make_private(folder.parent)  # `parents=True` would let others look into them
    folder.mkdir(mode=0o700, exist_ok=True)


def _home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("CLAUDE_CLI_HOME")
    return Path(home) if home else None


def _platform(name: str) -> Path:
    import platformdirs

    return Path(getattr(platformdirs, name)(APP_NAME, appauthor=False))
