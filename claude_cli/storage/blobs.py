"""Large data of turns, each kept once: files in `attachments/` whose names are the SHA-256 of what is in them.

The JSON of a turn has a reference in the place of the data. What is put back is the very same block, byte for byte: the
signatures of thinking and the prompt cache hold only behind what was sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.messages import Block, Notice, text_block
from .files import write_private

FOLDER_NAME = "attachments"
LEAST_TEXT = 1024
"""Characters of a text document that are worth a file of their own."""
_DEPTH = 8
"""How deep in a block attachments are looked for: a document in the result of a tool is at 2."""
_REFERENCE = {"sha256", "encoding"}


@dataclass(frozen=True, slots=True)
class Packed:
    """The content of a turn without its large data.

    Attributes:
        content: the blocks, a reference in the place of each.
        files: what they refer to, by hash; None: that is gone, and may come back.
    """

    content: tuple[Block, ...]
    files: dict[str, bytes | None]

    @property
    def json(self) -> str:
        """The blocks as JSON; halves of surrogate pairs, which no database takes, are escaped."""
        text = json.dumps(self.content, ensure_ascii=False)
        return text if _is_utf8(text) else json.dumps(self.content)


def pack(content: Iterable[Block]) -> Packed:
    """`content` with all base64 and each long text document, also those inside a block, taken out."""
    files: dict[str, bytes | None] = {}
    return Packed(tuple(_without_data(block, files, _DEPTH) for block in content), files)


def parsed(text: str, hook: Callable[[dict[str, Any]], Any] | None = None) -> list[Block]:
    """The blocks of which `text` is the JSON, each object of it as `hook` makes it.

    Raises:
        ValueError: it is no JSON, or none of blocks.
    """
    try:
        blocks = json.loads(text, object_hook=hook)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(blocks, list):
        raise ValueError("it is no list")
    if not all(isinstance(block, dict) and isinstance(block.get("type"), str) for block in blocks):
        raise ValueError("a block has no type")
    return blocks


class Blobs:
    """The files of one folder, which is made with the first of them."""

    def __init__(self, folder: Path, notify: Callable[[Notice], None]) -> None:
        """Keep files in `folder`; `notify` is told of those that are gone."""
        self.folder, self._notify = folder, notify

    def keep(self, files: dict[str, bytes | None]) -> None:
        """Put those there that are missing, or not what they should be. Raises `OSError`."""
        for name, data in files.items():
            path = self._path(name)
            if data is not None and not (
                path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
            ):
                write_private(path, data)

    def remove(self, names: Iterable[str]) -> None:
        """Delete these. Raises `OSError`."""
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        """What is in a file; None: it is gone, or has been changed."""
        try:
            data = self._path(name).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == name else None

    def unpack(self, text: str) -> tuple[Block, ...]:
        """The content that was packed as the JSON `text`; a block whose data is gone becomes a text that says so.

        Raises:
            ValueError: it is no JSON, or none of blocks.
        """
        return tuple(parsed(text, self._with_data))

    def _with_data(self, block: dict[str, Any]) -> dict[str, Any]:
        """An object of the JSON; where it is a block whose source has a reference, that with its data."""
        source = block.get("source")
        name = reference(source)
        if not isinstance(source, dict) or name is None:
            return block
        data = self.read(name)
        if data is None:
            words = f"the attachment {block.get('title') or source.get('media_type', '')} is no longer on this machine"
            self._notify(Notice("attachment_lost", f"{words} ({self._path(name)} is missing or was changed)"))
            return _Lost(text_block(f"[{words}]"), block, name)
        encoded = base64.b64encode(data).decode() if source["data"]["encoding"] == "base64" else data.decode()
        return {**block, "source": {**source, "data": encoded}}

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name


class _Lost(dict[str, Any]):
    """A text in the place of a block whose data is gone. To be kept, it is that block again: its data may come back."""

    def __init__(self, text: Block, block: Block, name: str) -> None:
        """Stand for `block`, which refers to the file `name`."""
        super().__init__(text)
        self.block, self.name = block, name


def reference(source: object) -> str | None:
    """The hash of the file that a packed `source` refers to; None: it has its data itself."""
    data = source.get("data") if isinstance(source, dict) else None
    if not isinstance(data, dict) or data.keys() != _REFERENCE:
        return None
    name = data["sha256"]
    return name if isinstance(name, str) and len(name) == 64 and set(name) <= set("0123456789abcdef") else None


def _without_data(block: Any, files: dict[str, bytes | None], depth: int) -> Any:
    """`block`, or a new one, where data of it or inside it has gone into `files`."""
    if isinstance(block, _Lost):
        files.setdefault(block.name, None)
        return block.block
    if isinstance(block, list) and depth:
        return [_without_data(each, files, depth - 1) for each in block]
    if not isinstance(block, dict) or not depth:
        return block
    found = dict(block)
    if isinstance(source := block.get("source"), dict):
        found["source"] = _packed_source(source, files, depth)
    if isinstance(content := block.get("content"), list | dict):
        found["content"] = _without_data(content, files, depth - 1)
    return found


def _packed_source(source: dict[str, Any], files: dict[str, bytes | None], depth: int) -> dict[str, Any]:
    data, kind = source.get("data"), source.get("type")
    if not isinstance(data, str):
        content = source.get("content")
        return {**source, "content": _without_data(content, files, depth - 1)} if content else source
    if kind == "base64" and (raw := _decoded(data)) is not None:
        return {**source, "data": _put(raw, "base64", files)}
    if kind == "base64" or (kind == "text" and len(data) > LEAST_TEXT):
        return {**source, "data": _put(data.encode(), "utf-8", files)} if _is_utf8(data) else source
    return source


def _put(raw: bytes, encoding: str, files: dict[str, bytes | None]) -> dict[str, str]:
    name = hashlib.sha256(raw).hexdigest()
    files[name] = raw
    return {"sha256": name, "encoding": encoding}


def _decoded(data: str) -> bytes | None:
    """The bytes that are written as `data` in base64; None where their base64 would be another."""
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == data else None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
