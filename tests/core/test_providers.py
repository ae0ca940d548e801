"""The interface from Python, word for word, and the built-in provider behind it."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

import claude_cli
from claude_cli import AnthropicProvider, ChatRequest, Health, LLMOptions, LLMProvider, Message, ModelInfo
from claude_cli.core.errors import (
    AuthenticationError,
    NotFoundError,
    OverloadedError,
    ProtocolError,
    StreamInterruptedError,
    UsageError,
)
from claude_cli.core.events import MessageDelta, MessageDone, MessageStart, TextDelta
from claude_cli.core.messages import text_block
from claude_cli.core.providers.anthropic import models_of
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential

from ..loopback import EVENTS, MESSAGE, REQUEST_ID, TEXT, body_of, error_response, frames, headers_of, response

KEY = "sk-ant-api03-canary"
REQUEST = ChatRequest("claude-sonnet-5-5", (Message("user", (text_block("hi"),)),))


def ask(url: str, method: str, *arguments, key: str | None = KEY, **more):
    """Call one method of a provider, and close it."""

    async def main():
        async with AnthropicProvider(key, url) as provider:
            return await getattr(provider, method)(*arguments, **more)

    return asyncio.run(main())


# ------------------------------------------------------------------------------------------------ word for word
SIGNATURES = {
    "__init__": "(self, api_key: str | None = None, api_base_url: str | None = None) -> None",
    "get_available_models": "(self) -> list[ModelInfo]",
    "generate_completion": "(self, model_id: str, prompt: str, system_prompt: str | None = None,"
    " params: LLMOptions | None = None) -> dict[str, Any]",
    "generate_chat_completion": "(self, model_id: str, messages: list[dict[str, Any]],"
    " system_prompt: str | None = None, params: LLMOptions | None = None) -> dict[str, Any]",
    "health_check": "(self) -> Health",
}


def test_the_class_is_what_was_promised():
    """Plans and other people's code rest on these names."""
    assert issubclass(AnthropicProvider, LLMProvider)
    assert AnthropicProvider.PROVIDER_NAME == "anthropic"
    assert AnthropicProvider.DISPLAY_NAME == "Anthropic Claude"
    assert AnthropicProvider.API_KEY_NAME == "ANTHROPIC_API_KEY"


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_signatures_are_what_was_promised(name):
    """Names, order, defaults and annotations; everything but the constructor is awaited."""
    method = getattr(AnthropicProvider, name)
    assert str(inspect.signature(method)).replace("'", "") == SIGNATURES[name]
    assert inspect.iscoroutinefunction(method) is (name != "__init__")


def test_stream_takes_a_request_and_gives_an_iterator():
    """`stream(request: ChatRequest) -> AsyncIterator[Event]`, not a coroutine of one."""
    assert str(inspect.signature(LLMProvider.stream)).replace("'", "") == (
        "(self, request: ChatRequest) -> AsyncIterator[Event]"
    )
    provider = AnthropicProvider(KEY, "http://127.0.0.1:1")
    assert isinstance(provider.stream(REQUEST), AsyncIterator)


def test_everything_public_is_there_and_loaded_only_when_used():
    """`from claude_cli import …` is all a caller needs; importing the package costs nothing."""
    for name in claude_cli.__all__:
        assert getattr(claude_cli, name).__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        claude_cli.nonsense  # noqa: B018
    code = "import sys, claude_cli; print([name for name in sys.modules if name.startswith('claude_cli.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_the_dictionary_of_an_answer(serve):
    """One documented form for every provider."""
    done = ask(serve(response()).url, "generate_completion", "sonnet", "hi")
    assert done == {
        "id": "msg_1",
        "model": "claude-sonnet-5-5",
        "text": TEXT,
        "content": [{"type": "text", "text": TEXT}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 3, "output_tokens": 5, "cache_read_tokens": 0, "cache_write_tokens": 0,
            "thinking_tokens": 0,
        },
        "cost_usd": 0.000056,
        "request_id": REQUEST_ID,
    }  # fmt: skip


