"""schemathesis reads the gateway's own description and asks all that it allows, and much that it does not.

It is not among our development tools: it is found beside the Python that `CLIENTS_PYTHON` names, or in PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import environment

pytestmark = pytest.mark.proof

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "missing_required_header", "unsupported_method", "allow_header_conformance",
    "ignored_auth",
)  # fmt: skip
"""All but those that want each stray member refused, which OpenAI's clients rely on not to be."""


@pytest.fixture(scope="module")
def schemathesis() -> str:
    """The path of the program."""
    beside = Path(os.environ.get("CLIENTS_PYTHON", "/")).with_name("schemathesis")
    found = str(beside) if beside.is_file() else shutil.which("schemathesis")
    if found is None:
        pytest.skip("schemathesis is not in PATH, nor beside the Python that CLIENTS_PYTHON names")
    return found


@pytest.mark.timeout(600)
def test_nothing_that_the_description_allows_or_forbids_is_a_500(schemathesis: str, tmp_path: Path) -> None:
    """Statuses, types, headers and bodies are as described, no key is forgotten, and the log has no bug."""
    env = environment(tmp_path, "http://127.0.0.1:1")
    command = [sys.executable, "-m", "claude_cli", "serve"]
    made = subprocess.run([*command, "keys", "create", "a", "--admin"], env=env, check=True, capture_output=True)
    log = tmp_path / "gateway.log"
    with subprocess.Popen(
        [*command, "--offline", "--port", "0", "--log-file", str(log)], env=env, stdout=subprocess.PIPE
    ) as serving:
        try:
            assert serving.stdout
            url = serving.stdout.readline().decode().strip()
            # Not as x-api-key: a valid key there is enough beside a wrong one here, which counts as one forgotten.
            bearer = f"Authorization: Bearer {made.stdout.decode().strip()}"
            asked = [
                schemathesis, "run", f"{url}/openapi.json", "-H", bearer,
                "--checks", ",".join(CHECKS), "--exclude-path", "/socket", "-n", "100", "--seed", "7",
                "--continue-on-failure", "--max-response-time", "10",
            ]  # fmt: skip
            done = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path, timeout=500)
        finally:
            serving.send_signal(signal.SIGTERM)
        assert serving.wait(60) == 143
    assert done.returncode == 0, done.stdout[-20_000:]
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line for line in told if line["event"].startswith("log.")] == []
    statuses = {line["status"] for line in told if line["event"] == "request"}
    assert max(statuses) < 500
    assert {200, 400, 401, 404, 405} <= statuses
