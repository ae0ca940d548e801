"""What servers answered to `GET /v1/models`, a file an address in the cache folder; and the catalogue with that.

A list counts for the address it came from and for no other. A file that is not ours, or of a newer form, counts as
none; the next refresh writes it anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import UsageError
from ..core.models import Catalogue, catalogue
from .paths import MODELS_FILE_NAME, cache_dir, config_dir

if TYPE_CHECKING:
    from ..core.model_merge import LiveList, OwnModels

FOLDER = "models"
FORMAT = 1
KEPT = 8
"""Addresses whose lists are kept at most; the oldest go first."""
MAX_LIST_BYTES = 1 << 20
"""Of one list; the API's own takes about 40,000."""
_LATEST = 32_503_680_000  # the year 3000, in seconds since the epoch


def known_models(environ: Mapping[str, str], place: str, profile: str, *, live: LiveList | None = None) -> Catalogue:
    """The catalogue in force: what is shipped, the list kept for `place`, the user's file. Asks no network.

    Args:
        place: the base URL, or the name of a provider that has none: see `list_place`.
        profile: the one in use, "" for none.
        live: the list of `place`, in place of the one that is kept.
    Raises:
        UsageError: the user's file cannot be read, or something in it is wrong.
    """
    shipped, file = catalogue(), config_dir(environ) / MODELS_FILE_NAME
    own = _own(file, shipped, profile) if os.path.lexists(file) else None
    live = live or read_list(environ, place)
    if own is None and live is None:
        return shipped
    from ..core.model_merge import merge

    return merge(shipped, live, own)


def list_place(provider: str, base_url: str, *, offline: bool) -> str:
    """What a list of models is kept for: the base URL, or the provider that answers in place of one."""
    return "simulator" if offline else base_url if provider == "anthropic" else provider


def has_more(environ: Mapping[str, str]) -> bool:
    """Whether there may be more to know than what is shipped: a file of the user's, or a list that is kept."""
    return os.path.lexists(config_dir(environ) / MODELS_FILE_NAME) or os.path.lexists(cache_dir(environ) / FOLDER)


def _own(file: Path, shipped: Catalogue, profile: str) -> OwnModels:
    from .model_file import own_models
    from .settings_file import read_settings_file

    return own_models(read_settings_file(file), shipped, profile)


def read_list(environ: Mapping[str, str], place: str) -> LiveList | None:
    """The list that is kept for `place`; None where there is none that can be read."""
    folder = cache_dir(environ) / FOLDER
    if not os.path.lexists(folder):
        return None
    name = place_name(place)
    path = list_path(folder, name)
    try:
        if path.stat().st_size > 2 * MAX_LIST_BYTES:
            return None
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    match kept:
        case {"format": int(form), "place": str(kept_for), "fetched_at": int() | float() as moment, "models": list()}:
            if form == FORMAT and kept_for == name and 0 < moment < _LATEST:
                from ..core.model_merge import LiveList

                return LiveList(name, moment, tuple(kept["models"]))
    return None


def keep_list(environ: Mapping[str, str], found: LiveList) -> None:
    """Keep `found` in place of what was kept for its address.

    Raises:
        OSError: it cannot be written.
    """
    from .files import write_private

    folder = cache_dir(environ) / FOLDER
    path = list_path(folder, found.place)
    value = {"format": FORMAT, "place": found.place, "fetched_at": found.fetched_at, "models": found.models}
    write_private(path, (json.dumps(value) + "\n").encode())
    others = sorted(set(folder.glob("*.json")) - {path}, key=lambda each: each.lstat().st_mtime_ns, reverse=True)
    for old in others[KEPT - 1 :]:
        with suppress(OSError):
            old.unlink()


def list_path(folder: Path, place: str) -> Path:
    """The file in `folder` for the list of `place`, a name as `place_name` gives it."""
    import zlib  # a hash of hashlib's takes some milliseconds to load; the file names its place besides

    return folder / f"{zlib.crc32(place.encode()):08x}.json"


def place_name(place: str) -> str:
    """`place` as lists are kept for it: an address as origin and prefix, however it was written."""
    from ..core.address import endpoint

    with suppress(UsageError):
        target = endpoint(place)
        return target.origin + target.prefix
    return place
