"""What lies in contrib/ works as it stands: the sample settings, the systemd unit, the container's file."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from claude_cli.gateway.config import Config, configured
from claude_cli.gateway.names import ALIASES
from claude_cli.storage.settings import FIELDS, load_settings
from claude_cli.storage.settings_serve import SERVE_FIELDS, serve_settings

ROOT = Path(__file__).resolve().parents[2]
CONTRIB = ROOT / "contrib"
SAMPLE = (CONTRIB / "config.toml").read_text("utf-8")
UNIT = CONTRIB / "claude-cli-serve.service"
DOCKERFILE = (CONTRIB / "Dockerfile").read_text("utf-8")


def test_all_of_it_is_in_the_source_archive():
    """Who builds from that has it, too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "contrib" in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]


# ------------------------------------------------------------------------------------------------ settings
def test_the_sample_is_the_default(tmp_path):
    """Who copies all of it changes nothing, and no model is called what it is not."""
    (tmp_path / "config.toml").write_text(SAMPLE)
    environ = {"CLAUDE_CLI_HOME": str(tmp_path)}
    settings, _ = serve_settings(load_settings(environ), environ)
    assert configured(settings) == Config()
    assert dict(settings.serve_aliases) == ALIASES and not [name for name in ALIASES if name.startswith("gpt")]


def test_each_line_that_is_commented_out_is_right(tmp_path):
    """Taking the mark away must not make a file that is refused; all settings of [serve] are there to be found."""
    text = re.sub(r"^# (?=(?:\"[^\"]+\"|\w+) = |\[)", "", SAMPLE, flags=re.MULTILINE)
    text = (
        text.replace("[budget]", "").replace("day = 20", "budget.day = 20").replace("month = 200", "budget.month = 200")
    )
    (tmp_path / "config.toml").write_text(text)
    settings = load_settings({"CLAUDE_CLI_HOME": str(tmp_path)})
    assert settings.serve.keys() == SERVE_FIELDS.keys() and settings.key_command[0] == "cat"
    written = {name: value for name, value in settings.serve.items() if name not in ("serve.aliases", *_OTHER)}
    assert written == {name: SERVE_FIELDS[name].default for name in written}
    assert dict(settings.serve["serve.aliases"]).keys() - ALIASES.keys() == {
        "gpt-5", "gpt-4.1", "gpt-4o", "gpt-4o-mini", "gpt-4", "gpt-3.5-turbo"
    }  # fmt: skip


_OTHER = ("serve.tls_cert", "serve.tls_key")
"""Shown with an example, as their default says nothing."""


# ------------------------------------------------------------------------------------------------ systemd
def test_the_unit_is_one(tmp_path):
    """As systemd itself reads it, with a program that is there."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/claude-cli/bin/claude-cli", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_units_line_and_variables_are_the_programs_own(claude):
    """What it sets is a setting, and what it starts starts: with keys that a credential holds."""
    text = UNIT.read_text("utf-8")
    start = re.search(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE)
    assert start and start[1] == "serve" and "SuccessExitStatus=143" in text
    assert int(re.search(r"^TimeoutStopSec=(\d+)", text, re.MULTILINE)[1]) > Config().drain_s
    names = set(re.findall(r"(CLAUDE_CLI_\w+)=", text))
    known = {f"CLAUDE_CLI_{name.upper().replace('.', '_')}" for name in (*FIELDS, *SERVE_FIELDS)}
    assert names and names <= known
    claude("serve", "keys", "create", "k")
    (claude.folder / "gateway-keys").write_bytes((claude.home / "gateway-keys.json").read_bytes())
    told = {"CLAUDE_CLI_KEYRING": "false", "CLAUDE_CLI_SERVE_KEYS_FILE": str(claude.folder / "gateway-keys")}
    running = claude.start(start[1], "--port", "0", **told)
    running.out.wait_for(b"\n")
    running.signal(signal.SIGTERM)
    assert running.wait().status == 143


# ------------------------------------------------------------------------------------------------ the container
def instruction(word: str) -> list[str]:
    """What follows `word` at the beginning of a line, continuation lines joined, for each of them."""
    return re.findall(rf"^{word} (.*)$", DOCKERFILE.replace("\\\n", " "), re.MULTILINE)


def test_the_container_is_nobody_special_and_its_secrets_are_not_inside():
    """Not root, and no key in a layer or a variable of the image."""
    assert instruction("USER") == ["10001"] and "ANTHROPIC_API_KEY" not in DOCKERFILE
    assert "/run/secrets/anthropic-key" in DOCKERFILE and "[serve" in instruction("RUN")[0]


def test_what_the_container_runs_and_how_it_is_looked_after(claude):
    """Its variables and its command, here; its health check finds it well."""
    variables = dict(pair.split("=", 1) for pair in " ".join(instruction("ENV")).split())
    home, keys = variables.pop("CLAUDE_CLI_HOME"), variables.pop("CLAUDE_CLI_SERVE_KEYS_FILE")
    assert home == "/data" and keys.startswith("/run/secrets/")
    (claude.folder / "keys.json").write_text(
        json.dumps({"version": 1, "keys": [{"name": "app", "key": "a-key-of-somebody-else"}]})
    )
    words = [*json.loads(instruction("ENTRYPOINT")[0])[1:], *json.loads(instruction("CMD")[0])]
    running = claude.start(*words, CLAUDE_CLI_SERVE_PORT="0", CLAUDE_CLI_SERVE_KEYS_FILE="keys.json", **variables)
    running.out.wait_for(b"\n")
    port = running.out.data.decode().strip().rpartition(":")[2]
    check = json.loads(re.search(r"CMD (\[.*\])", instruction("HEALTHCHECK")[0])[1])
    healthy = [sys.executable, *[word.replace("4003", port) for word in check[1:]]]
    assert subprocess.run(healthy, timeout=20).returncode == 0
    running.signal(signal.SIGTERM)
    assert running.wait().status == 143
    assert subprocess.run(healthy, timeout=20, stderr=subprocess.DEVNULL).returncode != 0
