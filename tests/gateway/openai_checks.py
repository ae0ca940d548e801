"""What an application does with the official OpenAI client, and must get from us; each check a function of its own.

`test_openai_client.py` runs them against the gateway in this process, the proof against `claude-cli serve`.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import openai
from pydantic import BaseModel

from claude_cli.simulator import BackgroundSimulator

MODEL = "claude-3-5-sonnet"
"""An alias; `claude-sonnet-5-5` answers."""
KEY = "clk-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
HELLO = [{"role": "user", "content": "hi"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}
USES = [
    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Köln"}},
    {"type": "tool_use", "id": "toolu_2", "name": "clock", "input": {}},
]
"""Two calls in one answer, the second without arguments."""
PDF = base64.b64encode(
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
).decode()


@dataclass(frozen=True)
class Check:
    """One thing that has to work, and what the upstream does for it."""

    name: str
    run: Callable[[openai.OpenAI, BackgroundSimulator], None]
    script: Sequence[Mapping[str, Any]] = ()


CHECKS: list[Check] = []


def check(name: str, *script: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Makes a function a check."""

    def keep(run: Callable[[openai.OpenAI, BackgroundSimulator], None]) -> Any:
        CHECKS.append(Check(name, run, script))
        return run

    return keep


def ask(client: openai.OpenAI, messages: Any = HELLO, **members: Any) -> Any:
    return client.chat.completions.create(**{"model": MODEL, "messages": messages, **members})


def failure(kind: type[openai.APIStatusError], client: openai.OpenAI, **members: Any) -> openai.APIStatusError:
    """The error that asking ends with; it has to be of just this class."""
    try:
        ask(client, **members)
    except openai.APIStatusError as error:
        assert type(error) is kind, error
        assert isinstance(error.body, dict)
        assert error.body.keys() == {"message", "type", "param", "code"}
        return error
    raise AssertionError("nothing was raised")


def sent(upstream: BackgroundSimulator) -> Any:
    """The body of the last request that reached the upstream."""
    return upstream.requests[-1].json


def png() -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]))
    return base64.b64encode(
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"")
    ).decode()


# ------------------------------------------------------------------------------------------------ answers
@check("plain", {"say": "Grüß Gott"})
def plain(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    done = ask(client)
    (choice,) = done.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "Grüß Gott", "stop")
    assert (done.object, done.model, done.system_fingerprint) == ("chat.completion", MODEL, None)
    assert done.id.startswith("chatcmpl-")
    assert done.created > 1_700_000_000
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 0
    assert sent(upstream)["model"] == "claude-sonnet-5-5"


