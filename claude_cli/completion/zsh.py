"""The completion of zsh, for a folder of its `fpath`."""

from __future__ import annotations

from collections.abc import Sequence

from .tree import DEFAULT, Command, Flag, Value

HEAD = """\
#compdef claude-cli clc
# Completion of claude-cli for zsh. Written by `claude-cli completions zsh`: change the program, not this file.
# Only models, profiles, templates and sessions are asked of the program; all other words stand here.

_claude_cli_live() {
  local -a words_found
  local line
  for line in ${(f)"$(_call_program $1 ${(q)_claude_cli_program} --complete $1)"}; do
    words_found+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
  done
  _describe -t $1 $1 words_found
}
"""

TAIL = """
# Read by `source`, it registers itself; found in fpath, compinit has done so and this file is the function.
if [[ $funcstack[1] == _claude-cli ]]; then
  _claude-cli "$@"
else
  compdef _claude-cli claude-cli clc
fi
"""


def script(commands: Sequence[Command]) -> str:
    """The whole script for `commands`, the program itself first."""
    root, *others = commands
    lines = [HEAD, "_claude-cli() {", "  local curcontext=$curcontext _claude_cli_program=$words[1] at=''"]
    lines += ["  local -a inner", *_inner(root, "  ")]
    groups = [each for each in others if each.inner]
    for depth in sorted({len(each.path.split()) for each in groups}):  # outermost first: one leads to the next
        lines.append("  case $at in")
        for group in (each for each in groups if len(each.path.split()) == depth):
            lines += [f"    {_quote(group.path)})", *_inner(group, "      "), "      ;;"]
        lines.append("  esac")
    lines.append("  case $at in")
    for command in sorted(others, key=lambda each: each.path == DEFAULT):  # the last one takes all other words
        lines += [f"    {'*' if command.path == DEFAULT else _quote(command.path)})", "      _arguments -s -S \\"]
        flags = command.flags
        if command.path == DEFAULT:
            flags += tuple(each for each in root.flags if each not in flags)
        specs = [spec for flag in flags for spec in _specs(flag)]
        # A prompt is nobody's to guess; an empty list says so without a message in place of the options.
        argument = command.argument or Value("prompt", "words")
        if command.behind:
            specs.append(_quote(f"1:{argument.name.lower()}:{_action(argument)}"))
            specs.append(_quote(f"2:value:{_behind(command)}"))
        else:
            specs.append(_quote(f"*:{argument.name.lower()}:{_action(argument)}"))
        lines += [f"        {spec} \\" for spec in specs[:-1]] + [f"        {specs[-1]} ;;"]
    return "\n".join([*lines, "  esac", "}", TAIL])


def _inner(command: Command, indent: str) -> list[str]:
    """Offer the words that may follow, or take the one that did and go on behind it."""
    lines = [
        "inner=(",
        *(f"  {_quote(f'{word}:{text}')}" for word, text in command.inner),
        ")",
        "if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe -t commands command inner; return; fi",
        "if (( CURRENT > 2 && ${${(@)inner%%:*}[(Ie)$words[2]]} )); then",
        "  at=${at:+$at }$words[2]; shift words; (( CURRENT-- ))",
        "fi",
    ]
    return [indent + line for line in lines]


def _specs(flag: Flag) -> list[str]:
    """One specification for each spelling; a flag that may stand once shuts out its other spellings."""
    others = "*" if flag.repeatable else f"({' '.join(flag.spellings)})"
    value = f":{_escape(flag.value.name)}:{_action(flag.value)}" if flag.value else ""
    return [_quote(f"{others}{_taking(each, flag)}[{_escape(flag.help)}]{value}") for each in flag.spellings]


def _taking(spelling: str, flag: Flag) -> str:
    """How a value may follow: `--flag value` and `--flag=value`, `-f value` and `-fvalue`."""
    if flag.value is None:
        return spelling
    return spelling + ("=" if spelling.startswith("--") else "+")


def _action(value: Value) -> str:
    if value.kind == "words":
        return f"({' '.join(value.words)})"
    if value.kind == "files":
        return "_files"
    return f" _claude_cli_live {value.kind}" if value.kind else " "  # the blank: called with these words alone


def _behind(command: Command) -> str:
    """The action of a second argument: what it may be depends on the first."""
    cases = []
    for words, value in command.behind:
        if value.kind:
            offer = f"compadd {' '.join(value.words)}" if value.kind == "words" else f"_claude_cli_live {value.kind}"
            cases.append(f"{'|'.join(words)}) {offer};;")
    return f"{{case $words[CURRENT-1] in {' '.join(cases)} esac}}" if cases else " "


def _escape(text: str) -> str:
    """`text` for a part of a specification: brackets and colons would end it."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
