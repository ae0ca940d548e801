"""The line that adds an extra: to this installation, by the tool that made it, from where it came."""

from __future__ import annotations

import json
import shlex
import sys

import pytest

from claude_cli.core.installed import install_line, line_for

WHEEL = json.dumps({"url": "file:///tmp/claude_cli-1.whl", "archive_info": {}})
FOLDER = json.dumps({"url": "file:///home/me/my code", "dir_info": {"editable": True}})
GIT = {"url": "https://example.com/it.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
TAG = {**GIT, "vcs_info": {**GIT["vcs_info"], "requested_revision": "v1"}}


@pytest.mark.parametrize(
    ("mark", "installer", "origin", "line"),
    [
        pytest.param("", "pip\n", None, "/env/bin/python -m pip install 'claude-cli[media]'", id="pip"),
        pytest.param("", None, None, "/env/bin/python -m pip install 'claude-cli[media]'", id="nobody knows"),
        pytest.param(
            "pipx_metadata.json", "uv", None, "pipx install --force 'claude-cli[media]'", id="pipx, whatever it uses"
        ),
        pytest.param("uv-receipt.toml", "uv", None, "uv tool install 'claude-cli[media]'", id="uv tool"),
        pytest.param("", "uv", None, "uv pip install --python /env/bin/python 'claude-cli[media]'", id="uv"),
        pytest.param(
            "pipx_metadata.json",
            "pip",
            WHEEL,
            "pipx install --force 'claude-cli[media] @ file:///tmp/claude_cli-1.whl'",
            id="from a file",
        ),
        pytest.param(
            "", "pip", FOLDER, "/env/bin/python -m pip install -e '/home/me/my code[media]'", id="editable folder"
        ),
        pytest.param(
            "uv-receipt.toml",
            "uv",
            json.dumps(GIT),
            "uv tool install 'claude-cli[media] @ git+https://example.com/it.git'",
            id="from a repository",
        ),
        pytest.param(
            "uv-receipt.toml",
            "uv",
            json.dumps(TAG),
            "uv tool install 'claude-cli[media] @ git+https://example.com/it.git@v1'",
            id="from a tag",
        ),
    ],
)
def test_the_line_fits_the_installation(tmp_path, mark, installer, origin, line):
    """Another tool's line would make a second program, or change an environment that is not ours."""
    if mark:
        (tmp_path / mark).touch()
    assert line_for("media", prefix=tmp_path, python="/env/bin/python", direct_url=origin, installer=installer) == line


def test_a_folder_that_was_never_installed_is_told_the_usual_line(monkeypatch):
    """Run as `python -m claude_cli` from a checkout, there is no record of an installation."""
    monkeypatch.setattr(sys, "meta_path", [])
    assert install_line("media").endswith(" -m pip install 'claude-cli[media]'")


def test_the_line_for_this_very_program_is_a_shells():
    words = shlex.split(install_line("schema"))
    assert "install" in words
    assert words[-1].endswith("[schema]") or "[schema] @ " in words[-1]
