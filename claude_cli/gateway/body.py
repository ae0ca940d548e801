"""The body of a request: bounded in size and time, and JSON whatever its content type says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NoReturn

from .config import MIB, Config
from .refusal import Refusal

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_FILES = (b'"image_url"', b'"file"', b'"image"', b'"document"', b'"base64"')
"""What stands in a body that has files in it, of either form."""


async def read_body(headers: Mapping[str, str], receive: Receive, config: Config) -> bytes:
    """The whole body, by ASGI's `receive`.

    Raises:
        Refusal: 413, it is larger than it may be; 408, it comes too slowly.
    """
    length = headers.get("content-length", "0")
    if len(length) > 12 or int(length) > config.image_body_bytes:  # the server has seen that it is a number
        raise _too_large(config.image_body_bytes)
    try:
        async with asyncio.timeout(config.body_s):
            body = await _collect(receive, config.image_body_bytes)
    except TimeoutError as error:
        raise Refusal(408, "the request's body came too slowly", code="timeout") from error
    check_size(body, config)
    return body


def check_size(body: bytes, config: Config) -> None:
    """See to it that `body` is no larger than one without files may be, unless it has some. Raises `Refusal`: 413."""
    if len(body) > config.body_bytes and not any(mark in body for mark in _FILES):
        raise _too_large(config.body_bytes)


async def _collect(receive: Receive, most: int) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return _bounded(body, most)
    pieces, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        pieces.append(message.get("body", b""))
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
    """The value that `body` is as JSON, read by `decoder` or the usual one. Raises `Refusal`: 400, it is none."""
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
