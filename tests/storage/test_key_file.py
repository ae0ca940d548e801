"""The key file: its owner's alone from its first moment, never half written, not trusted when others can read it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from claude_cli.core.errors import AuthenticationError, UsageError
from claude_cli.storage.key_file import KeyFile


def mode(path):
    """The permission bits of a file."""
    return path.stat().st_mode & 0o777


def test_keys_are_kept_apart_by_slot(tmp_path):
    """One file for all profiles and addresses."""
    file = KeyFile(tmp_path / "new" / "config")
    assert (file.get("default"), file.slots(), file.remove("default")) == (None, [], False)
    file.put("default", "one")
    file.put("default@https://gateway.example", "two")
    file.put("default", "three")
    assert (file.get("default"), file.get("default@https://gateway.example")) == ("three", "two")
    assert (file.remove("default"), file.slots()) == (True, ["default@https://gateway.example"])
    assert (mode(file.path), mode(file.path.parent), mode(tmp_path / "new" / "config")) == (0o600, 0o700, 0o700)
    assert [path.name for path in file.path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_mode_does_not_depend_on_the_umask(tmp_path, mask):
    """A umask is set by somebody else."""
    before = os.umask(mask)
    try:
        KeyFile(tmp_path / "folder").put("default", "one")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "folder" / "keys.json"), mode(tmp_path / "folder")) == (0o600, 0o700)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o666, 0o610])
def test_a_file_that_others_can_read_is_refused_with_the_line_that_helps(tmp_path, bits):
    """What was readable may have been read; and nothing is added to it."""
    file = KeyFile(tmp_path)
    file.put("default", "CANARY")
    file.path.chmod(bits)
    for call in (lambda: file.get("default"), lambda: file.put("x", "y"), lambda: file.remove("default"), file.slots):
        with pytest.raises(AuthenticationError) as caught:
            call()
        said = f"the key file {file.path} can be read or changed by others and is not used; run: chmod 600 {file.path}"
        assert str(caught.value) == said and "CANARY" not in str(caught.value)
    assert mode(file.path) == bits


def test_through_a_link_the_target_counts(tmp_path):
    """Whoever keeps the file elsewhere may; open to others it may not be there either."""
    file = KeyFile(tmp_path / "config")
    file.put("default", "one")
    target = file.path.rename(tmp_path / "elsewhere.json")
    file.path.symlink_to(target)
    file.put("other", "two")
    assert file.path.is_symlink() and file.slots() == ["default", "other"] and mode(target) == 0o600
    target.chmod(0o644)
    with pytest.raises(AuthenticationError, match="chmod 600"):
        file.get("default")


@pytest.mark.parametrize(
    "content", [b"CANARY", b'{"default": "CANARY"', b'["CANARY"]', b'{"default": ["CANARY"]}', b"\xff", b"[" * 9999]
)
def test_a_damaged_file_is_named_and_not_quoted(tmp_path, content):
    """What cannot be read may still be a key."""
    file = KeyFile(tmp_path)
    file.path.write_bytes(content)
    file.path.chmod(0o600)
    with pytest.raises(AuthenticationError) as caught:
        file.get("default")
    assert str(file.path) in str(caught.value) and "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_a_place_that_cannot_be_written_or_read(tmp_path):
    """Status 2: the settings' folder is wrong; status 3: there may be a key, and it is out of reach."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot be stored in .*keys\.json: "):
        KeyFile(tmp_path / "file" / "below").put("default", "one")
    (tmp_path / "keys.json").mkdir()
    with pytest.raises(AuthenticationError, match=r"keys\.json cannot be read: Is a directory"):
        KeyFile(tmp_path).get("default")


def test_two_processes_lose_no_key(tmp_path):
    """Each reads, adds and replaces; without a lock the last one would win."""
    program = (
        "import sys; from pathlib import Path; from claude_cli.storage.key_file import KeyFile\n"
        "for number in range(25): KeyFile(Path(sys.argv[1])).put(f'{sys.argv[2]}{number}', 'x')"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in "ab"]
    assert [process.wait(60) for process in running] == [0, 0]
    assert len(KeyFile(tmp_path).slots()) == 50
