"""`.claude-cli.toml`, the settings a project brings along: whether it is trusted, and what it may set.

A cloned repository must not steal or spend. So its file may set a few harmless names and nothing else; and it is read
only where nobody but the user or root can have written it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.harmless import one_line
from .settings_file import SettingsFile, parse

ALLOWED = ("model", "system", "effort", "max_tokens", "template")
MAX_BYTES = 8192
"""A name of 8 KiB that is nothing but dots costs tomllib 0.2 s and 70 MB, one of 64 KiB minutes (Python 3.11)."""
_NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """The project file that counts in a folder.

    Attributes:
        file: it, as it was read; empty where it was refused.
        refusal: why it is not used at all; "" where it is.
        digest: of its content.
    """

    file: SettingsFile
    refusal: str = ""
    digest: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """What it sets of what it may set; not checked."""
        return {name: value for name, value in self.file.values.items() if name in ALLOWED}

    @property
    def ignored(self) -> tuple[str, ...]:
        """The names that it may not set."""
        return tuple(name for name in self.file.values if name not in ALLOWED)

    @property
    def complaint(self) -> str:
        """What of it does not count, and why; "" where all of it does."""
        path = one_line(str(self.file.path))
        if self.refusal:
            return f"{path} is not used: {self.refusal}"
        if not self.ignored:
            return ""
        shown = ", ".join(one_line(repr(name), 60) for name in self.ignored[:_NAMED_AT_MOST])
        more = f" and {len(self.ignored) - _NAMED_AT_MOST} more" if len(self.ignored) > _NAMED_AT_MOST else ""
        return f"{self.file.where(self.ignored[0])}: ignored: {shown}{more}; a project may set {', '.join(ALLOWED)}"

    @property
    def use(self) -> str:
        """What of it counts; "" where nothing does."""
        names = ", ".join(self.values)
        return f"{one_line(str(self.file.path))} sets {names} in this project" if names else ""


def read_project_file(path: Path, limit: Path, user: int | None = None) -> ProjectFile:
    """The project file at `path`, if it is trusted; else why it is not used.

    Args:
        limit: the folder that a link must not leave.
        user: whose file is trusted; None: that of the user who runs this.
    Raises:
        UsageError: it is trusted, and not TOML.
    """
    try:
        return _read(path, limit, os.geteuid() if user is None else user)
    except OSError as error:
        return _refused(path, f"it cannot be read: {error.strerror}")


def distrust(found: os.stat_result, user: int) -> str:
    """Why a file is not `user`'s or root's alone; "" where it is.

    Its folder need not be looked at: what another user puts there belongs to that user.
    """
    if not stat.S_ISREG(found.st_mode):
        return "it is no regular file"
    if found.st_uid not in (user, 0):
        return "it belongs to another user"
    others = found.st_mode & stat.S_IWOTH
    group = found.st_mode & stat.S_IWGRP and not _is_private_group(found.st_uid, found.st_gid)
    return "others may write to it; `chmod go-w` on it ends that" if others or group else ""


def _read(path: Path, limit: Path, user: int) -> ProjectFile:
    target = path
    if stat.S_ISLNK(path.lstat().st_mode):
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(os.path.realpath(limit)):
            return _refused(path, "it is a link that leads out of the project")
    if not stat.S_ISREG(target.lstat().st_mode):
        # Not even opened: a device may act on it, and a pipe waits.
        return _refused(path, "it is no regular file")
    # What was looked at may have been replaced since, so what is open is looked at again.
    descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if reason := distrust(os.fstat(descriptor), user):
            return _refused(path, reason)
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return _refused(path, f"it is larger than {MAX_BYTES:,} bytes; long texts go into a template")
    import hashlib

    return ProjectFile(parse(path, data), digest=hashlib.sha256(data).hexdigest())


def _refused(path: Path, reason: str) -> ProjectFile:
    return ProjectFile(SettingsFile(path), reason)


def _is_private_group(user: int, group: int) -> bool:
    """Whether `group` is the user's own and has no other member, as where the umask is 002 (Debian, Ubuntu, Fedora)."""
    import grp
    import pwd

    try:
        name, found = pwd.getpwuid(user).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == name and set(found.gr_mem) <= {name}
