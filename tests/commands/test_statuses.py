"""Every exit status, through the real program: what a script may rely on, and the one line a person reads."""

from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize(
    ("step", "status", "code", "words"),
    [
        pytest.param({"status": 401}, 3, "authentication", ["invalid x-api-key", "check the key"], id="401"),
        pytest.param({"status": 402}, 3, "billing", ["credit balance", "/settings/billing"], id="402"),
        pytest.param({"status": 403}, 3, "permission", ["does not have permission"], id="403"),
        pytest.param(
            {"status": 429, "error_code": "enforced_spend_limit_reached", "retry_after": 1},
            3, "billing", ["/settings/billing"], id="a spend cap, though it is a 429",
        ),
        pytest.param({"status": 400}, 4, "invalid_request", ["Simulated rejection", "-n shows"], id="400"),
        pytest.param({"status": 404}, 4, "not_found", ["Not Found"], id="404"),
        pytest.param({"status": 409, "should_retry": False}, 4, "conflict", ["Conflict"], id="409"),
        pytest.param({"status": 413}, 4, "request_too_large", ["maximum size", "send less"], id="413"),
        pytest.param({"status": 422}, 4, "invalid_request", ["422"], id="422"),
        pytest.param({"status": 429, "retry_after": 3600}, 5, "rate_limit", ["try again in 3,600 s"], id="429"),
        pytest.param({"status": 529}, 5, "overloaded", ["Overloaded", "--fallback-model"], id="529"),
        pytest.param({"status": 500}, 6, "server_error", ["Internal server error", "try again later"], id="500"),
        pytest.param({"status": 503, "html": True}, 6, "server_error", ["HTTP 503 (text/html)"], id="503 in HTML"),
        pytest.param({"status": 408}, 6, "timeout", ["try again later"], id="408"),
        pytest.param({"status": 504}, 6, "timeout", ["timed out", "try again later"], id="504"),
        pytest.param({"status": 302, "location": "http://x.example/"}, 4, "redirect", ["never follows"], id="302"),
    ],
)  # fmt: skip
def test_a_status_of_the_api(claude, simulate, step, status, code, words):
    """401, 402, 403 and spend caps want a person, 4xx another request, 429 and 529 patience, 5xx another time."""
    simulator = simulate({**step, "times": "always"})
    claude("complete", "hi", "--retry-for", "0").failed(status, *words, "(request req_sim_1)")
    done = claude("complete", "hi", "--retry-for", "0", "--json")
    done.failed(status, *words)
    error = done.json["error"]
    assert (error["code"], error["request_id"]) == (code, "req_sim_2")
    assert error["retryable"] is (status in (5, 6))
    assert error["retry_after_s"] == (float(step["retry_after"]) if "retry_after" in step else None)
    assert len(simulator.requests) == 2


def test_a_retired_model_names_its_successor(claude, simulator):
    """A script that pins an id of two years ago learns what to pin now; nothing is swapped in silence."""
    claude("complete", "hi", "-m", "claude-3-opus-20240229").failed(4, "its successor is claude-opus-", "req_sim_1")
    assert simulator.requests[0].json["model"] == "claude-3-opus-20240229"
    claude("complete", "hi", "-m", "claude-nonsense").failed(4, "see `claude-cli models`")


def test_what_passes_is_tried_again(claude, simulate):
    """One 529 and a 500 are not the end; `--retries 0` makes them one, and a rejected request is never repeated."""
    passing = [{"status": 529, "retry_after_ms": 1}, {"status": 500, "retry_after_ms": 1}, {"say": "at last"}]
    simulator = simulate(*passing, *passing, {"status": 400}, {"say": "never"})
    done = claude("complete", "hi")
    assert (done.status, done.out, done.err) == (0, "at last\n", "")
    claude("complete", "hi", "--retries", "1").failed(6, "Internal server error")
    assert len(simulator.requests) == 5
    assert claude("complete", "hi").status == 0
    claude("complete", "hi").failed(4)
    assert len(simulator.requests) == 7


def test_a_long_retry_after_ends_at_once(claude, simulate):
    """Who asks for a minute more than there is gets no sleep, but a status and the seconds."""
    simulator = simulate({"status": 429, "retry_after": 61})
    claude("complete", "hi").failed(5, "rate limit; try again in 61 s")
    assert len(simulator.requests) == 1


