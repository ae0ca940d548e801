"""`config show|set|unset|path|edit`, through the program: where each value comes from, and how it is changed."""

from __future__ import annotations

import stat

import pytest


@pytest.fixture
def config(claude):
    """The user's file."""
    return claude.home / "config.toml"


@pytest.fixture
def editor(claude):
    """Makes an editor of a shell script, whose first argument is the file; returns the variable's value."""

    def make(script: str) -> str:
        path = claude.folder / "editor"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make


# ------------------------------------------------------------------------------------------------ show
def test_show_names_the_source_of_each_value(claude, config):
    """Who wonders why a model answers has to see what says so."""
    config.write_text('model = "opus"\neffort = "low"\nkeyring = true\n')
    (claude.folder / ".claude-cli.toml").write_text('model = "haiku"\nmax_tokens = 9\n')
    done = claude("config", "show", CLAUDE_CLI_EFFORT="high", ANTHROPIC_BASE_URL=None)
    rows = {line[2:].split()[0]: (line[0], *line[2:].split()[1:]) for line in done.out.splitlines()}
    assert rows["model"] == ("*", '"haiku"', str(claude.folder / ".claude-cli.toml"))
    assert rows["effort"] == ("*", '"high"', "CLAUDE_CLI_EFFORT")
    assert rows["keyring"] == ("*", "true", str(config))
    assert rows["base_url"] == (" ", '""', "default")
    assert (done.status, done.err) == (0, "")


def test_show_one_prints_its_value_alone(claude, config):
    """For a script: no quotes, no source; a list as in the file."""
    config.write_text('system = "a\\nb"\nallow_http = ["x", "y"]\n[profiles.work]\nmodel = "m"\n')
    shown = {
        name: claude("config", "show", name).out
        for name in ("model", "system", "allow_http", "offline", "profiles.work.model")
    }
    assert shown == {
        "model": "sonnet\n",
        "system": "a\nb\n",
        "allow_http": '["x", "y"]\n',
        "offline": "false\n",
        "profiles.work.model": "m\n",
    }
    assert claude("config", "show", "profiles").out == f'* profiles.work.model  "m"  {config}\n'
    assert claude("config", "show", "model", "--profile", "work").out == "m\n"
    claude("config", "show", "modle").failed(2, "there is no setting 'modle'; did you mean 'model'?")
    claude("config", "show", "--profile", "wrok").failed(2, "--profile: there is no profile 'wrok'")


def test_show_as_json(claude, config):
    """The same for a program, with the types of the values."""
    config.write_text('model = "opus"\n')
    found = claude("config", "show", "--json").json["settings"]
    assert found["model"] == {"value": "opus", "source": str(config), "changed": True}
    assert found["retry_for_s"] == {"value": 60.0, "source": "default", "changed": False}
    assert claude("config", "show", "offline", "--json").json == {
        "version": 1,
        "settings": {"offline": {"value": False, "source": "default", "changed": False}},
    }


SECRETS = """
key_command = "echo api03-CANARY"
base_url = "https://user:CANARY@gateway.example"
[profiles.work.headers]
Authorization = "Basic CANARY"
X-Api-Key = "CANARY"
x-gateway-token = "CANARY"
cookie = "CANARY"
x-team = "blue"
x-other = "Bearer CANARYCANARY"
"""


@pytest.mark.parametrize("words", [(), ("--json",), ("profiles.work.headers",), ("profiles.work.headers.X-Api-Key",)])
def test_show_shows_no_secret(claude, config, words):
    """Whatever a user has put into the file. (Each run looks for it on both streams.)"""
    config.write_text(SECRETS)
    done = claude("config", "show", *words, ANTHROPIC_BASE_URL=None)
    assert done.status == 0 and "***" in done.out
    assert "blue" not in done.out and "api03" not in done.out


def test_a_broken_project_file_is_said_and_the_rest_shown(claude, config):
    """This is where one looks for what is wrong; the user's own file is still an error."""
    project = claude.folder / ".claude-cli.toml"
    project.write_text("model = 5\n")
    config.write_text('model = "opus"\n')
    for words in ((), ("model",)):
        done = claude("config", "show", *words)
        assert (done.status, len(done.lines)) == (0, 1) and str(project) in done.lines[0] and "opus" in done.out
    config.write_text("model = 5\n")
    claude("config", "show").failed(2, str(config))


