"""What an application of LiteLLM's library does, through the gateway. Run as `python litellm_client.py URL KEY`.

The upstream answers, in this order: words, words, a call of `weather` (streamed), a thought and words, an error.
"""

from __future__ import annotations

import json
import sys

import litellm

url, key = sys.argv[1:]
HELLO = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def ask(**members):
    how = {"model": "openai/claude-3-5-sonnet", "api_base": f"{url}/v1", "api_key": key, "messages": HELLO}
    return litellm.completion(**{**how, "num_retries": 0, "max_retries": 0, **members})


answer = ask()
assert answer.choices[0].message.content == "Grüß Gott", answer
assert answer.usage.total_tokens > 0, answer

pieces = [*ask(stream=True, stream_options={"include_usage": True})]
total = litellm.stream_chunk_builder(pieces, messages=HELLO)
assert total.choices[0].message.content == "Grüß Gott, 世界! So many words.", total
assert total.choices[0].finish_reason == "stop", total

total = litellm.stream_chunk_builder([*ask(stream=True, tools=[TOOL])], messages=HELLO)
(call,) = total.choices[0].message.tool_calls
assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Köln"}), total
assert total.choices[0].finish_reason == "tool_calls", total

message = ask(reasoning_effort="low", allowed_openai_params=["reasoning_effort"]).choices[0].message
assert (message.content, message.reasoning_content) == ("4", "Hm."), message

# LiteLLM takes every `invalid_request_error` for a bad request, also one with another status; the words are ours.
for members, kind, words in (
    ({"api_key": "wrong"}, litellm.BadRequestError, "Invalid API key"),
    ({"model": "openai/gpt-4o"}, litellm.NotFoundError, "gpt-4o"),
    ({}, litellm.RateLimitError, "rate limit"),
):
    try:
        ask(**members)
    except kind as error:
        assert words in str(error), error
        continue
    raise AssertionError(f"no {kind}")
print("fine")
