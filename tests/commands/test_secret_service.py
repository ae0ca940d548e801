"""Keys in a real keyring, the Secret Service of gnome-keyring: ours and secret-tool's are the same ones."""

from __future__ import annotations

import pytest

from ..secret_service import SecretService, missing_programs


@pytest.fixture
def service(tmp_path):
    """An unlocked keyring in which nothing is."""
    missing = missing_programs()
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")
    folder = tmp_path / "session"
    folder.mkdir()
    with SecretService(folder) as running:
        yield running


@pytest.fixture
def run(claude, service):
    """The program without a key, in the session of that keyring."""

    def runner(*words, **how):
        session = {**service.environ, "ANTHROPIC_API_KEY": None, "PYTHON_KEYRING_BACKEND": None, **how}
        return claude(*words, **session)

    return runner


def test_stored_by_us_and_read_by_secret_tool(run, service, simulator):
    """The bare key, under the profile's name for the official address, and with the address behind it for another."""
    assert run("keys", "set", "--no-test", stdin=b"sk-ant-one\n", ANTHROPIC_BASE_URL=None).err == ""
    done = run("keys", "set", stdin=b"sk-ant-two")
    assert (done.status, done.err) == (0, "") and "works" in done.out
    assert (service.lookup("default"), service.lookup(f"default@{simulator.url}")) == ("sk-ant-one", "sk-ant-two")
    assert run("keys", "rm", "--yes").status == 0
    assert (service.lookup("default"), service.lookup(f"default@{simulator.url}")) == ("sk-ant-one", "")


def test_stored_by_secret_tool_and_read_by_us(run, service, simulator):
    """Also where both have stored one: the newer counts, and removing takes both out."""
    user = f"default@{simulator.url}"
    service.store(user, "sk-ant-one")
    assert run("complete", "hi").status == 0 and simulator.requests[-1].headers["x-api-key"] == "sk-ant-one"
    assert run("keys", "set", stdin=b"sk-ant-two").status == 0
    assert simulator.requests[-1].headers["x-api-key"] == "sk-ant-two"
    service.store(user, "sk-ant-three")
    assert run("keys", "test").status == 0 and simulator.requests[-1].headers["x-api-key"] == "sk-ant-three"
    assert run("keys", "rm", "--yes").status == 0 and service.lookup(user) == ""


def test_the_official_key_is_not_sent_elsewhere(run, service, simulator):
    """It is named, and how to store one for the other address."""
    service.store("default", "sk-ant-CANARY")
    said = run("complete", "hi").failed(3, "the one stored for https://api.anthropic.com is sent nowhere else")
    assert f"claude-cli keys set --base-url {simulator.url}" in said
    assert not {"x-api-key", "authorization"} & set(simulator.requests[-1].headers)


def test_a_locked_keyring(run, service, simulator):
    """Without a screen its dialog cannot open; that is not the same as no key."""
    service.store("default", "sk-ant-CANARY")
    service.lock()
    run("complete", "hi", ANTHROPIC_BASE_URL=None).failed(3, "no API key", "the keyring is locked", "ANTHROPIC_API_KEY")
    run("keys", "set", stdin=b"sk-ant-CANARY").failed(3, "the keyring is locked", "--store file")
    assert "the keyring is locked" in run("keys", "list").out
