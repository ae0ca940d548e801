"""What a LangChain application does, through the gateway. Run as `python langchain_client.py URL KEY`; fails aloud.

The upstream answers, in this order: words, words, a call of `Place`, words as JSON, a call of `weather`, words.
"""

from __future__ import annotations

import sys

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

url, key = sys.argv[1:]
model = ChatOpenAI(model="claude-3-5-sonnet", base_url=f"{url}/v1", api_key=key, temperature=0.3, max_tokens=500)


class Place(BaseModel):
    """A place."""

    city: str
    degrees: float


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


answer = model.invoke("hi")
assert answer.content == "Grüß Gott", answer
assert answer.usage_metadata["total_tokens"] > 0, answer
assert answer.response_metadata["finish_reason"] == "stop", answer

pieces = [*model.stream("hi", stream_usage=True)]
total = pieces[0]
for piece in pieces[1:]:
    total += piece
assert len(pieces) > 3, pieces
assert total.content == "Grüß Gott, 世界! So many words.", total
assert total.usage_metadata["total_tokens"] > 0, total

found = model.with_structured_output(Place, method="function_calling").invoke("Where?")
assert found == Place(city="Köln", degrees=3.5), found

found = model.with_structured_output(Place, method="json_schema").invoke("Where?")
assert isinstance(found, Place), found

turns = [HumanMessage("How is the weather in Köln?")]
with_tools = model.bind_tools([weather], parallel_tool_calls=False)
called = with_tools.invoke(turns)
(call,) = called.tool_calls
assert (call["name"], call["args"]) == ("weather", {"city": "Köln"}), called
turns += [called, ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"])]
assert with_tools.invoke(turns).content == "It is sunny.", turns
print("fine")
