"""The documentation says what the program does: the reference is generated, the links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import typer
import typer.main

from claude_cli.core import errors
from claude_cli.storage.settings import Settings
from claude_cli.storage.settings_serve import SERVE_FIELDS

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def load_generator() -> ModuleType:
    """docs/generate.py as a module; docs is a folder of text, not a package."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_generator()


def the_app() -> typer.Typer:
    """The program's own Typer app."""
    from claude_cli.cli import app

    return app


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command of the tree with its full name, the hidden ones too."""
    yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        yield from commands(f"{name} {word}", inner)


# ------------------------------------------------------------------------------------------------ reference
def test_the_reference_is_fresh():
    """`make docs` was run after the last change of a command."""
    assert REFERENCE.read_text("utf-8") == generate.reference(the_app())


def test_the_tables_of_the_chat_commands_are_fresh():
    """They say what `/help` says, and every parameter of `/set` is there."""
    page = (ROOT / "docs" / "chat-commands.md").read_text("utf-8")
    assert page == generate.chat_commands(page)
    assert "| `/edit [n]` |" in page and "| `effort` |" in page


def test_every_command_and_option_has_a_help_text():
    """A flag without a word of help is a flag nobody finds."""
    silent = []
    for name, command in commands("claude-cli", typer.main.get_command(the_app())):
        silent += [] if command.help else [name]
        silent += [f"{name} {each.opts[0]}" for each in command.params if not each.help and each.name != "help"]
    assert silent == []


def exit_statuses(error: type[errors.ClaudeError]) -> Iterator[int]:
    """The statuses of an error class and of all below it."""
    yield error.exit_code
    for kind in error.__subclasses__():
        yield from exit_statuses(kind)


@pytest.mark.parametrize("status", sorted({0, 130, 141, 143, *exit_statuses(errors.ClaudeError)}))
@pytest.mark.parametrize("page", ["README.md", "docs/reference.md"])
def test_each_exit_status_is_explained(page, status):
    """Scripts decide by these numbers; a number without a sentence is a guess."""
    assert re.search(rf"^\| {status} \| \S", (ROOT / page).read_text("utf-8"), re.MULTILINE)


def test_the_variables_in_the_reference_are_those_the_program_reads():
    """Neither a variable that is read in silence nor one that is promised and ignored."""
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "claude_cli").rglob("*.py"))
    read = set(re.findall(r"""["']((?:ANTHROPIC|CLAUDE_CLI)_[A-Z_]+)["']""", source))
    told = set(re.findall(r"`((?:ANTHROPIC|CLAUDE_CLI)_[A-Z_]+)`", REFERENCE.read_text("utf-8")))
    settings = {f"CLAUDE_CLI_{each.name.upper()}" for each in (*fields(Settings), *SERVE_FIELDS.values())}
    assert told - settings == read - settings


# ------------------------------------------------------------------------------------------------ generator
def sample(
    prompt: Annotated[str, typer.Argument(help="The prompt.")] = "",
    model: Annotated[str, typer.Option("-m", "--model", help="Id | alias.", envvar="SAMPLE_MODEL")] = "sonnet",
    files: Annotated[list[str] | None, typer.Option("--file", help="A file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")] = False,
    wait: Annotated[float, typer.Option("--wait", help="How long. [default: as set]", show_default=False)] = 0,
    secret: Annotated[str, typer.Option("--secret", hidden=True, help="Hidden.")] = "x",
) -> None:
    """Answer one prompt."""


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("## `claude-cli sample`", id="command"),
        pytest.param("Answer one prompt.", id="its help"),
        pytest.param("| `[PROMPT]` | The prompt. |", id="argument that may be left out"),
        pytest.param("| `--model`, `-m` `<str>` | Id \\| alias. Variable: `SAMPLE_MODEL`. | `sonnet` |", id="option"),
        pytest.param("| `--file` `<str>` | A file. Repeatable. |  |", id="repeatable"),
        pytest.param("| `--wait` `<float>` | How long. | as set |", id="default told in words"),
        pytest.param("| `--quiet`, `-q` | Errors only. |  |", id="switch"),
        pytest.param(
            "| `retry_for_s` | seconds within which a failed call is tried again | `60` | `CLAUDE_CLI_RETRY_FOR_S` |",
            id="setting",
        ),
        pytest.param("| 141 | the reader of standard output went away (closed pipe); nothing is printed |", id="exit"),
    ],
)
def test_the_generator_shows(line):
    """The form of each kind of line, on an app small enough to read."""
    assert line in generate.reference(sample_app()).splitlines()


def test_the_generator_leaves_hidden_things_out():
    """An alias kept for old habits is not advertised."""
    page = generate.reference(sample_app())
    assert "--secret" not in page
    assert "claude-cli other" not in page


def sample_app() -> typer.Typer:
    """An app with a command to show and one to hide."""
    app = typer.Typer(add_completion=False)
    app.command()(sample)
    app.command("other", hidden=True)(sample)
    return app


# ------------------------------------------------------------------------------------------------ pages
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page):
    """A file that was moved takes its links along."""
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_uses_only_options_that_exist():
    """The first command a newcomer copies must not be a usage error."""
    tree = commands("claude-cli", typer.main.get_command(the_app()))
    known = {flag for _, command in tree for each in command.params for flag in (*each.opts, *each.secondary_opts)}
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    lines = [line.partition("claude-cli ")[2] for line in "".join(blocks).splitlines()]
    used = {flag for line in lines for flag in re.findall(r"(?<= )--?[a-z][a-z-]*", " " + line.partition(" | ")[0])}
    assert used - known == set()


@pytest.mark.parametrize("mark", ["ci:run", "ci:test"])
def test_the_readme_marks_the_lines_that_are_run(mark):
    """`.ci/run` takes these very lines; without the mark it would test something else."""
    text = (ROOT / "README.md").read_text("utf-8")
    block = re.findall(rf"<!-- {mark} -->\n```sh\n(.+)\n```\n", text)
    assert len(block) == 1
    assert block[0].startswith("python3 -m venv .venv && ")
