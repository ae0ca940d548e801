"""What an installation gets: read from pyproject.toml and the checkout, without building and without a network.

The wheel itself is built, installed and run by `.ci/run`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.resources
import json
import tomllib
from pathlib import Path

import pytest

import claude_cli

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_version_is_the_same_everywhere():
    """A user who reports `--version` has to name the release that was published."""
    assert claude_cli.__version__ == PROJECT["version"]
    assert importlib.metadata.version("claude-cli") == PROJECT["version"]


TARGETS = {
    **PROJECT["scripts"],
    **{f"{group}:{name}": target for group, each in PROJECT["entry-points"].items() for name, target in each.items()},
}


@pytest.mark.parametrize("name", TARGETS)
def test_each_entry_point_exists(name):
    """A renamed function would only be noticed by the first user."""
    module, _, attribute = TARGETS[name].partition(":")
    assert callable(getattr(importlib.import_module(module), attribute))


def test_both_names_start_the_same_program():
    """`clc` is the short name, not a second program."""
    assert set(PROJECT["scripts"]) == {"claude-cli", "clc"}
    assert len(set(PROJECT["scripts"].values())) == 1


def test_the_catalogue_and_the_type_mark_are_inside_the_package():
    """Data files are found through the package, as they are from a wheel."""
    package = importlib.resources.files(claude_cli)
    assert package.joinpath("py.typed").is_file()
    assert json.loads(package.joinpath("core/models.json").read_text("utf-8"))


def test_the_licence_is_mit():
    """The metadata and the file say the same."""
    assert PROJECT["license"] == "MIT"
    assert PROJECT["license-files"] == ["LICENSE"]
    assert (ROOT / "LICENSE").read_text("utf-8").startswith("MIT License\n")


def test_the_description_page_exists():
    """The package index shows this file."""
    assert (ROOT / PROJECT["readme"]).is_file()
