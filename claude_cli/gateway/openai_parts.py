"""The content of OpenAI's messages, a text or a list of parts, as content blocks.

Addresses of pictures are handed on and never fetched: whoever asks must not reach into this network.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from ..core.conversation import THINKING
from ..core.messages import Block, document_block, image_block, pdf_block, text_block
from ..core.sniff import PDF, media_type
from .openai_values import Decoding, mapping, one_of, shown, text, wrong
from .refusal import Refusal

_HEAD_CHARS = 2048  # of base64: more than the bytes by which `sniff.py` knows a file
_FORMATS = "JPEG, PNG, GIF or WebP"
MARKS = ("cache_control", "prompt_cache_breakpoint")
"""Members that ask for a mark of the prompt cache."""
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "thinking": ("type", "thinking", "signature", *MARKS),
    "redacted_thinking": ("type", "data", *MARKS),
}
"""What parts may have, where it is more than their type and a member by its name."""

Part = Mapping[str, Any]
Reader = Callable[[Part, str, Decoding], Block | None]
"""From a part and where it stands to a block; None where nothing is left of it."""


def blocks_of(content: object, path: str, readers: Mapping[str, Reader], decoding: Decoding) -> list[Block]:
    """The blocks that `content` becomes; blank texts, which the API refuses, are left out.

    Args:
        path: where it stands.
        readers: by the types of parts that may stand here.
    Raises:
        Refusal: 400, it is no content, or has a part of another type.
    """
    if isinstance(content, str):
        return [] if is_blank(content) else [text_block(content)]
    if content is None:
        return []
    if not isinstance(content, list):
        raise wrong(content, path, "a text or a list of parts")
    found = []
    for number, part in enumerate(content):
        where = f"{path}[{number}]"
        kind = mapping(part, where).get("type")
        reader = readers.get(kind) if isinstance(kind, str) else None
        if reader is None or not isinstance(kind, str):
            raise _unknown(kind, f"{where}.type", readers)
        decoding.drop_strangers(part, _MEMBERS.get(kind) or ("type", kind, *MARKS), where)
        block = reader(part, where, decoding)
        if block is not None:
            mark(block, part, where, decoding)
            found.append(block)
    return found


def mark(block: Block, given: Part, path: str, decoding: Decoding) -> None:
    """Mark `block` for the prompt cache where `given`, a part, a message or a tool at `path`, asks for that.

    Thinking cannot be marked.
    """
    if block.get("type") in THINKING:
        return
    if (control := given.get("cache_control")) is not None:
        block["cache_control"] = cache_control(control, f"{path}.cache_control", decoding)
        decoding.marked.append(block)
    elif (wanted := given.get("prompt_cache_breakpoint")) is not None:
        where = f"{path}.prompt_cache_breakpoint"
        one_of(mapping(wanted, where).get("mode"), f"{where}.mode", ("explicit",))
        decoding.drop_strangers(wanted, ("mode", "ttl"), where)
        if wanted.get("ttl") is not None:
            decoding.drop("prompt_cache_breakpoint.ttl", "is not the cache's to choose", f"{where}.ttl")
        block["cache_control"] = {"type": "ephemeral"}
        decoding.marked.append(block)


def cache_control(value: object, param: str, decoding: Decoding) -> dict[str, str]:
    """`value`, a mark of the prompt cache in the API's own form."""
    control = mapping(value, param)
    decoding.drop_strangers(control, ("type", "ttl"), param)
    found = {"type": one_of(control.get("type"), f"{param}.type", ("ephemeral",))}
    if control.get("ttl") is not None:
        found["ttl"] = one_of(control["ttl"], f"{param}.ttl", ("5m", "1h"))
    return found


def is_blank(words: str) -> bool:
    """Whether there is nothing to read in `words`."""
    return not words or words.isspace()


def thinking_block(value: object, path: str, decoding: Decoding) -> Block | None:
    """A block of thinking as the gateway gave it out; without its signature it cannot be sent, and is left out."""
    given = mapping(value, path)
    if one_of(given.get("type"), f"{path}.type", ("thinking", "redacted_thinking")) == "redacted_thinking":
        return {"type": "redacted_thinking", "data": text(given.get("data"), f"{path}.data")}
    words, signature = text(given.get("thinking"), f"{path}.thinking"), given.get("signature")
    if not signature:
        decoding.drop("messages[].thinking_blocks", "cannot be sent without its signature", path)
        return None
    return {"type": "thinking", "thinking": words, "signature": text(signature, f"{path}.signature")}


def _text(part: Part, path: str, decoding: Decoding) -> Block | None:
    words = text(part.get("text"), f"{path}.text")
    return None if is_blank(words) else text_block(words)


