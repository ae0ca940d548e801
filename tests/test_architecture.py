"""The rules of the house that no single file can show: floors, docstrings, sizes, and what start-up loads.

The contracts themselves are in `.importlinter`; here they are run, and each is broken once on purpose, because a
contract that cannot fail protects nothing.
"""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "claude_cli"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("asyncio", "httpx", "httpcore", "prompt_toolkit", "rich.markdown", "starlette", "uvicorn", "keyring")


def names(path: Path) -> str:
    """The test id of a file: its path inside the checkout."""
    return path.relative_to(ROOT).as_posix()


# ------------------------------------------------------------------------------------------------ contracts
def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package that lies in `folder`."""
    start = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", start, "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_checkout_keeps_all_contracts():
    """The same command as in `make check`, so that a plain `pytest` finds a broken floor too."""
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("contract", "file", "line"),
    [
        pytest.param("floors", "core/errors.py", "import claude_cli.cli", id="1 core imports the command line"),
        pytest.param("floors", "core/errors.py", "import claude_cli.simulator", id="1 core imports the simulator"),
        pytest.param("floors", "stray.py", '"""No floor."""', id="1 a file without a floor"),
        pytest.param("core", "core/errors.py", "from . import messages", id="2 errors import messages"),
        pytest.param("core", "core/sse.py", "from . import wire_request", id="2 the decoder imports the codec"),
        pytest.param("packages", "core/errors.py", "import rich", id="3 core imports rich"),
        pytest.param("storage-packages", "core/errors.py", "import keyring", id="3 core imports keyring"),
        pytest.param("editor", "chat/loop.py", "import prompt_toolkit", id="3 the loop draws by itself"),
        pytest.param("http", "core/errors.py", "import httpx", id="4 a second file imports httpx"),
        pytest.param("http", "core/errors.py", "import httpcore", id="4 a third file imports httpcore"),
        pytest.param("commands", "commands/complete.py", "from . import health", id="5 command imports command"),
        pytest.param(
            "simulator",
            "simulator/__init__.py",
            "from claude_cli.core import errors",
            id="6 the simulator imports core",
        ),
    ],
)
def test_a_contract_broken_on_purpose_fails(tmp_path, contract, file, line):
    """One offending import in a copy of the package, and the contract of that name has to notice."""
    shutil.copytree(PACKAGE, tmp_path / "claude_cli", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    with (tmp_path / "claude_cli" / file).open("a") as target:
        target.write(f"\n{line}\n")

    result = lint_imports(tmp_path)

    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract_names()[contract]} BROKEN" in " ".join(result.stdout.split())


def contract_names() -> dict[str, str]:
    """The title of each contract by its id in `.importlinter`."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    prefix = "importlinter:contract:"
    return {section.removeprefix(prefix): config[section]["name"] for section in config if section.startswith(prefix)}


def test_contract_three_lists_every_folder_it_speaks_of():
    """import-linter refuses a folder that is not there yet, so the list grows with the folders."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    listed = set(config["importlinter:contract:packages"]["source_modules"].split())
    there = {f"claude_cli.{name}" for name in ("core", "storage", "batch") if (PACKAGE / name / "__init__.py").exists()}
    assert there == listed


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_only_the_version_is_taken_from_the_front_door(path):
    """`claude_cli/__init__.py` leads to every floor, so inside the package it would be a way around the contracts."""
    taken = set()
    inside = "." * len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and "." * node.level + (node.module or "") in ("claude_cli", inside):
            taken |= {alias.name for alias in node.names}
    folders_and_files = {child.stem for child in PACKAGE.iterdir()}
    assert taken - folders_and_files <= {"__version__"}


# ------------------------------------------------------------------------------------------------ start-up
@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        pytest.param(["--version"], "claude-cli 0.", id="--version"),
        pytest.param(["--help"], "complete", id="--help"),
        pytest.param(["complete", "--help"], "--model", id="complete --help"),
        pytest.param(["chat", "--help"], "--session", id="chat --help"),
        pytest.param(["batch", "run", "--help"], "--retry-failed", id="batch run --help"),
        pytest.param(["serve", "--help"], "--behind-proxy", id="serve --help"),
        pytest.param(["serve", "keys", "create", "--help"], "--expires", id="serve keys create --help"),
        pytest.param([], "claude-cli --help", id="no argument"),
    ],
)
def test_what_answers_at_once_loads_nothing_heavy(arguments, answer):
    """Who asks for help must not wait for an HTTP client."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "claude_cli", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout
    assert answer in result.stdout
    loaded = re.findall(r"^import time:.*\| +(\S+)$", result.stderr, re.MULTILINE)
    assert "claude_cli" in loaded, "the list of imports was not understood"
    assert [name for name in loaded if name.startswith(HEAVY)] == []


# ------------------------------------------------------------------------------------------------ files
def undocumented(tree: ast.Module) -> Iterator[str]:
    """The module itself, and each public class, method and function in it, that has no docstring."""
    if not ast.get_docstring(tree):
        yield "the module"
    inside: list[tuple[str, ast.AST]] = [("", tree)]
    while inside:
        prefix, parent = inside.pop()
        for node in ast.iter_child_nodes(parent):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                yield f"{prefix}{node.name} (line {node.lineno})"
            if isinstance(node, ast.ClassDef):
                inside.append((f"{node.name}.", node))


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_everything_public_has_a_docstring(path):
    """What a reader may call, a reader can look up where it stands."""
    assert list(undocumented(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_no_file_is_longer_than_350_lines(path):
    """A file of one subject fits: what grows past this has become two subjects."""
    assert len(path.read_text("utf-8").splitlines()) <= 350


def project_files() -> Iterator[Path]:
    """Every text file that is published with the project."""
    for name in ("claude_cli", "tests", "benchmarks", "contrib", "docs", ".ci"):
        yield from (path for path in (ROOT / name).rglob("*") if path.is_file() and not caches(path))
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.name not in (".git", ".coverage"))


def caches(path: Path) -> bool:
    """Whether a tool wrote the file for itself."""
    return any(part == "__pycache__" or part.endswith("_cache") for part in path.parts)


def machine_words() -> list[str]:
    """Paths of the machine that this checkout lies on; put together at run time, so that none is written here."""
    slash = "/"
    words = [slash + "tmp" + slash + "venv"]
    # A folder at the top, like "/app" in a container, is too short a word to look for.
    words += [str(folder) for folder in (ROOT, ROOT.parent / "shared", Path.home()) if len(folder.parts) > 2]
    return words


def test_no_file_names_the_machine_it_was_written_on():
    """A path of somebody's machine in a published file helps nobody and gives something away."""
    words = [word.encode() for word in machine_words()]
    found = [(names(path), word) for path in project_files() for word in words if word in path.read_bytes()]
    assert found == []
