"""What each option does to the request, and what is said when a model does not take it."""

from __future__ import annotations

import json
import stat

import pytest


def sent(simulator):
    """The newest request's JSON."""
    return simulator.requests[-1].json


@pytest.mark.parametrize(
    ("words", "members"),
    [
        pytest.param([], {"model": "claude-sonnet-5-5", "max_tokens": 64000, "stream": True}, id="nothing"),
        pytest.param(["-m", "opus"], {"model": "claude-opus-5-5"}, id="an alias"),
        pytest.param(["-m", "claude-haiku-4-5-20251001"], {"model": "claude-haiku-4-5-20251001"}, id="a dated id"),
        pytest.param(["--max-tokens", "999"], {"max_tokens": 999}, id="max tokens"),
        pytest.param(["--stop", "END", "--stop", "\nSTOP"], {"stop_sequences": ["END", "\nSTOP"]}, id="stop"),
        pytest.param(["--effort", "low"], {"output_config": {"effort": "low"}}, id="effort"),
        pytest.param(["--thinking", "on"], {"thinking": {"type": "adaptive"}}, id="thinking on"),
        pytest.param(
            ["--thinking", "off", "-m", "claude-sonnet-4-5"], {"thinking": {"type": "disabled"}}, id="thinking off"
        ),
        pytest.param(
            ["--thinking", "2000", "-m", "claude-sonnet-4-5"],
            {"thinking": {"type": "enabled", "budget_tokens": 2000}}, id="thinking tokens",
        ),
        pytest.param(["--service-tier", "standard_only"], {"service_tier": "standard_only"}, id="service tier"),
        pytest.param(
            ["-O", "metadata.user_id=u-1", "--effort", "low", "-O", 'output_config.format={"type":"json_schema","schema":{"type":"object","properties":{},"additionalProperties":false}}'],  # noqa: E501
            {"metadata": {"user_id": "u-1"}, "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object", "properties": {}, "additionalProperties": False}}}},  # noqa: E501
            id="any other option, deep, beside a flag's",
        ),
    ],
)  # fmt: skip
def test_what_is_sent(claude, simulator, words, members):
    """Each flag is its field of the request, and what was not asked for is not sent."""
    done = claude("complete", "hi", *words)
    assert (done.status, done.err) == (0, "")
    body = sent(simulator)
    assert {name: body[name] for name in members} == members
    assert set(body) - set(members) <= {"model", "max_tokens", "stream", "messages"}
    assert simulator.requests[-1].headers["anthropic-version"] == "2026-10-21"


def test_the_smallest_request_is_small(claude, simulator):
    """No system prompt, tool or padding of ours is paid for."""
    claude("complete", "hi")
    assert len(simulator.requests[0].body) < 200
    assert simulator.requests[0].headers["x-api-key"].startswith("sk-ant-")
    assert "authorization" not in simulator.requests[0].headers
    assert simulator.requests[0].headers["user-agent"].startswith("claude-cli/0.")


def test_sampling_parameters(claude, simulator):
    """Newer models refuse them: not sent, and said. Older ones take them, in the API version that has them."""
    done = claude("complete", "hi", "--temperature", "0.5", "--top-p", "0.9", "--top-k", "5")
    assert done.status == 0 and not {"temperature", "top_p", "top_k"} & set(sent(simulator))
    assert done.lines == [
        "claude-cli: temperature, top_p and top_k not sent: claude-sonnet-5-5 no longer takes sampling parameters"
    ]
    done = claude("complete", "hi", "--temperature", "0.5", "--top-k", "5", "-m", "claude-sonnet-4-5")
    assert (done.status, done.err) == (0, "")
    assert (sent(simulator)["temperature"], sent(simulator)["top_k"]) == (0.5, 5)
    assert simulator.requests[-1].headers["anthropic-version"] == "2023-06-01"


