"""Starts the gateway as the program does, and asks it."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from urllib.parse import urlsplit

import pytest

CHAT = {"model": "claude-3-5-sonnet", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def serve(claude):
    """Starts the gateway on a free port; returns the run and its address, once it listens."""

    def start(*words, **how):
        running = claude.start("serve", "--port", "0", *words, **how)
        running.out.wait_for(b"\n")
        return running, running.out.data.decode().strip()

    return start


def ask(url, key="", body=CHAT, context=None, method="POST", path="/v1/chat/completions"):
    """Status and JSON of one request."""
    place = urlsplit(url)
    make = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    more = {"context": context} if context else {}
    with closing(make(place.hostname, place.port, timeout=20, **more)) as connection:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        connection.request(method, path, json.dumps(body) if method == "POST" else None, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
