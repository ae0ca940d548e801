"""Files of our own: whole or not at all, and their user's alone."""

from __future__ import annotations

import stat

import pytest

from claude_cli.storage.files import write_private


def test_a_file_is_replaced_whole(tmp_path):
    """0600 from the first byte on, whatever was there; the folder is made."""
    path = tmp_path / "new" / "file"
    write_private(path, b"one")
    path.chmod(0o666)
    write_private(path, b"two")
    assert path.read_bytes() == b"two" and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_every_folder_that_is_made_is_private(tmp_path):
    """Those above too; one that was there stays as it is."""
    tmp_path.chmod(0o755)
    write_private(tmp_path / "a" / "b" / "c" / "file", b"one")
    folders = ("", "a", "a/b", "a/b/c")
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in folders] == [0o755, 0o700, 0o700, 0o700]


def test_nothing_is_left_of_what_failed(tmp_path):
    """Here a folder stands in the way; a full disk is the same."""
    (tmp_path / "file" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_private(tmp_path / "file", b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
