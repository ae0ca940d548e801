"""`claude-cli health`: key, address, TLS and the latency of one free call, and a status that says what is wrong."""

from __future__ import annotations

import pytest


def test_all_is_well(claude, simulator):
    """The facts on standard output; where the key came from, never the key."""
    done = claude("health")
    assert (done.status, done.err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert facts["status"] == "ok" and facts["provider"] == "anthropic" and facts["base_url"] == simulator.url
    assert facts["key"] == "from ANTHROPIC_API_KEY" and int(facts["latency_ms"]) >= 0 and int(facts["models"]) > 5
    assert [(request.method, request.path) for request in simulator.requests] == [("GET", "/v1/models")]
    value = claude("health", "--json").json
    assert (value["status"], value["simulated"], value["error"]) == ("ok", False, None)


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        pytest.param({"status": 401}, 3, "authentication", id="wrong key"),
        pytest.param({"status": 403}, 3, "permission", id="no permission"),
        pytest.param({"status": 500}, 6, "server_error", id="broken"),
        pytest.param({"status": 200, "html": True}, 6, "protocol", id="no API"),
        pytest.param({"delay_s": 30}, 6, "timeout", id="silent"),
    ],
)
def test_what_is_wrong(claude, simulate, step, status, code):
    """The facts that are known, one line on standard error, and the status of the failure."""
    simulate({**step, "path": "/v1/models", "times": "always"})
    done = claude("health", "--timeout", "0.3")
    done.failed(status)
    assert f"status       {code}\n" in done.out and "base_url" in done.out
    done = claude("health", "--json", "--timeout", "0.3")
    done.failed(status)
    assert (done.json["status"], done.json["error"]["code"]) == (code, code)


def test_nobody_there_and_no_key(claude):
    """A refused port is 6, a missing key 3, a wrong address 2."""
    claude("health", "--base-url", "http://127.0.0.1:9").failed(6, "127.0.0.1:9 refused")
    done = claude("health", ANTHROPIC_API_KEY=None, ANTHROPIC_BASE_URL=None)
    assert (done.status, len(done.lines)) == (3, 1) and "key          none\n" in done.out
    claude("health", "--base-url", "ftp://x").failed(2)
    claude("health", "--timeout", "0").failed(2, "--timeout")


def test_offline(claude):
    """The simulator is healthy; wrong settings are told as they are elsewhere, and are no fact of it."""
    value = claude("health", "--offline", "--json", ANTHROPIC_API_KEY=None).json
    assert (value["status"], value["provider"], value["simulated"]) == ("ok", "simulator", True)
    done = claude("health", "--offline", CLAUDE_CLI_RETRY_FOR_S="nonsense")
    done.failed(2, "CLAUDE_CLI_RETRY_FOR_S")
    assert done.out == ""
    claude("health", "--offline", "--provider", "nobody").failed(2, "no provider is called 'nobody'")
