"""The answer alone on standard output, everything else on standard error, each as its reader can bear it."""

from __future__ import annotations

import os

import pytest

from claude_cli.asking.outcome import Outcome, usage_line
from claude_cli.core.events import usage_from
from claude_cli.core.messages import Completion

NASTY = "a\x1b[31mred\x1b]0;title\x07 \x9b2J\u202egnirts\u2066 bell\x07 back\x08 tab\tend"
CLEAN = "ared gnirts bell back tab\tend"


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "\n \n"], ids=["none", "one", "many", "a blank line"])
@pytest.mark.parametrize("words", [[], ["--no-stream"]], ids=["streamed", "whole"])
def test_an_answer_ends_with_exactly_one_newline(claude, simulate, end, words):
    """A file made of answers has whole lines, and no empty ones at its end; newlines inside are kept."""
    simulate({"say": f"one\n\ntwo{end}"})
    done = claude("complete", "hi", *words)
    assert (done.status, done.err) == (0, "")
    assert done.out == f"one\n\ntwo{end}".rstrip("\n") + "\n"


def test_a_pipe_gets_pieces_as_they_come(claude, simulate):
    """The first piece is out while the rest is still to come; nothing is held back in a buffer."""
    simulate({"say": "first words, and the rest of them", "stall_after": 7})
    running = claude.start("complete", "hi")
    running.out.wait_for(b"first")
    assert running.process.poll() is None
    running.process.terminate()
    assert running.wait().status == 143


def test_an_answer_printed_whole_comes_at_its_end(claude, simulate):
    """`--no-stream` asks for no stream, and prints once."""
    simulator = simulate({"say": "all of it"})
    done = claude("complete", "hi", "--no-stream", "--max-tokens", "99")
    assert done.out == "all of it\n"
    assert "stream" not in simulator.requests[0].json
    # Above what an unstreamed request may ask for it is streamed all the same, and printed at the end.
    running = claude.start("complete", "hi", "--no-stream")
    assert running.wait().status == 0
    assert simulator.requests[1].json["stream"] is True


def test_a_pipe_gets_the_text_as_it_is_and_a_terminal_a_harmless_one(claude, simulate):
    """No control characters, no escape sequences, no reordering reach a terminal; a pipe is not lied to."""
    simulate({"say": NASTY, "times": 3})
    assert claude("complete", "hi").out == NASTY + "\n"
    assert claude("complete", "hi", "--format", "text", out="terminal").out == CLEAN + "\n"
    assert claude("complete", "hi", "--color", "always", err="terminal").out == NASTY + "\n"


def test_a_servers_words_are_harmless_and_on_one_line(claude, simulate):
    """An error quotes the server; it must not paint the screen or forge further lines."""
    simulate({"status": 400, "message": f"{NASTY}\nclaude-cli: all is well", "times": 2})
    for how in ({}, {"err": "terminal"}):
        line = claude("complete", "hi", **how).failed(4, "ared gnirts")
        assert not set(line) & set("\x1b\x07\x08\x9b\u202e")


THOUGHT = {"think": "Let me think.", "say": "Done."}


