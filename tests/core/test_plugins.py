"""Providers from elsewhere: built as a wheel, installed, found by their entry point, and asked."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from claude_cli import LLMProvider, PluginManager, ProviderPool, list_providers
from claude_cli.core.errors import AuthenticationError, UsageError
from claude_cli.core.events import MessageDone, TextDelta
from claude_cli.core.providers.manager import GROUP, chat_request

from ..loopback import TEXT, body_of, headers_of, response

PLUGINS = Path(__file__).resolve().parent.parent / "plugins"
KEY = "sk-ant-api03-canary"
ASK = {"model": "sonnet", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50}


# ------------------------------------------------------------------------------------------------ built and installed
def wheel(source: Path, folder: Path) -> Path:
    """The wheel of a project whose modules lie beside its pyproject.toml; without a backend, so without a network."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    name = f"{project['name'].replace('-', '_')}-{project['version']}"
    info = f"{name}.dist-info"
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in each.items())
        for group, each in project["entry-points"].items()
    )
    files = {module.name: module.read_text("utf-8") for module in sorted(source.glob("*.py"))}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = points
    record = [f"{path},sha256={digest(text)},{len(text.encode())}\n" for path, text in files.items()]
    files[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"])
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return path


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder in which pip has installed a good plugin and a package of broken ones."""
    folder = tmp_path_factory.mktemp("plugins")
    wheels = [str(wheel(PLUGINS / name, folder)) for name in ("parrot", "broken")]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index"]
    subprocess.run([*command, "--no-deps", "--target", str(folder / "site"), *wheels], check=True, timeout=100)
    return folder / "site"


def python(installed: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the plugins installed."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "CLAUDE_CLI_HOME", "SYSTEMROOT")}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, encoding="utf-8", timeout=60,
        stdin=subprocess.DEVNULL, env={**kept, "PYTHONPATH": str(installed), "PYTHONUTF8": "1", **environ},
    )  # fmt: skip


ANSWER = """
import asyncio
from claude_cli import PluginManager

async def main():
    async with PluginManager().create("parrot") as provider:
        print(await provider.generate_completion("parrot-1", "Polly wants a biscuit"))
        print(await provider.health_check())

asyncio.run(main())
"""


def test_a_plugin_answers_from_python(installed):
    """The same dictionary as from the built-in provider; the rest follows from the two methods it writes."""
    done = python(installed, "-W", "error", "-c", ANSWER, PARROT_KEY="polly")
    assert done.stderr == ""
    answer, health = done.stdout.splitlines()
    assert "'text': 'Polly wants a biscuit '" in answer
    assert "'cost_usd': None" in answer
    assert health.startswith("Health(status='ok'")


def test_a_plugin_answers_on_the_command_line(installed):
    """`--provider NAME`, through the whole stack: the answer on stdout and nothing else anywhere."""
    done = python(installed, "-m", "claude_cli", "complete", "--provider", "parrot", "Polly wants", PARROT_KEY="polly")
    assert (done.stdout.split(), done.stderr, done.returncode) == (["Polly", "wants"], "", 0)


def test_a_setting_chooses_a_plugin(installed):
    """As the flag does."""
    done = python(
        installed, "-m", "claude_cli", "complete", "Polly wants", PARROT_KEY="polly", CLAUDE_CLI_PROVIDER="parrot"
    )
    assert (done.stdout.split(), done.stderr) == (["Polly", "wants"], "")


def test_a_plugin_gains_retries_from_the_client(installed):
    """It makes one try and names its failure; that is all it has to know."""
    done = python(installed, "-m", "claude_cli", "complete", "-vv", "--provider", "parrot", "Hello", PARROT_KEY="busy")
    assert (done.stdout.split(), done.returncode) == (["Hello"], 0)
    assert "claude_cli.provider.parrot.retry" in done.stderr


def test_a_plugin_that_does_not_count_tokens(installed):
    """It is said, with the way that is left; and a prompt is not held up by it."""
    done = python(installed, "-m", "claude_cli", "tokens", "--provider", "parrot", "Hello", PARROT_KEY="polly")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "claude-cli: A parrot does not count tokens; with --estimate they are reckoned here\n"
    done = python(installed, "-m", "claude_cli", "tokens", "--provider", "parrot", "--estimate", "Hello")
    assert (done.returncode, done.stdout) == (0, "~6\n")


def test_a_plugin_that_lacks_its_key(installed):
    """Its own error is shown as ours are."""
    done = python(installed, "-m", "claude_cli", "complete", "--provider", "parrot", "Hello")
    assert (done.stdout, done.returncode) == ("", 3)
    assert "the parrot wants PARROT_KEY" in done.stderr
    assert "Traceback" not in done.stderr


LIST = """
import json, warnings
from claude_cli import list_providers
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    found = list_providers()
print(json.dumps([{**one, "models": len(one["models"])} for one in found]))
print(*(warning.message for warning in caught), sep="\\n")
"""


def test_broken_plugins_warn_and_are_skipped(installed):
    """Each says which it is and why; the good ones are listed, those whose key is found."""
    done = python(installed, "-c", LIST, PARROT_KEY="polly")
    listed, *warned = done.stdout.splitlines()
    assert listed == ('[{"name": "parrot-default", "module": "claude_parrot", "status": "ready", "models": 0}]')
    names = ["broken-half", "broken-import", "broken-key", "broken-kind", "broken-name"]
    assert [line.split("'")[1] for line in warned] == names
    reasons = ("lacks get_available_models, stream", "parrots", "KEY_FILE is gone", "no LLMProvider", "Missing")
    for line, words in zip(warned, reasons, strict=True):
        assert words in line
        assert line.endswith("; skipped")
    assert "canary" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken-import", "cannot be loaded: no module named 'parrots'"),
        ("broken-name", "cannot be loaded"),
        ("broken-kind", "is no LLMProvider"),
        ("broken-half", "lacks get_available_models, stream"),
        ("broken-start", "cannot be used: 'PARROT_HOME'"),
        ("nobody", "installed: anthropic, broken-half, broken-import"),
    ],
)
def test_a_broken_plugin_that_is_asked_for(installed, name, words):
    """One line and status 2, never a traceback."""
    done = python(installed, "-m", "claude_cli", "complete", "--provider", name, "Hello")
    assert (done.stdout, done.returncode) == ("", 2)
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "canary" not in done.stderr


# ------------------------------------------------------------------------------------------------ one by one
class Good(LLMProvider):
    """A plugin of this very file."""

    API_KEY_NAME = "GOOD_KEY"

    async def stream(self, request):
        yield MessageDone()

    async def get_available_models(self):
        return []


class Keyless(Good):
    """Wants no key, and so is never found by one."""

    API_KEY_NAME = ""


class Fussy(Good):
    """Cannot be made."""

    def __init__(self, *arguments):
        raise OSError(f"not with sk-ant-api03-canary, nor with {arguments}")


def manager(target: str, **environ: str) -> PluginManager:
    """One that knows a single plugin, "other"."""
    return PluginManager([EntryPoint("other", target, GROUP)], environ)


def test_a_plugin_is_registered_when_its_key_is_found():
    """By the name of its entry point, which is what `create` takes."""
    found = manager(f"{__name__}:Good", GOOD_KEY="x")
    assert found.list_providers() == [{"name": "other-default", "module": __name__, "status": "ready", "models": []}]
    assert isinstance(found.create("other-default"), Good)
    assert manager(f"{__name__}:Good", GOOD_KEY="").list_providers() == []
    assert manager(f"{__name__}:Keyless", GOOD_KEY="x").list_providers() == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        pytest.param("no_such_module_at_all:X", "cannot be loaded", id="no such module"),
        pytest.param("os:no_such_name", "cannot be loaded", id="no such name"),
        pytest.param("os:getcwd", "is no LLMProvider", id="a function"),
        pytest.param("pathlib:Path", "is no LLMProvider", id="another class"),
        pytest.param("claude_cli:LLMProvider", "lacks get_available_models, stream", id="an abstract one"),
    ],
)
def test_what_is_no_provider_warns_and_is_skipped(target, words):
    """It must not take the others with it; asked for by name it is an error."""
    with pytest.warns(UserWarning, match=f"other.*{words}.*skipped"):
        assert manager(target).list_providers() == []
    with pytest.raises(UsageError, match=words):
        manager(target).create("other")


def test_a_plugin_that_cannot_be_made():
    """Whatever it raises; and its message goes the way of all messages."""
    with pytest.raises(UsageError, match="cannot be used") as caught:
        manager(f"{__name__}:Fussy").create("other")
    assert "canary" not in str(caught.value)


def test_a_name_that_is_not_installed():
    """The message says which are."""
    with pytest.raises(UsageError, match="no provider is called 'nobody'; installed: other"):
        manager("os:getcwd").create("nobody")
    with pytest.raises(UsageError, match="installed: none"):
        PluginManager([]).create("nobody")


# ------------------------------------------------------------------------------------------------ the built-in one
def test_the_built_in_provider_registers_like_any_other():
    """By the same group, in the project's own metadata."""
    project = tomllib.loads((PLUGINS.parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"][GROUP] == {"anthropic": "claude_cli.core.providers.anthropic:AnthropicProvider"}
    assert "anthropic" in PluginManager().names()


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_it_is_listed_when_its_key_is_found(monkeypatch, name):
    """The form that was promised."""
    monkeypatch.setenv(name, KEY)
    (listed,) = [one for one in list_providers() if one["name"] == "anthropic-default"]
    assert set(listed) == {"name", "module", "status", "models"}
    assert listed["module"] == "claude_cli.core.providers.anthropic"
    assert listed["status"] == "ready"
    assert "claude-sonnet-5-5" in listed["models"]
    assert "canary" not in repr(listed)


def test_without_a_key_it_is_not():
    """A provider is registered when its key is found."""
    assert PluginManager(environ={}).list_providers() == []
    assert PluginManager(environ={"ANTHROPIC_API_KEY": ""}).list_providers() == []


@pytest.mark.parametrize("name", ["anthropic", "anthropic-default"])
def test_it_is_made_by_either_name(name):
    """The listed name is one that can be asked for."""
    provider = PluginManager().create(name, api_key=KEY, api_base_url="http://127.0.0.1:1")
    assert provider.PROVIDER_NAME == "anthropic"


def test_a_key_that_is_none_is_the_keys_fault_and_not_the_plugins():
    """Errors of ours keep their class and their status."""
    with pytest.raises(AuthenticationError):
        PluginManager().create("anthropic", api_key="sk-ant-admin01-x")


# ------------------------------------------------------------------------------------------------ the pool
def pool(config, request=ASK):
    """The events of one request through a pool."""

    async def main():
        return [event async for event in ProviderPool().stream_request(config, request)]

    return asyncio.run(main())


def test_the_pool_word_for_word(serve):
    """The call as the provider's plan has it."""
    server = serve(response())
    config = {"provider": "anthropic", "api_key": KEY, "api_base_url": server.url}

    events = pool(config, {"model": "claude-sonnet-5-5", "messages": ASK["messages"], "max_tokens": 1024})

    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == TEXT
    assert events[-1] == MessageDone()
    assert headers_of(server.requests[0])["x-api-key"] == KEY
    assert body_of(server.requests[0]) == {
        "model": "claude-sonnet-5-5", "max_tokens": 1024, "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
    }  # fmt: skip


def test_the_pool_takes_every_field_of_the_api(serve):
    """Those we know and those we do not; `stream` it always does."""
    server = serve(response())
    asked = {
        **ASK, "system": [{"type": "text", "text": "Be brief."}], "stop_sequences": ["END"], "stream": False,
        "metadata": {"user_id": "u"}, "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    }  # fmt: skip
    pool({"api_key": KEY, "api_base_url": server.url}, asked)
    assert body_of(server.requests[0]) == {**asked, "model": "claude-sonnet-5-5", "stream": True}


def test_the_key_may_come_from_the_environment(serve, monkeypatch):
    """`api_key` may be left out."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    server = serve(response())
    pool({"provider": "anthropic", "api_base_url": server.url})
    assert headers_of(server.requests[0])["x-api-key"] == KEY


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": None}, "names a model"),
        ({"model": ""}, "names a model"),
        ({"messages": None}, "messages are a list"),
        ({"messages": "hi"}, "messages are a list"),
        ({"messages": ["hi"]}, "messages are a list"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "role"),
        ({"messages": [{"role": "user", "content": 7}]}, "content"),
        ({"stop_sequences": "END"}, "stop_sequences"),
    ],
)
def test_a_request_of_another_form_is_refused(changes, words):
    """With the place, and not with a traceback from inside."""
    with pytest.raises(UsageError, match=words):
        chat_request({**ASK, **changes})


def test_a_pool_that_is_left_closes_everything(simulate):
    """Provider, connection and all: the pool made them."""
    simulator = simulate({"say": "one two", "stall_after": 8})

    async def main():
        events = ProviderPool().stream_request({"api_key": KEY, "api_base_url": simulator.url}, ASK)
        async for event in events:
            if isinstance(event, TextDelta):
                break
        await events.aclose()

    asyncio.run(main())
    simulator.settled()
    assert [request.aborted for request in simulator.requests] == [True]
