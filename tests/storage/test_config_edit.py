"""`config.toml` changed from a command: the user's words stay, what is wrong is not written, no change is lost."""

from __future__ import annotations

import stat
import threading
import tomllib
from pathlib import Path

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.storage.config_edit import ChangedMeanwhileError, read_text, replace_text, set_value, unset_value


@pytest.fixture
def config(tmp_path) -> Path:
    """Where the file is to be; neither it nor its folder is there."""
    return tmp_path / "claude-cli" / "config.toml"


@pytest.fixture
def written(config):
    """The file's text after changes of a first text."""

    def change(text: str, *sets: tuple[str, str]) -> str:
        config.parent.mkdir(exist_ok=True)
        config.write_text(text, newline="")
        for name, value in sets:
            set_value(config, name, value)
        return config.read_bytes().decode()

    return change


COMMENTED = """\
# My settings.
model = "opus"   # for the hard things

effort   =   'low'

# At work
# only.
[profiles.work]
base_url = "https://a.example"  # inside
"""


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        pytest.param("", "model", "opus", 'model = "opus"\n', id="the first setting"),
        pytest.param("# only this\n", "offline", "Yes", "# only this\noffline = true\n", id="behind a comment"),
        pytest.param("", "retry_for_s", "5", "retry_for_s = 5\n", id="a number stays as it is written"),
        pytest.param("", "retry_for_s", "2.5", "retry_for_s = 2.5\n", id="a fraction"),
        pytest.param("", "budget.day", "05.50", "[budget]\nday = 5.5\n", id="in a table, money as a number"),
        pytest.param("", "budget.day", "5", "[budget]\nday = 5\n", id="whole dollars"),
        pytest.param(
            "[budget]\nday = 5 # a day\n\n[profiles.x]\nmodel = 'opus'\n",
            "budget.month",
            ".1",
            "[budget]\nday = 5 # a day\nmonth = 0.1\n\n[profiles.x]\nmodel = 'opus'\n",
            id="beside another in its table",
        ),
        pytest.param(
            "",
            "budget.day",
            "123456789.123456789",
            '[budget]\nday = "123456789.123456789"\n',
            id="more than a number holds",
        ),
        pytest.param("", "allow_http", "a, b,", 'allow_http = ["a", "b"]\n', id="a list with commas"),
        pytest.param("", "allow_http", '["a"]', 'allow_http = ["a"]\n', id="a list as JSON"),
        pytest.param("", "allow_http", "", "allow_http = []\n", id="an empty list"),
        pytest.param("", "key_command", "op read 'a b'", "key_command = \"op read 'a b'\"\n", id="a command line"),
        pytest.param("", "key_command", '["op", "x"]', 'key_command = ["op", "x"]\n', id="a command as JSON"),
        pytest.param("", "system", 'a\n"b" \\', 'system = "a\\n\\"b\\" \\\\"\n', id="what has to be escaped"),
        pytest.param('\ufeffmodel = "a"\n', "model", "b", 'model = "b"\n', id="a byte order mark goes"),
        pytest.param('model = "a"\r\n', "model", "b", 'model = "b"\r\n', id="line breaks of Windows stay"),
        pytest.param(
            COMMENTED,
            "model",
            "haiku",
            COMMENTED.replace('"opus"', '"haiku"'),
            id="a value is changed in its place",
        ),
        pytest.param(
            COMMENTED,
            "max_tokens",
            "5",
            COMMENTED.replace("'low'\n", "'low'\nmax_tokens = 5\n"),
            id="a new one goes before the comment of the first table",
        ),
        pytest.param(
            COMMENTED,
            "profiles.work.model",
            "haiku",
            COMMENTED + 'model = "haiku"\n',
            id="a profile gets one more",
        ),
        pytest.param(
            COMMENTED,
            "profiles.my.host.headers.x-team",
            "a b",
            COMMENTED + '\n[profiles."my.host".headers]\nx-team = "a b"\n',
            id="a new profile with dots in its name",
        ),
        pytest.param(
            "",
            "profiles.work.headers",
            '{"x-team": "blue"}',
            '[profiles.work.headers]\nx-team = "blue"\n',
            id="all headers as JSON",
        ),
        pytest.param(
            "profiles = {a = {model = 'x'}}\n",
            "profiles.b.model",
            "y",
            "profiles = {a = {model = 'x'},b = {model = \"y\"}}\n",
            id="profiles on one line",
        ),
        pytest.param(
            'profiles.a.model = "x"\n', "profiles.a.model", "y", 'profiles.a.model = "y"\n', id="profiles with dots"
        ),
        pytest.param(
            'system = """\n# no comment\n[profiles.no]\n"""\n[profiles.a]\n',
            "model",
            "x",
            'system = """\n# no comment\n[profiles.no]\n"""\nmodel = "x"\n\n[profiles.a]\n',
            id="tables and comments inside a text are none",
        ),
    ],
)
def test_a_value_is_set_and_the_rest_stays(written, before, name, value, after):
    """Comments, order, quotes and blanks are the user's."""
    assert written(before, (name, value)) == after


