"""What the long proofs share: one answer as bytes, and the program as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.proof

WORDS = ["Grüß Gott, ", "世界! ", "A line\nand ", "𝄞 music", "\u2028 done."]
TEXT = "".join(WORDS)


def frame(kind: str, **members: object) -> bytes:
    """One server-sent event of the Messages API."""
    data = json.dumps({"type": kind, **members}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()


def answer() -> bytes:
    """A whole streamed answer: a sealed thinking block, a ping, text in pieces, usage and the end."""
    usage = {"input_tokens": 12, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "content": []}
    parts = [
        frame("message_start", message={**message, "stop_reason": None, "stop_sequence": None, "usage": usage}),
        frame("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}),
        frame("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "c2ln"}),
        frame("content_block_stop", index=0),
        frame("ping"),
        frame("content_block_start", index=1, content_block={"type": "text", "text": ""}),
        *(frame("content_block_delta", index=1, delta={"type": "text_delta", "text": word}) for word in WORDS),
        frame("content_block_stop", index=1),
        frame("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 9}),
        frame("message_stop"),
    ]
    return b"".join(parts)


def environment(tmp_path: Path, url: str) -> dict[str, str]:
    """A new user's environment, with a server of ours as the API."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CLAUDE_CLI_HOME": str(tmp_path),
        "ANTHROPIC_API_KEY": "sk-ant-test-key",
        "ANTHROPIC_BASE_URL": url,
    }


def start(arguments: list[str], env: dict[str, str], stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """The program as a process of its own, its output in pipes."""
    command = [sys.executable, "-m", "claude_cli", *arguments]
    # Unbuffered: `communicate` does not look at what a buffer of ours has read ahead.
    pipes = {"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=env, bufsize=0, **pipes)
