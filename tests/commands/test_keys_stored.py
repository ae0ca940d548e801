"""`claude-cli keys`, and the other commands with a stored key: keyring, file, command, profiles."""

from __future__ import annotations

import json
import os
import pty
import signal
import termios
from pathlib import Path

import pytest

from .conftest import CANARY

BACKENDS = Path(__file__).parent.parent / "keyrings"
LONG = "sk-ant-api03-CANARYstored"


@pytest.fixture
def stored(claude):
    """The program without a key in its environment; `keyring` names one of the backends of tests/keyrings."""

    def run(*words, keyring="Working", start=False, **how):
        env = {
            "ANTHROPIC_API_KEY": None,
            "PYTHONPATH": str(BACKENDS),
            "PYTHON_KEYRING_BACKEND": keyring if "." in keyring else f"backends_of_ours.{keyring}",
            "KEYRING_OF_OURS": str(claude.folder / "keyring.json"),
            **how,
        }
        return claude.start(*words, **env) if start else claude(*words, **env)

    run.keyring = claude.folder / "keyring.json"
    run.file = claude.home / "keys.json"
    run.config = claude.home / "config.toml"
    return run


def test_a_key_is_stored_tested_listed_used_and_removed(stored, simulator):
    """The whole life of a key in a keyring; nothing of it is ever printed."""
    done = stored("keys", "set", stdin=LONG.encode() + b"\r\n")
    assert (done.status, done.err) == (0, "")
    stored_line, works = done.out.splitlines()
    assert stored_line == f"stored in the keyring for {simulator.url} (profile default)"
    assert works.startswith(f"the key from the keyring works: {simulator.url} answered in ")
    assert json.loads(stored.keyring.read_text()) == {f"claude-cli default@{simulator.url}": LONG}
    assert simulator.requests[-1].headers["x-api-key"] == LONG
    assert stored("keys", "test").out.startswith("the key from the keyring works")
    assert stored("complete", "hi").status == 0 and simulator.requests[-1].headers["x-api-key"] == LONG
    assert "key        from the keyring, profile default" in stored("health").out
    assert " * keyring               has a key\n" in stored("keys", "list").out
    done = stored("keys", "rm", "--yes")
    assert (done.status, done.out) == (0, f"removed from the keyring: the key for {simulator.url} (profile default)\n")
    assert stored("keys", "rm", "--yes").out.startswith("nothing to remove: ")
    stored("keys", "test").failed(3, f"no API key for {simulator.url}", "keys set --base-url")


def test_the_file_is_a_store_too(stored, simulator):
    """For machines without a keyring; for its owner alone."""
    absent = "keyring.backends.fail.Keyring"
    done = stored("keys", "set", "--store", "file", "--no-test", stdin=LONG.encode(), keyring=absent)
    assert (done.status, done.err, simulator.requests) == (0, "", [])
    assert stored.file.stat().st_mode & 0o777 == 0o600
    assert json.loads(stored.file.read_text()) == {f"default@{simulator.url}": LONG}
    for backend in (absent, "keyring.backends.null.Keyring"):
        done = stored("complete", "hi", keyring=backend)
        assert (done.status, done.err) == (0, "") and simulator.requests[-1].headers["x-api-key"] == LONG
    stored.file.chmod(0o644)
    stored("complete", "hi").failed(3, f"chmod 600 {stored.file}")