def _refusal(part: Part, path: str, decoding: Decoding) -> Block | None:
    words = text(part.get("refusal"), f"{path}.refusal")
    return None if is_blank(words) else text_block(words)


def _image(part: Part, path: str, decoding: Decoding) -> Block:
    where = f"{path}.image_url"
    given = mapping(part.get("image_url"), where)
    decoding.drop_strangers(given, ("url", "detail"), where)
    url = text(given.get("url"), f"{where}.url")
    scheme = url[:8].lower()
    if scheme.startswith(("https://", "http://")):
        return {"type": "image", "source": {"type": "url", "url": url}}
    if not scheme.startswith("data:"):
        raise Refusal(400, f"{where}.url is no data: URL and no http(s) address", param=f"{where}.url")
    declared, data = _data_url(url, f"{where}.url")
    kind = _sniffed(data)
    if kind is None or kind == PDF:
        raise Refusal(400, f"{where}.url ({shown(declared)}) is no {_FORMATS} image", param=f"{where}.url")
    return image_block(kind, data)


def _file(part: Part, path: str, decoding: Decoding) -> Block:
    where = f"{path}.file"
    file = mapping(part.get("file"), where)
    decoding.drop_strangers(file, ("file_data", "file_id", "filename"), where)
    if file.get("file_id") is not None:
        raise Refusal(400, f"{where}.file_id: no files are kept here; send file_data", param=f"{where}.file_id")
    param = f"{where}.file_data"
    given, name = text(file.get("file_data"), param), file.get("filename")
    title = None if name is None else text(name, f"{where}.filename")
    declared, data = _data_url(given, param) if given[:5].lower() == "data:" else ("", _base64(given, param))
    kind = _sniffed(data)
    if kind == PDF:
        return pdf_block(data, title)
    if kind is not None:
        return image_block(kind, data)
    return document_block(_plain_text(data, declared, param), title)


def _audio(part: Part, path: str, decoding: Decoding) -> Block:
    raise Refusal(400, f"{path}: no Claude model hears audio; send its text", param=f"{path}.input_audio")


def _thinking(part: Part, path: str, decoding: Decoding) -> Block | None:
    return thinking_block(part, path, decoding)


def _data_url(url: str, param: str) -> tuple[str, str]:
    """The media type that a data: URL names, and its base64; further parameters are passed over."""
    head, comma, data = url.partition(",")
    declared, *parameters = head[len("data:") :].lower().split(";")
    if not comma or "base64" not in (each.strip() for each in parameters):
        raise Refusal(400, f"{param} is no data: URL in base64 (data:image/png;base64,…)", param=param)
    return declared.strip(), _base64(data, param)


def _base64(data: str, param: str) -> str:
    """`data` without line breaks; it is base64."""
    whole = "".join(data.split())
    try:
        base64.b64decode(whole, validate=True)
    except ValueError as error:  # what is no ASCII, too
        raise Refusal(400, f"{param} is no base64: {error}", param=param) from error
    if not whole:
        raise Refusal(400, f"{param} is empty", param=param)
    return whole


def _sniffed(data: str) -> str | None:
    """What the bytes are, whatever their sender says they are: the API looks, too."""
    return media_type(binascii.a2b_base64(data[:_HEAD_CHARS]))


def _plain_text(data: str, declared: str, param: str) -> str:
    try:
        words = base64.b64decode(data).decode()
    except UnicodeDecodeError as error:
        named = f" ({shown(declared)})" if declared else ""
        raise Refusal(400, f"{param}{named} is no PDF, no image and no text in UTF-8", param=param) from error
    if is_blank(words) or "\0" in words:
        raise Refusal(400, f"{param} has no text in it", param=param)
    return words


def _unknown(kind: object, param: str, readers: Mapping[str, Reader]) -> Refusal:
    known = ", ".join(name for name, reader in readers.items() if reader is not _audio)
    if kind is None:
        return Refusal(400, f"{param} is missing; there are {known}", param=param)
    return Refusal(400, f"{param} is {shown(kind)}; here there are {known}", param=param)


OF_SYSTEM: Mapping[str, Reader] = {"text": _text}
OF_USER: Mapping[str, Reader] = {"text": _text, "image_url": _image, "file": _file, "input_audio": _audio}
OF_ASSISTANT: Mapping[str, Reader] = {
    "text": _text, "refusal": _refusal, "thinking": _thinking, "redacted_thinking": _thinking,
}  # fmt: skip
OF_TOOL = OF_USER
"""The parts that a message of each role may have; what tools bring may be pictures, too."""
