"""The gateway's own keys: what is kept of them, who may read it, and that a running gateway sees a change."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from claude_cli.core.budget import Limits
from claude_cli.core.errors import UsageError
from claude_cli.core.redact import redact
from claude_cli.storage.gateway_key_file import FILE_NAME, LOOK_EVERY_S, GatewayKeyFile, GatewayKeys, key_file
from claude_cli.storage.gateway_keys import GatewayKey, digest_of, new_key, parse_keys, written_keys

KEY = "clk-CANARYcanaryCANARYcanary"
CI = GatewayKey("ci", digest_of(KEY))


@pytest.fixture
def file(tmp_path):
    """The file of a user who has made no key yet."""
    return GatewayKeyFile(tmp_path / "new" / "config" / FILE_NAME)


class Watched:
    """A running gateway's keys; time stands still unless it is moved."""

    def __init__(self, file):
        self.now, self.notices = 0.0, []
        self.keys = GatewayKeys(file, lambda notice: self.notices.append(notice.text), clock=lambda: self.now)

    def find(self, key, *, later=0.0):
        self.now += later
        found = self.keys.find(key)
        return found and found.name


def test_a_key_cannot_be_guessed_and_only_its_digest_is_kept(file):
    """256 bits; and whatever we log has it masked."""
    key = new_key()
    assert key.startswith("clk-") and len(key) == 47 and key[4:].isalnum() and new_key() != key
    assert redact(f"wrong key {key}!") == "wrong key clk-***!"
    file.add(GatewayKey("ci", digest_of(key)))
    assert key[4:] not in file.path.read_text() and digest_of(key) in file.path.read_text()


def test_everything_about_a_key_is_read_as_it_was_written():
    """Amounts exactly, times to the second."""
    key = GatewayKey(
        "a.b-c_1", digest_of(KEY), ("sonnet", "claude-haiku-4-5"), 60, 100_000, 4, Limits(5 * 10**12, 123_456),
        1_800_000_000.0, True, 1_700_000_000.0,
    )  # fmt: skip
    other = GatewayKey("other", digest_of("other"))
    assert parse_keys(written_keys([key, other])) == [key, other]


def test_what_somebody_writes_by_hand(tmp_path):
    """For a container: a key in plain or its digest, and whatever else is left out is no limit."""
    rows = [
        {"name": "plain", "key": f" {KEY}\n", "budget_day": 2.5, "expires": "2026-12-31T00:00:00+01:00"},
        {"name": "hashed", "digest": digest_of("another-key-of-ours").upper(), "models": None, "admin": True},
    ]
    plain, hashed = parse_keys(json.dumps({"version": 1, "keys": rows}).encode())
    assert plain == GatewayKey("plain", digest_of(KEY), budget=Limits(25 * 10**11), expires_at=1798671600.0)
    assert hashed == GatewayKey("hashed", digest_of("another-key-of-ours"), admin=True)
    assert (plain.is_expired(1798671599.9), plain.is_expired(1798671600.0), hashed.is_expired(9e9)) == (0, 1, 0)


