"""The settings as the program obeys them: flag, then environment, then file; and what a wrong one gets."""

from __future__ import annotations


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
    assert claude("models", CLAUDE_CLI_RETRY_FOR_S="soon").status == 0


def test_plain_http_needs_the_users_own_file(claude):
    """Another machine by plain http only when the file lists it, and never with an Anthropic key."""
    url = "http://nobody.invalid:8080"
    words = ("complete", "hi", "--base-url", url, "--retries", "0")
    claude(*words, CLAUDE_CLI_ALLOW_HTTP="nobody.invalid").failed(2, "allow_http")
    (claude.home / "config.toml").write_text('allow_http = ["nobody.invalid"]')
    claude(*words).failed(2, "never sent by plain http")
    claude(*words, ANTHROPIC_API_KEY=None).failed(6, "nobody.invalid")
