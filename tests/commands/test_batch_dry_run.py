"""`batch run --dry-run`: what would be sent, how much of it there is, and what it will cost; nothing is asked."""

from __future__ import annotations

import json

import pytest

from .batches import rows, write

RUN = ("batch", "run", "in.jsonl", "-o", "out.jsonl", "--dry-run")


def paths(simulator) -> set[str]:
    """Where requests went."""
    return {request.path for request in simulator.requests}


def test_the_first_requests_are_shown_as_complete_shows_one(claude, simulator):
    """Three of them, the key masked; then what all of it takes."""
    write(claude, *rows(*(f"Question {number}" for number in range(10))))
    done = claude(*RUN)
    alone = claude("complete", "Question 0", "--dry-run", "--max-tokens", "16000", "--no-stream")
    assert done.status == 0
    assert done.out.startswith(alone.out)
    assert [f"Question {number}" in done.out for number in range(4)] == [True, True, True, False]
    assert done.out.splitlines()[-3] == "rows: 10 to ask"
    assert "(counted on 8 rows), 10,000 output tokens expected\nexpected cost: $0.1" in done.out
    assert paths(simulator) == {"/v1/messages/count_tokens"}
    assert [path.name for path in claude.folder.iterdir() if path.name.startswith("out")] == []


@pytest.mark.parametrize(
    ("flags", "tokens"),
    [
        pytest.param((), 2_000, id="a thousand a row"),
        pytest.param(("--expect-output", "250"), 500, id="as expected"),
        pytest.param(("--expect-output", "250", "--max-tokens", "100"), 200, id="no more than it may take"),
    ],
)
def test_one_object_has_all_of_it(claude, simulator, flags, tokens):
    """For a script that decides whether to go on."""
    write(claude, *rows("one", "two"), "no row")
    found = claude(*RUN, "--json", "--skip-invalid", *flags).json
    assert (found["version"], found["rows"], found["open"], found["refused"]) == (1, 2, 2, 1)
    assert [request["body"]["messages"][0]["content"] for request in found["requests"]] == ["one", "two"]
    expected = found["expected"]
    assert (expected["method"], expected["counted_rows"], expected["output_tokens"]) == ("count_tokens", 2, tokens)
    assert 0 < expected["input_cost_usd"] < expected["cost_usd"]
    assert expected["models"].keys() == {"claude-sonnet-5-5"}


def test_without_a_key_the_estimate_stands(claude):
    """Who has no key yet still learns what it would cost, and why it is only an estimate."""
    write(claude, *rows("one"))
    done = claude(*RUN, ANTHROPIC_API_KEY=None, ANTHROPIC_BASE_URL=None)
    assert done.status == 0
    assert "(estimate)" in done.out and "not counted: no API key" in done.out


def test_requests_that_begin_alike_are_shown_with_their_cache_marks(claude, simulator):
    """As they will be sent; and what that saves is in the money."""
    write(claude, *rows("one", "two"))
    found = claude(*RUN, "--json", "-s", "Judge what the customer wants. " * 200).json
    assert all("cache_control" in request["body"]["system"][0] for request in found["requests"])
    assert found["expected"]["cache_saved_usd"] > 0
    alone = claude(*RUN, "--json", "-s", "Judge what the customer wants. " * 200, "--cache", "off").json
    assert "cache_control" not in json.dumps(alone["requests"])
    assert alone["expected"]["cache_saved_usd"] == 0


def test_what_is_done_already_costs_nothing_more(claude, simulator):
    """After a run, a dry run with more rows shows and counts only those."""
    write(claude, *rows("one", "two"))
    assert claude("batch", "run", "in.jsonl", "-o", "out.jsonl").status == 0
    write(claude, *rows("one", "two", "three"))
    found = claude(*RUN, "--json").json
    assert (found["rows"], found["done"], found["open"]) == (3, 2, 1)
    assert [request["body"]["messages"][0]["content"] for request in found["requests"]] == ["three"]
    assert found["expected"]["output_tokens"] == 1_000


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        pytest.param("0.0001", "does not afford the input: the run would not begin", id="not even the input"),
        pytest.param("0.015", "affords about ", id="a part"),
        pytest.param("1", "expected cost: $0.02", id="all"),
    ],
)
def test_how_far_a_budget_goes_is_said(claude, simulator, budget, said):
    """Before anything is paid."""
    write(claude, *rows(*("a question " * 40 for _ in range(30))))
    done = claude(*RUN, "--max-cost", budget, "--max-tokens", "900", "--expect-output", "50")
    assert done.status == 0 and said in done.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("budget", "asked"),
    [
        pytest.param("0.0001", 0, id="not even the input fits"),
        pytest.param("1", 30, id="it may well fit"),
    ],
)
def test_a_batch_whose_input_passes_the_budget_is_not_begun(claude, simulator, budget, asked):
    """Where only the answers might, it is begun, and stopped in time."""
    write(claude, *rows(*(f"Question {number}? " * 40 for number in range(30))))
    done = claude("batch", "run", "in.jsonl", "-o", "out.jsonl", "--max-cost", budget, "--max-tokens", "900")
    sent = [request for request in simulator.requests if request.path == "/v1/messages"]
    assert len(sent) == asked
    if asked:
        assert done.status == 0
    else:
        done.failed(9, "the input alone costs about $0.01", "$0.0001 of the budget is left")


@pytest.mark.parametrize(
    ("flags", "whole"),
    [
        pytest.param((), ("claude-haiku-4-5", 16_000, None), id="settings"),
        pytest.param(("-s", "flag", "--max-tokens", "9"), ("claude-haiku-4-5", 9, "flag"), id="flags"),
    ],
)
def test_settings_are_no_part_of_a_whole_request(claude, simulator, flags, whole):
    """A file for the Message Batches API is sent as it is; flags are said for this run, and fill what is open."""
    messages = [{"role": "user", "content": "hi"}]
    write(claude, {"params": {"model": "claude-haiku-4-5", "messages": messages}}, {"prompt": "hi"})
    environment = {"CLAUDE_CLI_SYSTEM": "set", "CLAUDE_CLI_MAX_TOKENS": "77", "CLAUDE_CLI_EFFORT": "low"}
    request, prompt = [each["body"] for each in claude(*RUN, "--json", *flags, **environment).json["requests"]]
    assert (request["model"], request["max_tokens"], request.get("system")) == whole
    assert "output_config" not in request
    assert (prompt["output_config"], prompt["system"]) == ({"effort": "low"}, whole[2] or "set")
