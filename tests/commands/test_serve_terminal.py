"""`claude-cli serve` with a person at its terminal: what is told, and what Ctrl-C does to an answer under way."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import threading
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import trustme

from .serving import CHAT, ask


def test_a_terminal_is_told_how_to_call_it(claude, serve):
    """A line that can be pasted; what may be spent; where keys come from; and requests in lines for people."""
    (claude.home / "config.toml").write_text("[budget]\nday = 5\n")
    claude("serve", "keys", "create", "laptop")
    running, url = serve("--offline", "--max-cost", "2.5", err="terminal")
    running.err.wait_for(b"Ctrl-C ends it")
    text = running.err.data.decode()
    assert (
        f"OpenAI clients, base URL:\n  {url}/v1\n" in text.replace("\r", "")
        and "claude-cli serve keys create NAME" in text
    )
    assert "budget: $2.50 in this run, $5.00 a day" in text
    command = pasted(text)
    data = json.loads(re.search("-d '(.*)'", command, re.DOTALL)[1])
    assert "Authorization: Bearer $KEY" in command and ask(url, body=data)[0] == 401
    running.err.wait_for(b"invalid_api_key")
    running.signal(signal.SIGINT)
    assert running.wait().status == 130
    assert b"{" not in running.err.data.replace(b"\r", b"").replace(command.encode(), b"")


def pasted(text: str) -> str:
    """The command that a terminal shows; no line of all that is too long for a small one."""
    shown = text.replace("\r", "").partition("Ctrl-C ends it")[0]
    command = re.search(r"curl .*?]}'", shown, re.DOTALL)[0]
    assert max(map(len, [*command.splitlines(), *re.findall("  http.*", shown)])) <= 60
    return command


def test_the_printed_line_is_pasted(claude, serve):
    """What is shown works as it stands, in a shell."""
    running, _ = serve("--offline", "--no-auth", err="terminal")
    running.err.wait_for(b"Ctrl-C ends it")
    done = subprocess.run(
        ["sh", "-c", f"{pasted(running.err.data.decode())} -s"], capture_output=True, text=True, timeout=20
    )
    assert "simulated" in json.loads(done.stdout)["choices"][0]["message"]["content"]
    running.signal(signal.SIGTERM)
    assert running.wait().status == 143


@pytest.mark.parametrize(
    ("words", "name"),
    [
        pytest.param(("--host", "0.0.0.0"), "127.0.0.1", id="all addresses"),
        pytest.param(("--host", "0.0.0.0", "--allow-host", "gw.example"), "gw.example", id="by a name"),
        pytest.param(("--host", "127.0.0.2", "--allow-host", "gw.example"), "127.0.0.2", id="one address"),
    ],
)
def test_a_terminal_is_told_an_address_that_can_be_called(claude, serve, words, name):
    """Nobody calls 0.0.0.0, and no certificate has it."""
    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(claude.folder / "gateway.pem"))
    claude("serve", "keys", "create", "k")
    files = ("--tls-cert", "gateway.pem", "--tls-key", "gateway.pem")
    running, _ = serve("--offline", *files, *words, err="terminal")
    running.err.wait_for(b"Ctrl-C ends it")
    assert f"curl https://{name}:" in running.err.data.decode()
    running.signal(signal.SIGTERM)
    assert running.wait().status == 143


@pytest.mark.parametrize("signals", [1, 2], ids=["one signal: the answer ends", "two: it is cut"])
def test_an_answer_under_way(simulate, serve, claude, signals):
    """The first Ctrl-C lets it end, the second does not; money is written either way."""
    upstream = simulate({"say": "word " * 40}, pace_s=0.01 if signals == 1 else 0.5)
    running, url = serve("--no-auth", err="terminal")
    running.err.wait_for(b"Ctrl-C ends it")
    got: list[bytes] = []
    begun = threading.Event()

    def read() -> None:
        place = urlsplit(url)
        with closing(http.client.HTTPConnection(place.hostname, place.port, timeout=20)) as connection:
            connection.request("POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": True}))
            response = connection.getresponse()
            try:
                while piece := response.read1():
                    got.append(piece)
                    begun.set()
            except (http.client.HTTPException, OSError):
                got.append(b"<cut>")

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(20)
    running.signal(signal.SIGINT)
    running.err.wait_for(b"finishing 1 answer under way; Ctrl-C again stops now")
    if signals == 2:
        running.signal(signal.SIGINT)
    assert running.wait().status == 130
    reader.join(20)
    assert (b"[DONE]" in b"".join(got)) == (signals == 1) and len(upstream.requests) == 1
    assert claude("usage", "--by", "command", "--json").json["totals"]["calls"] == 1