def test_a_completion_is_a_conversation_of_one_turn(serve):
    """`generate_completion` calls `generate_chat_completion`; system prompt and parameters go along."""
    server = serve(response())
    options = LLMOptions(max_tokens=50, stop_sequences=("END",), effort="low", betas=("a-beta", "b-beta"))

    ask(server.url, "generate_completion", "haiku", "hi", "Be brief.", options)
    ask(server.url, "generate_chat_completion", "haiku", [{"role": "user", "content": "hi"}], "Be brief.", options)

    first, second = server.requests
    assert body_of(first) == body_of(second) == {
        "model": "claude-haiku-5-5", "max_tokens": 50, "stream": True, "system": "Be brief.",
        "stop_sequences": ["END"], "output_config": {"effort": "low"},
        "messages": [{"role": "user", "content": "hi"}],
    }  # fmt: skip
    assert headers_of(first)["anthropic-beta"] == "a-beta,b-beta"


def test_sampling_goes_out_under_the_version_that_takes_it(serve):
    """2023-06-01 for a model that still takes it; elsewhere it is dropped, and logged."""
    server = serve(response())
    ask(server.url, "generate_completion", "claude-sonnet-4-6", "hi", None, LLMOptions(temperature=0.5))
    ask(server.url, "generate_completion", "sonnet", "hi", None, LLMOptions(temperature=0.5))
    old, new = server.requests
    assert (headers_of(old)["anthropic-version"], body_of(old)["temperature"]) == ("2023-06-01", 0.5)
    assert headers_of(new)["anthropic-version"] == "2026-10-21"
    assert "temperature" not in body_of(new)


def test_what_is_dropped_is_logged(serve, caplog):
    """The dictionary has no place for notices."""
    ask(serve(response()).url, "generate_completion", "sonnet", "hi", None, LLMOptions(temperature=0.5))
    assert "temperature" in caplog.text


def test_the_events_of_a_stream(serve):
    """As they come, one by one, the end told in so many words."""

    async def main(url):
        async with AnthropicProvider(KEY, url) as provider:
            return [event async for event in provider.stream(REQUEST)]

    events = asyncio.run(main(serve(response()).url))
    assert isinstance(events[0], MessageStart)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == TEXT
    assert events[-2:] == [MessageDelta("end_turn", usage={"output_tokens": 5}), MessageDone()]


def test_an_unstreamed_request_is_answered_with_the_same_events(serve):
    """`stream=False` is asked for as JSON; where that would take too long, it is streamed all the same."""
    server = serve(response(json.dumps(MESSAGE).encode(), kind="application/json"))
    small = ChatRequest("sonnet", REQUEST.messages, options=LLMOptions(max_tokens=100), stream=False)
    large = ChatRequest("sonnet", REQUEST.messages, options=LLMOptions(max_tokens=30_000), stream=False)

    async def main():
        async with AnthropicProvider(KEY, server.url) as provider:
            return [[event async for event in provider.stream(request)] for request in (small, large)]

    answers = asyncio.run(main())
    assert ["stream" in body_of(request) for request in server.requests] == [False, True]
    assert [headers_of(request)["accept"] for request in server.requests] == ["application/json", "text/event-stream"]
    assert [answer[-1] for answer in answers] == [MessageDone(), MessageDone()]


def test_an_answer_without_its_end_is_no_answer(serve):
    """Never a short answer in the dictionary."""
    with pytest.raises(StreamInterruptedError):
        ask(serve(response(frames(EVENTS[:5]))).url, "generate_completion", "sonnet", "hi")


def test_an_empty_conversation_is_refused_before_any_network():
    """The API would say the same, later."""
    with pytest.raises(UsageError, match="nothing to ask"):
        ask("http://127.0.0.1:1", "generate_chat_completion", "sonnet", [])


