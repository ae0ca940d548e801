"""What the built-in provider is told: key, address, headers; and what may be told."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..connection import DEFAULT_BASE_URL, Timeouts
from ..errors import UsageError
from ..models import Catalogue, catalogue
from ..redact import Credential, credential
from ..wire_request import API_VERSION

NO_KEY = (
    f"no API key for {DEFAULT_BASE_URL}; set ANTHROPIC_API_KEY"
    " (made at https://console.anthropic.com/settings/keys), or try without: --offline"
)
_OWN_HEADERS = frozenset((
    "accept", "accept-encoding", "anthropic-beta", "anthropic-version", "authorization", "connection", "content-length",
    "content-type", "host", "transfer-encoding", "user-agent", "x-api-key",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """Everything a provider of this kind can be told.

    Attributes:
        key: None where the server wants none.
        base_url: with or without `/v1`.
        api_version: the `anthropic-version` sent where the request needs no other.
        allow_http: hosts that may be called by plain http, from the user's own settings.
        timeouts: see `Timeouts`.
        environ: names proxy and trust; not shown, as it may hold keys and passwords.
        headers: sent with each request besides our own; not shown, as they may hold secrets.
        no_key: what to say where a key is wanted and there is none.
        models: the catalogue that says what each model takes.
    """

    key: Credential | None
    base_url: str = DEFAULT_BASE_URL
    api_version: str = API_VERSION
    allow_http: tuple[str, ...] = ()
    timeouts: Timeouts = field(default_factory=Timeouts)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    no_key: str = ""
    models: Catalogue = field(default_factory=catalogue, repr=False)


def environment_key(environ: Mapping[str, str]) -> Credential | None:
    """The key in `ANTHROPIC_API_KEY`, else the token in `ANTHROPIC_AUTH_TOKEN`, else None.

    Raises:
        AuthenticationError: the variable holds something that is no key.
    """
    if environ.get("ANTHROPIC_API_KEY"):
        return credential(environ["ANTHROPIC_API_KEY"], source="ANTHROPIC_API_KEY")
    if environ.get("ANTHROPIC_AUTH_TOKEN"):
        return credential(environ["ANTHROPIC_AUTH_TOKEN"], source="ANTHROPIC_AUTH_TOKEN", kind="bearer")
    return None


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse headers that would take the place of our own, or break a request.

    Raises:
        UsageError: names the header; its value may be a secret.
    """
    for name, value in headers.items():
        if name.lower() in _OWN_HEADERS:
            raise UsageError(f"header {name} is the program's own; take it out of the profile")
        plain = value.isascii() and value.isprintable() and value == value.strip()
        if not (plain and re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII)):
            raise UsageError(f"header {name!r} of the profile is none: a name, and printable ASCII as its value")
