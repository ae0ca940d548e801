"""The files that rows name: below one folder and nowhere else, read as they are sent, and kept for the next rows."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..core.documents import MAX_FILE_BYTES, document_from_bytes
from ..core.errors import UsageError
from ..core.folders import is_secret
from ..core.messages import Block
from ..core.sniff import convertible, media_type, stranger
from ..core.sources import HEAD_BYTES, Bound, is_url, plain, read_path, unreadable, url_name
from .requests_digest import canonical, digest

if TYPE_CHECKING:
    from ..core.attachments import Attachment, Limits

MAX_KEPT_BYTES = 32 << 20
"""Of files that are kept; rows that share a file mostly stand together."""
_SECRET_SUFFIXES = frozenset({".key", ".p12", ".pfx", ".kdbx"})
_SECRET_STEMS = frozenset({"credentials", "secrets", "passwords"})
"""Names of texts that the rows of a stranger must not reach, beside those of `is_secret`."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file as it is sent: its content block, a hash of what it holds, and its size in characters there.

    The hash is of the file, not of the block: how an image is made smaller may change from one version to the next.
    """

    block: Block
    digest: bytes
    size: int
    attachment: Attachment | None = None


def of_block(block: Block) -> Loaded:
    """The file that `block` makes."""
    text = canonical(block)
    return Loaded(block, digest(text), len(text))


class RowFiles:
    """Reads files for rows."""

    def __init__(self, root: Path | None, *, keep: int = MAX_KEPT_BYTES) -> None:
        """Read files below `root`, without links; None: none at all. At most `keep` bytes of them are kept."""
        self._root, self._keep = root, keep
        self._kept: OrderedDict[tuple[Any, ...], Loaded] = OrderedDict()
        self._size = 0

    def load(self, files: object, images: object, limits: Limits) -> list[Loaded]:
        """The documents that `files` names, then what `images` does; each a path, or a list of them.

        Args:
            limits: the model's.
        Raises:
            UsageError: one is missing, not below the folder, of no use or too large, or all together are.
        """
        from ..core.attachments import check_request
        from ..core.images import MANY_IMAGES

        texts, pictures = _names("files", files), _names("images", images)
        many = len(pictures) > MANY_IMAGES
        found = [self._file(name, limits, many, picture=False) for name in texts]
        for name in pictures:
            found.append(_by_url(name) if is_url(name) else self._file(name, limits, many, picture=True))
            check_request([each.attachment for each in found if each.attachment], limits)
        return found

    def text(self, name: str) -> str:
        """The text of the file `name`, for a schema. Raises `UsageError` as `load`."""
        path, shown = self._path(name), plain(name)
        _check_secret(name, path)
        return document_from_bytes(read_path(path, shown, _bound), shown).text

    def _file(self, name: str, limits: Limits, many: bool, *, picture: bool) -> Loaded:
        path, shown = self._path(name), plain(name)
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            raise unreadable(shown, error) from error
        key = (path, status.st_mtime_ns, status.st_size, shown, limits.tier, many, picture)
        found = self._kept.get(key)
        if found is None:
            data = read_path(path, shown, _bound)
            if not picture and _is_text(data):
                _check_secret(name, path)
            found = _loaded(data, shown, limits, many, picture=picture)
            self._remember(key, found)
        else:
            self._kept.move_to_end(key)
        return found

    def _remember(self, key: tuple[Any, ...], found: Loaded) -> None:
        self._kept[key] = found
        self._size += found.size
        while self._size > self._keep:
            self._size -= self._kept.popitem(last=False)[1].size

    def _path(self, name: str) -> Path:
        """The file itself that `name` means, links followed."""
        shown = plain(name)
        if is_url(name):
            raise UsageError(f"{url_name(name)} is not fetched: download it and name the file")
        if self._root is None:
            raise UsageError(
                f"{shown} is named by a row, and rows of standard input need --files-root, the folder of their files"
            )
        try:
            path = Path(os.path.realpath(self._root / name))
        except (OSError, ValueError) as error:
            raise unreadable(shown, error) from error
        if not path.is_relative_to(self._root):
            raise UsageError(f"{shown} is not below {plain(str(self._root))}; --files-root names another folder")
        hidden = next((part for part in path.relative_to(self._root).parts if part.startswith(".")), "")
        if hidden:
            raise UsageError(f"{shown} is hidden ({plain(hidden)}); copy it elsewhere if rows are to send it")
        return path


def _check_secret(name: str, path: Path) -> None:
    """Refuse a text that its name, or that of the file which it leads to, says to be secret. Raises `UsageError`."""
    for each in (Path(name), path):
        if is_secret(each.name) or each.suffix.lower() in _SECRET_SUFFIXES or each.stem.lower() in _SECRET_STEMS:
            raise UsageError(f"{plain(name)} may hold secrets, by its name; rename it if rows are to send it")


def _names(member: str, value: object) -> Sequence[str]:
    names = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise UsageError(f"{member} is no path and no list of paths")
    return names


def _loaded(data: bytes, name: str, limits: Limits, many: bool, *, picture: bool) -> Loaded:
    """What the file `name` makes; text only where no `picture` is needed."""
    if _is_text(data):
        if picture:
            looks = stranger(data[:HEAD_BYTES]).partition(":")[0] if data else "an empty file"
            raise UsageError(f"{name} is no image and no PDF, but looks like {looks}")
        document = document_from_bytes(data, name)
        if not document.text.strip():
            raise UsageError(f"{name} is empty")
        return Loaded(document.block, digest(canonical(["text", name]), [data]), len(document.text))
    from ..core.attachments import attachment_from_bytes

    found = attachment_from_bytes(data, name, limits, title=plain(Path(name).name), many=many)
    return Loaded(found.block, digest(canonical(["file", found.name]), [data]), found.base64_bytes, found)


def _is_text(data: bytes) -> bool:
    """Whether `data` is no image and no PDF, and so has to be text."""
    return media_type(data) is None and convertible(data[:HEAD_BYTES]) is None


def _bound(head: bytes) -> Bound:
    from ..core.images import MAX_ORIGINAL_BYTES

    return Bound(MAX_FILE_BYTES if _is_text(head) else MAX_ORIGINAL_BYTES, "make it smaller")


def _by_url(url: str) -> Loaded:
    """An image or a PDF that the API itself fetches."""
    name = url_name(url)
    if urlsplit(url).scheme.lower() != "https":
        raise UsageError(f"{name} is not https, from where alone the API fetches: download it and name the file")
    kind = "document" if urlsplit(url).path.lower().endswith(".pdf") else "image"
    return of_block({"type": kind, "source": {"type": "url", "url": url}})
