"""Settings: the user's file, then the environment; what is wrong is named with its place, and nothing is guessed."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.storage.setting_values import Dollars
from claude_cli.storage.settings import FIELDS, Settings, all_fields, load_settings, unknown_variables, variables


@pytest.fixture
def load(tmp_path):
    """The settings of a file's text and of variables."""

    def loader(text=None, *, profile=None, **environ):
        if text is not None:
            (tmp_path / "config.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_settings({"CLAUDE_CLI_HOME": str(tmp_path), **environ}, profile)

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


@pytest.mark.parametrize("name", [name for name in FIELDS if variables(name) and name != "profile"])
def test_every_setting_has_a_variable(load, name):
    """`CLAUDE_CLI_` and the name in capitals; an empty one is none."""
    default, (variable, *_) = Settings().value(name), variables(name)
    if isinstance(default, bool):
        text, wanted = ("no", False) if default else ("yes", True)
    else:
        text = (
            "7" if isinstance(default, int | float | Dollars) else (FIELDS[name].metadata["choices"] or ("", "text"))[1]
        )
        wanted = type(default)(text)
    assert variable == f"CLAUDE_CLI_{FIELDS[name].name.upper()}"
    assert load(**{variable: text}).value(name) == wanted
    assert load(**{variable: ""}).value(name) == default


def test_plain_http_and_the_key_command_are_allowed_only_by_the_file(load):
    """A variable is easily set by somebody else's script."""
    assert {name for name in all_fields() if not variables(name)} == {"allow_http", "key_command", "serve.aliases"}
    found = load(CLAUDE_CLI_ALLOW_HTTP="lab.local", CLAUDE_CLI_KEY_COMMAND="evil")
    assert (found.allow_http, found.key_command) == ((), ())


PROFILES = """
model = "file"
base_url = "https://file.example"
profile = "work"

[profiles.work]
model = "work"
headers = {x-team = "a"}

[profiles.other]
base_url = "https://other.example"
key_command = "op read 'a b'"
"""


def test_a_profile_ranks_with_what_names_it(load, tmp_path):
    """Just before it: a flag's before the environment, a variable's before the file."""
    path = tmp_path / "config.toml"
    found = load(PROFILES)
    assert (found.model, found.base_url, found.active.headers) == ("work", "https://file.example", {"x-team": "a"})
    assert found.sources["model"] == f"profile work of {path}"
    assert load(CLAUDE_CLI_MODEL="env").model == "env"
    found = load(profile="work", CLAUDE_CLI_MODEL="env", CLAUDE_CLI_PROFILE="other")
    assert (found.model, found.profile, found.sources["profile"]) == ("work", "work", "--profile")
    found = load(CLAUDE_CLI_PROFILE="other")
    assert (found.model, found.base_url, found.key_command) == ("file", "https://other.example", ("op", "read", "a b"))
    assert found.active.name == "other" and load("").active.name == ""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        pytest.param({"profile": "wrok"}, "--profile: there is no profile 'wrok'", id="flag"),
        pytest.param({"CLAUDE_CLI_PROFILE": "wrok"}, "CLAUDE_CLI_PROFILE: there is no profile 'wrok'", id="variable"),
        pytest.param(
            {"text": 'profile = "x"'}, "1: there is no profile 'x' (known: none is); add a table", id="one file"
        ),
        pytest.param({"text": '\nprofile = "x"\n'}, "line 2, column 1: there is no profile 'x'", id="file"),
    ],
)
def test_a_profile_that_is_not_there(load, how, said):
    """What named it, and which ones there are; never a call to another address than the one that was meant."""
    text = how.pop("text", PROFILES)
    with pytest.raises(UsageError) as caught:
        load(text, **how)
    assert said in str(caught.value)
    assert ("(known: work, other)" in str(caught.value)) == ("[profiles.work]" in text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("modle = 1", ", line 1, column 1: there is no setting 'modle'; did you mean 'model'?", id="near"),
        pytest.param("\n zzz = 1", ", line 2, column 2: there is no setting 'zzz'", id="unknown, far"),
        pytest.param(
            "[profile.work]", "line 1, column 1: profile is a text, not {'work': {}}", id="a table for a text"
        ),
        pytest.param("anthropic_api_key = 'x'", "`claude-cli keys set` stores one safely", id="a key"),
        pytest.param("[profil]", "there is no setting 'profil'; did you mean 'profile'?", id="unknown table"),
        pytest.param("\nmodel = 1", ", line 2, column 1: model is a text, not 1", id="a number for a text"),
        pytest.param("offline = 1", "offline is true or false, not 1", id="a number for a switch"),
        pytest.param("max_tokens = 1.5", "max_tokens is a whole number, 0 or more, not 1.5", id="a fraction"),
        pytest.param("max_tokens = true", "max_tokens is a whole number", id="a switch for a number"),
        pytest.param("retry_for_s = -1", "retry_for_s is a number of seconds, 0 or more, not -1.0", id="negative"),
        pytest.param("retry_for_s = inf", "retry_for_s is a number of seconds", id="infinite"),
        pytest.param("retry_for_s = nan", "retry_for_s is a number of seconds", id="not a number"),
        pytest.param(f"retry_for_s = 1{'0' * 400}", "retry_for_s is a number of seconds", id="more than a float"),
        pytest.param('allow_http = "x"', "allow_http is a list of texts, not 'x'", id="a text for a list"),
        pytest.param("model = 2026-01-01", "model is a text, not datetime", id="a date"),
        pytest.param(f"offline = '{'x' * 900}'", f"not '{'x' * 78}…", id="a long value is cut"),
        pytest.param('effort = "huge"', "effort is one of low, medium, high, xhigh, max, not 'huge'", id="no choice"),
        pytest.param('key_command = "a \'b"', "key_command is split into words (No closing quotation)", id="words"),
        pytest.param("\nmodel = =", ", line 2, column 9: this is not valid TOML; a text stands in quotes", id="broken"),
        pytest.param("profiles = 1", "profiles are tables: [profiles.NAME]", id="profiles are no tables"),
        pytest.param("profiles.work = 1", "profiles are tables: [profiles.NAME]", id="a profile is no table"),
        pytest.param(
            "[profiles.work]\nbase_ulr = 1",
            ", line 2, column 1: a profile has no 'base_ulr'; did you mean 'base_url'?",
            id="unknown in a profile, near",
        ),
        pytest.param(
            "[profiles.work]\nzzz = 1",
            "a profile has no 'zzz'; it may have base_url, model, key_command, headers",
            id="unknown in a profile, far",
        ),
        pytest.param("[profiles.work]\nmodel = 1", ", line 2, column 1: model is a text, not 1", id="type, profile"),
        pytest.param("[profiles.work]\nheaders = {a = 1}", "line 2, column 1: headers are a table", id="headers"),
        pytest.param("[profiles.work]\nheaders = 'x'", "headers are a table of texts", id="no headers"),
        pytest.param("budget = 5", "line 1, column 1: budget is a table: [budget]", id="a value for a table"),
        pytest.param(
            "[budget]\ndya = 5",
            "line 2, column 1: there is no setting 'budget.dya'; did you mean 'budget.day'?",
            id="unknown in a table",
        ),
        pytest.param(
            "[budget]\nday = -1", "line 2, column 1: budget.day is an amount of US dollars", id="negative money"
        ),
        pytest.param("budget.day = nan", "column 1: budget.day is an amount of US dollars", id="no number of money"),
        pytest.param("budget.day = 1e12", "budget.day is an amount of US dollars", id="absurdly much money"),
        pytest.param("budget.day = 1e-13", "budget.day is an amount of US dollars", id="less than there is"),
        pytest.param("budget.day = true", "budget.day is an amount of US dollars", id="a switch for money"),
        pytest.param("budget.day = '5 EUR'", "budget.day is an amount of US dollars", id="other money"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(load, tmp_path, text, said):
    """Status 2 with file, line and column; never a setting that is ignored."""
    with pytest.raises(UsageError) as caught:
        load(text)
    assert said in str(caught.value) and str(caught.value).startswith(str(tmp_path / "config.toml"))
    assert "\n" not in str(caught.value)


def test_a_header_is_not_repeated(load):
    """A header may be a secret, also a wrong one."""
    with pytest.raises(UsageError) as caught:
        load('[profiles.work]\nheaders = {authorization = ["CANARY"]}')
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OFFLINE", "maybe"), ("MAX_TOKENS", "many"), ("MAX_TOKENS", "-1"), ("RETRY_FOR_S", "nan"), ("EFFORT", "huge")],
)
def test_a_wrong_variable_is_named(load, variable, value):
    """The message names the variable, not a flag that nobody gave."""
    with pytest.raises(UsageError, match=f"^CLAUDE_CLI_{variable}: "):
        load(**{f"CLAUDE_CLI_{variable}": value})


@pytest.mark.parametrize(
    ("text", "kept", "pico"),
    [
        pytest.param("5", "5", 5 * 10**12, id="a whole number"),
        pytest.param("0.1", "0.1", 10**11, id="no binary fraction of it"),
        pytest.param("1e-5", "0.00001", 10**7, id="an exponent"),
        pytest.param("123456789.25", "123456789.25", 123456789_25 * 10**10, id="large"),
        pytest.param("'00.500'", "0.5", 5 * 10**11, id="a text"),
        pytest.param("'0.000000000001'", "0.000000000001", 1, id="the smallest"),
        pytest.param("0", "0", 0, id="nothing may be spent"),
        pytest.param("''", "", None, id="no budget"),
    ],
)
def test_money_is_exact(load, text, kept, pico):
    """To the pico-dollar, as it is written; one budget leaves the other alone."""
    found = load(f"[budget]\nday = {text}\n")
    assert (found.budget_day, found.budget_day.pico, found.budget_month.pico) == (kept, pico, None)
    assert set(found.sources) == {"budget.day"}


def test_what_is_kept_and_how_chats_behave(load):
    """Each from its table of the file or its variable; what else stands there is refused with what there is."""
    default = load()
    assert (default.history_save, default.history_days, default.chat_overflow, default.chat_vi) == (
        "auto", 0, "trim", False,
    )  # fmt: skip
    text = "history.save = 'never'\nhistory.days = 30\n[chat]\noverflow = 'compact'\nvi = true\n"
    found = load(text, CLAUDE_CLI_HISTORY_SAVE="always", CLAUDE_CLI_CHAT_VI="no")
    assert (found.history_save, found.history_days, found.chat_overflow, found.chat_vi) == (
        "always", 30, "compact", False,
    )  # fmt: skip
    for wrong, said in (
        ("[history]\nsave = true", "line 2, column 1: history.save is a text"),
        ("[history]\nsave = 'no'", "history.save is one of auto, always, never, not 'no'"),
        ("[history]\ndays = -1", "history.days is a whole number, 0 or more"),
        ("[chat]\noverflow = 'drop'", "chat.overflow is one of trim, compact, stop, not 'drop'"),
        ("[chat]\nvim = true", "there is no setting 'chat.vim'; did you mean 'chat.vi'?"),
        ("history = 3", "history is a table: [history]"),
    ):
        with pytest.raises(UsageError) as caught:
            load(wrong)
        assert said in str(caught.value)


def test_variables_that_look_like_settings():
    """They do not stop a call, or an older version could not run beside a newer one's variables; `config show` says."""
    environ = {"CLAUDE_CLI_MODLE": "", "CLAUDE_CLI_ALLOW_HTTP": "x", "CLAUDE_CLI_HOME": "x", "CLAUDE_CLI_MODEL": "x"}
    assert unknown_variables({**environ, "CLAUDE_CLI_ZZZ": "x", "PATH": "x"}) == [
        "CLAUDE_CLI_ALLOW_HTTP is set, but only config.toml may set this",
        "CLAUDE_CLI_MODLE is set, but there is no such setting; did you mean 'CLAUDE_CLI_MODEL'?",
        "CLAUDE_CLI_ZZZ is set, but there is no such setting",
    ]


def test_a_file_that_cannot_be_read(load, tmp_path):
    """A folder in its place is no missing file."""
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(UsageError, match=r"config\.toml cannot be read: Is a directory"):
        load()


def test_the_folders_are_the_platforms_without_a_wish(monkeypatch, tmp_path):
    """On Linux those of XDG; `CLAUDE_CLI_HOME` puts all of them in one."""
    from claude_cli.storage.paths import cache_dir, config_dir, data_dir

    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))
    folders = (config_dir, data_dir, cache_dir)
    assert {folder({}).name for folder in folders} == {"claude-cli"}
    assert len({folder({}) for folder in folders}) == 3
    assert {folder({"CLAUDE_CLI_HOME": "/x"}) for folder in folders} == {folders[0]({"CLAUDE_CLI_HOME": "/x"})}