def test_a_retired_model_names_its_successor(serve):
    """A 404 is what old scripts get; the message tells what to write instead."""
    server = serve(error_response(404, "not_found_error", "model: claude-3-opus-20240229"))
    with pytest.raises(NotFoundError, match="its successor is claude-opus-5-5"):
        ask(server.url, "generate_completion", "claude-3-opus-20240229", "hi")
    with pytest.raises(NotFoundError, match=r" \(no model of that name is known here\)$") as unknown:
        ask(server.url, "generate_completion", "gpt-7", "hi")
    assert unknown.value.advice == "see `claude-cli models`"
    assert [body_of(request)["model"] for request in server.requests] == ["claude-3-opus-20240229", "gpt-7"]


def test_what_would_be_sent_can_be_looked_at():
    """For a dry run: everything but the key."""
    provider = AnthropicProvider("sk-ant-oat01-canary", "http://127.0.0.1:1")
    headers = dict(provider.headers_for(REQUEST))
    assert headers == {
        "anthropic-version": "2026-10-21", "accept-encoding": "identity", "accept": "text/event-stream",
        "content-type": "application/json", "anthropic-beta": "oauth-2025-04-20",
    }  # fmt: skip
    assert "canary" not in repr(headers)


# ------------------------------------------------------------------------------------------------ round trips
BLOCKS = (
    {"type": "thinking", "thinking": "Hm. So: ü", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "b3BhcXVl"},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, {"b": None}]}},
    {"type": "hologram", "depth": 3, "nested": {"kept": ["as", "it", "is"]}},
    {"type": "text", "text": TEXT, "citations": [{"type": "char_location", "cited_text": "x"}]},
)
DELTAS = (
    [{"type": "thinking_delta", "thinking": "Hm. "}, {"type": "thinking_delta", "thinking": "So: ü"},
     {"type": "signature_delta", "signature": "c2ln"}],
    [],
    [{"type": "input_json_delta", "partial_json": ""}, {"type": "input_json_delta", "partial_json": '{"a": [1, {"b"'},
     {"type": "input_json_delta", "partial_json": ": null}]}"}],
    [],
    [{"type": "text_delta", "text": "Grüß "}, {"type": "text_delta", "text": "Gott"},
     {"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "x"}}],
)  # fmt: skip
STARTS = (
    {"type": "thinking", "thinking": "", "signature": ""},
    BLOCKS[1],
    {**BLOCKS[2], "input": {}},
    BLOCKS[3],
    {"type": "text", "text": ""},
)


def streamed() -> bytes:
    """An answer of all these blocks, as it streams."""
    body = [EVENTS[0]]
    for index, (start, deltas) in enumerate(zip(STARTS, DELTAS, strict=True)):
        body.append({"type": "content_block_start", "index": index, "content_block": start})
        body += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        body.append({"type": "content_block_stop", "index": index})
    return response(frames([*body, *EVENTS[-2:]]))


@pytest.mark.parametrize("form", ["streamed", "whole"])
def test_every_block_goes_back_as_it_came(serve, form):
    """A signature covers its block to the last letter, and a kind we do not know may matter to the model."""
    message = {**MESSAGE, "content": list(BLOCKS)}
    whole = response(json.dumps(message).encode(), kind="application/json")
    server = serve(streamed() if form == "streamed" else whole)

    async def main():
        async with AnthropicProvider(KEY, server.url) as provider:
            turns = [{"role": "user", "content": "hi"}]
            first = await provider.generate_chat_completion("sonnet", turns)
            turns += [{"role": "assistant", "content": first["content"]}, {"role": "user", "content": "and?"}]
            await provider.generate_chat_completion("sonnet", turns)
            return first

    first = asyncio.run(main())

    assert first["content"] == list(BLOCKS)
    assert first["text"] == TEXT
    assert body_of(server.requests[1])["messages"] == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": list(BLOCKS)},
        {"role": "user", "content": "and?"},
    ]


# ------------------------------------------------------------------------------------------------ models, health
def test_all_models_of_all_pages(serve):
    """The API lists a thousand at a time; a gateway perhaps twenty."""
    pages = [
        {"data": [{"id": "m-3", "display_name": "M 3", "max_input_tokens": 10, "max_tokens": 5, "lifecycle": "active"},
                  {"id": "m-2"}], "has_more": True, "first_id": "m-3", "last_id": "m-2"},
        {"data": [{"id": "m-1"}, {"name": "no id"}, "no object"], "has_more": False, "last_id": "m-1"},
    ]  # fmt: skip
    bodies = [response(json.dumps(page).encode(), kind="application/json") for page in pages]
    server = serve(lambda peer: [peer.answer(body) for body in bodies])

    found = ask(server.url, "get_available_models")

    assert [model.id for model in found] == ["m-3", "m-2", "m-1"]
    assert found[0] == ModelInfo("m-3", "M 3", None, "active", 10, 5, pages[0]["data"][0])
    assert [request.split(b" ")[1] for request in server.requests] == [
        b"/v1/models?limit=1000",
        b"/v1/models?limit=1000&after_id=m-2",
    ]


@pytest.mark.parametrize("bare", [False, True], ids=["whole", "four fields"])
def test_the_models_of_the_simulator(simulate, bare):
    """Older gateways give four fields: everything but the id may be unknown."""
    found = ask(simulate(bare_models=bare).url, "get_available_models")
    sonnet = next(model for model in found if model.id == "claude-sonnet-5-5")
    assert sonnet.display_name == "Claude Sonnet 5.5"
    assert (sonnet.context_window, sonnet.max_output_tokens) == ((None, None) if bare else (1_000_000, 128_000))


@pytest.mark.parametrize("page", [{}, {"data": None}, {"data": {"id": "x"}}, {"data": "x"}, {"has_more": True}])
def test_a_page_without_models(page):
    """Somebody else's server: it is named as that, and does not pass for one that has no models."""
    with pytest.raises(ProtocolError, match="list of models is none"):
        models_of(page)
    assert models_of({"data": []}) == []


@pytest.mark.parametrize(
    ("last", "asked"), [(b"", 1), (b', "last_id": "m"', 2)], ids=["without an end", "the same page again"]
)
def test_a_list_that_does_not_end_is_none(serve, last, asked):
    """What came of it would pass for all there is."""
    server = serve(response(b'{"data": [{"id": "m"}], "has_more": true%s}' % last, kind="application/json"))
    with pytest.raises(ProtocolError, match="does not end"):
        ask(server.url, "get_available_models")
    assert (len(server.requests), server.connections) == (asked, 1)


def test_tokens_are_counted(simulate):
    """By the free call, of the request as its model takes it: what it would refuse is left out."""
    server = simulate()
    request = ChatRequest(
        "sonnet", (Message("user", (text_block("x" * 250),)),), "y" * 25, LLMOptions(temperature=0.5, effort="low")
    )
    assert ask(server.url, "count_tokens", request) == 114
    assert server.requests[0].path == "/v1/messages/count_tokens"
    assert server.requests[0].json == {
        "model": "claude-sonnet-5-5",
        "system": "y" * 25,
        "output_config": {"effort": "low"},
        "messages": [{"role": "user", "content": "x" * 250}],
    }
    assert server.requests[0].headers["accept"] == "application/json"


def test_a_healthy_provider(serve):
    """Status, and milliseconds that are no seconds."""

    def play(peer):
        peer.request()
        peer.pause(0.03)
        peer.send(response(b'{"data": [{"id": "m"}]}', kind="application/json"))

    health = ask(serve(play).url, "health_check")
    assert health == Health("ok", health.latency_ms, "1 models")
    assert 30 <= health.latency_ms < 5000


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (error_response(401, "authentication_error"), "authentication"),
        (error_response(529, "overloaded_error"), "overloaded"),
        (response(b"<html>", kind="text/html"), "protocol"),
        (response(b"[]", kind="application/json"), "protocol"),
    ],
)
def test_a_provider_that_is_not_well(serve, answer, status):
    """The status is the error's code; nothing is raised."""
    health = ask(serve(answer).url, "health_check")
    assert health.status == health.error.code == status
    assert health.detail == str(health.error)
    assert health.error.request_id == REQUEST_ID


