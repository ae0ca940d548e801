"""Folders and files of ours: can they be written, are they their owner's alone, is there room on the disk?"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from shlex import quote

from .check import EXIT_DATA, Check

LEAST_FREE = 50 * 1000 * 1000
"""Bytes of free space below which a disk is warned of."""
_PROBE = 4096
LEAST_FOR_LEDGER = 1_000_000
"""Bytes of free space below which a new ledger, its log and its index may not find room."""
_HISTORY = tuple(f"{name}{end}" for name in ("history.db", "usage.db") for end in ("", "-wal", "-shm", "-lock"))
PRIVATE = {"config": ("keys.json",), "data": ("", "attachments", *_HISTORY), "cache": ()}
"""What of each folder is its owner's alone, as it holds keys or history; "" is the folder itself."""


def free_space(folder: Path) -> int:
    """Bytes that may still be written to the disk of `folder`. Raises `OSError`."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def try_to_write(folder: Path) -> None:
    """Write a file without a name, which is gone at once. Raises `OSError`."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        file.write(b"\0" * _PROBE)


def place_check(
    name: str,
    folder: Path,
    *,
    also: str = "",
    private: Collection[str] = (),
    needed: bool = False,
    write: Callable[[Path], None] = try_to_write,
    free: Callable[[Path], int] = free_space,
) -> Check:
    """One folder: it need not be there, if it can be made.

    Args:
        also: what else lies in it.
        private: what of it is its owner's alone; see `PRIVATE`.
        needed: without room for the ledger no call is made, as there is a budget.
    """
    upwards = (folder, *folder.parents)
    there = next((each for each in upwards if _is_folder(each)), Path("/"))
    blocking = next((each for each in upwards if os.path.lexists(each) and not _is_folder(each)), None)
    shown = str(folder) + (f" (also {also})" if also else "")
    data = {"path": str(folder), "exists": there == folder}
    if blocking:
        return _failed(name, f"{blocking} is no folder", f"remove it, or set {_variable(name)}", data)
    try:
        write(there)
        left = free(there)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _failed(name, f"{shown}: {error.strerror}", "make room on the disk", data)
        verb = "written" if there == folder else "made"
        advice = f"give it to yourself and make it writable, or set {_variable(name)}"
        return _failed(name, f"{shown} cannot be {verb}: {error.strerror}", advice, data)
    data["free_bytes"] = left
    open_ = list(_open_to_others(folder, private))
    if open_:
        what = ", ".join(f"{path} ({mode:04o})" for path, mode, _ in open_)
        advice = "; ".join(f"chmod {wanted} {quote(str(path))}" for path, _, wanted in open_)
        return Check(name, "warn", f"others may look into {what}", f"run: {advice}", data=data)
    if needed and left < LEAST_FOR_LEDGER:
        why = f"{shown}: {left / 1e3:,.0f} kB are free, and with a budget no call is made that cannot be recorded"
        return _failed(name, why, "make room on the disk", data)
    if left < LEAST_FREE:
        return Check(name, "warn", f"{shown}: {left / 1e6:,.0f} MB are free", "make room on the disk", data=data)
    return Check(name, "ok", shown if there == folder else f"{shown}, made when it is needed", data=data)


def _is_folder(path: Path) -> bool:
    """Whether it is one, as far as can be seen: what lies in a folder of somebody else's cannot."""
    with suppress(OSError):
        return path.is_dir()
    return False


def _open_to_others(folder: Path, private: Collection[str]) -> Iterator[tuple[Path, int, str]]:
    """What of it is `private` and has a mode that lets others in, with that mode and the one it should have."""
    for path in (folder / name for name in private):
        try:
            found = path.stat().st_mode
        except OSError:
            continue  # not there, mostly
        mode = stat.S_IMODE(found)
        if mode & 0o077:
            yield path, mode, "700" if stat.S_ISDIR(found) else "600"


def _failed(name: str, detail: str, advice: str, data: dict[str, object]) -> Check:
    return Check(name, "fail", detail, advice, data=data, exit_code=EXIT_DATA)


def _variable(name: str) -> str:
    """The variables that put the folder elsewhere."""
    return f"CLAUDE_CLI_HOME or XDG_{name.upper()}_HOME"


def distinct(places: Iterable[tuple[str, Path]]) -> dict[Path, list[str]]:
    """The folders, each with the names of what lies in it: `CLAUDE_CLI_HOME` makes one of all."""
    found: dict[Path, list[str]] = {}
    for name, folder in places:
        found.setdefault(folder, []).append(name)
    return found