SHUT = [
    pytest.param("keyring.backends.null.Keyring", "the keyring is switched off (keyring.backends.null)", id="null"),
    pytest.param("keyring.backends.fail.Keyring", "there is no keyring here", id="absent"),
    pytest.param("Locked", "the keyring is locked", id="locked"),
    pytest.param("Plaintext", "the keyring backends_of_ours.Plaintext is not a safe place and is not", id="plaintext"),
    pytest.param("Odd", "the keyring failed (ValueError)", id="odd"),
    pytest.param("Leaving", "the keyring failed (SystemExit)", id="leaving"),
    pytest.param("no.such.Backend", "the keyring failed (ModuleNotFoundError)", id="unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("backend", "words"), SHUT)
def test_a_keyring_that_cannot_be_used(stored, simulator, backend, words):
    """Where it is the only hope: status 3 with the ways, and nothing is stored anywhere by itself."""
    said = stored("keys", "set", stdin=LONG.encode(), keyring=backend).failed(3, words, "--store file")
    assert "ANTHROPIC_API_KEY" in said and "key_command" in said
    assert not stored.file.exists() and not stored.keyring.exists()
    assert f"keyring               {words}" in stored("keys", "list", keyring=backend).out
    trouble = words if backend[0].isupper() or "such" in backend else "store one with: claude-cli keys set (or set"
    done = stored("complete", "hi", keyring=backend, ANTHROPIC_BASE_URL=None)
    done.failed(3, "no API key for https://api.anthropic.com", trouble, "ANTHROPIC_API_KEY")


def test_nobody_waits_for_a_frozen_keyring(stored):
    """Under cron the whole call ends by itself; that a thread of it still hangs does not keep the process."""
    done = stored("complete", "hi", keyring="Frozen", ANTHROPIC_BASE_URL=None)
    done.failed(3, "the keyring did not answer within 3 s", "keys set --store file")


def test_a_keyring_in_trouble_changes_what_is_used_and_so_is_said(stored, simulator):
    """Behind a locked keyring comes the file, or no key at all: one line says which."""
    skips = "(keyring = false in the settings skips the keyring)"
    done = stored("complete", "hi", keyring="Locked")
    assert done.lines[0] == f"claude-cli: the keyring is locked; {simulator.url} is called without a key {skips}"
    stored("keys", "set", "--store", "file", stdin=LONG.encode(), keyring="Locked")
    done = stored("complete", "hi", "--json", keyring="Locked")
    assert (done.status, done.lines) == (
        0,
        [f"claude-cli: the keyring is locked; the key of {stored.file} is used {skips}"],
    )
    assert done.json["notices"][0]["code"] == "keyring"
    assert stored("complete", "hi", keyring="Locked", CLAUDE_CLI_KEYRING="no").err == ""


def test_what_is_stored_is_read_back(stored, simulator):
    """A keyring that forgets is found out at once, not at night in a cron job."""
    said = stored("keys", "set", stdin=LONG.encode(), keyring="Forgetful")
    said.failed(3, "the keyring took the key and does not give it back")
    assert simulator.requests == []


def test_a_key_that_is_refused_is_stored_and_said(stored, simulate):
    """Status 3: a person must act; the key may be of tomorrow."""
    simulate({"path": "/v1/models", "status": 401, "message": f"invalid x-api-key {LONG}"})
    done = stored("keys", "set", stdin=LONG.encode())
    said = done.failed(3, "the key is stored, but a call with it failed: ", "invalid x-api-key")
    assert "; store another one with the same line, or remove it with: claude-cli keys rm --base-url http" in said
    assert "health" not in said and LONG in stored.keyring.read_text()


def test_keys_for_other_addresses_are_listed_and_named_when_there_is_nothing_to_remove(stored):
    """A key stored once with --base-url is found again, in the file and, for the profiles' addresses, the keyring."""
    stored.config.write_text('[profiles.work]\nbase_url = "https://gateway.example"\n')
    other, env = "http://127.0.0.1:8788", {"ANTHROPIC_BASE_URL": None}
    words = ("keys", "set", "--no-test", "--base-url")
    stored(*words, other, "--store", "file", stdin=LONG.encode(), **env)
    stored(*words, "https://api.anthropic.com", "--profile", "work", stdin=LONG.encode(), **env)
    official = "https://api.anthropic.com (profile work)"
    assert stored("keys", "list", **env).out.endswith(
        "for other addresses\n"
        f"   keyring               has a key for {official}\n"
        f"   file                  has a key for {other} (profile default)\n"
    )
    assert stored("keys", "list", "--json", **env).json["other_addresses"][1] == {
        "profile": "default", "base_url": other, "source": "file", "remove": f"claude-cli keys rm --base-url {other}",
    }  # fmt: skip
    assert other not in stored("keys", "list", "--profile", "work", **env).out
    done = stored("keys", "rm", **env)
    assert done.status == 0 and done.out.startswith("nothing to remove: ")
    lines = [line.partition("; remove it with: claude-cli ") for line in done.lines]
    assert [line[0] for line in lines] == [
        f"claude-cli: keyring has a key for {official}", f"claude-cli: file has a key for {other} (profile default)",
    ]  # fmt: skip
    for _, _, command in lines:
        assert stored(*command.split(), "--yes", **env).out.startswith("removed from ")
    assert "for other addresses" not in stored("keys", "list", **env).out


def test_offline_there_is_no_key_to_test(stored, simulator):
    """The real one is not even looked for."""
    done = stored("keys", "test", CLAUDE_CLI_OFFLINE="1", keyring="Frozen")
    done.failed(2, "there is no key to test offline", "CLAUDE_CLI_OFFLINE")
    assert simulator.requests == []


def test_nobody_there_to_try_the_key_with(stored):
    """Status 6, and the key is stored."""
    stored("keys", "set", stdin=LONG.encode()).failed(6, "the key is stored, but a call with it failed: ")


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        pytest.param(b"", 2, "no key was given", id="nothing"),
        pytest.param(b" \n", 2, "no key was given", id="a blank"),
        pytest.param(b"sk-ant-CANARY two", 3, "the key in standard input holds a blank", id="two words"),
        pytest.param(b"sk-ant-CANARY\nsk-ant-CANARY\n", 3, "holds a blank, a line break", id="two lines"),
        pytest.param(b"sk-ant-admin01-CANARY", 3, "is an admin key", id="admin"),
        pytest.param("CANARY\u200b".encode(), 3, "a character no key has", id="an invisible character"),
        pytest.param(b"CANARY\xff", 3, "a character no key has", id="no text"),
    ],
)
def test_what_is_no_key_is_not_stored(stored, given, status, said):
    """Checked before anything is written."""
    stored("keys", "set", stdin=given).failed(status, said)
    assert not stored.keyring.exists()


