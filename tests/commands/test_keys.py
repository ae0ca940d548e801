"""The key: where it is asked for, what is no key, and that it is shown nowhere."""

from __future__ import annotations

import pytest


def test_no_key_is_status_3_in_one_line(claude):
    """For which address, how to store one, how to set one, how to try without."""
    for env in ({"ANTHROPIC_API_KEY": None}, {"ANTHROPIC_API_KEY": ""}):
        done = claude("complete", "hi", ANTHROPIC_BASE_URL=None, **env)
        said = done.failed(3, "https://api.anthropic.com", "claude-cli keys set", "ANTHROPIC_API_KEY", "--offline")
        assert done.out == "" and len(said) < 200


def test_a_server_of_ones_own_may_want_none(claude, simulate):
    """llama.cpp and Ollama take no key: none is sent, and a 401 is theirs to give."""
    simulator = simulate()
    said = claude("complete", "hi", ANTHROPIC_API_KEY=None).failed(3, "x-api-key header is required")
    assert f"no API key for {simulator.url}; store one with: claude-cli keys set --base-url {simulator.url}" in said
    assert "check the key" not in said and "health" not in said and "))" not in said
    assert claude("complete", "hi", "--json", ANTHROPIC_API_KEY=None).json["error"]["code"] == "no_key"
    assert not {"x-api-key", "authorization"} & set(simulator.requests[0].headers)


def test_a_token_for_a_gateway(claude, simulator):
    """ANTHROPIC_AUTH_TOKEN goes as a bearer token; the key wins where both are set."""
    claude("complete", "hi", ANTHROPIC_API_KEY=None, ANTHROPIC_AUTH_TOKEN="gateway-token")
    assert simulator.requests[-1].headers["authorization"] == "Bearer gateway-token"
    claude("complete", "hi", ANTHROPIC_AUTH_TOKEN="gateway-token")
    assert "authorization" not in simulator.requests[-1].headers


@pytest.mark.parametrize(
    "key", ["sk-ant-api03-CANARY x", "sk-ant-\napi03-CANARY", "sk-ant-CANARY…", "sk-ant-admin01-CANARY", " \n "]
)
def test_what_is_no_key_is_refused_and_not_sent(claude, simulator, key):
    """Blanks inside, line breaks, letters no key has, admin keys: status 3, naming the variable and not the value."""
    claude("complete", "hi", ANTHROPIC_API_KEY=key).failed(3, "the key in ANTHROPIC_API_KEY")
    assert simulator.requests == []


def test_blanks_around_a_key_are_trimmed(claude, simulator):
    """`export KEY="$(cat file)"` and Windows editors leave them."""
    assert claude("complete", "hi", ANTHROPIC_API_KEY=" sk-ant-api03-CANARY\r\n").status == 0
    assert simulator.requests[0].headers["x-api-key"] == "sk-ant-api03-CANARY"


ECHO = "your key sk-ant-api03-CANARYcanaryCANARYcanary is bad"
FAILURES = [
    {"status": 401, "message": ECHO}, {"status": 400, "message": ECHO}, {"status": 404, "message": ECHO},
    {"status": 429, "retry_after": 99, "message": ECHO}, {"status": 529, "message": ECHO},
    {"status": 500, "body": ECHO}, {"status": 502, "html": True}, {"status": 200, "body": ECHO},
    {"status": 302, "location": "http://x.example/?key=sk-ant-api03-CANARYcanaryCANARYcanary"},
    {"ok_error": True, "message": ECHO}, {"drop": True}, {"cut_after": 8}, {"error_after": 8, "message": ECHO},
    {"garbage_after": 8}, {"stop_reason": "max_tokens"},
    {"stop_reason": "refusal", "stop_details": {"category": "cyber", "explanation": ECHO}},
]  # fmt: skip


@pytest.mark.parametrize("step", FAILURES, ids=lambda step: "-".join(f"{key}" for key in step)[:40])
def test_the_key_is_shown_nowhere(claude, simulate, step):
    """Not in errors, tracebacks, logs or JSON, even where a server throws it back. (Each run checks both streams.)"""
    simulate({"say": "some words are shown", **step, "times": "always"})
    log = claude.folder / "log"
    done = claude("complete", "hi", "--json", "-vv", "-u", "--retries", "0", "--log-file", str(log))
    assert done.status in (3, 4, 5, 6, 7, 8)
    assert "Traceback (most recent call last)" in done.err
    assert "CANARY" not in log.read_text()