GOOD = {"name": "ci", "digest": digest_of(KEY)}
WRONG = [
    pytest.param(b"CANARY", "it is no JSON object", id="no JSON"),
    pytest.param(b"\xff", "it is no JSON object", id="no text"),
    pytest.param(b"[" * 9999, "it is no JSON object", id="too deep"),
    pytest.param(b'["CANARY"]', "it is no JSON object", id="a list"),
    pytest.param(b'{"version": 1}', 'with "version" and "keys"', id="no keys"),
    pytest.param(b'{"version": 2, "keys": []}', '"version" is not 1', id="another version"),
    pytest.param(["CANARY"], "key 1 is no object", id="a row that is none"),
    pytest.param([{"key": KEY}], "key 1 has no name of letters", id="no name"),
    pytest.param([{**GOOD, "name": "a b"}], "key 1 has no name of letters", id="a name that would break a log"),
    pytest.param([{**GOOD, "name": "x" * 65}], "key 1 has no name of letters", id="a long name"),
    pytest.param([{"name": "ci"}], "ci has neither a digest", id="no key"),
    pytest.param([{**GOOD, "key": KEY}], "ci has neither a digest", id="both"),
    pytest.param([{"name": "ci", "digest": "CANARY"}], "ci has neither a digest", id="no digest"),
    pytest.param([{"name": "ci", "key": "CANARY"}], "16 or more", id="a key that can be guessed"),
    pytest.param([{"name": "ci", "key": "CANARY CANARY CANARY"}], "without blanks", id="a key with blanks"),
    pytest.param([{**GOOD, "CANARY": 1}], "members that mean nothing here", id="an unknown member"),
    pytest.param([{**GOOD, "models": "CANARY"}], "the models of ci are no list", id="models"),
    pytest.param([{**GOOD, "requests_per_minute": -1}], "requests_per_minute of ci is no whole", id="below zero"),
    pytest.param([{**GOOD, "streams_at_once": True}], "streams_at_once of ci is no", id="true is no number"),
    pytest.param([{**GOOD, "budget_month": "CANARY"}], "budget_month of ci is not an amount", id="no amount"),
    pytest.param([{**GOOD, "expires": "CANARY"}], "expires of ci is no time", id="no time"),
    pytest.param([{**GOOD, "expires": 20261231}], "expires of ci is no time", id="a number is no time"),
    pytest.param([{**GOOD, "admin": "CANARY"}], "admin of ci is not true or false", id="admin"),
    pytest.param(b'{"version": 1, "keys": [{"name": "ci", "key": "CANARY-CANARY-CANARY", "admin": false, "admin": 1}]}',
                 "a member of an object comes twice", id="a member twice"),
    pytest.param([GOOD, {"name": "ci", "key": "CANARYcanaryCANARY"}], "ci is there twice", id="a name twice"),
    pytest.param([GOOD, {**GOOD, "name": "x"}], "ci is the same key as another", id="a key twice"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), WRONG)
