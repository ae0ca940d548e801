"""`claude-cli serve`: what it refuses to begin with, what it says, and how it ends. The rest is tests/gateway's."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import subprocess
import sys

import pytest
import trustme

from claude_cli.commands.serve import PACKAGES

from .serving import CHAT, ask

ALONE = ("serve", "--offline", "--no-auth", "--port", "0")


def events(err: bytes) -> list[dict]:
    """The lines of the log."""
    return [json.loads(line) for line in err.decode().splitlines() if line.startswith("{")]


# ------------------------------------------------------------------------------------------------ from start to end
@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_it_prints_its_address_answers_and_leaves(serve, number, status):
    """The address alone on standard output, so that a script can read it; the log is JSON where nobody sits."""
    running, url = serve("--offline", "--no-auth")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    answered, body = ask(url)
    assert answered == 200 and "simulated" in body["choices"][0]["message"]["content"]
    running.signal(getattr(signal, number))
    done = running.wait()
    assert (done.status, done.out) == (status, f"{url}\n")
    assert done.lines[0] == "claude-cli: offline: the built-in simulator answers, no model is asked"
    log = events(done.err_bytes)
    assert [line["event"] for line in log] == ["serve.start", "request", "serve.stop"] and len(done.lines) == 4
    assert (log[0]["url"], log[1]["status"], log[2]["status"]) == (url, 200, status)


def test_a_key_is_made_used_and_paid_for(claude, simulator, serve):
    """The first run as the guide has it: whose calls they were is written when the gateway has ended."""
    claude("serve", "--port", "0").failed(2, "nobody has a key yet", "claude-cli serve keys create NAME")
    key = claude("serve", "keys", "create", "laptop").out.strip()
    running, url = serve()
    assert [ask(url, each)[0] for each in ("", "clk-wrong", key)] == [401, 401, 200]
    assert simulator.requests[0].headers["x-api-key"].endswith("canary") and len(simulator.requests) == 1
    running.signal(signal.SIGTERM)
    done = running.wait()
    assert done.status == 143 and key not in done.err
    told = [line for line in events(done.err_bytes) if line["event"] == "request"]
    assert [line["key"] for line in told] == [None, None, "laptop"]
    assert "serve/laptop" in claude("usage", "--by", "command").out


def test_a_key_made_or_revoked_meanwhile_counts(claude, simulator, serve, until):
    """Nobody has to start it anew for that."""
    first = claude("serve", "keys", "create", "first").out.strip()
    running, url = serve()
    second = claude("serve", "keys", "create", "second").out.strip()
    assert claude("serve", "keys", "revoke", "first", "--yes").status == 0
    until(lambda: (ask(url, first)[0], ask(url, second)[0]) == (401, 200))
    running.signal(signal.SIGTERM)
    assert running.wait().status == 143


def test_tls(claude, serve):
    """https where a certificate is given, and so also elsewhere than on this machine alone."""
    ca = trustme.CA()
    certificate = ca.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(claude.folder / "gateway.pem"))
    claude("serve", "keys", "create", "k")
    files = ("--tls-cert", "gateway.pem", "--tls-key", "gateway.pem")
    running, url = serve("--offline", "--host", "0.0.0.0", *files)
    assert url.startswith("https://0.0.0.0:")
    trusting = ssl.create_default_context()
    ca.configure_trust(trusting)
    assert ask(url.replace("0.0.0.0", "127.0.0.1"), context=trusting)[0] == 401
    running.signal(signal.SIGTERM)
    assert running.wait().status == 143


# ------------------------------------------------------------------------------------------------ what it is told
def test_settings_and_variables_tell_it_too(claude, serve):
    """Of a container's variables, the user's file and flags, the last go first; names of models are in the file."""
    text = '[serve]\nport = 1\nhost = "::1"\n[serve.aliases]\n"gpt-4.1" = "opus"\n"claude-3-opus" = ""\n'
    (claude.home / "config.toml").write_text(text)
    running, url = serve("--offline", "--no-auth", CLAUDE_CLI_SERVE_HOST="127.0.0.1")
    assert url.startswith("http://127.0.0.1:")
    _, listed = ask(url, method="GET", path="/v1/models")
    names = {each["id"] for each in listed["data"]}
    assert {"gpt-4.1", "claude-3-5-sonnet", "sonnet"} <= names and "claude-3-opus" not in names
    assert ask(url, body={**CHAT, "model": "gpt-4.1"})[1]["model"] == "gpt-4.1"
    running.signal(signal.SIGTERM)
    assert running.wait().status == 143


def test_a_project_has_no_say(claude, serve):
    """It serves whoever has a key, wherever it was started."""
    (claude.folder / ".claude-cli.toml").write_text('system = "Obey"\n[serve]\nhost = "0.0.0.0"\n')
    running, url = serve("--offline", "--no-auth", "-q")
    assert "Obey" not in ask(url)[1]["choices"][0]["message"]["content"] and "127.0.0.1" in url
    running.signal(signal.SIGTERM)
    assert running.wait().lines == []


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        pytest.param((), {"serve.start", "request", "serve.stop"}, id="as it stands"),
        pytest.param(("-v",), {"serve.start", "request", "request.start", "request.stop", "serve.stop"}, id="-v"),
        pytest.param(("-vv",), {"stream.chunk"}, id="-vv"),
        pytest.param(("-q",), set(), id="-q"),
    ],
)
@pytest.mark.parametrize("where", ["standard error", "a file"])
def test_the_log(claude, serve, words, kinds, where):
    """As much as was asked for; in a file whatever `-q` says, and then not on standard error."""
    file = ("--log-file", "serve.log") if where == "a file" else ()
    running, url = serve("--offline", "--no-auth", *words, *file)
    assert ask(url)[0] == 200
    running.signal(signal.SIGTERM)
    err = running.wait().err_bytes
    found = {re.sub(r"^claude_cli\.provider\.\w+\.", "", line["event"]) for line in events(err)}
    if file:
        assert found == set()
        text = (claude.folder / "serve.log").read_bytes()
        found = {re.sub(r"^claude_cli\.provider\.\w+\.", "", line["event"]) for line in events(text)}
        kinds = kinds or {"serve.start", "request", "serve.stop"}
    assert kinds <= found if "-vv" in words else kinds == found


# ------------------------------------------------------------------------------------------------ what it refuses
@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--host", "0.0.0.0"], "on 0.0.0.0 others could read the keys on their way", id="no TLS"),
        pytest.param(["--host", "0.0.0.0", "--no-auth"], "--no-auth is for this machine alone", id="open"),
        pytest.param(["--behind-proxy", "--no-auth"], "behind a proxy others could spend", id="open by proxy"),
        pytest.param(["--tls-cert", "x.pem"], "--tls-cert and --tls-key belong together", id="half of TLS"),
        pytest.param(["--tls-cert", "x", "--tls-key", "y"], "cannot be read: No such file", id="no such files"),
        pytest.param(["--tls-cert", "no.pem", "--tls-key", "no.pem"], "both have to be PEM", id="no PEM"),
        pytest.param(["--tls-cert", "a.pem", "--tls-key", "b.pem"], "they do not belong together", id="mismatch"),
        pytest.param(["--tls-cert", "a.pem", "--tls-key", "locked.pem"], "has a password", id="a password"),
        pytest.param(["--cors-origin", "*"], "'*' is no origin; name each web page", id="all origins"),
        pytest.param(["--cors-origin", "https://a.example/"], "is no origin", id="a page for an origin"),
        pytest.param(["--cors-origin", "http://[::1"], "is no origin", id="half an address"),
        pytest.param(["--allow-host", "gw.example:4003"], "'gw.example:4003' is no name of a host", id="a port"),
        pytest.param(["--port", "70000"], "--port", id="no port"),
        pytest.param(
            ["--host", "192.0.2.1", "--behind-proxy"], "192.0.2.1 port 4003 cannot be opened", id="no address"
        ),
        pytest.param(["--drain", "-1"], "--drain is", id="drain"),
        pytest.param(["--retries", "-1"], "--retries is", id="retries"),
        pytest.param(["--max-cost", "lots"], "--max-cost is an amount of US dollars", id="money"),
        pytest.param(
            ["--on-unsupported", "shrug"], "--on-unsupported shrug is not known; choose warn, drop", id="no choice"
        ),
        pytest.param(
            ["--keys-file", "none.json"], "/none.json; see --keys-file (serve.keys_file)", id="no file of keys"
        ),
        pytest.param(["--keys-file", "empty.json"], "empty.json has none, so nobody could call", id="no key in it"),
        pytest.param(["--log-file", "no/where"], "the log file no/where cannot be opened", id="no log"),
        pytest.param(["--provider", "anthropik"], "anthropik", id="no provider"),
        pytest.param(["--fallback-model", "haiku,sonet"], "there is no model 'sonet'; did you mean", id="no fallback"),
        pytest.param(["--fallback-model", "claude-opus-4-1"], "successor is claude-opus-5-5", id="a retired fallback"),
        pytest.param(["keyz"], "keyz", id="no command"),
    ],
)
def test_it_does_not_begin(claude, words, said):
    """Status 2 and what to do, before it listens."""
    (claude.folder / "no.pem").write_text("no PEM")
    (claude.folder / "empty.json").write_text('{"version": 1, "keys": []}')
    ca = trustme.CA()
    for name in ("a", "b"):
        certificate = ca.issue_cert("127.0.0.1")
        certificate.private_key_and_cert_chain_pem.write_to_path(str(claude.folder / f"{name}.pem"))
    locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    if "locked.pem" in words:
        make = ["openssl", "pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:word", "-in", "a.pem"]
        locked = subprocess.run(make, cwd=claude.folder, capture_output=True, text=True, check=True).stdout
    (claude.folder / "locked.pem").write_text(locked)
    if "--keys-file" not in words:
        claude("serve", "keys", "create", "k")
    done = claude("serve", "--offline", "-q", *words)
    assert said in done.failed(2) and done.out == ""


def test_a_port_that_is_taken(claude):
    """The port is named, and the flag that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = claude("serve", "--offline", "--no-auth", "-q", "--port", str(port)).failed(2, f"port {port}", "--port")
        assert "Address already in use (by another claude-cli serve?)" in line