def test_strict_refuses_what_would_be_adjusted(claude, simulator):
    """`--strict`: status 2, naming what the model does not take; nothing is sent."""
    for words, named in [
        (["--temperature", "0.5"], "temperature"),
        (["--max-tokens", "9999999"], "max_tokens"),
        (["--effort", "low", "-m", "claude-haiku-4-5"], "effort"),
        (["--temperature", "0.5", "-m", "claude-sonnet-4-5", "--fallback-model", "opus"], "temperature"),
    ]:
        claude("complete", "hi", "--strict", *words).failed(2, named, "--strict")
    assert simulator.requests == []
    assert claude("complete", "hi", "--strict").status == 0


def test_what_is_adjusted_is_said(claude, simulator):
    """max_tokens above the cap is lowered, thinking and effort become the nearest the model has."""
    done = claude("complete", "hi", "--max-tokens", "9999999", "--json")
    assert sent(simulator)["max_tokens"] < 9999999
    assert [notice["code"] for notice in done.json["notices"]] == ["lowered_max_tokens"]
    assert "max_tokens lowered from 9,999,999 to " in done.err
    done = claude("complete", "hi", "--thinking", "2000")
    assert sent(simulator)["thinking"] == {"type": "adaptive"} and "thinking" in done.err
    done = claude("complete", "hi", "--effort", "low", "-m", "claude-haiku-4-5")
    assert "output_config" not in sent(simulator) and "effort not sent" in done.err


def test_beta_names_go_into_the_header(claude, simulator):
    """Repeatable; an unknown one is the API's to refuse."""
    claude("complete", "hi", "--beta", "pdfs-2024-09-25", "--beta", "files-api-2025-04-14")
    assert simulator.requests[-1].headers["anthropic-beta"] == "pdfs-2024-09-25,files-api-2025-04-14"
    claude("complete", "hi", "--beta", "nonsense").failed(4, "nonsense")


def test_fallback_models(claude, simulate):
    """Opt-in, each switch said, only before anything was shown; what another model does not take is said too."""
    gone = {"status": 529, "should_retry": False}
    simulator = simulate(
        {**gone, "model": "claude-sonnet-4-5", "times": "always"},
        {**gone, "model": "claude-opus-5-5"},
        {"model": "claude-haiku-5-5", "say": "from haiku"},
    )
    words = ["-m", "claude-sonnet-4-5", "--fallback-model", "opus, haiku"]
    done = claude("complete", "hi", *words, "--json")
    assert done.status == 0 and done.json["text"] == "from haiku" and done.json["model"] == "claude-haiku-5-5"
    assert [request.json["model"] for request in simulator.requests] == [
        "claude-sonnet-4-5", "claude-opus-5-5", "claude-haiku-5-5",
    ]  # fmt: skip
    assert [notice["code"] for notice in done.json["notices"]] == ["fallback", "fallback"]
    assert "claude-sonnet-4-5 failed (Overloaded); now asking claude-opus-5-5" in done.lines[0]
    claude("complete", "hi", "-m", "claude-sonnet-4-5").failed(5)
    done = claude("complete", "hi", "--temperature", "1", *words)
    assert done.status == 0 and "temperature not sent: claude-opus-5-5" in done.err
    simulate({"cut_after": 8, "say": "some words are shown"})
    claude("complete", "hi", "--fallback-model", "opus").failed(7)


def test_a_dry_run_sends_nothing(claude, simulator):
    """The request as it would go, the key masked, with or without one; data of attachments shortened."""
    done = claude("complete", "hi", "-n", "--temperature", "1", "-m", "claude-sonnet-4-5", "-s", "sk-ant-api03-CANARY")
    shown = json.loads(done.out)
    assert (done.status, done.err) == (0, "")
    assert shown["url"] == simulator.url + "/v1/messages" and shown["method"] == "POST"
    assert shown["headers"]["x-api-key"] == "***" and shown["headers"]["anthropic-version"] == "2023-06-01"
    assert shown["body"]["messages"] == [{"role": "user", "content": "hi"}] and shown["body"]["temperature"] == 1
    done = claude("complete", "hi", "-n", ANTHROPIC_API_KEY=None, ANTHROPIC_BASE_URL=None)
    assert done.status == 0 and json.loads(done.out)["headers"]["x-api-key"] == "***"  # nothing goes there without
    done = claude("complete", "hi", "-n", ANTHROPIC_API_KEY=None)
    assert done.status == 0 and "x-api-key" not in json.loads(done.out)["headers"]
    done = claude("complete", "hi", "-n", ANTHROPIC_API_KEY=None, ANTHROPIC_AUTH_TOKEN="token-of-a-gateway")
    assert json.loads(done.out)["headers"]["authorization"] == "***" and "token-of" not in done.out
    assert simulator.requests == []


