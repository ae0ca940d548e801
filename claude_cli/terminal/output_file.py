"""The file of `-o`: it is there when the answer is whole, and not before; until then its words are in FILE.partial."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType

from ..core.errors import ClaudeError, OutputError, RefusedError, UsageError
from ..core.sizes import readable_size
from ..storage.output import is_at, open_held, output_mode, output_target, why_not_held
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

    def __init__(
        self, name: str, *, note: Callable[[str], None], keeps_refused: bool = False, private: bool = False
    ) -> None:
        """Open it for writing, before anything is paid for.

        Args:
            name: as the user wrote it; a link is followed.
            note: says a line on standard error.
            keeps_refused: what is written tells of a refusal itself, as JSON does.
            private: the file is its owner's alone from the first byte on, also where it was not before.
        Raises:
            UsageError: it cannot be written, and why.
        """
        self.name, self._note, self._keeps_refused, self._private = name, note, keeps_refused, private
        self.size = 0
        self._old = False  # whether the partial file holds what an earlier run left
        self._target = output_target(name)
        self._mode = output_mode(self._target, name)
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
                self._clear()
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
        try:
            if error is not None:
                self._leave(error)
            elif not self._direct:
                self._finish()
        finally:
            # Last: closing gives up the lock, and until then nobody else may touch the partial file.
            with suppress(OSError):
                os.close(self._descriptor)

    def _finish(self) -> None:
        try:
            try:
                self._clear()
                os.fsync(self._descriptor)
                self.partial.replace(self._target)
            except OSError as error:
                raise self._unwritten(error) from error
        except BaseException as error:  # also Ctrl-C: the whole answer is in the partial file
            self._leave(error)
            raise

    def _leave(self, error: BaseException) -> None:
        """Leave what came in the partial file and say so; take away one with nothing in it that is wanted."""
        if self._direct or self._old or not is_at(self._descriptor, self.partial):
            return
        if not self.size or (isinstance(error, RefusedError) and not self._keeps_refused):
            with suppress(OSError):
                self.partial.unlink()
        elif isinstance(error, ClaudeError):
            error.partial_file = self._shown
        else:
            self._note(f"what came is in {self._shown}")

    def _clear(self) -> None:
        """Take out what an earlier run left, once there is something to put in its place: it was paid for."""
        if self._old:
            os.ftruncate(self._descriptor, 0)
            self._old = False

    def _open_partial(self) -> int:
        """Create the file beside the target, or open what an earlier run left; keep others of us out of it."""
        try:
            descriptor = open_held(self.partial, 0o600 if self._private else 0o666)
            try:
                self._take(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise UsageError(f"-o {self.name}: {self._shown} cannot be written: {why_not_held(error)}") from error
        return descriptor

    def _take(self, descriptor: int) -> None:
        """Make a partial file that is held ours."""
        if self._private:
            os.fchmod(descriptor, 0o600)
        elif self._mode is not None:
            os.fchmod(descriptor, stat.S_IMODE(self._mode))
        self._old = os.fstat(descriptor).st_size > 0

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