def test_a_wrong_value_is_mended_by_a_right_one(written):
    """The one way that needs no editor."""
    assert written("effort = 'huge' # ?\n", ("effort", "low")) == 'effort = "low" # ?\n'


def test_the_file_is_the_users_alone(config):
    """0600 in 0700, also where it was not."""
    set_value(config, "model", "opus")
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    config.chmod(0o644)
    set_value(config, "model", "haiku")
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert [path.name for path in config.parent.iterdir()] == ["config.toml"]


def test_a_link_is_followed(config, tmp_path):
    """Who keeps dotfiles in a repository has links in their place."""
    config.parent.mkdir()
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles" / "config.toml").write_text('model = "a"\n')
    config.symlink_to("../dotfiles/config.toml")
    set_value(config, "model", "b")
    assert config.is_symlink() and (tmp_path / "dotfiles" / "config.toml").read_text() == 'model = "b"\n'
    config.unlink()
    config.symlink_to("../dotfiles/new.toml")
    set_value(config, "model", "c")
    assert config.is_symlink() and (tmp_path / "dotfiles" / "new.toml").read_text() == 'model = "c"\n'


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param("modle", "x", "there is no setting 'modle'; did you mean 'model'?", id="unknown"),
        pytest.param("zzz", "x", "there is no setting 'zzz'; `claude-cli config show` lists them", id="unknown, far"),
        pytest.param("max_tokens", "many", "max_tokens is a whole number, 0 or more, not 'many'", id="type"),
        pytest.param("max_tokens", "-1", "max_tokens is a whole number, 0 or more, not -1", id="negative"),
        pytest.param("retry_for_s", "9" * 400, "retry_for_s is a number of seconds", id="too much"),
        pytest.param("effort", "huge", "effort is one of low, medium, high, xhigh, max, not 'huge'", id="choice"),
        pytest.param("offline", "maybe", "offline is true or false, not 'maybe'", id="switch"),
        pytest.param("allow_http", "[1]", "allow_http is a list of texts", id="list"),
        pytest.param("key_command", "a 'b", "split into words", id="command line"),
        pytest.param("base_url", "example", "is not of the form https://host", id="address"),
        pytest.param("profiles.work.base_url", "https://u:p@x", "may hold no user", id="address with a password"),
        pytest.param("profiles.work", "x", "a profile's setting is profiles.NAME.KEY", id="profile without a key"),
        pytest.param("profiles.work.zzz", "x", "KEY is one of base_url, model", id="profile's unknown key"),
        pytest.param("profiles.work.zzz", "x", "headers.NAME such as headers.x-team", id="headers, one by one"),
        pytest.param("profiles.work.headers", '{"x": 1, "y": "CANARY"}', "headers are a table of texts", id="headers"),
        pytest.param("profiles.work.headers", "CANARY", """such as '{"x-team": "blue"}'""", id="no headers"),
        pytest.param("profile", "work", "set profiles.work.base_url URL` adds it", id="profile to be added"),
        pytest.param(
            "max_token", "5", "there is no setting 'max_token'; did you mean 'max_tokens'", id="no key's name"
        ),
        pytest.param("my_auth_token", "x", "`claude-cli keys set` stores one safely", id="a token's name"),
        pytest.param("profile", "work", "there is no profile 'work'", id="profile that is not there"),
        pytest.param("system", "\udcff", "the value of system is not UTF-8 text", id="no text"),
        pytest.param("anthropic_api_key", "CANARY", "`claude-cli keys set` stores one safely", id="a key's name"),
        pytest.param("model", "sk-ant-CANARY", "`claude-cli keys set` stores one safely", id="a key"),
        pytest.param("key_command", "echo SK-ANT-CANARY", "`claude-cli keys set`", id="a key in a command"),
    ],
)
def test_what_is_wrong_is_not_written(config, name, value, said):
    """Nothing is changed, not even made; and a key is not repeated."""
    with pytest.raises(UsageError) as caught:
        set_value(config, name, value)
    assert said in str(caught.value) and "CANARY" not in str(caught.value) and "\n" not in str(caught.value)
    assert not config.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("model = opus\n", "line 1, column 9: this is not valid TOML", id="broken"),
        pytest.param("profiles = 1\n", "line 1, column 1: profiles are tables", id="no profiles"),
        pytest.param("modle = 1\n", "line 1, column 1: there is no setting 'modle'", id="unknown name"),
        pytest.param(
            "profiles.a.model = 'x'\nprofiles.b.model = 'y'\n",
            "cannot be changed here; use `claude-cli config edit`",
            id="layout",
        ),
    ],
)
def test_a_file_that_is_wrong_is_left_alone(config, text, said):
    """What stood there before was the user's; the message says where to look."""
    config.parent.mkdir()
    config.write_text(text)
    with pytest.raises(UsageError) as caught:
        set_value(config, "profiles.new.model", "x")
    assert said in str(caught.value) and str(config) in str(caught.value)
    assert config.read_text() == text


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        pytest.param(COMMENTED, "effort", COMMENTED.replace("effort   =   'low'\n", ""), id="a setting"),
        pytest.param("modle = 1\n# stays\nzzz = 1\n", "modle", "# stays\nzzz = 1\n", id="no setting at all"),
        pytest.param("[profiles.a]\nmodel = 'x'\n[profiles.b]\n", "profiles.a", "[profiles.b]\n", id="a profile"),
        pytest.param("[profiles.a]\nmodel = 'x'\n", "profiles.a.model", "[profiles.a]\n", id="of a profile"),
        pytest.param('[profiles."my.host"]\nmodel = "x"\n', "profiles.my.host", "", id="a profile with dots"),
        pytest.param(
            '[profiles."my.host"]\nmodel = "x"\n', "profiles.my.host.model", '[profiles."my.host"]\n', id="dots, a key"
        ),
    ],
)
def test_a_value_is_taken_out(config, before, name, after):
    """Also what is no setting: so a file can be mended."""
    config.parent.mkdir()
    config.write_text(before)
    assert unset_value(config, name)
    assert config.read_text() == after


