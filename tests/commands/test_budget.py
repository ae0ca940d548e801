"""Budgets at the command line: what fits is shortened or sent, what does not is status 9, and the partial stays."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

# Sonnet 5.5 costs 2 dollars a million tokens of input and 10 of output; "hi" is reckoned at 5 tokens.
HALF = {"say": "Half of it", "stop_reason": "max_tokens"}
DAY = "CLAUDE_CLI_BUDGET_DAY"
MONTH = "CLAUDE_CLI_BUDGET_MONTH"


def asked(simulator) -> list[int]:
    """The `max_tokens` of each request."""
    return [request.json["max_tokens"] for request in simulator.requests]


def costs(home: Path) -> list[tuple[str, int]]:
    """Status and cost of the calls in the ledger."""
    with closing(sqlite3.connect(home / "usage.db")) as ledger:
        return ledger.execute("SELECT status, cost_pico FROM calls ORDER BY id").fetchall()


# ------------------------------------------------------------------------------------------------ max-cost
def test_a_short_budget_makes_a_short_answer(claude, simulator):
    """What is left is what may be written; said also where nobody watches."""
    done = claude("complete", "hi", "--max-cost", "0.05")
    assert (done.status, asked(simulator)) == (0, [4999])
    assert done.lines == ["claude-cli: max_tokens lowered to 4,999: $0.05 of the budget is left"]
    assert claude("complete", "hi", "--max-cost", "1").lines == []
    assert claude("complete", "hi", "--max-cost", "0.05", "-q").lines == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--max-cost", "0"], "$0.00 of --max-cost of $0.00 is left", id="nothing"),
        pytest.param(["--max-cost", "0.01"], "too little for an answer of 1,024 tokens", id="too short to be of use"),
        pytest.param(["--max-cost", "0.05", "-m", "mine"], "mine has no price", id="unpriced"),
        pytest.param(
            ["--max-cost", "0.05", "--max-tokens", "5000"], "ask for less than 5,000 tokens", id="a named length"
        ),
        pytest.param(["--max-cost", "0.05", "-O", "max_tokens=5000"], "ask for less than", id="named as a field"),
        pytest.param(["--max-cost", "0.05", "--web-search"], "too little", id="searches: ten cents"),
    ],
)
def test_what_a_budget_does_not_allow_is_never_sent(claude, simulator, words, said):
    """Status 9, in one line."""
    (claude.home / "models.toml").write_text('[models."mine"]\nmax_output_tokens = 2048\n')
    claude("complete", "hi", *words).failed(9, said)
    assert simulator.requests == []
    told = claude("complete", "hi", *words, "--json").json
    assert told["error"]["code"] == "budget" and said in told["error"]["message"]


@pytest.mark.parametrize(
    ("model", "fallback", "said"),
    [
        pytest.param(
            "sonet", None, "no model called 'sonet' is known, so it has no price and budget.day cannot be kept; did you"
            " mean sonnet? A model of another server can be given a price in models.toml", id="misspelt",
        ),
        pytest.param("claude-3-haiku-20240307", None, "is retired, so it has no price and budget.day", id="retired"),
        pytest.param(
            "haiku", "opsu", "claude-haiku-5-5 failed (Not Found), and opsu is not asked: no model", id="a fallback"
        ),
    ],
)  # fmt: skip
def test_under_a_budget_a_name_that_nobody_knows_is_named(claude, simulate, model, fallback, said):
    """It is not the budget that has to change: status 2, and what was meant perhaps."""
    simulator = simulate({"status": 404, "times": "always"})
    words = ["complete", "hi", "-m", model, *(["--fallback-model", fallback] if fallback else [])]
    claude(*words, **{DAY: "5"}).failed(2, said)
    assert len(simulator.requests) == (1 if fallback else 0)


def test_a_length_from_a_template_a_setting_or_a_variable_is_named(claude, simulator):
    """Somebody has thought about it: it is kept to, or nothing is sent."""
    (claude.home / "templates").mkdir()
    (claude.home / "templates" / "long.toml").write_text('prompt = "hi"\nmax_tokens = 5000\n')
    claude("complete", "-t", "long", "--max-cost", "0.05").failed(9, "5,000")
    claude("complete", "hi", "--max-cost", "0.05", CLAUDE_CLI_MAX_TOKENS="5000").failed(9, "5,000")
    assert simulator.requests == []


@pytest.mark.parametrize("amount", ["-1", "nan", "inf", "1e-3", "five", "", "$5", "1,5", "0.0000000000001", "1" * 10])
def test_an_amount_is_plain_dollars(claude, amount):
    """Exact decimals; anything else is named before anything is sent."""
    claude("complete", "hi", f"--max-cost={amount}").failed(2, "--max-cost is an amount of US dollars", repr(amount))


def test_an_answer_cut_by_the_budget(claude, simulate):
    """Status 9 in place of 7: more tokens would not have helped; what came is on standard output, or beside -o."""
    simulate({**HALF, "times": "always"})
    done = claude("complete", "hi", "--max-cost", "0.05")
    assert (done.status, done.out) == (9, "Half of it\n")
    assert "the answer was cut where the budget ended" in done.lines[1]
    told = claude("complete", "hi", "--max-cost", "0.05", "--json").json
    assert (told["text"], told["error"]["code"], told["stop_reason"]) == ("Half of it", "budget", "max_tokens")
    assert [notice["code"] for notice in told["notices"]] == ["lowered_max_tokens"]
    done = claude("complete", "hi", "--max-cost", "0.05", "-o", "answer.txt")
    assert (done.status, done.out) == (9, "") and "what came is in answer.txt.partial" in done.lines[1]
    assert (claude.folder / "answer.txt.partial").read_text() == "Half of it\n"
    assert claude("complete", "hi", "--max-cost", "0.05", "--on-truncate", "ok").status == 0
    assert claude("complete", "hi", "--max-cost", "1").status == 7


def test_a_cut_answer_is_continued_within_the_budget(claude, simulate):
    """When the rest does not fit, the partial stays and nothing says it was asked for."""
    words = ("complete", "hi", "--on-truncate", "continue", "--max-tokens", "2000", "--max-cost")
    simulator = simulate(HALF, {"say": ", and the rest"})
    done = claude(*words, "0.05")
    assert (done.status, done.out, asked(simulator)) == (0, "Half of it, and the rest\n", [2000, 2000])
    simulator = simulate(HALF)
    done = claude(*words, "0.02002")
    assert (done.status, done.out, len(done.lines)) == (9, "Half of it\n", 1)
    assert "the answer is incomplete: $0.02" in done.err and len(simulator.requests) == 1
    assert [status for status, _ in costs(claude.home)] == ["done", "budget"]


def test_another_model_has_to_fit_too(claude, simulate):
    """A dearer one is not asked in place of a cheap one that failed, nor one without a price."""
    simulator = simulate({"status": 404, "times": "always"})
    (claude.home / "models.toml").write_text('[models."mine"]\nmax_output_tokens = 2048\n')
    words = ("-m", "haiku", "--fallback-model", "mine", "--max-cost", "0.05")
    claude("complete", "hi", *words).failed(9, "claude-haiku-5-5 failed", "mine is not asked: mine has no price")
    words = ("-m", "haiku", "--fallback-model", "opus", "--max-tokens", "1000", "--max-cost", "0.005")
    claude("complete", "hi", *words).failed(9, "claude-haiku-5-5 failed", "claude-opus-5-5 is not asked")
    assert len(simulator.requests) == 2


def test_a_budget_can_be_rehearsed_offline(claude):
    """With the catalogue's prices; nothing is spent, so no budget of a day counts and nothing is recorded."""
    done = claude("complete", "hi", "--offline", "--max-cost", "0.05", **{DAY: "0"})
    assert done.status == 0 and "max_tokens lowered to 4,999" in done.err
    assert claude("complete", "hi", "--offline", "--max-cost", "0.01").status == 9
    assert not (claude.home / "usage.db").exists()


