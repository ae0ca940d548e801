"""The file of `-o`: it is there when the answer is whole, and not before; until then its words are in FILE.partial."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType

from ..core.errors import ClaudeError, OutputError, RefusedError, UsageError
from .console import Console

STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
# The request's fields, and where `-O` finds those inside one. What is `-O NAME=VALUE` here is `-o NAME VALUE` in llm:
# it must not make a file called temperature.
FIELDS = (
    "billing_policy", "cache_control", "compaction", "container", "context_management", "diagnostics",
    "fallback_credit_token", "fallbacks", "inference_geo", "max_tokens", "mcp_servers", "messages", "metadata",
    "model", "output_config", "service_tier", "speed", "stop_sequences", "stream", "system", "temperature",
    "thinking", "thread", "tool_choice", "tools", "top_k", "top_p",
)  # fmt: skip
PARAMETERS = {name: name for name in FIELDS} | {
    "budget_tokens": "thinking.budget_tokens",
    "effort": "output_config.effort",
    "task_budget": "output_config.task_budget",
    "user_id": "metadata.user_id",
}


def check_name(name: str) -> None:
    """Refuse a name that means a parameter of the API.

    Raises:
        UsageError: names the option that sets it.
    """
    field = PARAMETERS.get(name.partition("=")[0])
    if field:
        raise UsageError(f"-o takes a file, and {name} is a parameter: -O {field}=VALUE sets it (a file: -o ./{name})")


class OutputFile:
    """A file under way, as a context manager: it takes its place at the end of the block, unless that fails.

    A device or a named pipe is written to as it is. What fails leaves an existing file untouched, and what had come
    in `partial`; a refused answer leaves nothing.
    """

    def __init__(self, name: str, *, note: Callable[[str], None], keeps_refused: bool = False) -> None:
        """Open it for writing, before anything is paid for.

        Args:
            name: as the user wrote it; a link is followed.
            note: says a line on standard error.
            keeps_refused: what is written tells of a refusal itself, as JSON does.
        Raises:
            UsageError: it cannot be written, and why.
        """
        self.name, self._note, self._keeps_refused = name, note, keeps_refused
        self.size = 0
        self._target = _target(name)
        self._mode = _mode_of(self._target, name)
        self.partial = self._target.with_name(f"{self._target.name}.partial")
        self._shown = str(self.partial) if Path(name).is_symlink() else f"{name}.partial"
        self._direct = self._mode is not None and not stat.S_ISREG(self._mode)
        self._descriptor = self._open_directly() if self._direct else self._open_partial()

    def write(self, data: bytes) -> None:
        """Append `data`.

        Raises:
            BrokenPipeError: the reader of a named pipe has gone.
            OutputError: the disk is full, or another failure.
        """
        view = memoryview(data)
        while view:
            try:
                written = os.write(self._descriptor, view)
            except BrokenPipeError:
                raise
            except OSError as error:
                raise self._unwritten(error) from error
            self.size += written
            view = view[written:]

    def __enter__(self) -> OutputFile:
        """The file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Put the file in its place, or leave what came beside it and say so."""
        if kind is None:
            self._finish()
            return
        with suppress(OSError):
            os.close(self._descriptor)
        if self._direct:
            return
        if not self.size or (isinstance(error, RefusedError) and not self._keeps_refused):
            with suppress(OSError):
                self.partial.unlink()
        elif isinstance(error, ClaudeError):
            error.partial_file = self._shown
        else:
            self._note(f"what came is in {self._shown}")

    def _finish(self) -> None:
        try:
            if not self._direct:
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            if not self._direct:
                self.partial.replace(self._target)
        except OSError as error:
            raise self._unwritten(error) from error

    def _open_partial(self) -> int:
        """Create the file beside the target, with its mode, and keep others of us out of it."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(self.partial, flags, 0o666)
        except OSError as error:
            raise UsageError(f"-o {self.name}: {self._shown} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            if self._mode is not None:
                os.fchmod(descriptor, stat.S_IMODE(self._mode))
        except OSError as error:
            os.close(descriptor)
            busy = error.errno in (errno.EAGAIN, errno.EACCES)
            why = "another claude-cli is writing it" if busy else error.strerror
            raise UsageError(f"-o {self.name}: {self._shown} cannot be written: {why}") from error
        return descriptor

    def _open_directly(self) -> int:
        """Open a device or a named pipe; nobody waits for a pipe's reader without being told."""
        flags = os.O_WRONLY | os.O_CLOEXEC
        try:
            try:
                descriptor = os.open(self._target, flags | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO or self._mode is None or not stat.S_ISFIFO(self._mode):
                    raise
                self._note(f"waiting for somebody to read {self.name} (Ctrl-C to give up)")
                descriptor = os.open(self._target, flags)
        except OSError as error:
            raise UsageError(f"-o {self.name} cannot be written: {error.strerror}") from error
        os.set_blocking(descriptor, True)
        return descriptor

    def _unwritten(self, error: OSError) -> OutputError:
        return OutputError(f"the answer cannot be written to {self.name}: {error.strerror}")


@dataclass(frozen=True, slots=True)
class FileConsole(Console):
    """A console whose answers go to a file; everything else is as on the console it stands for."""

    file: OutputFile | None = None

    def answer(self, text: str) -> None:
        """Write part of the answer, as a pipe would get it."""
        if self.file is not None:
            self.file.write(text.encode("utf-8", "replace"))

    def draw(self, text: str) -> None:
        """Write what was made for a terminal, styles and all, where that was asked for."""
        self.answer(text)


def to_file(console: Console, file: OutputFile) -> FileConsole:
    """`console` with its answers going to `file`, in the form that a pipe gets."""
    same = {each.name: getattr(console, each.name) for each in fields(Console) if each.init}
    return FileConsole(**{**same, "out_is_terminal": False}, file=file)


def written(file: OutputFile) -> str:
    """What was written, in a line: `answer.md, 1.2 KB`."""
    return f"{file.name}, {readable_size(file.size)}"


def readable_size(size_bytes: int) -> str:
    """A number of bytes for people, in powers of 1,000."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    kilo = size_bytes / 1000
    return f"{kilo:.1f} KB" if kilo < 999.95 else f"{kilo / 1000:.1f} MB"


def _target(name: str) -> Path:
    """Where the answer goes in the end: the file itself, behind all links. Refuses what can be no file."""
    try:
        path = Path(name).expanduser()
        if path.is_dir() or name.endswith("/"):
            raise UsageError(f"-o {name} is a folder; name a file in it")
        # The kernel's own links, as a shell's >(command) has them, lead to no name.
        target = path if path.is_fifo() or path.is_char_device() else path.resolve()
        if not target.parent.is_dir():
            raise UsageError(f"-o {name}: there is no folder {target.parent}; make it first")
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"-o {name} cannot be written: {reason}") from error
    return target


def _mode_of(target: Path, name: str) -> int | None:
    """The type and mode of an existing file that may be written; None where there is none."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"-o {name} cannot be written: {error.strerror}") from error
    if not os.access(target, os.W_OK):
        raise UsageError(f"-o {name} cannot be written: it is read-only for you")
    return mode