def test_a_malformed_file_is_named_and_not_quoted(tmp_path, content, words):
    """Status 2; what cannot be read may still be a key. Nothing is added to it either."""
    path = tmp_path / "keys.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps({"version": 1, "keys": content}).encode())
    path.chmod(0o600)
    before = path.read_bytes()
    for file in (GatewayKeyFile(path), GatewayKeyFile(path, own=False)):
        with pytest.raises(UsageError) as caught:
            file.read()
        assert str(path) in str(caught.value) and words in str(caught.value) and "CANARY" not in str(caught.value)
    with pytest.raises(UsageError):
        GatewayKeyFile(path).add(CI)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_file_is_its_owners_alone_from_the_first_moment(file, mask):
    """File 0600, folder 0700, whatever the umask; nothing is left beside it."""
    before = os.umask(mask)
    try:
        file.add(CI)
    finally:
        os.umask(before)
    assert (file.path.stat().st_mode & 0o777, file.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in file.path.parent.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize(
    ("own", "bits", "words"),
    [
        pytest.param(True, 0o644, "read or changed by others; run: chmod 600", id="ours, readable"),
        pytest.param(True, 0o620, "read or changed by others; run: chmod 600", id="ours, writable"),
        pytest.param(False, 0o664, "changed by others; run: chmod go-w", id="mounted, writable by the group"),
        pytest.param(False, 0o646, "changed by others; run: chmod go-w", id="mounted, writable by all"),
        pytest.param(False, 0o444, "", id="mounted, readable"),
    ],
)
def test_who_may_read_and_change_a_file(tmp_path, own, bits, words):
    """Who can change it makes keys. A mounted one often is readable by all, and need hold nothing but digests."""
    path = tmp_path / "keys.json"
    path.write_bytes(written_keys([CI]))
    path.chmod(bits)
    file = GatewayKeyFile(path, own=own)
    if not words:
        assert file.read() == [CI]
        return
    with pytest.raises(UsageError, match=words):
        file.read()


def test_a_name_is_given_once_and_comes_back_when_its_key_is_revoked(file):
    """So that a key can be changed, and its budget goes on."""
    assert (file.read(), file.revoke("ci")) == ([], False)
    file.add(CI)
    with pytest.raises(UsageError, match="there is a key ci; revoke it first"):
        file.add(GatewayKey("ci", digest_of("other")))
    assert (file.revoke("ci"), file.revoke("ci"), file.read()) == (True, False, [])
    file.add(CI)


def test_two_processes_lose_no_key(file):
    """Each reads, adds and replaces; without a lock the last one would win."""
    program = (
        "import sys; from pathlib import Path\n"
        "from claude_cli.storage.gateway_key_file import GatewayKeyFile\n"
        "from claude_cli.storage.gateway_keys import GatewayKey, digest_of, new_key\n"
        "for number in range(20):\n"
        "    GatewayKeyFile(Path(sys.argv[1])).add(GatewayKey(f'{sys.argv[2]}{number}', digest_of(new_key())))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(file.path), name]) for name in "ab"]
    assert [process.wait(60) for process in running] == [0, 0]
    assert len(file.read()) == 40


def test_which_file_counts(tmp_path):
    """One that the settings name has to be there; ours need not."""
    environ = {"CLAUDE_CLI_HOME": str(tmp_path)}
    assert key_file(environ).path == tmp_path / FILE_NAME and key_file(environ).read() == []
    with pytest.raises(UsageError, match="there is no file of keys"):
        key_file(environ, str(tmp_path / "absent.json")).read()
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        key_file(environ, str(tmp_path / "folder")).read()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written to"):
        GatewayKeyFile(tmp_path / "file" / "below" / FILE_NAME).add(CI)


def test_a_running_gateway_sees_new_and_revoked_keys(file):
    """It looks when half a second has gone by, and not at every request."""
    running = Watched(file)
    assert running.keys.is_empty
    file.add(CI)
    assert running.find(KEY) is None
    assert running.find(KEY, later=LOOK_EVERY_S) == "ci" and not running.keys.is_empty
    assert running.find("clk-wrong") is None and running.find("") is None and running.find("\udcff\xff") is None
    file.revoke("ci")
    assert running.find(KEY, later=LOOK_EVERY_S / 2) == "ci"
    assert running.find(KEY, later=LOOK_EVERY_S / 2) is None
    file.add(CI)
    assert running.find(KEY, later=LOOK_EVERY_S) == "ci"
    file.path.unlink()
    assert running.find(KEY, later=LOOK_EVERY_S) is None and running.notices == []


def test_a_file_that_is_broken_meanwhile_changes_nothing_and_is_said_once(tmp_path):
    """An editor or a deployment that is half done must not lock everybody out."""
    path = tmp_path / "keys.json"
    path.write_bytes(written_keys([CI]))
    running = Watched(GatewayKeyFile(path, own=False))
    path.write_bytes(b'{"version": 1, "keys": [{"key": "CANARY')
    assert [running.find(KEY, later=LOOK_EVERY_S) for _ in range(3)] == ["ci"] * 3
    (said,) = running.notices
    assert str(path) in said and said.endswith("; the keys of before still count") and "CANARY" not in said
    path.unlink()
    assert running.find(KEY, later=LOOK_EVERY_S) == "ci" and "there is no file of keys" in running.notices[1]
    path.write_bytes(written_keys([]))
    assert running.find(KEY, later=LOOK_EVERY_S) is None and len(running.notices) == 2


def test_wrong_keys_in_bulk_touch_no_disk(file):
    """Between two looks the file may be gone, and nobody notices."""
    file.add(CI)
    running = Watched(file)
    file.path.unlink()
    assert not any(running.find(f"clk-{number}") for number in range(1000))
    assert running.find(KEY) == "ci"