def test_no_server_there(claude):
    """A refused port and a name that does not resolve: status 6, naming host and cause."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        line = claude("complete", "hi", "--base-url", f"http://127.0.0.1:{port}").failed(6, f"127.0.0.1:{port} refused")
        assert "(request" not in line
    done = claude("complete", "hi", "--json", "--base-url", "https://nobody.invalid")
    done.failed(6, "nobody.invalid was not found")
    assert done.json["error"]["code"] == "connection" and done.json["error"]["retryable"] is True


def test_a_silent_server_is_left_in_time(claude, simulate):
    """`--timeout` is the whole call; the clocks of the settings are single waits."""
    simulator = simulate({"stall_after": 7, "say": "first words, and more"}, {"delay_s": 30}, {"delay_s": 30})
    done = claude("complete", "hi", CLAUDE_CLI_IDLE_TIMEOUT_S="0.2")
    assert done.out == "first words,\n" or done.out.startswith("first")
    done.failed(7, "silent for 0.2 s")
    claude("complete", "hi", "--timeout", "0.3").failed(6, "--timeout")
    claude("complete", "hi", "--retries", "0", CLAUDE_CLI_FIRST_BYTE_TIMEOUT_S="0.2").failed(6, "within 0.2 s")
    simulator.settled()
    assert [request.aborted for request in simulator.requests] == [True] * 3


@pytest.mark.parametrize(
    ("step", "code", "words"),
    [
        pytest.param({"cut_after": 8}, "stream_interrupted", ["broke: closed in the middle"], id="cut"),
        pytest.param({"cut_after": 8, "reset": True}, "stream_interrupted", ["incomplete"], id="reset"),
        pytest.param({"error_after": 8}, "stream_interrupted", ["Overloaded"], id="error event"),
        pytest.param({"message_stop": False}, "stream_interrupted", ["incomplete"], id="no last event"),
        pytest.param({"garbage_after": 8}, "stream_interrupted", ["not an event"], id="garbage"),
        pytest.param(
            {"stop_reason": "max_tokens"}, "truncated", ["--max-tokens", "--on-truncate continue"], id="max_tokens"
        ),
        pytest.param(
            {"stop_reason": "model_context_window_exceeded"}, "truncated", ["the context window is full"], id="full"
        ),
    ],
)
def test_half_an_answer_is_status_7_and_stays(claude, simulate, step, code, words):
    """What came is on standard output, the end's absence on standard error: never a short answer and status 0."""
    simulate({"say": "first words, and the rest", "times": "always", **step})
    done = claude("complete", "hi")
    done.failed(7, *words, "(request req_sim_1)")
    assert done.out.startswith("first words,") and done.out.endswith("\n") and not done.out.endswith("\n\n")
    done = claude("complete", "hi", "--json")
    done.failed(7)
    assert done.json["text"].startswith("first words,")
    assert done.json["error"]["code"] == code
    lines = claude("complete", "hi", "--format", "jsonl").jsonl
    assert "".join(line["text"] for line in lines if line["type"] == "text") == lines[-1]["text"]
    assert lines[-1]["type"] == "result" and lines[-1]["error"]["code"] == code


def test_a_stream_cut_before_its_first_words_is_tried_again(claude, simulate):
    """Nothing was shown, so nothing can be repeated."""
    simulator = simulate({"cut_after": 1}, {"say": "whole"})
    done = claude("complete", "hi")
    assert (done.status, done.out, len(simulator.requests)) == (0, "whole\n", 2)


def test_on_truncate(claude, simulate):
    """`continue` asks for the rest and says so, at most five times; `ok` takes what came, and says that."""
    simulator = simulate(
        {"say": "one ", "stop_reason": "max_tokens"}, {"say": "two"},
        {"say": "cut", "stop_reason": "max_tokens", "times": 7},
    )  # fmt: skip
    done = claude("complete", "hi", "--on-truncate", "continue")
    assert (done.status, done.out) == (0, "one two\n")
    assert done.lines == ["claude-cli: the answer was cut (max_tokens); asked for the rest, 1 of 5"]
    assert [turn["role"] for turn in simulator.requests[1].json["messages"]] == ["user", "assistant", "user"]
    done = claude("complete", "hi", "--on-truncate", "ok", "--json")
    assert (done.status, done.json["text"], done.json["error"]) == (0, "cut", None)
    assert done.json["stop_reason"] == "max_tokens" and done.json["notices"][0]["code"] == "truncated"
    assert done.lines == ["claude-cli: the answer was cut (max_tokens), which --on-truncate ok allows"]
    done = claude("complete", "hi", "--on-truncate", "continue")
    assert (done.status, done.out, len(done.lines)) == (7, "cut" * 6 + "\n", 6)
    assert "cut at max_tokens, though it was continued 5 times; raise --max-tokens" in done.lines[-1]
    assert "--on-truncate" not in done.lines[-1]
    assert len(simulator.requests) == 9


def test_a_paused_answer_is_continued(claude, simulate):
    """`pause_turn` is no end: the turn goes back unchanged, and what comes behind the tool is part of one answer."""
    tools = ["-O", 'tools=[{"type":"web_search_20250305","name":"web_search"}]']
    simulator = simulate({"stop_reason": "pause_turn", "say": "Searching. "}, {"say": "Found."})
    done = claude("complete", "hi", *tools)
    assert (done.status, done.out, done.err) == (0, "Searching.\n\nFound.\n", "")
    assert simulator.requests[1].json["messages"][1]["content"][-1]["type"] == "server_tool_use"


