"""Bodies that nobody foresaw: each gets an answer or a typed refusal, never a 500, and the gateway goes on."""

from __future__ import annotations

import copy
import http.client
import json
import logging
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from .conftest import CHAT, Start

NATIVE = "/v1/messages"
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
FULL: dict[str, dict[str, Any]] = {
    CHAT: {
        "model": "claude-haiku-4-5", "stream": False, "stream_options": {"include_usage": True}, "max_tokens": 50,
        "max_completion_tokens": 60, "temperature": 0.5, "top_p": 0.9, "stop": ["x", "y"], "n": 1, "user": "u",
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "be brief"}]},
            {"role": "user", "content": [
                {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
                {"type": "file", "file": {"file_data": "data:text/plain;base64,aGk=", "filename": "a.txt"}},
            ]},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "42"},
            {"role": "developer", "content": "later"},
            {"role": "user", "content": "and?"},
        ],
        "tools": [{"type": "function", "function": {
            "name": "f", "strict": True, "parameters": {
                "type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}},
        }}],
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": False,
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {
            "type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}}},
        "reasoning_effort": "low", "seed": 1, "logit_bias": {"1": 2}, "metadata": {"a": "b"}, "service_tier": "auto",
        "modalities": ["text"], "logprobs": False, "functions": None, "prediction": None, "web_search_options": None,
    },
    NATIVE: {
        "model": "claude-haiku-4-5", "max_tokens": 50, "stream": False, "system": [{"type": "text", "text": "brief"}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "temperature": 0.5,
        "tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": {"type": "auto"},
        "stop_sequences": ["x"], "metadata": {"user_id": "u"}, "thinking": {"type": "disabled"},
    },
}  # fmt: skip
"""For each path a body in which everything is good."""
WORDS = [
    "",
    "auto",
    "none",
    "tool",
    "user",
    "system",
    "text",
    "type",
    "role",
    "content",
    "image_url",
    "file",
    "function",
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(WORDS)
)
JSON = st.recursive(
    LEAVES, lambda deeper: st.lists(deeper, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5),
                                                                          deeper, max_size=4), max_leaves=12,
)  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn, path: str) -> bytes:
    """A good body in which up to three values were replaced or are gone; or any JSON; or hardly that."""
    kind = draw(st.sampled_from("mmmmmmjb"))
    if kind == "b":
        return draw(st.binary(max_size=60))
    if kind == "j":
        return json.dumps(draw(JSON)).encode()
    body = copy.deepcopy(FULL[path])
    body["stream"] = draw(st.booleans())
    for _ in range(draw(st.integers(1, 3))):
        _spoil(draw, body)
    return json.dumps(body).encode()


def _spoil(draw: st.DrawFn, part: Any) -> None:
    """Replace or remove something anywhere in `part`."""
    while True:
        places: list[Any] = sorted(part) if isinstance(part, dict) else list(range(len(part)))
        if not places:
            return
        place = draw(st.sampled_from(places))
        if isinstance(part[place], dict | list) and draw(st.booleans()):
            part = part[place]
        elif isinstance(part, dict) and draw(st.booleans()):
            del part[place]
            return
        else:
            part[place] = draw(JSON)
            return


HELLO = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


class Asker:
    """Asks on one connection after the other, and looks at what comes."""

    def __init__(self, connect: Callable[[], http.client.HTTPConnection], path: str) -> None:
        self._connect, self._path = connect, path
        self._connection = connect()
        self.statuses: set[int] = set()

    def ask(self, body: bytes) -> None:
        """Raise where the answer to `body` is none that a client can use."""
        self._connection.request("POST", self._path, body, {"content-type": "application/json"})
        response = self._connection.getresponse()
        data = response.read()
        self.statuses.add(response.status)
        assert response.status < 500, (response.status, data, body)
        assert response.headers["x-request-id"]
        if response.status >= 400:
            error = json.loads(data)["error"]
            assert isinstance(error["message"], str) and error["message"] and "\n" not in error["message"]
            assert isinstance(error["type"], str)
        if response.will_close:
            self.close()
            self._connection = self._connect()

    def close(self) -> None:
        self._connection.close()


@pytest.mark.parametrize("path", [CHAT, NATIVE])
def test_no_body_is_a_500(gateway: Start, caplog: pytest.LogCaptureFixture, path: str) -> None:
    """Refused with what is wrong, or answered; nothing is logged as a bug, and a good request is answered after all."""
    running = gateway()
    with closing(Asker(running.connect, path)) as asker:

        @given(bodies(path))
        @example(json.dumps(FULL[path]).encode())
        @example(b"")
        @example(b"\xff\xfe{}")
        @example(b"{" * 100)
        @example(b"[" * 200_000)
        @example(b'{"model": "claude-haiku-4-5", "messages": ' + b"[" * 90_000 + b"]" * 90_000 + b"}")
        @example(b'{"model": "\\ud800", "messages": [{"role": "user", "content": "\\udfff"}]}')
        @example(b'{"model": NaN, "max_tokens": 1e999, "messages": []}')
        @example(b'{"max_tokens": ' + b"9" * 5000 + b"}")
        def check(body: bytes) -> None:
            asker.ask(body)

        with caplog.at_level(logging.WARNING):
            check()
        asker.ask(json.dumps(HELLO).encode())
        assert {200, 400} <= asker.statuses
    assert caplog.records == []