# ------------------------------------------------------------------------------------------------ keys
def test_blanks_around_a_key_are_trimmed(serve):
    """They come with every other paste."""
    server = serve(response())
    ask(server.url, "generate_completion", "sonnet", "hi", key=f"  {KEY}\n")
    assert headers_of(server.requests[0])["x-api-key"] == KEY


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("sk-ant-api03-can\nary", "line break"),
        ("sk-ant-api03-can ary", "blank"),
        ("sk-ant-api03-cänary", "character"),
        ("sk-ant-admin01-canary", "admin key"),
        ("   ", "empty"),
    ],
)
@pytest.mark.parametrize("source", ["argument", "environment"])
def test_what_is_no_key_is_refused_and_not_shown(monkeypatch, source, key, words):
    """A newline in a header would be a second header; an admin key is not for this."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", key if source == "environment" else "")
    with pytest.raises(AuthenticationError, match=words) as caught:
        AnthropicProvider(key if source == "argument" else None, "http://127.0.0.1:1")
    assert caught.value.exit_code == 3
    assert "ary" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "header", "value"),
    [
        ({"ANTHROPIC_API_KEY": KEY}, "x-api-key", KEY),
        ({"ANTHROPIC_AUTH_TOKEN": "token-123456"}, "authorization", "Bearer token-123456"),
        ({"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_AUTH_TOKEN": "token-123456"}, "x-api-key", KEY),
        ({"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "token-123456"}, "authorization", "Bearer token-123456"),
        ({"ANTHROPIC_API_KEY": "sk-ant-oat01-x"}, "authorization", "Bearer sk-ant-oat01-x"),
        ({}, None, None),
    ],
)
def test_the_key_in_the_environment(serve, monkeypatch, environ, header, value):
    """The key goes before the token, and never both; another origin without either is called without one."""
    server = serve(response())
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    for name, text in environ.items():
        monkeypatch.setenv(name, text)

    async def main():
        async with AnthropicProvider() as provider:
            return await provider.generate_completion("sonnet", "hi")

    assert asyncio.run(main())["text"] == TEXT
    headers = headers_of(server.requests[0])
    assert {name: headers[name] for name in ("x-api-key", "authorization") if name in headers} == (
        {header: value} if header else {}
    )
    assert headers.get("anthropic-beta") == ("oauth-2025-04-20" if value and "oat" in value else None)


def test_the_official_address_is_not_even_called_without_a_key(monkeypatch):
    """One line: where to make one, how to set it, how to do without."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("the network was asked"))
    with pytest.raises(AuthenticationError) as caught:
        asyncio.run(AnthropicProvider().generate_completion("sonnet", "hi"))
    assert (caught.value.code, caught.value.exit_code) == ("no_key", 3)
    said = str(caught.value)
    assert "\n" not in said
    assert all(word in said for word in ("https://console.anthropic.com/", "ANTHROPIC_API_KEY", "--offline"))
    assert asyncio.run(AnthropicProvider().health_check()).status == "no_key"


