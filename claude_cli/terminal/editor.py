"""The user's editor on a text, as git does it: the terminal is the editor's until it ends.

What was written is not thrown away when something goes wrong: it stays in a file, which the error names.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import UsageError
from .signals import EXIT_INTERRUPTED
from .tty import open_terminal

FALLBACKS = ("nano", "vim", "vi")
"""Tried in this order where neither VISUAL nor EDITOR is set."""


def edit(text: str, *, environ: Mapping[str, str], tell: Callable[[str], None], suffix: str = ".md") -> str:
    """What `text` is after the user has edited it, exactly as the file then has it.

    Args:
        text: what the editor shows first.
        environ: VISUAL goes before EDITOR, and PATH says where editors are; the editor gets all of it.
        tell: is given a line that names the file, where the user stops the editor and something was written.
        suffix: the file's, from which editors know its kind.
    Raises:
        UsageError: there is no editor or no terminal for it, it failed, or what it left is not UTF-8 text; where
            something was written, the message names the file that keeps it.
        KeyboardInterrupt: Ctrl-C or SIGTERM has ended the editor.
    """
    command = _command(environ)
    with _terminal() as terminal:
        file = keep(text, suffix)
        try:
            status = _run([*command, str(file)], terminal, environ)
            if status in (-signal.SIGINT, EXIT_INTERRUPTED):
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            _put_away(file, text, tell)
            raise
        except OSError as error:
            shutil.rmtree(file.parent)
            raise UsageError(f"the editor {command[0]!r} cannot be started: {error.strerror}") from error
    try:
        written = file.read_bytes()
        edited = written.decode("utf-8-sig")
        problem = _how_it_ended(status)
    except OSError as error:
        written, problem = b"", f"left no file that can be read: {error.strerror}"
    except UnicodeDecodeError as error:
        problem = f"left a text that is not UTF-8 (at byte {error.start:,})"
    kept = bool(problem) and _is_worth_keeping(written, text)
    if not kept:
        shutil.rmtree(file.parent)
    if problem:
        where = f"; what was written is in {file}" if kept else ""
        raise UsageError(f"the editor {command[0]} {problem}, so nothing is done{where}")
    return edited


def keep(text: str, suffix: str = ".md") -> Path:
    """Write `text` to a new file that only the user can read, in a temporary folder of its own; returns where.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        # The folder is 0700, the file 0600: a prompt may hold what others on this machine should not read.
        file = Path(tempfile.mkdtemp(prefix="claude-cli-")) / f"claude-cli{suffix}"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(_encoded(text))
    except OSError as error:
        raise UsageError(f"no temporary file can be written: {error.strerror}; TMPDIR names another folder") from error
    return file


def _put_away(file: Path, text: str, tell: Callable[[str], None]) -> None:
    """Remove what is of no use, and tell where the rest is: editors that are ended may leave files of their own."""
    try:
        useful = [*file.parent.iterdir()] != [file] or _is_worth_keeping(file.read_bytes(), text)
    except OSError:
        useful = False
    if useful:
        tell(f"what you wrote is kept in {file}")
    else:
        shutil.rmtree(file.parent, ignore_errors=True)


def _is_worth_keeping(written: bytes, text: str) -> bool:
    return bool(written.strip()) and written != _encoded(text)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _command(environ: Mapping[str, str]) -> list[str]:
    """The words that start the editor."""
    path = environ.get("PATH")
    for variable in ("VISUAL", "EDITOR"):
        wish = environ.get(variable, "").strip()
        if not wish:
            continue
        try:
            words = shlex.split(wish)
        except ValueError as error:
            raise UsageError(f"{variable}={wish} cannot be split into words: {error}") from error
        if not shutil.which(words[0], path=path):
            raise UsageError(f"{variable} names the editor {words[0]!r}, which cannot be run; set it to one that can")
        return words
    for name in FALLBACKS:
        if shutil.which(name, path=path):
            return [name]
    raise UsageError(f"there is no editor ({', '.join(FALLBACKS)} were looked for); name yours in EDITOR")


@contextmanager
def _terminal() -> Iterator[int]:
    """The terminal, also where standard input or output is something else, as in `git diff | …`."""
    descriptor = open_terminal()
    if descriptor is None:
        raise UsageError("an editor needs a terminal, and there is none")
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _run(command: list[str], terminal: int, environ: Mapping[str, str]) -> int:
    """Run the editor to its end; returns its exit status, negative for a signal. Raises `OSError`."""
    import subprocess

    # Ctrl-C reaches all that run in the terminal, and here it is the editor's. A function that does nothing, because
    # the editor would inherit SIG_IGN.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=dict(environ)) as process:
            try:
                return process.wait()
            except KeyboardInterrupt:  # SIGTERM, to this process alone
                process.terminate()
                raise
    finally:
        signal.signal(signal.SIGINT, before)


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"left with status {status}" if status else ""
