"""The Python of the page about OpenAI's SDK, against `claude-cli serve` itself: what a reader copies has to work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import environment

pytestmark = pytest.mark.proof

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto-openai.md"


def test_the_examples_print_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, as they stand but for the port: an answer, a stream, an object, headers."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    command = [sys.executable, "-m", "claude_cli", "serve", "--offline", "--no-auth", "--port", "0", "-q"]
    names: dict[str, Any] = {"__name__": "example"}
    with subprocess.Popen(command, env=environment(tmp_path, ""), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        try:
            for block in blocks:
                exec(compile(block.replace("http://127.0.0.1:4003", url), str(PAGE), "exec"), names)
        finally:
            process.terminate()
    out = capsys.readouterr().out
    assert out.count("**simulated** answer") == 2 and " tokens\n" in out
    assert "name='simulated' people=1\n" in out and "claude-sonnet-5-5 None\n" in out  # nothing was spent
    assert process.returncode == 143
