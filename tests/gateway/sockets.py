"""A client of `/socket` for tests: it says what it is told to, and reads one message at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from .conftest import HELLO, WAIT_S, Running

MISSING: Any = object()


class Talk:
    """A connection to a gateway; `options` are those of `connect`."""

    def __init__(self, running: Running, **options: Any) -> None:
        url = running.url.replace("http", "ws", 1) + "/socket"
        given = {
            "open_timeout": WAIT_S,
            "close_timeout": WAIT_S,
            "compression": None,
            "max_size": None,
            "max_queue": None,
            "proxy": None,
        }
        self._connection = connect(url, **given, **options)
        self.socket: ClientConnection = self._connection.__enter__()

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave, in order."""
        self._connection.__exit__(None, None, None)

    def say(self, event: str, payload: Any = MISSING, ref: Any = MISSING) -> None:
        """Send a message; what is left out is left out."""
        members = {"event": event, "payload": payload, "ref": ref}
        self.socket.send(json.dumps({name: value for name, value in members.items() if value is not MISSING}))

    def ask(self, ref: Any = MISSING, **members: Any) -> None:
        """Begin a conversation about `HELLO` and `members`."""
        self.say("chat:stream", {**HELLO, **members}, ref)

    def hear(self) -> dict[str, Any]:
        """The next message."""
        message = json.loads(self.socket.recv(timeout=WAIT_S))
        assert set(message) == {"event", "ref", "payload"}, message
        return message

    def until(self, *events: str) -> list[dict[str, Any]]:
        """All messages up to the first that is one of `events`."""
        heard = [self.hear()]
        while heard[-1]["event"] not in events:
            heard.append(self.hear())
        return heard

    def answer(self) -> list[dict[str, Any]]:
        """All messages of the one conversation that is under way."""
        return self.until("chat:done", "chat:error")

    def error(self) -> Mapping[str, Any]:
        """What the next message, a `chat:error`, tells; its error has all four members."""
        message = self.hear()
        assert message["event"] == "chat:error", message
        assert set(message["payload"]) == {"error", "status", "headers"}
        assert set(message["payload"]["error"]) == {"message", "type", "param", "code"}
        return message["payload"]

    def closed(self) -> int:
        """The code with which the gateway closes the connection, after whatever else it says."""
        try:
            while True:
                self.socket.recv(timeout=WAIT_S)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006


def text_of(messages: list[dict[str, Any]]) -> str:
    """The text of an answer's deltas."""
    return "".join(each["payload"].get("content") or "" for each in messages if each["event"] == "chat:delta")