@check("stream", {"say": "Grüß Gott, 世界!", "chunk": 7})
def stream(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    chunks = [*ask(client, stream=True)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Grüß Gott, 世界!"
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    assert (chunks[0].choices[0].delta.role, chunks[0].choices[0].delta.content) == ("assistant", "")
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert all(chunk.usage is None for chunk in chunks)


@check("usage of a stream", {"say": "Hi"})
def stream_usage(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    *chunks, last = ask(client, stream=True, stream_options={"include_usage": True})
    assert all(chunk.usage is None and len(chunk.choices) == 1 for chunk in chunks)
    assert last.choices == []
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens > 0


@check(
    "usage of a cache",
    {"say": "Hi", "usage": {"input_tokens": 3, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 50}},
)
def cached_usage(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    usage = ask(client).usage
    assert usage.prompt_tokens == 153
    assert (usage.prompt_tokens_details.cached_tokens, usage.prompt_tokens_details.cache_write_tokens) == (100, 50)


@check("cut at max_completion_tokens")
def max_completion_tokens(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    done = ask(client, max_completion_tokens=20)
    assert done.choices[0].finish_reason == "length"
    assert sent(upstream)["max_tokens"] == 20


@check("stop", {"say": "one END", "stop_reason": "stop_sequence", "stop_sequence": "END"})
def stop(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    assert ask(client, stop="END").choices[0].finish_reason == "stop"
    assert sent(upstream)["stop_sequences"] == ["END"]


@check("refusal", {"stop_reason": "refusal", "stop_details": {"category": "cyber", "explanation": "No."}, "times": 2})
def refusal(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    choice = ask(client).choices[0]
    assert (choice.finish_reason, choice.message.content, choice.message.refusal) == ("content_filter", None, "No.")
    chunks = [*ask(client, stream=True)]
    assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks) == "No."
    assert chunks[-1].choices[0].finish_reason == "content_filter"


# ------------------------------------------------------------------------------------------------ tools
@check("tools", {"stop_reason": "tool_use", "content": USES})
def tools(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    choice = ask(client, tools=[WEATHER, CLOCK]).choices[0]
    calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls]
    assert calls == [("toolu_1", "weather", '{"city":"Köln"}'), ("toolu_2", "clock", "{}")]
    assert (choice.message.content, choice.finish_reason) == (None, "tool_calls")


@check("tools streamed", {"stop_reason": "tool_use", "content": USES})
def tools_streamed(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    found: dict[int, list[str]] = {}
    for chunk in ask(client, tools=[WEATHER, CLOCK], stream=True):
        for call in chunk.choices[0].delta.tool_calls or ():
            if call.id:
                found[call.index] = [call.id, call.function.name, ""]
            found[call.index][2] += call.function.arguments
    assert list(found) == [0, 1]
    assert [(each[0], each[1], json.loads(each[2])) for each in found.values()] == [
        ("toolu_1", "weather", {"city": "Köln"}), ("toolu_2", "clock", {}),
    ]  # fmt: skip
    assert chunk.choices[0].finish_reason == "tool_calls"


@check("tools by the client's own helper", {"stop_reason": "tool_use", "content": USES})
def tools_helper(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    strict = {"type": "function", "function": {**WEATHER["function"], "strict": True}}
    strict["function"]["parameters"] = {**WEATHER["function"]["parameters"], "additionalProperties": False}
    with client.chat.completions.stream(model=MODEL, messages=HELLO, tools=[strict]) as stream:
        stream.until_done()
        message = stream.get_final_completion().choices[0].message
    assert [call.function.name for call in message.tool_calls] == ["weather", "clock"]
    assert message.tool_calls[0].function.parsed_arguments == {"city": "Köln"}


@check("results of tools", {"stop_reason": "tool_use", "content": USES}, {"say": "3°"})
def tool_results(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    first = ask(client, tools=[WEATHER, CLOCK]).choices[0].message
    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in first.tool_calls]
    turns = [*HELLO, first.model_dump(), *results]
    assert ask(client, turns, tools=[WEATHER, CLOCK]).choices[0].message.content == "3°"
    *_, called, answered = sent(upstream)["messages"]
    assert [block["type"] for block in called["content"]] == ["tool_use", "tool_use"]
    assert [block["tool_use_id"] for block in answered["content"]] == ["toolu_1", "toolu_2"]


@check("the older functions", {"stop_reason": "tool_use", "content": USES[:1]})
def functions(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    choice = ask(client, functions=[WEATHER["function"]]).choices[0]
    assert (choice.message.function_call.name, choice.finish_reason) == ("weather", "function_call")


# ------------------------------------------------------------------------------------------------ what is sent
@check("an image")
def image(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png()}"}},
    ]
    assert "an image: image/png" in ask(client, [{"role": "user", "content": parts}]).choices[0].message.content


@check("a PDF")
def pdf(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    file = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}
    parts = [{"type": "text", "text": "Sum up."}, {"type": "file", "file": file}]
    assert "application/pdf" in ask(client, [{"role": "user", "content": parts}]).choices[0].message.content


@check("a later system message", {"say": "Ja"})
def later_system(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    turns = [
        {"role": "system", "content": "Be brief."}, *HELLO, {"role": "assistant", "content": "Hello."},
        {"role": "developer", "content": "Speak German."}, *HELLO,
    ]  # fmt: skip
    assert ask(client, turns).choices[0].message.content == "Ja"
    assert "Speak German." not in json.dumps(sent(upstream)["system"])
    assert "Speak German." in json.dumps(sent(upstream)["messages"])


class Place(BaseModel):
    """What is parsed."""

    city: str
    degrees: float


@check("a schema")
def schema(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    done = client.chat.completions.parse(model=MODEL, messages=HELLO, response_format=Place)
    assert isinstance(done.choices[0].message.parsed, Place)
    assert done.choices[0].finish_reason == "stop"


@check("a schema, where the model has no such thing")
def schema_by_tool(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    done = client.chat.completions.parse(model="claude-opus-4-5", messages=HELLO, response_format=Place)
    assert isinstance(done.choices[0].message.parsed, Place)
    assert (done.choices[0].finish_reason, done.choices[0].message.tool_calls) == ("stop", None)


@check("JSON", {"say": '```json\n{"a": 1}\n```'})
def json_object(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    done = ask(client, response_format={"type": "json_object"})
    assert json.loads(done.choices[0].message.content) == {"a": 1}


@check("reasoning", {"think": "Hm.", "say": "4", "times": 2})
def reasoning(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    done = ask(client, reasoning_effort="low")
    message = done.choices[0].message.model_dump()
    assert (message["content"], message["reasoning_content"]) == ("4", "Hm.")
    assert message["thinking_blocks"][0]["signature"]
    assert done.usage.completion_tokens_details.reasoning_tokens > 0
    assert sent(upstream)["output_config"]["effort"] == "low"
    deltas = [chunk.choices[0].delta.model_dump() for chunk in ask(client, reasoning_effort="low", stream=True)]
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == "Hm."


@check("hints that nobody can honour", {"say": "Hi"})
def hints(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=HELLO, temperature=0.2, seed=7, presence_penalty=0.5, logit_bias={"1": 2}, store=True,
        user="anna",
    )  # fmt: skip
    assert raw.parse().choices[0].message.content == "Hi"
    dropped = raw.headers["x-claude-cli-dropped-params"].split(", ")
    assert {"temperature", "seed", "presence_penalty", "logit_bias", "store"} <= set(dropped)
    assert raw.headers["x-claude-cli-model"] == "claude-sonnet-5-5"
    assert raw.headers["x-request-id"] == raw.request_id != raw.headers["x-upstream-request-id"]


# ------------------------------------------------------------------------------------------------ models
@check("the list of models")
def models(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    found = {model.id: model for model in client.models.list()}
    assert {MODEL, "claude-sonnet-5-5", "claude-haiku-5-5"} <= found.keys()
    assert all(
        model.object == "model" and model.created > 0 and model.owned_by == "anthropic" for model in found.values()
    )


@check("one model")
def model(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    assert client.models.retrieve(MODEL).id == MODEL
    try:
        client.models.retrieve("gpt-4o")
    except openai.NotFoundError as error:
        assert error.code == "model_not_found"
    else:
        raise AssertionError("there is no such model")


# ------------------------------------------------------------------------------------------------ what goes wrong
@check("a wrong key")
def wrong_key(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    error = failure(openai.AuthenticationError, client.with_options(api_key="clk-wrong"))
    assert (error.status_code, error.code, error.body["message"]) == (401, "invalid_api_key", "Invalid API key")
    assert upstream.requests == []


@check("an unknown model")
def unknown_model(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    error = failure(openai.NotFoundError, client, model="gpt-4o")
    assert (error.code, error.param) == ("model_not_found", "model")


@check("a malformed request")
def malformed(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    error = failure(openai.BadRequestError, client, messages=[{"role": "robot", "content": "hi"}])
    assert error.param.startswith("messages[0]")
    assert upstream.requests == []


@check("a prompt that is too long", {"status": 400, "message": "prompt is too long: 9 tokens > 8 maximum"})
def too_long(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    assert failure(openai.BadRequestError, client).code == "context_length_exceeded"


@check("our own key refused", {"status": 401, "message": "invalid x-api-key", "times": "always"})
def upstream_key(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    error = failure(openai.InternalServerError, client)
    assert (error.status_code, error.code) == (502, "upstream_auth_error")
    assert len(upstream.requests) == 1


@check("a rate limit", {"status": 429, "retry_after": 300, "times": "always"})
def rate_limit(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    error = failure(openai.RateLimitError, client)
    assert (error.code, error.response.headers["retry-after"]) == ("rate_limit_exceeded", "300")
    assert len(upstream.requests) == 1


@check("an overload that passes", {"status": 529, "times": 1}, {"say": "Hi"})
def overload_passes(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    assert ask(client).choices[0].message.content == "Hi"
    assert len(upstream.requests) == 2


@check("an overload that stays", {"status": 529, "times": "always"})
def overload_stays(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    error = failure(openai.InternalServerError, client)
    assert (error.status_code, error.code, error.type) == (503, "overloaded", "server_error")
    assert error.response.headers["x-should-retry"] == "false"
    assert int(error.response.headers["retry-after"]) > 0
    counts = [request.headers.get("x-stainless-retry-count") for request in upstream.requests]
    assert len(counts) == 2, "the client's tries must not multiply ours"


@check("an error within the answer", {"say": "some words " * 9, "error_after": 8})
def error_within(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    seen = []
    try:
        for chunk in ask(client, stream=True):
            seen.append(chunk)
    except openai.APIError as error:
        assert error.message.startswith("the answer is incomplete: ")
    else:
        raise AssertionError("half an answer was taken for the whole")
    assert "".join(chunk.choices[0].delta.content or "" for chunk in seen)
    assert {chunk.choices[0].finish_reason for chunk in seen} == {None}


@check("an answer cut off", {"say": "some words " * 9, "cut_after": 8, "times": 2})
def cut_off(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    try:
        [*ask(client, stream=True)]
    except openai.APIError as error:
        assert error.code == "stream_interrupted"
    else:
        raise AssertionError("half an answer was taken for the whole")
    unstreamed = failure(openai.InternalServerError, client.with_options(max_retries=0))
    assert (unstreamed.status_code, unstreamed.code) == (502, "stream_interrupted")


@check("a client that leaves", {"say": "so many words", "stall_after": 5})
def leaves(client: openai.OpenAI, upstream: BackgroundSimulator) -> None:
    with ask(client, stream=True) as chunks:
        assert next(iter(chunks)).choices
    upstream.settled(2.0)
    assert upstream.requests[-1].aborted
