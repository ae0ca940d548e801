"""The settings of `serve`: the table [serve] of the user's file, then variables; never a project's file."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.gateway.config import Config
from claude_cli.storage.config_edit import set_value, unset_value
from claude_cli.storage.project_file import ALLOWED
from claude_cli.storage.settings import all_fields, load_settings, unknown_variables, variables
from claude_cli.storage.settings_serve import SERVE_FIELDS, ServeSettings, serve_settings
from claude_cli.storage.settings_view import find, rows


@pytest.fixture
def load(tmp_path):
    """The settings of `serve`, and where they come from, by a file's text and variables."""

    def loader(text="", **environ):
        (tmp_path / "config.toml").write_text(text)
        variables = {"CLAUDE_CLI_HOME": str(tmp_path), **environ}
        return serve_settings(load_settings(variables), variables)

    return loader


def test_variables_go_before_the_file_and_each_says_where_it_came_from(load, tmp_path):
    """A container is told by variables what its image has in a file."""
    text = (
        '[serve]\nport = 8080\nhost = "::1"\ncors_origins = ["https://a.example"]\n[serve.aliases]\n"gpt-4.1" = "opus"'
    )
    found, sources = load(text, CLAUDE_CLI_SERVE_PORT="9", CLAUDE_CLI_SERVE_ALLOW_HOSTS="a.example, b.example")
    assert (found.serve_port, found.serve_host) == (9, "::1")
    assert (found.serve_cors_origins, found.serve_allow_hosts) == (("https://a.example",), ("a.example", "b.example"))
    assert dict(found.serve_aliases) == {"gpt-4.1": "opus"}
    file = str(tmp_path / "config.toml")
    assert sources == {
        "serve.port": "CLAUDE_CLI_SERVE_PORT", "serve.allow_hosts": "CLAUDE_CLI_SERVE_ALLOW_HOSTS",
        **dict.fromkeys(("serve.host", "serve.cors_origins", "serve.aliases"), file),
    }  # fmt: skip


def test_without_any_they_are_the_gateways_own_defaults(load):
    """The two are written down on two floors, and must not drift apart."""
    assert load() == (ServeSettings(), {})
    theirs = {"tls_certificate": "serve_tls_cert", "hosts": "serve_allow_hosts"}
    shared = {
        name: own
        for name in Config.__dataclass_fields__
        if (own := theirs.get(name, f"serve_{name}")) in ServeSettings.__dataclass_fields__ and name != "aliases"
    }
    assert (
        len(shared) == len(SERVE_FIELDS) - 2
    )  # but for the keys' file and the aliases, which are added to those of ours
    assert {name: getattr(ServeSettings(), own) for name, own in shared.items()} == {
        name: getattr(Config(), name) for name in shared
    }


@pytest.mark.parametrize("name", [name for name in SERVE_FIELDS if name != "serve.aliases"])
def test_each_has_a_variable(load, name):
    """`CLAUDE_CLI_SERVE_` and the name in capitals."""
    (variable,) = variables(name)
    assert variable == f"CLAUDE_CLI_{name.upper().replace('.', '_')}"
    item = SERVE_FIELDS[name]
    text = {bool: "yes", str: "reject"}.get(type(item.default), "7")
    wanted = {bool: True, tuple: ("7",), str: "reject"}.get(type(item.default), 7)
    found, sources = load(**{variable: text})
    assert getattr(found, item.name) == wanted and sources == {name: variable}
    assert unknown_variables({variable: text}) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("serve = 1", "line 1, column 1: serve is a table: [serve]", id="no table"),
        pytest.param("[serve]\nprot = 1", "line 2, column 1: there is no setting 'serve.prot'; did you", id="unknown"),
        pytest.param('[serve]\nport = "1"', "line 2, column 1: serve.port is a whole number", id="type"),
        pytest.param('[serve]\non_unsupported = "x"', "serve.on_unsupported is one of warn, drop, reject", id="choice"),
        pytest.param("[serve]\naliases = 1", "serve.aliases is a table of texts", id="aliases, no table"),
        pytest.param(
            "[serve.aliases]\na = 1", "line 1, column 1: serve.aliases is a table of texts", id="aliases, type"
        ),
        pytest.param('[serve]\napi_key = "x"', "`claude-cli keys set` stores one safely", id="a key"),
    ],
)
def test_a_wrong_file_is_named_with_its_place(load, tmp_path, text, said):
    """As any other table of the file, and by every command."""
    with pytest.raises(UsageError) as caught:
        load(text)
    assert str(caught.value).startswith(str(tmp_path / "config.toml")) and said in str(caught.value)


def test_a_wrong_variable_is_named(load):
    """By what asks for the settings of `serve`: other commands do not read it."""
    with pytest.raises(UsageError, match=r"^CLAUDE_CLI_SERVE_PORT: serve.port is a whole number"):
        load(CLAUDE_CLI_SERVE_PORT="x")
    assert load_settings({"CLAUDE_CLI_SERVE_PORT": "x"}).serve == {}


def test_a_project_sets_none_of_them(tmp_path):
    """A cloned repository must not open this machine, or send its calls elsewhere."""
    assert not [name for name in all_fields() if name.startswith("serve.") and name in ALLOWED]
    home, project = tmp_path / "home", tmp_path / "project"
    for folder in (home, project):
        folder.mkdir()
    (project / ".claude-cli.toml").write_text('[serve]\nhost = "0.0.0.0"\n[serve.aliases]\nsonnet = "haiku"\n')
    found = load_settings({"CLAUDE_CLI_HOME": str(home), "HOME": str(tmp_path)}, folder=project)
    assert found.serve == {} and found.project is not None and "serve" in found.project.complaint


def test_names_of_models_are_set_and_taken_out_one_by_one(tmp_path):
    """Their names have dots; comments and the other names stay."""
    path = tmp_path / "config.toml"
    path.write_text("# mine\n[serve]\nport = 5 # five\n")
    set_value(path, "serve.aliases.gpt-4.1", "opus")
    set_value(path, "serve.aliases.claude-3-opus", "")
    environ = {"CLAUDE_CLI_HOME": str(tmp_path)}
    row = find(rows(load_settings(environ), str(path), environ), "serve.aliases")[0]
    assert (row.value, row.source) == ({"gpt-4.1": "opus", "claude-3-opus": ""}, str(path))
    assert "# mine\n[serve]\nport = 5 # five\n" in path.read_text()
    assert unset_value(path, "serve.aliases.gpt-4.1") and not unset_value(path, "serve.aliases.gpt-4.1")
    assert load_settings(environ).serve["serve.aliases"] == (("claude-3-opus", ""),)
    set_value(path, "serve.aliases", '{"x": "haiku"}')
    assert load_settings(environ).serve["serve.aliases"] == (("x", "haiku"),)
    with pytest.raises(UsageError, match=r"^serve\.aliases is a table of texts"):
        set_value(path, "serve.aliases", "x=haiku")


def test_a_password_in_an_address_is_not_shown(tmp_path):
    """That of redis, in `config show`."""
    environ = {"CLAUDE_CLI_SERVE_LIMITS_URL": "redis://:CANARY@cache.example:6379/0"}
    shown = find(rows(load_settings(environ), "", environ), "serve.limits_url")
    assert [row.plain for row in shown] == ["redis://***@cache.example:6379/0"]
