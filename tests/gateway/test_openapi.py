"""`/openapi.json` is true: it names every path and no other, and what the gateway says is of the form it tells."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest

from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.gateway.health import openapi_json
from claude_cli.gateway.routes import PAGES, SOCKET
from claude_cli.storage.gateway_keys import GatewayKey

from .conftest import CHAT, HELLO, Answer, Start

SPEC: dict[str, Any] = json.loads(openapi_json())
KEYS = {"k": GatewayKey("team"), "admin": GatewayKey("ops", admin=True)}
ANTHROPIC = {"anthropic-version": "2023-06-01"}
NATIVE = {**HELLO, "max_tokens": 20}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def resolved(part: Any) -> Any:
    """`part`, or what it refers to."""
    while isinstance(part, Mapping) and "$ref" in part:
        found: Any = SPEC
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def valid(schema: Mapping[str, Any], value: Any) -> None:
    jsonschema_rs.validator_for({**schema, "components": SPEC["components"]}).validate(value)


def check(method: str, path: str, answer: Answer) -> None:
    """See to it that `answer` is one that the description knows of: status, headers, content type and body."""
    responses = SPEC["paths"][path][method.lower()]["responses"]
    status = str(answer.status)
    described = resolved(responses.get(status) or responses[f"{status[0]}XX"])
    assert "x-request-id" in answer.headers, (path, status)
    for name, text in answer.headers.items():
        if (name.startswith("x-") or name == "retry-after") and name != "x-accel-buffering":
            valid(SPEC["components"]["headers"][name]["schema"], text)
    kind = answer.headers["content-type"].partition(";")[0]
    schema = described["content"][kind].get("schema", {})  # none for a stream of events
    if kind == "application/json":
        valid(schema, answer.json)


def test_it_names_every_path_and_method_and_no_other():
    """A path that is added without its description fails here, and so does one that is gone."""
    served = {page.route: {method.lower() for method in page.handlers} for page in PAGES} | {SOCKET: {"get"}}
    assert {path: set(methods) for path, methods in SPEC["paths"].items()} == served


def test_it_is_well_formed():
    """Each reference leads somewhere, each schema is one, each part is used, and no two operations share an id."""
    text = openapi_json().decode()
    used = set(re.findall(r'"\$ref": "#/components/(\w+)/([^"]+)"', text))
    there = {(kind, name) for kind, parts in SPEC["components"].items() for name in parts if kind != "securitySchemes"}
    assert used == there - {("schemas", "ChatCompletionChunk")}
    for schema in SPEC["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    operations = [each["operationId"] for methods in SPEC["paths"].values() for each in methods.values()]
    assert len(set(operations)) == len(operations)
    for methods in SPEC["paths"].values():
        for operation in methods.values():
            assert {"4XX", "5XX"} <= set(operation["responses"])


def test_it_is_served_to_everybody_as_it_is_shipped(gateway):
    """Tools read it before they have a key."""
    answer = gateway(keys=KEYS).get("/openapi.json")
    assert (answer.status, answer.body) == (200, openapi_json())
    check("GET", "/openapi.json", answer)


def asked_of(gateway: Start) -> list[tuple[str, str, Answer]]:
    """One request for each answer that a path may give, but for faults."""
    running = gateway(keys=KEYS)
    key, admin = {"authorization": "Bearer k"}, {"x-api-key": "admin"}
    rows: list[tuple[str, str, Any, Mapping[str, str]]] = [
        ("POST", CHAT, HELLO, key),
        ("POST", CHAT, {**HELLO, "seed": 7, "n": 1}, key),
        ("POST", CHAT, {**HELLO, "tools": [TOOL], "tool_choice": "auto"}, key),
        ("POST", CHAT, {**HELLO, "stream": True}, key),
        ("POST", CHAT, HELLO, {}),
        ("POST", CHAT, HELLO, {**key, "origin": "https://evil.example"}),
        ("POST", CHAT, {**HELLO, "model": "gpt-9"}, key),
        ("POST", CHAT, b"{", key),
        ("GET", CHAT, None, key),
        ("POST", "/v1/messages", NATIVE, key),
        ("POST", "/v1/messages", {**NATIVE, "stream": True}, key),
        ("POST", "/v1/messages", {"model": "claude-haiku-4-5"}, key),
        ("POST", "/v1/messages", NATIVE, {}),
        ("POST", "/v1/messages/count_tokens", HELLO, key),
        ("POST", "/v1/messages/count_tokens", b"[]", key),
        ("GET", "/v1/models", None, key),
        ("GET", "/v1/models", None, {**key, **ANTHROPIC}),
        ("GET", "/v1/models?limit=0", None, {**key, **ANTHROPIC}),
        ("GET", "/v1/models", None, {}),
        ("GET", "/v1/models/claude-3-5-sonnet", None, key),
        ("GET", "/v1/models/claude-haiku-4-5", None, {**key, **ANTHROPIC}),
        ("GET", "/v1/models/nobody", None, key),
        ("GET", "/v1/models/nobody", None, {**key, **ANTHROPIC}),
        ("GET", "/v1/providers", None, key),
        ("GET", "/v1/providers?check=true", None, admin),
        ("GET", "/metrics", None, {}),
        ("GET", "/metrics", None, admin),
        ("GET", "/healthz", None, {}),
        ("GET", "/readyz", None, {}),
        ("GET", "/", None, {}),
        ("POST", "/healthz", b"", {}),
        ("GET", "/socket", None, key),
    ]  # fmt: skip
    return [(method, path.partition("?")[0], running.ask(method, path, body, **dict(headers)))
            for method, path, body, headers in rows]  # fmt: skip


def test_what_the_gateway_says_is_as_described(gateway):
    """Every path, with its answers and its own refusals, in both forms."""
    seen = set()
    for method, path, answer in asked_of(gateway):
        template = "/v1/models/{model}" if path.startswith("/v1/models/") else path
        described = SPEC["paths"][template]
        check(method if method.lower() in described else next(iter(described)), template, answer)
        seen.add((template, answer.status))
    assert {path for path, status in seen if status == 200} == set(SPEC["paths"]) - {SOCKET, "/openapi.json"}


@pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
@pytest.mark.parametrize("fault", [400, 401, 404, 413, 429, 500, 529, "drop"])
def test_what_fails_upstream_is_as_described(gateway, path, fault):
    """The API's own errors come back in the form of the path they were asked on."""
    step = {"drop": True} if fault == "drop" else {"status": fault}
    running = gateway([{**step, "times": "always"}], policy=CallPolicy(retry=RetryPolicy(retries=0)))
    answer = running.ask("POST", path, NATIVE)
    assert answer.status >= 400
    check("POST", path, answer)


def test_the_chunks_of_a_stream_are_as_described(gateway):
    """Each event's data, with the usage that comes in the last of them, and the headers."""
    answer = gateway().chat(stream=True, stream_options={"include_usage": True})
    check("POST", CHAT, answer)
    *chunks, done = answer.data
    assert done == "[DONE]"
    for chunk in chunks:
        valid(SPEC["components"]["schemas"]["ChatCompletionChunk"], chunk)
