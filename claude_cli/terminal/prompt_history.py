"""What was entered at the prompt, kept across runs in a private text file: an entry a line, oldest first.

A line break in an entry stands as `\\n`, a backslash as two: the file is searched as it is. It is read when somebody
first looks back, not when a prompt is shown. Several terminals add to it; what looks like a key never gets into it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..core.harmless import harmless
from ..core.redact import redact
from ..storage.files import locked, write_private

FILE_NAME = "prompt_history"
MAX_ENTRIES = 50_000
MAX_BYTES = 16 << 20
"""Where either is passed by a quarter, the oldest go."""
MAX_ENTRY = 20_000
"""Characters of one; what is longer is cut there, as the conversation keeps it whole."""
SLACK = 1.25


class PromptHistory:
    """The entries, the newest last; numbers count from the oldest, 0."""

    def __init__(self, path: Path | None) -> None:
        """Read nothing yet; without a path the entries are those of this run."""
        self._path = path
        self._lines: list[str] = []
        self._seen: tuple[int, int] | None = None  # the file that was read last, and its size

    def refresh(self) -> int:
        """Read what others have added, if the file can be read; returns how many entries there are."""
        if self._path is not None:
            with suppress(OSError):
                status = self._path.stat()
                if self._seen != (status.st_ino, status.st_size):
                    self._lines = _lines(self._path)
                    self._seen = (status.st_ino, status.st_size)
        return len(self._lines)

    def __len__(self) -> int:
        """How many entries are known."""
        return len(self._lines)

    def __getitem__(self, number: int) -> str:
        """An entry as it was entered, harmless: others may have written into the file."""
        return harmless(_decoded(self._lines[number]))

    def find(self, words: str, before: int) -> int | None:
        """The newest entry before number `before` that holds `words`, small or capital letters; None: there is none."""
        return self._found(words, range(before - 1, -1, -1))

    def find_newer(self, words: str, after: int) -> int | None:
        """The oldest entry after number `after` that holds `words`; None where there is none."""
        return self._found(words, range(after + 1, len(self._lines)))

    def append(self, text: str) -> None:
        """Add an entry; blank ones and repetitions of the last are left out. A disk that fails loses the entry only."""
        line = _encoded(redact(harmless(text).strip("\n"))[:MAX_ENTRY])
        if not line.strip():
            return
        if self._path is None:
            if self._lines[-1:] != [line]:
                self._lines.append(line)
            return
        with suppress(OSError), locked(self._path):
            self._write(self._path, line)

    def _write(self, path: Path, line: str) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            status = os.fstat(descriptor)
            size = status.st_size
            data = line.encode("utf-8", "replace") + b"\n"
            end = os.pread(descriptor, len(data) + 1, max(0, size - len(data) - 1))
            if size and not end.endswith(b"\n"):
                data = b"\n" + data  # a line that a crash has cut
            elif end in (data, b"\n" + data):
                return
            os.write(descriptor, data)
            if self._seen == (status.st_ino, size):
                self._lines.append(line)
                self._seen = (status.st_ino, size + len(data))
        finally:
            os.close(descriptor)
        if size > MAX_BYTES * SLACK or len(self._lines) > MAX_ENTRIES * SLACK:
            lines = _lines(path)[-MAX_ENTRIES:]
            write_private(path, "".join(f"{each}\n" for each in lines).encode("utf-8", "replace"))

    def _found(self, words: str, numbers: range) -> int | None:
        wanted, words = _encoded(words).lower(), words.lower()
        likely = (number for number in numbers if wanted in self._lines[number].lower())
        return next((number for number in likely if words in self[number].lower()), None)  # a `\n` is no n


def _lines(path: Path) -> list[str]:
    """The lines at the end of the file, from a whole one on; what is not UTF-8 is replaced."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - int(MAX_BYTES * SLACK)))
        data = stream.read()
    if size > len(data):
        data = data[data.find(b"\n") + 1 :]
    return [line for line in data.decode("utf-8", "replace").split("\n") if line.strip()]


def _encoded(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "")


def _decoded(line: str) -> str:
    parts = line.split("\\\\")
    return "\\".join(part.replace("\\n", "\n") for part in parts)