@pytest.mark.parametrize(
    "words",
    [[CANARY], ["--store", "file", CANARY], ["CANARY", "x"], ["--", CANARY]],
    ids=["key", "behind", "two", "--"],
)
def test_a_key_on_the_command_line_is_refused_with_the_reason(stored, words):
    """It is in the process list and in the shell's history already; our error does not add a third place."""
    stored("keys", "set", *words, stdin=b"").failed(2, "where others can see it", "pipe it in")


@pytest.mark.parametrize("flag", ["--key", "--api-key", "--key=CANARY-x", "-k"])
def test_there_is_no_option_for_a_key(stored, flag):
    """And the error does not repeat what came with it."""
    stored("keys", "set", flag, "CANARY").failed(
        2, "no such option" if flag == "-k" else "a key never goes on the command line"
    )


def test_plain_http_to_another_machine_is_refused(stored):
    """Before anything is stored, as it would be before anything is sent."""
    stored("keys", "set", "--base-url", "http://lab.local", stdin=LONG.encode()).failed(2, "plain http")
    stored.config.write_text('allow_http = ["lab.local"]')
    stored("keys", "set", "--base-url", "http://lab.local", stdin=LONG.encode()).failed(2, "never sent by plain http")
    assert not stored.keyring.exists()


def test_what_goes_before_a_stored_key_is_said(stored, simulator):
    """Who stores a key and sees another one used would look for hours."""
    done = stored("keys", "set", "--no-test", stdin=LONG.encode(), ANTHROPIC_AUTH_TOKEN="token")
    assert done.lines == ["claude-cli: ANTHROPIC_AUTH_TOKEN has a key, too, and it is the one that is used"]
    done = stored("keys", "set", "--no-test", "--store", "file", stdin=LONG.encode())
    assert done.lines == ["claude-cli: keyring has a key, too, and it is the one that is used"]
    done = stored("keys", "rm", "--yes", "--store", "keyring")
    assert done.lines == ["claude-cli: file still has a key"]
    stored.config.write_text("keyring = false")
    stored("keys", "set", "--store", "keyring", stdin=LONG.encode()).failed(2, "keyring = false")


def test_the_list_says_which_source_wins_for_each_profile(stored, simulator):
    """In JSON, too; the command is not run for it, and no key is in it."""
    stored.config.write_text(
        f'key_command = "cat {stored.keyring}"\n[profiles.work]\nbase_url = "https://gateway.example"\n'
    )
    stored("keys", "set", "--profile", "work", "--no-test", stdin=LONG.encode())
    found = stored("keys", "list", "--json", ANTHROPIC_BASE_URL=None).json
    assert [(row["profile"], row["base_url"], row["in_use"]) for row in found["profiles"]] == [
        ("default", "https://api.anthropic.com", True), ("work", "https://gateway.example", False),
    ]  # fmt: skip
    wins = {row["profile"]: [each["source"] for each in row["sources"] if each["wins"]] for row in found["profiles"]}
    assert wins == {"default": ["key_command"], "work": ["keyring"]}
    names = [each["source"] for each in found["profiles"][0]["sources"]]
    assert names == ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "key_command", "keyring", "file"]
    assert "   key_command           configured for https://api.anthropic.com alone\n" in stored("keys", "list").out
    assert stored("keys", "list", "--profile", "default").out.startswith("default  ")