def test_thinking_goes_to_standard_error_when_asked_for(claude, simulate):
    """Reasoning never mixes with the answer; it is dim where it may be styled."""
    simulator = simulate({**THOUGHT, "times": "always"})
    done = claude("complete", "hi", "--show-thinking")
    assert (done.out, done.err) == ("Done.\n", "Let me think.\n")
    assert simulator.requests[0].json["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert claude("complete", "hi").err == ""
    done = claude("complete", "hi", "--show-thinking", err="terminal")
    assert done.out == "Done.\n"
    assert "\x1b[2m" in done.err and done.err.replace("\x1b[2m", "").replace("\x1b[0m", "") == "Let me think.\n"
    shown = claude("complete", "hi", "--show-thinking", "--format", "jsonl").jsonl
    assert "".join(line["text"] for line in shown if line["type"] == "thinking") == "Let me think."


@pytest.mark.parametrize(
    ("words", "env", "terminal", "dim"),
    [
        pytest.param([], {}, True, True, id="terminal"),
        pytest.param([], {}, False, False, id="pipe"),
        pytest.param([], {"NO_COLOR": "1"}, True, False, id="NO_COLOR"),
        pytest.param([], {"TERM": "dumb"}, True, False, id="TERM=dumb"),
        pytest.param([], {"FORCE_COLOR": "1"}, False, True, id="FORCE_COLOR"),
        pytest.param([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False, id="NO_COLOR wins"),
        pytest.param(["--color", "always"], {"NO_COLOR": "1"}, False, True, id="the flag wins"),
        pytest.param(["--color", "never"], {"FORCE_COLOR": "1"}, True, False, id="never"),
    ],
)
def test_where_standard_error_is_styled(claude, words, env, terminal, dim):
    """By flag, then NO_COLOR and FORCE_COLOR, then by what it is. Standard output never is."""
    done = claude("complete", "hi", "--offline", *words, err="terminal" if terminal else "pipe", **env)
    assert ("\x1b[2m" in done.err) is dim
    assert "\x1b" not in done.out


def test_what_is_said_where_nobody_watches(claude, simulate):
    """Without a terminal: what changed the result, and nothing else; -q not even that, -v the waits too."""
    retried = {"status": 529, "retry_after_ms": 1}
    simulate(*[retried, {"say": "x"}] * 5)
    words = ("complete", "hi", "--temperature", "0.5")
    dropped = "claude-cli: temperature not sent: claude-sonnet-5-5 no longer takes sampling parameters"
    assert claude(*words).lines == [dropped]
    assert claude(*words, "-q").err == ""
    assert claude(*words, "-q", "-u").err.count("\n") == 1
    spoken = claude(*words, "-v").err
    assert dropped in spoken and "Overloaded; trying again in 0.0 s" in spoken
    seen = claude(*words, "--color", "never", err="terminal").lines
    assert [line.partition(":")[0] for line in seen] == ["claude-cli", "claude-cli"]
    assert "trying again" in seen[1]


def test_usage_is_one_line_on_standard_error(claude, simulator):
    """`-u`: tokens, money and seconds; the answer is not touched."""
    done = claude("complete", "hi", "-u")
    (line,) = done.lines
    assert " tokens in" in line and " out" in line and ", $0.0" in line and " s, first text after " in line
    assert "tokens in" not in done.out


def test_a_reader_with_a_non_blocking_end_loses_nothing(claude, simulate):
    """A full pipe that does not block is waited for, not failed at."""
    simulate({"flood": 20_000})
    outside, inside = os.pipe()
    os.set_blocking(inside, False)
    running = claude.start("complete", "hi", out=inside)
    os.close(inside)
    size = 0
    while piece := os.read(outside, 4096):
        size += len(piece)
    os.close(outside)
    assert running.wait().status == 0
    assert size > 65_536


@pytest.mark.parametrize(
    ("duration_ms", "ttft_ms", "said"),
    [
        (44, 40, ", 0.044 s, first text after 0.04 s"),
        (1_234, 567, ", 1.2 s, first text after 0.57 s"),
        (1_234_567, 9_960, ", 1,235 s, first text after 10 s"),
    ],
)
def test_seconds_have_the_digits_that_count(duration_ms, ttft_ms, said):
    """A whole call never looks shorter than the way to its first word."""
    assert said in usage_line(Outcome("m", duration_ms=duration_ms, ttft_ms=ttft_ms))


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        pytest.param(
            {"input_tokens": 1000, "output_tokens": 500, "output_tokens_details": {"thinking_tokens": 120}},
            "1,000 tokens in, 500 out (120 thinking), $0.007, 2 s, first text after 0.5 s, 250 tokens/s",
            id="no cache",
        ),
        pytest.param(
            {"input_tokens": 1000, "output_tokens": 500, "cache_read_input_tokens": 10_000},
            "11,000 tokens in (10,000 from cache), 500 out, $0.008, cache saved $0.019, 2 s, first text after 0.5 s,"
            " 250 tokens/s",
            id="read from the cache",
        ),
        pytest.param(
            {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 600},
            "600 tokens in (600 to cache), 0 out, $0.0015, cache cost $0.0003 more, 2 s, first text after 0.5 s",
            id="written to the cache",
        ),
        pytest.param(
            {
                "input_tokens": 0,
                "output_tokens": 0,
                "cache_creation_input_tokens": 400,
                "cache_read_input_tokens": 1000,
            },
            "1,400 tokens in (1,000 from cache, 400 to cache), 0 out, $0.0011, cache saved $0.0017, 2 s,"
            " first text after 0.5 s",
            id="both",
        ),
        pytest.param(
            {"input_tokens": 5, "output_tokens": 0, "cache_read_input_tokens": 7, "service_tier": "priority"},
            "12 tokens in (7 from cache), 0 out, unpriced, 2 s, first text after 0.5 s",
            id="a tier without prices",
        ),
    ],
)
def test_the_line_of_usage_says_what_the_cache_did(usage, said):
    """In tokens and in money, both ways; nothing of it where the cache had no part."""
    done = Completion("msg_1", "claude-sonnet-5-5", (), "end_turn", usage_from(usage))
    assert usage_line(Outcome("sonnet", done, duration_ms=2000, ttft_ms=500)) == said
