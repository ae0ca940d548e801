"""Which key is used: the order of the sources, the origin each is bound to, and what is said where there is none."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from claude_cli.core.errors import AuthenticationError, UsageError
from claude_cli.storage.keys import Found, KeyStore, Purpose, purpose_of
from claude_cli.storage.settings import load_settings

OFFICIAL = "https://api.anthropic.com"
GATEWAY = "https://gateway.example:8443"


@pytest.fixture
def home(tmp_path):
    """The variables of a user with a config folder."""
    return {"CLAUDE_CLI_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}


@pytest.fixture
def keep(tmp_path):
    """Writes keys.json, or config.toml."""

    def write(text=None, **keys):
        if text is not None:
            (tmp_path / "config.toml").write_text(text)
        if keys:
            (tmp_path / "keys.json").write_text(json.dumps(keys))
            (tmp_path / "keys.json").chmod(0o600)

    return write


def purpose(environ, profile=None, base_url=None):
    """The purpose of a call, as a command has it."""
    settings = load_settings(environ, profile)
    return purpose_of(settings, base_url or settings.base_url or OFFICIAL)


def found(environ, wanted=None, **how):
    """What a store without a keyring finds: the key itself and its source."""
    key = KeyStore(environ, use_keyring=False, **how).find(wanted or purpose(environ)).key
    return (key.secret.reveal(), key.source) if key else None


def test_the_order_of_the_sources(home, keep, tmp_path):
    """Environment, then the command, then the file; each goes on only where the one before has nothing."""
    assert found(home) is None
    keep(default="stored")
    assert found(home) == ("stored", str(tmp_path / "keys.json"))
    keep('key_command = "echo commanded"')
    assert found(home) == ("commanded", "key_command")
    assert found({**home, "ANTHROPIC_AUTH_TOKEN": "token"}) == ("token", "ANTHROPIC_AUTH_TOKEN")
    both = {**home, "ANTHROPIC_AUTH_TOKEN": "token", "ANTHROPIC_API_KEY": "key"}
    assert found(both) == ("key", "ANTHROPIC_API_KEY")
    assert found({**home, "ANTHROPIC_API_KEY": ""}) == ("commanded", "key_command")


def test_a_failing_source_is_no_missing_one(home, keep):
    """A command that fails, a file that others can read, a key that is none: status 3, not the next source."""
    keep("key_command = ['false']", default="stored")
    with pytest.raises(AuthenticationError, match=r"key_command \(false\) ended with status 1"):
        found(home)
    keep("", default="two words")
    with pytest.raises(AuthenticationError, match=r"the key in .*keys\.json holds a blank"):
        found(home)


PROFILES = f"""
[profiles.work]
base_url = "{GATEWAY}/anthropic"
[profiles.local]
base_url = "http://localhost:11434"
"""


@pytest.mark.parametrize(
    ("profile", "base_url", "key"),
    [
        pytest.param(None, None, "official", id="the official address"),
        pytest.param(None, f"{OFFICIAL}:443/v1/", "official", id="the same, written otherwise"),
        pytest.param("work", None, "of work", id="a profile with an address"),
        pytest.param("work", f"{GATEWAY}/other/path", "of work", id="another path of that origin"),
        pytest.param("work", OFFICIAL, None, id="a profile's key is not for the official address"),
        pytest.param("work", GATEWAY.replace("8443", "8444"), None, id="nor for another port"),
        pytest.param("work", GATEWAY.replace("https", "http"), None, id="nor for plain http"),
        pytest.param("work", f"{GATEWAY.replace('gateway', 'gateway.evil')}", None, id="nor for another host"),
        pytest.param(None, GATEWAY, None, id="nor for another profile at its address"),
        pytest.param(None, "https://evil.example", None, id="the official key goes nowhere else"),
        pytest.param("local", None, None, id="llama.cpp gets none"),
    ],
)
def test_a_stored_key_goes_only_where_it_was_stored_for(home, keep, profile, base_url, key):
    """It is looked for by profile and origin, so a wrong address finds nothing."""
    keep(PROFILES, **{"default": "official", f"work@{GATEWAY}": "of-work"})
    got = found(home, purpose(home, profile, base_url))
    assert (got[0] if got else None) == (key.replace(" ", "-") if key else None)


@pytest.mark.parametrize(
    ("text", "environ", "profile", "base_url", "runs"),
    [
        pytest.param("", {}, None, None, True, id="at home"),
        pytest.param("", {}, None, "https://evil.example", False, id="another address by a flag"),
        pytest.param("", {"ANTHROPIC_BASE_URL": "https://evil.example"}, None, None, False, id="by a variable"),
        pytest.param("", {"ANTHROPIC_BASE_URL": OFFICIAL}, None, None, True, id="a variable that says the same"),
        pytest.param(f'base_url = "{GATEWAY}"', {}, None, None, True, id="the file's own address"),
        pytest.param(f'base_url = "{GATEWAY}"', {}, None, OFFICIAL, False, id="the official one is not that"),
        pytest.param("[profiles.x]", {}, "x", None, True, id="a profile without an address"),
        pytest.param('[profiles.x]\nbase_url = "http://localhost:1"', {}, "x", None, False, id="one with its own"),
    ],
)
def test_the_key_of_a_command_goes_where_the_file_says(home, keep, text, environ, profile, base_url, runs):
    """A variable set by somebody's script must not send the key of the password store elsewhere."""
    keep(f'key_command = "echo commanded"\n{text}')
    environ = {**home, **environ}
    assert (found(environ, purpose(environ, profile, base_url)) is not None) == runs