# ------------------------------------------------------------------------------------------------ day and month
def test_a_day_s_budget_holds_across_runs(claude, simulate):
    """Money spent counts, to the pico-dollar; what was set aside for a call and not used does not."""
    simulator = simulate({"say": "Hello", "usage": {"input_tokens": 5, "output_tokens": 500}, "times": "always"})
    words = ("complete", "hi", "--max-tokens", "1000")
    runs = [claude(*words, **{DAY: "0.02003"}) for _ in range(4)]
    # 10,010 millionths of a dollar at worst, 5,010 in truth: three fit, a fourth would not.
    assert [run.status for run in runs] == [0, 0, 0, 9]
    runs[3].failed(9, "$0.005 of budget.day of $0.02 (starts again at midnight) is left", "may cost $0.01")
    assert costs(claude.home) == [("done", 5_010_000_000)] * 3
    assert len(simulator.requests) == 3
    assert claude(*words).status == 0


def test_an_answer_without_a_price_is_no_way_round_a_budget(claude, simulate):
    """A gateway may let somebody else answer: then what was set aside is charged, and marked."""
    simulate({"say": "Hello", "usage": {"service_tier": "priority"}, "times": "always"})
    runs = [claude("complete", "hi", "--max-tokens", "1000", **{DAY: "0.02003"}) for _ in range(3)]
    assert [run.status for run in runs] == [0, 0, 9]
    assert costs(claude.home) == [("done", 10_010_000_000)] * 2


