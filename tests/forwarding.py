"""A forwarding proxy for tests: CONNECT and absolute URLs, with or without a password, over a `Loopback`.

Every name leads to the one server it is given, so that tests can use hosts which are not this machine.
"""

from __future__ import annotations

import base64
import select
import socket
import ssl
from contextlib import suppress

from .loopback import Loopback, Peer, headers_of


def forward(to: Loopback, *, login: str | None = None, refuse: int | None = None, tls: ssl.SSLContext | None = None):
    """A proxy to `to`, to be entered; asks for `login` ("user:password"), or refuses everything with a status."""
    wanted = f"Basic {base64.b64encode(login.encode()).decode()}" if login else None

    def play(peer: Peer) -> None:
        request = peer.request()
        if request is None:
            return
        status = refuse or (407 if headers_of(request).get("proxy-authorization") != wanted else None)
        if status:
            peer.send(f"HTTP/1.1 {status} Not Through Here\r\ncontent-length: 0\r\n\r\n".encode())
            return
        method, url, rest = request.split(b" ", 2)
        with socket.create_connection(("127.0.0.1", to.port), 5) as upstream:
            if method == b"CONNECT":
                peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = b"/" + url.split(b"/", 3)[3]
                kept = [line for line in rest.split(b"\r\n") if not line.lower().startswith(b"proxy-")]
                upstream.sendall(b" ".join((method, path, b"\r\n".join(kept))))
            _pump(peer.socket, upstream)

    return Loopback(play, tls=tls)


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side leaves."""
    with suppress(OSError):
        while True:
            ready = select.select([one, other], [], [], 0.05)[0]
            if isinstance(one, ssl.SSLSocket) and one.pending():
                ready = [*{one, *ready}]
            for source in ready:
                data = source.recv(65_536)
                if not data:
                    return
                (other if source is one else one).sendall(data)
