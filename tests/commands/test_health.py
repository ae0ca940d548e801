"""`claude-cli health`: each fault provoked for real, what is said about it, and the status that is left with.

Most runs are in this process, as only the words and the status matter; the single checks are proven in tests/diagnose.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
from contextlib import closing
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme

from claude_cli.cli import main
from claude_cli.simulator import BackgroundSimulator
from claude_cli.storage.history_schema import SCHEMA as HISTORY
from claude_cli.storage.ledger_schema import SCHEMA

from ..loopback import Loopback, response
from ..screens import Screen
from .conftest import CANARY

NAMES = [
    "program", "libraries", "extras", "terminal", "settings", "catalogue", "config", "usage.db",
    "history.db", "budget",
    "providers",
    "address", "key", "keyring", "proxy", "dns", "tcp", "tls", "api", "clock", "limits",
]  # fmt: skip


class Run:
    """One `health --json` in this process: its status, its checks by name, and what it said on standard error."""

    def __init__(self, status, out, err, *, said=0):
        self.status, self.err = status, err
        self.value = json.loads(out)
        self.checks = {check["name"]: check for check in self.value["checks"]}
        assert "CANARY" not in out + err
        assert (self.value["version"], self.value["exit_code"]) == (1, status)
        assert all(check["advice"] for check in self.value["checks"] if check["status"] == "fail")
        lines = err.splitlines()
        assert len(lines) == said + bool(status) and all(line.startswith("claude-cli: ") for line in lines), err

    def __getitem__(self, name):
        return self.checks[name]

    def of(self, status):
        """The names of the checks with `status`."""
        return [name for name, check in self.checks.items() if check["status"] == status]


@pytest.fixture
def home(tmp_path) -> Path:
    """An empty folder for everything of ours."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def health(monkeypatch, capfd, home):
    """Runs it in this process; words are arguments, keywords variables, None leaves one out.

    `said` is the number of lines on standard error besides the one of a failure.
    """

    def run(*words, said=0, **environ):
        plain = {
            "ANTHROPIC_API_KEY": CANARY, "CLAUDE_CLI_HOME": str(home), "HOME": str(home.parent),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }  # fmt: skip
        with monkeypatch.context() as patch:
            patch.chdir(home.parent)
            for name, value in {**plain, **environ}.items():
                if value is not None:
                    patch.setenv(name, value)
            status = main(["health", "--json", *words])
        return Run(status, *capfd.readouterr(), said=said)

    return run


@pytest.fixture
def server():
    """The base URL of a simulator without faults."""
    with BackgroundSimulator() as running:
        yield running


# ------------------------------------------------------------------------------------------------ well
def test_all_is_well(claude, simulator):
    """A line for each check, a summary, nothing on standard error; the key's source, never the key; nothing paid."""
    done = claude("health")
    assert (done.status, done.err) == (0, "")
    *lines, last = [line for line in done.out.splitlines() if not line.startswith(" ")]
    assert [line.split()[1] for line in lines] == NAMES
    assert "key        from ANTHROPIC_API_KEY, profile default" in done.out and simulator.url in done.out
    assert last == "1 warning: config"  # the folder that the test made is open to others
    claude.home.chmod(0o700)
    assert claude("doctor").out.endswith("\nall is well\n")
    assert {(request.method, request.path) for request in simulator.requests} == {("GET", "/v1/models")}


def test_as_json(health, server):
    """Five members and data for each check; the key's source, the address, and the number of models."""
    found = health(ANTHROPIC_BASE_URL=server.url)
    assert (found.status, found.value["status"], found.value["simulated"]) == (0, "ok", False)
    assert list(found.checks) == NAMES
    assert all(
        list(one) == ["name", "status", "detail", "advice", "latency_ms", "data"] for one in found.value["checks"]
    )
    assert found["key"]["data"]["source"] == "ANTHROPIC_API_KEY" and found["api"]["data"]["models"] > 5
    assert found["address"]["data"]["source"] == "ANTHROPIC_BASE_URL" and found["tcp"]["latency_ms"] is not None
    flagged = health("--base-url", server.url, ANTHROPIC_BASE_URL="https://nowhere.invalid")
    assert flagged["address"]["data"]["source"] == "--base-url"