def test_what_is_not_there_cannot_be_taken_out(config):
    """A script may do it twice; a slip is still a slip."""
    assert not unset_value(config, "effort")
    assert not unset_value(config, "profiles.work") and not unset_value(config, "profiles.work.model")
    with pytest.raises(UsageError, match="did you mean 'effort'"):
        unset_value(config, "efort")
    assert not config.exists()


def test_a_profile_in_use_stays(config):
    """Or every command would fail from then on."""
    set_value(config, "profiles.work.model", "x")
    set_value(config, "profile", "work")
    with pytest.raises(UsageError, match="there is no profile 'work'"):
        unset_value(config, "profiles.work")
    assert unset_value(config, "profile") and unset_value(config, "profiles.work")
    assert config.read_text().strip() == ""


def test_two_at_once_lose_nothing(config):
    """Each waits for the other: all that was set is there at the end."""
    names = [f"profiles.p{number}.model" for number in range(12)]
    threads = [threading.Thread(target=set_value, args=(config, name, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = tomllib.loads(config.read_text())["profiles"]
    assert {f"profiles.{name}.model": table["model"] for name, table in found.items()} == {name: name for name in names}


def test_a_whole_text_replaces_only_what_was_read(config):
    """What another program has written meanwhile is not lost."""
    replace_text(config, "", 'model = "a"\n')
    with pytest.raises(ChangedMeanwhileError, match="changed by another program meanwhile"):
        replace_text(config, "", 'model = "b"\n')
    with pytest.raises(UsageError, match="line 1, column 1: model is a text"):
        replace_text(config, 'model = "a"\n', "model = 1\n")
    assert read_text(config) == 'model = "a"\n'


def test_a_place_that_cannot_be_written(tmp_path):
    """Read-only home, full disk: the reason, and the file that was meant."""
    (tmp_path / "file").write_text("")
    config = tmp_path / "file" / "config.toml"
    for change in (
        lambda: set_value(config, "model", "x"),
        lambda: replace_text(config, "", 'model = "x"\n'),
    ):
        with pytest.raises(UsageError, match=r"config\.toml cannot be written: (Not a directory|File exists)"):
            change()
    config = Path("/proc/claude-cli/config.toml")
    with pytest.raises(UsageError, match=r"/proc/claude-cli/config\.toml cannot be written: "):
        set_value(config, "model", "x")


def test_a_text_that_is_none(config):
    """An editor is not started on what it would spoil."""
    config.parent.mkdir()
    config.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="are not UTF-8 text"):
        read_text(config)
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_text(config.parent)
