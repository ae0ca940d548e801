"""Text for the prompt, of `-f`: files, folders, URLs and standard input, each file a document with its name.

Where the bytes come from is `sources.py`, which files of a folder are taken `folders.py`; images and PDFs go by
`attachments.py`.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import UsageError
from .folders import find_files, is_secret
from .messages import Block, document_block
from .sniff import PDF, media_type
from .sources import (
    Bound,
    Fetch,
    ReadStdin,
    check_bytes,
    fetch_url,
    is_stdin,
    is_url,
    local_path,
    plain,
    read_path,
    read_stdin_bytes,
    url_name,
)

MAX_FILE_BYTES = 10 << 20
# Beyond either a folder is sent only after a question.
ASK_FILES = 200
ASK_BYTES = 1 << 20
# The API takes 32 MB a request.
MAX_FOLDER_BYTES = 31 << 20

_BOUND = Bound(MAX_FILE_BYTES, "cut it down to what matters")
_NAMES_SAID = 5
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TEXT_TYPES = frozenset(
    {
        "application/ecmascript",
        "application/graphql",
        "application/javascript",
        "application/json",
        "application/jsonl",
        "application/ndjson",
        "application/sql",
        "application/toml",
        "application/x-httpd-php",
        "application/x-javascript",
        "application/x-ndjson",
        "application/x-sh",
        "application/x-tex",
        "application/x-toml",
        "application/x-yaml",
        "application/xml",
        "application/yaml",
    }
)
# Python has these among its codecs, but no server means them by "charset"; the first two are slow on long input.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape", "utf_7"})


@dataclass(frozen=True, slots=True)
class Document:
    """A text and what to call it."""

    name: str
    text: str

    @property
    def block(self) -> Block:
        """Its content block."""
        return document_block(self.text, title=self.name)


class _NotTextError(UsageError):
    """What was read is no text: an error for a file that was named, one left out of a folder."""


def load_documents(
    source: str,
    *,
    read_stdin: ReadStdin | None,
    fetch: Fetch | None,
    confirm: Callable[[str], bool] | None,
    yes: bool,
    notice: Callable[[str], None],
    one_of_many: bool = False,
) -> list[Document]:
    """The documents that `source` names: one, those of a folder, or none where it is empty.

    Args:
        source: a path, a `file://` or http(s) URL, or `-` for standard input.
        read_stdin: gives all of standard input; None where it cannot be read.
        fetch: gets a URL, with a body of at most so many bytes; None without a network.
        confirm: puts a question to the user; None where nobody can be asked.
        yes: whether the answer is known to be yes.
        notice: says a line to the user: what was left out, and why.
        one_of_many: whether there are other sources, so that a folder's files are named with their folder.
    Raises:
        UsageError: it is missing, unreadable, no text or too large, or the user declined.
    """
    if is_stdin(source):
        name = "standard input"
        data = read_stdin_bytes(read_stdin, lambda head: _judge(head, name))
        return _documents(Document(name, _decode(data, name)), name, notice)
    if is_url(source):
        return _from_url(source, fetch, notice)
    path = local_path(source)
    if _is_folder(path):
        found = _from_folder(path, plain(source), confirm, yes, notice)
        return [Document(f"{_title(path)}/{each.name}", each.text) for each in found] if one_of_many else found
    return _from_file(path, plain(source), notice)


def document_from_bytes(data: bytes, name: str) -> Document:
    """The document called `name` that `data`, a text file, makes.

    Raises:
        UsageError: it is no text, or too large.
    """
    return Document(name, _decode(check_bytes(data, name, lambda head: _judge(head, name)), name))


def _from_file(path: Path, name: str, notice: Callable[[str], None]) -> list[Document]:
    text = _read_text(path, name, named_pipes=True)
    if is_secret(path.name) or is_secret(Path(os.path.realpath(path)).name):
        notice(f"{name} may hold secrets; it is sent, as it was named")
    return _documents(Document(_title(path), text), name, notice)


def _from_url(url: str, fetch: Fetch | None, notice: Callable[[str], None]) -> list[Document]:
    name = url_name(url)
    fetched = fetch_url(url, fetch, MAX_FILE_BYTES)
    kind, charset = _parse_content_type(fetched.content_type or "text/plain")
    if not (kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml", "+yaml"))):
        remedy = "use -a" if kind == PDF or kind.startswith("image/") else "-f takes text only"
        raise UsageError(f"{name} is {plain(kind) or 'of no type'}, not text: {remedy}")
    if charset is None or fetched.body.startswith((codecs.BOM_UTF8, *_UTF16_MARKS)):
        check_bytes(fetched.body, name, lambda head: _judge(head, name))
        return _documents(Document(name, _decode(fetched.body, name)), name, notice)
    check_bytes(fetched.body, name, lambda head: _BOUND)
    return _documents(Document(name, _decode_charset(fetched.body, charset, name)), name, notice)


def _from_folder(
    folder: Path, name: str, confirm: Callable[[str], bool] | None, yes: bool, notice: Callable[[str], None]
) -> list[Document]:
    left_out: dict[str, list[str]] = {}

    def leave_out(why: str, file: str) -> None:
        left_out.setdefault(why, []).append(plain(file))

    texts, size_bytes = [], 0
    for file, path in find_files(folder, notice, leave_out):
        try:
            text = _read_text(path, file)
        except _NotTextError:
            leave_out("not text", file)
            continue
        except UsageError:
            leave_out("unreadable or too large", file)
            continue
        texts.append(Document(plain(file), text))
        size_bytes += len(text.encode())
        if size_bytes > MAX_FOLDER_BYTES:
            raise UsageError(f"{name} holds over {MAX_FOLDER_BYTES:,} bytes of text: name a smaller folder")
    documents = [document for document in texts if document.text.strip()]
    left_out |= {"empty": [each.name for each in texts if not each.text.strip()]}
    _say_left_out(name, left_out, notice)
    if not texts:
        raise UsageError(f"{name} holds no text file that may be sent: name files or another folder")
    if not yes and (len(documents) > ASK_FILES or size_bytes > ASK_BYTES):
        _ask(f"{name} holds {len(documents):,} text files, {size_bytes:,} bytes", confirm)
    return documents


def _ask(what: str, confirm: Callable[[str], bool] | None) -> None:
    if confirm is None:
        raise UsageError(f"{what}, and nobody can be asked: add --yes, or name a smaller folder")
    if not confirm(f"{what}. Send them all?"):
        raise UsageError(f"{what}, which you declined to send: name a smaller folder")


def _say_left_out(name: str, left_out: dict[str, list[str]], notice: Callable[[str], None]) -> None:
    for why, files in sorted(left_out.items()):
        if files:
            more = f" and {len(files) - _NAMES_SAID} more" if len(files) > _NAMES_SAID else ""
            notice(f"{name}: left out ({why}): {', '.join(sorted(files)[:_NAMES_SAID])}{more}")


def _documents(document: Document, name: str, notice: Callable[[str], None]) -> list[Document]:
    # The API refuses an empty document, and one of blanks says nothing.
    if document.text.strip():
        return [document]
    notice(f"{name} is empty; it is left out")
    return []


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False  # whatever it is, reading it will say so


def _title(path: Path) -> str:
    """What the model is told a named file is called: no more of where it lies than the user typed."""
    if path.parent.as_posix() in {"/dev/fd", "/proc/self/fd"}:
        return "output of a command"
    return plain(path.name if path.is_absolute() else path.as_posix())


def _judge(head: bytes, name: str) -> Bound:
    """The bound for text; refuses what its head shows to be binary, before the rest is read."""
    if head.startswith(b"%PDF-"):  # some are text to their last byte
        raise _not_text(head, name, "a PDF")
    if b"\0" in head and not head.startswith(_UTF16_MARKS):
        raise _not_text(head, name, f"a NUL byte at offset {head.index(0):,}")
    return _BOUND


def _read_text(path: Path, name: str, *, named_pipes: bool = False) -> str:
    return _decode(read_path(path, name, lambda head: _judge(head, name), named_pipes=named_pipes), name)


def _decode(data: bytes, name: str) -> str:
    """`data` as text: UTF-16 where a byte order mark says so, else UTF-8, its own mark taken off."""
    utf16 = data.startswith(_UTF16_MARKS)
    try:
        text = data.decode("utf-16" if utf16 else "utf-8")
    except UnicodeDecodeError as error:
        where = f"byte 0x{data[error.start]:02x} at offset {error.start:,} is not {'UTF-16' if utf16 else 'UTF-8'}"
        raise _not_text(data, name, where) from error
    if "\0" in text:
        at = text.index("\0")
        offset = 2 + len(text[:at].encode("utf-16-le")) if utf16 else len(text[:at].encode())
        raise _not_text(data, name, f"a NUL byte at offset {offset:,}")
    return text.removeprefix("\ufeff")


def _not_text(data: bytes, name: str, where: str) -> _NotTextError:
    kind = media_type(data)
    if kind is not None:
        return _NotTextError(f"{name} is {kind.partition('/')[2].upper()}, not text: use -a")
    return _NotTextError(f"{name} is not text ({where}): convert it to UTF-8 text")


def _decode_charset(data: bytes, charset: str, name: str) -> str:
    try:
        if codecs.lookup(charset).name.replace("-", "_") in _NO_CHARSETS:
            raise LookupError(charset)
        text = data.decode(charset)
    except (LookupError, ValueError) as error:
        raise UsageError(f"{name} cannot be read as {plain(charset)}, its charset: fetch and convert it") from error
    if "\0" in text:
        raise _not_text(data, name, "it holds NUL characters")
    return text


def _parse_content_type(value: str) -> tuple[str, str | None]:
    """The media type in lower case and the charset, None where there is none."""
    kind, *parameters = value.split(";")
    for parameter in parameters:
        key, _, charset = parameter.partition("=")
        if key.strip().lower() == "charset":
            return kind.strip().lower(), charset.strip().strip("\"'") or None
    return kind.strip().lower(), None