def test_a_profile_is_an_address_with_key_model_and_headers(stored, simulator):
    """`--profile` everywhere where something is sent; headers are masked in a dry run and stay at their address."""
    headers = '[profiles.work.headers]\nX-Team = "CANARY-team"\n'
    stored.config.write_text(f'[profiles.work]\nbase_url = "{simulator.url}"\nmodel = "haiku"\n{headers}')
    env = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
    assert stored("keys", "set", "--profile", "work", stdin=LONG.encode(), **env).status == 0
    assert stored("complete", "hi", "--profile", "work", **env).status == 0
    request = simulator.requests[-1]
    assert (request.headers["x-api-key"], request.headers["x-team"]) == (LONG, "CANARY-team")
    assert request.json["model"].startswith("claude-haiku")
    shown = json.loads(stored("complete", "hi", "-n", "--profile", "work", **env).out)
    assert shown["headers"]["X-Team"] == shown["headers"]["x-api-key"] == "***"
    facts = stored("health", "--profile", "work", **env).out
    assert "key        from the keyring, profile work" in facts
    other = json.loads(stored("complete", "hi", "-n", "--profile", "work", "--base-url", "https://other.example").out)
    assert not {"X-Team", "x-api-key"} & set(other["headers"])
    stored("complete", "hi", "--profile", "nobody").failed(2, "there is no profile 'nobody'")


@pytest.mark.parametrize(
    "header", ['X-Api-Key = "CANARY"', 'host = "x"', '"a b" = "x"', 'x = "CANARY\\r\\nHost: evil"', 'x = "CANARYü"']
)
def test_a_header_that_would_break_a_request_is_refused(stored, simulator, header):
    """Named by its name; its value may be a secret."""
    stored.config.write_text(
        f'profile = "p"\n[profiles.p]\nbase_url = "{simulator.url}"\n[profiles.p.headers]\n{header}\n'
    )
    stored("complete", "hi", ANTHROPIC_API_KEY="x").failed(2, "header ")
    assert simulator.requests == []


def test_removing_asks_a_person_and_nobody_else(stored, simulator):
    """Status 2 in a script without --yes; at a terminal a question, and anything but yes keeps the key."""
    stored("keys", "set", "--no-test", stdin=LONG.encode())
    stored("keys", "rm").failed(2, "say --yes")
    for answer, kept in ((b"\n", True), (b"y\n", False)):
        running = stored("keys", "rm", stdin="terminal", err="terminal", start=True)
        running.err.wait_for(b"remove the key for " + simulator.url.encode())
        running.type(answer)
        assert running.wait().status == 0
        assert (LONG in stored.keyring.read_text()) == kept
    stored("keys", "rm", "--yes", keyring="Locked").failed(3, "the keyring is locked")


