"""One HTTP exchange without the HTTP: what is sent, and what the bytes that come back mean.

Both transports, the asynchronous and the blocking one, drive an `Exchange`; neither knows what it carries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from . import sse
from .connection import MAX_BODY_BYTES, MAX_ERROR_BYTES, MAX_STREAM_BYTES
from .errors import ProtocolError, ProviderError, StreamInterruptedError
from .events import Event, MessageDone, MessageStart, Ping
from .redact import Credential, Secret, redact
from .wire_response import decode_error, decode_event, decode_message, not_the_api


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to send; a transport adds the credential's header, the host and its own user agent.

    Attributes:
        method: GET or POST.
        path: below the base URL, e.g. `/v1/messages`.
        headers: names in lower case.
        body: None for a GET.
        credential: the key, or None where the server has none.
        hint: words to add to an error's message, such as the successor of a retired model.
        secret_headers: further headers, which nothing may show either.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None = None
    credential: Credential | None = None
    hint: Callable[[ProviderError], str] = lambda error: ""
    secret_headers: tuple[tuple[str, Secret], ...] = ()

    @property
    def secrets(self) -> list[Secret]:
        """What a server may repeat, and must not be shown."""
        own = [value for _, value in self.secret_headers]
        return [self.credential.secret, *own] if self.credential else own

    def revealed(self) -> list[tuple[str, str]]:
        """All headers, secrets revealed: for a transport, at the moment of sending."""
        own = [(name, value.reveal()) for name, value in self.secret_headers]
        return [*self.headers, *own, *([auth_header(self.credential)] if self.credential else [])]


def auth_header(key: Credential) -> tuple[str, str]:
    """The header that carries `key`, revealed: for a transport, at the moment of sending."""
    if key.kind == "bearer":
        return ("authorization", f"Bearer {key.secret.reveal()}")
    return ("x-api-key", key.secret.reveal())


Heard = Callable[[int, Mapping[str, str]], None]
"""Told of the head of each response to a question: its status and headers, names in lower case."""


class Exchange(Protocol):
    """What a transport drives: the request, then `head`, then `feed` for each read, then `end` at the end of body."""

    request: HttpRequest
    done: bool
    headers: Mapping[str, str]

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Take the response's status and headers (names in lower case)."""

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that one read completes."""

    def end(self) -> list[Event]:
        """The events that are clear only at the end of the body."""


class _Body:
    """Collects a bounded body, and turns a status that is no success into an error."""

    def __init__(self, request: HttpRequest, *, wall_clock: Callable[[], float]) -> None:
        """Prepare for `request`; `wall_clock` gives seconds since the epoch, for `retry-after` dates."""
        self.request = request
        self.done = False
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._wall_clock = wall_clock
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def streams(self) -> bool:
        """Whether the response is a stream of events; else `body` is all of it that counts."""
        return False

    @property
    def body(self) -> bytes:
        """What has come of a body that is not streamed."""
        return b"".join(self._pieces)

    @property
    def request_id(self) -> str | None:
        """The provider's id of this request, once the head is there."""
        return self.headers.get("request-id")

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Take the response's status and headers, the request's id among them only if it looks like one."""
        self.status = status
        self.headers = {name: text for name, text in headers.items() if name != "request-id" or self._is_id(text)}

    def _is_id(self, text: str) -> bool:
        """Whether `text` may be kept and shown as an id: a server can put anything there, our key, too."""
        plain = re.fullmatch(r"[\w.:-]{1,100}", text, re.ASCII)
        return bool(plain) and redact(text, self.request.secrets) == text

    def _collect(self, chunk: bytes) -> None:
        if self.done:
            return
        self._size += len(chunk)
        if 200 <= self.status < 300:
            if self._size > MAX_BODY_BYTES:
                raise self._marked(_too_large(MAX_BODY_BYTES))
        elif self._size > MAX_ERROR_BYTES:
            self.done = True  # an error's first quarter of a megabyte says enough
        self._pieces.append(chunk)

    def _whole(self) -> bytes:
        """The body of a success; any other status raises its error."""
        body = self.body
        if not 200 <= self.status < 300:
            raise decode_error(self.status, self.headers, body, now=self._wall_clock())
        return body

    def _marked(self, error: ProviderError) -> ProviderError:
        """`error` with the request id and the hint of this exchange, and without its secrets."""
        if not (error.request_id and self._is_id(error.request_id)):
            error.request_id = self.request_id
        hint = self.request.hint(error)
        said = f"{str(error).rstrip('.')}{hint}" if hint else str(error)
        error.args = (redact(said, self.request.secrets),)
        return error


class MessagesExchange(_Body):
    """POST /v1/messages: a stream of events, or one message told as the events that would have streamed it."""

    def __init__(self, request: HttpRequest, *, wall_clock: Callable[[], float], heard: Heard | None = None) -> None:
        """Prepare for `request`; see `_Body`. `heard` is told of the response's head."""
        super().__init__(request, wall_clock=wall_clock)
        self._heard = heard
        self._decoder: sse.Decoder | None = None
        self._json = False
        self._failure: ProviderError | None = None

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Take the head: its content type decides how the body is read, not what was asked for."""
        super().head(status, headers)
        if self._heard:
            self._heard(status, self.headers)
        kind = headers.get("content-type", "").lower()
        if 200 <= status < 300:
            self._json = "json" in kind
            # A stream without a type is a stream; a page of HTML is not.
            if kind.startswith("text/event-stream") or not kind:
                self._decoder = sse.Decoder()

    @property
    def streams(self) -> bool:
        """See `_Body`."""
        return self._decoder is not None

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes; nothing after `MessageDone` is looked at.

        An error among them ends the exchange: the good events before it are returned, and `end` raises it.
        """
        if self.done:
            return []
        if self._decoder is None:
            self._collect(chunk)
            return []
        self._size += len(chunk)
        events: list[Event] = []
        try:
            if self._size > MAX_STREAM_BYTES:
                raise _too_large(MAX_STREAM_BYTES)
            self._decode(self._decoder.feed(chunk), events)
        except sse.EventTooLargeError as error:
            self._fail(ProtocolError(f"{error}; the answer is not read further"))
        except ProviderError as error:
            self._fail(error)
        return events

    def _fail(self, error: ProviderError) -> None:
        self._failure = self._marked(error)
        self.done = True

    def _decode(self, frames: list[tuple[bytes, bytes]], events: list[Event]) -> None:
        for _, data in frames:
            event = decode_event(data)
            if event is None:
                continue
            events.append(self._named(event))
            if type(event) is MessageDone:
                self.done = True
                return

    def end(self) -> list[Event]:
        """The whole message, where the answer was JSON.

        Raises:
            StreamInterruptedError: a stream ended without its last event.
            ProviderError: an error event came, or the status or the body is an error, or no answer of the Messages API.
        """
        if self._failure is not None:
            raise self._failure
        if self._decoder is not None:
            if self.done:
                return []
            raise self._marked(StreamInterruptedError("the connection closed before the answer was complete"))
        try:
            body = self._whole()
            if not self._json:
                raise ProtocolError(not_the_api(self.headers.get("content-type", ""), body))
            events = decode_message(body)
        except ProviderError as error:
            raise self._marked(error) from error.__cause__
        self.done = True
        return [self._named(event) for event in events]

    def _named(self, event: Event) -> Event:
        """`event`, the start of a message with the id of its request."""
        return replace(event, request_id=self.request_id) if type(event) is MessageStart else event


class JsonExchange(_Body):
    """A request that is answered with one JSON object, kept in `value`."""

    value: dict[str, Any]

    def feed(self, chunk: bytes) -> list[Event]:
        """Collect; no events come of it."""
        self._collect(chunk)
        return []

    def end(self) -> list[Event]:
        """Decode what was collected into `value`.

        Raises:
            ProviderError: the status is an error, or the body is no JSON object.
        """
        try:
            body = self._whole()
            try:
                value = json.loads(body)
            except (ValueError, RecursionError) as error:
                raise ProtocolError(not_the_api(self.headers.get("content-type", ""), body)) from error
            if not isinstance(value, dict):
                raise ProtocolError("the server answered with JSON that is no object; check the base URL")
        except ProviderError as error:
            raise self._marked(error) from error.__cause__
        self.value = value
        self.done = True
        return []


def _too_large(limit: int) -> ProtocolError:
    return ProtocolError(f"the answer is larger than {limit:,} bytes; it is not read further")


def only_pings(events: list[Event]) -> bool:
    """Whether a read brought no more than signs of life."""
    return all(type(event) is Ping for event in events)
