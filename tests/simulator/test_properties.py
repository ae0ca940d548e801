"""Whatever is sent, the simulator answers, and in the shape of the API."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_cli.simulator.delivery import Send
from claude_cli.simulator.journal import RecordedRequest
from claude_cli.simulator.media import look, resized
from claude_cli.simulator.service import Service
from claude_cli.simulator.structured import example

WORDS = st.sampled_from(
    [
        "type",
        "text",
        "image",
        "document",
        "tool_use",
        "tool_result",
        "thinking",
        "server_tool_use",
        "web_search_tool_result",
        "source",
        "base64",
        "data",
        "media_type",
        "image/png",
        "application/pdf",
        "content",
        "title",
        "citations",
        "cache_control",
        "ephemeral",
        "ttl",
        "1h",
        "5m",
        "id",
        "name",
        "input",
        "role",
        "user",
        "assistant",
        "system",
        "signature",
        "adaptive",
        "enabled",
        "budget_tokens",
        "disabled",
        "effort",
        "low",
        "format",
        "json_schema",
        "schema",
        "properties",
        "object",
        "enum",
        "items",
        "anyOf",
        "$ref",
        "any",
        "tool",
        "auto",
        "tool_use_id",
        "custom",
        "input_schema",
        "web_search_20260318",
        "is_error",
        "enabled",
        "nova",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | WORDS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5), max_leaves=12
)
FIELDS = st.sampled_from(
    [
        "model",
        "max_tokens",
        "messages",
        "system",
        "stop_sequences",
        "stream",
        "temperature",
        "top_p",
        "top_k",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "metadata",
        "service_tier",
        "speed",
        "inference_geo",
        "cache_control",
        "container",
        "diagnostics",
        "fallbacks",
        "surprise",
    ]
)
BLOCK = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["text", "image", "document", "tool_use", "tool_result", "thinking", "search_result", "nova"]
        )
    },
    optional={
        "text": SCALARS,
        "source": VALUES,
        "id": SCALARS,
        "name": SCALARS,
        "input": VALUES,
        "content": VALUES,
        "tool_use_id": SCALARS,
        "cache_control": VALUES,
        "citations": VALUES,
        "thinking": SCALARS,
        "signature": SCALARS,
    },
)
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant", "system"]),
        "content": st.text(min_size=1) | st.lists(BLOCK, max_size=4) | VALUES,
    }
)
MODELS = st.sampled_from(
    ["claude-sonnet-5-5", "claude-haiku-4-5", "claude-opus-4-6", "claude-opus-5", "claude-mythos-preview"]
)


def answer(body, *, path="/v1/messages", version="2026-10-21"):
    """The status and body of the answer to a request, without a connection."""
    service = Service((), None, 0.0, False, None, lambda: 0.0)
    headers = {"x-api-key": "k", "anthropic-version": version}
    response = service.answer(RecordedRequest(1, "POST", path, "", headers, b"", body))
    data = b"".join(action.data for action in response.actions if isinstance(action, Send))
    return response.status, data


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.fixed_dictionaries(
        {"model": MODELS, "max_tokens": st.just(1000), "messages": st.lists(MESSAGE, min_size=1, max_size=4)}
    ),
    extra=st.dictionaries(FIELDS, VALUES, max_size=3),
    version=st.sampled_from(["2023-06-01", "2026-10-21"]),
    path=st.sampled_from(["/v1/messages", "/v1/messages/count_tokens"]),
)
def test_every_request_has_an_answer(body, extra, version, path):
    """200 or an error of the API; never an exception, however strange the body."""
    status, data = answer(body | extra, path=path, version=version)

    assert status in (200, 400, 404)
    assert data.startswith(b"event: ") or isinstance(json.loads(data.decode("utf-8", "surrogatepass")), dict)


@given(VALUES)
def test_every_schema_has_an_example(schema):
    """Also what is no schema at all."""
    json.dumps(example(schema))


@given(
    st.binary(max_size=64),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBPVP8L", b"\xff\xd8\xff"]),
)
def test_every_header_can_be_looked_at(data, start):
    """A size or None."""
    picture = look(start + data)

    assert picture is None or min(picture.width, picture.height) > 0


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_scaled_images_fit(width, height):
    """And never grow."""
    wide, tall = resized(width, height, edge_px=1568, cap=1568)

    assert (wide + 27) // 28 * ((tall + 27) // 28) <= 1568
    assert max(wide, tall) <= 1568
    assert wide <= width
    assert tall <= max(height, 1)