def test_show_names_what_has_no_effect(claude):
    """A slip in a variable stops no call, so this is where it is found."""
    (claude.folder / ".claude-cli.toml").write_text('base_url = "https://evil.example"\n')
    done = claude("config", "show", CLAUDE_CLI_MODLE="x", CLAUDE_CLI_KEY_COMMAND="x")
    assert done.status == 0 and "evil" not in done.out
    assert "ignored: 'base_url'" in done.lines[0]
    assert "CLAUDE_CLI_KEY_COMMAND is set, but only config.toml may set this" in done.lines[1]
    assert "CLAUDE_CLI_MODLE is set, but there is no such setting; did you mean 'CLAUDE_CLI_MODEL'?" in done.lines[2]


def test_a_long_value_does_not_break_the_table(claude, config):
    """One setting a line, on a terminal of 40 columns too; the whole is shown alone."""
    config.write_text(f'system = """\n{"word " * 200}\nend"""\n')
    line = next(line for line in claude("config", "show").out.splitlines() if line.startswith("* system"))
    assert "…" in line and len(line) < 106 + len(str(config))
    assert claude("config", "show", "system").out.endswith("\nend\n")


# ------------------------------------------------------------------------------------------------ set and unset
def test_set_show_unset(claude, config):
    """What was set holds for the next command, and is gone again."""
    for words in (("model", "opus"), ("profiles.work.model", "haiku"), ("profile", "work")):
        assert (done := claude("config", "set", *words)).status == 0 and done.out == done.err == ""
    assert claude("config", "show", "model").out == "haiku\n"
    assert claude("config", "unset", "profile").status == 0
    assert claude("config", "show", "model").out == "opus\n"
    assert claude("config", "unset", "model").status == 0
    done = claude("config", "unset", "model")
    assert (done.status, done.lines) == (0, [f"claude-cli: model is not set in {config}"])
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_set_says_what_goes_before_it(claude):
    """Else the user sets a value and sees no effect."""
    done = claude("config", "set", "model", "opus", CLAUDE_CLI_MODEL="haiku")
    assert done.lines == ["claude-cli: CLAUDE_CLI_MODEL is set too, and goes before the file"]


def test_set_on_a_terminal_says_where(claude, config):
    """A person wants to know that something happened; a script does not."""
    done = claude("config", "set", "model", "opus", err="terminal", NO_COLOR="1")
    assert done.err == f"claude-cli: model is set in {config}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("set", "anthropic_api_key", "sk-ant-api03-CANARY"),
        ("set", "model", "sk-ant-api03-CANARY"),
        ("set", "profiles.work.headers.x-api-key", "sk-ant-api03-CANARY"),
        ("set", "ANTHROPIC_API_KEY", "CANARY"),
    ],
)
def test_a_key_is_refused_and_not_repeated(claude, config, words):
    """Keys have a safer place, and the settings are shown to everybody who asks for help."""
    claude("config", *words).failed(2, "claude-cli keys set")
    assert not config.exists()


def test_a_broken_file_can_be_mended_here(claude, config):
    """`show` names the place, and `edit`, `path` and `unset` work all the same."""
    config.write_text('model = "opus"\nmodle = 1\n')
    claude("config", "show").failed(2, f"{config}, line 2, column 1: there is no setting 'modle'")
    claude("config", "set", "effort", "low").failed(2, f"{config}, line 2, column 1")
    assert claude("config", "path").status == 0
    assert claude("config", "unset", "modle").status == 0
    assert claude("config", "show", "model").out == "opus\n"


def test_a_home_that_cannot_be_written(claude):
    """The settings can be read, and what cannot be done is said in one line."""
    home = "/proc/nowhere"
    assert claude("config", "show", "model", CLAUDE_CLI_HOME=home).out == "sonnet\n"
    claude("config", "set", "model", "x", CLAUDE_CLI_HOME=home).failed(2, f"{home}/config.toml cannot be written")


def test_a_template_that_is_not_there_is_not_set(claude, config):
    """Every later call would fail for it; "" stands for none."""
    claude("config", "set", "template", "comit").failed(2, "there is no template 'comit'; did you mean 'commit'?")
    claude("config", "set", "template", "./nope.toml").failed(2, "cannot be read")
    assert not config.exists()
    for template in ("commit", ""):
        assert claude("config", "set", "template", template).status == 0


