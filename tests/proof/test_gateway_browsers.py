"""The gateway and a real browser: a foreign page reaches nothing, one that may call does. And Node's package `ws`."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from claude_cli.simulator import BackgroundSimulator

from .conftest import environment, start

pytestmark = pytest.mark.proof

WAIT_S = 60.0
PAGE = """<!doctype html><meta charset="utf-8"><script type="module">
const gateway = "127.0.0.1:GATEWAY_PORT";
const body = JSON.stringify({ model: "claude-3-5-sonnet", messages: [{ role: "user", content: "spend" }] });
const chat = `http://${gateway}/v1/chat/completions`;
const found = {};

async function attempt(name, action) {
  try { found[name] = await action(); } catch (error) { found[name] = `failed: ${error}`; }
}
const told = async (response) => response.type === "opaque" ? "opaque" : `${response.status} ${await response.text()}`;
const element = (tag) => new Promise((resolve) => {
  const made = document.createElement(tag);
  made.onload = () => resolve("loaded");
  made.onerror = () => resolve("failed: no load");
  made.src = `http://${gateway}/v1/models`;
  document.body.append(made);
});
const socket = () => new Promise((resolve) => {
  const made = new WebSocket(`ws://${gateway}/socket`);
  let text = "";
  made.onopen = () => made.send(JSON.stringify({ event: "chat:stream", payload: JSON.parse(body) }));
  made.onerror = () => resolve("failed: no socket");
  made.onmessage = ({ data }) => {
    const { event, payload } = JSON.parse(data);
    text += payload.content ?? "";
    if (event === "chat:done" || event === "chat:error") resolve(`${event} ${text}`);
  };
});

await attempt("no-cors", async () => told(await fetch(chat, { method: "POST", mode: "no-cors", body })));
await attempt("cors", async () => told(await fetch(chat, { method: "POST", body })));
await attempt("preflighted", async () => told(await fetch(chat, {
  method: "POST", headers: { "content-type": "application/json", authorization: "Bearer any" }, body,
})));
await attempt("messages", async () => told(await fetch(`http://${gateway}/v1/messages`, {
  method: "POST", mode: "no-cors",
  body: JSON.stringify({ ...JSON.parse(body), model: "claude-haiku-4-5", max_tokens: 9 }),
})));
await attempt("beacon", () => String(navigator.sendBeacon(chat, body)));
await attempt("image", () => element("img"));
await attempt("script", () => element("script"));
await attempt("socket", socket);
await fetch("/found", { method: "POST", body: JSON.stringify(found) });
</script><body></body>"""


class Site:
    """A web site of one page, which tells what it found."""

    def __init__(self) -> None:
        self.page, self.found, self.told = "", {}, threading.Event()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(site.page.encode())

            def do_POST(self) -> None:
                site.found = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(204)
                self.end_headers()
                site.told.set()

            def log_message(self, *words: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site():
    """A web site at an origin of its own."""
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def gateway(tmp_path):
    """Starts the program before a simulator; gives its port and the simulator."""
    with BackgroundSimulator() as upstream:
        running = []

        def begin(*words):
            process = start(["serve", "--no-auth", "--port", "0", *words], environment(tmp_path, upstream.url))
            running.append(process)
            return int(process.stdout.readline().rpartition(b":")[2]), upstream

        yield begin
        for process in running:
            process.send_signal(signal.SIGTERM)
            log = process.communicate(timeout=WAIT_S)[1]
            assert b"Traceback" not in log


def visit(site: Site, profile: Path) -> dict[str, str]:
    """What the page finds in Chromium."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("chromium is not installed")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server", f"--user-data-dir={profile}"]
    process = subprocess.Popen([browser, *options, site.origin], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert site.told.wait(WAIT_S), "the page told nothing"
    finally:
        process.terminate()
        process.wait(WAIT_S)
    return site.found


def test_a_foreign_page_reaches_nothing(gateway, site, tmp_path):
    """It may send what it likes, unasked: not one call goes upstream, and it reads no answer."""
    port, upstream = gateway()
    site.page = PAGE.replace("GATEWAY_PORT", str(port))
    found = visit(site, tmp_path / "profile")
    upstream.settled()
    assert upstream.requests == []
    opaque = {name for name, text in found.items() if text == "opaque"}
    failed = {name for name, text in found.items() if text.startswith("failed")}
    assert opaque == {"no-cors", "messages"}, found
    assert failed == {"cors", "preflighted", "image", "script", "socket"}, found


def test_a_page_that_may_call_gets_its_answers(gateway, site, tmp_path):
    """The same page, let in by its origin: so the other test found no broken page."""
    port, upstream = gateway("--cors-origin", site.origin)
    site.page = PAGE.replace("GATEWAY_PORT", str(port))
    found = visit(site, tmp_path / "profile")
    upstream.settled()
    for name in ("cors", "preflighted"):
        assert found[name].startswith("200 ") and "simulated" in found[name], found
    assert found["socket"].startswith("chat:done This is a **simulated** answer"), found
    assert len(upstream.requests) >= 4


def test_the_page_s_javascript_with_the_package_ws(gateway, tmp_path):
    """Two conversations on one connection, with a header; the package is npm's."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    installed = subprocess.run(["npm", "install", "ws"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert installed.returncode == 0, installed.stderr
    port, upstream = gateway()
    page = (Path(__file__).resolve().parents[2] / "docs" / "websocket.md").read_text("utf-8")
    example = re.findall(r"^```js\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[1]
    (tmp_path / "example.mjs").write_text(example.replace(":4003", f":{port}"))
    done = subprocess.run(["node", "example.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert re.search(r"^tls \d+ This is", done.stdout, re.MULTILINE)
    assert re.search(r"^dns \d+ This is", done.stdout, re.MULTILINE)
    assert len(upstream.requests) == 2
