"""The bytes inside a request: base64 that must decode, pictures that must be what they say, PDFs, and how many."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import reject
from .media import Picture, look

MAX_BASE64 = 10 * 1024 * 1024
"""Characters of base64 in one image."""
MAX_SIDE_PX = 8000
MANY_IMAGES = 20
MAX_SIDE_MANY_PX = 2000


def check_attachments(messages: list[Mapping[str, Any]], per_request: int) -> None:
    """Raise `ApiError` 400 for the first image or PDF the service could not take.

    Args:
        per_request: most images and PDF pages of the model in one request.
    """
    images = 0
    pages = 0
    sides: list[tuple[str, int]] = []
    for path, block in walk(messages):
        if block["type"] == "image":
            images += 1
            sides += _check_image(f"{path}.image.source", block["source"])
        elif block["type"] == "document":
            pages += _check_document(f"{path}.document.source", block["source"])
    if images + pages > per_request:
        reject("messages", f"too many images and documents: {images} + {pages} > {per_request}")
    limit, about = (MAX_SIDE_PX, "") if images <= MANY_IMAGES else (MAX_SIDE_MANY_PX, " for many-image requests")
    for path, side in sides:
        if side > limit:
            text = f"At least one of the image dimensions exceed max allowed size{about}: {limit} pixels"
            reject(f"{path}.base64.data", text)


def walk(messages: list[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every block of the messages with its path, those inside tool results and documents too."""
    for index, message in enumerate(messages):
        if not isinstance(message["content"], str):
            yield from _walk_blocks(f"messages.{index}.content", message["content"])


def _walk_blocks(path: str, found: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, block in enumerate(found):
        here = f"{path}.{index}"
        yield here, block
        inner: object = None
        if block["type"] == "tool_result":
            inner, here = block.get("content"), f"{here}.tool_result.content"
        elif block["type"] == "document" and block["source"]["type"] == "content":
            inner, here = block["source"]["content"], f"{here}.document.source.content.content"
        if isinstance(inner, list):
            yield from _walk_blocks(here, inner)


def decode(path: str, text: str) -> bytes:
    """The bytes of strict base64: no line breaks, no `data:` prefix. Raises `ApiError` 400."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        reject(path, "invalid base64 data")


def picture_of(source: Mapping[str, Any]) -> tuple[Picture | None, int]:
    """What a base64 image source holds, and how many bytes; for one that passed the checks."""
    data = decode("", source["data"])
    return look(data), len(data)


def count_pages(data: bytes) -> int:
    """Pages of a PDF by its page objects; 1 where they are packed away in compressed streams."""
    return max(1, len(re.findall(rb"/Type\s*/Page\b(?!s)", data)))


def _check_image(path: str, source: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The longest side in pixels with its path, for images whose bytes are here."""
    if source["type"] != "base64":
        return []
    text = source["data"]
    if len(text) > MAX_BASE64:
        reject(f"{path}.base64", f"image exceeds 10 MB maximum: {len(text)} bytes > {MAX_BASE64} bytes")
    picture = look(decode(f"{path}.base64.data", text))
    if picture is None:
        reject(f"{path}.base64.data", "Could not process image")
    if picture.media_type != source["media_type"]:
        reject(f"{path}.base64.data", f"Image does not match the provided media type {source['media_type']}")
    return [(path, max(picture.width, picture.height))]


def _check_document(path: str, source: Mapping[str, Any]) -> int:
    """Pages of a PDF whose bytes are here, else 0."""
    if source["type"] != "base64":
        return 0
    data = decode(f"{path}.base64.data", source["data"])
    if not data.startswith(b"%PDF-"):
        reject(f"{path}.base64.data", "The PDF specified was not valid.")
    if b"/Encrypt" in data:
        reject(f"{path}.base64.data", "The PDF specified is password protected.")
    return count_pages(data)
