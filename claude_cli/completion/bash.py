"""The completion of bash, from 3.2 (macOS) on; needs no bash-completion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote

from .tree import DEFAULT, Command, Value

HEAD = """\
# Completion of claude-cli for bash. Written by `claude-cli completions bash`: change the program, not this file.
# Only models, profiles, templates and sessions are asked of the program; all other words stand here.
"""

TAIL = r"""
  if [[ -z $kind && $current == -* ]]; then
    kind="words $flags"
  elif [[ -z $kind ]]; then
    kind=$argument
  fi
  case $kind in
    words\ *)
      COMPREPLY=($(compgen -W "${kind#words }" -- "$current")) ;;
    files)
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current") ;;
    models | searches | profiles | templates | sessions)
      type -P -- "$program" >/dev/null || program=claude-cli
      # A word may have blanks and more, and be begun with or without quotes.
      case $current in
        \'*) typed=${current#?} hinders="*[']*" ;;
        \"*) typed=${current#?} hinders='*["$`\!]*' ;;
        *) typed=${current//\\/} hinders= ;;
      esac
      while IFS=$'\t' read -r word _; do
        [[ -n $word && $word == "$typed"* ]] || continue
        if [[ -z $hinders ]]; then
          COMPREPLY+=("$(printf %q "$word")")
        elif [[ $word != $hinders ]]; then
          COMPREPLY+=("$word")
        fi
      done < <("$program" --complete "$kind" 2>/dev/null) ;;
  esac
}

complete -F _claude_cli claude-cli clc
"""

START = r"""
_claude_cli() {
  local program=${1/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local path="" flags="" argument="" kind="" word typed hinders
  COMPREPLY=()
  # Bash splits --flag=value into three words.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
"""


def script(commands: Sequence[Command]) -> str:
    """The whole script for `commands`, the program itself first."""
    root, *others = commands
    lines = [
        HEAD + START.rstrip("\n"),
        f"  if ((COMP_CWORD == 1)); then argument={quote('words ' + _words(root))}; fi",
        "  if ((COMP_CWORD > 1)); then path=${COMP_WORDS[1]}; fi",
        *_deeper(others),
        "  case $path in",
    ]
    for command in sorted(others, key=lambda each: each.path == DEFAULT):  # the last one takes all other words
        lines += _case(command, root)
    return "\n".join([*lines, "  esac"]) + TAIL


def _deeper(commands: Sequence[Command]) -> Iterator[str]:
    """For each further word that may belong to a command, the line that takes it where it does."""
    by_depth: dict[int, list[str]] = {}
    for command in commands:
        by_depth.setdefault(len(command.path.split()), []).append(quote(command.path))
    for depth in sorted(by_depth)[1:]:
        word = f"${{COMP_WORDS[{depth}]}}"
        paths = " | ".join(by_depth[depth])
        yield f'  if ((COMP_CWORD > {depth})); then case "$path {word}" in {paths}) path+=" {word}" ;; esac; fi'


def _case(command: Command, root: Command) -> list[str]:
    pattern = "*" if command.path == DEFAULT else quote(command.path)
    spellings = [flag for each in command.flags for flag in each.spellings]
    lines = [f"    {pattern})"]
    if command.path == DEFAULT:
        own = [flag for each in root.flags for flag in each.spellings if flag not in spellings]
        lines.append(f"      if ((COMP_CWORD == 1)); then flags={quote(' '.join([*own, '']))}; fi")
        lines.append(f"      flags+={quote(' '.join(spellings))}")
    else:
        lines.append(f"      flags={quote(' '.join(spellings))}")
    if command.inner:
        lines.append(f"      argument={quote('words ' + _words(command))}")
    elif command.argument:
        lines.append(f"      argument={quote(_kind(command.argument))}")
    valued: dict[str, list[str]] = {}
    for each in command.flags:
        if each.value:
            valued.setdefault(_kind(each.value), []).extend(each.spellings)
    for words, value in command.behind:
        valued.setdefault(_kind(value), []).extend(words)
    if valued:
        lines.append("      case $previous in")
        lines += [f"        {' | '.join(flags)}) kind={quote(kind)} ;;" for kind, flags in valued.items()]
        lines.append("      esac")
    return [*lines, "      ;;"]


def _words(command: Command) -> str:
    return " ".join(word for word, _ in command.inner)


def _kind(value: Value) -> str:
    return " ".join(("words", *value.words)) if value.kind == "words" else value.kind or "none"
