"""The real Claude Code asks through the gateway: `ANTHROPIC_BASE_URL`, a key of the gateway's, and nothing else.

It is taken from `CLAUDE_CODE` (the path of its program), or installed by npm into a folder of the test's own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from claude_cli.simulator import BackgroundSimulator

pytestmark = pytest.mark.proof

VERSION = "2.1.197"
UPSTREAM_KEY = "sk-ant-api03-the-gateways-own"
WAIT_S = 120.0


@pytest.fixture(scope="session")
def claude_code(tmp_path_factory) -> str:
    """The path of the program."""
    given = os.environ.get("CLAUDE_CODE")
    if given:
        return given
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, and CLAUDE_CODE does not name the program")
    folder = tmp_path_factory.mktemp("claude-code")
    wanted = [
        npm,
        "install",
        "--prefix",
        str(folder),
        "--no-audit",
        "--no-fund",
        f"@anthropic-ai/claude-code@{VERSION}",
    ]
    done = subprocess.run(wanted, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm does not get Claude Code {VERSION} here: {done.stderr.strip()[-200:]}")
    return str(folder / "node_modules" / ".bin" / "claude")


class Served:
    """`claude-cli serve` before a simulator, with a key for somebody."""

    def __init__(self, home: Path) -> None:
        self._home, self._log = home, home / "serve.log"
        self._env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "CLAUDE_CLI_HOME": str(home / "cli"),
            "ANTHROPIC_API_KEY": UPSTREAM_KEY,
        }  # fmt: skip
        self._process: subprocess.Popen[str] | None = None
        self._simulator: BackgroundSimulator | None = None

    def __call__(self, script: Sequence[Mapping[str, Any]] = ()) -> tuple[str, str, BackgroundSimulator]:
        """Start both; gives the address, the key, and the simulator."""
        program = [sys.executable, "-m", "claude_cli", "serve"]
        made = subprocess.run([*program, "keys", "create", "anna"], env=self._env, capture_output=True, text=True)
        self._simulator = BackgroundSimulator(script=script, keys=[UPSTREAM_KEY])
        url = self._simulator.__enter__().url
        with self._log.open("w") as log:
            command = [*program, "--port", "0", "--base-url", url]
            self._process = subprocess.Popen(command, env=self._env, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout
        address = self._process.stdout.readline().strip()
        assert address, self._log.read_text()
        return address, made.stdout.split()[0], self._simulator

    def told(self) -> list[dict[str, Any]]:
        """The questions in the log of the gateway, which ends."""
        self.stop()
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == "request" and line.get("route") == "/v1/messages"]

    def stop(self) -> None:
        """End both, as a signal does."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            self._process.communicate(timeout=WAIT_S)
            self._process = None
        if self._simulator:
            self._simulator.__exit__(None, None, None)
            self._simulator = None


@pytest.fixture
def served(tmp_path):
    """Starts the gateway, once."""
    gateway = Served(tmp_path)
    yield gateway
    gateway.stop()


def ask(program: str, tmp_path: Path, url: str, *arguments: str, **auth: str) -> subprocess.CompletedProcess[str]:
    """One question by somebody who has never used Claude Code."""
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    env = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "ANTHROPIC_BASE_URL": url, "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", **auth,
    }  # fmt: skip
    return subprocess.run(
        [program, "-p", *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=WAIT_S, check=False
    )


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_it_gets_its_answer_with_a_key_of_the_gateway(claude_code, served, tmp_path, name):
    """In either header; what the provider sees is the question as it is, with the gateway's own key."""
    url, key, simulator = served([{"say": "Good day."}])
    done = ask(claude_code, tmp_path, url, "hi", **{name: key})

    assert (done.returncode, done.stdout.strip()) == (0, "Good day."), done
    (request,) = [request for request in simulator.requests if request.path == "/v1/messages"]
    assert request.query == "beta=true"
    assert request.headers["x-api-key"] == UPSTREAM_KEY
    assert "claude-code-20250219" in request.headers["anthropic-beta"]
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert len(request.json["tools"]) > 10
    assert key not in str(request)
    (told,) = served.told()
    assert (told["key"], told["outcome"], told["stream"]) == ("anna", "done", True)
    assert told["cost_usd"]


def test_a_tool_is_used_and_its_result_comes_back(claude_code, served, tmp_path):
    """Two questions; the second holds the first answer as it was."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.txt").write_text("the word is osprey\n")
    path = str(tmp_path / "project" / "a.txt")
    script = [{"stop_reason": "tool_use", "tool": "Read", "tool_input": {"file_path": path}}, {"say": "It is osprey."}]
    url, key, simulator = served(script)
    done = ask(claude_code, tmp_path, url, "Which word is in a.txt?", ANTHROPIC_API_KEY=key)

    assert (done.returncode, done.stdout.strip()) == (0, "It is osprey."), done
    assert "the word is osprey" in simulator.requests[-1].body.decode()


def test_it_tries_again_by_itself(claude_code, served, tmp_path):
    """It sees the real status, and waits as it is told."""
    url, key, _ = served([{"status": 529, "retry_after": 1}, {"status": 500}, {"say": "There."}])
    done = ask(claude_code, tmp_path, url, "hi", ANTHROPIC_API_KEY=key)

    assert (done.returncode, done.stdout.strip()) == (0, "There."), done
    assert [told["status"] for told in served.told()] == [529, 500, 200]


@pytest.mark.parametrize(
    ("script", "right", "said"),
    [
        pytest.param([], False, "Invalid API key", id="a wrong key"),
        pytest.param([{"status": 401, "times": "always"}], True, "gateway", id="the gateway's own key is refused"),
    ],
)
def test_it_gives_up_at_once_where_nothing_will_change(claude_code, served, tmp_path, script, right, said):
    """And tells its user whose key it is."""
    url, key, _ = served(script)
    done = ask(claude_code, tmp_path, url, "hi", ANTHROPIC_API_KEY=key if right else "clk-wrong")

    assert done.returncode == 1
    assert said in done.stdout
    assert UPSTREAM_KEY not in done.stdout + done.stderr
    assert len(served.told()) == 1
