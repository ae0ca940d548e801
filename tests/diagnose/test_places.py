"""Folders and files on a real disk. Tests may run as root, whom no mode holds back: other things stand in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from claude_cli.diagnose.places import PRIVATE, distinct, place_check


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder as we make it."""
    path = tmp_path / "claude-cli"
    path.mkdir(mode=0o700)
    return path


def test_a_folder_of_ours(folder):
    """There, private, writable, with room; and nothing is left in it."""
    check = place_check("config", folder, also="data")
    assert (check.status, check.detail) == ("ok", f"{folder} (also data)")
    assert check.data["exists"] and check.data["free_bytes"] > 0 and list(folder.iterdir()) == []


def test_a_folder_that_is_not_made_yet(folder):
    """None is made before something is put into it, also not by this."""
    check = place_check("data", folder / "a" / "b")
    assert (check.status, check.data["exists"]) == ("ok", False) and "made when it is needed" in check.detail
    assert list(folder.iterdir()) == []


def test_a_file_in_the_way(folder):
    """Of the folder, or of one above it."""
    (folder / "file").touch()
    for path in (folder / "file", folder / "file" / "below"):
        check = place_check("cache", path)
        assert (check.status, check.exit_code) == ("fail", 2)
        assert check.detail == f"{folder / 'file'} is no folder" and "XDG_CACHE_HOME" in check.advice
    (folder / "dangling").symlink_to(folder / "nowhere")
    assert "is no folder" in place_check("cache", folder / "dangling").detail


@pytest.mark.parametrize(
    ("path", "words"), [("/proc/self", "cannot be written"), ("/proc/self/claude-cli", "cannot be made")]
)
def test_a_folder_that_cannot_be_written(path, words):
    """Not even root may write there."""
    check = place_check("data", Path(path))
    assert (
        (check.status, check.exit_code) == ("fail", 2) and words in check.detail and "CLAUDE_CLI_HOME" in check.advice
    )


def test_a_full_disk(folder):
    """/dev/full says what a full disk says; a nearly full one is warned of."""

    def full(path):
        with open("/dev/full", "wb", buffering=0) as file:
            file.write(b"x")

    check = place_check("data", folder, write=full)
    assert (check.status, check.exit_code, check.advice) == ("fail", 2, "make room on the disk")
    assert "No space left on device" in check.detail
    check = place_check("data", folder, free=lambda path: 49_999_999)
    assert check.status == "warn" and "50 MB are free" in check.detail
    assert place_check("data", folder, free=lambda path: 50_000_000).status == "ok"
    for left, status in ((999_999, "fail"), (1_000_000, "warn")):
        check = place_check("data", folder, needed=True, free=lambda path, left=left: left)
        assert (check.status, check.advice) == (status, "make room on the disk"), "with a budget no call could be made"


@pytest.mark.parametrize(
    ("name", "mode", "open_"),
    [
        pytest.param("", 0o755, True, id="folder others may list"),
        pytest.param("", 0o711, True, id="folder others may pass"),
        pytest.param("config.toml", 0o644, True, id="settings with headers"),
        pytest.param("models.toml", 0o644, False, id="models are no secret"),
        pytest.param("keys.json", 0o640, True, id="keys a group may read"),
        pytest.param("usage.db", 0o604, True, id="ledger"),
        pytest.param("usage.db-wal", 0o644, True, id="its log"),
        pytest.param("history.db-shm", 0o606, True, id="its shared memory"),
        pytest.param("attachments/", 0o755, True, id="what was attached"),
        pytest.param("config.toml", 0o400, False, id="stricter than need be"),
        pytest.param("note.txt", 0o644, False, id="a file that is not ours"),
    ],
)
def test_modes(folder, name, mode, open_):
    """Folders 0700, files 0600: what others may do is told with the line that ends it, and that line does."""
    path = folder / name
    if name.endswith("/"):
        path.mkdir()
    elif name:
        path.touch()
    path.chmod(mode)
    private = [*PRIVATE["config"], *PRIVATE["data"], "config.toml"]
    check = place_check("config", folder, private=private)
    assert check.status == ("warn" if open_ else "ok")
    if open_:
        assert f"{path} ({mode:04o})" in check.detail
        assert check.advice.startswith("run: chmod ") and os.system(check.advice.removeprefix("run: ")) == 0
        assert place_check("config", folder, private=private).status == "ok"


def test_one_folder_of_all():
    """`CLAUDE_CLI_HOME` makes one of three: it is looked at once."""
    places = [("config", Path("/a")), ("data", Path("/a")), ("cache", Path("/b"))]
    assert distinct(places) == {Path("/a"): ["config", "data"], Path("/b"): ["cache"]}
