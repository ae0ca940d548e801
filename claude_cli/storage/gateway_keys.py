"""The gateway's own keys: what is kept of each (never the key itself), and how that is written.

A file holds `{"version": 1, "keys": [...]}`. It is written by `serve keys`, or by whoever sets up a container: there a
key may stand in plain, for stores that know only secrets.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..core.budget import Limits
from ..core.pricing import dollars as written
from .setting_values import AMOUNT, Dollars, dollars

PREFIX = "clk-"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LENGTH = 43
"""Of so many of these letters, 256 bits can be chosen; a double click marks them all."""
SHORTEST = 16
"""Characters of a key that somebody else made: a shorter one could be guessed."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NAME = "letters, digits, '.', '_' and '-', at most 64, the first a letter or a digit"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_COUNTS = ("requests_per_minute", "tokens_per_minute", "streams_at_once")
_MEMBERS = {"name", "digest", "key", "models", *_COUNTS, "budget_day", "budget_month", "expires", "admin", "created"}


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A key that the gateway gave out, and what it allows.

    Attributes:
        name: what it is called, in `serve keys list` and in the ledger.
        digest: SHA-256 of the key, in hexadecimal digits.
        models: names of models it may ask; empty: all.
        requests_per_minute, tokens_per_minute, streams_at_once: 0: no limit of its own.
        budget: what its calls may cost in a day and in a month.
        expires_at: seconds of Unix time; None: never.
        admin: it may see metrics and providers.
        created_at: seconds of Unix time.
    """

    name: str
    digest: str = ""
    models: tuple[str, ...] = ()
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    streams_at_once: int = 0
    budget: Limits = field(default_factory=Limits)
    expires_at: float | None = None
    admin: bool = False
    created_at: float = 0.0

    def is_expired(self, now: float) -> bool:
        """Whether it is no longer taken at `now`, seconds of Unix time."""
        return self.expires_at is not None and now >= self.expires_at


ANYONE = GatewayKey("", admin=True)
"""Who asks where no keys are asked for."""


class WrongKeys(ValueError):
    """What is wrong with a file of keys; never with what stands in it, which may be a key."""


def new_key() -> str:
    """A key that nobody can guess."""
    return PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def digest_of(key: str) -> str:
    """What is kept of `key`. No salt and no slow hash: 256 random bits cannot be tried out."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def is_name(text: str) -> bool:
    """Whether a key may be called that; it goes into logs, labels of metrics, and the ledger."""
    return bool(_NAME.fullmatch(text))


def parse_keys(data: bytes) -> list[GatewayKey]:
    """The keys that a file holds. Raises `WrongKeys`."""
    try:
        found = json.loads(data, object_pairs_hook=_members)
    except WrongKeys:
        raise
    except (ValueError, RecursionError):  # not chained: a decoder quotes what it read
        found = None
    rows = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(rows, list):
        raise WrongKeys('it is no JSON object with "version" and "keys"')
    if found.get("version") != 1:
        raise WrongKeys('its "version" is not 1, the one this program knows')
    keys = [_key(row, number) for number, row in enumerate(rows, 1)]
    for what, words in (("name", "is there twice"), ("digest", "is the same key as another")):
        last = {getattr(key, what): number for number, key in enumerate(keys)}
        if len(last) < len(keys):
            twice = next(key.name for number, key in enumerate(keys) if last[getattr(key, what)] != number)
            raise WrongKeys(f"{twice} {words}")
    return keys


def written_keys(keys: Sequence[GatewayKey]) -> bytes:
    """`keys` as a file holds them."""
    rows = [{"name": key.name, "digest": key.digest, **told(key)} for key in keys]
    return f"{json.dumps({'version': 1, 'keys': rows}, indent=2, ensure_ascii=False)}\n".encode()


def told(key: GatewayKey) -> dict[str, Any]:
    """What may be said of a key, as JSON: all but its name and its digest. Amounts are US dollars."""
    return {
        "models": list(key.models),
        **{name: getattr(key, name) for name in _COUNTS},
        "budget_day": _amount(key.budget.day_pico),
        "budget_month": _amount(key.budget.month_pico),
        "expires": None if key.expires_at is None else moment(key.expires_at),
        "admin": key.admin,
        "created": moment(key.created_at) if key.created_at else None,
    }


def moment(seconds: float) -> str:
    """A Unix time as it is written: "2026-11-22T10:00:00Z"."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises `WrongKeys`: which of two members of one name is meant, nobody could tell."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise WrongKeys("a member of an object comes twice")
    return members


def _key(row: object, number: int) -> GatewayKey:
    """The key that `row` describes. Raises `WrongKeys`."""
    if not isinstance(row, Mapping):
        raise WrongKeys(f"key {number} is no object")
    name = row.get("name")
    if not isinstance(name, str) or not is_name(name):
        raise WrongKeys(f"key {number} has no name of {NAME}")
    if unknown := sorted(str(member) for member in set(row) - _MEMBERS):
        raise WrongKeys(f"{name} has members that mean nothing here, {len(unknown)} of them; see docs/gateway-keys.md")
    models = row.get("models") or []
    if not isinstance(models, list) or not all(isinstance(each, str) and each for each in models):
        raise WrongKeys(f"the models of {name} are no list of names")
    if not isinstance(row.get("admin", False), bool):
        raise WrongKeys(f"admin of {name} is not true or false")
    return GatewayKey(
        name,
        _digest(row, name),
        tuple(models),
        requests_per_minute=_count(row, "requests_per_minute", name),
        tokens_per_minute=_count(row, "tokens_per_minute", name),
        streams_at_once=_count(row, "streams_at_once", name),
        budget=Limits(_pico(row, "budget_day", name), _pico(row, "budget_month", name)),
        expires_at=_time(row, "expires", name),
        admin=bool(row.get("admin")),
        created_at=_time(row, "created", name) or 0.0,
    )


def _digest(row: Mapping[str, object], name: str) -> str:
    key, digest = row.get("key"), row.get("digest")
    if isinstance(key, str) and digest is None:
        key = key.strip()
        if len(key) < SHORTEST or not (key.isascii() and key.isprintable()) or " " in key:
            raise WrongKeys(f"the key of {name} is not one of {SHORTEST} or more printable characters without blanks")
        return digest_of(key)
    if isinstance(digest, str) and key is None and _DIGEST.fullmatch(digest.lower()):
        return digest.lower()
    raise WrongKeys(f"{name} has neither a digest, the SHA-256 of its key in 64 hexadecimal digits, nor a key")


def _count(row: Mapping[str, object], member: str, name: str) -> int:
    found = row.get(member) or 0
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise WrongKeys(f"{member} of {name} is no whole number, 0 or more")
    return found


def _pico(row: Mapping[str, object], member: str, name: str) -> int | None:
    found = row.get(member)
    amount = Dollars() if found is None else dollars(found)
    if not isinstance(amount, Dollars):
        raise WrongKeys(f"{member} of {name} is not {AMOUNT}")
    return amount.pico


def _time(row: Mapping[str, object], member: str, name: str) -> float | None:
    text = row.get(member)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(str(text))
        seconds = (found if found.tzinfo else found.astimezone()).timestamp()
    except (ValueError, OverflowError, OSError):
        seconds = math.nan
    if not isinstance(text, str) or math.isnan(seconds):
        raise WrongKeys(f"{member} of {name} is no time such as 2026-12-31T00:00:00Z")
    return seconds


def _amount(pico: int | None) -> str | None:
    return None if pico is None else written(pico)
