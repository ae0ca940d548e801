"""The completion of fish."""

from __future__ import annotations

from collections.abc import Sequence

from .tree import DEFAULT, Command, Flag, Value

HEAD = """\
# Completion of claude-cli for fish. Written by `claude-cli completions fish`: change the program, not this file.
# Only models, profiles, templates and sessions are asked of the program; all other words stand here.

function __claude_cli_live
    claude-cli --complete $argv[1] 2>/dev/null
end
"""


def script(commands: Sequence[Command]) -> str:
    """The whole script for `commands`, the program itself first."""
    paths = " ".join(_quote(each.path) for each in commands if each.path)
    lines = [
        HEAD,
        "# Whether the words before the cursor belong to one of these commands; to none means the first of all.",
        "function __claude_cli_at",
        "    set -l typed (commandline -opc)",
        f"    set -l at {DEFAULT}",
        '    for path in "$typed[2]" "$typed[2] $typed[3]" "$typed[2] $typed[3] $typed[4]"',
        f"        contains -- $path {paths}; and set at $path",
        "    end",
        '    contains -- "$at" $argv',
        "end",
        "",
        "# Whether the word before the cursor is one of these.",
        "function __claude_cli_behind",
        "    contains -- (commandline -opc)[-1] $argv",
        "end",
        "",
        "function __claude_cli_first",
        "    test (count (commandline -opc)) -eq 1",
        "end",
        "",
        "complete -c clc -w claude-cli",
        "complete -c claude-cli -f",
    ]
    for command in commands:
        condition = f'__claude_cli_at "{command.path}"' if command.path else "__claude_cli_first"
        start = f"complete -c claude-cli -n {_quote(condition)}"
        lines += ["", *(f"{start} -a {word} -d {_quote(text)}" for word, text in command.inner)]
        lines += [f"{start} {_spellings(flag)}{_value(flag.value)} -d {_quote(flag.help)}" for flag in command.flags]
        if command.argument:
            first = "".join(f" {word}" for words, _ in command.behind for word in words)
            only = f"{condition}; and not __claude_cli_behind{first}" if first else condition
            lines.append(f"complete -c claude-cli -n {_quote(only)}{_value(command.argument).replace(' -x', '')}")
        for words, value in command.behind:
            if value.kind:
                behind = f"{condition}; and __claude_cli_behind {' '.join(words)}"
                lines.append(f"complete -c claude-cli -n {_quote(behind)}{_value(value).replace(' -x', '')}")
    return "\n".join(lines) + "\n"


def _spellings(flag: Flag) -> str:
    return " ".join(f"-l {each[2:]}" if each.startswith("--") else f"-s {each[1:]}" for each in flag.spellings)


def _value(value: Value | None) -> str:
    if value is None:
        return ""
    if value.kind == "files":
        return " -r -F"
    if value.kind == "words":
        return f" -x -a {_quote(' '.join(value.words))}"
    return f" -x -a {_quote(f'(__claude_cli_live {value.kind})')}" if value.kind else " -x"


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
