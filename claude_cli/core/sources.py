"""Where the bytes of `-a` and `-f` come from: a path, standard input or a URL, never more of them than may be sent.

What the bytes mean is decided in `attachments.py` and `documents.py`; how a URL is fetched is the caller's matter.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from .errors import UsageError

HEAD_BYTES = 4096

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")
# Where shells put the pipe of `<(command)`: bash, zsh and ksh, on Linux and macOS.
_SUBSTITUTION = re.compile(r"/dev/fd/\d+|/proc/self/fd/\d+")
_STDIN = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to a GET.

    Attributes:
        url: where the body came from in the end, redirects followed.
        content_type: the header as it stood, None when there was none.
        body: decoded of any transfer or content encoding.
    """

    url: str
    content_type: str | None
    body: bytes


Fetch = Callable[[str, int], Fetched]
"""GET a URL; the number is the most bytes its body may have."""
ReadStdin = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Bound:
    """The most bytes an input may have, and the words that follow "NAME is too large: " where it has more."""

    max_bytes: int
    advice: str


Judge = Callable[[bytes], Bound]
"""Looks at an input's first `HEAD_BYTES` and says how long it may be; raises `UsageError` for what is of no use."""


def plain(name: str) -> str:
    """`name` fit for a one-line message and for a title sent to the API: what cannot be shown is a replacement mark."""
    # Lone surrogates, which stand for bytes of a name that are not UTF-8, are not printable either; JSON has no such.
    # macOS puts a narrow no-break space into the names of its screenshots: a space is a space.
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "\ufffd" for letter in name)


def is_stdin(source: str) -> bool:
    """Whether `source` means standard input: `-`, or one of its paths."""
    return source in _STDIN


def is_url(source: str) -> bool:
    """Whether `source` is to be fetched."""
    match = _SCHEME.match(source)
    return match is not None and match[0].lower() in {"http", "https"}


def url_name(url: str) -> str:
    """`url` without query and fragment, for messages and titles: a query may carry a signature or a token.

    Raises:
        UsageError: the address is malformed, or holds a user name or password.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise UsageError("a URL is malformed: check its host and port") from error
    if not host:
        raise UsageError(f"{plain(url)} has no host: write https://HOST/PATH")
    if "@" in parts.netloc:
        address = plain(host + parts.path)
        raise UsageError(f"the URL for {address} holds a user name or password: fetch it yourself and name the file")
    return plain(f"{parts.scheme}://{parts.netloc}{parts.path}")


def local_path(source: str) -> Path:
    """The path that `source` names, directly or as `file://`.

    Where no such file is there, it may be a word as terminals insert it when a file is dragged into them, quoted or
    with backslashes, or begin with a `~` that no shell has replaced, as in `--attach=~/a.png`.

    Raises:
        UsageError: another scheme, or a `file://` of another machine.
    """
    if not source:
        raise UsageError("the name of a file is empty: name one")
    match = _SCHEME.match(source)
    if match is None:
        return _as_typed(source)
    scheme = match[0].lower()
    if scheme != "file":
        raise UsageError(f"{plain(source)}: {scheme}:// is not supported; use a path, file://, http:// or https://")
    host, slash, path = source[len("file://") :].partition("/")
    if host not in {"", "localhost"} or not slash:
        raise UsageError(f"{plain(source)} is not a file of this machine: write file:///PATH")
    return Path("/" + unquote(path, errors="surrogateescape"))


def _as_typed(source: str) -> Path:
    """`source` as a path; unquoted and with its `~` replaced where only that is there."""
    for word in (source, _unquoted(source)):
        for path in (Path, lambda text: Path(text).expanduser()):
            with suppress(ValueError, RuntimeError):  # a NUL, or the home of nobody
                if os.path.lexists(path(word)):
                    return path(word)
    return Path(source)


def _unquoted(source: str) -> str:
    """`source` as a shell would read it, where it reads one word."""
    try:
        words = shlex.split(source)
    except ValueError:  # a quote that does not close
        return source
    return words[0] if len(words) == 1 else source


def read_stdin_bytes(read_stdin: ReadStdin | None, judge: Judge) -> bytes:
    """All of standard input; `read_stdin` is None where it is taken or not there."""
    if read_stdin is None:
        raise UsageError("standard input cannot be read here: name a file")
    return check_bytes(read_stdin(), "standard input", judge)


def fetch_url(url: str, fetch: Fetch | None, max_bytes: int) -> Fetched:
    """What lies at `url`, at most `max_bytes` as far as `fetch` keeps its word; `fetch` is None without a network."""
    name = url_name(url)
    if fetch is None:
        raise UsageError(f"{name} cannot be fetched here: download it and name the file")
    return fetch(url, max_bytes)


def check_bytes(data: bytes, name: str, judge: Judge) -> bytes:
    """`data`, where it is as short as `judge` wants it."""
    bound = judge(data[:HEAD_BYTES])
    if len(data) > bound.max_bytes:
        raise _too_large(name, len(data), bound)
    return data


def read_path(path: Path, name: str, judge: Judge, *, named_pipes: bool = False) -> bytes:
    """All bytes of a file or of a process substitution, at most one more than `judge` allows.

    Args:
        path: may be a link.
        name: what messages call it.
        judge: sees the head before anything else is read.
        named_pipes: whether any FIFO will do; else only a shell's `<(command)`, as no other is ever meant.
    Raises:
        UsageError: missing, unreadable, a folder, a device, too large.
    """
    try:
        with _open(path, name, named_pipes) as stream:
            status = os.fstat(stream.fileno())
            head = stream.read(HEAD_BYTES)
            bound = judge(head)
            if stat.S_ISREG(status.st_mode) and status.st_size > bound.max_bytes:
                raise _too_large(name, status.st_size, bound)
            # A file may grow while it is read, and a pipe has no size: the bound holds for them too.
            data = head + stream.read(max(0, bound.max_bytes + 1 - len(head)))
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from error
    if len(data) > bound.max_bytes:
        raise _too_large(name, None, bound)
    return data


def unreadable(name: str, error: OSError | ValueError) -> UsageError:
    """The error for a path that the system would not open or read."""
    if isinstance(error, FileNotFoundError):
        if "*" in name or "?" in name:
            return UsageError(f"{name} does not exist: the shell found nothing that fits this pattern")
        return UsageError(f"{name} does not exist: check the path")
    why = error.strerror if isinstance(error, OSError) and error.strerror else "the path is not valid"
    return UsageError(f"{name} cannot be read ({why}): check the path and its permissions")


def _open(path: Path, name: str, named_pipes: bool) -> BinaryIO:
    # Asked before opening: to open a pipe can wait for ever, and to open a device can do things to it.
    mode = path.stat().st_mode
    pipe = stat.S_ISFIFO(mode) and (named_pipes or _SUBSTITUTION.fullmatch(str(path)) is not None)
    if stat.S_ISDIR(mode):
        raise UsageError(f"{name} is a folder: name a file in it")
    if not stat.S_ISREG(mode) and not pipe:
        raise UsageError(f"{name} is not a file but a device, a socket or a pipe: name a file")
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if pipe else os.O_NONBLOCK)), "rb")


def _too_large(name: str, size_bytes: int | None, bound: Bound) -> UsageError:
    size = "longer" if size_bytes is None else f"{size_bytes:,} bytes long"
    return UsageError(f"{name} is too large ({size}; at most {bound.max_bytes:,} bytes): {bound.advice}")
