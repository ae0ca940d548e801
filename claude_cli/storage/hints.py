"""What a person is told once and never again: for each thing an empty file in the data folder."""

from __future__ import annotations

import os
from collections.abc import Mapping

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
