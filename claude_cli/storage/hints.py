"""What a person is told once and never again, for each thing an empty file in the data folder; or once a day."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .files import write_private
from .paths import data_dir, make_private


def first_time(name: str, environ: Mapping[str, str]) -> bool:
    """Whether `name` has never happened; from now on it has. False where that cannot be remembered."""
    folder = data_dir(environ)
    try:
        make_private(folder)
        os.close(os.open(folder / f"told-{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError:
        return False
    return True


def first_time_today(name: str, environ: Mapping[str, str], today: str) -> bool:
    """Whether `name` has not happened on the day `today` (YYYY-MM-DD); from now on it has.

    False where that cannot be remembered.
    """
    path = data_dir(environ) / "told-today"
    try:
        before = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
        told = [line for line in before if line.startswith(f"{today} ")]
        if f"{today} {name}" in told:
            return False
        write_private(path, "".join(f"{line}\n" for line in [*told, f"{today} {name}"]).encode())
    except OSError:
        return False
    return True
