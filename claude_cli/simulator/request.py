"""A request that has passed its checks, and the questions the other files ask of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .catalogue import Model

Block = Mapping[str, Any]
UNMARKABLE = ("thinking", "redacted_thinking")


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a message or a count.

    Attributes:
        body: the JSON as sent; its shape is checked.
        model: what `body["model"]` resolved to.
        version: the API version asked for.
        betas: the beta names asked for.
        counting: whether only the tokens are to be counted.
    """

    body: Mapping[str, Any]
    model: Model
    version: str
    betas: frozenset[str] = frozenset()
    counting: bool = False

    @property
    def messages(self) -> list[Mapping[str, Any]]:
        """The messages as sent."""
        found: list[Mapping[str, Any]] = self.body["messages"]
        return found

    @property
    def max_tokens(self) -> int:
        """Most tokens of the answer; the model's cap where none is sent, as when counting."""
        return int(self.body.get("max_tokens", self.model.max_output_tokens))

    @property
    def thinking(self) -> str:
        """The `thinking.type` in force: the one sent, else the model's default."""
        sent = self.body.get("thinking") or {}
        return str(sent.get("type", self.model.thinking.get("default", "disabled")))

    @property
    def shows_thinking(self) -> bool:
        """Whether thinking blocks carry a summary, or only their signature."""
        sent = self.body.get("thinking") or {}
        return sent.get("display", self.model.thinking.get("display_default")) != "omitted"

    @property
    def effort(self) -> str | None:
        """The effort sent, or None."""
        return (self.body.get("output_config") or {}).get("effort")

    @property
    def output_format(self) -> Mapping[str, Any] | None:
        """The structured output asked for, or None."""
        return (self.body.get("output_config") or {}).get("format")

    @property
    def continues(self) -> bool:
        """Whether the last message is a paused answer to be finished: an assistant turn with a server tool in it."""
        last = self.messages[-1]
        return last["role"] == "assistant" and any(b["type"] == "server_tool_use" for b in blocks_of(last))


def blocks_of(message: Mapping[str, Any]) -> list[Block]:
    """The content of a message as blocks; a string is one text block."""
    return as_blocks(message["content"])


def as_blocks(content: Any) -> list[Block]:
    """Content as a list of blocks, whichever of its forms it has; None is empty."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return list(content or ())


def prefix_blocks(call: Call) -> Iterator[tuple[str, str, Block]]:
    """Everything the model reads, in the order of the prompt cache: tools, system, messages.

    Yields the path of each block, the part it belongs to ("tools", "prompt" or the role of its message), and itself.
    """
    for index, tool in enumerate(call.body.get("tools") or ()):
        yield f"tools.{index}", "tools", tool
    for index, block in enumerate(as_blocks(call.body.get("system"))):
        yield f"system.{index}", "prompt", block
    for number, message in enumerate(call.messages):
        for index, block in enumerate(blocks_of(message)):
            yield f"messages.{number}.content.{index}", str(message["role"]), block


def last_markable(blocks: Sequence[Block]) -> int | None:
    """Which of these blocks of a prompt a mark for the whole request falls on: the last that can be marked at all."""
    found = (number for number in reversed(range(len(blocks))) if blocks[number].get("type") not in UNMARKABLE)
    return next(found, None)


def canonical(value: Any) -> Any:
    """A JSON value without what does not change its meaning: cache marks and null members."""
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if v is not None and k != "cache_control"}
        return {name: canonical(member) for name, member in kept.items()}
    if isinstance(value, list):
        return [canonical(member) for member in value]
    return value