def test_offline(health):
    """The simulator is healthy without a key or a network, and what was not tried is said."""
    found = health("--offline", "-q", ANTHROPIC_API_KEY=None)
    assert (found.status, found.value["simulated"], found["api"]["status"]) == (0, True, "ok")
    for name in ("address", "key", "keyring", "proxy", "dns", "tcp", "tls"):
        assert found[name]["status"] == "skipped" and found[name]["detail"].startswith("offline")


# ------------------------------------------------------------------------------------------------ what the API says
@pytest.mark.parametrize(
    ("step", "status", "words"),
    [
        pytest.param({"status": 401}, 3, "correct or unset ANTHROPIC_API_KEY", id="wrong key"),
        pytest.param({"status": 400}, 2, "check the base URL, and api_version", id="rejected"),
        pytest.param({"status": 403}, 3, "use a key that may", id="no permission"),
        pytest.param({"status": 402}, 3, "settings/billing", id="no credit"),
        pytest.param({"status": 404}, 2, "check the base URL", id="no such path"),
        pytest.param({"status": 429, "retry_after": "7"}, 5, "try again in 7 s", id="rate limited"),
        pytest.param({"status": 529}, 5, "try again later", id="overloaded"),
        pytest.param({"status": 500}, 6, "try again later", id="broken"),
        pytest.param({"status": 200, "html": True}, 6, "captive portal", id="captive portal"),
        pytest.param({"delay_s": 30}, 6, "--timeout", id="silent"),
        pytest.param({"drop": True}, 6, "the connection", id="hangs up"),
    ],
)
def test_what_the_api_says(health, step, status, words):
    """Asked once, without another try; the way there was right, and is not blamed."""
    with BackgroundSimulator(script=[{**step, "path": "/v1/models", "times": "always"}]) as running:
        found = health(*(["--timeout", "0.5"] if "delay_s" in step else []), ANTHROPIC_BASE_URL=running.url)
        assert len(running.requests) == 1
    assert (found.status, found.of("fail")) == (status, ["api"])
    assert words in f"{found['api']['detail']}; {found['api']['advice']}" and words in found.err


def test_a_wrong_clock(health):
    """By the Date of any answer, also of a failure: a warning where nothing is judged by it, else status 2."""
    date = {"date": formatdate(1_000_000_000, usegmt=True)}
    steps = [{"path": "/v1/models", "headers": date}, {"path": "/v1/models", "headers": date, "status": 401}]
    with BackgroundSimulator(script=steps) as running:
        found = health(ANTHROPIC_BASE_URL=running.url)
        assert (found.status, found["clock"]["status"]) == (0, "warn") and "days fast" in found["clock"]["detail"]
        assert health(ANTHROPIC_BASE_URL=running.url).of("warn") == ["clock"]


def test_a_wrong_clock_and_certificates(health, tmp_path):
    """With https the same is a failure: every certificate is judged by that clock."""
    ca, file = trustme.CA(), tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    import ssl

    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(secure)
    date = f"date: {formatdate(1_000_000_000, usegmt=True)}"
    answer = response(b'{"data": []}', 200, date, kind="application/json")
    with Loopback(lambda peer: peer.answer(answer), tls=secure) as running:
        found = health(ANTHROPIC_BASE_URL=running.url, SSL_CERT_FILE=str(file))
        assert (found.status, found.of("fail"), found["tls"]["status"]) == (2, ["clock"], "ok")
        found = health(ANTHROPIC_BASE_URL=running.url)  # nobody vouches for it here
        assert (found.status, found.of("fail"), found["api"]["detail"]) == (6, ["tls"], "not asked: tls failed")
        assert len(running.requests) == 1, "nothing is sent to a server that is not trusted"