def test_the_log_file(claude, simulate):
    """JSON lines with times, of every event, readable by the owner alone, without key or content."""
    simulate({"status": 529, "retry_after_ms": 1}, {"say": "the answer"})
    log = claude.folder / "calls.log"
    done = claude("complete", "a secret question", "--log-file", str(log))
    assert (done.status, done.err) == (0, "")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    names = [line["event"].removeprefix("claude_cli.provider.anthropic.") for line in lines]
    assert names[:4] == ["request.start", "error", "retry", "request.start"] and names[-1] == "request.stop"
    assert set(names[4:-1]) == {"stream.chunk"} and all(line["at"].startswith("20") for line in lines)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    for word in ("CANARY", "secret question", "the answer"):
        assert word not in log.read_text()
    log.write_text("x" * 5_000_000)
    assert claude("complete", "hi", "--log-file", str(log)).status == 0
    assert (claude.folder / "calls.log.1").stat().st_size == 5_000_000 and log.stat().st_size < 100_000


def test_a_log_that_cannot_be_written_does_not_cost_the_answer(claude, simulator):
    """It is beside the point, and never a traceback."""
    done = claude("complete", "hi", "--log-file", "/dev/full")
    assert done.status == 0 and "Traceback" not in done.err and done.out != ""


def test_verbose(claude, simulate):
    """`-v` tells whom it asks, in words; `-vv` each event too, as JSON, and a failure's traceback, without the key."""
    url = simulate({"say": "x", "times": 2}, {"status": 400}).url
    done = claude("complete", "hi", "-v")
    assert done.lines == [
        f"claude-cli: asking claude-sonnet-5-5 at {url}, key from ANTHROPIC_API_KEY",
        "claude-cli: answered by claude-sonnet-5-5, request req_sim_1",
    ]
    events = [json.loads(line)["event"] for line in claude("complete", "hi", "-vv").lines if line.startswith("{")]
    assert [event.rpartition("anthropic.")[2] for event in events][:2] == ["request.start", "stream.chunk"]
    assert "Traceback (most recent call last)" in claude("complete", "hi", "-vv").err


def test_options_by_their_own_names_are_judged_too(claude, simulator):
    """`-O temperature=0.5` is no way around the rules that `--temperature 0.5` keeps to."""
    words = ["-O", "temperature=0.5", "-O", "max_tokens=300000", "-O", "output_config.effort=max",
             "-O", "thinking.type=enabled", "-m", "claude-opus-5"]  # fmt: skip
    done = claude("complete", "hi", *words)
    assert (done.status, done.lines) == (
        0,
        [
            "claude-cli: max_tokens lowered from 300,000 to 128,000, the most claude-opus-5 gives",
            "claude-cli: thinking enabled is not something claude-opus-5 takes; sent as adaptive",
            "claude-cli: temperature not sent: claude-opus-5 no longer takes sampling parameters",
        ],
    )
    body = sent(simulator)
    assert (body["max_tokens"], body["thinking"], body["output_config"]) == (
        128_000, {"type": "adaptive"}, {"effort": "max"},
    )  # fmt: skip
    claude("complete", "hi", *words, "--strict").failed(2, "refused because of --strict")
    claude("complete", "hi", "-O", "model=opus").failed(2, "-O model is not taken: -m names the model")
    assert len(simulator.requests) == 1
    # Of a model nobody knows the server judges, whether or not the answer is streamed.
    for stream in ([], ["--no-stream"]):
        words = ["-m", "llama3:8b", "-O", "max_tokens=five", *stream]
        claude("complete", "hi", *words).failed(4, "max_tokens: Input should be a valid integer")
