"""The way to the provider, a step at a time: proxy, name, connection, TLS. Nothing is asked of the API here."""

from __future__ import annotations

import os
import socket
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.address import Endpoint, Proxy, endpoint, proxy_for
from ..core.errors import UsageError
from .check import EXIT_NETWORK, LIMIT_S, Check, Step, failed, milliseconds, skipped
from .tls import Open, tls_check

NAMES = ("proxy", "dns", "tcp", "tls")
# A proxy is looked up, connected to and talked to in one step.
STEPS = (Step("proxy", 3 * LIMIT_S, EXIT_NETWORK), *(Step(name, exit_code=EXIT_NETWORK) for name in NAMES[1:]))
_MAX_HEAD = 65_536
"""Bytes of a proxy's answer to CONNECT that are read at most."""

Lookup = Callable[..., Sequence[tuple[Any, ...]]]
"""`socket.getaddrinfo`."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the checks touch of the machine.

    Attributes:
        environ: names proxy and trust.
        deadline: when everything is to be over, by `clock`.
        wall_clock: seconds since the epoch: certificates have dates.
    """

    environ: Mapping[str, str]
    deadline: float = float("inf")
    lookup: Lookup = socket.getaddrinfo
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time

    def left(self) -> float:
        """Seconds that a step which begins now may take; at least a millisecond, so that it is the step that fails."""
        return max(min(LIMIT_S, self.deadline - self.clock()), 0.001)


def way(target: Endpoint, machine: Machine) -> Iterator[Check]:
    """The checks of `STEPS`; what needs a step that failed is skipped."""
    try:
        proxy = proxy_for(target, machine.environ)
    except UsageError as error:
        yield failed("proxy", error)
        yield from skipped(NAMES[1:], "the proxy is not known")
        return
    yield from _through(target, proxy, machine) if proxy else _straight(target, machine)


def _straight(target: Endpoint, machine: Machine) -> Iterator[Check]:
    yield Check("proxy", "ok", _no_proxy(target, machine.environ))
    dns, addresses = _resolve("dns", target, machine)
    yield dns
    if dns.status == "fail":
        yield from skipped(NAMES[2:], f"{target.host} was not found")
        return
    tcp, connection = _connect("tcp", target, addresses, machine)
    yield tcp
    if connection is None:
        yield from skipped(("tls",), "there is no connection")
    elif target.scheme == "http":
        connection.close()
        yield from skipped(("tls",), "plain http, unencrypted" + (", on this machine" if target.is_loopback else ""))
    else:

        def again() -> socket.socket:
            return socket.create_connection((target.host, target.port), machine.left())

        yield _tls(target, connection, again, machine)


def _no_proxy(target: Endpoint, environ: Mapping[str, str]) -> str:
    """Why none is used, where one is named."""
    names = ("https_proxy", "http_proxy", "all_proxy")
    if not any(environ.get(name) or environ.get(name.upper()) for name in names):
        return "none"
    if target.is_loopback:
        return "none: never used for this machine"
    if not proxy_for(target, {**environ, "no_proxy": "", "NO_PROXY": ""}):
        return f"none is named for {target.scheme}"
    return f"none: NO_PROXY has {target.host}"


def _through(target: Endpoint, proxy: Proxy, machine: Machine) -> Iterator[Check]:
    """The proxy is looked up and connected to; the rest of the way is its own, and only its end can be seen."""
    at = endpoint(proxy.url)

    def open_() -> tuple[Check, socket.socket | None]:
        found, addresses = _resolve("proxy", at, machine)
        return _connect("proxy", at, addresses, machine) if found.status != "fail" else (found, None)

    tunnelled = target.scheme == "https" and not proxy.is_secure
    check, connection = open_()
    if connection and tunnelled:
        check = _let_through(check, connection, target, proxy, machine)
    if check.status == "fail" or connection is None:
        yield check
        yield from skipped(NAMES[1:], "the proxy does not lead on")
        return
    yield Check("proxy", "ok", f"{proxy.url} answers", latency_ms=check.latency_ms, data={"url": proxy.url})
    yield from skipped(("dns",), f"the proxy looks up {target.host}")
    yield from skipped(("tcp",), f"the proxy connects to {target.host}:{target.port}")
    if not tunnelled:
        connection.close()
        why = "inside the encrypted way to the proxy; api tells" if proxy.is_secure else "plain http, unencrypted"
        yield from skipped(("tls",), why)
        return

    def again() -> socket.socket:
        other = open_()[1]
        if other is None:
            raise OSError("the proxy does not answer")
        try:
            _connect_through(other, target, proxy)
        except OSError:
            other.close()
            raise
        return other

    yield _tls(target, connection, again, machine)


