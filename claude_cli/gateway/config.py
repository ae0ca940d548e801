"""What the gateway is told: where it listens, who may come, and how much it takes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .asked import OnUnsupported
from .names import ALIASES

HOST, PORT = "127.0.0.1", 4003
MIB = 1024 * 1024


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
        at_once, waiting: calls at once, and requests that wait for a place.
        wait_s: how long they do.
        streams_at_once, requests_per_minute, tokens_per_minute: of all keys together; 0: no limit.
        limits_url: where counters are kept; "memory://", or redis://… for several hosts.
        ping_s: how long a stream is silent before `: ping`.
        stalled_s: how long a client may leave an answer unread.
        header_s, body_s: how long a request may take to arrive.
        drain_s: how long answers may go on after SIGTERM.
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
