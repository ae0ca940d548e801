"""A chat completion as it was asked for, decoded: what goes to the model, and what its answer has to look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..core.messages import ChatRequest

OnUnsupported = Literal["warn", "drop", "reject"]
"""What is done with a parameter that cannot be honoured and is no more than a hint: drop it and name it in a header,
drop it, or refuse the request."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks for.

    Attributes:
        model: its model as the client named it: the answer repeats that.
        request: for the core, its model's name resolved; not yet fitted to what that model takes.
        stream, include_usage: as asked for.
        reasoning: the model's thinking is to be told, as `reasoning_content`.
        flexible: no limit of the answer's length was named, so a budget may lower ours.
        dropped: names of parameters that were left out or changed, for the header.
        tool_names: by the name that is sent, the client's own where that had to be changed.
        json_tool: the forced tool whose input is the answer's text, on models without structured outputs; "": none.
        json_text: the answer was asked for as JSON, so a fence around it is taken off where it comes in one piece.
        functions: asked with the older `functions`: a tool's call is told as `function_call`, and there is one at most.
        metadata: what the client notes about it, for the log; bounded.
    """

    model: str
    request: ChatRequest
    stream: bool = False
    include_usage: bool = False
    reasoning: bool = False
    flexible: bool = True
    dropped: tuple[str, ...] = ()
    tool_names: Mapping[str, str] = field(default_factory=dict)
    json_tool: str = ""
    json_text: bool = False
    functions: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every object of one answer has in common.

    Attributes:
        id: ours, `chatcmpl-…`.
        created: seconds of Unix time.
    """

    id: str
    created: int
