"""Settings: the user's file, then the environment; what is wrong is named with its file, and nothing is guessed."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.storage.settings import NAMES, Settings, load_settings


@pytest.fixture
def load(tmp_path):
    """The settings of a file's text and of variables."""

    def loader(text=None, **environ):
        if text is not None:
            (tmp_path / "config.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_settings({"CLAUDE_CLI_HOME": str(tmp_path), **environ})

    return loader


def test_without_a_file_all_is_default(load):
    """A fresh machine needs no file, and none is made."""
    assert load() == Settings()


def test_the_environment_goes_before_the_file(load, tmp_path):
    """And each value says where it came from."""
    text = '\ufeffmodel = "opus"\nretry_for_s = 5\nallow_http = ["lab.local"]\nbase_url = "https://file.example"\n'
    found = load(text, CLAUDE_CLI_MODEL="haiku", CLAUDE_CLI_MAX_TOKENS="9", ANTHROPIC_BASE_URL="https://env.example")
    assert (found.model, found.retry_for_s, found.max_tokens) == ("haiku", 5.0, 9)
    assert (found.allow_http, found.base_url) == (("lab.local",), "https://env.example")
    assert found.sources == {
        "model": "CLAUDE_CLI_MODEL",
        "retry_for_s": str(tmp_path / "config.toml"),
        "allow_http": str(tmp_path / "config.toml"),
        "base_url": "ANTHROPIC_BASE_URL",
        "max_tokens": "CLAUDE_CLI_MAX_TOKENS",
    }
    assert load(CLAUDE_CLI_BASE_URL="https://own.example", ANTHROPIC_BASE_URL="https://x.example").base_url == (
        "https://own.example"
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("allow_http", "key_command", "profile")])
def test_every_setting_has_a_variable(load, name):
    """`CLAUDE_CLI_` and the name in capitals; an empty one is none."""
    default = getattr(Settings(), name)
    text = {"effort": "high", "offline": "yes", "keyring": "no"}.get(
        name, "7" if isinstance(default, int | float) else "text"
    )
    wanted = {"effort": "high", "offline": True, "keyring": False}.get(name, type(default)(text))
    assert getattr(load(**{f"CLAUDE_CLI_{name.upper()}": text}), name) == wanted
    assert getattr(load(**{f"CLAUDE_CLI_{name.upper()}": ""}), name) == default


def test_plain_http_is_allowed_only_by_the_file(load):
    """A variable is easily set by somebody else's script."""
    assert load(CLAUDE_CLI_ALLOW_HTTP="lab.local").allow_http == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("modle = 1", "there is no setting 'modle'; did you mean 'model'?", id="unknown, near"),
        pytest.param("zzz = 1", "there is no setting 'zzz'", id="unknown, far"),
        pytest.param("model = 1", "model is a text, not 1", id="a number for a text"),
        pytest.param("offline = 1", "offline is true or false, not 1", id="a number for a switch"),
        pytest.param("max_tokens = 1.5", "max_tokens is a whole number, 0 or more, not 1.5", id="a fraction"),
        pytest.param("max_tokens = true", "max_tokens is a whole number", id="a switch for a number"),
        pytest.param("retry_for_s = -1", "retry_for_s is a number of seconds, 0 or more, not -1.0", id="negative"),
        pytest.param("retry_for_s = inf", "retry_for_s is a number of seconds", id="infinite"),
        pytest.param("retry_for_s = nan", "retry_for_s is a number of seconds", id="not a number"),
        pytest.param('allow_http = "x"', "allow_http is a list of texts, not 'x'", id="a text for a list"),
        pytest.param('effort = "huge"', "effort is one of low, medium, high, xhigh, max; not 'huge'", id="no choice"),
        pytest.param("\nmodel = =", "not valid TOML: Invalid value (at line 2,", id="broken"),
        pytest.param(b'model = "x"\n\xff', "not UTF-8 text (at line 2)", id="no text"),
        pytest.param("x = " + "[" * 5000, "not valid TOML", id="too deep"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(load, tmp_path, text, said):
    """Status 2 with the file, and the line where its form is broken; never a setting that is ignored."""
    with pytest.raises(UsageError) as caught:
        load(text)
    assert said in str(caught.value) and str(tmp_path / "config.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OFFLINE", "maybe"), ("MAX_TOKENS", "many"), ("MAX_TOKENS", "-1"), ("RETRY_FOR_S", "nan"), ("EFFORT", "huge")],
)
def test_a_wrong_variable_is_named(load, variable, value):
    """The message names the variable, not a flag that nobody gave."""
    with pytest.raises(UsageError, match=f"^CLAUDE_CLI_{variable}: "):
        load(**{f"CLAUDE_CLI_{variable}": value})


def test_a_file_that_cannot_be_read(load, tmp_path):
    """A folder in its place is no missing file."""
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(UsageError, match=r"config\.toml cannot be read: Is a directory"):
        load()


def test_the_folder_is_the_platforms_without_a_wish(monkeypatch, tmp_path):
    """On Linux `$XDG_CONFIG_HOME/claude-cli`."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    from claude_cli.storage.paths import config_dir

    assert config_dir({}).name == "claude-cli"
