"""The program itself: versions, extras, terminal, settings, models, providers."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.core.models import catalogue
from claude_cli.core.providers.manager import GROUP, PluginManager
from claude_cli.diagnose.program import (
    STEPS,
    catalogue_check,
    installed,
    library_checks,
    program_check,
    providers_check,
    settings_check,
    terminal_check,
)
from claude_cli.storage.settings import load_settings

PLUGINS = Path(__file__).resolve().parent.parent / "plugins"
BUILT_IN = EntryPoint("anthropic", "claude_cli.core.providers.anthropic:AnthropicProvider", GROUP)


def test_versions():
    """What a report of a bug has to name."""
    assert program_check("9.8").detail.startswith("claude-cli 9.8, Python 3.")
    found = list(library_checks())
    assert [check.name for check in found] == [step.name for step in STEPS]
    assert {"httpcore", "httpx", "typer", "rich", "keyring", "sqlite", "openssl"} == found[0].data.keys()
    assert all(check.status == "ok" for check in found) and found[1].data.keys() == {"media", "schema", "serve"}


def test_what_is_not_installed():
    """A library is missed; an extra is not, but how it is added is said."""
    libraries, extras = library_checks(lambda package: None if package in ("httpx", "pypdf") else "1.0")
    assert (libraries.status, libraries.exit_code) == ("fail", 2) and libraries.detail.startswith("httpx missing; ")
    assert extras.status == "ok" and extras.detail.startswith("schema, serve; not media (to add: ")
    assert installed("no-such-package") is None


@pytest.mark.parametrize(
    ("environ", "stdout", "colour", "encoding", "status", "words"),
    [
        pytest.param({"TERM": "xterm-256color"}, True, True, "utf-8", "ok", "90 x 30, xterm-256color, 256", id="256"),
        pytest.param({"TERM": "xterm", "COLORTERM": "truecolor"}, True, True, "UTF-8", "ok", "16.7 million", id="all"),
        pytest.param({"TERM": "dumb"}, True, False, "utf8", "ok", "90 x 30, dumb, no colours, UTF-8", id="dumb"),
        pytest.param({}, True, False, "ascii", "warn", "TERM not set, no colours, letters as ascii", id="poor locale"),
        pytest.param({}, False, False, "utf-8", "ok", "standard output is none; stderr is", id="none"),
    ],
)  # fmt: skip
def test_the_terminal(environ, stdout, colour, encoding, status, words):
    """What it can, or that there is none."""
    streams = {"stdin": False, "stdout": stdout, "stderr": True}
    found = terminal_check(environ, streams=streams, size=(90, 30), colour=colour, encoding=encoding)
    assert found.status == status and words in found.detail


def test_settings(tmp_path):
    """Where they are from; a variable that looks like a setting and is none is told."""
    environ = {"CLAUDE_CLI_HOME": str(tmp_path), "CLAUDE_CLI_MODEL": "opus"}
    path = str(tmp_path / "config.toml")
    found = settings_check(load_settings(environ), path, environ)
    assert (found.status, found.detail, found.data["sources"]) == (
        "ok",
        "no file, 1 set",
        {"model": "CLAUDE_CLI_MODEL"},
    )
    environ["CLAUDE_CLI_MODLE"] = "haiku"
    (tmp_path / ".claude-cli.toml").write_text('provider = "parrot"\n')
    found = settings_check(load_settings(environ, folder=tmp_path), path, environ)
    assert len(found.data["remarks"]) == 2 and "provider" in found.data["remarks"][1]
    assert found.status == "warn" and "CLAUDE_CLI_MODLE is set, but there is no such setting" in found.detail


def test_the_catalogue():
    """The user's own file of models may be wrong: then the rest goes on with the shipped ones."""
    check, models = catalogue_check(catalogue)
    assert check.status == "ok" and check.data["models"] == len(models.models)

    def wrong():
        raise UsageError("models.toml, line 3, column 1: a price is a number; correct it")

    check, models = catalogue_check(wrong, "sonnet")
    assert (check.status, check.exit_code, check.advice) == ("fail", 2, "correct it") and models is catalogue()


@pytest.mark.parametrize(
    ("default", "status", "words"),
    [
        pytest.param("opus", "ok", "models", id="known"),
        pytest.param("", "ok", "models", id="of another provider"),
        pytest.param(
            "sonet", "warn", "'sonet', as the settings have it, is known; did you mean sonnet?", id="misspelt"
        ),
        pytest.param("nonsense", "warn", "'nonsense', as the settings have it, is known", id="like no other"),
        pytest.param("claude-2.1", "warn", "retired; its successor is claude-", id="retired"),
    ],
)
def test_the_model_of_the_settings(default, status, words):
    """Which every call without `-m` asks: with a wrong one all is not well."""
    check, _ = catalogue_check(catalogue, default)
    assert check.status == status and words in check.detail and bool(check.advice) is (status == "warn")


@pytest.fixture
def manager(monkeypatch):
    """The built-in provider, a good plugin, and those of the broken package."""
    monkeypatch.syspath_prepend(str(PLUGINS / "broken"))
    monkeypatch.syspath_prepend(str(PLUGINS / "parrot"))
    points = [
        BUILT_IN,
        EntryPoint("parrot", "claude_parrot:ParrotProvider", GROUP),
        EntryPoint("broken-import", "claude_broken_import:Provider", GROUP),
        EntryPoint("broken-half", "claude_broken:Half", GROUP),
        EntryPoint("broken-key", "claude_broken:Key", GROUP),
    ]
    return PluginManager(points, environ={"PARROT_KEY": "x"})


def test_providers(manager):
    """Each by name, with module, models and breaker; a broken one is named with why, and takes nobody with it."""
    found = providers_check("anthropic", manager, ["m-1"])
    assert found.status == "warn" and "anthropic (ready), parrot (ready); 3 broken" in found.detail
    assert (
        "broken-import" in found.detail
        and "'broken-key' cannot be asked" in found.detail
        and "canary" not in found.detail
    )
    assert {one["name"]: one["status"] for one in found.data["providers"]} == {
        "anthropic": "ready", "broken-half": "broken", "broken-import": "broken", "broken-key": "broken",
        "parrot": "ready",
    }  # fmt: skip
    assert found.data["providers"][0] == {
        "name": "anthropic", "module": "claude_cli.core.providers.anthropic", "status": "ready", "models": ["m-1"],
        "breaker": "closed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        pytest.param("broken-half", "lacks get_available_models", id="broken"),
        pytest.param("nobody", "no provider is called 'nobody'", id="unknown"),
    ],
)
def test_a_chosen_provider_that_cannot_answer(manager, chosen, words):
    """Then nothing works, and it is a setting that has to change."""
    found = providers_check(chosen, manager, [])
    assert (found.status, found.exit_code) == ("fail", 2) and words in f"{found.detail}; {found.advice}"


def test_only_the_built_in_provider():
    """As almost everybody has it."""
    found = providers_check("anthropic", PluginManager([BUILT_IN], environ={}), [])
    assert (found.status, found.detail) == ("ok", "anthropic (ready), breakers closed")