def test_a_refusal_is_status_8(claude, simulate):
    """What was printed stays; machines get no text of a refused answer; category and explanation are said."""
    details = {"category": "cyber", "explanation": "This asks for malware."}
    before = {"stop_reason": "refusal", "stop_details": details}
    after = {**before, "output": True, "say": "Well, first"}
    simulate(before, after, after, after)
    done = claude("complete", "hi")
    done.failed(8, "the model declined", "(cyber)", "This asks for malware", "(request req_sim_1)")
    assert done.out == ""
    done = claude("complete", "hi")
    done.failed(8)
    assert done.out == "Well, first\n"
    done = claude("complete", "hi", "--json")
    done.failed(8)
    assert (done.json["text"], done.json["stop_reason"], done.json["error"]["code"]) == ("", "refusal", "refused")
    assert claude("complete", "hi", "--format", "jsonl").jsonl[-1]["text"] == ""


@pytest.mark.parametrize(
    ("step", "out"),
    [
        pytest.param({"as_json": True, "say": "whole"}, "whole\n", id="JSON in place of a stream"),
        pytest.param({"event_names": False, "say": "whole"}, "whole\n", id="frames without names"),
        pytest.param({"unknown": True, "say": "whole"}, "whole\n", id="events and blocks of a newer API"),
        pytest.param({"bom": True, "comment": True, "line_end": "cr", "say": "whole"}, "whole\n", id="odd lines"),
        pytest.param({"after_end": "more?", "raw_after_end": "more?", "say": "whole"}, "whole\n", id="more at the end"),
        pytest.param({"chunk": 1, "say": "Grüß Gott"}, "Grüß Gott\n", id="byte by byte"),
        pytest.param({"ok_error": True}, 6, id="200 with an error body"),
        pytest.param({"status": 200, "html": True}, 6, id="a page of HTML"),
        pytest.param({"status": 200, "empty": True}, 6, id="nothing"),
        pytest.param({"status": 200, "body": "[]"}, 6, id="something else"),
        pytest.param({"long_line_mb": 100}, (6, 7), id="a line of 100 MB"),
    ],
)
def test_odd_servers(claude, simulate, step, out):
    """The right answer or a clear error; never a traceback, never a hang."""
    simulate({**step, "times": "always"})
    done = claude("complete", "hi", "--retries", "0")
    if isinstance(out, str):
        assert (done.status, done.out, done.err) == (0, out, "")
    else:
        assert done.status in (out if isinstance(out, tuple) else (out,))
        done.failed(done.status)


def test_a_bug_is_status_1_and_asks_for_a_report(claude, capfd, monkeypatch):
    """One line, the traceback only with -vv, the key in neither; with --json an object as after any failure."""
    from claude_cli import cli
    from claude_cli.commands import complete

    def broken(*_: object) -> int:
        raise RuntimeError("the key was sk-ant-api03-CANARY")

    monkeypatch.setattr(complete, "complete", broken)
    assert cli.main(["complete", "hi"]) == 1
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("claude-cli: unexpected RuntimeError: the key was sk-ant-***; please report it")
    for words in (["-vv"], ["-v", "-v"], ["-qvv"], ["--verbose", "-v"]):
        assert cli.main(["complete", "hi", *words]) == 1
        _, err = capfd.readouterr()
        assert "Traceback (most recent call last)" in err and "CANARY" not in err
    assert cli.main(["complete", "hi", "--json"]) == 1
    out, _ = capfd.readouterr()
    assert '"code": "internal"' in out and "CANARY" not in out
    assert cli.main(["complete", "-q", "--", "-vv"]) == 1
    assert "Traceback" not in capfd.readouterr().err


def test_a_tool_that_nobody_runs_is_no_end(claude, simulate):
    """An empty answer with status 0 would be taken for one."""
    simulate({"tool": "look_up", "stop_reason": "tool_use"})
    done = claude("complete", "hi")
    assert (done.status, done.out) == (7, "")
    assert "asked for a tool (look_up)" in done.err


def test_an_answer_cut_before_its_first_word_says_so(claude, simulate):
    """Not that something was printed."""
    simulate({"say": "Half an answer", "cut_after": 6})
    done = claude("complete", "hi")
    assert (done.status, done.out) == (7, "")
    assert "no text had come" in done.err


def test_a_slip_in_a_models_name_gets_the_nearest(claude, simulate):
    """The API only says the name back."""
    simulate()
    done = claude("complete", "-m", "sonet", "hi")
    assert done.status == 4
    assert "did you mean sonnet?" in done.err


def test_no_tokens_at_all_warm_the_cache(claude, simulate):
    """`--max-tokens 0` is the API's way to fill its cache; it is refused with a stream."""
    simulator = simulate()
    done = claude("complete", "--max-tokens", "0", "hi")
    assert "stream" not in simulator.requests[0].json
    assert done.status == 7


def test_a_model_of_unknown_limits_that_wants_less(claude, simulate):
    """Nothing here could have lowered what it refuses: the ways to say so are named."""
    simulate({"status": 400, "message": "max_tokens: 64000 > 2048"})
    claude("complete", "hi", "-m", "llama").failed(4, "64000 > 2048; give --max-tokens, or let models --refresh")
