"""Paths that there are not: who asked is told which one was meant, in the form it reads."""

from __future__ import annotations

import json

import pytest

from claude_cli.storage.gateway_keys import GatewayKey

from .conftest import HELLO

KEYS = {"sk-one": GatewayKey("one")}


@pytest.mark.parametrize(
    "path", ["/v1/responses", "/chat/completions", "/v1/nothing", "/v1/chat/completions/", "/v2", "//"]
)
def test_an_unknown_path_is_told_what_there_is(gateway, path):
    """Codex asks for /v1/responses, and a base URL without /v1 is the commonest mistake of all."""
    running = gateway(keys=KEYS)
    answer = running.ask("POST", path, HELLO)
    assert answer.status == 404
    assert answer.error["type"] == "invalid_request_error"
    assert "/v1/chat/completions" in answer.error["message"] and path in answer.error["message"]
    assert len(answer.error["message"]) < 200


@pytest.mark.parametrize(
    ("path", "words"),
    [
        pytest.param("/v1/responses", "'/v1/responses' is not served; use POST /v1/chat/completions;", id="responses"),
        pytest.param("/v1/responses/x", "use POST /v1/chat/completions;", id="one of them"),
        pytest.param("/chat/completions", "use /v1/chat/completions;", id="a base URL without v1"),
        pytest.param("/v1/v1/messages", "use /v1/messages;", id="one with v1 for Anthropic's clients"),
        pytest.param("/v1/nothing", "'/v1/nothing' is not served; there are", id="anything else"),
    ],
)
def test_what_was_meant_by_an_unknown_path_is_told(gateway, path, words):
    """The paths that programs ask for, with the one that does it here."""
    message = gateway().ask("POST", path, HELLO).error["message"]
    assert words in message and message.endswith("; /openapi.json has all")


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/v1/messages/batches", {}), ("/v1/files", {"anthropic_version": "2023-06-01"})],
    ids=["below its own path", "by its header"],
)
def test_an_unknown_path_is_told_to_anthropic_s_clients_in_their_form(gateway, path, headers):
    """Its SDK would show the whole body else."""
    answer = gateway().ask("GET", path, None, **headers)
    found = json.loads(answer.body)
    assert answer.status == 404 and found["type"] == "error" and found["error"]["type"] == "not_found_error"
    assert path in found["error"]["message"] and found["request_id"] == answer.headers["x-request-id"]
