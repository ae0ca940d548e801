"""Scripts: which step a request takes, and how a bad one is refused."""

from __future__ import annotations

import pytest

from claude_cli.simulator import Simulator, faults, load_script
from claude_cli.simulator.faults import KEYS, Fault, Script


def test_steps_are_used_up_in_order(start):
    """Overloaded twice, then an answer; afterwards all is normal."""
    caller = start(script=[{"status": 529, "times": 2}, {"say": "Hi"}])

    assert [caller.post().status_code for _ in range(2)] == [529, 529]
    assert caller.post().json()["content"][-1]["text"] == "Hi"
    assert "simulated" in caller.post().json()["content"][-1]["text"]


def test_a_step_can_last(start):
    """Until the end of the simulator."""
    caller = start(script=[{"status": 500, "times": "always"}])

    assert {caller.post().status_code for _ in range(5)} == {500}


def test_a_step_waits_for_its_match():
    """By path and model; others pass it by, and a step without a path is for messages."""
    script = Script(
        [
            {"model": "claude-opus-5", "say": "opus"},
            {"path": "/v1/models", "say": "models"},
            {"say": "messages"},
            {"path": "*", "say": "any"},
        ]
    )
    order = [
        ("/v1/messages", "claude-haiku-5-5"),
        ("/v1/models", None),
        ("/v1/messages", "claude-opus-5"),
        ("/v1/messages/count_tokens", "claude-opus-5"),
        ("/v1/messages", "claude-opus-5"),
    ]

    assert [script.take(path, model).say for path, model in order] == ["messages", "models", "opus", "any", None]


def test_a_refused_request_uses_its_step_up(start):
    """The step belongs to the request, whatever becomes of it."""
    caller = start(script=[{"say": "Hi"}])

    assert caller.post({"surprise": 1}).status_code == 400
    assert "simulated" in caller.post().json()["content"][-1]["text"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[", "Expecting value", id="no JSON"),
        pytest.param("[" * 500_000, "nested too deeply", id="too deep"),
        pytest.param("{}", "a list of steps is wanted", id="an object"),
        pytest.param("[1]", "step 1: an object is wanted", id="a number for a step"),
        pytest.param('[{}, {"tpyo": 1}]', "step 2: unknown key 'tpyo'", id="an unknown key"),
        pytest.param('[{"status": "500"}]', "step 1: 'status' must be an HTTP status", id="a status as text"),
        pytest.param('[{"status": 99}]', "step 1: 'status' must be an HTTP status", id="a status that is none"),
        pytest.param('[{"times": 0}]', "step 1: 'times' must be a whole number from 1", id="never"),
        pytest.param('[{"say": 1}]', "step 1: 'say' must be a text", id="a number to say"),
        pytest.param('[{"bom": 1}]', "step 1: 'bom' must be true or false", id="a number for yes"),
        pytest.param('[{"cut_at": -1}]', "step 1: 'cut_at' must be a whole number, 0 or more", id="below nothing"),
        pytest.param('[{"delay_s": -1}]', "step 1: 'delay_s' must be a number, 0 or more", id="back in time"),
        pytest.param('[{"chunk": 0}]', "step 1: 'chunk' must be a whole number, 1 or more", id="pieces of nothing"),
        pytest.param(
            '[{"headers": {"a": 1}}]', "step 1: 'headers' must be an object of texts", id="a number in a header"
        ),
        pytest.param('[{"content": [1]}]', "step 1: 'content' must be a list of content blocks", id="no blocks"),
        pytest.param('[{"usage": []}]', "step 1: 'usage' must be an object", id="no object"),
        pytest.param('[{"garbage": "x"}]', "step 1: 'garbage' must be one of json, bytes, event", id="other garbage"),
        pytest.param('[{"retry_after": true}]', "step 1: 'retry_after' must be a number or a text", id="yes seconds"),
    ],
)
def test_a_bad_script_is_refused_in_one_line(tmp_path, text, message):
    """With the file, the step and what is wrong with it."""
    path = tmp_path / "script.json"
    path.write_text(text)

    with pytest.raises(ValueError, match=r"step|list|value|deep") as caught:
        load_script(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_script_is_refused(tmp_path):
    """As any other that cannot be read."""
    with pytest.raises(ValueError, match="No such file"):
        load_script(tmp_path / "absent.json")


def test_a_script_that_is_no_text_is_refused(tmp_path):
    """Bytes that are no UTF-8."""
    path = tmp_path / "script.json"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ValueError, match=r"script\.json"):
        load_script(path)


def test_a_script_file_is_what_a_simulator_takes(tmp_path, start):
    """From the file to the answer."""
    path = tmp_path / "script.json"
    path.write_text('[{"say": "Grüß Gott"}]', encoding="utf-8")

    assert start(script=load_script(path)).post().json()["content"][-1]["text"] == "Grüß Gott"


def test_a_bad_step_is_found_before_the_start():
    """A simulator with a broken script is not made at all."""
    with pytest.raises(ValueError, match="step 1: unknown key 'tpyo'"):
        Simulator(script=[{"tpyo": 1}])


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_is_documented(key):
    """The docstring of the file is the reference of scripts."""
    assert key in (faults.__doc__ or "").replace(",", " ").split() or f"`{key}`" in (faults.__doc__ or "")


def test_the_plain_fault_is_none_at_all():
    """A step without anything changes nothing."""
    assert Script([{}]).take("/v1/messages", None) == Fault()
