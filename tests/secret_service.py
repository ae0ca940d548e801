"""A real Secret Service of its own: a session bus and gnome-keyring, in a folder of their own, unlocked."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

PROGRAMS = ("dbus-daemon", "dbus-send", "gnome-keyring-daemon", "secret-tool")
PASSWORD = b"a password for tests"


def missing_programs() -> list[str]:
    """The programs that are needed and not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class SecretService:
    """Runs between `with` and its end. `environ` is what a program needs to reach it, and nothing else."""

    def __init__(self, folder: Path) -> None:
        """Keep everything in `folder`, an empty one."""
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}

    def __enter__(self) -> SecretService:
        """Start the bus and the keyring."""
        Path(self.environ["HOME"]).chmod(0o700)
        with ExitStack() as stack:
            command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
            bus = subprocess.Popen(command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            stack.callback(bus.communicate)
            stack.callback(bus.kill)
            assert bus.stdout
            self.environ["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
            self._run("gnome-keyring-daemon", "--unlock", "--components=secrets", given=PASSWORD)
            self._daemon = self._process_id()
            stack.callback(os.kill, self._daemon, signal.SIGKILL)
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        """Stop both."""
        self._ending.close()

    def _process_id(self) -> int:
        """The process that keeps the keys; it comes to the bus a moment after it was started."""
        end = time.monotonic() + 10
        while True:
            try:
                owner = self._call(
                    "org.freedesktop.DBus", "GetConnectionUnixProcessID", "string:org.freedesktop.secrets"
                )
                return int(owner.split()[-1])
            except AssertionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def store(self, user: str, key: str) -> None:
        """Store a key as a person would, with secret-tool."""
        words = ("--label=a key", "service", "claude-cli", "username", user)
        self._run("secret-tool", "store", *words, given=key.encode())

    def lookup(self, user: str) -> str:
        """The key that secret-tool finds; "" for none."""
        command = ["secret-tool", "lookup", "service", "claude-cli", "username", user]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True).stdout

    def lock(self) -> None:
        """Lock it, as a screen saver does."""
        self._call("org.freedesktop.secrets", "Lock", "array:objpath:/org/freedesktop/secrets/collection/login")

    def freeze(self) -> None:
        """Let it take every call and answer none."""
        os.kill(self._daemon, signal.SIGSTOP)

    def _call(self, service: str, method: str, argument: str) -> str:
        interface = "org.freedesktop.Secret.Service" if service.endswith("secrets") else service
        path = "/" + service.replace(".", "/")
        how = ("--session", "--print-reply=literal", f"--dest={service}")
        return self._run("dbus-send", *how, path, f"{interface}.{method}", argument)

    def _run(self, *command: str, given: bytes = b"") -> str:
        done = subprocess.run(command, env=self.environ, input=given, capture_output=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()
