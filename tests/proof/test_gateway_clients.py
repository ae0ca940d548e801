"""Clients of other people against `claude-cli serve`, a process of its own: OpenAI's, LangChain's and LiteLLM's.

LangChain and LiteLLM are not among our development tools: `CLIENTS_PYTHON` names a Python that has them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from claude_cli.simulator import BackgroundSimulator

from ..gateway.openai_checks import CHECKS, Check
from .conftest import environment

pytestmark = pytest.mark.proof

PYTHON = os.environ.get("CLIENTS_PYTHON", "")
CLIENTS = Path(__file__).parent / "clients"
WORDS = ({"say": "Grüß Gott"}, {"say": "Grüß Gott, 世界! So many words.", "chunk": 7})
SCRIPTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "langchain_openai": (
        *WORDS,
        {"stop_reason": "tool_use", "tool": "Place", "tool_input": {"city": "Köln", "degrees": 3.5}},
        {},
        {"stop_reason": "tool_use", "tool": "weather", "tool_input": {"city": "Köln"}},
        {"say": "It is sunny."},
    ),
    "litellm": (
        *WORDS,
        {"stop_reason": "tool_use", "tool": "weather", "tool_input": {"city": "Köln"}},
        {"think": "Hm.", "say": "4"},
        {"status": 429, "retry_after": 300, "model": "claude-sonnet-5-5"},
    ),
}
"""What the upstream answers to each client's questions; `clients/` has them in that order."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def key(home: Path) -> str:
    """A key that the program made."""
    command = [sys.executable, "-m", "claude_cli", "serve", "keys", "create", "proof"]
    done = subprocess.run(command, env=environment(home, ""), check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


@contextmanager
def serving(home: Path, upstream: str) -> Iterator[str]:
    """The address of `claude-cli serve` before `upstream`; it must end well, and never show its key."""
    command = [sys.executable, "-m", "claude_cli", "serve", "--port", "0", "--retries", "1"]
    env = environment(home, upstream)
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert url, process.stderr and process.stderr.read()
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            said = "".join(process.communicate(timeout=60))
    assert "Traceback" not in said
    assert env["ANTHROPIC_API_KEY"] not in said


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_official_client(home: Path, key: str, check: Check) -> None:
    """As in the tests, but with everything around the gateway that a user has."""
    with (
        BackgroundSimulator(script=check.script) as upstream,
        serving(home, upstream.url) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key=key, timeout=30.0) as client,
    ):
        check.run(client, upstream)


@pytest.mark.parametrize("package", SCRIPTS)
def test_a_client_of_others(home: Path, key: str, package: str) -> None:
    """Its own checks of what it got: it knows best what it can use."""
    if not PYTHON or subprocess.run([PYTHON, "-c", f"import {package}"], capture_output=True, timeout=120).returncode:
        pytest.skip(f"CLIENTS_PYTHON names no Python that has {package}")
    script = CLIENTS / f"{package.partition('_')[0]}_client.py"
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONUTF8": "1"}
    with BackgroundSimulator(script=SCRIPTS[package]) as upstream, serving(home, upstream.url) as url:
        done = subprocess.run([PYTHON, script, url, key], env=env, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip().endswith("fine"), done.stdout + done.stderr