@pytest.fixture
def terminal():
    """A terminal: our end, and the program's."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def echoes(end):
    """Whether what is typed at a terminal is shown, and Ctrl-Z works."""
    attributes = termios.tcgetattr(end)
    return bool(attributes[3] & termios.ECHO), attributes[6][termios.VSUSP] == b"\x1a"


def test_a_typed_key_is_not_shown(stored, simulator, terminal):
    """The prompt says what for and where one is made; a second pasted line goes nowhere."""
    ours, theirs = terminal
    running = stored("keys", "set", stdin=theirs, err="terminal", start=True, ANTHROPIC_BASE_URL=None)
    running.err.wait_for(b"paste it here, it is not shown: ")
    assert b"API key for https://api.anthropic.com (made at https://console.anthropic.com/" in running.err.data
    assert echoes(theirs) == (False, False)
    os.write(ours, b"sk-ant-admin01-CANARY\nrm -rf CANARY\n")
    done = running.wait()
    assert done.status == 3 and "the key in what was typed is an admin key" in done.err
    assert echoes(theirs) == (True, True)
    os.set_blocking(theirs, False)
    with pytest.raises(BlockingIOError):
        os.read(theirs, 100)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_stopped_at_the_prompt_the_terminal_is_as_before(stored, terminal, number, status):
    """Or the shell would be blind afterwards."""
    running = stored("keys", "set", stdin=terminal[1], err="terminal", start=True)
    running.err.wait_for(b"it is not shown: ")
    running.signal(number)
    assert running.wait().status == status
    assert echoes(terminal[1]) == (True, True) and not stored.keyring.exists()


def test_without_a_keyring_a_person_is_asked(stored, simulator, terminal):
    """No is no, and names the other ways."""
    for answer, status in ((b"n\n", 3), (b"y\n", 0)):
        running = stored("keys", "set", "--no-test", stdin=terminal[1], err="terminal", start=True, keyring="Locked")
        running.err.wait_for(f"the keyring is locked; keep the key in {stored.file}, readable by you alone?".encode())
        os.write(terminal[0], answer)
        if status == 0:
            running.err.wait_for(b"it is not shown: ")
            os.write(terminal[0], LONG.encode() + b"\n")
        assert running.wait().status == status
        assert stored.file.exists() == (status == 0)


def test_at_a_terminal_a_frozen_keyring_is_waited_for_until_ctrl_c(stored, simulator):
    """After a second one line; Ctrl-C leaves at once, though a thread still hangs."""
    running = stored("complete", "hi", keyring="Frozen", err="terminal", start=True)
    running.err.wait_for(b"claude-cli: waiting for the keyring to be unlocked (Ctrl-C to give up)")
    running.signal(signal.SIGINT)
    assert running.wait().status == 130 and simulator.requests == []


def test_offline_no_keyring_is_touched(stored):
    """The simulator gets its made-up key; a frozen keyring holds nobody up."""
    done = stored("complete", "hi", "--offline", keyring="Frozen")
    assert done.status == 0 and len(done.lines) == 1


@pytest.mark.parametrize("more", [(), ("--json",), ("-vv",), ("--no-stream",)], ids=" ".join)
def test_a_server_that_repeats_the_headers_of_a_profile_shows_no_secret(stored, simulate, more):
    """Gateways do so in their errors; neither the streams nor the log may keep it. (Each run looks for it.)"""
    server = simulate({"status": 400, "message": "bad headers: x-gateway-pass=CANARY-hunter2 CANARY-hunter2"})
    stored.config.write_text(
        f'profile = "gw"\n[profiles.gw]\nbase_url = "{server.url}"\n'
        '[profiles.gw.headers]\nX-Gateway-Pass = "CANARY-hunter2"\n'
    )
    log = stored.config.parent / "log"
    assert stored("complete", "hi", "--log-file", str(log), *more, ANTHROPIC_BASE_URL=None).status == 4
    assert server.requests[-1].headers["x-gateway-pass"] == "CANARY-hunter2"
    assert "bad headers" in log.read_text() and "CANARY" not in log.read_text()


def test_a_keyring_in_trouble_is_asked_once(stored):
    """Not once for each profile: each time costs a wait, or opens another dialog."""
    asked = stored.keyring.with_suffix(".asked")
    stored.config.write_text("".join(f"[profiles.p{number}]\n" for number in range(4)))
    done = stored("keys", "list", keyring="Locked", KEYRING_ASKED=str(asked))
    assert (done.status, done.out.count("the keyring is locked")) == (0, 5)
    assert asked.read_text() == "asked\n"


def test_quiet_does_not_shorten_the_time_to_unlock(stored, simulator):
    """It only hides the line that says so: who types a password into a dialog needs more than 3 s with it, too."""
    running = stored("complete", "hi", "-q", keyring="SlowlyUnlocked", err="terminal", start=True)
    assert running.wait().err == ""
    assert simulator.requests[-1].headers["x-api-key"] == "sk-ant-api03-CANARYslow"


def test_a_dry_run_looks_up_no_key(stored, simulator):
    """Nothing is run and no keyring asked; a key is shown where one would be looked for at the user's own address."""
    mark = stored.config.parent / "ran"
    stored.config.write_text(f'key_command = ["sh", "-c", "touch {mark}; false"]')
    for url, shown in ((None, True), ("https://other.example", False)):
        done = stored("complete", "hi", "-n", keyring="Frozen", ANTHROPIC_BASE_URL=url)
        assert (done.status, done.err, "x-api-key" in json.loads(done.out)["headers"]) == (0, "", shown)
    assert not mark.exists()


def test_a_project_file_has_no_say_in_keys(claude, stored):
    """A broken one in a cloned repository keeps nobody from looking at the keys."""
    (claude.folder / ".claude-cli.toml").write_text("bro ken")
    assert stored("keys", "list").status == 0
    assert stored("keys", "rm", "--yes").status == 0


def test_offline_no_key_is_tried(stored, simulator):
    """`keys test` needs the network, and the user has said that there is to be none."""
    stored("keys", "test", ANTHROPIC_API_KEY=LONG, CLAUDE_CLI_OFFLINE="1").failed(2, "offline")
    assert simulator.requests == []
