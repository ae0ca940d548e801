"""What a guide shows, run as it stands but for port and key: three lines of curl, JavaScript, a page's examples."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "websocket.md"
WAIT_S = 30.0
CHAT_LINE = (
    """curl http://localhost:4003/v1/chat/completions -H "Authorization: Bearer YOUR-KEY" """
    """-d '{"model": "claude-3-5-sonnet", "messages": [{"role": "user", "content": "Explain TLS"}]%s}'"""
)
"""No content type: curl calls it a form."""
FETCH = """
const response = await fetch("http://localhost:4003/v1/chat/completions", {
  method: "POST",
  headers: { Authorization: "Bearer YOUR-KEY" },
  body: JSON.stringify({ model: "claude-3-5-sonnet", messages: [{ role: "user", content: "Explain TLS" }] }),
});
console.log((await response.json()).choices[0].message.content);
"""
SOCKET = """
const ws = new WebSocket("ws://localhost:4003/socket");
ws.onopen = () => ws.send(JSON.stringify({ event: "chat:stream", payload: {
  model: "claude-3-5-sonnet", messages: [{ role: "user", content: "Explain TLS" }],
} }));
ws.onmessage = (message) => {
  console.log(message.data);
  if (JSON.parse(message.data).event === "chat:done") ws.close();
};
"""


@pytest.fixture
def guide(claude):
    """Starts the gateway, with a key or without; returns what puts its port and the key into a guide's text."""

    def start(*words: str):
        key = "" if "--no-auth" in words else claude("serve", "keys", "create", "guide").out.strip()
        running = claude.start("serve", "--offline", "--port", "0", *words)
        running.out.wait_for(b"\n")
        port = running.out.data.decode().strip().rpartition(":")[2]
        return lambda text: text.replace(":4003", f":{port}").replace("YOUR-KEY", key)

    return start


def run(*command: str, stdin: str = "") -> str:
    """What a program prints that has to succeed."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(line: str) -> str:
    """What a line of a shell prints."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    return run("sh", "-ec", line.replace("curl ", "curl -sS --noproxy '*' ", 1))


def node(script: str, *flags: str) -> str:
    """What Node prints for `script`."""
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    return run("node", "--no-warnings", *flags, "--input-type=module", stdin=script)


def with_websocket() -> list[str]:
    """The flag with which this Node has a `WebSocket`, as browsers and Node 22 have without."""
    version = shutil.which("node") and run("node", "--version").removeprefix("v").split(".")
    if not version or (int(version[0]), int(version[1])) < (20, 10):
        pytest.skip("a node with WebSocket (20.10 or newer) is not installed")
    return [] if int(version[0]) >= 22 else ["--experimental-websocket"]


def examples(language: str) -> list[str]:
    """The examples in that language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_three_lines_of_curl(guide):
    """The models, an answer, and an answer that streams."""
    own = guide()
    models = json.loads(shell(own('curl http://localhost:4003/v1/models -H "Authorization: Bearer YOUR-KEY"')))
    assert "claude-3-5-sonnet" in [each["id"] for each in models["data"]]
    answer = json.loads(shell(own(CHAT_LINE % "")))
    assert answer["model"] == "claude-3-5-sonnet" and "simulated" in answer["choices"][0]["message"]["content"]
    lines = shell(own(CHAT_LINE % ', "stream": true')).split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert text == answer["choices"][0]["message"]["content"]


def test_javascript_over_http(guide):
    """`fetch` as it is in browsers and in Node."""
    assert "simulated" in node(guide()(FETCH))


def test_javascript_over_the_websocket(guide):
    """Without a key where none is asked for: two messages' worth of code."""
    printed = node(guide("--no-auth")(SOCKET), *with_websocket())
    heard = [json.loads(line) for line in printed.splitlines()]
    assert [heard[0]["event"], heard[-1]["event"]] == ["chat:start", "chat:done"]
    assert "simulated" in "".join(each["payload"].get("content", "") for each in heard)


def test_the_page_s_javascript(guide):
    """What a reader copies: with the key in the first message."""
    printed = node(guide()(examples("js")[0]), *with_websocket())
    assert "simulated" in printed.replace("\n", "")


def test_the_page_s_python(guide):
    """With the key in a header."""
    printed = run(sys.executable, "-W", "error", "-c", guide()(examples("python")[0]))
    assert "simulated" in printed and printed.endswith("tokens\n")
