"""The file of the gateway's own keys: made, changed and revoked by `serve keys`, watched by a running gateway."""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.budget import Limits
from ..core.errors import UsageError
from ..core.messages import Notice
from .files import alone, write_private
from .gateway_keys import GatewayKey, WrongKeys, digest_of, parse_keys, written_keys
from .paths import config_dir

FILE_NAME = "gateway-keys.json"
LOOK_EVERY_S = 0.5
"""How often a running gateway looks whether its keys have changed; that is one `stat`."""


class GatewayKeyFile:
    """Keys in a file, which is replaced as a whole and never half written."""

    def __init__(self, path: Path, *, own: bool = True) -> None:
        """Use `path`, which need not be there where it is our own.

        Args:
            own: it is ours, for its owner alone. Else somebody else writes it, as for a container: others may read it,
                as files that are mounted often can be, but not change it.
        """
        self.path, self._own = path, own

    def read(self) -> list[GatewayKey]:
        """The keys there are. Raises `UsageError`: the file cannot be used."""
        return self.read_with_mark()[0]

    def read_with_mark(self) -> tuple[list[GatewayKey], object]:
        """The keys, and the mark (see there) of the file that had them. Raises as `read` does."""
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                self._check(found)
                data = file.read()
            return parse_keys(data), _mark(found)
        except (FileNotFoundError, NotADirectoryError) as error:
            if self._own:
                return [], None
            raise UsageError(
                f"there is no file of keys {self.path.absolute()}; see --keys-file (serve.keys_file)"
            ) from error
        except OSError as error:
            raise UsageError(f"the file of keys {self.path} cannot be read: {error.strerror}") from error
        except WrongKeys as error:
            raise UsageError(f"the file of keys {self.path} cannot be used: {error}") from error

    def mark(self) -> object:
        """What changes whenever the file does; None where there is none."""
        try:
            return _mark(self.path.stat())
        except OSError:
            return None

    def add(self, key: GatewayKey) -> None:
        """Keep `key`. Raises `UsageError`: there is one of its name, or the file cannot be used or written."""
        with alone(self.path, "the keys cannot be written to"):
            keys = self.read()
            if any(each.name == key.name for each in keys):
                raise UsageError(f"there is a key {key.name}; revoke it first, or choose another name")
            write_private(self.path, written_keys([*keys, key]))

    def revoke(self, name: str) -> bool:
        """Take the key of that name away; returns whether there was one. Raises as `add` does."""
        with alone(self.path, "the keys cannot be written to"):
            keys = self.read()
            left = [key for key in keys if key.name != name]
            if len(left) < len(keys):
                write_private(self.path, written_keys(left))
        return len(left) < len(keys)

    def _check(self, file: os.stat_result) -> None:
        """Raise `UsageError`: others may have changed, or read, what they must not."""
        if self._own and file.st_uid != os.geteuid():
            raise UsageError(f"the file of keys {self.path} belongs to another user and is not used")
        if stat.S_IMODE(file.st_mode) & (0o077 if self._own else 0o022):
            what, bits = ("read or changed", "600") if self._own else ("changed", "go-w")
            raise UsageError(f"the file of keys {self.path} can be {what} by others; run: chmod {bits} {self.path}")


class GatewayKeys:
    """The keys that a running gateway knows: a change of their file counts within a second."""

    def __init__(self, file: GatewayKeyFile, notify: Callable[[Notice], None], *, clock: Callable[[], float]) -> None:
        """Read them.

        Args:
            file: where they are.
            notify: is told when the file has become one that cannot be used; the keys of before still count.
            clock: monotonic, in seconds.
        Raises:
            UsageError: it cannot be used.
        """
        self._file, self._notify, self._clock = file, notify, clock
        keys, self._mark = file.read_with_mark()
        self._keys = _by_digest(keys)
        self._looked_at = clock()

    @property
    def is_empty(self) -> bool:
        """Whether there is no key at all."""
        return not self._keys

    @property
    def have_budgets(self) -> bool:
        """Whether what one of them may cost is bounded."""
        return any(key.budget != Limits() for key in self._keys.values())

    def find(self, key: str) -> GatewayKey | None:
        """What belongs to `key`, expired or not; None: it is none.

        The time it takes says nothing that helps to guess one: what is looked up is a digest, of which whoever guesses
        can choose no part, and the last comparison always goes to the end.
        """
        self._look()
        digest = digest_of(key)
        found = self._keys.get(digest)
        return found if found and hmac.compare_digest(found.digest, digest) else None

    def _look(self) -> None:
        now = self._clock()
        if now < self._looked_at + LOOK_EVERY_S:
            return
        self._looked_at = now
        mark = self._file.mark()
        if mark == self._mark:
            return
        self._mark = mark
        try:
            keys, self._mark = self._file.read_with_mark()
        except UsageError as error:
            self._notify(Notice("gateway_keys", f"{error}; the keys of before still count"))
        else:
            self._keys = _by_digest(keys)


def key_file(environ: Mapping[str, str], named: str = "") -> GatewayKeyFile:
    """The file whose keys a gateway takes: the one that is `named`, which somebody else writes, else our own."""
    if named:
        return GatewayKeyFile(Path(named).expanduser(), own=False)
    return GatewayKeyFile(config_dir(environ) / FILE_NAME)


def _mark(found: os.stat_result) -> object:
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


def _by_digest(keys: list[GatewayKey]) -> Mapping[str, GatewayKey]:
    return {key.digest: key for key in keys}
