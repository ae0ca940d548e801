"""Which project files the user has been told about: a small file in the data folder.

Where it cannot be read or written, the user is told again each time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from .files import locked, write_private
from .paths import data_dir
from .project_file import ProjectFile

FILE_NAME = "projects.json"
KEPT = 1000
"""Projects remembered at most; the oldest go first."""


def is_known(project: ProjectFile, environ: Mapping[str, str]) -> bool:
    """Whether the user was told of this file with this content: a change is told again."""
    return _read(data_dir(environ) / FILE_NAME).get(str(project.file.path)) == project.digest


def remember(project: ProjectFile, environ: Mapping[str, str]) -> None:
    """Note that the user was told."""
    path = data_dir(environ) / FILE_NAME
    with suppress(OSError), locked(path):
        known = _read(path)
        known.pop(str(project.file.path), None)
        newest = dict([*known.items(), (str(project.file.path), project.digest)][-KEPT:])
        write_private(path, (json.dumps(newest, indent=1) + "\n").encode())


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