def _let_through(check: Check, connection: socket.socket, target: Endpoint, proxy: Proxy, machine: Machine) -> Check:
    """The check of a proxy that answers, once it has been asked to connect to `target`."""
    start = machine.clock()
    connection.settimeout(machine.left())
    try:
        _connect_through(connection, target, proxy)
    except OSError as error:
        connection.close()
        what = f"{proxy.url} does not let us through to {target.host}:{target.port}: {_words(error)}"
        said = str(error)
        advice = "check the proxy's address and port: it may be none, or not for this"
        if said.startswith("it answered"):
            login = "check user and password in the proxy's address"
            advice = login if " 407" in said else "ask who runs the proxy whether it allows this host"
        return Check("proxy", "fail", what, advice, data={"url": proxy.url}, exit_code=EXIT_NETWORK)
    took = milliseconds(machine.clock() - start)
    return Check("proxy", "ok", "", latency_ms=(check.latency_ms or 0) + took)


def _connect_through(connection: socket.socket, target: Endpoint, proxy: Proxy) -> None:
    """Let the proxy connect to `target`. Raises `OSError` where it does not."""
    where = f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"host: {where}"]
    if proxy.auth:
        lines.append(f"proxy-authorization: Basic {b64encode(':'.join(proxy.auth).encode()).decode()}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _MAX_HEAD:
        piece = connection.recv(4096)
        if not piece:
            raise OSError("it hung up")
        head += piece
    version, _, status = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    if not version.startswith("HTTP/") or not status.startswith("2"):
        raise OSError(f"it answered {status}" if version.startswith("HTTP/") else "it is no HTTP proxy")


def _resolve(name: str, target: Endpoint, machine: Machine) -> tuple[Check, Sequence[tuple[Any, ...]]]:
    start = machine.clock()
    try:
        found = machine.lookup(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # a label of a name may be too long to be encoded
        what = f"{target.host} was not found: {_words(error)}"
        advice = "check the base URL and the network" if name == "dns" else "check the proxy's address and the network"
        return Check(name, "fail", what, advice, exit_code=EXIT_NETWORK), ()
    took = milliseconds(machine.clock() - start)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    shown = ", ".join(addresses[:3]) + (f" and {len(addresses) - 3} more" if len(addresses) > 3 else "")
    detail = f"{target.host} is {shown}" if addresses != [target.host] else f"{shown} needs no name server"
    return Check(name, "ok", detail, latency_ms=took, data={"host": target.host, "addresses": addresses}), found


def _connect(
    name: str, target: Endpoint, addresses: Sequence[tuple[Any, ...]], machine: Machine
) -> tuple[Check, socket.socket | None]:
    """The first address that answers, within one step's time for all of them."""
    start, end = machine.clock(), machine.clock() + machine.left()
    reason: OSError = OSError("it has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        # One that swallows everything must leave the next some time.
        connection.settimeout(max((end - machine.clock()) / (len(addresses) - number), 0.001))
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            reason = error
            continue
        took = milliseconds(machine.clock() - start)
        detail = f"connected to {address[0]}, port {address[1]}"
        return Check(name, "ok", detail, latency_ms=took, data={"address": address[0], "port": address[1]}), connection
    if name == "proxy":
        what, advice = f"no connection to the proxy {target.origin}", "check its address and port, or unset HTTPS_PROXY"
    else:
        what, advice = f"no connection to {target.host}:{target.port}", _connect_advice(reason, target)
    return Check(name, "fail", f"{what}: {_words(reason)}", advice, exit_code=EXIT_NETWORK), None


def _connect_advice(reason: OSError, target: Endpoint) -> str:
    if isinstance(reason, ConnectionRefusedError):
        return "is the server running, and on this port?" if target.is_loopback else "check host and port"
    return "check the network; a firewall may want a proxy (HTTPS_PROXY)"


def _tls(target: Endpoint, connection: socket.socket, again: Open, machine: Machine) -> Check:
    return tls_check(connection, target, again, environ=machine.environ, left=machine.left, now=machine.wall_clock())


def _words(error: Exception) -> str:
    """The system's words for what failed."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.errno:
        return (os.strerror(error.errno) if error.errno > 0 else "") or error.strerror or str(error)
    return str(error)
