"""A prompt that cannot fit its model is told before it is sent; one that surely fits costs no further request."""

from __future__ import annotations

import pytest

COUNT, MESSAGES = "/v1/messages/count_tokens", "/v1/messages"
HAIKU = "claude-haiku-4-5-20251001"
"""200,000 tokens, at 3.4 characters each."""


def paths(simulator):
    return [request.path for request in simulator.requests]


@pytest.mark.parametrize(
    ("tokens", "asked"),
    [
        pytest.param(10, [MESSAGES], id="small"),
        pytest.param(159_000, [MESSAGES], id="under 80 %"),
        pytest.param(160_000, [COUNT, MESSAGES], id="80 %"),
        pytest.param(199_000, [COUNT, MESSAGES], id="nearly full"),
        pytest.param(201_000, [COUNT], id="too large"),
    ],
)
def test_only_a_prompt_near_the_window_is_counted(claude, simulator, tokens, asked):
    """By what the server sees."""
    done = claude("complete", "-m", HAIKU, stdin=b"x" * int(tokens * 3.4))
    assert paths(simulator) == asked
    assert done.status == (2 if asked == [COUNT] else 0)


def test_what_is_said_of_one_that_does_not_fit(claude, simulator):
    """How many tokens, the limit, and what to do; in the JSON object, too."""
    done = claude("complete", "-m", HAIKU, "--json", stdin=b"x" * 680_000)
    line = done.failed(
        2, "the prompt has 200,004 tokens, but claude-haiku-4-5-20251001 takes 200,000; send less, or ask"
    )
    assert line.endswith("that takes them: claude-fable-5-2, claude-opus-5-5, claude-sonnet-5-5, claude-haiku-5-5")
    assert (done.json["error"]["code"], done.json["text"]) == ("usage", "")
    assert paths(simulator) == [COUNT]


def test_where_no_model_is_large_enough(claude, simulator):
    """Then there is one way only."""
    done = claude("complete", stdin=b"x" * 2_600_000)
    done.failed(2, "the prompt has 1,040,004 tokens, but claude-sonnet-5-5 takes 1,000,000; send less: no model known")
    assert paths(simulator) == [COUNT]


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"status": 404}, id="a server that does not count"),
        pytest.param({"status": 529}, id="overloaded"),
        pytest.param({"status": 200, "body": "{}"}, id="no count"),
    ],
)
def test_where_the_count_fails_it_is_sent(claude, simulate, step):
    """The provider will say, and what it rejects costs nothing."""
    simulator = simulate({**step, "path": COUNT, "times": "always"})
    done = claude("complete", "-m", HAIKU, stdin=b"x" * 680_000)
    assert paths(simulator) == [COUNT, MESSAGES]
    done.failed(4, "prompt is too long: 200004 tokens > 200000 maximum")


def test_an_image_is_reckoned_with_the_rest(claude, simulator, tmp_path):
    """1,568 tokens that its bytes do not show make 160,000 of what is less without it."""
    from PIL import Image

    Image.new("RGB", (1568, 784), "red").save(tmp_path / "photo.png")
    text = b"x" * int(158_600 * 3.4)
    assert claude("complete", "-m", HAIKU, stdin=text).status == 0
    assert claude("complete", "-m", HAIKU, "-a", "photo.png", "What is it?", stdin=text).status == 0
    assert paths(simulator) == [MESSAGES, COUNT, MESSAGES]


def test_what_is_not_latin_fills_the_window_sooner(claude, simulator):
    """A token a character; the length alone would not have told."""
    assert claude("complete", "-m", HAIKU, stdin="漢".encode() * 165_000).status == 0
    assert paths(simulator) == [COUNT, MESSAGES]


def test_a_dry_run_sends_nothing(claude, simulator):
    """Not even a count."""
    assert claude("complete", "-n", "-m", HAIKU, stdin=b"x" * 680_000).status == 0
    assert simulator.requests == []


def test_a_model_nobody_knows_is_asked_at_once(claude, simulator):
    """Its window is not known."""
    claude("complete", "-m", "llama3:8b", stdin=b"x" * 3_000_000)
    assert paths(simulator) == [MESSAGES]


def test_offline_too(claude):
    """The simulator counts as the service would."""
    done = claude("complete", "--offline", "-m", HAIKU, stdin=b"x" * 680_000)
    assert done.status == 2 and "200,004 tokens" in done.err


def test_a_small_prompt_loads_nothing_for_it(claude, simulator):
    """Its length alone decides."""
    done = claude("complete", "hi", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip() for line in done.lines}
    assert "claude_cli.asking.question" in loaded
    assert "claude_cli.commands._fit" not in loaded
