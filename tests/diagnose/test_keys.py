"""The key and its source, the keyring and its backend; never the key."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from keyring.errors import KeyringLocked

from claude_cli.diagnose.keys import key_check, keyring_check
from claude_cli.storage.keyring_store import KeyringStore, Patience
from claude_cli.storage.keys import KeyStore, Purpose

KEY = "sk-ant-api03-CANARY"
GATEWAY = Purpose(origin="https://gw.test", home="https://gw.test")


def checked(environ, purpose=None, **how):
    """The check of the key; nothing of it is the key."""
    found = key_check(KeyStore(environ, use_keyring=False, **how), purpose or Purpose())
    assert "CANARY" not in repr(found)
    return found


@pytest.fixture
def home(tmp_path):
    """A folder of settings without keys."""
    return {"CLAUDE_CLI_HOME": str(tmp_path)}


def test_where_the_key_comes_from(home):
    """Each source by its name."""
    assert checked({**home, "ANTHROPIC_API_KEY": KEY}).detail == "from ANTHROPIC_API_KEY, profile default"
    bearer = checked({**home, "ANTHROPIC_AUTH_TOKEN": "CANARY-token"})
    assert bearer.detail == "from ANTHROPIC_AUTH_TOKEN (a bearer token), profile default"
    assert "an OAuth token" in checked({**home, "ANTHROPIC_API_KEY": "sk-ant-oat01-CANARY"}).detail
    command = Purpose(command=(sys.executable, "-c", f"print({KEY!r})"))
    assert checked(home, command).data["source"] == "key_command"
    KeyStore(home).store("file").put("default", KEY)
    assert checked(home).data["source"].endswith("keys.json")


@pytest.mark.parametrize(
    ("environ", "purpose", "detail", "advice"),
    [
        pytest.param({}, Purpose(), "no API key for https://api.anthropic.com", "keys set", id="none"),
        pytest.param({"ANTHROPIC_API_KEY": "sk-ant-admin-CANARY"}, Purpose(), "admin key", "make an API", id="admin"),
        pytest.param({"ANTHROPIC_API_KEY": "CANARY CANARY"}, Purpose(), "holds a blank", "copy it again", id="no key"),
        pytest.param({}, Purpose(command=("/nowhere/pass",)), "key_command cannot run /nowhere/pass", "", id="command"),
    ],
)  # fmt: skip
def test_no_key_that_could_be_sent(home, environ, purpose, detail, advice):
    """Which is status 3, with what a person has to do."""
    found = checked({**home, **environ}, purpose)
    assert (found.status, found.exit_code) == ("fail", 3)
    assert detail in found.detail and advice in found.advice


def test_a_key_command_that_hangs(home):
    """It is stopped, and does not go on behind our back."""
    command = Purpose(command=(sys.executable, "-c", "import time; time.sleep(60)"))
    found = checked(home, command, command_limit_s=0.05)
    assert found.exit_code == 3 and "did not end within 0.05 s" in found.detail


def test_a_key_file_others_can_read(home):
    """It is not used, and the line that mends it is said."""
    KeyStore(home).store("file").put("default", KEY)
    file = Path(home["CLAUDE_CLI_HOME"], "keys.json")
    file.chmod(0o644)
    found = checked(home)
    assert (found.status, found.advice) == ("fail", f"run: chmod 600 {file}")


def test_another_address(home):
    """It is called without a key, as local servers want it; a key for elsewhere is told, and not sent."""
    assert checked(home, GATEWAY).status == "ok"
    KeyStore(home).store("file").put("default", KEY)
    found = checked(home, GATEWAY)
    assert found.status == "warn" and "stored for https://api.anthropic.com is sent nowhere else" in found.detail
    assert found.advice == "if it wants one: claude-cli keys set"


# ------------------------------------------------------------------------------------------------ keyring
class Backend:
    """A keyring with nothing in it, or whatever `get` does."""

    def __init__(self, get=lambda: None):
        self.get = get

    def get_password(self, service, user):
        return self.get()


def asked(get=lambda: None, limit_s=10.0):
    """The check of a keyring that does `get`."""
    store = KeyStore({})
    ring = KeyringStore(Patience(limit_s), lambda: Backend(get))
    store._stores["keyring"] = ring
    return keyring_check(store, Purpose(), backend=lambda: Backend())


def test_a_keyring_that_answers():
    """Its backend by name, and whether it has the key."""
    found = asked()
    assert found.status == "ok" and found.data == {"backend": f"{__name__}.Backend", "has_key": False}
    found = asked(lambda: KEY)
    assert found.data["has_key"] and "CANARY" not in repr(found)


def test_a_keyring_that_does_not():
    """Locked, broken or silent: a warning, as a key may come from elsewhere."""

    def locked():
        raise KeyringLocked("CANARY")

    never = threading.Event()
    for get, words in ((locked, "is locked"), (never.wait, "did not answer within")):
        found = asked(get, 0.05)
        assert (found.status, "CANARY" in repr(found)) == ("warn", False) and words in found.detail
        assert "keyring = false" in found.advice
    never.set()


def test_no_keyring():
    """Switched off, or none there: no fault."""
    assert keyring_check(KeyStore({}, use_keyring=False), Purpose()).status == "skipped"
