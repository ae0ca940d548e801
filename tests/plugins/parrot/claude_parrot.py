"""A provider as somebody else would write it: it says what it hears."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from claude_cli import ChatRequest, LLMProvider, ModelInfo
from claude_cli.core.errors import AuthenticationError, OverloadedError
from claude_cli.core.events import (
    BlockStart,
    BlockStop,
    Event,
    MessageDelta,
    MessageDone,
    MessageStart,
    TextDelta,
)


class ParrotProvider(LLMProvider):
    """Answers with the last message, word by word; with the key "busy" it is overloaded once."""

    PROVIDER_NAME = "parrot"
    DISPLAY_NAME = "A parrot"
    API_KEY_NAME = "PARROT_KEY"

    def __init__(self, api_key: str | None = None, api_base_url: str | None = None) -> None:
        super().__init__(api_key or os.environ.get("PARROT_KEY"), api_base_url)
        if not self.api_key:
            raise AuthenticationError("the parrot wants PARROT_KEY")
        self.busy = self.api_key == "busy"

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        if self.busy:
            self.busy = False
            raise OverloadedError("the parrot is eating", retry_after_s=0.001)
        yield MessageStart("msg_1", request.model, {"input_tokens": 1})
        yield BlockStart(0, {"type": "text", "text": ""})
        for word in request.messages[-1].text.split():
            yield TextDelta(0, f"{word} ")
        yield BlockStop(0)
        yield MessageDelta("end_turn", usage={"output_tokens": 1})
        yield MessageDone()

    async def get_available_models(self) -> list[ModelInfo]:
        return [ModelInfo("parrot-1")]