def test_a_profile_with_an_address_has_its_own_command(home, keep):
    """Of two commands the one beside the address counts."""
    keep(f'key_command = "echo general"\n[profiles.x]\nbase_url = "{GATEWAY}"\nkey_command = "echo own"')
    assert found(home, purpose(home, "x")) == ("own", "key_command")


def test_an_environment_key_goes_to_the_origin_in_force(home):
    """Who sets both means both."""
    environ = {**home, "ANTHROPIC_API_KEY": "key", "ANTHROPIC_BASE_URL": GATEWAY}
    assert found(environ, purpose(environ)) == ("key", "ANTHROPIC_API_KEY")


def test_two_profiles_cannot_be_taken_for_one_another(home, keep):
    """Profile `a` at an address and a profile called `a@address` would share a key."""
    keep(f'[profiles."a@{GATEWAY}"]\nmodel = "haiku"')
    with pytest.raises(UsageError, match="may hold no '@'"):
        found(home, purpose(home, f"a@{GATEWAY}"))


@pytest.mark.parametrize(
    ("keys", "profile", "base_url", "said"),
    [
        pytest.param({}, None, None, f"no API key for {OFFICIAL}; ", id="none"),
        pytest.param({"default": "x"}, None, GATEWAY, f": the one stored for {OFFICIAL} is", id="for another address"),
        pytest.param(
            {f"work@{GATEWAY}": "x"}, "work", OFFICIAL, f": the one stored for {GATEWAY} is", id="a profile's"
        ),
        pytest.param({"default": "x"}, "work", None, f"no API key for {GATEWAY}; ", id="another profile's: no word"),
    ],
)
def test_what_is_said_where_there_is_none(home, keep, keys, profile, base_url, said):
    """One line: for which address, which key there is for another, and the command that stores one for this."""
    keep(PROFILES, **keys)
    wanted = purpose(home, profile, base_url)
    line = KeyStore(home, use_keyring=False).find(wanted).missing(wanted)
    named = f" --profile {profile}" if profile else ""
    asked = f" --base-url {base_url}" if base_url else ""
    assert said in line and "\n" not in line
    assert f"store one with: claude-cli keys set{named}{asked} (or set ANTHROPIC_API_KEY)" in line


def test_a_keyring_in_trouble_is_named_with_the_other_ways():
    """Who needs a key at once can take another way."""
    line = Found(None, "the keyring is locked").missing(Purpose())
    ways = "set ANTHROPIC_API_KEY or key_command, or store one with: claude-cli keys set --store file"
    assert line == f"no API key for {OFFICIAL}: the keyring is locked; {ways}"


@pytest.mark.parametrize(
    ("environ", "text", "imported"),
    [
        pytest.param({"ANTHROPIC_API_KEY": "x"}, "", False, id="environment"),
        pytest.param({}, 'key_command = "echo x"', False, id="key_command"),
        pytest.param({}, "keyring = false", False, id="switched off"),
        pytest.param({"CLAUDE_CLI_KEYRING": "0"}, "", False, id="switched off by a variable"),
        pytest.param({"CLAUDE_CLI_OFFLINE": "1"}, "", False, id="offline"),
        pytest.param({}, "", True, id="nothing else"),
    ],
)
def test_keyring_is_imported_only_when_no_earlier_source_has_a_key(home, keep, environ, text, imported):
    """It takes a quarter of a second, and may open a dialog."""
    keep(f'base_url = "http://127.0.0.1:9"\n{text}')  # nobody is there
    backend = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "claude_cli", "complete", "hi", "--retries", "0"],
        env={**home, **backend, **environ}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert ("keyring.backend\n" in done.stderr, done.returncode) == (
        imported,
        0 if "CLAUDE_CLI_OFFLINE" in environ else 6,
    )
