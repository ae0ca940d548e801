"""Which files of a folder `-f` takes: none that git ignores, none hidden, none secret, none behind links that lead out.

Reading them, and whether they are text, is `documents.py`'s matter. Of git's rules, the `.gitignore` files up to the
repository's root and its `info/exclude` count, the former without a repository too; `core.excludesFile` does not.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import UsageError
from .sources import plain, unreadable

LeaveOut = Callable[[str, str], None]
"""Told why something is left out, and its name."""

MAX_FILES = 100_000
_MAX_IGNORE_FILE_BYTES = 1 << 20


def is_secret(name: str) -> bool:
    """Whether a file of this name is likely to hold keys or passwords: `.env*`, `*.pem`, `id_*`."""
    name = name.lower()
    return name.startswith((".env", "id_")) or name.endswith(".pem")


def find_files(folder: Path, notice: Callable[[str], None], leave_out: LeaveOut) -> list[tuple[str, Path]]:
    """The files of `folder` that may be read, each with its name there (forward slashes), sorted by name.

    Args:
        folder: taken at its word, also where it is itself hidden, ignored or a link.
        notice: told where git ignores `folder` itself.
        leave_out: told of all that is left out but the hidden and the ignored, which nobody expects.
    Raises:
        UsageError: the folder or an ignore file cannot be read, or over `MAX_FILES` files are there.
    """
    shown = plain(str(folder))
    try:
        root = folder.resolve(strict=True)
        top = next((above for above in (root, *root.parents) if os.path.lexists(above / ".git")), root)
        rules = _rules_above(root, top, lambda: notice(f"git ignores {shown}; it is read, as it was named"))
        files: dict[str, Path] = {}
        links: dict[str, Path] = {}
        for seen, (name, entry) in enumerate(_entries(root, _lead(root, top), rules, leave_out)):
            if seen == MAX_FILES:
                raise UsageError(f"{shown} holds over {MAX_FILES:,} files: name a smaller folder")
            if entry.is_symlink():
                links[name] = Path(entry.path)
            elif entry.is_file():
                files[name] = Path(entry.path)
            else:
                leave_out("neither files nor folders", name)
    except (OSError, ValueError) as error:
        where = getattr(error, "filename", None)
        raise unreadable(plain(str(where)) if where else shown, error) from error
    files |= _links_within(links, files, leave_out)
    return sorted(files.items(), key=lambda item: item[0].split("/"))


def _entries(
    root: Path, lead: str, rules: tuple[_Rules, ...], leave_out: LeaveOut
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All entries below `root` but folders, which are gone through, and what is not to be seen."""
    pending = [("", rules)]
    while pending:
        prefix, rules = pending.pop()
        entries = _scan(root, prefix, leave_out)
        if any(entry.name == ".gitignore" for entry in entries):
            rules = (*rules, _read_rules(root / prefix / ".gitignore", len(lead + prefix)))
        for entry in entries:
            name = prefix + entry.name
            folder = entry.is_dir(follow_symlinks=False)
            if is_secret(entry.name) and not folder:
                leave_out("may hold secrets", name)
            elif entry.name.startswith(".") or _is_ignored(rules, lead + name, folder):
                continue
            elif folder:
                pending.append((name + "/", rules))
            else:
                yield name, entry


def _scan(root: Path, prefix: str, leave_out: LeaveOut) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root / prefix) as entries:
            return list(entries)
    except OSError:
        if not prefix:
            raise
        leave_out("unreadable", prefix)
        return []


def _links_within(links: dict[str, Path], files: dict[str, Path], leave_out: LeaveOut) -> dict[str, Path]:
    """The links to files that are taken under their own names; any other could bring in what was left out."""
    taken = set(files.values())
    within = {}
    for name, link in links.items():
        target = Path(os.path.realpath(link))
        if target in taken:
            within[name] = target
        else:
            leave_out("links to what is not taken", name)
    return within


