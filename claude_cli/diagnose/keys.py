"""The key and the keyring: which source has one, never the key itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..core.errors import AuthenticationError, ClaudeError
from ..core.redact import Credential
from ..storage.keyring_store import system_backend
from ..storage.keys import Found, KeyStore, Purpose
from .check import MAKE_ONE, Check, failed, milliseconds


def key_check(store: KeyStore, purpose: Purpose, *, keep: Callable[[Found], None] = lambda found: None) -> Check:
    """Where the key comes from; `keep` is given what was found, for the calls that want it."""
    start = time.monotonic()
    try:
        found = store.find(purpose)
    except ClaudeError as error:
        advice = f"make an API key at {MAKE_ONE}" if "admin key" in str(error) else ""
        return failed("key", error, advice=advice)
    keep(found)
    took = milliseconds(time.monotonic() - start)
    data = {"source": found.key.source if found.key else None, "profile": purpose.profile, "origin": purpose.origin}
    if found.key:
        return Check(
            "key", "ok", f"from {found.key.source}{_kind(found.key)}, profile {purpose.profile}", "", took, data
        )
    if purpose.is_official:
        return failed("key", AuthenticationError(found.missing(purpose), code="no_key"), latency_ms=took, data=data)
    detail = f"none for {purpose.origin}, which is called without"
    if not found.elsewhere:
        return Check("key", "ok", detail, "", took, data)
    advice = f"if it wants one: {purpose.set_command}"
    return Check(
        "key", "warn", f"{detail}; the one stored for {found.elsewhere} is sent nowhere else", advice, took, data
    )


def _kind(key: Credential) -> str:
    if key.is_oauth:
        return " (an OAuth token)"
    return " (a bearer token)" if key.kind == "bearer" else ""


def keyring_check(store: KeyStore, purpose: Purpose, *, backend: Callable[[], object] = system_backend) -> Check:
    """Whether the keyring of the system can be asked, and which it is; `backend` finds that.

    One that failed before is not asked again, or its dialog would open twice.
    """
    if not store.use_keyring:
        return Check("keyring", "skipped", "switched off (keyring = false)")
    start = time.monotonic()
    try:
        kept = store.in_passing().store("keyring").get(purpose.slot) is not None
        used = type(backend())
    except ClaudeError as error:
        if error.code == "no_keyring":
            return Check("keyring", "skipped", str(error))
        advice = "unlock it, or say keyring = false in the settings to do without"
        return Check("keyring", "warn", str(error), advice, milliseconds(time.monotonic() - start))
    took = milliseconds(time.monotonic() - start)
    name = f"{used.__module__}.{used.__name__}"
    detail = f"{name} answers and has {'the' if kept else 'no'} key of profile {purpose.profile}"
    return Check("keyring", "ok", detail, latency_ms=took, data={"backend": name, "has_key": kept})