def test_a_provider_and_its_configuration_show_no_key(monkeypatch):
    """In a debugger, in a log of arguments, in a test's failure."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    for provider in (AnthropicProvider(), AnthropicProvider(KEY)):
        assert "canary" not in repr(provider) + repr(vars(provider)) + str(provider.config)
    assert "sk-ant" not in repr(ProviderConfig(credential(KEY, source="x")))


# ------------------------------------------------------------------------------------------------ loops and leaks
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # who does not close leaves a socket to the collector
def test_one_provider_in_two_event_loops(serve):
    """Each `asyncio.run` is a loop of its own, and connections do not outlive theirs."""
    server = serve(response())
    provider = AnthropicProvider(KEY, server.url)
    texts = [asyncio.run(provider.generate_completion("sonnet", "hi"))["text"] for _ in range(2)]
    asyncio.run(provider.aclose())
    del provider
    gc.collect()
    assert texts == [TEXT, TEXT]
    assert server.connections == 2


LEAKLESS = """
import asyncio, gc, sys
from claude_cli import AnthropicProvider, ProviderPool

async def main():
    async with AnthropicProvider(api_base_url=sys.argv[1]) as provider:
        print((await provider.generate_completion("sonnet", "hi"))["text"])
        async for event in provider.stream_batches(provider_request()):
            break
    pool = ProviderPool().stream_request(
        {"provider": "anthropic", "api_base_url": sys.argv[1]},
        {"model": "sonnet", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 10},
    )
    async for event in pool:
        break
    await pool.aclose()