@pytest.mark.parametrize("name", ["model", "profiles.work.model"])
def test_a_model_that_nobody_knows_is_set_and_said(claude, name):
    """It may be newer than the catalogue, or a slip."""
    done = claude("config", "set", name, "sonet")
    assert done.lines == ["claude-cli: the catalogue does not know the model 'sonet'; did you mean 'sonnet'?"]
    assert (done.status, claude("config", "show", name).out) == (0, "sonet\n")
    assert claude("config", "set", name, "llama4:8b").lines[0].endswith("'llama4:8b'; it is sent as it stands")
    assert claude("config", "set", name, "opus").err == ""


def test_a_negative_number_is_a_wrong_number(claude):
    """And not an option."""
    claude("config", "set", "max_tokens", "-5").failed(2, "max_tokens is a whole number, 0 or more, not -5")


def test_a_profile_that_is_not_there_is_not_set(claude, config):
    """The file is named once, and no line of it, for none of it is wrong."""
    claude("config", "set", "profiles.work.model", "opus")
    said = claude("config", "set", "profile", "wrok").failed(2, "there is no profile 'wrok' in")
    assert said == f"claude-cli: there is no profile 'wrok' in {config}; did you mean 'work'?"


# ------------------------------------------------------------------------------------------------ path
def test_path_prints_where_the_files_lie(claude):
    """All in one folder with CLAUDE_CLI_HOME, else where the platform has them."""
    home = str(claude.home)
    assert claude("config", "path", "--json").json == {
        "version": 1, "config": f"{home}/config.toml", "models": f"{home}/models.toml",
        "templates": f"{home}/templates", "data": home, "history": f"{home}/history.db",
        "attachments": f"{home}/attachments", "usage": f"{home}/usage.db", "cache": home,
    }  # fmt: skip
    xdg = {f"XDG_{kind}_HOME": f"/x/{kind.lower()}" for kind in ("CONFIG", "DATA", "CACHE")}
    assert claude("config", "path", CLAUDE_CLI_HOME=None, **xdg).out.split() == [
        "config", "/x/config/claude-cli/config.toml", "models", "/x/config/claude-cli/models.toml",
        "templates", "/x/config/claude-cli/templates", "data", "/x/data/claude-cli",
        "history", "/x/data/claude-cli/history.db", "attachments", "/x/data/claude-cli/attachments",
        "usage", "/x/data/claude-cli/usage.db", "cache", "/x/cache/claude-cli",
    ]  # fmt: skip
    assert not (claude.home / "config.toml").exists()


# ------------------------------------------------------------------------------------------------ edit
def test_edit_replaces_the_file_when_it_is_right(claude, config, editor):
    """The editor has a copy with the user's words, or a line of help where there is no file."""
    script = 'grep -q "one .name = value. a line" "$1" && echo "model = \'opus\'" >> "$1"'
    done = claude("config", "edit", stdin="terminal", err="terminal", EDITOR=editor(script))
    assert (done.status, done.err) == (0, "")
    assert claude("config", "show", "model").out == "opus\n"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    script = 'sed -i s/opus/haiku/ "$1"'
    assert claude("config", "edit", stdin="terminal", err="terminal", EDITOR=editor(script)).status == 0
    assert config.read_text().startswith("# Settings of claude-cli") and "haiku" in config.read_text()


def test_edit_without_a_change(claude, config, editor):
    """Nothing is written, not even the help."""
    done = claude("config", "edit", stdin="terminal", err="terminal", EDITOR=editor("true"))
    assert (done.status, done.err) == (0, f"claude-cli: nothing was changed in {config}\n")
    assert not config.exists()


def test_edit_without_a_change_says_that_the_file_is_still_broken(claude, config, editor):
    """Who opened it to mend it has not."""
    config.write_text('model = "opus"\nmodle = 1\n')
    done = claude("config", "edit", stdin="terminal", err="terminal", EDITOR=editor("true"))
    assert done.status == 0 and done.err.startswith(
        f"claude-cli: nothing was changed, and the file is still wrong: {config}, line 2, column 1: there is no setting"
    )


def test_edit_keeps_the_file_when_the_editor_fails(claude, config, editor):
    """`:cq` in vi means: forget it."""
    config.write_text('model = "opus"\n')
    script = 'echo "model = 1" > "$1"; exit 3'
    done = claude("config", "edit", stdin="terminal", err="terminal", EDITOR=editor(script))
    assert done.status == 2 and "status 3" in done.err
    assert config.read_text() == 'model = "opus"\n'