@pytest.mark.parametrize(
    ("day", "month", "run", "named"),
    [
        ("0.01", "0.05", "0.05", "budget.day"),
        ("0.05", "0.01", "0.05", "budget.month"),
        ("1", "1", "0.01", "--max-cost"),
    ],
)
def test_the_tightest_budget_counts(claude, simulator, day, month, run, named):
    """And is named."""
    claude("complete", "hi", "--max-cost", run, **{DAY: day, MONTH: month}).failed(9, f"of {named} of $0.01")
    assert simulator.requests == []


def test_without_a_ledger_only_the_budget_of_the_run_can_be_kept(claude, simulator):
    """A day's budget that cannot be looked up is not guessed at; else the answer comes, and it is said."""
    (claude.home / "usage.db").mkdir()
    claude("complete", "hi", **{DAY: "5"}).failed(9, "a budget cannot be kept", "usage.db")
    assert simulator.requests == []
    for words in (["--max-cost", "1"], []):
        done = claude("complete", "hi", *words)
        assert done.status == 0 and "this call is not recorded" in "".join(done.lines)


# ------------------------------------------------------------------------------------------------ settings
def test_a_budget_is_a_setting(claude, simulator):
    """Set, shown and taken out by its name; exact, and 0 is a budget too."""
    assert claude("config", "set", "budget.day", "0.50").status == 0
    assert (claude.home / "config.toml").read_text() == "[budget]\nday = 0.5\n"
    assert claude("config", "show", "budget.day").out == "0.5\n"
    assert json.loads(claude("config", "show", "budget", "--json").out)["settings"]["budget.day"] == {
        "value": "0.5", "source": str(claude.home / "config.toml"), "changed": True,
    }  # fmt: skip
    assert claude("config", "set", "budget.day", "0").status == 0
    claude("complete", "hi").failed(9, "$0.00 of budget.day of $0.00")
    assert claude("complete", "hi", **{DAY: "3"}).status == 0
    assert claude("config", "unset", "budget.day").status == 0
    assert (claude.home / "config.toml").read_text() == ""
    claude("config", "set", "budget.day", "--", "-5").failed(2, "budget.day is an amount of US dollars", "'-5'")
    claude("complete", "hi", **{DAY: "lots"}).failed(2, f"{DAY}: budget.day is an amount", "'lots'")


def test_a_project_sets_no_budget(claude, simulator):
    """It could raise the user's; it is named and has no effect."""
    (claude.home / "config.toml").write_text("[budget]\nday = 0\n")
    (claude.folder / ".git").mkdir()
    (claude.folder / ".claude-cli.toml").write_text("[budget]\nday = 100\n")
    done = claude("complete", "hi")
    assert done.status == 9 and "ignored: 'budget'" in done.err
    assert simulator.requests == []