def provider_request():
    from claude_cli import ChatRequest, Message
    return ChatRequest("sonnet", (Message("user", ({"type": "text", "text": "hi"},)),))

asyncio.run(main())
gc.collect()
"""


def test_nothing_is_left_open(serve):
    """In a process of its own, with every warning on: no socket, no generator, no task is left behind."""
    server = serve(response())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LEAKLESS, server.url],
        capture_output=True, text=True, timeout=60, encoding="utf-8", env={"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == (f"{TEXT}\n", "", 0)


# ------------------------------------------------------------------------------------------------ the base class
class Minimal(LLMProvider):
    """What a plugin has to write, and not a line more."""

    PROVIDER_NAME, DISPLAY_NAME, API_KEY_NAME = "minimal", "Minimal", "MINIMAL_KEY"

    def __init__(self, *events, models=()):
        super().__init__("a-key", "http://minimal.test")
        self.events, self.models, self.closed = events, models, False

    async def stream(self, request):
        try:
            for event in self.events:
                yield event
        finally:
            self.closed = True

    async def get_available_models(self):
        if isinstance(self.models, Exception):
            raise self.models
        return list(self.models)


def test_everything_follows_from_stream_and_the_models():
    """Completion, batches and health are given; closing reaches what is inside."""
    provider = Minimal(MessageStart("msg_1", "m"), TextDelta(0, "Hello"), MessageDelta("end_turn"), MessageDone())
    done = asyncio.run(provider.generate_completion("m", "hi"))
    assert (done["text"], done["model"], done["stop_reason"]) == ("Hello", "m", "end_turn")
    assert asyncio.run(provider.health_check()).status == "ok"
    asyncio.run(provider.aclose())

    async def batches_of_one():
        return [len(batch) async for batch in provider.stream_batches(REQUEST)]

    assert asyncio.run(batches_of_one()) == [1] * 4

    async def first():
        batches = provider.stream_batches(REQUEST)
        batch = await anext(batches)
        provider.closed = False
        await batches.aclose()
        return batch

    assert asyncio.run(first()) == (MessageStart("msg_1", "m"),)
    assert provider.closed


def test_a_plain_iterator_will_do():
    """The interface promises an iterator; not every one has an `aclose`."""

    class Plain:
        def __init__(self):
            self.left = [MessageStart("msg_1", "m"), TextDelta(0, "Hello"), MessageDelta("end_turn"), MessageDone()]

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    provider = Minimal()
    provider.stream = lambda request: Plain()
    assert asyncio.run(provider.generate_completion("m", "hi"))["text"] == "Hello"


@pytest.mark.parametrize("end", [(), (MessageDone(),)], ids=["the last event", "the reason"])
def test_a_plugin_that_forgets_the_end_gives_no_short_answer(end):
    """The fold wants both."""
    with pytest.raises(StreamInterruptedError) as caught:
        asyncio.run(Minimal(TextDelta(0, "Hel"), *end).generate_completion("m", "hi"))
    assert caught.value.partial == "Hel"


def test_a_plugin_need_not_count():
    """It says so by its name, and what to do instead."""
    with pytest.raises(UsageError, match="Minimal does not count tokens; with --estimate they are reckoned here"):
        asyncio.run(Minimal().count_tokens(REQUEST))


def test_a_plugin_that_is_down():
    """Its own error names it."""
    health = asyncio.run(Minimal(models=OverloadedError("Overloaded")).health_check())
    assert (health.status, health.detail) == ("overloaded", "Overloaded")
