"""Keys in a file that only its owner can read, for machines without a keyring."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from ..core.errors import AuthenticationError
from .files import alone, write_private

FILE_NAME = "keys.json"


class KeyFile:
    """One JSON object, a `slot` of keys.py to its key. It is replaced as a whole and never half written."""

    def __init__(self, folder: Path) -> None:
        """Use `keys.json` in `folder`; neither has to be there."""
        self.path = folder / FILE_NAME
        self.source = str(self.path)

    def get(self, slot: str) -> str | None:
        """The key in `slot`, None where there is none.

        Raises:
            AuthenticationError: others can read the file, or it is damaged.
        """
        return self._read().get(slot)

    def slots(self) -> list[str]:
        """Every slot that has a key. Raises as `get` does."""
        return list(self._read())

    def put(self, slot: str, key: str) -> None:
        """Store `key`. Raises as `get` does, and `UsageError` where the file cannot be written."""
        with alone(self.path, "the key cannot be stored in"):
            self._write({**self._read(), slot: key})

    def remove(self, slot: str) -> bool:
        """Remove the key in `slot`; returns whether there was one. Raises as `put` does."""
        if self.get(slot) is None:
            return False
        with alone(self.path, "the key cannot be stored in"):
            self._write({name: key for name, key in self._read().items() if name != slot})
        return True

    def _read(self) -> dict[str, str]:
        try:
            with self.path.open("rb") as file:
                self._check(os.fstat(file.fileno()))
                found = json.loads(file.read())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise AuthenticationError(
                f"the key file {self.path} cannot be read: {error.strerror}", code="key_file"
            ) from error
        except (ValueError, RecursionError):  # not chained: a decoder quotes what it read
            found = None
        if not isinstance(found, dict) or not all(isinstance(key, str) for key in found.values()):
            raise AuthenticationError(
                f"the key file {self.path} is no object of names and keys; remove it and store them again",
                code="key_file",
            )
        return found

    def _check(self, file: os.stat_result) -> None:
        """Refuse a file that others may have read or written; through a link, what it leads to counts."""
        if file.st_uid != os.geteuid():
            raise AuthenticationError(
                f"the key file {self.path} belongs to another user and is not read", code="key_file"
            )
        if stat.S_IMODE(file.st_mode) & 0o077:
            fix = f"run: chmod 600 {self.path}"
            raise AuthenticationError(
                f"the key file {self.path} can be read or changed by others and is not used; {fix}", code="key_file"
            )

    def _write(self, keys: dict[str, str]) -> None:
        write_private(self.path, f"{json.dumps(keys, indent=2)}\n".encode())
