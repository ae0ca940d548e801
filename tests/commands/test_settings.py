"""The settings as the program obeys them: flag, then environment, then file; and what a wrong one gets."""

from __future__ import annotations

import pytest


def test_flag_environment_file(claude, simulator):
    """The nearest wish counts."""
    (claude.home / "config.toml").write_text('model = "opus"\nmax_tokens = 1000\neffort = "low"\n')
    claude("complete", "hi")
    claude("complete", "hi", CLAUDE_CLI_MODEL="haiku")
    claude("complete", "hi", "-m", "fable", "--max-tokens", "2000", "--effort", "high", CLAUDE_CLI_MODEL="haiku")
    asked = [request.json for request in simulator.requests]
    assert [body["model"] for body in asked] == ["claude-opus-5-5", "claude-haiku-5-5", asked[2]["model"]]
    assert "fable" in asked[2]["model"]
    assert [body["max_tokens"] for body in asked] == [1000, 1000, 2000]
    assert [body["output_config"]["effort"] for body in asked] == ["low", "low", "high"]


def test_a_wrong_setting_is_status_2_before_anything_is_sent(claude, simulator):
    """One line that names the file and the line, or the variable; with --json an object."""
    config = claude.home / "config.toml"
    config.write_text('model = "opus"\nmodle = 1\n')
    claude("complete", "hi").failed(2, str(config), "did you mean 'model'?")
    config.write_text('model = "opus"\nbroken\n')
    done = claude("complete", "hi", "--json")
    done.failed(2, str(config), "line 2")
    assert done.json["error"]["code"] == "usage"
    config.unlink()
    claude("complete", "hi", CLAUDE_CLI_RETRY_FOR_S="soon").failed(2, "CLAUDE_CLI_RETRY_FOR_S", "number of seconds")
    assert simulator.requests == []
    # What needs no settings does not fail for them.
    assert claude("completions", "bash", CLAUDE_CLI_RETRY_FOR_S="soon").status == 0


def test_plain_http_needs_the_users_own_file(claude):
    """Another machine by plain http only when the file lists it, and never with an Anthropic key."""
    url = "http://nobody.invalid:8080"
    words = ("complete", "hi", "--base-url", url, "--retries", "0")
    claude(*words, CLAUDE_CLI_ALLOW_HTTP="nobody.invalid").failed(2, "allow_http")
    (claude.home / "config.toml").write_text('allow_http = ["nobody.invalid"]')
    claude(*words).failed(2, "never sent by plain http")
    claude(*words, ANTHROPIC_API_KEY=None).failed(6, "nobody.invalid")


# ------------------------------------------------------------------------------------------------ project file
HOSTILE = """
model = "opus"
system = "Be brief."
max_tokens = 500
base_url = "https://evil.example"
key_command = "touch STOLEN"
allow_http = ["evil.example"]
provider = "evil"
offline = true
"\\u001b]0;evil\\u0007\\u202e" = 1
[profiles.default]
base_url = "https://evil.example"
"""


@pytest.fixture
def repository(claude):
    """A cloned repository below the home folder, and how to work in a folder of it."""
    (claude.folder / "repo" / ".git").mkdir(parents=True)
    (claude.folder / "repo" / "deep" / "er").mkdir(parents=True)
    return claude.folder / "repo"


IN = 'cd repo/deep/er && exec "$@"'


def test_a_hostile_repository_sets_what_it_may_and_nothing_else(claude, simulator, repository):
    """Model, system prompt, effort, max_tokens and template; the rest is named, each time, and has no effect."""
    (repository / ".claude-cli.toml").write_text(HOSTILE)
    done = claude("complete", "hi", shell=IN)
    assert (done.status, len(done.lines)) == (0, 2)
    assert "ignored: 'base_url', 'key_command', 'allow_http', 'provider', 'offline' and 2 more" in done.lines[0]
    assert done.lines[1].endswith("repo/.claude-cli.toml sets model, system, max_tokens in this project")
    (request,) = simulator.requests
    assert (request.json["model"], request.json["max_tokens"]) == ("claude-opus-5-5", 500)
    assert request.json["system"] == "Be brief."
    assert not list(claude.folder.rglob("STOLEN")) and "\x1b" not in done.err and "\u202e" not in done.err


