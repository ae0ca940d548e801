"""The TLS handshake with the provider, and its certificate: whose it is, who vouches for it, and until when.

What is trusted is what real calls trust (`core/connection.py`).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..core.address import Endpoint
from ..core.connection import tls_context
from ..core.errors import UsageError
from .check import EXIT_NETWORK, Check, failed

SOON_DAYS = 21
"""Days before its end within which a certificate is warned of: those who renew by machine do it at 30."""
_DAY_S = 86_400
# OpenSSL's numbers (openssl/x509_vfy.h).
_NOT_YET, _EXPIRED = 9, 10
_OTHER_NAME = (62, 64)
_NO_CHECK_TIME = 0x200000

Open = Callable[[], socket.socket]
"""Makes another connection over the same way. Raises `OSError`."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says: `starts` and `ends` are seconds since the epoch, `names` those it is for."""

    subject: str
    issuer: str
    starts: float
    ends: float
    names: tuple[str, ...]

    @classmethod
    def of(cls, peer: Mapping[str, Any]) -> Certificate:
        """The one that `SSLSocket.getpeercert` gave."""
        names = tuple(str(name) for kind, name in peer.get("subjectAltName", ()) if kind in ("DNS", "IP Address"))
        starts, ends = (ssl.cert_time_to_seconds(peer[name]) for name in ("notBefore", "notAfter"))
        return cls(_named(peer.get("subject", ())) or ", ".join(names), _named(peer["issuer"]), starts, ends, names)

    def as_json(self) -> dict[str, Any]:
        """For programs; dates as YYYY-MM-DD."""
        ends = {"not_before": _day(self.starts), "not_after": _day(self.ends)}
        return {"subject": self.subject, "issuer": self.issuer, "names": list(self.names), **ends}


def tls_check(
    connection: socket.socket,
    target: Endpoint,
    again: Open,
    *,
    environ: Mapping[str, str],
    left: Callable[[], float],
    now: float,
) -> Check:
    """Shake hands over `connection`, which is closed afterwards.

    Args:
        again: opens another one, to read a certificate that is not trusted.
        left: seconds that a step may take.
        now: seconds since the epoch.
    """
    try:
        context = tls_context(environ)
    except UsageError as error:
        connection.close()
        return failed("tls", error)
    try:
        with _secured(connection, context, target, left) as secured:
            found, version = Certificate.of(secured.getpeercert() or {}), secured.version() or ""
    except ssl.SSLCertVerificationError as error:
        return _untrusted(error, _unverified(target, again, left), target, environ, now)
    except OSError as error:  # SSLError is one
        return _no_tls(error, target)
    return judged(found, version, now)


def judged(found: Certificate, version: str, now: float) -> Check:
    """The check of a certificate that is trusted."""
    days = int((found.ends - now) // _DAY_S)
    detail = f"{version}, certificate of {found.subject} by {found.issuer}, until {_day(found.ends)} ({days:,} days)"
    data = {"version": version, **found.as_json(), "days_left": days}
    if days >= SOON_DAYS:
        return Check("tls", "ok", detail, data=data)
    return Check("tls", "warn", detail, "it has to be renewed soon by who runs the server", data=data)


def _untrusted(
    error: ssl.SSLCertVerificationError,
    found: Certificate | None,
    target: Endpoint,
    environ: Mapping[str, str],
    now: float,
) -> Check:
    whose = f"the certificate of {target.host}"
    issuer = f" (by {found.issuer})" if found else ""
    today = _day(now)
    if error.verify_code == _EXPIRED:
        detail = f"{whose}{issuer} has expired" + (f" on {_day(found.ends)}" if found else "")
        advice = f"set this machine's clock if today is not {today}; else the server has to renew it"
    elif error.verify_code == _NOT_YET:
        detail = f"{whose}{issuer} is not valid yet" + (f", but from {_day(found.starts)}" if found else "")
        advice = f"set this machine's clock if today is not {today}"
    elif error.verify_code in _OTHER_NAME:
        names = ", ".join(found.names[:5]) if found else ""
        detail = f"{whose} is for {names or 'another name'}"
        advice = "correct the host in the base URL; if it is right, somebody else answers in its place"
    else:
        detail = f"{whose}{issuer} is not trusted: {error.verify_message}"
        advice = "if your company's proxy or your own server made it, name its CA's file in SSL_CERT_FILE"
        if environ.get("SSL_CERT_FILE"):
            advice += f", which is now {environ['SSL_CERT_FILE']}"
    data = {"verify_code": error.verify_code, **(found.as_json() if found else {})}
    return Check("tls", "fail", detail, advice, data=data, exit_code=EXIT_NETWORK)


def _no_tls(error: OSError, target: Endpoint) -> Check:
    where = f"{target.host}:{target.port}"
    if isinstance(error, TimeoutError):
        detail, advice = f"{where} takes connections and does not answer", "a firewall or a broken server; try again"
    elif getattr(error, "reason", "") in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        detail, advice = f"{where} does not speak TLS", "check the base URL: a server on this machine may be plain http"
    else:
        reason = (getattr(error, "reason", None) or error.strerror or str(error)).lower().replace("_", " ")
        detail, advice = (
            f"TLS with {where} failed: {reason}",
            "a proxy or a firewall may have cut it; check the base URL",
        )
    return Check("tls", "fail", detail, advice, exit_code=EXIT_NETWORK)


def _unverified(target: Endpoint, again: Open, left: Callable[[], float]) -> Certificate | None:
    """The certificate that was not trusted: who made it is half of the cure. None: it was not to be had.

    Python takes a certificate apart only after it has verified it. So it is fetched without, and then trusted by
    itself, whatever its dates, in a second handshake. Nothing is ever sent over either connection.
    """
    blind, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = trusting.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    trusting.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    with suppress(OSError, ValueError, KeyError):
        with _secured(again(), blind, target, left) as first:
            trusting.load_verify_locations(cadata=first.getpeercert(binary_form=True) or b"")
        with _secured(again(), trusting, target, left) as second:
            return Certificate.of(second.getpeercert() or {})
    return None


def _secured(
    connection: socket.socket, context: ssl.SSLContext, target: Endpoint, left: Callable[[], float]
) -> ssl.SSLSocket:
    """`connection` after a handshake; closed where that fails. Raises `OSError`."""
    connection.settimeout(left())
    try:
        connection.getpeername()  # of one that was reset `wrap_socket` (CPython 3.11.4 on) loses the descriptor
        return context.wrap_socket(connection, server_hostname=target.host)
    except OSError:
        connection.close()
        raise


def _named(parts: Any) -> str:
    """The common name of a subject or an issuer, else its organisation, else what there is."""
    known = {str(key): str(value) for group in parts for key, value in group}
    return known.get("commonName") or known.get("organizationName") or ", ".join(known.values())


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(min(seconds, 253402214400), UTC).strftime("%Y-%m-%d")
