"""The official SDK as a judge: it reads what the simulator sends, and raises what it should."""

from __future__ import annotations

import asyncio
import base64

import anthropic
import pytest

ASK = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "Explain TLS in two sentences"}],
}


@pytest.fixture
def sdk(start):
    """Starts a simulator and gives an SDK client for it; both are closed at the end."""
    clients = []

    def build(*, max_retries=0, api_key="test-key", **options):
        caller = start(**options)
        client = anthropic.Anthropic(api_key=api_key, base_url=caller.url, max_retries=max_retries)
        clients.append(client)
        return client

    yield build
    for client in clients:
        client.close()


def test_a_message(sdk):
    """Typed, with its request id."""
    message = sdk().messages.create(**ASK)

    assert message.model == "claude-sonnet-5-5"
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0
    assert message._request_id == "req_sim_1"


def test_a_stream_helper(sdk):
    """Its accumulated message is the one that is not streamed."""
    client = sdk()
    with client.messages.stream(**ASK, thinking={"type": "adaptive", "display": "summarized"}) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    whole = client.messages.create(**ASK, thinking={"type": "adaptive", "display": "summarized"})

    assert text.startswith("This is a **simulated** answer")
    assert final.content[0].thinking
    assert [block.model_dump(exclude_none=True) for block in final.content] == [
        block.model_dump(exclude_none=True) for block in whole.content
    ]
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert final.stop_reason == "end_turn"


def test_a_plain_stream(sdk):
    """Event by event."""
    events = list(sdk().messages.create(**ASK, stream=True))

    assert (events[0].type, events[-1].type) == ("message_start", "message_stop")
    assert events[-2].usage.output_tokens_details.thinking_tokens == 16


def test_an_asynchronous_stream(start):
    """The same, on an event loop."""
    caller = start()

    async def ask():
        async with (
            anthropic.AsyncAnthropic(api_key="k", base_url=caller.url) as client,
            client.messages.stream(**ASK) as stream,
        ):
            return await stream.get_final_text()

    assert "simulated" in asyncio.run(ask())


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"line_end": "crlf", "chunk": 7}, id="CRLF in pieces"),
        pytest.param({"line_end": "cr", "chunk": 1}, id="CR, byte by byte"),
        pytest.param({"comment": True}, id="a comment"),
        pytest.param({"unknown": True}, id="unknown kinds"),
    ],
)
def test_odd_but_legal_streams(sdk, step):
    """The reader does not notice."""
    with sdk(script=[step | {"say": "Grüß Gott"}]).messages.stream(**ASK) as stream:
        assert "".join(stream.text_stream) == "Grüß Gott"


def test_every_stop_reason(sdk):
    """As the SDK's types have them."""
    reasons = ["max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"]
    client = sdk(script=[{"stop_reason": reason} for reason in reasons])
    found = []
    for _ in reasons:
        with client.messages.stream(**ASK) as stream:
            found.append(stream.get_final_message().stop_reason)

    assert found == reasons


