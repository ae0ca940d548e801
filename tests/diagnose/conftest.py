"""Servers for the checks of `health`: with certificates of a private CA, of any dates and names."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from claude_cli.core.address import endpoint
from claude_cli.diagnose.check import Check
from claude_cli.diagnose.network import Machine, way

from ..loopback import Loopback, Peer


@pytest.fixture
def serve() -> Iterator[Callable[..., Loopback]]:
    """Starts loopback servers, and proxies; all are stopped at the end of the test."""
    with ExitStack() as stack:

        def start(play: Callable[[Peer], object] | Loopback = Peer.wait, **options: Any) -> Loopback:
            return stack.enter_context(play if isinstance(play, Loopback) else Loopback(play, **options))

        yield start


@dataclass
class Authority:
    """A private CA and its file."""

    ca: trustme.CA
    file: Path

    def context(self, *names: str, days: tuple[float, float] = (-1, 365)) -> ssl.SSLContext:
        """A server's context with a certificate for `names`, valid between so many days from now."""
        now = datetime.datetime.now(datetime.UTC)
        starts, ends = (now + datetime.timedelta(number) for number in days)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names, not_before=starts, not_after=ends).configure_cert(context)
        return context

    @property
    def environ(self) -> dict[str, str]:
        """Variables under which it is trusted."""
        return {"SSL_CERT_FILE": str(self.file)}


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    """One private CA for all tests: making keys takes time."""
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca = trustme.CA(organization_name="Parrot Trust")
    ca.cert_pem.write_to_path(str(file))
    return Authority(ca, file)


@pytest.fixture
def go() -> Callable[..., dict[str, Check]]:
    """Walks the way to a base URL; returns the checks by their names."""

    def walk(url: str, environ: Mapping[str, str] | None = None, **machine: Any) -> dict[str, Check]:
        found = list(way(endpoint(url), Machine(environ or {}, **machine)))
        assert [check.name for check in found] == ["proxy", "dns", "tcp", "tls"]
        assert all(check.exit_code and check.advice for check in found if check.status == "fail")
        return {check.name: check for check in found}

    return walk