def kept(line: str) -> str:
    """The text in the file that an error names."""
    with open(line.partition("(what you wrote is in ")[2].rstrip(")")) as file:
        return file.read()


def test_edit_asks_again_when_the_text_is_wrong(claude, config, editor):
    """With what was written, not from the start; who has enough finds it in a file."""
    config.write_text('model = "opus"\n')
    script = 'echo "modle = 1" >> "$1"'
    running = claude.start(
        "config", "edit", stdin="terminal", err="terminal", EDITOR=editor(script), TMPDIR=str(claude.folder)
    )
    running.err.wait_for(b"line 2, column 1: there is no setting 'modle'; did you mean 'model'?")
    running.err.wait_for(b"edit again? [Y/n] ")
    editor('sed -i "s/modle = 1/effort = \'huge\'/" "$1"')
    running.type(b"\n")
    running.err.wait_for(b"line 2, column 1: effort is one of")
    running.type(b"n\n")
    done = running.wait()
    assert done.status == 2 and kept(done.lines[-1]) == "model = \"opus\"\neffort = 'huge'\n"
    assert config.read_text() == 'model = "opus"\n'


def test_edit_does_not_ask_where_nobody_answers(claude, config, editor):
    """Standard input is no terminal here, though the editor has one: the text is kept at once."""
    script = 'echo "broken" > "$1"'
    done = claude("config", "edit", err="terminal", EDITOR=editor(script), TMPDIR=str(claude.folder))
    assert done.status == 2 and "this is not valid TOML" in done.err
    assert kept(done.lines[-1]) == "broken\n"
    assert not config.exists()


def test_edit_loses_no_change_of_another_program(claude, config, editor):
    """An editor is open for minutes: what was written meanwhile stays, and so does what the user wrote."""
    script = f'echo "effort = \'low\'" > {config}; echo "model = \'opus\'" > "$1"'
    done = claude("config", "edit", stdin="terminal", err="terminal", EDITOR=editor(script), TMPDIR=str(claude.folder))
    assert done.status == 2 and "was changed by another program meanwhile" in done.err
    assert config.read_text() == "effort = 'low'\n" and kept(done.lines[-1]) == "model = 'opus'\n"


# ------------------------------------------------------------------------------------------------ the command itself
@pytest.mark.parametrize("words", [(), ("shwo",), ("set", "model"), ("show", "model", "effort")])
def test_half_a_command_is_status_2(claude, words):
    """One line, as everywhere."""
    claude("config", *words).failed(2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ("config",), "missing command: show, set, unset, path or edit; claude-cli config --help", id="none"
        ),
        pytest.param(("keys",), "missing command: set, list, test or rm; claude-cli keys --help", id="none of keys"),
        pytest.param(("config", "get", "model"), "did you mean claude-cli config show?", id="git's word"),
        pytest.param(("keys", "delete"), "did you mean claude-cli keys rm?", id="another word"),
        pytest.param(("config", "shwo"), "no command 'shwo'; did you mean claude-cli config show?", id="a slip"),
        pytest.param(("keys", "zzz"), "has no command 'zzz'; there are set, list, test, rm", id="nothing like it"),
    ],
)
def test_what_a_group_of_commands_has(claude, words, said):
    """Whoever guessed is told what there is."""
    claude(*words).failed(2, said)


def test_reading_loads_no_writer(claude):
    """tomlkit is for changes; every other command would wait for it."""
    (claude.home / "config.toml").write_text('model = "opus"\n')
    shell = 'PYTHONPROFILEIMPORTTIME=1 "$@"'
    assert "tomlkit" not in claude("config", "show", shell=shell).err
    assert "tomlkit" in claude("config", "set", "model", "x", shell=shell).err


def test_lines_are_broken_at_words_on_a_terminal(claude):
    """A pipe keeps them whole; a path is never broken by us, as it may be copied."""
    (claude.home / "config.toml").write_text('system = "a few words"\n')
    lines = [line.strip() for line in claude("config", "show", tty=(60, 60)).out.splitlines()]
    row = next(number for number, line in enumerate(lines) if line.startswith("* system"))
    assert (lines[row].endswith('"a few words"'), lines[row + 1]) == (True, str(claude.home / "config.toml"))
    assert str(claude.home / "models.toml") in claude("config", "path", tty=(20, 60)).out