def test_without_a_key_for_the_provider(claude):
    """Status 3 at once, and not with the first request."""
    line = claude("serve", "--no-auth", ANTHROPIC_API_KEY=None, ANTHROPIC_BASE_URL=None).failed(3)
    assert "claude-cli keys set" in line


@pytest.mark.parametrize(
    ("text", "variable", "said"),
    [
        pytest.param("[serve]\nport = 70000\n", {}, "--port (serve.port) is 0 to 65535, not 70000", id="port"),
        pytest.param("[serve]\nat_once = 0\n", {}, "serve.at_once is 1 or more", id="nobody is served"),
        pytest.param("[serve]\nprot = 1\n", {}, "did you mean 'serve.port'?", id="slip"),
        pytest.param("", {"CLAUDE_CLI_SERVE_PORT": "x"}, "CLAUDE_CLI_SERVE_PORT: serve.port is", id="variable"),
        pytest.param(
            "[serve]\nlimits_url = 'mysql://x'\nstreams_at_once = 5\n",
            {},
            "serve.limits_url is memory:// or redis://",
            id="limits",
        ),
    ],
)
def test_wrong_settings(claude, text, variable, said):
    """As with any other command."""
    (claude.home / "config.toml").write_text(text)
    words = [word for word in ALONE if word not in ("--port", "0")]
    assert said in claude(*words, "-q", **variable).failed(2)


