"""What can stand where the cursor is: slash commands and their arguments, and the paths behind an `@`."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from ..core.harmless import one_line
from .prompt import Choices
from .prompt_thread import in_thread
from .prompt_words import is_command
from .slash import COMMANDS

MAX_SHOWN = 200
MAX_SCANNED = 200_000
"""Entries of a folder that are looked at."""
_HELP_LENGTH = 60
_COPIED = (("code", "the code of the last answer"), ("all", "the whole conversation"))
_PATH_WORD = re.compile(r"""(?:"[^"\n]*"?|'[^'\n]*'?|(?:\\.|[^\s\\])*\\?)\Z""")
_MARKED = re.compile(r"""(?<![^\s(])@(?P<word>"[^"\n]*|'[^'\n]*|(?:\\.|[^\s\\"'])*\\?)\Z""")


@dataclass(frozen=True, slots=True)
class _Folder:
    """What a folder was seen to hold: names that begin with `prefix`, folders with a slash at their end."""

    path: str
    prefix: str
    names: tuple[str, ...]

    def serves(self, path: str, prefix: str) -> bool:
        """Whether it tells what else begins with a longer prefix."""
        return self.path == path and prefix.startswith(self.prefix) and len(self.names) < MAX_SHOWN


class Completions(Completer):
    """Completes what is typed."""

    def __init__(self, choices: Choices) -> None:
        """Nothing is looked for yet."""
        self._choices = choices
        self._folder: _Folder | None = None

    def offers(self, before: str) -> bool:
        """Whether there may be something to offer behind the text `before`, so that a menu is worth a try."""
        return _command_line(before) is not None or _MARKED.search(before[-4096:]) is not None

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Those that need no folder; the library asks for all of them by `get_completions_async`."""
        line = _command_line(document.text_before_cursor)
        return self._of_command(line) if line is not None else ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """All there are; a folder is read in a thread, and not again for each letter."""
        before = document.text_before_cursor
        word = _path_word(before)
        if word is None:
            for completion in self.get_completions(document, complete_event):
                yield completion
            return
        path, prefix = _split(_unquoted(word))
        folder = None if complete_event.completion_requested else self._folder
        if folder is None or not folder.serves(path, prefix):
            folder = await in_thread(lambda: _read_folder(path, prefix))
            self._folder = folder
        for name in folder.names:
            if name.startswith(prefix):
                yield Completion(_quoted(path + name, word), -len(word), display=one_line(name))

    def _of_command(self, line: str) -> Iterator[Completion]:
        name, blank, argument = line.partition(" ")
        if not blank:
            commands = [(f"/{each.name}", f"{each.usage} {each.help}".strip()) for each in COMMANDS]
            yield from _fitting(commands, name)
            return
        command = next((each for each in COMMANDS if each.name == name[1:]), None)
        if command is not None:
            yield from _fitting(self._arguments(command.name, command.takes), argument.lstrip())

    def _arguments(self, name: str, takes: str) -> Sequence[tuple[str, str]]:
        if takes == "model":
            return self._choices.models()
        if takes == "session":
            return self._choices.sessions()
        if takes == "template":
            return self._choices.templates()
        if takes == "setting":
            return self._choices.settings()
        if name == "help":
            return [(each.name, each.help) for each in COMMANDS]
        return _COPIED if name == "copy" else ()


def _command_line(before: str) -> str | None:
    """The slash command before the cursor; None where there is none."""
    return before if "\n" not in before and is_command(before) else None


def _path_word(before: str) -> str | None:
    """The path that is being typed, as it stands there; None where there is none."""
    line = _command_line(before)
    if line is not None:
        name, blank, argument = line.partition(" ")
        command = next((each for each in COMMANDS if each.name == name[1:]), None)
        if command is None or not blank or command.takes not in ("path", "file"):
            return None
        match = _PATH_WORD.search(argument)
        return match[0].removeprefix("@") if match else ""
    marked = _MARKED.search(before[-4096:])
    return marked["word"] if marked else None


def _fitting(words: Sequence[tuple[str, str]], typed: str) -> Iterator[Completion]:
    """Those that begin with what is typed, then those that hold it."""
    small = typed.lower()
    first = [each for each in words if each[0].lower().startswith(small)]
    others = [each for each in words if len(small) > 2 and small in " ".join(each).lower() and each not in first]
    for word, help_text in [*first, *others][:MAX_SHOWN]:
        shown = one_line(word, _HELP_LENGTH)
        yield Completion(one_line(word), -len(typed), display=shown, display_meta=one_line(help_text, _HELP_LENGTH))


def _split(path: str) -> tuple[str, str]:
    """The folder of a path, with its slash, and the beginning of a name in it."""
    folder, slash, name = path.rpartition("/")
    return folder + slash, name


def _read_folder(path: str, prefix: str) -> _Folder:
    """What is in a folder; hidden files only where the prefix begins with a dot."""
    names: list[str] = []
    try:
        with os.scandir(Path(path or ".").expanduser()) as entries:
            for _, entry in zip(range(MAX_SCANNED), entries, strict=False):
                if entry.name.startswith(prefix) and (prefix.startswith(".") or not entry.name.startswith(".")):
                    names.append(entry.name + "/" * entry.is_dir())
                    if len(names) >= MAX_SHOWN:
                        break
    except (OSError, ValueError, RuntimeError):
        pass  # no such folder: nothing to offer
    return _Folder(path, prefix, tuple(sorted(name for name in names if name.isprintable())))


def _unquoted(word: str) -> str:
    if word[:1] in ("'", '"'):
        return word[1:].removesuffix(word[0])
    return re.sub(r"\\(.)", r"\1", word.removesuffix("\\") if word.endswith("\\") else word)


def _quoted(path: str, word: str) -> str:
    """A path as it is to stand there: quoted where it was, or where it has to be; a folder's quote stays open."""
    quote = word[:1] if word[:1] in ("'", '"') else '"' if re.search(r"[\s\\']", path) else ""
    if not quote or quote in path:
        return re.sub(r"""([\s"'\\])""", r"\\\1", path)
    return quote + path + ("" if path.endswith("/") else quote)
