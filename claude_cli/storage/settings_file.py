"""A TOML file of settings, read. Which settings exist is not known here; where one stands says settings_place.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import UsageError


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file as it was read.

    Attributes:
        text: its text, without a byte order mark.
        values: what the text says.
    """

    path: Path
    text: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def where(self, *names: str) -> str:
        """`PATH, line L, column C` of the setting `names`, outermost table first; without a line, the path alone."""
        from .settings_place import statements

        best, depth = str(self.path), 0
        for line, column, path in statements(self.text):
            common = min(len(path), len(names))
            if common > depth and path[:common] == names[:common]:
                best, depth = f"{self.path}, line {line}, column {column}", common
        return best


def read_settings_file(path: Path) -> SettingsFile:
    """The file at `path`; an empty one where there is none.

    Raises:
        UsageError: it cannot be read, or is not TOML.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return SettingsFile(path)
    except OSError as error:
        raise UsageError(f"settings {path} cannot be read: {error.strerror}") from error
    return parse(path, data)


def parse(path: Path, data: bytes) -> SettingsFile:
    """The settings in `data`, which was read from `path`.

    Raises:
        UsageError: it is not TOML; the message names line, column and what to do, and repeats nothing of the text.
    """
    import tomllib

    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
        return SettingsFile(path, text, tomllib.loads(text))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        fix = "save the file as UTF-8"
        raise UsageError(f"{path}, line {line}, column {column}: this is not UTF-8 text; {fix}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: this is not valid TOML: it is nested too deeply; make it flat") from error
    except ValueError as error:  # TOMLDecodeError, or a number of more digits than Python converts
        from .settings_place import fix_of, place_of

        place = f"{path}{place_of(str(error), text)}"
        raise UsageError(f"{place}: this is not valid TOML; {fix_of(str(error))}") from error
