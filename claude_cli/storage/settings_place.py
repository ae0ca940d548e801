"""Where in a TOML text something stands, and what to do about what is wrong there. Loaded for errors only.

Nothing of the text is repeated: the file of somebody else's project may be anything, and an error may end up in a
public log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_FIXES = (
    # How tomllib begins (Python 3.11 to 3.14), and what the user does about it.
    ("Invalid value", 'a text stands in quotes: name = "text"'),
    ("Expected '='", "a setting is written name = value"),
    ("Invalid statement", "a setting is written name = value"),
    ("Invalid initial character", "a setting is written name = value"),
    ("Expected newline", "one setting a line, and a text in quotes"),
    ("Cannot overwrite", "this name stands there twice; take one out"),
    ("Cannot declare", "this table stands there twice; make them one"),
    ("Duplicate", "this name stands there twice; take one out"),
    ("Cannot mutate", "this is set already; take one out"),
    ("Illegal character", "close the quotes on the same line"),
    ("Unterminated", "close the quotes"),
    ("Expected ']", "close the bracket"),
    ("Unclosed", "close the bracket"),
    ("Unescaped", "write a backslash as two, or the text in single quotes"),
    ("Expected", "close the quotes"),
)
_STRINGS = re.compile(
    r"""\#[^\n]* | \"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*'""",
    re.DOTALL | re.VERBOSE,
)
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY = rf"({_PART}(?:[ \t]*\.[ \t]*{_PART})*)"
_STATEMENT = re.compile(rf"[ \t]*(?:(\[\[?)[ \t]*{_KEY}[ \t]*\]|{_KEY}[ \t]*=)")


def statements(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Line, column and full name of each table and each key that begins a line of valid TOML."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(_STRINGS.sub(_blank, text).split("\n"), 1):
        found = _STATEMENT.match(line)
        if not found:
            continue
        names = tuple(_plain(part) for part in re.findall(_PART, found[2] or found[3]))
        column = len(line) - len(line.lstrip()) + 1
        if found[1]:
            table = names
            yield number, column, table
        else:
            yield number, column, table + names


def place_of(message: str, text: str) -> str:
    """`, line L, column C` as the parser's `message` has it for `text`; "" where it names no place."""
    if found := re.search(r"at line (\d+), column (\d+)", message):
        return f", line {found[1]}, column {found[2]}"
    if "end of document" in message:
        lines = text.split("\n")
        return f", line {len(lines)}, column {len(lines[-1]) + 1}"
    return ""


def fix_of(message: str) -> str:
    """What to do about the parser's `message`, in words."""
    for words, fix in _FIXES:
        if message.startswith(words):
            return fix
    reason = message.partition(" (at ")[0]
    return f"{reason[:1].lower()}{reason[1:80]}; correct it"


def _blank(found: re.Match[str]) -> str:
    """A string of several lines and a comment as nothing but their line breaks; other strings may be names."""
    text = found[0]
    return "\n" * text.count("\n") if text.startswith(("#", '"""', "'''")) else text


def _plain(part: str) -> str:
    """A part of a name without its quotes; escapes are left, as a name that needs one is none of ours."""
    return part[1:-1] if part[0] in "\"'" else part
