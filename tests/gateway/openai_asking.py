"""A chat completion decoded, and what goes out for it: whatever is taken passes the simulator's checks, too."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from claude_cli.core.models import Catalogue, catalogue
from claude_cli.core.prepare import prepare
from claude_cli.core.wire_request import api_version, encode, request_object
from claude_cli.gateway.asked import Asked
from claude_cli.gateway.names import Names
from claude_cli.gateway.openai_parameters import changed
from claude_cli.gateway.openai_request import decode
from claude_cli.gateway.refusal import Refusal
from claude_cli.simulator.delivery import Send
from claude_cli.simulator.journal import RecordedRequest
from claude_cli.simulator.service import Service

NAMES = Names(catalogue())
NEW, OLD = "claude-sonnet-5-5", "claude-haiku-4-5"
"""A model that thinks by itself and refuses most parameters, and one of those that still take them."""
ASK: Mapping[str, Any] = {"role": "user", "content": "Hello"}


def png() -> bytes:
    """A picture of one pixel, as far as anybody looks at it here."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 1, 1, 8, 2, 0, 0, 0) + b"\0\0\0\0"


def data_url(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@dataclass(frozen=True)
class Sent:
    """What came of a request.

    Attributes:
        asked: the decoded request.
        body: what goes to the API.
        dropped: the parameters that are reported, those that the model refuses among them.
    """

    asked: Asked
    body: dict[str, Any]
    dropped: tuple[str, ...]

    @property
    def turns(self) -> list[tuple[str, Any]]:
        """The messages, each as its role and its content."""
        return [(each["role"], each["content"]) for each in self.body["messages"]]


def ask(changes: Mapping[str, Any], *, on_unsupported: Any = "warn", names: Names = NAMES) -> Asked:
    """The smallest request with `changes`, decoded."""
    return decode({"model": NEW, "messages": [dict(ASK)], **changes}, names, on_unsupported=on_unsupported)


def send(changes: Mapping[str, Any], *, on_unsupported: Any = "warn", names: Names = NAMES) -> Sent:
    """What goes out for the smallest request with `changes`; the simulator has answered it."""
    asked = ask(changes, on_unsupported=on_unsupported, names=names)
    request, notices = prepare(asked.request, models=names.models)
    data = encode(request_object(request))
    body = json.loads(data)
    status, answer = simulated(body, data)
    assert status == 200, answer
    return Sent(asked, body, (*asked.dropped, *changed(notices)))


def talk(*messages: Mapping[str, Any], **changes: Any) -> Sent:
    """What goes out for a conversation."""
    return send({"messages": list(messages), **changes})


def refused(changes: Mapping[str, Any], *, on_unsupported: Any = "warn", names: Names = NAMES) -> Refusal:
    """Why a request is not taken."""
    with pytest.raises(Refusal) as caught:
        ask(changes, on_unsupported=on_unsupported, names=names)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    return caught.value


def simulated(body: Mapping[str, Any], data: bytes = b"") -> tuple[int, bytes]:
    """The status and the body of the simulator's answer."""
    headers = {"x-api-key": "k", "anthropic-version": api_version(body)}
    service = Service((), None, 0.0, False, None, lambda: 0.0)
    response = service.answer(RecordedRequest(1, "POST", "/v1/messages", "", headers, data, dict(body)))
    return response.status, b"".join(each.data for each in response.actions if isinstance(each, Send))


def names_without(ability: str, model: str = OLD) -> Names:
    """The models there are, but that `model` lacks an ability."""
    data = json.loads(json.dumps(catalogue().data))
    for entry in data["models"]:
        if model in (entry["id"], *entry["aliases"]):
            entry["capabilities"][ability] = False
    return Names(Catalogue(data))
