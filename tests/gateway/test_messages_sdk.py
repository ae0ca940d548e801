"""The official SDK as a judge of `/v1/messages`: what it gets through the gateway, it would have got without it."""

from __future__ import annotations

import base64

import anthropic
import pytest

from claude_cli.storage.gateway_keys import GatewayKey

KEY = "sk-gw-anna"
ASK = {"model": "claude-haiku-4-5", "max_tokens": 300, "messages": [{"role": "user", "content": "Explain TLS"}]}
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c636060606000000005"
        "0001a5f645400000000049454e44ae426082"
    )
).decode()


@pytest.fixture
def sdk(gateway):
    """Starts a gateway with one key, and gives it and an SDK client of it."""
    clients = []

    def build(script=(), *, key=KEY, models=(), bearer=False, **options):
        running = gateway(script, keys={KEY: GatewayKey("anna", models=models)}, **options)
        auth = {"auth_token": key, "api_key": None} if bearer else {"api_key": key}
        client = anthropic.Anthropic(base_url=running.url, max_retries=0, **auth)
        clients.append(client)
        return running, client

    yield build
    for client in clients:
        client.close()


@pytest.mark.parametrize("bearer", [False, True], ids=["as an API key", "as a bearer token"])
def test_a_message_with_the_key_in_either_header(sdk, bearer):
    """Typed, with the provider's request id; what it cost is known."""
    running, client = sdk(bearer=bearer)
    message = client.messages.create(**ASK)

    assert message.content[-1].text.startswith("This is a **simulated** answer")
    assert message._request_id == "req_sim_1"
    (visit,) = running.wait_visits(1)
    assert (visit.status, visit.code, visit.model, visit.key.name) == (200, "", f"{ASK['model']}-20251001", "anna")
    record = visit.settled
    assert (record.status, record.request_id, record.usage.output_tokens) == (
        "done", "req_sim_1", message.usage.output_tokens,
    )  # fmt: skip
    assert record.cost_pico > 0


def test_a_stream_is_the_message_that_is_not_streamed(sdk):
    """And is accounted for like that."""
    running, client = sdk()
    with client.messages.stream(**ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    whole = client.messages.create(**ASK)

    assert text == whole.content[-1].text
    assert final.usage.output_tokens == whole.usage.output_tokens
    streamed, plain = running.wait_visits(2)
    assert (streamed.stream, plain.stream) == (True, False)
    assert streamed.settled.cost_pico == plain.settled.cost_pico
    assert streamed.settled.status == "done"


def test_betas_query_and_version_arrive(sdk):
    """As the SDK has written them, and the SDK's own account of itself with them."""
    running, client = sdk()
    client.beta.messages.create(
        **ASK, betas=["context-1m-2025-08-07", "interleaved-thinking-2025-05-14"], extra_query={"beta": "true"}
    )
    (request,) = running.upstream.requests

    assert request.query == "beta=true"
    betas = request.headers["anthropic-beta"].split(",")
    assert [beta.strip() for beta in betas] == ["context-1m-2025-08-07", "interleaved-thinking-2025-05-14"]
    assert request.headers["anthropic-version"] == "2026-10-21"
    assert request.headers["x-stainless-lang"] == "python"


def test_a_count_is_the_provider_s(sdk):
    """The very number, with no row in any ledger."""
    running, client = sdk()
    asked = {"model": ASK["model"], "messages": ASK["messages"]}
    counted = client.messages.count_tokens(**asked)
    with anthropic.Anthropic(base_url=running.upstream.url, api_key="test-key") as direct:
        assert counted.input_tokens == direct.messages.count_tokens(**asked).input_tokens
    (visit,) = running.wait_visits(1)

    assert (visit.route, visit.settled) == ("/v1/messages/count_tokens", None)


def test_an_image_and_a_tool(sdk):
    """What needs much on the other path goes by here."""
    running, client = sdk([{"stop_reason": "tool_use", "tool": "look", "tool_input": {"at": "it"}}])
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    message = client.messages.create(
        **{**ASK, "messages": [{"role": "user", "content": [image, {"type": "text", "text": "What is this?"}]}]},
        tools=[{"name": "look", "input_schema": {"type": "object", "properties": {"at": {"type": "string"}}}}],
    )

    assert (message.stop_reason, message.content[-1].input) == ("tool_use", {"at": "it"})
    assert running.upstream.requests[0].json["messages"][0]["content"][0] == image


@pytest.mark.parametrize(
    ("step", "error"),
    [
        pytest.param({"status": 400, "message": "bad"}, anthropic.BadRequestError, id="a wrong request"),
        pytest.param({"status": 404}, anthropic.NotFoundError, id="no such model"),
        pytest.param({"status": 413, "html": True}, anthropic.RequestTooLargeError, id="too large, told by an edge"),
        pytest.param({"status": 429, "retry_after": 17}, anthropic.RateLimitError, id="a rate limit"),
        pytest.param({"status": 500}, anthropic.InternalServerError, id="a server error"),
        pytest.param({"status": 529}, anthropic.OverloadedError, id="overloaded"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_the_provider_s_errors_are_the_same_here(sdk, step, error, stream):
    """Status, body and headers: the client decides by them whether it tries again. One try was made."""
    running, client = sdk([step, step])
    with pytest.raises(error) as through:
        client.messages.create(**ASK, stream=stream)
    with (
        anthropic.Anthropic(base_url=running.upstream.url, api_key="k", max_retries=0) as direct,
        pytest.raises(error) as straight,
    ):
        direct.messages.create(**ASK, stream=stream)

    assert len(running.upstream.requests) == 2
    assert through.value.request_id == "req_sim_1"
    assert str(through.value).replace("req_sim_1", "req_sim_2") == str(straight.value)
    assert through.value.response.headers.get("retry-after") == straight.value.response.headers.get("retry-after")


@pytest.mark.parametrize(
    ("options", "error", "kind"),
    [
        pytest.param({"key": "sk-gw-bert"}, anthropic.AuthenticationError, "authentication_error", id="a wrong key"),
        pytest.param(
            {"models": ("sonnet",)}, anthropic.PermissionDeniedError, "permission_error", id="not this key's model"
        ),
        pytest.param({"config": {"body_bytes": 40}}, anthropic.RequestTooLargeError, "request_too_large", id="a body"),
        pytest.param(
            {"script": [{"status": 401}]}, anthropic.InternalServerError, "api_error", id="our own key is refused"
        ),
        pytest.param(
            {"script": [{"status": 403}]}, anthropic.InternalServerError, "api_error", id="our own key may not"
        ),
        pytest.param(
            {"script": [{"status": 402}]}, anthropic.InternalServerError, "api_error", id="our own credit is spent"
        ),
    ],
)
def test_errors_of_the_gateway_s_own_have_the_api_s_form(sdk, options, error, kind):
    """Above all: that our key failed is no 401, by which the client would take its own for a bad one."""
    running, client = sdk(**options)
    with pytest.raises(error) as raised:
        client.messages.create(**ASK)

    assert raised.value.body["error"]["type"] == kind
    if kind in ("authentication_error", "api_error"):
        assert raised.value.response.headers["x-should-retry"] == "false"
    assert raised.value.body["type"] == "error"
    assert raised.value.body["request_id"] == raised.value.response.headers["x-request-id"]
    (visit,) = running.wait_visits(1)
    assert visit.code