def test_a_tool_loop(sdk):
    """Call, result, answer; the history made of the SDK's own objects."""
    tools = [{"name": "look", "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}}}]
    client = sdk(script=[{"stop_reason": "tool_use"}])
    with client.messages.stream(**ASK, tools=tools) as stream:
        call = stream.get_final_message()
    result = {"type": "tool_result", "tool_use_id": call.content[-1].id, "content": "seen"}
    history = [*ASK["messages"], {"role": "assistant", "content": call.content}, {"role": "user", "content": [result]}]
    answer = client.messages.create(**ASK | {"messages": history}, tools=tools)

    assert call.content[-1].input == {"place": "simulated"}
    assert "a tool result: “seen”" in answer.content[-1].text


def test_a_conversation_goes_on(sdk):
    """Thinking sent back unchanged is accepted."""
    client = sdk()
    with client.messages.stream(**ASK) as stream:
        first = stream.get_final_message()
    history = [*ASK["messages"], {"role": "assistant", "content": first.content}, {"role": "user", "content": "More"}]

    assert client.messages.create(**ASK | {"messages": history}).stop_reason == "end_turn"


def test_an_image(sdk, png):
    """In the SDK's own form."""
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png(64, 48)).decode()}
    message = sdk().messages.create(
        **ASK | {"messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]}
    )

    assert "64×48 px" in message.content[-1].text


def test_counting(sdk):
    """As many tokens as the message costs."""
    client = sdk()
    counted = client.messages.count_tokens(model=ASK["model"], messages=ASK["messages"])

    assert counted.input_tokens == client.messages.create(**ASK).usage.input_tokens


def test_caching(sdk):
    """Marks in the SDK's form, and the usage as its types have it."""
    client = sdk()
    hour: anthropic.types.CacheControlEphemeralParam = {"type": "ephemeral", "ttl": "1h"}
    system: list[anthropic.types.TextBlockParam] = [{"type": "text", "text": "x" * 2500, "cache_control": hour}]
    terms = {"inference_geo": "us", "speed": "fast", "model": "claude-opus-5-5"}
    first = client.messages.create(**ASK | terms, system=system, cache_control={"type": "ephemeral"}).usage
    with client.messages.stream(**ASK | terms, system=system) as stream:
        second = stream.get_final_message().usage

    assert first.cache_creation.ephemeral_1h_input_tokens == second.cache_read_input_tokens == 1000
    assert first.cache_creation.ephemeral_5m_input_tokens + 1000 == first.cache_creation_input_tokens
    assert (second.inference_geo, second.speed, second.service_tier) == ("us", "fast", "standard")


def test_models(sdk):
    """The SDK walks the pages by itself and reads every field."""
    client = sdk()
    models = list(client.models.list(limit=4))
    one = client.models.retrieve("claude-haiku-4-5")

    assert len(models) == 19
    assert models[0].created_at > models[-1].created_at
    assert one.id == "claude-haiku-4-5-20251001"
    assert one.capabilities.thinking.types.enabled.supported
    assert one.max_input_tokens == 200_000


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (402, anthropic.APIStatusError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (409, anthropic.ConflictError),
        (413, anthropic.APIStatusError),
        (422, anthropic.UnprocessableEntityError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (503, anthropic.InternalServerError),
        (504, anthropic.InternalServerError),
        (529, anthropic.InternalServerError),
    ],
)
def test_each_status_raises_its_error(sdk, status, kind):
    """With the body and the id the simulator gave it."""
    with pytest.raises(kind) as caught:
        sdk(script=[{"status": status, "message": "Because."}]).messages.create(**ASK)

    assert caught.value.status_code == status
    assert caught.value.request_id == "req_sim_1"
    assert "Because." in caught.value.message


@pytest.mark.filterwarnings("ignore:The model 'claude-3-opus-20240229' is deprecated:DeprecationWarning")
def test_errors_that_are_no_script(sdk):
    """A bad key, an unknown model, a broken rule."""
    with pytest.raises(anthropic.AuthenticationError, match="Invalid bearer token"):
        sdk(api_key="invalid").messages.create(**ASK)
    with pytest.raises(anthropic.NotFoundError, match="model: claude-3-opus-20240229"):
        sdk().messages.create(**ASK | {"model": "claude-3-opus-20240229"})
    with pytest.raises(anthropic.BadRequestError, match="at least one message"):
        sdk().messages.create(**ASK | {"messages": []})


def test_an_error_in_a_stream(sdk):
    """Raised with its type, after some text."""
    manager = sdk(script=[{"error_after": 9}]).messages.stream(**ASK)
    with pytest.raises(anthropic.APIStatusError) as caught, manager as stream:
        list(stream)

    assert caught.value.body["error"]["type"] == "overloaded_error"


def test_retries(sdk):
    """Overloaded twice, then well: told to wait a millisecond each time."""
    client = sdk(max_retries=2, script=[{"status": 529, "retry_after_ms": 1, "times": 2}])

    assert client.messages.create(**ASK).stop_reason == "end_turn"


def test_no_retry_where_the_header_says_so(sdk):
    """One request only."""
    client = sdk(max_retries=2, script=[{"status": 503, "should_retry": False, "times": "always"}])

    with pytest.raises(anthropic.InternalServerError) as caught:
        client.messages.create(**ASK)
    assert caught.value.request_id == "req_sim_1"