@dataclass(frozen=True, slots=True)
class _Rules:
    """The patterns of one ignore file, the last that matches wins.

    Attributes:
        depth: how many characters of a path, as seen from the repository's root, lie above the file's own folder.
        patterns: an expression each, and whether what it matches is ignored or taken after all.
    """

    depth: int
    patterns: tuple[tuple[re.Pattern[str], bool], ...]

    def verdict(self, path: str, folder: bool) -> bool | None:
        """Whether `path` is ignored; None where nothing here speaks of it."""
        below = path[self.depth :]
        if below:
            for expression, ignore in reversed(self.patterns):
                if _matches(expression, below, folder):
                    return ignore
        return None


def _is_ignored(rules: Sequence[_Rules], path: str, folder: bool) -> bool:
    verdicts = (each.verdict(path, folder) for each in reversed(rules))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _matches(expression: re.Pattern[str], path: str, folder: bool) -> bool:
    """Whether the pattern speaks of `path` itself, not only of a folder above it.

    pathspec's own check takes a file of a folder for matched with it, which for patterns like `*`, `!*/`, `!*.py`
    ends elsewhere than git (1.1.1). Here a folder's content is not asked for unless the folder was let pass. The one
    group of pathspec's expressions is the slash behind a matched folder.
    """
    match = expression.search(path)
    if match and match.lastindex is None:
        return True
    return folder and any(match.lastindex and match.end() > len(path) for match in expression.finditer(path + "/"))


def _rules_above(root: Path, top: Path, say_ignored: Callable[[], None]) -> tuple[_Rules, ...]:
    """The rules from the folders above `root`, up to `top`, weakest first."""
    between = [above for above in reversed(root.parents) if above.is_relative_to(top)]
    rules = [_read_rules(_exclude_file(top), 0)]
    rules += [_read_rules(above / ".gitignore", len(_lead(above, top))) for above in between]
    trail = [_lead(above, top).removesuffix("/") for above in (*between[1:], root)] if between else []
    if any(_is_ignored(rules, path, True) for path in trail):
        # What ignores the folder does not hold, as the user named it; what ignores files in it does.
        say_ignored()
        rules = [replace(each, patterns=_without(each, trail)) for each in rules]
    return tuple(rules)


def _without(rules: _Rules, folders: Sequence[str]) -> tuple[tuple[re.Pattern[str], bool], ...]:
    below = [path[rules.depth :] for path in folders if len(path) > rules.depth]
    return tuple(
        (expression, ignore)
        for expression, ignore in rules.patterns
        if not (ignore and any(_matches(expression, path, True) for path in below))
    )


def _lead(folder: Path, top: Path) -> str:
    """What names in `folder` begin with, as seen from `top`."""
    return "" if folder == top else folder.relative_to(top).as_posix() + "/"


def _read_rules(path: Path, depth: int) -> _Rules:
    """The rules in an ignore file, none where there is no such file.

    Raises:
        OSError: it cannot be read; to go on would send what it holds back.
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return _Rules(depth, ())
    if not regular:
        return _Rules(depth, ())
    with path.open("rb") as stream:
        text = stream.read(_MAX_IGNORE_FILE_BYTES).decode("utf-8-sig", "surrogateescape")
    return _Rules(depth, tuple(pattern for line in text.split("\n") for pattern in _compile(line)))


def _compile(line: str) -> list[tuple[re.Pattern[str], bool]]:
    from pathspec import GitIgnoreSpec

    line = line.removesuffix("\r")
    if line.rstrip(" ").endswith("/**/"):
        # pathspec 1.1.1 takes `a/**/` for `a/`; to git it is every folder below `a`, as this is to both.
        line = line.rstrip(" ") + "*/"
    try:
        patterns = list(GitIgnoreSpec.from_lines([line], backend="simple").patterns)
    except ValueError:
        return []  # git passes over patterns that make no sense, such as a lone backslash
    return [(each.regex, each.include) for each in patterns if each.regex is not None and each.include is not None]


def _exclude_file(top: Path) -> Path:
    """`info/exclude` of the repository; in a worktree or submodule `.git` is a file that says where that lies."""
    git = top / ".git"
    if git.is_file():
        git = top / _read_line(git).removeprefix("gitdir:").strip()
        common = git / "commondir"
        if common.is_file():
            git = git / _read_line(common).strip()
    return git / "info" / "exclude"


def _read_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="surrogateescape") as stream:
        return stream.readline(4096)
