"""The simulator shares nothing with the program but one data file."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import claude_cli.simulator

FILES = sorted(Path(claude_cli.simulator.__file__).parent.glob("*.py"))
ALLOWED = {"h11", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_the_standard_library_h11_and_neighbours_are_imported(path):
    """A misreading of the API must not pass because both sides share it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= ALLOWED
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1 or (node.level == 0 and str(node.module).split(".")[0] in ALLOWED)
