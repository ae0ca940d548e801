"""Backends for `keyring`, chosen by PYTHON_KEYRING_BACKEND: one that works, and one for each way not to."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Working(KeyringBackend):
    """Keeps keys in the file that KEYRING_OF_OURS names."""

    priority = 5

    @property
    def _file(self):
        return Path(os.environ["KEYRING_OF_OURS"])

    def _all(self):
        return json.loads(self._file.read_text()) if self._file.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        self._file.write_text(json.dumps({**self._all(), f"{service} {username}": password}))

    def delete_password(self, service, username):
        kept = self._all()
        del kept[f"{service} {username}"]
        self._file.write_text(json.dumps(kept))


class Plaintext(Working):
    """As `keyrings.alt` has it: below what keyring recommends."""

    priority = 0.5


class Forgetful(Working):
    """Takes everything and keeps nothing."""

    def set_password(self, service, username, password):
        pass


class Frozen(Working):
    """Never answers."""

    def get_password(self, service, username):
        threading.Event().wait()


class Locked(Working):
    """Its dialog was closed; KEYRING_ASKED counts how often it opened."""

    def get_password(self, service, username):
        if asked := os.environ.get("KEYRING_ASKED"):
            with Path(asked).open("a") as file:
                file.write("asked\n")
        raise KeyringLocked("Failed to unlock the collection!")


class Odd(Working):
    """Fails as no backend should, and talks about it."""

    def get_password(self, service, username):
        raise ValueError("sk-ant-api03-CANARYcanaryCANARYcanary is a strange key")


class Leaving(Working):
    """Takes itself for the program."""

    def get_password(self, service, username):
        raise SystemExit(0)


class SlowlyUnlocked(Working):
    """Somebody types its password, for longer than is waited under cron."""

    def get_password(self, service, username):
        threading.Event().wait(3.2)
        return "sk-ant-api03-CANARYslow"