def test_names_of_models_nobody_knows_are_said(claude, serve):
    """They may be newer than the catalogue, or slips; requests for them show which."""
    (claude.home / "config.toml").write_text('[serve.aliases]\n"gpt-5" = "sonet"\n')
    running, _ = serve("--offline", "--no-auth", "--fallback-model", "claude-nova-9")
    running.signal(signal.SIGTERM)
    lines = running.wait().lines
    assert lines[0].startswith(
        "claude-cli: serve.aliases.gpt-5: the catalogue does not know the model 'sonet'; did you"
    )
    assert "fallback model claude-nova-9: the catalogue does not know" in lines[1]
    assert all(
        line.endswith("may be answered 404; mend the setting, or: claude-cli models --refresh") for line in lines[:2]
    )


def test_budgets_that_do_not_hold_are_said(claude, serve):
    """Nothing is recorded offline, so nobody would see why a key is never refused."""
    claude("serve", "keys", "create", "rich")
    for budget, said in (((), False), (("--budget-day", "5"), True)):
        claude("serve", "keys", "create", f"of{len(budget)}", *budget)
        running, _ = serve("--offline")
        running.signal(signal.SIGTERM)
        err = running.wait().err
        assert ("budgets of keys do not hold offline" in err and "claude-cli simulate" in err) == said


def test_flags_in_front_of_another_command_are_refused(claude):
    """They would do nothing there."""
    claude("serve", "--port", "5", "keys", "list").failed(2, "--port is for the gateway, not for serve keys")


@pytest.mark.parametrize("package", ["uvicorn", "prometheus_client"])
def test_without_the_extra(claude, package):
    """One line, with what adds it to this very installation; keys can be made all the same."""
    (claude.folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
    without = {"PYTHONPATH": str(claude.folder)}
    line = claude(*ALONE, **without).failed(2, "serve needs packages that are not installed yet; to add them: ")
    assert f"{sys.executable} -m pip install" in line and "[serve]" in line
    assert claude("serve", "keys", "create", "k", **without).status == 0


def test_other_commands_load_nothing_of_it(claude):
    """Whoever has the extra installed must not wait for it in front of each answer."""
    done = claude("complete", "--offline", "hi", shell='exec "$1" -X importtime "$2" "$3" "$4" "$5" "$6"')
    loaded = re.findall(r"^import time:.*\| +(\S+)$", done.err, re.MULTILINE)
    assert "claude_cli.core.prepare" in loaded
    assert [name for name in loaded if name.startswith((*PACKAGES, "claude_cli.gateway"))] == []
