"""Two keys go through the whole program, and are in nothing that it writes, answers, counts or keeps."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from claude_cli.simulator import BackgroundSimulator

UPSTREAM = "sk-ant-api03-CANARYcanaryCANARYcanaryCANARY-0_AA"
HELLO = [{"role": "user", "content": "hi"}]
CHAT = {"model": "haiku", "messages": HELLO}
ECHO = f"invalid x-api-key: {UPSTREAM}; Authorization: Bearer {UPSTREAM}"
SCRIPT = (
    {"status": 401, "message": ECHO},
    {"status": 400, "message": ECHO},
    {"status": 529, "message": ECHO, "headers": {"x-echo": UPSTREAM}},
    {"error_after": 6, "type": "api_error", "message": ECHO},
    {"cut_after": 6},
    {"garbage_after": 6, "garbage": "event"},
    {"drop": True},
    {"status": 403, "message": ECHO},
    {"path": "/v1/models", "status": 401, "message": ECHO},
)


@pytest.fixture
def env(tmp_path):
    with BackgroundSimulator(script=SCRIPT) as upstream:
        yield {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path), "CLAUDE_CLI_HOME": str(tmp_path),
            "ANTHROPIC_API_KEY": UPSTREAM, "ANTHROPIC_BASE_URL": upstream.url, "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "claude_cli", "serve", *words]


def ask(url: str, method: str, path: str, body: Any, headers: Mapping[str, str]) -> bytes:
    """All bytes of a response, its head included; what came of it where it breaks off."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=20)
    try:
        connection.request(method, path, body if isinstance(body, bytes | None) else json.dumps(body), dict(headers))
        response = connection.getresponse()
        head = f"{response.status} {response.getheaders()}".encode()
        try:
            return head + response.read()
        except http.client.IncompleteRead as cut:
            return head + cut.partial
    finally:
        connection.close()


def said_to_clients(url: str, key: str) -> bytes:
    """Good, bad and broken requests, and everything that tells of them."""
    bearer, xkey = {"authorization": f"Bearer {key}"}, {"x-api-key": key}
    stream = {**CHAT, "stream": True}
    native = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": HELLO}
    rows: list[tuple[str, str, Any, Mapping[str, str]]] = [
        *[("POST", "/v1/chat/completions", stream, bearer)] * 5,
        *[("POST", "/v1/messages", {**native, "stream": True}, xkey)] * 2,
        ("POST", "/v1/messages", native, bearer),
        ("POST", "/v1/chat/completions", CHAT, bearer),
        ("POST", "/v1/messages", native, xkey),
        ("POST", "/v1/messages/count_tokens", native, bearer),
        ("POST", "/v1/chat/completions", CHAT, {"authorization": f"Bearer {key}x"}),
        ("POST", "/v1/chat/completions", b"{" + b"[" * 9999, bearer),
        ("GET", "/v1/providers?check=true", None, bearer),
        ("GET", "/v1/models", None, bearer),
        ("GET", "/metrics", None, bearer),
        ("GET", "/readyz", None, {}),
    ]
    return b"\n".join(ask(url, *row) for row in rows)


def told_by_mistake(url: str, key: str) -> None:
    """A client puts its key where it does not belong; what it gets is its own, what is logged is not."""
    bearer = {"authorization": f"Bearer {key}", "x-client-request-id": key, "x-request-id": key}
    ask(url, "POST", f"/v1/{key}?key={key}", CHAT, bearer)
    ask(url, "POST", "/v1/chat/completions", {"model": key, "messages": [{"role": key, "content": key}]}, bearer)
    ask(url, "POST", "/v1/messages", {"model": key, "max_tokens": 9, "messages": HELLO}, bearer)
    ask(url, "GET", "/v1/models/" + key, None, {**bearer, "origin": f"https://{key}.example"})
    place = urlsplit(url)
    with socket.create_connection((str(place.hostname), place.port or 0)) as connection:
        connection.sendall(f"GET /\x01{key} HTTP/1.1\r\nx-api-key {key}\r\n\r\n".encode())
        connection.settimeout(20)
        connection.recv(65536)


@pytest.mark.parametrize("verbose", ["-vv", "-q"])
def test_no_key_is_ever_seen(env, tmp_path, verbose):
    """Everything the run wrote is searched: both streams, all response bytes, the log, the ledger, every other file."""
    run = {"env": env, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    made = subprocess.run(command("keys", "create", "team", "--admin"), check=True, timeout=60, **run)
    key = made.stdout.decode().strip()
    words = ["--port", "0", "--retries", "0", verbose]
    with subprocess.Popen(command(*words), bufsize=0, **run) as serving:
        try:
            assert serving.stdout
            url = serving.stdout.readline().decode().strip()
            answers = said_to_clients(url, key)
            told_by_mistake(url, key)
            metrics = ask(url, "GET", "/metrics", None, {"x-api-key": key})
        finally:
            serving.send_signal(signal.SIGTERM)
        rest, err = serving.communicate(timeout=30)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    written = b"\n".join([rest, err, metrics, *files.values()])
    assert b"CANARY" not in answers + written + made.stderr
    assert key.encode() not in answers + written
    assert key[:12].encode() not in written
    assert b"Traceback" not in err
    assert any(path.suffix == ".db" for path in files), files
    if verbose == "-vv":
        requests = [line for line in err.decode().splitlines() if '"event":"request"' in line]
        assert len(requests) >= 17
        assert b"claude_cli.provider.anthropic.stream.chunk" in err
        assert b"***" in err + answers  # it was there to be masked
    else:
        assert err == b""
