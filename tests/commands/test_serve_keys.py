"""`claude-cli serve keys`: a key is printed once and alone, listed without it, and gone when it is revoked."""

from __future__ import annotations

import json

import pytest

from claude_cli.storage.gateway_keys import digest_of

ALL = (
    "-m", "sonnet", "-m", "claude-haiku-4-5", "--requests-per-minute", "60", "--tokens-per-minute", "100000",
    "--streams", "4", "--budget-day", "5", "--budget-month", "50.5", "--admin",
)  # fmt: skip


def test_a_key_lives_from_create_to_revoke(claude):
    """Standard output is the key and nothing else, for a pipe or a variable; what is kept of it is a digest."""
    done = claude("serve", "keys", "create", "ci", *ALL, "--expires", "30d")
    key, file = done.out.removesuffix("\n"), claude.home / "gateway-keys.json"
    assert (done.status, key[:4], key[4:].isalnum(), len(key)) == (0, "clk-", True, 47)
    assert done.lines == [
        f"claude-cli: this is the only time that key ci is shown; only a digest of it is kept in {file}"
    ]
    assert file.stat().st_mode & 0o777 == 0o600 and key not in file.read_text()
    claude("serve", "keys", "create", "ci").failed(2, "there is a key ci; revoke it first, or choose another name")
    (row,) = claude("serve", "keys", "list", "--json").json["keys"]
    assert row.pop("created") < row.pop("expires")
    assert row == {
        "name": "ci", "models": ["sonnet", "claude-haiku-4-5"], "requests_per_minute": 60, "tokens_per_minute": 100000,
        "streams_at_once": 4, "budget_day": "5.00", "budget_month": "50.50", "admin": True, "expired": False,
    }  # fmt: skip
    listed = claude("serve", "keys", "list")
    assert [line.split()[0] for line in listed.out.splitlines()] == ["name", "ci"] and "100,000" in listed.out
    assert key[4:] not in listed.out and digest_of(key)[:8] not in listed.out
    done = claude("serve", "keys", "revoke", "ci", "--yes")
    assert (done.status, done.out, done.err) == (0, "revoked: key ci\n", "")
    empty = claude("serve", "keys", "list")
    assert (empty.out, empty.lines) == (
        "",
        ["claude-cli: there is no key yet; make one with: claude-cli serve keys create NAME"],
    )
    assert claude("serve", "keys", "list", "--json").json == {"version": 1, "keys": []}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["a b"], "a key's name is of letters, digits", id="a name with a blank"),
        pytest.param(["x" * 65], "at most 64", id="a long name"),
        pytest.param(["ci", "--budget-day", "lots"], "--budget-day is an amount of US dollars", id="no amount"),
        pytest.param(["ci", "--budget-month", ""], "--budget-month is an amount", id="an empty amount"),
        pytest.param(["ci", "--expires", "soon"], "--expires is a day like 2026-12-31, or 30d or 12h", id="no day"),
        pytest.param(["ci", "--expires", "0d"], "--expires is a day like", id="no time at all"),
        pytest.param(["ci", "--expires", "2020-01-01"], "--expires 2020-01-01 is over already", id="a day of the past"),
    ],
)
def test_what_a_key_cannot_be(claude, words, said):
    """Status 2, and no file."""
    claude("serve", "keys", "create", *words).failed(2, said)
    assert not (claude.home / "gateway-keys.json").exists()


def test_a_key_for_a_model_that_is_none_here_is_made_with_a_warning(claude):
    """A slip is seen at once; it may be an alias of a gateway elsewhere, so that is no error."""
    words = [word for name in ("sonet", "claude-opus-4-1", "claude-3-opus", "haiku") for word in ("-m", name)]
    done = claude("serve", "keys", "create", "ci", *words)
    slip, retired, _ = done.lines
    secret = "sk-ant-api03-CANARYcanaryCANARY"
    assert "CANARY" not in claude("serve", "keys", "create", "other", "-m", secret).err
    assert done.status == 0 and done.out.startswith("clk-")
    assert "--model: there is no model 'sonet'; did you mean sonnet? " in slip
    assert "--model: the model claude-opus-4-1 has retired; its successor is claude-opus-5-5" in retired


def test_a_key_lasts_to_the_end_of_its_last_day(claude):
    """By the local calendar; one that is over is listed as that."""
    claude("serve", "keys", "create", "web", "--expires", "2999-12-31", TZ="UTC")
    (row,) = claude("serve", "keys", "list", "--json").json["keys"]
    assert row["expires"] == "3000-01-01T00:00:00Z"
    file = claude.home / "gateway-keys.json"
    file.write_text(file.read_text().replace("3000-01-01", "2020-01-01"))
    assert "  expired  " in claude("serve", "keys", "list").out
    assert claude("serve", "keys", "list", "--json").json["keys"][0]["expired"] is True


def test_revoking_asks_a_person_and_nobody_else(claude):
    """Status 2 in a script without --yes; at a terminal a question, and anything but yes keeps the key."""
    claude("serve", "keys", "create", "laptop")
    claude("serve", "keys", "revoke", "laptop").failed(2, "say --yes")
    claude("serve", "keys", "revoke", "lapto", "--yes").failed(2, "there is no key 'lapto'; did you mean 'laptop'?")
    for answer, left in ((b"\n", 1), (b"y\n", 0)):
        running = claude.start("serve", "keys", "revoke", "laptop", stdin="terminal", err="terminal")
        running.err.wait_for(b"revoke key laptop?")
        running.type(answer)
        assert running.wait().status == 0
        assert len(claude("serve", "keys", "list", "--json").json["keys"]) == left


def test_on_a_narrow_terminal_columns_are_left_out(claude):
    """No line is broken; names and when they end stay."""
    claude("serve", "keys", "create", "a-name-of-some-length", *ALL)
    done = claude.start("serve", "keys", "list", tty=(40, 24)).wait()
    lines = done.out.replace("\r", "").splitlines()
    assert lines[0].split()[:2] == ["name", "expires"] and max(map(len, lines)) <= 40
    assert lines[-1] == "claude-cli: --json shows the rest"
    assert "--json" not in claude.start("serve", "keys", "list", tty=(200, 24)).wait().out
    assert "  expires (local)  " in claude("serve", "keys", "list").out


def test_where_the_settings_name_a_file_that_one_counts(claude):
    """It is listed, and a new key that would not count says so; what is wrong with it is said with status 2."""
    file = claude.folder / "mounted.json"
    file.write_text(json.dumps({"version": 1, "keys": [{"name": "pod", "key": "clk-CANARY-of-a-secret-store"}]}))
    (claude.home / "config.toml").write_text(f'[serve]\nkeys_file = "{file}"\n')
    assert [row["name"] for row in claude("serve", "keys", "list", "--json").json["keys"]] == ["pod"]
    made = claude("serve", "keys", "create", "ci")
    assert made.lines[1:] == [f"claude-cli: serve takes the keys of {file} (serve.keys_file), not this one"]
    file.write_text("CANARY")
    claude("serve", "keys", "list").failed(2, f"the file of keys {file} cannot be used: it is no JSON object")