def test_another_api(health):
    """Whose object has no list of models: that is no server with none."""
    with Loopback(lambda peer: peer.answer(response(b'{"data": "x"}', 200, kind="application/json"))) as running:
        found = health(ANTHROPIC_BASE_URL=running.url)
    assert (found.status, found.of("fail"), found["api"]["advice"]) == (6, ["api"], "check the base URL")


def test_rate_limits(health):
    """Where the server tells them."""
    limits = {"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "0"}
    with BackgroundSimulator(script=[{"path": "/v1/models", "headers": limits}]) as running:
        found = health(ANTHROPIC_BASE_URL=running.url)
    assert (found.status, found.of("warn")) == (0, ["limits"]) and "requests 0 of 50" in found["limits"]["detail"]


# ------------------------------------------------------------------------------------------------ key and way
def test_no_key(health):
    """Status 3 before 6: without a key the network does not matter yet; the API is not asked."""
    found = health("--timeout", "3", ANTHROPIC_API_KEY=None, HTTPS_PROXY="http://127.0.0.1:9")
    assert found.status == 3 and found.of("fail") == ["key", "proxy"]
    assert found["api"]["detail"] == "not asked: key failed" and "keys set" in found.err


def test_an_anthropic_key_and_plain_http(health, home):
    """It would travel readably: nothing is sent."""
    (home / "config.toml").write_text('allow_http = ["0.0.0.0"]\n')
    (home / "config.toml").chmod(0o600)
    with BackgroundSimulator() as running:
        found = health("--base-url", running.url.replace("127.0.0.1", "0.0.0.0"))
        assert (found.status, found["api"]["status"], running.requests) == (2, "fail", [])
    assert "never sent by plain http" in found.err


def test_a_closed_port(health):
    """Status 6."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = health("--base-url", f"http://127.0.0.1:{port}")
    assert (found.status, found.of("fail")) == (6, ["tcp"]) and f"127.0.0.1:{port}" in found.err
    assert found["api"]["status"] == "skipped"


def test_a_proxy_that_refuses(health):
    """The provider is not to blame."""
    found = health("--base-url", "https://api.test", HTTPS_PROXY="http://me:CANARY@127.0.0.1:9")
    assert (found.status, found.of("fail")) == (6, ["proxy"]) and "127.0.0.1:9" in found["proxy"]["detail"]


# ------------------------------------------------------------------------------------------------ settings and data
@pytest.mark.parametrize(
    ("words", "environ", "name", "said"),
    [
        pytest.param(["--base-url", "ftp://x"], {}, "address", "ftp://x", id="no address"),
        pytest.param(["--base-url", "http://far.test"], {}, "address", "plain http", id="plain http"),
        pytest.param(["--profile", "nobody"], {}, "settings", "no profile 'nobody'", id="no such profile"),
        pytest.param(["--offline", "--provider", "nobody"], {}, "providers", "no provider is called", id="no provider"),
        pytest.param([], {"CLAUDE_CLI_RETRY_FOR_S": "soon"}, "settings", "CLAUDE_CLI_RETRY_FOR_S", id="wrong variable"),
        pytest.param([], {"HTTPS_PROXY": "socks5://x"}, "proxy", "SOCKS", id="a proxy of another kind"),
    ],
)
def test_what_a_person_has_to_change(health, words, environ, name, said):
    """Status 2, with the place; whoever asks learns the rest as far as it can be known."""
    found = health("-q", *words, **environ)
    assert (found.status, found[name]["status"]) == (2, "fail") and said in found.err
    assert found["program"]["status"] == found["config"]["status"] == "ok"


def test_a_wrong_settings_file(health, home, server):
    """With its line. Where the key may go is then not known, so nothing goes anywhere; the disk is looked at."""
    (home / "config.toml").write_text('model = "opus"\nbase_url = 7\n')
    (home / "config.toml").chmod(0o600)
    found = health(ANTHROPIC_BASE_URL=server.url)
    assert (found.status, found.of("fail")) == (2, ["settings"]) and "config.toml, line 2" in found.err
    assert found["address"]["status"] == found["key"]["status"] == found["api"]["status"] == "skipped"
    assert found["usage.db"]["status"] == "ok" and server.requests == []


def test_a_wrong_project_file(health, home, server):
    """A project has no say in keys and addresses: the rest goes on without its file."""
    (home.parent / ".claude-cli.toml").write_text("model = 7\n")
    found = health(ANTHROPIC_BASE_URL=server.url)
    assert (found.status, found.of("fail"), found["api"]["status"]) == (2, ["settings"], "ok")


def test_a_wrong_file_of_models(health, home, server):
    """With its line; the shipped models serve meanwhile."""
    (home / "models.toml").write_text("nonsense\n")
    (home / "models.toml").chmod(0o600)
    found = health(ANTHROPIC_BASE_URL=server.url)
    assert (found.status, found.of("fail"), found["api"]["status"]) == (2, ["catalogue"], "ok")
    assert "models.toml, line 1" in found.err


@pytest.mark.parametrize("path", ["/proc/self/claude-cli", "file"], ids=["unwritable", "a file in its place"])
def test_a_folder_that_cannot_be_had(health, home, server, path):
    """Status 2, though an answer could be had: nothing could be kept."""
    (home / "file").touch()
    found = health(ANTHROPIC_BASE_URL=server.url, CLAUDE_CLI_HOME=str(home / path))
    assert (found.status, found.of("fail"), found["api"]["status"]) == (2, ["config"], "ok")


def test_settings_with_secrets(health, home, server):
    """Headers may be secrets; what else stands in the files of settings and models is none."""
    for name, text in (("models.toml", ""), ("config.toml", 'model = "opus"\n')):
        (home / name).write_text(text)
        (home / name).chmod(0o644)
    assert health(ANTHROPIC_BASE_URL=server.url).of("warn") == []
    (home / "config.toml").write_text('[profiles.gw.headers]\nx-pass = "CANARY"\n')
    assert "config.toml (0644)" in health(ANTHROPIC_BASE_URL=server.url)["config"]["detail"]


def test_open_modes(health, home, server):
    """A warning, with the line that mends it."""
    home.chmod(0o755)
    found = health(ANTHROPIC_BASE_URL=server.url)
    assert (found.status, found.of("warn"), found["config"]["advice"]) == (0, ["config"], f"run: chmod 700 {home}")


@pytest.mark.parametrize(("name", "schema"), [("usage.db", SCHEMA), ("history.db", HISTORY)])
@pytest.mark.parametrize(
    ("data", "words"),
    [pytest.param(b"no database" * 99, "is no database", id="foreign"), pytest.param(None, "damaged", id="corrupt")],
)
def test_a_database_that_is_no_use(health, home, server, name, schema, data, words):
    """Named, and left as it is: only the next use sets it aside."""
    path = home / name
    if data is None:
        with closing(sqlite3.connect(path)) as database:
            database.execute(f"PRAGMA application_id={schema.application_id}")
            database.execute("BEGIN")  # or each statement would wait for the disk
            for number in range(30):
                database.execute(f"CREATE TABLE t{number} (x)")
                database.execute(f"CREATE INDEX i{number} ON t{number} (x)")
            database.commit()
        data = bytearray(path.read_bytes())
        data[-4096:] = bytes(4096)
    path.write_bytes(data)
    path.chmod(0o600)
    found = health(ANTHROPIC_BASE_URL=server.url)
    assert (found.status, found.of("fail")) == (2, [name]) and words in found[name]["detail"]
    assert path.read_bytes() == data and [each.name for each in home.iterdir()] == [name]


# ------------------------------------------------------------------------------------------------ money
def test_a_budget(health, server):
    """What is left of it; one that lets no call through is a warning, and a model that is none is another."""
    found = health(ANTHROPIC_BASE_URL=server.url, CLAUDE_CLI_BUDGET_MONTH="5")
    assert (found["budget"]["status"], found.value["status"]) == ("ok", "ok")
    assert "budget.month: $5.00 of $5.00 left, anew on " in found["budget"]["detail"]
    found = health(ANTHROPIC_BASE_URL=server.url, CLAUDE_CLI_BUDGET_DAY="0", CLAUDE_CLI_MODEL="sonet")
    assert (found.status, found.of("warn")) == (0, ["catalogue", "budget"])
    assert "raise budget.day" in found["budget"]["advice"] and "did you mean sonnet" in found["catalogue"]["detail"]


def test_live(health, home, server):
    """Only where asked for: what it may cost is said first, what it did cost afterwards, and the ledger has it."""
    assert "may cost" in health("--live", said=1, ANTHROPIC_BASE_URL=server.url).err
    found = health("--live", "-q", ANTHROPIC_BASE_URL=server.url)
    data = found["live"]["data"]
    assert (found.status, found["live"]["status"], data["model"]) == (0, "ok", "claude-haiku-5-5")
    assert data["cost_usd"] > 0 and data["first_ms"] <= data["duration_ms"] and "$0.00" in found["live"]["detail"]
    assert data["breakers"] == {"anthropic/claude-haiku-5-5": "closed"}
    assert [request.path for request in server.requests] == ["/v1/models", "/v1/messages"] * 2
    assert server.requests[-1].json["max_tokens"] == 16
    with closing(sqlite3.connect(home / "usage.db")) as database:
        assert database.execute("SELECT command, model FROM calls").fetchall() == [("health", "claude-haiku-5-5")] * 2


def test_live_with_another_model(health, server):
    """`-m` names it; one that does not exist is a failure, an unknown amount is said to be one."""
    found = health("--live", "-q", "-m", "opus", ANTHROPIC_BASE_URL=server.url)
    assert found["live"]["data"]["model"].startswith("claude-opus")
    found = health("--live", "-q", "-m", "nonsense", ANTHROPIC_BASE_URL=server.url)
    assert (found.status, found.of("fail")) == (2, ["live"]) and "nonsense" in found.err


def test_live_keeps_budgets(health, server):
    """What a budget does not allow is not sent: status 9, as everywhere."""
    found = health("--live", "-q", ANTHROPIC_BASE_URL=server.url, CLAUDE_CLI_BUDGET_DAY="0.000000001")
    assert (found.status, found.of("fail")) == (9, ["live"]) and "budget.day" in found.err
    assert [request.path for request in server.requests] == ["/v1/models"]


def test_live_offline(health, home):
    """The simulator takes no money, and leaves no row."""
    found = health("--live", "-q", "--offline")
    assert "free" in found["live"]["detail"] and found["live"]["data"]["cost_usd"] is None
    assert list(home.iterdir()) == []


def test_live_after_a_failure(health):
    """A gateway without a list of models may answer nevertheless; who refuses the key is not asked again."""
    for status, live in ((404, "ok"), (401, "skipped")):
        with BackgroundSimulator(script=[{"path": "/v1/models", "status": status}]) as running:
            assert health("--live", "-q", ANTHROPIC_BASE_URL=running.url)["live"]["status"] == live
    with BackgroundSimulator(script=[{"status": 529, "times": "always"}]) as running:
        found = health("--live", "-q", ANTHROPIC_BASE_URL=running.url)
        assert (found.status, found.of("fail"), len(running.requests)) == (5, ["live"], 2), "no second try"


# ------------------------------------------------------------------------------------------------ plugins
@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """The parrot and the broken plugins, as if they were installed."""
    source = Path(__file__).resolve().parent.parent / "plugins"
    for name in ("parrot", "broken"):
        folder = tmp_path / "site"
        shutil.copytree(source / name, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        info = folder / f"claude_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: claude-{name}\nVersion: 1.0\n")
        points = [
            line for line in (source / name / "pyproject.toml").read_text().splitlines() if ":" in line and "=" in line
        ]
        lines = [line.replace('"', "") for line in points if "hatchling" not in line]
        (info / "entry_points.txt").write_text("[claude_cli.providers.v1]\n" + "\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


def test_broken_plugins(health, server, plugins):
    """Named, each with why; a warning, as the others work. One that was chosen is a failure."""
    found = health(ANTHROPIC_BASE_URL=server.url)
    assert (found.status, found.of("warn")) == (0, ["providers"])
    assert all(name in found["providers"]["detail"] for name in ("broken-half", "broken-import", "broken-kind"))
    assert "provider 'broken-key' cannot be asked: KEY_FILE is gone (ValueError)" in found["providers"]["detail"]
    found = health("--provider", "broken-half")
    assert (found.status, found["providers"]["status"]) == (2, "fail")
    found = health("--provider", "broken-key")
    assert (found.status, found.of("fail")) == (2, ["providers", "api"]) and "KEY_FILE is gone" in found["api"][
        "detail"
    ]


def test_a_plugin_of_somebody_else(health, plugins):
    """It is asked in its own way; what only the built-in provider has is skipped."""
    found = health("--provider", "parrot", PARROT_KEY="polly")
    assert (found.status, found["api"]["detail"]) == (0, "1 models")
    assert found["tls"]["detail"] == found["address"]["detail"] == "provider parrot has its own"
    found = health("--provider", "parrot")
    assert (found.status, found.of("fail")) == (3, ["api"]) and "PARROT_KEY" in found.err
    found = health("--provider", "parrot", "--live", "-q", "-m", "parrot-1", PARROT_KEY="polly")
    assert (found["live"]["status"], found["live"]["data"]["cost_usd"]) == ("ok", None)
    found = health("--provider", "parrot", "--live", "-q", PARROT_KEY="polly")
    assert found["live"]["advice"] == "name one with -m"


# ------------------------------------------------------------------------------------------------ as a program
@pytest.mark.parametrize("columns", [80, 40])
def test_on_a_terminal(claude, simulator, columns):
    """Coloured words that fit the width; NO_COLOR leaves the words."""
    done = claude("health", tty=(columns, 60))
    screen = Screen.of(done.out_bytes, columns, 60)
    assert b"\x1b[32mok\x1b[0m" in done.out_bytes and screen.lines[-1] == "1 warning: config"
    starts = [line for line in screen.lines if line.startswith(("ok ", "warn ", "skip "))]
    assert [line.split()[1] for line in starts] == NAMES
    assert columns == 80 or starts[0] == "ok    program"
    if columns == 40:
        assert b"\x1b" not in claude("health", tty=(columns, 60), NO_COLOR="1").out_bytes


def test_ctrl_c_ends_it_at_once(claude, simulate):
    """Also while a server is waited for that says nothing."""
    simulate({"path": "/v1/models", "delay_s": 60})
    running = claude.start("health")
    running.out.wait_for(b"tls ")
    running.signal(signal.SIGINT)
    assert running.wait().status == 130


def test_ctrl_c_while_money_is_spent(claude, simulate, until):
    """The call is put down as every other that was stopped."""
    simulator = simulate({"delay_s": 60})
    running = claude.start("health", "--live")
    until(lambda: [request.path for request in simulator.requests] == ["/v1/models", "/v1/messages"])
    running.signal(signal.SIGINT)
    assert running.wait().status == 130
    with closing(sqlite3.connect(claude.home / "usage.db")) as database:
        assert database.execute("SELECT command, status FROM calls").fetchall() == [("health", "aborted")]


def test_wrong_options(claude):
    """As everywhere: nothing is checked."""
    claude("health", "--timeout", "0").failed(2, "--timeout")
    claude("health", "-m", "opus").failed(2, "--live")
