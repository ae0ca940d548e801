"""A running simulator for each test, and a client that says as little as possible."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from claude_cli.simulator import BackgroundSimulator

HEADERS = {"x-api-key": "test-key", "anthropic-version": "2026-10-21"}


@dataclass
class Caller:
    """Sends requests to one simulator; a header of None is left out."""

    simulator: BackgroundSimulator
    http: httpx.Client

    @property
    def url(self) -> str:
        return self.simulator.url

    def post(
        self, changes: dict[str, Any] | None = None, path: str = "/v1/messages", **headers: str | None
    ) -> httpx.Response:
        """A small request with `changes`; a field of `...` is taken out."""
        body = {"model": "claude-sonnet-5-5", "max_tokens": 1000, "messages": [{"role": "user", "content": "Hello"}]}
        body = {name: value for name, value in (body | (changes or {})).items() if value is not ...}
        return self.http.post(self.url + path, json=body, headers=self.headers(headers))

    def get(self, path: str, **headers: str | None) -> httpx.Response:
        return self.http.get(self.url + path, headers=self.headers(headers))

    def headers(self, changes: dict[str, str | None]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in changes.items()}
        return {name: value for name, value in (HEADERS | named).items() if value is not None}

    def events(self, changes: dict[str, Any] | None = None, **headers: str | None) -> list[dict[str, Any]]:
        """The events of a stream, read the plainest way."""
        text = self.post({"stream": True} | (changes or {}), **headers).text
        return [json.loads(line[6:]) for line in text.split("\n") if line.startswith("data: ")]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxies and keys are not the tests' business."""
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """One client for all tests: making one costs more than most tests take."""
    with httpx.Client(trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
def start(http: httpx.Client) -> Iterator[Callable[..., Caller]]:
    """Starts simulators; all are stopped at the end of the test."""
    with ExitStack() as stack:

        def starter(**options: Any) -> Caller:
            simulator = stack.enter_context(BackgroundSimulator(**options))
            return Caller(simulator, http)

        yield starter


@pytest.fixture
def caller(start: Callable[..., Caller]) -> Caller:
    """A simulator without a script."""
    return start()


def png_bytes(width: int, height: int) -> bytes:
    """As much of a PNG as carries its size."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 6, 0, 0, 0)


@pytest.fixture
def image() -> Callable[..., dict[str, Any]]:
    """Builds image blocks from bytes, by default of a PNG of 640×480."""

    def build(data: bytes = png_bytes(640, 480), media_type: str = "image/png") -> dict[str, Any]:
        source = {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}
        return {"type": "image", "source": source}

    return build


@pytest.fixture
def png() -> Callable[[int, int], bytes]:
    """Builds the bytes of a PNG of a size."""
    return png_bytes
