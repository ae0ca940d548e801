"""The body of a request: bounded in size and time, and JSON whatever its content type says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, NoReturn

from .config import MIB, Config
from .refusal import Refusal

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_FILES = (b'"image_url"', b'"file"', b'"image"', b'"document"', b'"base64"')
"""What stands in a body that has files in it, of either form."""
MOST_VALUES = 500_000
"""Of JSON: each value may take two hundred bytes once it is parsed, whatever its text does. A conversation of 100,000
messages has 300,000."""

VALUE_BYTES = 64
"""What each of them weighs at least."""


class Load:
    """What the bodies of all requests weigh together.

    Attributes:
        held: bytes, at the moment.
    """

    def __init__(self, most: int) -> None:
        """Let them have `most` bytes."""
        self._most, self.held = most, 0

    @contextmanager
    def part(self) -> Iterator[Callable[[int], None]]:
        """One request's part of it, given back at the end; what is yielded takes so many bytes more.

        That raises `Refusal`: 503, there is no room for them.
        """
        mine = 0

        def take(size: int) -> None:
            nonlocal mine
            if self.held + size > self._most:
                words = "the gateway holds as many large requests as it can; try again in a moment"
                raise Refusal(503, words, type="server_error", code="overloaded", headers={"retry-after": "1"})
            self.held += size
            mine += size

        try:
            yield take
        finally:
            self.held -= mine


async def read_body(headers: Mapping[str, str], receive: Receive, config: Config, take: Callable[[int], None]) -> bytes:
    """The whole body, by ASGI's `receive`; `take` is told of each piece, see `Load`.

    Raises:
        Refusal: 413, it is larger than it may be; 408, it comes too slowly; 503, there is no room for it.
    """
    length = headers.get("content-length", "0")
    if len(length) > 12 or int(length) > config.image_body_bytes:  # the server has seen that it is a number
        raise _too_large(config.image_body_bytes)
    try:
        async with asyncio.timeout(config.body_s):
            body = await _collect(receive, config.image_body_bytes, take)
    except TimeoutError as error:
        raise Refusal(408, "the request's body came too slowly", code="timeout") from error
    check_size(body, config)
    take(VALUE_BYTES * min(_begun(body), MOST_VALUES))
    return body


def check_size(body: bytes, config: Config) -> None:
    """See to it that `body` is no larger than one without files may be, unless it has some. Raises `Refusal`: 413."""
    if len(body) > config.body_bytes and not any(mark in body for mark in _FILES):
        raise _too_large(config.body_bytes)


def check_values(body: bytes) -> None:
    """See to it that `body`, as JSON, has no more than `MOST_VALUES` values. Raises `Refusal`: 413.

    Each but the first follows a comma or a bracket. In texts these are none; but what has few altogether, such as
    files, need not be looked at more closely.
    """
    if len(body) <= MOST_VALUES or _begun(body) <= MOST_VALUES:
        return
    bare = body.replace(rb"\\", b"").replace(rb"\"", b"")  # the quotes that are left begin and end texts
    # One value, as a member, has two texts.
    if bare.count(b'"') > 4 * MOST_VALUES or _begun(b"".join(bare.split(b'"')[::2])) > MOST_VALUES:
        words = f"the request's body has more than {MOST_VALUES:,} JSON values"
        raise Refusal(413, words, code="request_too_large")


def _begun(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


async def _collect(receive: Receive, most: int, take: Callable[[int], None]) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    take(len(body))
    if not message.get("more_body"):
        return _bounded(body, most)
    pieces, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        pieces.append(message.get("body", b""))
        take(len(pieces[-1]))
        size += len(pieces[-1])
        if size > most:
            raise _too_large(most)
    return b"".join(pieces)


def _bounded(body: bytes, most: int) -> bytes:
    if len(body) > most:
        raise _too_large(most)
    return body


def _too_large(most: int) -> Refusal:
    size = f"{most // MIB} MiB" if most >= MIB else f"{most:,} bytes"
    return Refusal(413, f"the request's body is larger than {size}", code="request_too_large")


def parse_json(body: bytes, decoder: json.JSONDecoder | None = None) -> Any:
    """The value that `body` is as JSON, read by `decoder` or the usual one.

    Raises:
        Refusal: 400, it is none; 413, it has too many values.
    """
    if not body:
        raise Refusal(400, "the body is empty; it has to be a JSON object")
    check_values(body)
    try:
        return (decoder or _DECODER).decode(body.decode())
    except UnicodeDecodeError as error:
        raise Refusal(400, f"the body is not UTF-8: byte {error.start + 1} begins no character") from error
    except json.JSONDecodeError as error:
        raise Refusal(400, f"the body is no JSON: {error}") from error
    except ValueError as error:
        raise Refusal(400, f"the body is no JSON: {str(error).partition(':')[0]}") from error
    except RecursionError as error:
        raise too_deep() from error


def too_deep() -> Refusal:
    """What is said of JSON that nests beyond all use."""
    return Refusal(400, "the body is nested too deeply")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
