"""What servers answered to `GET /v1/models`, kept in the cache folder by address; and the catalogue with that.

A list counts for the address it came from and for no other. A file that is not ours, or of a newer form, counts as
none; the next refresh writes it anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.models import Catalogue, catalogue
from .paths import MODELS_FILE_NAME, cache_dir, config_dir

if TYPE_CHECKING:
    from ..core.model_merge import LiveList, OwnModels

FILE_NAME = "models.json"
FORMAT = 1
KEPT = 8
"""Addresses whose lists are kept at most; the oldest go first."""
MAX_LIST_BYTES = 1 << 19
"""Of one list; the API's own takes about 40,000. Each call reads all that are kept."""
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
    return os.path.lexists(config_dir(environ) / MODELS_FILE_NAME) or os.path.lexists(cache_dir(environ) / FILE_NAME)


def _own(file: Path, shipped: Catalogue, profile: str) -> OwnModels:
    from .model_file import own_models
    from .settings_file import read_settings_file

    return own_models(read_settings_file(file), shipped, profile)


def read_list(environ: Mapping[str, str], place: str) -> LiveList | None:
    """The list that is kept for `place`; None where there is none that can be read."""
    path = cache_dir(environ) / FILE_NAME
    if not os.path.lexists(path):
        return None
    name = place_name(place)
    match _read(path).get(name):
        case {"fetched_at": int() | float() as moment, "models": list() as models} if 0 < moment < _LATEST:
            from ..core.model_merge import LiveList

            return LiveList(name, moment, tuple(models))
    return None


def keep_list(environ: Mapping[str, str], found: LiveList) -> None:
    """Keep `found` in place of what was kept for its address.

    Raises:
        OSError: it cannot be written.
    """
    from .files import locked, write_private

    path = cache_dir(environ) / FILE_NAME
    with locked(path):
        lists = _read(path)
        lists.pop(found.place, None)
        lists[found.place] = {"fetched_at": found.fetched_at, "models": found.models}
        newest = dict([*lists.items()][-KEPT:])
        write_private(path, (json.dumps({"format": FORMAT, "lists": newest}) + "\n").encode())


def place_name(place: str) -> str:
    """`place` as lists are kept for it: an address as origin and prefix, however it was written."""
    from ..core.address import endpoint

    with suppress(UsageError):
        target = endpoint(place)
        return target.origin + target.prefix
    return place


def _read(path: Path) -> dict[str, Any]:
    """The lists in the file at `path`, unchecked; none where it is missing, broken, foreign or of another form."""
    try:
        if path.stat().st_size > 2 * KEPT * MAX_LIST_BYTES:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    match found:
        case {"format": int(form), "lists": dict() as lists} if form == FORMAT:
            return lists
    return {}
