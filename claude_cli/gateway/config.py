"""What the gateway is told: where it listens, who may come, and how much it takes on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from .asked import OnUnsupported
from .names import ALIASES

if TYPE_CHECKING:
    from ..storage.settings_serve import ServeSettings

HOST, PORT = "127.0.0.1", 4003
MIB = 1024 * 1024
_NAME = re.compile(r"\w[\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that is not a key or a model. Times in seconds, sizes in bytes.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        tls_certificate, tls_key: files; empty: plain http.
        behind_proxy: a proxy on the way here does TLS, and its X-Forwarded-* headers are believed.
        authenticate: keys are asked for.
        cors_origins: web pages that may call; "*" is not one.
        hosts: names by which it may be called besides its own.
        aliases: names of models; see `names.py`.
        fallback_models: asked, in this order, where the one that was asked for fails.
        on_unsupported: what is done with parameters that cannot be honoured.
        open_metrics: /metrics and /v1/providers need no admin key.
        body_bytes, image_body_bytes: the largest request without and with files in it.
        held_bytes: what the bodies of all requests may weigh together.
        at_once, waiting: calls at once, and requests that wait for a place.
        wait_s: how long they do.
        streams_at_once, requests_per_minute, tokens_per_minute: of all keys together; 0: no limit.
        limits_url: where counters are kept; "memory://", or redis://… for several hosts.
        ping_s: how long a stream is silent before `: ping`.
        stalled_s: how long a client may leave an answer unread.
        header_s, body_s: how long a request may take to arrive.
        drain_s: how long answers may go on after SIGTERM.
        sockets_per_key: WebSocket connections of one key.
        socket_chats: conversations at once on one of them.
        socket_auth_s: how long one may be open without a key, where keys are asked for.
        socket_idle_s: how long one may be open without a conversation or a message.
    """

    host: str = HOST
    port: int = PORT
    tls_certificate: str = ""
    tls_key: str = ""
    behind_proxy: bool = False
    authenticate: bool = True
    cors_origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=lambda: ALIASES)
    fallback_models: tuple[str, ...] = ()
    on_unsupported: OnUnsupported = "warn"
    open_metrics: bool = False
    body_bytes: int = 10 * MIB
    image_body_bytes: int = 32 * MIB
    held_bytes: int = 256 * MIB
    at_once: int = 512
    waiting: int = 512
    wait_s: float = 30.0
    streams_at_once: int = 0
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    limits_url: str = "memory://"
    ping_s: float = 15.0
    stalled_s: float = 60.0
    header_s: float = 20.0
    body_s: float = 60.0
    drain_s: float = 30.0
    sockets_per_key: int = 256
    socket_chats: int = 16
    socket_auth_s: float = 10.0
    socket_idle_s: float = 1800.0

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine reaches it."""
        return is_loopback(self.host) and not self.behind_proxy


_SHARED = (
    "host", "port", "behind_proxy", "cors_origins", "fallback_models", "on_unsupported", "open_metrics", "at_once",
    "waiting", "streams_at_once", "requests_per_minute", "tokens_per_minute", "limits_url", "drain_s",
)  # fmt: skip
"""Members that the settings have under the same names."""


def configured(settings: ServeSettings, **flags: Any) -> Config:
    """What `settings` say, checked; before them go the `flags` that are not None, members of `Config`.

    Raises:
        UsageError: it would not be safe to listen there, or a value cannot be used.
    """
    values = {name: getattr(settings, f"serve_{name}") for name in _SHARED}
    values |= {"tls_certificate": settings.serve_tls_cert, "tls_key": settings.serve_tls_key}
    values |= {"hosts": settings.serve_allow_hosts, "aliases": aliases_of(settings)}
    config = Config(**values | {name: value for name, value in flags.items() if value is not None})
    for check in (_check_place, _check_tls, _check_hosts, _check_numbers):
        check(config)
    return replace(config, cors_origins=tuple(map(_origin, config.cors_origins)))


def aliases_of(settings: ServeSettings) -> dict[str, str]:
    """The names that are shipped and, before them, the user's own; one that means nothing is none."""
    return {name: model for name, model in {**ALIASES, **dict(settings.serve_aliases)}.items() if model}


def _check_place(config: Config) -> None:
    """Refuse to listen where keys could be read on the way, or where anybody could spend. Raises `UsageError`."""
    if not config.authenticate and not config.is_local:
        where = "behind a proxy" if config.behind_proxy else f"on {config.host}"
        raise UsageError(f"--no-auth is for this machine alone, and {where} others could spend; leave it out")
    if not (is_loopback(config.host) or config.behind_proxy or config.tls_certificate):
        raise UsageError(
            f"on {config.host} others could read the keys on their way; give --tls-cert and --tls-key, or say"
            " --behind-proxy where a proxy in front does TLS"
        )


def _check_tls(config: Config) -> None:
    """Load the certificate and its key, as the server will. Raises `UsageError`."""
    if not config.tls_certificate and not config.tls_key:
        return
    if not config.tls_certificate or not config.tls_key:
        raise UsageError("--tls-cert and --tls-key belong together; give both files")
    import ssl

    def refuse_password() -> str:
        raise UsageError(f"the key in {config.tls_key} has a password; store one without, for this user alone")

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(config.tls_certificate, config.tls_key, refuse_password)
    except ssl.SSLError as error:
        why = "they do not belong together" if "MISMATCH" in str(error) else "both have to be PEM"
        files = f"{config.tls_certificate} and {config.tls_key}"
        raise UsageError(f"{files} cannot be used for TLS: {why}") from error
    except OSError as error:
        files = f"--tls-cert {config.tls_certificate} and --tls-key {config.tls_key}"
        raise UsageError(f"{files} cannot be read: {error.strerror}") from error


def _origin(text: str) -> str:
    """`text` as browsers send it: in lower case, without the port that its scheme has anyway. Raises `UsageError`."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _no_origin(text) from error
    host, usual = parts.hostname or "", {"http": 80, "https": 443}.get(parts.scheme)
    whole = f"{parts.scheme}://{parts.netloc}".lower()
    if usual is None or not _is_host(host) or "@" in parts.netloc or text.lower() != whole:
        raise _no_origin(text)
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")


def _no_origin(text: str) -> UsageError:
    return UsageError(f"{text!r} is no origin; name each web page as in https://app.example or http://localhost:3000")


def _check_hosts(config: Config) -> None:
    """Each is what a Host header can name, which the guard compares without its port. Raises `UsageError`."""
    for host in config.hosts:
        if not _is_host(host.removeprefix("[").removesuffix("]")):
            raise UsageError(f"{host!r} is no name of a host; name it alone, as in gw.example: any port will do")


def _is_host(text: str) -> bool:
    """Whether `text` is an address, or a name as it goes over the wire."""
    from ipaddress import ip_address

    try:
        return bool(ip_address(text))
    except ValueError:
        return _NAME.fullmatch(text) is not None


def _check_numbers(config: Config) -> None:
    """Refuse what no limit can be. Raises `UsageError`."""
    if config.port > 65_535:
        raise UsageError(f"--port (serve.port) is 0 to 65535, not {config.port}")
    if config.at_once < 1:
        raise UsageError("serve.at_once is 1 or more: with 0 nobody is ever served")


def is_loopback(host: str) -> bool:
    """Whether an address that is listened at can only be reached from this machine."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
