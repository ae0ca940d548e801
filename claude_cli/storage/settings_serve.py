"""The settings of `claude-cli serve`: the table [serve] of the user's file. A project's file sets none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from functools import partial
from typing import Any

from .setting_values import Table, name_of, setting
from .settings import Settings, of_environment

ON_UNSUPPORTED = ("warn", "drop", "reject")
_NO_NAMES = Table()
_serve = partial(setting, table="serve")


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """What `serve` is told besides its flags; what each does to a request stands in `gateway/config.py`."""

    serve_host: str = _serve("127.0.0.1", "address that serve listens on")
    serve_port: int = _serve(4003, "port that serve listens on; 0 takes a free one")
    serve_tls_cert: str = _serve("", "file with serve's certificate and its chain, in PEM; empty: plain http")
    serve_tls_key: str = _serve("", "file with the key of that certificate")
    serve_behind_proxy: bool = _serve(
        False, "a proxy in front of serve does TLS; its X-Forwarded-* headers are believed"
    )
    serve_keys_file: str = _serve("", "file with serve's keys, for containers; empty: those of `serve keys`")
    serve_cors_origins: tuple[str, ...] = _serve((), "web pages that may call serve, as in https://app.example")
    serve_allow_hosts: tuple[str, ...] = _serve((), "names by which serve may be called besides its own")
    serve_aliases: Table = setting(
        _NO_NAMES, "names of models beside those that are shipped, and what each means; empty: takes one away",
        file_only=True, table="serve",
    )  # fmt: skip
    serve_fallback_models: tuple[str, ...] = _serve((), "models that serve asks, in this order, where one fails")
    serve_on_unsupported: str = _serve(
        "warn", "hints that no model here can honour: warn (drop them, say so in a header), drop or reject",
        choices=ON_UNSUPPORTED,
    )  # fmt: skip
    serve_open_metrics: bool = _serve(False, "/metrics and /v1/providers need no admin key")
    serve_requests_per_minute: int = _serve(0, "requests a minute of all keys together; 0: no limit")
    serve_tokens_per_minute: int = _serve(0, "tokens a minute of all keys together; 0: no limit")
    serve_streams_at_once: int = _serve(0, "streams at once of all keys together; 0: no limit")
    serve_limits_url: str = _serve("memory://", "where these are counted: memory://, or redis://HOST for several hosts")
    serve_at_once: int = _serve(512, "calls at once; further requests wait")
    serve_waiting: int = _serve(512, "requests that may wait for a place; further ones are refused")
    serve_drain_s: float = _serve(30.0, "seconds that answers may go on after SIGTERM")


SERVE_FIELDS: Mapping[str, Field[Any]] = {name_of(item): item for item in fields(ServeSettings)}
"""The settings by their names: `serve.port`."""


def serve_settings(settings: Settings, environ: Mapping[str, str]) -> tuple[ServeSettings, dict[str, str]]:
    """The settings in force, and by name where those come from that are no defaults: a file or a variable.

    Args:
        settings: the others, which know what the user's file has.
    Raises:
        UsageError: a variable has a wrong value.
    """
    told = of_environment(environ, SERVE_FIELDS)
    values = {**settings.serve, **{name: value for name, (value, _) in told.items()}}
    sources = {name: settings.sources[name] for name in settings.serve} | {name: pair[1] for name, pair in told.items()}
    return ServeSettings(**{SERVE_FIELDS[name].name: value for name, value in values.items()}), sources