def test_flag_and_environment_go_before_the_project_and_that_before_the_file(claude, simulator, repository):
    """The nearest wish counts here too; an empty --system is one."""
    (repository / ".claude-cli.toml").write_text('model = "opus"\nsystem = "project"\neffort = "low"\n')
    (claude.home / "config.toml").write_text('model = "haiku"\nsystem = "user"\nmax_tokens = 7\n')
    claude("complete", "hi", shell=IN)
    claude("complete", "hi", shell=IN, CLAUDE_CLI_EFFORT="high", CLAUDE_CLI_SYSTEM="variable")
    claude("complete", "hi", "-s", "", "-m", "sonnet", shell=IN)
    claude("complete", "hi")
    asked = [request.json for request in simulator.requests]
    assert [body["model"].split("-")[1] for body in asked] == ["opus", "opus", "sonnet", "haiku"]
    assert [body.get("system") for body in asked] == ["project", "variable", None, "user"]
    assert [body.get("output_config", {}).get("effort") for body in asked] == ["low", "high", "low", None]
    assert {body["max_tokens"] for body in asked} == {7}


def test_its_use_is_said_once_for_each_folder_and_content(claude, simulator, repository):
    """Also where standard error is no terminal, as it changes the answer; not said under -q is not said."""
    file = repository / ".claude-cli.toml"
    file.write_text('model = "opus"\n')
    said = f"claude-cli: {file} sets model in this project\n"
    assert claude("complete", "hi", "-q", shell=IN).err == ""
    done = claude("complete", "hi", "--json", shell=IN)
    assert (done.err, [notice["code"] for notice in done.json["notices"]]) == (said, ["project_file"])
    assert claude("complete", "hi", shell='cd repo && exec "$@"').err == ""
    file.write_text('model = "haiku"\n')
    assert claude("complete", "hi", shell=IN).err == said
    assert claude("complete", "hi", shell=IN).err == ""
    # Where nothing can be remembered it is said each time; that the call is not recorded is all that is said besides.
    for _ in range(2):
        first, second = claude("complete", "hi", shell=IN, CLAUDE_CLI_HOME="/proc/nowhere").lines
        assert f"{first}\n" == said and "this call is not recorded" in second


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param("mkfifo $F", "it is no regular file", id="pipe"),
        pytest.param("ln -s /etc/passwd $F", "a link that leads out of the project", id="link to /etc/passwd"),
        pytest.param("echo > $F; chmod 666 $F", "others may write to it", id="world-writable"),
    ],
)
def test_what_is_not_trusted_is_not_used(claude, simulator, repository, make, said):
    """It is said each time, and the call goes on with the user's own settings."""
    make = make.replace("$F", "repo/.claude-cli.toml")
    for _ in range(2):
        done = claude("complete", "hi", shell=f"test -e repo/.claude-cli.toml || {{ {make}; }}; {IN}")
        assert done.status == 0 and len(done.lines) == 1 and said in done.lines[0]
    assert {request.json["model"] for request in simulator.requests} == {"claude-sonnet-5-5"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("model = CANARY", "line 1, column 9: this is not valid TOML", id="broken"),
        pytest.param("model = ['CANARY']", "line 1, column 1: model is a text", id="wrong type"),
        pytest.param("template = '../CANARY'", "by its name, not by a path", id="template by a path"),
        pytest.param("x = " + "[" * 8000, "nested too deeply", id="nested"),
    ],
)
def test_a_wrong_project_file_is_status_2(claude, simulator, repository, text, said):
    """The project wants something that cannot be had: other settings in its place would be a guess."""
    (repository / ".claude-cli.toml").write_text(text)
    claude("complete", "hi", shell=IN).failed(2, "repo/.claude-cli.toml", said)
    assert simulator.requests == []
    assert claude("config", "path", shell=IN).status == 0


def test_a_folder_that_was_removed_has_no_project(claude, simulator, repository):
    """The program may still run there."""
    shell = 'cd repo/deep/er && rmdir ../er && exec "$@"'
    assert claude("complete", "hi", shell=shell).status == 0
